"""Deadlines against a recount by hand, of any unit and any calendar: over values, and over what is stored as cases are
paused, resumed and extended while the zone has days of its own and corrects them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random

import pytest

from domain import clock
from domain.calendar import Calendar, Day, DayKind, shipped
from domain.calendar.rows import CalendarYear, calendar_of
from domain.cases import Case
from domain.clock import OFFICE_ZONE
from domain.deadlines import Extension, Pause, PauseCause, Span, reckoned
from domain.recounting import explained
from domain.responsibilities import Responsibility
from domain.viewers import OPERATOR
from domain.zones import rules_of
from tests.proofs import assert_whole, moved
from tests.test_deadlines import SOMEBODY, a_history, a_rule, allowed, at, handled_until, local, recounted
from tests.world import World, a_world, the_responsibility
from workflows.perform import create, perform

MONDAY = datetime(2026, 4, 20, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOURS = ("09:00-12:00,13:00-18:00", "08:30-12:00,14:30-18:00", "10:00-14:00", "00:00-23:59", "09:15-09:45,23:00-23:30")


def a_calendar(random: Random) -> Calendar:
    """The state's, with corrections, days of a zone's own and hours of its own."""
    days = [date(2026, 1, 1) + timedelta(days=random.randrange(400)) for _ in range(random.choice((0, 3, 40)))]
    own = {day: Day(DayKind.HOLIDAY if day.weekday() < 5 else DayKind.MAKE_UP) for day in days}
    return replace(shipped(), special={**shipped().special, **own}).open_at(random.choice(HOURS))


def by_minutes(calendar: Calendar, start: datetime, hours: int, office: bool, pauses: list[Pause]) -> datetime:
    """Minute by minute: one counts if the clock runs and, for office hours, the office is open."""
    spans = [tuple(map(time.fromisoformat, each.split("-"))) for each in str(calendar.hours).split(",")]
    now, left = start, hours * 60
    while left:
        here = now.astimezone(OFFICE_ZONE)
        opened = calendar.is_working(here.date()) and any(opens <= here.time() < closes for opens, closes in spans)
        stands = any(each.since <= now and (each.until is None or now < each.until) for each in pauses)
        left -= (opened or not office) and not stands
        now += MINUTE
    return now


@pytest.mark.parametrize("seed", range(4))
def test_a_limit_in_hours_runs_out_when_a_recount_by_minutes_does(seed: int) -> None:
    random = Random(seed)
    for _ in range(40):
        calendar = a_calendar(random)
        start = at(1, month=1) + timedelta(days=random.randrange(250), minutes=random.randrange(1440))
        pauses = [each for each in a_history(random, start) if isinstance(each, Pause)]
        hours, unit = random.randint(1, random.choice((4, 30))), random.choice(("h", "wh"))

        due = reckoned(calendar, start, f"{hours}{unit}", pauses).at

        # Of pauses that began after it had run out nothing is left to see.
        assert due == by_minutes(calendar, start, hours, unit == "wh", pauses), (seed, start, hours, unit, pauses)
        told = explained(calendar, start, f"{hours}{unit}", pauses, due)
        assert [each.day for each in told][:: max(len(told) - 1, 1)] == list(dict.fromkeys((local(start), local(due))))
        assert minutes_told([each.en for each in told]) == hours * 60


def minutes_told(notes: list[str]) -> int:
    """What the notes say was counted, in minutes."""
    parts = [part.split() for note in notes for part in note.split(", ") if part.endswith(" min counted")]
    return sum(int(part[0]) * 60 + int(part[2]) for part in parts)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("unit", ["wd", "d"])
def test_a_limit_in_days_runs_out_when_a_recount_by_days_does(seed: int, unit: str) -> None:
    random = Random(seed)
    for _ in range(150):
        calendar = a_calendar(random)
        every_day = replace(calendar, special={}, years=frozenset())
        counting = calendar if unit == "wd" else _Always(every_day)
        start = at(1, month=1) + timedelta(days=random.randrange(250), minutes=random.randrange(1440))
        days = random.randint(1, 20)
        spans = list(a_history(random, start))
        spans = allowed(start, days, iter(spans), calendar) if unit == "wd" else [
            each for each in spans if isinstance(each, Pause)
        ]

        due = reckoned(calendar, start, f"{days}{unit}", spans).at

        assert due == recounted(counting, start, days, spans), (seed, start, days, spans)
        assert explained(calendar, start, f"{days}{unit}", spans, due)[-1].day == local(due)


class _Always(Calendar):
    """Every day is worked: so calendar days are counted."""

    def __init__(self, other: Calendar) -> None:
        super().__init__(other.version, other.years, other.special, other.hours)

    def is_working(self, day: date) -> bool:
        return True


LIMITS: tuple[tuple[str, Callable[[Calendar, datetime, list[Span]], datetime]], ...] = (
    ("6wd", lambda calendar, start, spans: recounted(calendar, start, 6, spans)),
    ("9d", lambda calendar, start, spans: recounted(_Always(calendar), start, 9, spans)),
    ("60h", lambda calendar, start, spans: by_minutes(calendar, start, 60, False, spans)),  # type: ignore[arg-type]
    ("30wh", lambda calendar, start, spans: by_minutes(calendar, start, 30, True, spans)),  # type: ignore[arg-type]
)


@pytest.mark.parametrize(("limit", "by_hand"), LIMITS, ids=[limit for limit, _ in LIMITS])
async def test_a_stored_deadline_equals_a_recount_of_all_that_happened(
    database: str, limit: str, by_hand: Callable[[Calendar, datetime, list[Span]], datetime]
) -> None:
    random = Random(limit)
    with clock.stopped(MONDAY - timedelta(days=3)):
        world = await a_world()
        year = await own_days(world)
        for name, value in (("handle", limit), ("office_hours", "08:30-12:00,14:30-18:00")):
            await a_rule(world, name, value)
    with clock.stopped(MONDAY):
        case = await handled_until(world, date(2026, 4, 22))
    duty, began = await the_responsibility(case), MONDAY
    promised: list[Span] = [Extension(MONDAY, date(2026, 4, 22), "", SOMEBODY, MONDAY, SOMEBODY)]
    pauses: list[Span] = []
    extended: list[Span] = []  # the case goes with its lead, which for a limit in days is then what is recounted
    now = MONDAY
    for turn in range(9):
        now += timedelta(minutes=random.choice((35, 190, 1_500, 2_900)))
        with clock.stopped(now):
            if turn == 4:
                await perform(
                    OPERATOR, CalendarYear, year.id, "correct", source="更正", all_confirmed=True,
                    days=[{"day": date(2026, 4, 27), "kind": DayKind.HOLIDAY, "name": "示例"}],
                )
            elif turn % 3 == 2 and now < (await Responsibility.get(id=duty.id)).due_at - timedelta(days=6):  # type: ignore[operator]
                until = local((await Responsibility.get(id=duty.id)).due_at) + timedelta(days=random.randint(1, 6))
                await moved(world, world.land_liaison, duty, "ask_extension", due_on=until, reason="等批复")
                earlier = (await Case.get(id=case.id)).due_at
                await moved(world, world.leader, duty, "grant_extension")
                promised.append(Extension(now, until, "", SOMEBODY, now, SOMEBODY))
                later = (await Responsibility.get(id=duty.id)).due_at
                if earlier and later and earlier < later:
                    extended.append(Extension(now, local(later), "", SOMEBODY, now, SOMEBODY))
            else:
                await moved(world, world.dispatcher, case, "pause", reason="待批")
                since, now = now, now + timedelta(minutes=random.choice((20, 700, 4_000, 9_000)))
                with clock.stopped(now):
                    await moved(world, world.companion, case, "resume", reason="已批")
                pauses.append(Pause(since, now, PauseCause.OTHER, "", SOMEBODY))

        rules = await rules_of(world.zone.id, now.date())
        calendar = (await calendar_of(world.zone.id)).open_at(rules["office_hours"])
        stored = await Case.get(id=case.id)
        expected = recounted(calendar, began, 0, [*extended, *pauses]) if extended else by_hand(calendar, began, pauses)
        assert stored.due_at == expected, (turn, now)
        promise = await Responsibility.get(id=duty.id)
        assert promise.due_at == recounted(calendar, began, 0, [*promised, *pauses]), (turn, now)
    assert pauses
    await assert_whole()


async def own_days(world: World) -> CalendarYear:
    """The zone works on a Sunday and rests on a Thursday."""
    days = [
        {"day": date(2026, 4, 26), "kind": DayKind.MAKE_UP, "name": "示例"},
        {"day": date(2026, 4, 23), "kind": DayKind.HOLIDAY, "name": "示例"},
    ]
    return await create(OPERATOR, CalendarYear, "publish", year=2026, zone=world.zone, days=days, source="示例")
