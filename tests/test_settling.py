"""Deadlines when the calendar changes: provisional ones settle with the year, others move only if confirmed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from domain import clock
from domain.calendar import DayKind, end_of
from domain.calendar.rows import CalendarYear
from domain.cases import Case
from domain.history import Entry
from domain.responsibilities import Responsibility
from domain.timers import Timer
from domain.viewers import OPERATOR
from tests.proofs import assert_whole, everything, moved
from tests.test_arrangements import notice, of_2027
from tests.test_calendar_years import a_day, correct, publish
from tests.test_deadlines import a_rule, handled_until
from tests.test_lights import the_deadline
from tests.world import World, a_case, a_dispatched_case, a_world, the_responsibility
from workflows.calendar import preview
from workflows.settling import light_up

DECEMBER = datetime(2026, 12, 28, 2, tzinfo=UTC)  # a Monday, 10:00 in Guilin


@pytest.fixture
def december() -> Iterator[None]:
    with clock.stopped(DECEMBER):
        yield


async def signed(world: World) -> Responsibility:
    duty = await the_responsibility(await a_dispatched_case(world))
    return await moved(world, world.land_liaison, duty, "sign")


async def settled_by_hand() -> list[Entry]:
    return await Entry.filter(move="settle").order_by("id")


async def test_a_provisional_deadline_settles_when_its_year_is_published_in_one_move(
    database: str, december: None
) -> None:
    world = await a_world()
    await a_rule(world, "fix", "7wd")
    duty = await signed(world)  # 29, 30, 31 December, then January
    certain = await the_responsibility(await handled_until(world, date(2027, 2, 1)))
    assert (duty.provisional, certain.provisional) == (True, False)
    assert duty.due_earliest is not None and duty.due_latest is not None
    before = await everything()

    (shift,) = await preview(OPERATOR, year=2027, text=notice(), source="示例通知")
    assert (shift.record.id, shift.due_at) == (duty.id, duty.due_at)
    assert await everything() == before
    await publish()

    settled = await Responsibility.get(id=duty.id)
    assert (settled.provisional, settled.due_at, settled.grey) == (False, shift.becomes.at, False)
    assert duty.due_earliest <= shift.becomes.at <= duty.due_latest
    assert settled.due_earliest == settled.due_latest == settled.due_at
    (entry,) = await settled_by_hand()
    assert (entry.record_id, entry.actor_id) == (duty.id, OPERATOR.person_id)
    assert (await Responsibility.get(id=certain.id)).due_at == certain.due_at
    assert await Timer.filter(record_id=duty.id, move="overdue", due_at=settled.due_at).exists()
    await assert_whole()


async def test_a_zone_that_publishes_a_whole_year_waits_for_no_other(database: str, december: None) -> None:
    """The arrangement as the notice has it settles the deadlines of the zone; other zones wait for the state's."""
    world, other = await a_world(), await a_world("HB")
    for each in (world, other):
        await a_rule(each, "fix", "7wd")
    duty, elsewhere = await signed(world), await signed(other)
    administrator = await world.viewer(world.administrator)
    shifts = await preview(administrator, year=2027, zone=world.zone, text=notice(), source="示例通知")
    assert [shift.record.id for shift in shifts] == [duty.id]

    year = await publish(administrator, zone=world.zone)

    settled = await Responsibility.get(id=duty.id)
    assert (settled.provisional, settled.due_at) == (False, shifts[0].becomes.at)
    assert len(year.days) == len(of_2027())
    assert (await Responsibility.get(id=elsewhere.id)).provisional
    await publish()
    assert not (await Responsibility.get(id=elsewhere.id)).provisional
    assert (await Responsibility.get(id=duty.id)).due_at == settled.due_at
    await assert_whole()


async def test_days_of_a_zones_own_settle_nothing(database: str, december: None) -> None:
    world = await a_world()
    await a_rule(world, "fix", "7wd")
    duty = await signed(world)

    await publish(await world.viewer(world.administrator), zone=world.zone, days=[a_day("2027-04-08", DayKind.HOLIDAY)])

    assert (await Responsibility.get(id=duty.id)).provisional


async def test_the_window_to_return_settles_with_the_deadline(database: str, december: None) -> None:
    world = await a_world()
    for name in ("sign", "return_window"):
        await a_rule(world, name, "5wd")
    duty = await the_responsibility(await a_dispatched_case(world))
    assert duty.provisional

    await publish()

    settled = await Responsibility.get(id=duty.id)
    assert settled.due_at == settled.return_by
    assert not settled.provisional


