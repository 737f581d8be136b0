"""How a calendar counts: working days, office hours and the limits written in them; without I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from domain.calendar import festivals
from domain.calendar.days import CountedDay, Day, DayKind, Moment
from domain.calendar.explanations import explained
from domain.calendar.limits import OfficeHours, Unit, parsed
from domain.clock import OFFICE_ZONE
from domain.refusals import BAD_INPUT, Refused

END_OF_DAY = time(23, 59, 59)
OFFICE_HOURS = "09:00-12:00,13:00-18:00"
"""Eight hours, as 《国务院关于职工工作时间的规定》 has them, where a zone has set no others."""
COUNTABLE = range(1990, 2101)
EIGHT_HOURS = OfficeHours.of(OFFICE_HOURS)
Works = Callable[[date], bool]


@dataclass(frozen=True)
class Calendar:
    """The days of a zone as published up to a version, and its office hours.

    `special` holds every day that is not what its weekday says; `years` those whose arrangement is published. A start
    day is day 0 and not counted.
    """

    version: int
    years: frozenset[int]
    special: Mapping[date, Day] = field(repr=False)
    hours: OfficeHours = EIGHT_HOURS

    def open_at(self, hours: str) -> Calendar:
        """The same days with other office hours, written as "09:00-12:00,13:00-18:00"."""
        return replace(self, hours=OfficeHours.of(hours))

    def published(self, day: date) -> bool:
        return day.year in self.years

    def day(self, day: date) -> Day:
        """What a day is; in an unpublished year by weekday and the law's holidays."""
        if day in self.special:
            return self.special[day]
        if not self.published(day) and (festival := festivals.statutory(day.year).get(day)):
            return Day(DayKind.HOLIDAY, festival.zh)
        return Day(DayKind.WORKING if day.weekday() < 5 else DayKind.REST)

    def kind(self, day: date) -> DayKind:
        return self.day(day).kind

    def is_working(self, day: date) -> bool:
        return self.kind(day).works

    def settled(self, day: date) -> bool:
        """Whether what the day is can no longer change by a publication."""
        return self.published(day) or day in self.special

    def may_work(self, day: date) -> bool:
        """Whether the day is worked, or could be once its year is published."""
        return self.is_working(day) if self.settled(day) else festivals.may_work(day)

    def must_work(self, day: date) -> bool:
        """Whether the day is worked, whatever the arrangement of its year will say."""
        return self.is_working(day) if self.settled(day) else festivals.must_work(day)

    def add_working_days(self, start: date, days: int) -> date:
        """The `days`-th working day after `start`, or before it where negative."""
        return _reach(start, days, self.is_working)

    def working_days_between(self, start: date, end: date) -> int:
        """How many working days lie after `start` up to and including `end`."""
        return sum(self.is_working(day) for day in _days(start, end))

    def after(self, start: datetime, limit: str) -> Moment:
        """The moment `limit` runs out. "3wd" working days and "30d" calendar days end with the last day; "24h" ends on
        the hour, and so does "8wh", counted in office hours: a start outside them counts from when the office opens."""
        count, unit = parsed(limit)
        first = start.astimezone(OFFICE_ZONE).date()
        if first.year not in COUNTABLE:
            raise Refused(BAD_INPUT.about(problem_zh="日期不在可用范围内", problem_en="the date is out of range"))
        if unit is Unit.HOURS:
            return _certain(start + timedelta(hours=count))
        if unit is Unit.DAYS:
            return _certain(end_of(first + timedelta(days=count)))
        if unit is Unit.WORKING_HOURS:
            return self.after_office_hours(start, timedelta(hours=count))
        return self._moment(first + timedelta(days=1), lambda works: end_of(_reach(first, count, works)))

    def after_office_hours(self, start: datetime, worked: timedelta) -> Moment:
        """The moment by which the office was open for so long."""
        first = start.astimezone(OFFICE_ZONE).date()
        return self._moment(first, lambda works: self._worked(start, worked, works))

    def before(self, due: datetime, notice: str) -> datetime:
        """The last moment that lies at least `notice` before `due`."""
        count, unit = parsed(notice)
        if unit is Unit.HOURS:
            return due - timedelta(hours=count)
        if unit is Unit.WORKING_HOURS:
            return self._worked_back(due, timedelta(hours=count))
        last = due.astimezone(OFFICE_ZONE).date()
        if unit is Unit.DAYS:
            return end_of(last - timedelta(days=count))
        return end_of(self.add_working_days(last, -count))

    def explain(self, start: datetime, limit: str) -> list[CountedDay]:
        """Every day from the start to the moment `limit` runs out, and whether it was counted."""
        return explained(self, start, limit)

    def worked_on(self, day: date, since: datetime, until: datetime) -> timedelta:
        """The office hours of a day that lie between two instants."""
        spans = self.hours.on(day) if self.is_working(day) else []
        return sum((max(min(closes, until) - max(opens, since), timedelta()) for opens, closes in spans), timedelta())

    def _moment(self, first: date, ends: Callable[[Works], datetime]) -> Moment:
        """Where it ends by what is presumed and, if days from `first` on are not settled, by the most and the least
        that may be worked."""
        at = ends(self.is_working)
        if all(self.settled(day) for day in _days(first - timedelta(days=1), at.date())):
            return _certain(at)
        return Moment(at, True, ends(self.may_work), ends(self.must_work))

    def _worked(self, start: datetime, left: timedelta, works: Works) -> datetime:
        for opens, closes in self._open_spans(start, works):
            begins = max(opens, start)
            if closes - begins >= left:
                return begins + left
            left -= max(closes - begins, timedelta())
        raise AssertionError("a year has office hours")

    def _open_spans(self, start: datetime, works: Works) -> Iterator[tuple[datetime, datetime]]:
        day = start.astimezone(OFFICE_ZONE).date()
        while True:
            yield from self.hours.on(day) if works(day) else ()
            day += timedelta(days=1)

    def _worked_back(self, due: datetime, left: timedelta) -> datetime:
        day = due.astimezone(OFFICE_ZONE).date()
        while True:
            for opens, closes in reversed(self.hours.on(day) if self.is_working(day) else []):
                ends = min(closes, due)
                if ends - opens >= left:
                    return ends - left
                left -= max(ends - opens, timedelta())
            day -= timedelta(days=1)


def _certain(at: datetime) -> Moment:
    return Moment(at, False, at, at)


def end_of(day: date) -> datetime:
    return datetime.combine(day, END_OF_DAY, OFFICE_ZONE)


def _reach(start: date, days: int, works: Works) -> date:
    day, left = start, abs(days)
    step = timedelta(days=1 if days >= 0 else -1)
    while left:
        day += step
        left -= works(day)
    return day


def _days(start: date, end: date) -> Iterator[date]:
    """The days after `start` up to and including `end`."""
    return (start + timedelta(days=n) for n in range(1, (end - start).days + 1))
