"""How often something is owed: so many times in each of equal parts of a year."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date
from typing import Self

from domain.refusals import BAD_INPUT, Refused

WRITTEN = re.compile(r"([1-9][0-9]?)/(?:([1-9][0-9]?)?months?|year)")
PARTS = (1, 2, 3, 4, 6, 12)


@dataclass(frozen=True)
class Cadence:
    """`times` in every `months` months, counted from January: "3/year", "1/month", "1/2months"."""

    times: int
    months: int

    @classmethod
    def of(cls, text: str) -> Self:
        """Raises `Refused` for what is none, or no whole part of a year."""
        found = WRITTEN.fullmatch(text)
        months = 12 if text.endswith("year") else int(found[2] or 1) if found else 0
        if not found or months not in PARTS:
            raise Refused(
                BAD_INPUT.about(
                    "value", problem_zh="应如3/year、1/month、1/2months", problem_en="write 3/year, 1/month, 1/2months"
                )
            )
        return cls(int(found[1]), months)

    def period(self, day: date) -> tuple[date, date]:
        """The first and the last day of the part of the year that a day lies in."""
        first = (day.month - 1) // self.months * self.months + 1
        last = first + self.months - 1
        return date(day.year, first, 1), date(day.year, last, calendar.monthrange(day.year, last)[1])