async def test_the_window_to_return_settles_where_no_limit_to_sign_does(database: str) -> None:
    with clock.stopped(datetime(2026, 12, 30, 2, tzinfo=UTC)):
        world = await a_world()
        await a_rule(world, "return_window", "25wd")
        duty = await the_responsibility(await a_dispatched_case(world))  # to be signed for on the 31st
        assert not duty.provisional
        with clock.stopped(datetime(2026, 12, 30, 3, tzinfo=UTC)):
            await a_rule(world, "sign", "2wd")  # no business of what runs

        before = await everything()
        (shift,) = await preview(OPERATOR, year=2027, text=notice(), source="示例通知")
        assert await everything() == before
        await publish()

        settled = await Responsibility.get(id=duty.id)
        assert settled.due_at == duty.due_at
        assert settled.return_by == shift.becomes.at == end_of(date(2027, 2, 3)) != duty.return_by
        assert await Timer.filter(record_id=duty.id, move="sign_by_lapse", due_at=settled.return_by).exists()
        await assert_whole()


async def test_a_window_keeps_the_rule_it_was_opened_under(database: str, december: None) -> None:
    world = await a_world()
    for name in ("sign", "return_window"):
        await a_rule(world, name, "5wd")
    duty = await the_responsibility(await a_dispatched_case(world))
    with clock.stopped(datetime(2026, 12, 29, 2, tzinfo=UTC)):
        for name in ("sign", "return_window"):
            await a_rule(world, name, "9wd")

        await publish()

    settled = await Responsibility.get(id=duty.id)
    assert settled.due_at == settled.return_by


async def test_a_corrected_day_moves_only_the_deadlines_that_are_confirmed(database: str) -> None:
    with clock.stopped(datetime(2026, 3, 2, 2, tzinfo=UTC)):
        world = await a_world()
        await a_rule(world, "fix", "5wd")
        first, second = await signed(world), await signed(world)
        untouched = await a_case(world)
        year = await CalendarYear.get(year=2026)
        holiday = a_day("2026-03-05", DayKind.HOLIDAY, "示例")

        shifts = await preview(OPERATOR, year.id, days=[holiday], source="更正通知")
        assert {shift.record.id for shift in shifts} == {first.id, second.id}
        await correct(year, days=[holiday], confirmed=[f"Responsibility_{first.id}"])

        assert (await Responsibility.get(id=first.id)).due_at == end_of(date(2026, 3, 10))
        kept = await Responsibility.get(id=second.id)
        assert kept.due_at == end_of(date(2026, 3, 9))
        assert (await Case.get(id=untouched.id)).due_at == untouched.due_at
        assert [each.record_id for each in await settled_by_hand()] == [first.id]
        await assert_whole()


async def test_a_deadline_is_explained_by_the_calendar_it_was_reckoned_by(database: str) -> None:
    with clock.stopped(datetime(2026, 3, 2, 2, tzinfo=UTC)):
        world = await a_world()
        await a_rule(world, "handle", "5wd")
        await handled_until(world, date(2026, 3, 6))
        year = await CalendarYear.get(year=2026)
        await correct(year, days=[a_day("2026-03-05", DayKind.HOLIDAY, "示例")])

        told = await the_deadline(await world.viewer(world.leader))

    assert [each["counted"] for each in told["explanation"]].count(True) == 5
    assert told["explanation"][-1]["day"] == "2026-03-09"


async def test_a_deadline_from_before_lights_were_kept_is_lit_by_one_move(database: str, december: None) -> None:
    world = await a_world()
    duty = await the_responsibility(await handled_until(world, date(2027, 2, 1)))
    dark = {"yellow_at": None, "red_at": None, "grey": None, "warn_at": None}
    await Case.all().update(yellow_at=None, red_at=None, grey=None)
    await Responsibility.all().update(**dark, limit_name=None, limit_text=None, clock_started_at=None)

    await light_up()
    await light_up()

    lit = await Responsibility.get(id=duty.id)
    assert (lit.due_at, lit.red_at, lit.grey) == (duty.due_at, duty.due_at, False)
    assert (await Case.get(id=duty.case_id)).red_at == duty.due_at
    assert len(await settled_by_hand()) == 1
