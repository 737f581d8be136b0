"""How calendars are published and corrected, and what becomes of the deadlines counted by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Any, Protocol
from uuid import UUID

from domain import database
from domain.calendar import Calendar, Day, DayKind, Moment, shipped
from domain.calendar.arrangements import Line, arrangement, is_whole, lines_in, special
from domain.calendar.rows import Book, CalendarDay, CalendarYear, path_in
from domain.records import Kept, Record
from domain.refusals import BAD_INPUT, Refusal, Refused
from domain.viewers import OPERATOR, Viewer
from domain.zones import Zone
from workflows.flow import Flow, Move
from workflows.inputs import Words
from workflows.perform import Step, changing, create, perform
from workflows.zones import ADMINISTRATOR, THE_OPERATOR

YEAR_PUBLISHED = Refusal(
    "YEAR_PUBLISHED", "{year}年已公布；个别日期有变请更正。", "{year} is published; correct the days that changed.",
    "year",
)
NO_DAY_CHANGES = Refusal(
    "NO_DAY_CHANGES", "这些日子与现行安排相同。", "These days are what the arrangement has already.", "days"
)
NOT_AFFECTED = Refusal(
    "NOT_AFFECTED", "这些记录的时限不受影响：{ids}", "The deadlines of these are not affected: {ids}", "confirmed"
)
DAYS_ONCE = Refusal("DAYS_ONCE", "日期请逐项给出，或以文本给出。", "Give the days one by one, or as text.", "days")
MOST_NAMED = 20
YEARS = range(2000, 2101)
NOTICE = "国务院办公厅关于{year}年部分节假日安排的通知"
LATER_NOTICES = {
    2015: "国务院关于中国人民抗日战争暨世界反法西斯战争胜利70周年纪念日调休放假的通知",
    2019: "国务院办公厅关于调整2019年劳动节假期安排的通知",
    2020: "国务院办公厅关于延长2020年春节假期的通知",
}


@dataclass
class DayGiven:
    """A day of an arrangement."""

    day: Annotated[date, Words("日期", "Day")]
    kind: Annotated[DayKind, Words("类别", "Kind")]
    name: Annotated[str, Words("名称", "Which holiday it is free or worked for", 60, empty=True)] = ""


Text = Annotated[
    str, Words("表格文本", "The same as CSV: day, kind, name; the whole year, or what differs from weekdays", 60_000)
]
Source = Annotated[str, Words("依据", "Source: the notice", 300)]


@dataclass
class PublishYear:
    """The state's arrangement of a year, or what a zone has otherwise."""

    year: Annotated[int, Words("年份", "Year")]
    source: Source
    zone: Annotated[Zone | None, Words("高新区", "Zone; the state's arrangement without one")] = None
    days: Annotated[list[DayGiven], Words("日期", "The days, or as text")] = field(default_factory=list)
    text: Text | None = None


@dataclass
class CorrectDays:
    """Some days of a published year. No deadline moves that is not confirmed; the preview shows which would."""

    source: Source
    days: Annotated[list[DayGiven], Words("日期", "The days, or as text")] = field(default_factory=list)
    text: Text | None = None
    confirmed: Annotated[list[str], Words("确认", "Ids of the records whose deadlines move", 60)] = field(
        default_factory=list
    )
    all_confirmed: Annotated[bool, Words("全部确认", "Every deadline the preview shows moves")] = False


@dataclass(frozen=True)
class Turn:
    """A publication or correction: the book before and after, and the zone from which down it is felt; all, if none."""

    before: Book
    after: Book
    zone_id: UUID | None

    async def calendars(self, zone_id: UUID) -> tuple[Calendar, Calendar]:
        """That of a zone before and after."""
        return (
            self.before.calendar(await path_in(self.before, zone_id)),
            self.after.calendar(await path_in(self.after, zone_id)),
        )


@dataclass(frozen=True)
class Shift:
    """A stored deadline that the new calendar has elsewhere, or no longer provisional."""

    record: Record
    due_at: datetime
    becomes: Moment

    @property
    def key(self) -> str:
        """The id by which it is confirmed."""
        return f"{type(self.record).__name__}_{self.record.id}"


class Follower(Protocol):
    """Whoever stores deadlines: says which a turn concerns, and moves one, by a move of its own."""

    async def shifts(self, turn: Turn, *, provisional: bool) -> Sequence[Shift]:
        """Those it would have elsewhere: only the provisional ones after a publication, any after a correction."""
        ...

    async def settle(self, step: Step, shift: Shift) -> None:
        """`step` counts by the new calendar already."""
        ...


FOLLOWERS: list[Follower] = []


async def publish(step: Step) -> None:
    year, given = step.record, step.input
    if given.year not in YEARS:
        raise Refused(BAD_INPUT.about("year", problem_zh="年份不在可用范围内", problem_en="the year is out of range"))
    year.year, year.zone_id = given.year, given.zone.id if given.zone else None
    if await CalendarYear.filter(year=year.year, zone_id=year.zone_id).exists():
        raise Refused(YEAR_PUBLISHED.about(year=given.year))
    days = _given(given, given.year, whole=given.zone is None, state=given.zone is None)
    await _enter(step, given.zone, days)
    year.published_edition = year.edition
    year.source, year.author_id = given.source, _author(step)


