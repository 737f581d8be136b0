"""What a day can be, and what is said of days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from domain.words import Word

WEEKDAYS = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")


class DayKind(Word):
    """日期类别: what a day is by the arrangement."""

    WORKING = "working", "工作日", "Working day"
    REST = "rest", "休息日", "Weekend day of rest"
    HOLIDAY = "holiday", "节假日", "Holiday, the weekend days within it included"
    MAKE_UP = "make_up", "调休上班日", "Weekend day worked to make up for a holiday"

    @property
    def works(self) -> bool:
        return self in (DayKind.WORKING, DayKind.MAKE_UP)


class Day(NamedTuple):
    """What a day is, and the holiday it is free or worked for."""

    kind: DayKind
    name: str = ""


@dataclass(frozen=True)
class Moment:
    """An instant computed by rule. `provisional` when it needed a year whose arrangement is not published; it can then
    become anything from `earliest` to `latest`, which else are the same instant."""

    at: datetime
    provisional: bool
    earliest: datetime
    latest: datetime


@dataclass(frozen=True)
class CountedDay:
    """One day of an explanation: what it is, whether it counts towards the limit, and why, in both languages."""

    day: date
    kind: DayKind
    counted: bool
    zh: str
    en: str
