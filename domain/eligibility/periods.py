"""Periods in rules, named as indicators have them."""

from __future__ import annotations

import re
from datetime import date

from domain.eligibility.reading import Spot

LATEST, LAST_YEAR = "latest", "last_year"
YEAR, DAY = re.compile("[0-9]{4}"), re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


def read_period(spot: Spot) -> str:
    """A period as indicators have it: anything else would never be on record. Raises `Refused`."""
    period = spot.text()
    if period in (LATEST, LAST_YEAR) or (YEAR.fullmatch(period) and period != "0000"):
        return period
    days = [_day(each) for each in period.split("/")]
    if None in days or len(days) > 2 or days != sorted(set(days), key=str):
        spot.bad(
            f"统计期应为{LATEST}、{LAST_YEAR}、年度、日期或“起/止”",
            f"a period is {LATEST}, {LAST_YEAR}, a year, a day, or first/last day",
        )
    return period


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if DAY.fullmatch(text) else None
    except ValueError:
        return None