async def correct(step: Step) -> None:
    year = step.record
    zone = await step.change.find(Zone, year.zone_id) if year.zone_id else None
    await _enter(step, zone, _given(step.input, year.year, whole=False, state=zone is None))


async def settle_provisional(step: Step) -> None:
    await _settle(step, await _shifts(await _turn(step), provisional=True))


async def settle_confirmed(step: Step) -> None:
    given = step.input
    found = await _shifts(await _turn(step), provisional=False)
    if unknown := sorted(set(given.confirmed) - {shift.key for _, shift in found}):
        raise Refused(NOT_AFFECTED.about(ids=", ".join(unknown[:MOST_NAMED])))
    await _settle(step, [each for each in found if given.all_confirmed or each[1].key in given.confirmed])


CALENDAR_YEAR = Flow(
    CalendarYear,
    Kept,
    [
        Move(
            "publish", "公布", "Publish the arrangement of a year", (), Kept.KEPT, (ADMINISTRATOR, THE_OPERATOR),
            input=PublishYear, act=publish, then=settle_provisional,
        ),
        Move(
            "correct", "更正", "Correct days of a year", (Kept.KEPT,), None, (ADMINISTRATOR, THE_OPERATOR),
            input=CorrectDays, act=correct, then=settle_confirmed, mutation="correctCalendarDays",
        ),
    ],
    zh="年度放假安排",
    en="Arrangement of a year",
)


async def preview(viewer: Viewer, year_id: UUID | None = None, /, **given: Any) -> list[Shift]:
    """Which deadlines a publication, or the correction of a year, would move. Made and undone, so that it is refused
    just as the move itself would be."""
    found: list[Shift] = []
    with suppress(_Undone):
        async with changing(viewer) as change:
            if year_id is None:
                year = await create(viewer, CalendarYear, "publish", **given)
            else:
                year = await perform(viewer, CalendarYear, year_id, "correct", **given)
            turn = _turned(await change.calendar_book(), year.zone_id)
            found = [shift for _, shift in await _shifts(turn, provisional=year_id is None)]
            raise _Undone
    return found


async def publish_shipped() -> int:
    """Publish the state's arrangements that this version carries and the installation has not; how many there were."""
    if not await _unpublished():
        return 0
    async with database.alone():
        missing = await _unpublished()
        for year in missing:
            days = [DayGiven(day, what.kind, what.name) for day, what in shipped().special.items() if day.year == year]
            source = "；".join(filter(None, (NOTICE.format(year=year), LATER_NOTICES.get(year))))
            await create(OPERATOR, CalendarYear, "publish", year=year, days=days, source=source)
    return len(missing)


async def _unpublished() -> list[int]:
    known = await CalendarYear.filter(zone_id__isnull=True).values_list("year", flat=True)
    return sorted(shipped().years - {int(str(year)) for year in known})


class _Undone(Exception):
    pass


def _given(given: PublishYear | CorrectDays, year: int, *, whole: bool, state: bool) -> dict[date, Day]:
    if bool(given.days) is bool(given.text):
        raise Refused(DAYS_ONCE)
    place = "text" if given.text else "days"
    listed = [Line(n, str(each.day), each.kind.value, each.name) for n, each in enumerate(given.days, 1)]
    try:
        return arrangement(listed or lines_in(given.text or ""), year, whole=whole, state=state)
    except Refused as refused:
        raise Refused(*(each.about(place) for each in refused.refusals)) from None


async def _enter(step: Step, zone: Zone | None, days: Mapping[date, Day]) -> None:
    """Those of the days that differ from what holds, as the next edition; of a year that was not published before, all
    that are not what their weekday says, whether the state or a zone publishes it whole."""
    change, year, before = step.change, step.record, await step.change.calendar_book()
    standing = before.calendar(zone.path if zone else None)
    new = not standing.published(date(year.year, 1, 1)) and (zone is None or is_whole(days, year.year))
    if new:
        days = special(days)
    different = {day: what for day, what in sorted(days.items()) if new or standing.day(day) != what}
    if not different:
        raise Refused(NO_DAY_CHANGES)
    after = before.with_days(zone, year.year, different, step.input.source)
    year.edition, year.days = after.edition, after.listed(year.zone_id, year.year)
    for day, (kind, name) in different.items():
        change.put(
            CalendarDay(
                year_id=year.id, zone_id=year.zone_id, day=day, kind=kind, name=name, edition=after.edition,
                source=step.input.source, author_id=_author(step),
            )
        )
    change.turn_to(after)


def _author(step: Step) -> UUID | None:
    return None if step.viewer is OPERATOR else step.viewer.person_id


async def _turn(step: Step) -> Turn:
    return _turned(await step.change.calendar_book(), step.record.zone_id)


def _turned(after: Book, zone_id: UUID | None) -> Turn:
    return Turn(after.before_latest(), after, zone_id)


async def _shifts(turn: Turn, *, provisional: bool) -> list[tuple[Follower, Shift]]:
    return [(each, shift) for each in FOLLOWERS for shift in await each.shifts(turn, provisional=provisional)]


async def _settle(step: Step, found: Sequence[tuple[Follower, Shift]]) -> None:
    # In one order, so that two changes that move the same records never wait for each other.
    for follower, shift in sorted(found, key=lambda each: str(each[1].record.id)):
        await follower.settle(step, shift)
