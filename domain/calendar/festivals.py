"""What can be known of a year before its arrangement is published: the statutory holidays 法定节假日 stand in the law,
and only days near them are moved.

《全国年节及纪念日放假办法》 names the days; the festivals of the moon and Qingming are computed to 2100
(festivals.csv). The yearly notice adds days off next to them and, for those, weekend days to be worked. `may_work` and
`must_work` enclose whatever it can say, on one assumption: days are moved no farther than `REACH`, which no notice
since that of 2008 has done, bar the extra holiday decreed for September 2015. A zone's own holiday is not foreseen.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple


class Festival(NamedTuple):
    zh: str
    en: str


NEW_YEAR = Festival("元旦", "New Year")
SPRING = Festival("春节", "Spring Festival")
QINGMING = Festival("清明节", "Qingming")
LABOUR = Festival("劳动节", "Labour Day")
DRAGON_BOAT = Festival("端午节", "Dragon Boat Festival")
MID_AUTUMN = Festival("中秋节", "Mid-Autumn Festival")
NATIONAL = Festival("国庆节", "National Day")
ENGLISH = {each.zh: each.en for each in (NEW_YEAR, SPRING, QINGMING, LABOUR, DRAGON_BOAT, MID_AUTUMN, NATIONAL)}

class Law(NamedTuple):
    """From a year on: the days of the Spring Festival (its eve is -1), those of Labour Day, and whether Qingming, the
    Dragon Boat and the Mid-Autumn Festival are free."""

    since: int
    spring: tuple[int, int]
    labour_days: int
    others: bool


LAWS = (Law(0, (0, 2), 3, False), Law(2008, (-1, 1), 1, True), Law(2014, (0, 2), 1, True), Law(2025, (-1, 2), 2, True))
LONG, SHORT = (6, 12), (3, 7)
REACH = {SPRING: LONG, LABOUR: LONG, NATIONAL: LONG}
"""How many days from a statutory holiday a weekday may become free, and a weekend day be worked. Seen since 2008: 5 and
10 for the long holidays, 2 and 5 for the others (`SHORT`)."""


@cache
def statutory(year: int) -> dict[date, Festival]:
    """The holidays the law gives a year; it was changed for 2008, 2014 and 2025."""
    law = next(each for each in reversed(LAWS) if year >= each.since)
    days = {date(year, 1, 1): NEW_YEAR, **{date(year, 10, day): NATIONAL for day in (1, 2, 3)}}
    days |= {date(year, 5, day): LABOUR for day in range(1, law.labour_days + 1)}
    if year in _moving():
        spring, qingming, dragon_boat, mid_autumn = _moving()[year]
        first, last = law.spring
        days |= {spring + timedelta(days=n): SPRING for n in range(first, last + 1)}
        if law.others:
            days = {qingming: QINGMING, dragon_boat: DRAGON_BOAT, mid_autumn: MID_AUTUMN} | days
    return days


@lru_cache(10_000)
def may_work(day: date) -> bool:
    """Whether some notice could have people work on a day of an unpublished year."""
    if day in statutory(day.year):
        return False
    return day.weekday() < 5 or any(distance <= moved for distance, _, moved in _near(day))


@lru_cache(10_000)
def must_work(day: date) -> bool:
    """Whether every notice will have people work on it."""
    free = day in statutory(day.year) or any(distance <= bridged for distance, bridged, _ in _near(day))
    return day.weekday() < 5 and not free


def _near(day: date) -> list[tuple[int, int, int]]:
    """The distance in days to each statutory holiday about this time, with its reach."""
    around = {(day + timedelta(days=n)).year for n in (-LONG[1], LONG[1])}
    return [
        (abs((day - each).days), *REACH.get(festival, SHORT))
        for year in around for each, festival in statutory(year).items()
    ]


@cache
def _moving() -> dict[int, tuple[date, ...]]:
    lines = files(__package__).joinpath("festivals.csv").read_text().splitlines()[1:]
    rows = [line.split(",") for line in lines]
    return {int(year): tuple(date.fromisoformat(f"{year}-{day}") for day in days) for year, *days in rows}
