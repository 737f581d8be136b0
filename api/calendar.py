"""Calendars over GraphQL: which days are worked, how a limit is counted in them, and what a publication would move."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from api.context import Info
from api.inputs import ID_FIELD, given_to, input_type
from api.moves import MoveStanding, moves
from api.nodes import Node, computed, enum, key_of, node, one
from api.pages import DEFAULT_PAGE, Connection, Listing, Order, listing
from api.refusals import Refusal, turned_down
from domain import calendar as counting
from domain.calendar import Calendar, DayKind
from domain.calendar.rows import CalendarYear as CalendarYearRow
from domain.database import reads
from domain.refusals import BAD_INPUT, NOT_FOUND, Refused
from domain.zones import Zone as ZoneRow
from workflows.calendar import CorrectDays, PublishYear, Shift, preview

if TYPE_CHECKING:
    from api.people import Person
    from api.zones import Zone

enum(DayKind)
MOST_DAYS = 400
MOST_SHIFTS = 200


@strawberry.type(description="A day of an arrangement that is not what its weekday says.")
class ArrangedDay:
    day: date
    kind: DayKind
    name: str = strawberry.field(description="The holiday it is free or worked for.")


def _arranged(row: CalendarYearRow) -> list[ArrangedDay]:
    return [ArrangedDay(day=date.fromisoformat(day), kind=DayKind.of(kind), name=name) for day, kind, name in row.days]


@node(CalendarYearRow)
class CalendarYear(Node):
    """The arrangement of a year 年度放假安排, by the state or, where it differs, by a zone."""

    version: int
    year: int
    zone: Annotated[Zone, strawberry.lazy("api.zones")] | None = one()
    days: list[ArrangedDay] = computed(_arranged, "days")
    source: str
    author: Annotated[Person, strawberry.lazy("api.people")] | None = one()
    edition: int = strawberry.field(description="The latest publication or correction of it, in one count for all.")
    moves: list[MoveStanding] = moves()


@strawberry.type(description="A day as a zone's calendar has it.")
class CalendarDay:
    day: date
    kind: DayKind
    name: str
    works: bool
    published: bool = strawberry.field(description="Otherwise presumed from the weekday and the law's holidays.")


@strawberry.type(description="A zone's calendar 工作日历 as published up to a version.")
class DaysOfCalendar:
    version: int
    office_hours: str
    days: list[CalendarDay]


@strawberry.type(description="A day a limit runs over, and why it was counted or not.")
class CountedDay:
    day: date
    kind: DayKind
    counted: bool
    note: str


@strawberry.type(description="When a limit runs out, and how that was counted.")
class Reckoning:
    due_at: datetime
    provisional: bool = strawberry.field(description="It needs a year whose arrangement is not published.")
    earliest: datetime = strawberry.field(description="The earliest it can become when that is published.")
    latest: datetime
    calendar_version: int
    office_hours: str
    explanation: list[CountedDay]


@strawberry.type(description="A stored deadline that a publication or correction would move.")
class DeadlineShift:
    record: Node
    due_at: datetime
    becomes: datetime
    provisional: bool
    earliest: datetime
    latest: datetime


@strawberry.type(description="What a publication or correction would move; nothing has changed.")
class CalendarPreview:
    count: int
    shifts: list[DeadlineShift] = strawberry.field(description=f"The first {MOST_SHIFTS}.")
    refusals: list[Refusal] = strawberry.field(description="Why it would be refused.")


def counted_days(lines: Iterable[counting.CountedDay], language: str) -> list[CountedDay]:
    return [
        CountedDay(day=each.day, kind=each.kind, counted=each.counted, note=each.zh if language == "zh" else each.en)
        for each in lines
    ]


def previewing(name: str, declared: type[Any], own: list[Any], description: str) -> Any:
    """A field that says what a move of a calendar would do to deadlines, given the move's own input."""
    asked = input_type(f"{name[0].upper()}{name[1:]}Input", description, declared, own)

    async def resolve(info: Info, input: Any) -> CalendarPreview:
        try:
            key = key_of(input.id, CalendarYearRow, "id") if own else None
            shifts = await preview(info.context.viewer, key, **given_to(input, declared))
        except Refused as refused:
            return CalendarPreview(count=0, shifts=[], refusals=turned_down(refused.refusals, info.context.language))
        listed = [_shift(each) for each in shifts[:MOST_SHIFTS]]
        return CalendarPreview(count=len(shifts), shifts=listed, refusals=[])

    resolve.__annotations__ = {"info": Info, "input": asked, "return": CalendarPreview}
    return strawberry.field(resolver=resolve, name=name, description=description)


