"""An arrangement as an office hands it in: every day of a year, or only those that are not what their weekday says.

It is read as the notices are published, checked against the law, and refused with every wrong line at once.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

from domain.calendar import festivals
from domain.calendar.days import WEEKDAYS, Day, DayKind
from domain.refusals import Refusal, Refused

NO_DATE = Refusal(
    "NO_DATE", "第{line}行：“{text}”不是日期，应如 {year}-05-01。",
    "Line {line}: {text!r} is no date such as {year}-05-01.",
)
OTHER_YEAR = Refusal("OTHER_YEAR", "第{line}行：{day} 不在{year}年。", "Line {line}: {day} is not in {year}.")
DAY_TWICE = Refusal("DAY_TWICE", "{day} 出现{times}次。", "{day} is there {times} times.")
UNKNOWN_KIND = Refusal(
    "UNKNOWN_KIND", "第{line}行：“{text}”不是日期类别；应为：{known}。",
    "Line {line}: {text!r} is no kind of day; there are: {known_en}.",
)
NOT_MADE_UP = Refusal(
    "NOT_MADE_UP", "{day} 是{weekday}，不能是调休上班日。", "{day} is a {weekday_en}: only a weekend day makes up."
)
NOT_OF_ITS_WEEKDAY = Refusal(
    "NOT_OF_ITS_WEEKDAY", "{day} 是{weekday}，不能是“{kind}”；放假写节假日，周末上班写调休上班日。",
    "{day} is a {weekday_en} and cannot be “{kind_en}”: a weekday off is a holiday, a weekend day worked makes up.",
)
WORKED_BY_NONE = Refusal(
    "WORKED_BY_NONE", "{day} 是法定节假日（{name}），不能上班。",
    "{day} is a statutory holiday ({name_en}): nobody works.",
)
DAYS_MISSING = Refusal("DAYS_MISSING", "缺少{count}天：{days}", "Missing days ({count}): {days}")
NO_HOLIDAYS = Refusal("NO_HOLIDAYS", "其中没有一个节假日。", "There is no holiday in it.")
NO_DAYS = Refusal("NO_DAYS", "其中没有一天。", "There is no day in it.")
TOO_MANY_LINES = Refusal("TOO_MANY_LINES", "超过{most}行。", "It has more than {most} lines.")

MOST_LINES = 1_000
MOST_NAMED = 20
HEADERS = {"day", "date", "日期"}
KINDS: Mapping[str, DayKind] = {
    **{each.value: each for each in DayKind}, **{each.zh: each for each in DayKind},
    "上班": DayKind.WORKING, "周末": DayKind.REST, "休息": DayKind.REST,
    "法定节假日": DayKind.HOLIDAY, "放假": DayKind.HOLIDAY,
    "补班": DayKind.MAKE_UP, "调休上班": DayKind.MAKE_UP, "make-up": DayKind.MAKE_UP, "makeup": DayKind.MAKE_UP,
}
_DATE = re.compile(r"([0-9]{4})[-/.年]?([0-9]{1,2})[-/.月]?([0-9]{1,2})日?")
TWO_WEEKS = timedelta(days=14)


class Line(NamedTuple):
    """A day as written; `place` is the number of its line or item."""

    place: int
    day: str
    kind: str
    name: str


def lines_of(rows: Iterable[Sequence[str]]) -> list[Line]:
    """Rows of day, kind and name, below a heading or without one; empty rows are passed over."""
    lines: list[Line] = []
    for place, row in enumerate(rows, 1):
        cells = [each.strip() for each in (*row, "", "", "")]
        if any(cells) and not (not lines and cells[0].lower() in HEADERS):
            lines.append(Line(place, *cells[:3]))
        if len(lines) > MOST_LINES:
            raise Refused(TOO_MANY_LINES.about(most=MOST_LINES))
    return lines


def lines_in(text: str) -> list[Line]:
    """The lines of a CSV text, separated by commas, semicolons or tabs."""
    text = text.removeprefix("\ufeff")
    first = text.lstrip().partition("\n")[0]
    separator = next((each for each in "\t;，" if each in first), ",")
    return lines_of(csv.reader(text.splitlines(), delimiter=separator))


def arrangement(lines: Sequence[Line], year: int, *, whole: bool = True, state: bool = True) -> dict[date, Day]:
    """What each given day is. `whole`: it is the arrangement of a year, which has to be complete; a zone's own days,
    or a correction, stand over another. `state`: the holidays are those of the law. Raises `Refused` with every wrong
    line."""
    read = [_read(line, year) for line in lines]
    refusals = [each for each in read if isinstance(each, Refusal)]
    given = [each for each in read if not isinstance(each, Refusal)]
    times = Counter(day for day, _ in given)
    refusals += [DAY_TWICE.about(day=day, times=count) for day, count in times.items() if count > 1]
    days = dict(given)
    refusals += [no for day, what in days.items() if (no := _wrong(day, what, state))]
    if not lines:
        refusals.append(NO_DAYS)
    elif whole and not refusals:
        refusals += _incomplete(days, year)
    if refusals:
        raise Refused(*refusals)
    return days


def is_whole(days: Mapping[date, Day], year: int) -> bool:
    """Whether days would do as the arrangement of a year: complete, and no holiday of the law worked."""
    return not _incomplete(days, year) and not any(_wrong(day, what, True) for day, what in days.items())


def special(days: Mapping[date, Day]) -> dict[date, Day]:
    """Only the days that are not what their weekday says."""
    return {day: what for day, what in sorted(days.items()) if what.kind is not ordinary(day)}


def ordinary(day: date) -> DayKind:
    return DayKind.WORKING if day.weekday() < 5 else DayKind.REST


def _read(line: Line, year: int) -> tuple[date, Day] | Refusal:
    match = _DATE.fullmatch(line.day)
    try:
        day = date(*map(int, match.groups())) if match else None
    except ValueError:
        day = None
    if day is None:
        return NO_DATE.about(line=line.place, text=line.day[:40], year=year)
    if day.year != year:
        return OTHER_YEAR.about(line=line.place, day=day, year=year)
    kind = KINDS.get(line.kind.lower())
    if kind is None:
        known, known_en = "、".join(each.zh for each in DayKind), ", ".join(DayKind)
        return UNKNOWN_KIND.about(line=line.place, text=line.kind[:40], known=known, known_en=known_en)
    return day, Day(kind, line.name[:60])


def _wrong(day: date, what: Day, state: bool) -> Refusal | None:
    kind, weekday = what.kind, {"weekday": WEEKDAYS[day.weekday()], "weekday_en": f"{day:%A}"}
    festival = festivals.statutory(day.year).get(day)
    if kind is DayKind.MAKE_UP and day.weekday() < 5:
        return NOT_MADE_UP.about(day=day, **weekday)
    if (kind is DayKind.REST and day.weekday() < 5) or (kind is DayKind.WORKING and day.weekday() >= 5):
        return NOT_OF_ITS_WEEKDAY.about(day=day, kind=kind.zh, kind_en=kind.value, **weekday)
    if state and festival and kind.works:
        return WORKED_BY_NONE.about(day=day, name=festival.zh, name_en=festival.en)
    return None


def _incomplete(days: Mapping[date, Day], year: int) -> list[Refusal]:
    kinds = {what.kind for what in days.values()}
    if DayKind.HOLIDAY not in kinds:
        return [NO_HOLIDAYS]
    every = [date(year, 1, 1) + timedelta(days=n) for n in range((date(year + 1, 1, 1) - date(year, 1, 1)).days)]
    # Whoever lists ordinary days lists the whole year.
    listed = every if kinds & {DayKind.WORKING, DayKind.REST} else _owed(days, year)
    missing = [day for day in listed if day not in days]
    if not missing:
        return []
    named = ", ".join(map(str, missing[:MOST_NAMED])) + (" …" if len(missing) > MOST_NAMED else "")
    return [DAYS_MISSING.about(count=len(missing), days=named)]


def _owed(days: Mapping[date, Day], year: int) -> list[date]:
    """Weekdays that a list of holidays must hold: those the law names, and those between two days of one holiday."""
    owed = {day for day in festivals.statutory(year) if day.weekday() < 5}
    for name in {what.name for what in days.values()}:
        off = sorted(day for day, what in days.items() if what == Day(DayKind.HOLIDAY, name))
        for one, next_one in pairwise(off):
            if next_one - one < TWO_WEEKS:
                between = (one + timedelta(days=n) for n in range(1, (next_one - one).days))
                owed |= {day for day in between if day.weekday() < 5}
    return sorted(owed)
