"""The state's arrangements as this version of the service carries them: what a new installation starts from."""

from __future__ import annotations

import csv
from datetime import date
from functools import cache
from importlib.resources import files

from domain.calendar.counting import Calendar
from domain.calendar.days import Day, DayKind


@cache
def shipped() -> Calendar:
    """Every year in published.csv, from the notices of the General Office of the State Council."""
    text = files(__package__).joinpath("published.csv").read_text(encoding="utf-8")
    special = {
        date.fromisoformat(row["day"]): Day(DayKind.of(row["kind"]), row["name"])
        for row in csv.DictReader(text.splitlines())
    }
    years = frozenset(day.year for day in special)
    return Calendar(len(years), years, special)