def _shift(shift: Shift) -> DeadlineShift:
    becomes = shift.becomes
    record: Any = shift.record
    return DeadlineShift(
        record=record, due_at=shift.due_at, becomes=becomes.at, provisional=becomes.provisional,
        earliest=becomes.earliest, latest=becomes.latest,
    )


@strawberry.type
class Query:
    @listing("Published arrangements by year: the state's, and those of zones in sight.")
    def calendar_years(
        self, info: Info, first: int = DEFAULT_PAGE, after: str | None = None
    ) -> Connection[CalendarYear]:
        rows = CalendarYearRow.seen_by(info.context.viewer)
        return Listing(rows, Order("year", kind=int), first, after)  # type: ignore[return-value]

    @strawberry.field(description=f"The days of a zone's calendar, or of the state's; at most {MOST_DAYS}.")
    async def calendar(
        self, info: Info, from_: Annotated[date, strawberry.argument(name="from")], until: date,
        zone_id: strawberry.ID | None = None,
    ) -> DaysOfCalendar:
        span = (until - from_).days
        if not 0 <= span < MOST_DAYS:
            raise Refused(
                BAD_INPUT.about("until", problem_zh=f"一次1至{MOST_DAYS}天", problem_en=f"1 to {MOST_DAYS} days")
            )
        calendar = await _calendar(info, zone_id)
        days = [from_ + timedelta(days=n) for n in range(span + 1)]
        return DaysOfCalendar(
            version=calendar.version, office_hours=str(calendar.hours), days=[_day(calendar, each) for each in days]
        )

    @strawberry.field(description="When a limit such as 3wd, 30d, 8wh or 24h runs out, explained day by day.")
    async def deadline_for(
        self, info: Info, start: datetime, limit: str, zone_id: strawberry.ID | None = None
    ) -> Reckoning:
        if start.tzinfo is None:
            raise Refused(BAD_INPUT.about("start", problem_zh="时间须带时区", problem_en="the time needs a time zone"))
        calendar = await _calendar(info, zone_id)
        due = calendar.after(start, limit)
        return Reckoning(
            due_at=due.at, provisional=due.provisional, earliest=due.earliest, latest=due.latest,
            calendar_version=calendar.version, office_hours=str(calendar.hours),
            explanation=counted_days(calendar.explain(start, limit), info.context.language),
        )

    publish_calendar_year_preview: CalendarPreview = previewing(
        "publishCalendarYearPreview", PublishYear, [], "Which provisional deadlines a publication would recompute."
    )
    correct_calendar_days_preview: CalendarPreview = previewing(
        "correctCalendarDaysPreview", CorrectDays, [ID_FIELD], "Which deadlines a correction would move if confirmed."
    )


def _day(calendar: Calendar, day: date) -> CalendarDay:
    kind, name = calendar.day(day)
    return CalendarDay(day=day, kind=kind, name=name, works=kind.works, published=calendar.settled(day))


async def _calendar(info: Info, zone_id: str | None) -> Calendar:
    """The calendar of a zone in sight with the hours it keeps, or the state's."""
    context = info.context
    await context.prepare()
    if zone_id is None:
        return context.rulebook.calendar_in(None)
    key = key_of(zone_id, ZoneRow, "zoneId")
    if not await ZoneRow.seen_by(context.viewer).filter(id=key).using_db(reads()).exists():
        raise Refused(NOT_FOUND.about("zoneId"))
    return context.rulebook.calendar_in(key)
