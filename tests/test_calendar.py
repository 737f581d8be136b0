"""The rules of a zone from the day they hold."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from domain import clock
from domain.zones import DEFAULTS, Setting, rules_of
from tests.proofs import refused
from tests.test_rectifications import set_rule
from tests.world import World, a_world
from workflows.perform import create

# Beijing is eight hours ahead: at 17:00 UTC on Monday it is Tuesday there.
MONDAY_NIGHT = datetime(2026, 3, 2, 17, tzinfo=UTC)


async def test_a_rule_from_tomorrow_does_not_hold_today(database: str) -> None:
    world = await a_world()
    today = clock.today().date()

    await rule(world, "return_window", "3wd", today + timedelta(days=1))

    assert (await rules_of(world.zone.id, today))["return_window"] == "1wd"
    assert (await rules_of(world.zone.id, today + timedelta(days=1)))["return_window"] == "3wd"


async def test_the_rule_that_began_last_holds(database: str) -> None:
    world = await a_world()
    today = clock.today().date()

    await rule(world, "designate_after_returns", "2", today)
    await rule(world, "designate_after_returns", "5", today + timedelta(days=10))

    assert (await rules_of(world.zone.id, today + timedelta(days=9)))["designate_after_returns"] == 2
    assert (await rules_of(world.zone.id, today + timedelta(days=10)))["designate_after_returns"] == 5


async def test_the_rules_of_one_zone_are_not_those_of_another(database: str) -> None:
    world, other = await a_world("GL"), await a_world("GZ")

    await set_rule(world, "evidence_files", "2")

    assert await rules_of(other.zone.id, clock.today().date()) == DEFAULTS


async def test_a_rule_holds_from_today_at_the_earliest_by_the_offices_own_calendar(database: str) -> None:
    with clock.stopped(MONDAY_NIGHT):
        world = await a_world()

        with refused("NOT_IN_THE_PAST"):
            await rule(world, "evidence_files", "1", date(2026, 3, 2))
        assert (await rule(world, "evidence_files", "1", date(2026, 3, 3))).value == "1"


async def test_a_rule_is_set_once_for_a_day(database: str) -> None:
    world = await a_world()
    await set_rule(world, "evidence_files", "1")

    with refused("SET_ALREADY"):
        await set_rule(world, "evidence_files", "2")


async def test_only_a_known_rule_is_set_and_only_to_a_value_of_its_kind(database: str) -> None:
    world = await a_world()

    with refused("UNKNOWN_SETTING"):
        await set_rule(world, "coffee_breaks", "3")
    for name, value in (
        ("return_window", "soon"), ("return_window", "0wd"), ("evidence_files", "many"), ("evidence_files", "-1"),
        ("office_hours", "9-5"), ("office_hours", "1wd"), ("return_window", "09:00-12:00"),
        ("chain_required", "maybe"), ("call_back_attempts", "0"), ("designate_after_returns", "0"),
    ):
        with refused("BAD_INPUT"):
            await set_rule(world, name, value)
    await set_rule(world, "evidence_files", "0")


async def test_only_an_administrator_sets_rules(database: str) -> None:
    world = await a_world()

    with refused("NOT_ALLOWED"):
        await create(
            await world.viewer(world.leader), Setting, "set", within=world.zone, name="evidence_files", value="1",
            holds_from=clock.today().date(), source="示例",
        )


async def rule(world: World, name: str, value: str, holds_from: date) -> Setting:
    return await create(
        await world.viewer(world.administrator), Setting, "set", within=world.zone, name=name, value=value,
        holds_from=holds_from, source="示例办法第1条",
    )
