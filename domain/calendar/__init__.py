"""Working days 工作日 of the People's Republic, make-up days 调休上班日 included, and limits counted in them.

A `Calendar` is a value: it is read once and then counts without I/O. What needs a year whose arrangement is not
published is presumed by weekday and the law's holidays, marked provisional, and enclosed between the earliest and the
latest it can become (domain/calendar/festivals.py).
"""

from __future__ import annotations

from domain.calendar.counting import OFFICE_HOURS, Calendar, end_of
from domain.calendar.days import CountedDay, Day, DayKind, Moment
from domain.calendar.limits import Limit, OfficeHours, Unit, parsed
from domain.calendar.state import shipped

__all__ = [
    "OFFICE_HOURS", "Calendar", "CountedDay", "Day", "DayKind", "Limit", "Moment", "OfficeHours", "Unit", "end_of",
    "parsed", "shipped",
]
