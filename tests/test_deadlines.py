"""Deadlines: they start and end with the state, stand still in a pause, move by an extension, and equal a recount."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random
from uuid import UUID

import pytest

from domain import clock
from domain.calendar import Calendar, end_of, shipped
from domain.cases import Case
from domain.clock import OFFICE_ZONE
from domain.deadlines import Extension, Pause, PauseCause, Span, reckoned, spans_of
from domain.history import Entry
from domain.responsibilities import Part, Responsibility
from domain.viewers import OPERATOR
from domain.zones import Setting
from tests.proofs import assert_whole, moved, refused
from tests.world import World, a_case, a_dispatched_case, a_handled_case, a_world, fixed, the_responsibility
from workflows.perform import create

MONDAY = datetime(2026, 3, 2, 2, tzinfo=UTC)  # 10:00 in Guilin
CALENDAR = shipped()
SOMEBODY = UUID(int=7)


@pytest.fixture
def monday() -> Iterator[None]:
    with clock.stopped(MONDAY):
        yield


def at(day: int, hour: int = 10, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=OFFICE_ZONE)


def night_of(day: int, month: int = 3) -> datetime:
    return end_of(date(2026, month, day))


async def a_rule(world: World, name: str, value: str) -> Setting:
    return await create(
        OPERATOR, Setting, "set", within=world.zone, name=name, value=value, holds_from=clock.today().date(),
        source="示例依据",
    )


async def handled_until(world: World, due_on: date) -> Case:
    """A case being handled, whose department promised a day."""
    duty = await the_responsibility(await a_dispatched_case(world, world.land))
    await moved(world, world.land_liaison, duty, "sign")
    await moved(
        world, world.land_liaison, duty, "fix", person=world.land_liaison, due_on=due_on, measures=["踏勘"]
    )
    return await Case.get(id=duty.case_id)


async def test_a_deadline_starts_and_ends_with_the_state_it_limits(database: str, monday: None) -> None:
    world = await a_world()

    collected = await a_case(world)
    assert (collected.limit_name, collected.limit_text) == ("first_contact", "24h")
    assert (collected.due_at, collected.provisional) == (MONDAY + timedelta(hours=24), False)
    assert collected.warn_at == MONDAY + timedelta(hours=22)
    submitted = await moved(world, world.companion, collected, "submit")
    assert (submitted.limit_name, submitted.due_at) == ("dispatch", night_of(3))
    await moved(world, world.dispatcher, submitted, "dispatch", offers=[{"department": world.land}])
    duty = await the_responsibility(collected)
    assert (duty.limit_name, duty.due_at) == ("sign", night_of(3))
    signed = await moved(world, world.land_liaison, duty, "sign")
    assert (signed.limit_name, signed.due_at) == ("fix", night_of(5))
    await fixed(world, signed, world.land_liaison)
    agreed = await the_responsibility(collected)
    assert (agreed.limit_name, agreed.limit_text, agreed.due_at) == ("agreed", "2026-03-22", night_of(22))
    handled = await Case.get(id=collected.id)
    assert (handled.limit_name, handled.due_at) == ("handle_other", None)
    await assert_whole()


async def test_a_case_that_was_dispatched_waits_for_its_departments(database: str, monday: None) -> None:
    world = await a_world()
    case = await a_dispatched_case(world, world.land)
    assert (await Case.get(id=case.id)).due_at is None

    with clock.stopped(at(3)):
        await moved(
            world, world.land_liaison, await the_responsibility(case), "return", reason="非我局职责", basis="三定方案"
        )

    waiting = await Case.get(id=case.id)
    assert (waiting.limit_name, waiting.due_at) == ("dispatch", night_of(4))
    await assert_whole()


async def test_the_first_contact_ends_its_deadline(database: str, monday: None) -> None:
    world = await a_world()
    case = await a_case(world)

    with refused("NOT_ALLOWED"):
        await moved(world, world.leader, case, "contact", remark="")
    contacted = await moved(world, world.companion, case, "contact", remark="已电话联系")

    assert (contacted.contacted_at, contacted.due_at, contacted.red_at) == (MONDAY, None, None)
    with refused("CONTACTED_ALREADY"):
        await moved(world, world.companion, case, "contact")


async def test_everything_about_a_deadline_stands_in_the_entry_of_the_move(database: str, monday: None) -> None:
    world = await a_world()
    rule = await a_rule(world, "first_contact", "2h")

    case = await a_case(world)

    entry = await Entry.filter(subject_id=case.id).order_by("sequence").first()
    assert entry is not None
    told = json.loads(entry.changes)[f"case/{case.id}"]
    assert told["limit_text"] == [None, "2h"]
    assert told["due_at"] == [None, "2026-03-02T04:00:00.000000Z"]
    assert told["rule_id"] == [None, str(rule.id)]
    assert told["calendar_version"][1] == CALENDAR.version


async def test_a_case_is_limited_by_its_category_and_a_new_category_counts_from_the_same_start(
    database: str, monday: None
) -> None:
    world = await a_world()
    await a_rule(world, "handle", "15wd")
    await a_rule(world, "handle_land", "5wd")
    case = await a_handled_case(world)
    assert (case.limit_name, case.due_at) == ("handle_other", night_of(23))

    with clock.stopped(at(4)):
        edited = await moved(world, world.companion, case, "edit", title="用地", category="land")
        retitled = await moved(world, world.companion, case, "edit", title="二期用地", category="land")

    assert (edited.limit_name, edited.limit_text, edited.due_at) == ("handle_land", "5wd", night_of(9))
    assert retitled.due_at == edited.due_at


async def test_a_new_rule_leaves_the_deadlines_that_run_alone(database: str, monday: None) -> None:
    world = await a_world()
    await a_rule(world, "handle", "15wd")
    case = await a_handled_case(world)

    with clock.stopped(at(3)):
        await a_rule(world, "handle", "3wd")
        await a_rule(world, "handle_other", "2wd")
        edited = await moved(world, world.companion, case, "edit", title="另题")

    assert edited.due_at == night_of(23)


async def test_a_paused_deadline_moves_on_by_the_days_that_stood_still(database: str, monday: None) -> None:
    world = await a_world()
    await a_rule(world, "handle", "5wd")
    case = await handled_until(world, date(2026, 3, 8))
    with clock.stopped(at(4)):
        paused = await moved(world, world.dispatcher, case, "pause", reason="待上级批复", cause="higher_level")
        assert (paused.due_at, paused.grey) == (night_of(9), True)

    with clock.stopped(at(11)):
        resumed = await moved(world, world.companion, case, "resume", reason="已批复")

    assert (resumed.due_at, resumed.grey) == (night_of(16), False)
    span = spans_of(resumed)[0]
    assert isinstance(span, Pause)
    assert (span.since, span.until, span.cause, span.reason) == (at(4), at(11), PauseCause.HIGHER_LEVEL, "待上级批复")
    assert (await the_responsibility(case)).due_at == night_of(13)  # promised for Sunday the 8th
    await assert_whole()


async def test_a_pause_on_the_last_day_leaves_the_day_it_ends_on(database: str, monday: None) -> None:
    world = await a_world()
    await a_rule(world, "handle", "1wd")
    case = await handled_until(world, date(2026, 3, 3))
    with clock.stopped(at(3)):
        await moved(world, world.dispatcher, case, "pause", reason="待上级批复")

    with clock.stopped(at(7)):  # a Saturday
        resumed = await moved(world, world.companion, case, "resume", reason="已批复")

    assert resumed.due_at == night_of(9)


async def test_a_date_agreed_on_before_clocks_were_kept_moves_on_all_the_same(database: str, monday: None) -> None:
    world = await a_world()
    case = await a_handled_case(world)
    await Responsibility.filter(case_id=case.id).update(
        limit_name=None, limit_text=None, clock_started_at=None, extension_due_at=night_of(27)
    )
    with clock.stopped(at(4)):
        await moved(world, world.dispatcher, case, "pause", reason="待上级批复")

    with clock.stopped(at(11)):
        await moved(world, world.companion, case, "resume", reason="已批复")

    duty = await the_responsibility(case)
    assert (duty.due_at, duty.extension_due_at) == (night_of(27), night_of(3, month=4))
    granted = await moved(world, world.leader, duty, "grant_extension")
    assert granted.due_at == night_of(3, month=4)


async def test_extensions_are_limited_in_number_and_length(database: str, monday: None) -> None:
    world = await a_world()
    await a_rule(world, "handle", "15wd")
    await a_rule(world, "extension_max_count", "1")
    await a_rule(world, "extension_max_length", "5wd")
    duty = await the_responsibility(await a_handled_case(world))
    with refused("EXTENSION_TOO_LONG"):
        await moved(world, world.land_liaison, duty, "ask_extension", due_on=date(2026, 3, 28), reason="等批复")
    await moved(world, world.land_liaison, duty, "ask_extension", due_on=date(2026, 3, 27), reason="等批复")
    await moved(world, world.dispatcher, duty, "grant_extension")

    with refused("EXTENDED_ENOUGH"):
        await moved(world, world.land_liaison, duty, "ask_extension", due_on=date(2026, 3, 30), reason="等批复")

    extension = spans_of(await the_responsibility(await Case.get(id=duty.case_id)))[0]
    assert isinstance(extension, Extension)
    assert (extension.until, extension.reason, extension.by) == (date(2026, 3, 27), "等批复", world.land_liaison.id)
    assert (extension.granted_at, extension.granted_by) == (MONDAY, world.dispatcher.id)
    assert (await Case.get(id=duty.case_id)).due_at == night_of(27)  # the case goes with its lead
    await assert_whole()


async def test_an_extension_into_the_past_is_neither_asked_nor_granted(database: str, monday: None) -> None:
    world = await a_world()
    duty = await the_responsibility(await a_handled_case(world))
    with refused("DUE_PAST"):
        await moved(world, world.land_liaison, duty, "ask_extension", due_on=date(2026, 3, 2), reason="等批复")
    await moved(world, world.land_liaison, duty, "ask_extension", due_on=date(2026, 3, 24), reason="等批复")

    with clock.stopped(at(25)), refused("EXTENSION_PAST"):
        await moved(world, world.leader, duty, "grant_extension")

    assert (await the_responsibility(await Case.get(id=duty.case_id))).due_at == night_of(22)


async def test_no_extension_is_asked_while_the_clock_stands_still(database: str, monday: None) -> None:
    """The day it would be later than is not known yet: what is asked now might come out earlier than what holds."""
    world = await a_world()
    case = await handled_until(world, date(2026, 3, 10))
    await moved(world, world.dispatcher, case, "pause", reason="待上级批复")
    duty = await the_responsibility(case)

    with clock.stopped(at(6)), refused("STANDS_STILL"):
        await moved(world, world.land_liaison, duty, "ask_extension", due_on=date(2026, 3, 11), reason="等批复")

    with clock.stopped(at(16)):
        await moved(world, world.companion, case, "resume", reason="已批复")
        await moved(world, world.land_liaison, duty, "ask_extension", due_on=date(2026, 3, 25), reason="等批复")


async def test_a_department_promises_no_later_than_the_zone_allows(database: str, monday: None) -> None:
    world = await a_world()
    await a_rule(world, "handle", "5wd")
    await a_rule(world, "joint_answer", "3wd")
    case = await a_dispatched_case(world, world.land, world.housing)
    lead, joint = await the_responsibility(case, world.land), await the_responsibility(case, world.housing)
    assert (lead.part, joint.part) == (Part.LEAD, Part.JOINT)
    for duty, liaison, last in ((lead, world.land_liaison, 9), (joint, world.housing_liaison, 5)):
        await moved(world, liaison, duty, "sign")
        fix = {"person": liaison, "measures": ["踏勘"]}

        with refused("DUE_BEYOND_LIMIT"):
            await moved(world, liaison, duty, "fix", due_on=date(2026, 3, last + 1), **fix)
        assert (await moved(world, liaison, duty, "fix", due_on=date(2026, 3, last), **fix)).due_at == night_of(last)


async def test_what_is_done_keeps_the_deadline_it_was_done_under(database: str, monday: None) -> None:
    world = await a_world()
    duty = await the_responsibility(await a_handled_case(world))
    case = await Case.get(id=duty.case_id)
    assert case.red_at == night_of(22)

    await moved(world, world.companion, case, "withdraw", reason="企业另有安排")

    released = await the_responsibility(case)
    assert (released.due_at, released.red_at) == (None, None)
    assert (await Case.get(id=case.id)).red_at is None


@pytest.mark.parametrize("seed", range(3))
def test_a_deadline_equals_a_recount_day_by_day_over_any_pauses_and_extensions(seed: int) -> None:
    random = Random(seed)
    for _ in range(300):
        start = at(1, month=1) + timedelta(days=random.randrange(300), hours=random.randrange(24))
        days = random.randint(1, 20)
        spans = allowed(start, days, a_history(random, start))

        assert reckoned(CALENDAR, start, f"{days}wd", spans).at == recounted(CALENDAR, start, days, spans)


def test_office_hours_stand_still_in_a_pause() -> None:
    pause = Pause(at(4, 11), at(6, 10), PauseCause.OTHER, "", SOMEBODY)  # Wednesday 11:00 to Friday 10:00

    assert reckoned(CALENDAR, at(4, 10), "8wh", [pause]).at == at(6, 18)


def a_history(random: Random, start: datetime) -> Iterator[Span]:
    """Pauses one after another, and extensions asked for and granted in between or within."""
    now = start
    for _ in range(random.randrange(6)):
        now += timedelta(hours=random.choice((1, 5, 24, 70, 200)))
        if random.random() < 0.3:
            until = now.astimezone(OFFICE_ZONE).date() + timedelta(days=random.randint(1, 30))
            yield Extension(now, until, "", SOMEBODY, now + timedelta(hours=1), SOMEBODY)
        else:
            since, now = now, now + timedelta(hours=random.choice((1, 10, 24, 48, 72, 500)))
            if random.random() < 0.2:
                until = since.astimezone(OFFICE_ZONE).date() + timedelta(days=random.randint(1, 40))
                yield Extension(since + (now - since) / 2, until, "", SOMEBODY, now, SOMEBODY)
            yield Pause(since, now, PauseCause.ENTERPRISE, "", SOMEBODY)


def allowed(start: datetime, days: int, history: Iterator[Span], calendar: Calendar = CALENDAR) -> list[Span]:
    """Without the extensions that the flow would have refused: asked too late, or for no later day."""
    spans: list[Span] = []
    for span in history:
        due = recounted(calendar, start, days, spans)
        if isinstance(span, Pause) or span.asked_at <= due < end_of(span.until):
            spans.append(span)
    return spans


def recounted(calendar: Calendar, start: datetime, days: int, spans: list[Span]) -> datetime:
    """Day by day: a working day counts if the clock ran at its beginning; due is the first by whose end enough have
    counted, if the clock runs then. A promised day counts the working days up to it that nothing held up, and where
    those are none, or it is a day of rest that nothing touched, is that day."""
    promised = None
    for span in spans:
        if isinstance(span, Extension):
            start, promised = span.asked_at, span.until
    pauses = [each for each in spans if isinstance(each, Pause) and each.until and each.until > start]

    def stood_still(day: date) -> bool:
        return any(begin(pause) < day <= local(pause.until) for pause in pauses)

    def begin(pause: Pause) -> date:
        return local(max(pause.since, start))

    def runs_at_the_end_of(day: date) -> bool:
        return not any(
            max(pause.since, start) <= end_of(day) < pause.until for pause in pauses if pause.until
        )

    day, counted, lost = local(start), 0, 0
    if promised:
        days = calendar.working_days_between(day, promised)
        if not calendar.is_working(promised):
            lost = sum(
                calendar.is_working(each) and stood_still(each)
                for each in (day + timedelta(days=n) for n in range(1, (promised - day).days + 1))
            )
            if not lost and runs_at_the_end_of(promised):
                return end_of(promised)
    while True:
        day += timedelta(days=1)
        working = calendar.is_working(day)
        counted += working and not stood_still(day)
        after_rest = promised is not None and not calendar.is_working(promised) and day <= promised
        if working and counted >= days and runs_at_the_end_of(day) and not after_rest:
            return end_of(day)


def local(moment: datetime | None) -> date:
    assert moment is not None
    return moment.astimezone(OFFICE_ZONE).date()
