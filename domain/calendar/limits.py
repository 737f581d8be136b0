"""How limits are written, and the hours in which an office works."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from domain.clock import OFFICE_ZONE
from domain.refusals import BAD_INPUT, Refused
from domain.words import Word


class Unit(Word):
    """时限单位."""

    WORKING_DAYS = "wd", "工作日", "Working days"
    DAYS = "d", "自然日", "Calendar days"
    WORKING_HOURS = "wh", "工作小时", "Working hours"
    HOURS = "h", "小时", "Clock hours"


LONGEST = {Unit.WORKING_DAYS: 750, Unit.DAYS: 1_095, Unit.WORKING_HOURS: 6_000, Unit.HOURS: 26_280}
"""Three years of each; a longer limit is a mistake."""
_LIMIT = re.compile(r"([0-9]{1,5})(wd|wh|d|h)")
_SPAN = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")


class Limit(NamedTuple):
    number: int
    unit: Unit


@lru_cache(1_000)
def parsed(limit: str) -> Limit:
    """ "3wd", "30d", "8wh" or "24h". Raises `Refused` for anything else, for none and for more than three years."""
    match = _LIMIT.fullmatch(limit)
    if not match:
        raise Refused(
            BAD_INPUT.about(
                problem_zh=f"时限“{limit}”应写作 3wd、30d、8wh 或 24h",
                problem_en=f"limit {limit!r}: write 3wd, 30d, 8wh or 24h",
            )
        )
    count, unit = int(match[1]), Unit.of(match[2])
    if not 1 <= count <= LONGEST[unit]:
        most = f"{LONGEST[unit]}{unit.value}"
        raise Refused(BAD_INPUT.about(problem_zh=f"时限最短1，最长{most}", problem_en=f"a limit is from 1 to {most}"))
    return Limit(count, unit)


@dataclass(frozen=True)
class OfficeHours:
    """When an office works on a working day: spans in order, none touching the next."""

    spans: tuple[tuple[time, time], ...]

    @classmethod
    def of(cls, text: str) -> OfficeHours:
        """From "09:00-12:00,13:00-18:00". Raises `Refused`."""
        return _hours(text)

    def __str__(self) -> str:
        return ",".join(f"{opens:%H:%M}-{closes:%H:%M}" for opens, closes in self.spans)

    def on(self, day: date) -> list[tuple[datetime, datetime]]:
        return [
            (datetime.combine(day, opens, OFFICE_ZONE), datetime.combine(day, closes, OFFICE_ZONE))
            for opens, closes in self.spans
        ]


@lru_cache(1_000)
def _hours(text: str) -> OfficeHours:
    matches = [_SPAN.fullmatch(each.strip()) for each in text.split(",")]
    times = [time(int(each[n]), int(each[n + 1])) for each in matches if each for n in (1, 3)]
    if None in matches or any(later <= earlier for earlier, later in pairwise(times)):
        raise Refused(
            BAD_INPUT.about(
                problem_zh=f"办公时间“{text}”应写作 09:00-12:00,13:00-18:00",
                problem_en=f"office hours {text!r}: write 09:00-12:00,13:00-18:00",
            )
        )
    return OfficeHours(tuple(zip(times[::2], times[1::2], strict=True)))
