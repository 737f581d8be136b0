"""Working days as published, limits counted in them, and the rules of a zone from the day they hold."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from domain import clock
from domain.calendar import (
    add_working_days,
    after,
    before,
    end_of,
    is_working_day,
    published,
    working_days_between,
)
from domain.clock import OFFICE_ZONE
from domain.refusals import Refused
from domain.zones import DEFAULTS, Setting, rules_of
from tests.proofs import refused
from tests.test_rectifications import set_rule
from tests.world import World, a_world
from workflows.perform import create

# Beijing is eight hours ahead: at 17:00 UTC on Monday it is Tuesday there.
MONDAY_NIGHT = datetime(2026, 3, 2, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 3, 2), True),
        (date(2026, 3, 7), False),
        (date(2026, 2, 17), False),  # Spring Festival, a Tuesday
        (date(2026, 2, 14), True),  # made up for it, a Saturday
        (date(2026, 10, 10), True),
        (date(2026, 10, 1), False),
    ],
)
def test_working_days_are_those_published_make_up_days_included(day: date, works: bool) -> None:
    assert is_working_day(day) is works


@pytest.mark.parametrize(
    ("year", "days"), [(2021, 250), (2022, 249), (2023, 249), (2024, 251), (2025, 248), (2026, 248)]
)
def test_a_year_has_the_working_days_the_state_council_gave_it(year: int, days: int) -> None:
    assert working_days_between(date(year - 1, 12, 31), date(year, 12, 31)) == days


def test_a_limit_in_working_days_skips_the_festival_and_counts_the_make_up_day() -> None:
    friday = datetime(2026, 2, 13, 10, tzinfo=OFFICE_ZONE)

    assert after(friday, "1wd").at == end_of(date(2026, 2, 14))
    assert after(friday, "2wd").at == end_of(date(2026, 2, 24))
    assert after(friday, "30d").at == end_of(date(2026, 3, 15))
    assert after(friday, "24h").at == friday + timedelta(hours=24)


def test_what_reaches_into_an_unpublished_year_is_provisional() -> None:
    late = datetime(2026, 12, 30, 10, tzinfo=OFFICE_ZONE)

    assert not after(late, "1wd").provisional
    assert after(late, "2wd").provisional
    assert not published(date(2027, 1, 4))


def test_the_last_moment_before_is_counted_back_the_same_way() -> None:
    due = end_of(date(2026, 2, 24))

    assert before(due, "1wd") == end_of(date(2026, 2, 14))
    assert before(due, "10d") == end_of(date(2026, 2, 14))
    assert before(due, "24h") == due - timedelta(hours=24)


@pytest.mark.parametrize("days", [1, 5, 30, 250])
def test_counting_forth_and_back_agree(days: int) -> None:
    start = date(2025, 3, 3)

    end, _ = add_working_days(start, days)

    assert working_days_between(start, end) == days
    assert add_working_days(end, -days)[0] == start


@pytest.mark.parametrize("limit", ["", "0d", "-1d", "1w", "99999d", "1 d", "d", "１d"])
def test_a_limit_is_written_in_one_of_three_ways(limit: str) -> None:
    with pytest.raises(Refused, match="BAD_INPUT"):
        after(datetime(2026, 3, 2, tzinfo=UTC), limit)


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
