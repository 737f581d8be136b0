"""Working days 工作日 of the People's Republic, make-up days 调休上班日 included, and limits counted in them.

A `Calendar` is a value: it is read once and then counts without I/O. What needs a year whose arrangement is not
published is presumed by weekday and the law's holidays, marked provisional, and enclosed between the earliest and the
latest it can become (domain/calendar/festivals.py).
"""

from __future__ import annotations

from datetime import date, datetime

from domain.calendar.counting import OFFICE_HOURS, Calendar, end_of
from domain.calendar.days import CountedDay, Day, DayKind, Moment
from domain.calendar.limits import Limit, OfficeHours, Unit, parsed
from domain.calendar.state import shipped

__all__ = [
    "OFFICE_HOURS", "Calendar", "CountedDay", "Day", "DayKind", "Limit", "Moment", "OfficeHours", "Unit", "end_of",
    "parsed", "shipped",
]


def published(day: date) -> bool:
    return shipped().published(day)


def is_working_day(day: date) -> bool:
    return shipped().is_working(day)


def add_working_days(start: date, days: int) -> tuple[date, bool]:
    """The `days`-th working day after `start` (day 0, not counted), and whether that is provisional."""
    day = shipped().add_working_days(start, days)
    return day, not published(day)


def working_days_between(start: date, end: date) -> int:
    return shipped().working_days_between(start, end)


def after(start: datetime, limit: str) -> Moment:
    return shipped().after(start, limit)


def before(due: datetime, notice: str) -> datetime:
    return shipped().before(due, notice)
