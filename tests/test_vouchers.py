"""Vouchers: issued, used no further than they are worth, redeemed into the ledger, and added up (HB-10)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from domain import clock
from domain.outcomes import Outcome, OutcomeKind
from domain.vouchers import Voucher, VoucherState
from tests.graphql import served, signed_in
from tests.proofs import assert_whole, moved, refused
from tests.world import World, a_world
from workflows.perform import create

MONDAY = datetime(2023, 3, 6, 2, tzinfo=UTC)
SUMS = "{ voucherSums { state count enterprises amount used } }"


@pytest.fixture
def monday() -> Iterator[None]:
    with clock.stopped(MONDAY):
        yield


@pytest.fixture
async def world(database: str, monday: None) -> World:
    return await a_world("HB")


async def a_voucher(world: World, number: str, amount: str = "50000", **given: Any) -> Voucher:
    given = {"issued_on": date(2023, 1, 9), "source": "科技创新券管理实施办法", **given}
    viewer = await world.viewer(world.dispatcher)
    return await create(viewer, Voucher, "issue", within=world.enterprise, number=number, amount=amount, **given)


async def test_a_voucher_is_used_by_the_enterprise_and_redeemed_into_the_ledger(world: World) -> None:
    voucher = await a_voucher(world, "HB-001")

    voucher = await moved(world, world.contact, voucher, "use", provider="示例检测机构", amount="30000.5")
    voucher = await moved(world, world.leader, voucher, "redeem")

    outcome = await Outcome.get(voucher_id=voucher.id)
    assert (voucher.state, voucher.redeemed_on) == (VoucherState.REDEEMED, date(2023, 3, 6))
    assert (outcome.outcome_kind, outcome.amount, outcome.enterprise_id) == (
        OutcomeKind.VOUCHER, Decimal("30000.5"), world.enterprise.id,
    )
    await assert_whole()


async def test_no_more_is_used_than_it_is_worth_nor_later_than_it_holds(world: World) -> None:
    voucher = await a_voucher(world, "HB-001", valid_until=date(2023, 3, 5))

    with refused("VOUCHER_EXPIRED"):
        await moved(world, world.contact, voucher, "use", provider="示例")
    for amount in ("50000.01", "0"):
        with refused("OVER_THE_VOUCHER"):
            await moved(world, world.contact, voucher, "use", provider="示例", amount=amount, used_on=date(2023, 3, 5))
    with refused("OUT_OF_ORDER"):
        await moved(world, world.contact, voucher, "use", provider="示例", used_on=date(2023, 1, 8))
    with refused("VOUCHER_NUMBERED"):
        await a_voucher(world, "HB-001")
    with refused("NOT_NOW"):
        await moved(world, world.leader, voucher, "redeem")


async def test_vouchers_are_added_up_by_state(world: World) -> None:
    await a_voucher(world, "1")
    await moved(world, world.contact, await a_voucher(world, "2"), "use", provider="示例", amount="12000.25")
    await moved(world, world.leader, await a_voucher(world, "3"), "void", reason="误发")

    async with served() as http:
        found = await (await signed_in(http, world.leader)).ask(SUMS)

    assert found["voucherSums"] == [
        {"state": "ISSUED", "count": 1, "enterprises": 1, "amount": "50000", "used": "0"},
        {"state": "USED", "count": 1, "enterprises": 1, "amount": "50000", "used": "12000.25"},
    ]
