"""Arrangements as offices hand them in: read in any usual form, and refused with every wrong line at once."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from domain.calendar import Day, DayKind, shipped
from domain.calendar.arrangements import MOST_LINES, arrangement, lines_in, special
from domain.calendar.files import text_of
from domain.refusals import Refused
from domain.workbooks import Column, Sheet, write_workbook
from tests.proofs import refused

OFF = {
    "元旦": ("01-01", "01-03"), "春节": ("02-05", "02-11"), "清明节": ("04-03", "04-05"), "劳动节": ("05-01", "05-05"),
    "端午节": ("06-09", "06-09"), "中秋节": ("09-15", "09-15"), "国庆节": ("10-01", "10-07"),
}
MADE_UP = {"春节": ("01-31", "02-20"), "劳动节": ("04-25", "05-08"), "国庆节": ("09-26", "10-09")}


def of_2027() -> dict[date, Day]:
    """What the notice for 2027 might say; it is not out yet."""
    days: dict[date, Day] = {}
    for name, ends in OFF.items():
        first, last = (date.fromisoformat(f"2027-{end}") for end in ends)
        days |= {first + timedelta(days=n): Day(DayKind.HOLIDAY, name) for n in range((last - first).days + 1)}
    for name, made_up in MADE_UP.items():
        days |= {date.fromisoformat(f"2027-{day}"): Day(DayKind.MAKE_UP, name) for day in made_up}
    return dict(sorted(days.items()))


def rows_of(days: dict[date, Day]) -> list[tuple[str, str, str]]:
    return [(str(day), what.kind.value, what.name) for day, what in days.items()]


def notice(days: dict[date, Day] | None = None) -> str:
    """The table with only what differs from the weekdays."""
    return "day,kind,name\n" + "".join(",".join(row) + "\n" for row in rows_of(days or of_2027()))


def whole_year() -> dict[date, Day]:
    every = [date(2027, 1, 1) + timedelta(days=n) for n in range(365)]
    ordinary = {day: Day(DayKind.WORKING if day.weekday() < 5 else DayKind.REST) for day in every}
    return {**ordinary, **of_2027()}


def read(text: str, year: int = 2027) -> dict[date, Day]:
    return special(arrangement(lines_in(text), year))


@pytest.mark.parametrize(
    "text",
    [
        notice(),
        notice(whole_year()),
        notice().removeprefix("day,kind,name\n"),
        "\ufeff" + notice().replace(",", ";"),
        notice().replace(",", "\t").replace("\n", "\r\n"),
        re.sub("2027-0?([0-9]+)-0?([0-9]+)", r"2027/\1/\2", notice()),
        re.sub("2027-0?([0-9]+)-0?([0-9]+)", r"2027年\1月\2日", notice()),
        notice().replace("holiday", "放假").replace("make_up", "补班").replace("day,kind,name", "日期,类别,名称"),
        notice().replace("-", ""),
    ],
    ids=[
        "notice", "whole year", "no heading", "semicolons", "tabs", "slashes", "Chinese dates", "Chinese words",
        "digits",
    ],
)
def test_a_table_is_read_in_the_forms_offices_write(text: str) -> None:
    assert read(text) == of_2027()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_file_is_read_in_the_encodings_offices_have(encoding: str, tmp_path: Path) -> None:
    file = tmp_path / "2027.csv"
    file.write_bytes(notice().encode(encoding))

    assert read(text_of(file)) == of_2027()


def test_a_workbook_is_read_like_a_text(tmp_path: Path) -> None:
    file = tmp_path / "2027.xlsx"
    columns = [Column("日期", 12), Column("类别", 12), Column("名称", 12)]
    rows = [(day, what.kind.zh, what.name) for day, what in whole_year().items()]
    write_workbook(file, [Sheet("2027", "", columns, rows)])

    assert read(text_of(file)) == of_2027()


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.csv", b"\0\1", "NO_TABLE"), ("b.csv", b"x" * 1_000_001, "TABLE_TOO_LARGE"),
        ("c.csv", b"\xff\xff", "NO_TABLE"),
        ("d.csv", "2027-01-01,holiday,元旦".encode("utf-16"), "NO_TABLE"),
    ],
)
def test_what_is_no_table_is_refused(name: str, content: bytes, code: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)

    with refused(code):
        text_of(tmp_path / name)


@pytest.mark.parametrize("year", range(2004, 2027))
def test_every_published_year_would_be_taken(year: int) -> None:
    days = {day: what for day, what in shipped().special.items() if day.year == year}

    assert read(notice(days), year) == days


def without(*days: str) -> str:
    return notice({day: what for day, what in of_2027().items() if f"{day:%m-%d}" not in days})


def whole_without(*days: str) -> str:
    return notice({day: what for day, what in whole_year().items() if f"{day:%m-%d}" not in days})


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (whole_without("03-08", "12-31"), "DAYS_MISSING", "Missing days (2): 2027-03-08, 2027-12-31"),
        (without("02-08"), "DAYS_MISSING", "Missing days (1): 2027-02-08"),  # the law names it
        (without("10-05"), "DAYS_MISSING", "Missing days (1): 2027-10-05"),  # in the midst of its holiday
        (without("09-15"), "DAYS_MISSING", "Missing days (1): 2027-09-15"),
        (notice() + "2027-10-01,holiday,国庆节\n", "DAY_TWICE", "2027-10-01 is there 2 times."),
        (notice() + "2026-12-31,holiday,元旦\n", "OTHER_YEAR", "Line 35: 2026-12-31 is not in 2027."),
        (notice() + "2027-02-29,holiday,\n", "NO_DATE", "Line 35: '2027-02-29' is no date such as 2027-05-01."),
        (notice() + "soon,holiday,\n", "NO_DATE", "Line 35: 'soon' is no date such as 2027-05-01."),
        (notice() + "2027-03-08,调休,\n", "UNKNOWN_KIND", "Line 35: '调休' is no kind of day; there are:"),
        (notice() + "2027-03-08,make_up,\n", "NOT_MADE_UP", "2027-03-08 is a Monday: only a weekend day makes up."),
        (notice() + "2027-03-08,rest,\n", "NOT_OF_ITS_WEEKDAY", "2027-03-08 is a Monday and cannot be “rest”"),
        (notice() + "2027-03-06,working,\n", "NOT_OF_ITS_WEEKDAY", "2027-03-06 is a Saturday and cannot be “working”"),
        (without("05-01") + "2027-05-01,make_up,\n", "WORKED_BY_NONE", "2027-05-01 is a statutory holiday"),
        ("2027-01-31,make_up,春节\n", "NO_HOLIDAYS", "There is no holiday in it."),
        ("day,kind,name\n\n", "NO_DAYS", "There is no day in it."),
        ("2027-01-01,holiday,\n" * (MOST_LINES + 1), "TOO_MANY_LINES", "It has more than 1000 lines."),
    ],
)
def test_a_table_that_cannot_be_is_refused_in_a_sentence(text: str, code: str, said: str) -> None:
    with pytest.raises(Refused) as caught:
        read(text)

    assert [each.code for each in caught.value.refusals] == [code]
    assert caught.value.refusals[0].en.startswith(said)


def test_every_wrong_line_is_named_at_once() -> None:
    wrong = ("2028-01-01,holiday", "2027-13-01,holiday", "2027-03-08,off", "2027-03-09,make_up", "2027-10-01,rest")
    text = notice() + "\n".join(wrong)

    with refused("OTHER_YEAR", "NO_DATE", "UNKNOWN_KIND", "DAY_TWICE", "NOT_OF_ITS_WEEKDAY", "NOT_MADE_UP"):
        read(text)


def test_a_zones_own_days_need_not_be_a_whole_year() -> None:
    own = arrangement(lines_in("2027-04-08,holiday,三月三\n2027-05-03,working,\n"), 2027, whole=False)

    assert own == {date(2027, 4, 8): Day(DayKind.HOLIDAY, "三月三"), date(2027, 5, 3): Day(DayKind.WORKING)}
