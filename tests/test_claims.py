"""Claims: filed once, checked against the rules, granted out of a budget nobody overdraws, paid, and summed up."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tortoise.exceptions import IntegrityError

from api.nodes import global_id
from domain import clock
from domain.appropriations import Appropriation
from domain.calendar import end_of
from domain.claims import Claim, ClaimState
from domain.contracts import Contract, ContractState
from domain.database import transaction
from domain.enterprises import Enterprise
from domain.policies import Benefit, Policy, PolicyVersion
from domain.refusals import Refused
from domain.viewers import OPERATOR, Role
from domain.zones import Setting
from tests.graphql import served, signed_in
from tests.policy_texts import GANZHOU_REWARD, a_benefit, a_campaign, a_draft, a_policy, an_application, an_enterprise
from tests.proofs import assert_whole, moved, refused
from tests.world import World, a_person, a_world, a_zone, the_clock_acts
from workflows.perform import create, perform

S = ClaimState
MONDAY = datetime(2026, 3, 2, 2, tzinfo=UTC)


@pytest.fixture
def monday() -> Iterator[None]:
    with clock.stopped(MONDAY):
        yield


@pytest.fixture
async def world(database: str, monday: None) -> World:
    return await a_world()


async def an_appropriation(policy: Policy, amount: str, year: int = 2026) -> Appropriation:
    return await create(OPERATOR, Appropriation, "make", within=policy, year=year, amount=amount, source="示例预算")


async def a_claim(world: World, code: str = "first", firm: Enterprise | None = None, **given: Any) -> Any:
    viewer = await world.viewer(world.dispatcher)
    benefit = await Benefit.filter(code=code).order_by("-id").first()
    return await create(viewer, Claim, "file", within=firm or world.enterprise, benefit=benefit, **given)


async def a_granted_claim(world: World, **given: Any) -> Claim:
    claim = await a_claim(world, **given)
    await moved(world, world.dispatcher, claim, "check")
    return await moved(world, world.leader, claim, "grant")


async def test_a_claim_goes_from_the_enterprise_to_the_money(world: World) -> None:
    policy = await a_policy(world.zone, a_benefit("first", {"fixed": "300000"}))
    await an_appropriation(policy, "500000")
    contact = await world.viewer(world.contact)

    benefit = await Benefit.get()
    claim: Any = await create(contact, Claim, "file", within=world.enterprise, benefit=benefit, note="请兑现")
    assert (claim.state, claim.quoted_low, claim.quoted_high) == (S.FILED, 300000, 300000)
    claim = await moved(world, world.dispatcher, claim, "check")
    assert (claim.state, claim.amount) == (S.CHECKED, 300000)
    claim = await moved(world, world.leader, claim, "grant")
    assert (claim.state, claim.granted_on) == (S.GRANTED, date(2026, 3, 2))
    claim = await moved(world, world.dispatcher, claim, "pay", voucher="示例-1")

    assert (claim.state, claim.paid_on) == (S.PAID, date(2026, 3, 2))
    budget: Any = await Appropriation.get()
    assert (budget.amount, budget.granted, budget.paid) == (500000, 300000, 300000)
    await assert_whole()


async def test_nothing_is_claimed_twice_and_the_database_is_witness(world: World) -> None:
    policy = await a_policy(
        world.zone, a_benefit("first", {"fixed": "1"}), a_benefit("yearly", {"fixed": "1"}, per="year")
    )
    first = await a_claim(world)
    with refused("CLAIMED_ALREADY"):
        await a_claim(world)
    for year in (2025, 2026):
        await a_claim(world, "yearly", year=year)
    with refused("CLAIMED_ALREADY"):
        await a_claim(world, "yearly")

    version = await create(
        OPERATOR, PolicyVersion, "draft", within=policy, **a_draft(a_benefit("first", {"fixed": "2"}))
    )
    await perform(OPERATOR, PolicyVersion, version.id, "publish", holds_from=date(2026, 1, 1))
    with refused("CLAIMED_ALREADY"):
        await a_claim(world)
    with pytest.raises(IntegrityError):
        async with transaction():
            await Claim.filter(id=(await Claim.get(claimed_for="2025")).id).update(claimed_for="2026")

    await moved(world, world.leader, first, "turn_down", reason="材料不全")
    assert (await Claim.get(id=first.id)).decision == "材料不全"
    assert (await a_claim(world)).quoted_low == 2


async def test_of_many_who_file_one_claim_at_once_one_does(world: World) -> None:
    await a_policy(world.zone, a_benefit("first", {"fixed": "1"}))
    viewer, benefit = await world.viewer(world.contact), await Benefit.get()

    told = await asyncio.gather(
        *(create(viewer, Claim, "file", within=world.enterprise, benefit=benefit) for _ in range(16)),
        return_exceptions=True,
    )

    assert Counter(each.refusals[0].code for each in told if isinstance(each, Refused)) == {"CLAIMED_ALREADY": 15}
    assert await Claim.all().count() == 1


async def test_the_budget_is_never_overdrawn_though_32_grant_at_once(world: World) -> None:
    policy = await a_policy(world.zone, a_benefit("first", {"fixed": "100000.01"}))
    await an_appropriation(policy, "1000000.10")
    firms = [await an_enterprise(world.zone, f"示例·{number:02}") for number in range(32)]
    claims = [await a_claim(world, firm=firm) for firm in firms]
    for claim in claims:
        await moved(world, world.dispatcher, claim, "check")
    leader = await world.viewer(world.leader)

    told = await asyncio.gather(
        *(perform(leader, Claim, claim.id, "grant") for claim in claims), return_exceptions=True
    )

    assert Counter(each.refusals[0].code for each in told if isinstance(each, Refused)) == {"OVERDRAWN": 22}
    assert await Claim.filter(state=S.GRANTED).count() == 10
    budget = await Appropriation.get()
    assert budget.granted == budget.amount == Decimal("1000000.10")
    await assert_whole()


async def test_what_was_granted_can_be_taken_back_and_goes_back_to_the_budget(world: World) -> None:
    policy = await a_policy(world.zone, a_benefit("first", {"fixed": "300000"}))
    budget = await an_appropriation(policy, "300000")
    claim = await a_granted_claim(world)
    with refused("LESS_THAN_GRANTED"):
        await moved(world, world.leader, budget, "adjust", amount="299999.99", source="调整", reason="压减")

    back = await moved(world, world.leader, claim, "rescind", reason="企业迁出")

    assert (back.state, back.decision) == (S.TURNED_DOWN, "企业迁出")
    assert (await Appropriation.get()).granted == 0
    await moved(world, world.leader, budget, "adjust", amount="1000", source="调整", reason="压减")
    with refused("APPROPRIATED_ALREADY"):
        await an_appropriation(policy, "1")
    await assert_whole()


async def test_without_a_budget_nothing_is_granted(world: World) -> None:
    policy = await a_policy(world.zone, a_benefit("first", {"fixed": "1"}))
    await an_appropriation(policy, "1", year=2025)
    claim = await a_claim(world)
    await moved(world, world.dispatcher, claim, "check")

    with refused("NO_APPROPRIATION"):
        await moved(world, world.leader, claim, "grant")


async def test_the_amount_is_what_the_rules_come_to_or_rests_on_something(world: World) -> None:
    await a_policy(
        world.zone, a_benefit("range", {"range": ["100000", "500000"]}), a_benefit("unset", {"unset": "未载明"}),
        a_benefit("first", {"fixed": "300000"}),
    )
    ranged, unset, fixed = [await a_claim(world, code) for code in ("range", "unset", "first")]
    assert (unset.quoted_low, unset.quoted_high) == (None, None)

    for claim, given, code in (
        (ranged, {}, "REQUIRED"), (ranged, {"amount": "99999.99"}, "OUTSIDE_QUOTE"),
        (fixed, {"amount": "300000.01"}, "OUTSIDE_QUOTE"), (unset, {"amount": "5000"}, "AMOUNT_UNSET"),
        (unset, {"basis": "区长办公会纪要"}, "REQUIRED"),
    ):
        with refused(code):
            await moved(world, world.dispatcher, claim, "check", **given)
    for claim, given, amount in (
        (ranged, {"amount": "500000"}, 500000), (fixed, {}, 300000),
        (unset, {"amount": "5000", "basis": "区长办公会纪要"}, 5000),
    ):
        assert (await moved(world, world.dispatcher, claim, "check", **given)).amount == amount


async def test_who_is_not_eligible_hears_every_reason_when_filing(world: World) -> None:
    conditions = [{"recognition": "high_tech"}, {"application": "high_tech"}]
    await a_policy(world.zone, a_benefit("first", {"fixed": "1"}, *conditions))

    with pytest.raises(Refused) as caught:
        await a_claim(world)

    [refusal] = caught.value.refusals
    assert (refusal.code, refusal.field) == ("NOT_ELIGIBLE", "benefitId")
    assert refusal.zh == "不符合适用条件：有效认定：高新技术企业；无；已申报：高新技术企业；无"


async def test_a_reward_for_an_application_is_claimed_once_for_each(world: World) -> None:
    policy = await a_policy(world.zone, a_benefit("first", GANZHOU_REWARD, per="application"))
    await an_appropriation(policy, "1000000")
    leader = await world.viewer(world.leader)
    failed = await an_application(leader, world.enterprise, await a_campaign(world.zone, 2024), False)
    passed = await an_application(leader, world.enterprise, await a_campaign(world.zone, 2025), True)

    with refused("REQUIRED"):
        await a_claim(world)
    amounts = [(await a_claim(world, application=each)).quoted_high for each in (failed, passed)]
    with refused("CLAIMED_ALREADY"):
        await a_claim(world, application=passed)

    assert amounts == [20000, 300000]


async def test_a_contract_to_apply_blocks_what_is_claimed_until_the_enterprise_has(world: World) -> None:
    policy = await a_policy(world.zone, a_benefit("first", {"fixed": "1000"}))
    await an_appropriation(policy, "1000")
    leader = await world.viewer(world.leader)
    contract = await create(
        leader, Contract, "record", within=world.enterprise, name="示例招商合同", signed_on=date(2025, 1, 1),
        apply_by=date(2025, 12, 31), source="示例合同第八条",
    )
    claim = await a_claim(world)
    await moved(world, world.dispatcher, claim, "check")
    with refused("CONTRACT_UNMET"):
        await moved(world, world.leader, claim, "grant")
    async with served() as http:
        client = await signed_in(http, world.leader)
        found = await client.ask("{ claims { nodes { moves { name allowed reason { code } } } } }")
    [grant] = [each for each in found["claims"]["nodes"][0]["moves"] if each["name"] == "grantClaim"]
    assert (grant["allowed"], grant["reason"]["code"]) == (False, "CONTRACT_UNMET")

    applied = await an_application(leader, world.enterprise, await a_campaign(world.zone, 2025))

    met = await Contract.get(id=contract.id)
    assert (met.state, met.application_id) == (ContractState.MET, applied.id)
    assert (await moved(world, world.leader, claim, "grant")).state is S.GRANTED
    await assert_whole()


async def test_a_contract_signed_before_the_application_is_met_at_once_and_can_be_lifted(world: World) -> None:
    leader = await world.viewer(world.leader)
    await an_application(leader, world.enterprise, await a_campaign(world.zone, 2025))
    given = {"name": "示例招商合同", "apply_by": date(2026, 12, 31), "source": "示例合同"}

    early = await create(
        leader, Contract, "record", within=world.enterprise, signed_on=date(2025, 1, 1), **given
    )
    late = await create(leader, Contract, "record", within=world.enterprise, signed_on=date(2026, 1, 1), **given)

    assert (await Contract.get(id=early.id)).state is ContractState.MET
    assert (await Enterprise.get(id=world.enterprise.id)).unmet_contracts == 1
    await moved(world, world.leader, late, "lift", reason="合同变更")
    assert (await Enterprise.get(id=world.enterprise.id)).unmet_contracts == 0
    with refused("SIGNED_LATER"):
        await create(
            leader, Contract, "record", within=world.enterprise, signed_on=date(2027, 1, 1), **given
        )
    await assert_whole()


async def test_a_check_has_its_limit_and_the_clock_says_when_it_is_over(world: World) -> None:
    await a_policy(world.zone, a_benefit("first", {"fixed": "1"}))
    given = {"name": "claim_check", "value": "3wd", "holds_from": date(2026, 3, 2), "source": "示例办法"}
    await create(OPERATOR, Setting, "set", within=world.zone, **given)

    claim = await a_claim(world)
    assert claim.due_at == end_of(date(2026, 3, 5))

    with clock.stopped(end_of(date(2026, 3, 5)) + timedelta(seconds=1)):
        assert set(await the_clock_acts()) == {"remind", "overdue"}
        checked = await moved(world, world.dispatcher, claim, "check")
    assert checked.due_at is None
    await assert_whole()


async def test_each_step_is_for_those_whose_it_is(world: World) -> None:
    policy = await create(OPERATOR, Policy, "create", zone=world.zone, name="示例办法", department=world.land)
    version = await create(
        OPERATOR, PolicyVersion, "draft", within=policy, **a_draft(a_benefit("first", {"fixed": "1"}))
    )
    await perform(OPERATOR, PolicyVersion, version.id, "publish", holds_from=date(2026, 1, 1))
    await an_appropriation(policy, "1")
    benefit = await Benefit.get()
    for person, code in ((world.auditor, "NOT_ALLOWED"), (world.housing_liaison, "NOT_FOUND")):
        with refused(code):
            await create(await world.viewer(person), Claim, "file", within=world.enterprise, benefit=benefit)
    claim = await create(await world.viewer(world.companion), Claim, "file", within=world.enterprise, benefit=benefit)

    with refused("NOT_ALLOWED"):
        await moved(world, world.contact, claim, "check")
    await moved(world, world.land_liaison, claim, "check")
    with refused("NOT_ALLOWED"):
        await moved(world, world.land_liaison, claim, "grant")
    await moved(world, world.leader, claim, "grant")
    with refused("PAID_BEFORE_GRANTED"):
        await moved(world, world.land_liaison, claim, "pay", paid_on=date(2026, 3, 1))
    assert (await moved(world, world.land_liaison, claim, "pay")).state is S.PAID


async def test_what_is_no_longer_in_force_is_not_claimed(world: World) -> None:
    await a_policy(world.zone, a_benefit("first", {"fixed": "1"}))
    await moved(world, world.leader, await PolicyVersion.get(), "repeal", holds_until=date(2026, 3, 1), reason="废止")

    with refused("NOT_IN_FORCE"):
        await a_claim(world)


async def test_what_a_city_grants_is_granted_by_the_citys_leader(database: str, monday: None) -> None:
    city = await a_zone("GX")
    world = await a_world("GL", city)
    boss = await a_person(city, "市领导", Role.LEADER)
    policy = await a_policy(city, a_benefit("first", {"fixed": "1"}))
    await an_appropriation(policy, "1")
    claim = await a_claim(world)
    await moved(world, world.dispatcher, claim, "check")

    with refused("NOT_ALLOWED"):
        await moved(world, world.leader, claim, "grant")
    assert (await moved(world, boss, claim, "grant")).state is S.GRANTED
    await assert_whole()


async def test_what_was_paid_in_two_years_in_sum(world: World) -> None:
    """ORD-07: 1884.8万 in two years."""
    policy = await a_policy(world.zone, a_benefit("first", {"range": ["1", "100000000"]}))
    for year, amounts in ((2026, ("9000000.01", "123999.99")), (2027, ("9724000",))):
        with clock.stopped(MONDAY.replace(year=year)):
            await an_appropriation(policy, "20000000", year)
            for amount in amounts:
                firm = await an_enterprise(world.zone, f"示例·{year}·{amount}")
                claim = await a_claim(world, firm=firm)
                await moved(world, world.dispatcher, claim, "check", amount=amount)
                await moved(world, world.leader, claim, "grant")
                await moved(world, world.dispatcher, claim, "pay")
    ask = """query($by: ClaimGrouping!, $until: Date) {
        claimsPaid(by: $by, until: $until) { claims amount year policy { name } } }"""
    async with served() as http:
        leader, contact = await signed_in(http, world.leader), await signed_in(http, world.contact)
        both = (await leader.ask(ask, by="POLICY"))["claimsPaid"]
        yearly = (await leader.ask(ask, by="YEAR"))["claimsPaid"]
        first = (await leader.ask(ask, by="ZONE", until="2026-12-31"))["claimsPaid"]
        hidden = (await contact.ask(ask, by="YEAR"))["claimsPaid"]
        budgets = await leader.ask("{ appropriations(year: 2026) { nodes { amount granted paid left } } }")

    assert both == [{"claims": 3, "amount": "18848000", "year": None, "policy": {"name": "高企奖励办法"}}]
    assert [(each["year"], each["claims"], each["amount"]) for each in yearly] == [
        (2026, 2, "9124000"), (2027, 1, "9724000"),
    ]
    assert ([each["amount"] for each in first], hidden) == (["9124000"], [])
    assert budgets["appropriations"]["nodes"] == [
        {"amount": "20000000", "granted": "9124000", "paid": "9124000", "left": "10876000"}
    ]


async def test_a_claim_over_the_api_in_exact_yuan(world: World) -> None:
    policy = await a_policy(world.zone, a_benefit("first", {"range": ["1", "9"]}))
    async with served() as http:
        leader, contact = await signed_in(http, world.leader), await signed_in(http, world.contact)
        office = await signed_in(http, world.dispatcher)
        made = await leader.do("makeAppropriation", policyId=global_id(policy), year=2026, amount="9.5", source="示例")
        given: dict[str, Any] = {"policyId": global_id(policy), "year": 2027, "source": "示例"}
        floating = await leader.do("makeAppropriation", **given, amount=9.5)
        filed = await contact.do(
            "fileClaim", "claim { id quotedLow quotedHigh }",
            enterpriseId=global_id(world.enterprise), benefitId=global_id(await Benefit.get()),
        )
        key = filed["claim"]["id"]
        await office.do("checkClaim", id=key, amount="8.25")
        granted = await leader.do("grantClaims", "results { refusals { code } }", records=[{"id": key}])
        paid = await office.do("payClaim", "claim { state amount paidOn benefit { clause { number } } }", id=key)

    assert made["refusals"] == [] and floating["refusals"][0]["code"] == "NOT_EXACT"
    assert (filed["claim"]["quotedLow"], filed["claim"]["quotedHigh"]) == ("1", "9")
    assert granted["results"] == [{"refusals": []}]
    assert paid["claim"] == {
        "state": "PAID", "amount": "8.25", "paidOn": "2026-03-02", "benefit": {"clause": {"number": "第一条"}},
    }
