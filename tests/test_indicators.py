"""Dated figures of an enterprise: of which period, in which unit, from which source; which counts when they differ."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from tortoise.exceptions import IntegrityError

from api.nodes import global_id
from domain import clock
from domain.facts import FactStatus
from domain.indicators import UNITS, Indicator, IndicatorKind, IndicatorState, IndicatorUnit, in_base, of_year, readings
from tests.graphql import served, signed_in
from tests.policy_texts import ORDOS_REWARD, a_benefit, a_policy
from tests.proofs import assert_whole, moved, refused
from tests.world import World, a_world
from workflows.perform import create

K, S, U = IndicatorKind, IndicatorState, IndicatorUnit
NOW = datetime(2024, 3, 1, 2, tzinfo=UTC)
OF_YEAR = """query($id: ID!, $kind: IndicatorKind!, $year: Int!) { node(id: $id) { ... on Enterprise {
    indicator(kindOf: $kind, year: $year) {
        value unit since until disputed counts { source } statements { value unit } } } } }"""


@pytest.fixture
async def world(database: str) -> Any:
    with clock.stopped(NOW):
        yield await a_world()


async def filed(world: World, value: str = "1200", **given: Any) -> Indicator:
    given = {"kind_of": K.RD_SPEND, "unit": U.WAN_YUAN, "source": "年度报表", **given}
    given = given if {"since", "until"} & given.keys() else {"year": 2023, **given}
    return await create(
        await world.viewer(world.companion), Indicator, "file", within=world.enterprise, value=Decimal(value), **given
    )


async def asked(world: World, kind: str, year: int) -> Any:
    async with served() as http:
        client = await signed_in(http, world.leader)
        found = await client.ask(OF_YEAR, id=global_id(world.enterprise), kind=kind, year=year)
    return found["node"]["indicator"]


async def test_a_figure_has_a_period_a_unit_and_a_source(world: World) -> None:
    for code, given in (
        ("INDICATOR_PERIOD", {"year": None}), ("INDICATOR_PERIOD", {"since": date(2023, 1, 1)}),
        ("INDICATOR_PERIOD", {"until": date(2023, 1, 1)}),
        ("INDICATOR_PERIOD", {"year": 2023, "since": date(2023, 1, 1), "until": date(2023, 12, 31)}),
        ("PERIOD_REVERSED", {"since": date(2023, 2, 1), "until": date(2023, 1, 31)}),
        ("PERIOD_AHEAD", {"year": 2024}), ("WRONG_UNIT", {"unit": U.PERSON}), ("WRONG_UNIT", {"kind_of": K.PATENTS}),
        ("REQUIRED", {"source": " "}), ("REQUIRED", {"kind_of": K.OTHER}), ("TITLE_ONLY_OTHER", {"title": "研发"}),
        ("NOT_NEGATIVE", {"value": "-1"}), ("BAD_INPUT", {"value": "0.00001"}),
    ):
        with refused(code):
            await filed(world, **given)
    last_day = await filed(world, since=date(2023, 1, 1), until=date(2024, 3, 1))
    loss = await filed(world, "-0.0001", kind_of=K.PROFIT)

    assert (last_day.since, last_day.until, loss.value) == (date(2023, 1, 1), date(2024, 3, 1), Decimal("-0.0001"))
    with pytest.raises(IntegrityError):
        await Indicator.filter(id=loss.id).update(since=date(2024, 1, 1))
    await assert_whole()


async def test_sources_that_agree_count_whatever_their_unit_and_those_that_differ_do_not_until_one_is_preferred(
    world: World,
) -> None:
    report = await filed(world)
    with refused("INDICATOR_FILED"):
        await filed(world, "1300")
    await filed(world, "12000000", unit=U.YUAN, source="审计报告")
    told = await asked(world, "RD_SPEND", 2023)
    assert (told["value"], told["unit"], told["disputed"]) == ("12000000", "YUAN", False)
    assert told["counts"] == {"source": "审计报告"}

    third = await filed(world, "1100", source="高企申报书", status=FactStatus.PRINTED)
    told = await asked(world, "RD_SPEND", 2023)
    assert (told["value"], told["disputed"], told["counts"], len(told["statements"])) == (None, True, None, 3)

    with refused("NOT_ALLOWED"):
        await moved(world, world.companion, third, "prefer", reason="经审计")
    await moved(world, world.leader, third, "prefer", reason="经审计")
    with refused("PREFERRED_ALREADY"):
        await moved(world, world.leader, report, "prefer", reason="企业来函")
    told = await asked(world, "RD_SPEND", 2023)
    assert (told["value"], told["disputed"], told["counts"]) == ("11000000", True, {"source": "高企申报书"})
    with pytest.raises(IntegrityError):
        await Indicator.filter(id=report.id).update(preferred=True)
    await moved(world, world.leader, third, "release", reason="撤销")
    await moved(world, world.leader, report, "prefer", reason="企业来函")
    assert (await asked(world, "RD_SPEND", 2023))["value"] == "12000000"
    await assert_whole()


async def test_a_correction_is_a_new_edition_of_the_same_period_and_the_old_one_is_kept(world: World) -> None:
    first = await filed(world)
    await moved(world, world.leader, first, "prefer", reason="唯一")
    with refused("WRONG_UNIT"):
        await moved(world, world.companion, first, "correct", value=Decimal(1), unit=U.PERSON, reason="笔误")
    old = await moved(world, world.companion, first, "correct", value=Decimal("1210"), unit=U.WAN_YUAN, reason="笔误")

    new = await Indicator.get(corrects_id=first.id)
    assert (old.state, old.value, new.state, new.value) == (S.CORRECTED, Decimal(1200), S.FILED, Decimal(1210))
    assert (new.since, new.until, new.source, new.preferred) == (first.since, first.until, "年度报表", True)
    with refused("NOT_NOW"):
        await moved(world, world.companion, old, "correct", value=Decimal(1), unit=U.YUAN, reason="又错")
    await moved(world, world.dispatcher, new, "strike", reason="非本企业")
    assert await asked(world, "RD_SPEND", 2023) is None
    await assert_whole()


async def test_a_year_is_told_by_the_whole_of_it_or_by_its_last_day_never_by_a_part(world: World) -> None:
    await filed(world, "300", since=date(2023, 1, 1), until=date(2023, 3, 31))
    assert await asked(world, "RD_SPEND", 2023) is None

    for day, number in ((date(2023, 6, 30), "40"), (date(2023, 12, 31), "52"), (date(2024, 2, 29), "55")):
        await filed(world, number, kind_of=K.PATENTS, unit=U.PIECE, since=day, until=day)

    assert (await asked(world, "PATENTS", 2023))["value"] == "52"
    assert (await asked(world, "PATENTS", 2024))["until"] == "2024-02-29"
    assert await asked(world, "PATENTS", 2022) is None
    await filed(world, "1200")
    rows = await Indicator.filter(kind_of=K.RD_SPEND)
    known = of_year(readings(rows), 2023)
    assert known and known.counts and in_base(known.counts) == (U.YUAN, Decimal(12_000_000))


async def test_an_enterprise_reports_its_own_figures_and_the_office_says_what_they_rest_on(world: World) -> None:
    contact, firm = await world.viewer(world.contact), world.enterprise
    given: dict[str, Any] = {"kind_of": K.STAFF, "unit": U.PERSON, "year": 2023, "value": Decimal(80), "source": "自报"}
    with refused("BASIS_BY_OFFICE"):
        await create(contact, Indicator, "file", within=firm, status="printed", **given)
    own = await create(contact, Indicator, "file", within=firm, **given)

    assert [each.id for each in await Indicator.seen_by(contact)] == [own.id]
    assert not await Indicator.seen_by(await world.viewer(world.land_liaison)).exists()
    with refused("NOT_ALLOWED"):
        await moved(world, world.contact, own, "strike", reason="错")


async def test_policies_are_judged_by_indicators_tags_and_libraries(world: World) -> None:
    """Ordos's brackets of R&D intensity: 1.1 % is in the second; what is in dispute cannot be known."""
    rule = {"indicator": "研发投入", "period": "2023", "at_least": "11000000"}
    months = {"indicator": "研发投入", "period": "2024-01-01/2024-02-29", "at_least": 1}
    policy = await a_policy(
        world.zone, a_benefit("ordos", ORDOS_REWARD), a_benefit("spend", {"fixed": "1"}, rule),
        a_benefit("party", {"fixed": "1"}, {"tag": "党建成效显著"}),
        a_benefit("county", {"fixed": "1"}, {"enterprise": "county", "is": "灵川县"}),
        a_benefit("quarter", {"fixed": "1"}, months),
    )
    ask = """query($policy: ID!, $subject: ID!) { quote(policyId: $policy, subjectId: $subject) {
        benefit { code } standing low refusal { code } } }"""

    async def quoted() -> dict[str, Any]:
        async with served() as http:
            client = await signed_in(http, world.leader)
            found = (await client.ask(ask, policy=global_id(policy), subject=global_id(world.enterprise)))["quote"]
        return {each["benefit"]["code"]: (each["standing"], each["low"]) for each in found}

    assert await quoted() == {
        "ordos": ("HOLDS", None), "spend": ("UNKNOWN", None), "party": ("UNKNOWN", None), "county": ("UNKNOWN", None),
        "quarter": ("UNKNOWN", None),
    }
    spend = await filed(world, "1100")
    await filed(world, "10", kind_of=K.REVENUE, unit=U.YI_YUAN)
    await filed(world, "5", since=date(2024, 1, 1), until=date(2024, 2, 29))
    name = world.enterprise.name
    await moved(world, world.dispatcher, world.enterprise, "edit", name=name, county="灵川县", tags=["党建成效显著"])
    assert await quoted() == {
        "ordos": ("HOLDS", "100000"), "spend": ("HOLDS", "1"), "party": ("HOLDS", "1"), "county": ("HOLDS", "1"),
        "quarter": ("HOLDS", "1"),
    }
    async with served() as http:
        client = await signed_in(http, world.leader)
        found = await client.ask("{ policyMatches(standing: [HOLDS]) { nodes { quotes { benefit { code } } } } }")
    assert len(found["policyMatches"]["nodes"][0]["quotes"]) == 5
    await moved(world, world.dispatcher, world.enterprise, "edit", name=name, county="阳朔县", tags=[])
    await filed(world, "3", source="另一来源")
    assert await quoted() == {
        "ordos": ("HOLDS", None), "spend": ("UNKNOWN", None), "party": ("FAILS", None), "county": ("FAILS", None),
        "quarter": ("HOLDS", "1"),
    }
    assert spend.state is S.FILED


def test_every_kind_has_a_unit() -> None:
    assert UNITS.keys() == set(K)
    assert all(UNITS.values())
