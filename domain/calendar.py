"""Working days 工作日 of the People's Republic, make-up days 调休上班日 included, and limits counted in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import chinese_calendar  # type: ignore[import-untyped]

from domain.clock import OFFICE_ZONE
from domain.refusals import BAD_INPUT, Refused

END_OF_DAY = time(23, 59, 59)
LAST_PUBLISHED = max(chinese_calendar.constants.holidays).year
FIRST_PUBLISHED = min(chinese_calendar.constants.holidays).year
_LIMIT = re.compile(r"([1-9][0-9]{0,3})(wd|d|h)")


@dataclass(frozen=True)
class Moment:
    """An instant computed by rule; `provisional` when it needed a year whose arrangement is not yet published."""

    at: datetime
    provisional: bool = False


def published(day: date) -> bool:
    return bool(FIRST_PUBLISHED <= day.year <= LAST_PUBLISHED)


def is_working_day(day: date) -> bool:
    """By the State Council's arrangement; in an unpublished year Monday to Friday, to be marked provisional."""
    working: bool = chinese_calendar.is_workday(day) if published(day) else day.weekday() < 5
    return working


def add_working_days(start: date, days: int) -> tuple[date, bool]:
    """The `days`-th working day after `start` (day 0, not counted), and whether that is provisional."""
    day, left = start, abs(days)
    step = timedelta(days=1 if days >= 0 else -1)
    provisional = False
    while left:
        day += step
        provisional = provisional or not published(day)
        left -= is_working_day(day)
    return day, provisional


def working_days_between(start: date, end: date) -> int:
    """How many working days lie after `start` up to and including `end`."""
    return sum(is_working_day(start + timedelta(days=n)) for n in range(1, (end - start).days + 1))


def end_of(day: date) -> datetime:
    return datetime.combine(day, END_OF_DAY, OFFICE_ZONE)


def after(start: datetime, limit: str) -> Moment:
    """The moment `limit` runs out: "3wd" working days and "30d" days end with the last day, "24h" on the hour."""
    count, unit = _parsed(limit)
    if unit == "h":
        return Moment(start + timedelta(hours=count))
    first = start.astimezone(OFFICE_ZONE).date()
    if unit == "d":
        return Moment(end_of(first + timedelta(days=count)))
    day, provisional = add_working_days(first, count)
    return Moment(end_of(day), provisional)


def before(due: datetime, notice: str) -> datetime:
    """The last moment that lies at least `notice` before `due`."""
    count, unit = _parsed(notice)
    if unit == "h":
        return due - timedelta(hours=count)
    last = due.astimezone(OFFICE_ZONE).date()
    return end_of(last - timedelta(days=count) if unit == "d" else add_working_days(last, -count)[0])


def _parsed(limit: str) -> tuple[int, str]:
    match = _LIMIT.fullmatch(limit)
    if not match:
        raise Refused(
            BAD_INPUT.about(
                problem_zh=f"时限“{limit}”应写作 3wd、30d 或 24h", problem_en=f"limit {limit!r}: write 3wd, 30d or 24h"
            )
        )
    return int(match[1]), match[2]
