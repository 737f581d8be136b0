"""Counting by the calendar: published vectors, laws that hold for any start and limit, and what is not yet known."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import chinese_calendar  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as some

from domain.calendar import Calendar, Day, DayKind, OfficeHours, end_of, shipped
from domain.clock import OFFICE_ZONE
from domain.refusals import Refused

STATE = shipped()
SINCE_2008 = range(2008, 2027)
DECREED = {date(2015, 9, 3), date(2015, 9, 4), date(2015, 9, 6)}  # an extra holiday no law announced
DAYS = some.dates(date(2004, 1, 1), date(2026, 12, 31))
EARLY_DAYS = some.dates(date(2004, 1, 1), date(2023, 12, 31))
COUNTS = some.integers(1, 300)
INSTANTS = some.datetimes(datetime(2004, 1, 1), datetime(2026, 6, 30), timezones=some.just(UTC))
HOURS = some.integers(1, 200)


def at(day: str, clock: str = "10:00") -> datetime:
    return datetime.combine(date.fromisoformat(day), time.fromisoformat(clock), OFFICE_ZONE)


def without(*years: int) -> Calendar:
    """The state's calendar as it was before these years were published."""
    special = {day: what for day, what in STATE.special.items() if day.year not in years}
    return Calendar(STATE.version - len(years), STATE.years - set(years), special)


def the_year(year: int) -> list[date]:
    return [date(year, 1, 1) + timedelta(days=n) for n in range((date(year + 1, 1, 1) - date(year, 1, 1)).days)]


@pytest.mark.parametrize(
    ("start", "days", "ends"),
    [
        ("2023-09-28", 5, "2023-10-11"),
        ("2023-09-28", 7, "2023-10-13"),
        ("2024-02-08", 7, "2024-02-23"),
        ("2026-02-13", 5, "2026-02-27"),
        ("2026-09-18", 5, "2026-09-24"),
        ("2026-02-13", 1, "2026-02-14"),
    ],
)
def test_working_days_skip_the_holidays_and_count_the_make_up_days(start: str, days: int, ends: str) -> None:
    assert STATE.add_working_days(date.fromisoformat(start), days) == date.fromisoformat(ends)
    assert STATE.after(at(start), f"{days}wd").at == end_of(date.fromisoformat(ends))


@pytest.mark.parametrize(
    ("year", "days"), [(2021, 250), (2022, 249), (2023, 249), (2024, 251), (2025, 248), (2026, 248)]
)
def test_a_year_has_the_working_days_the_state_council_gave_it(year: int, days: int) -> None:
    assert STATE.working_days_between(date(year - 1, 12, 31), date(year, 12, 31)) == days


def test_the_make_up_days_of_2026_are_those_of_the_notice() -> None:
    made_up = [f"{day:%m-%d}" for day in the_year(2026) if STATE.kind(day) is DayKind.MAKE_UP]

    assert made_up == ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"]


def test_every_day_since_2004_is_what_another_reading_of_the_notices_has() -> None:
    days = [day for year in range(2004, 2027) for day in the_year(year)]

    assert [day for day in days if STATE.is_working(day) is not chinese_calendar.is_workday(day)] == []


@given(DAYS, COUNTS, COUNTS)
def test_a_longer_limit_ends_later_and_limits_add_up(start: date, some_days: int, more: int) -> None:
    ends = STATE.add_working_days(start, some_days)

    assert STATE.add_working_days(start, some_days + more) > ends > start
    assert STATE.add_working_days(start, some_days + more) == STATE.add_working_days(ends, more)


@given(DAYS, DAYS, COUNTS)
def test_a_later_start_never_ends_earlier(one: date, other: date, days: int) -> None:
    earlier, later = sorted((one, other))

    assert STATE.add_working_days(earlier, days) <= STATE.add_working_days(later, days)


@given(DAYS, COUNTS)
def test_a_limit_never_ends_on_a_day_of_rest(start: date, days: int) -> None:
    assert STATE.is_working(STATE.add_working_days(start, days))


@given(EARLY_DAYS, COUNTS)
def test_adding_is_the_inverse_of_counting(start: date, days: int) -> None:
    ends = STATE.add_working_days(start, days)

    assert STATE.working_days_between(start, ends) == days
    back = STATE.add_working_days(ends, -days)
    assert back == start if STATE.is_working(start) else back < start


@given(INSTANTS, HOURS, HOURS)
def test_working_hours_add_up_and_lie_within_office_hours(start: datetime, some_hours: int, more: int) -> None:
    ends = STATE.after(start, f"{some_hours}wh").at

    assert STATE.after(ends, f"{more}wh").at == STATE.after(start, f"{some_hours + more}wh").at
    assert worked(start, ends) == timedelta(hours=some_hours)
    assert STATE.is_working(ends.astimezone(OFFICE_ZONE).date())
    assert worked(STATE.before(ends, f"{some_hours}wh"), ends) == timedelta(hours=some_hours)


def worked(since: datetime, until: datetime) -> timedelta:
    first, last = (each.astimezone(OFFICE_ZONE).date() for each in (since, until))
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return sum((STATE.worked_on(day, since, until) for day in days), timedelta())


@pytest.mark.parametrize(
    ("start", "limit", "ends"),
    [
        (at("2026-03-02", "10:00"), "2h", at("2026-03-02", "12:00")),
        (at("2026-03-02", "10:00"), "2wh", at("2026-03-02", "12:00")),
        (at("2026-03-02", "11:00"), "2wh", at("2026-03-02", "14:00")),  # over lunch
        (at("2026-03-02", "12:30"), "1wh", at("2026-03-02", "14:00")),  # begun at lunch
        (at("2026-03-02", "07:00"), "1wh", at("2026-03-02", "10:00")),  # before the office opens
        (at("2026-03-02", "18:00"), "1wh", at("2026-03-03", "10:00")),  # as it closes
        (at("2026-03-06", "17:00"), "2wh", at("2026-03-09", "10:00")),  # over a weekend
        (at("2026-03-07", "11:00"), "8wh", at("2026-03-09", "18:00")),  # on a Saturday: the whole of Monday
        (at("2026-02-13", "17:00"), "9wh", at("2026-02-14", "18:00")),  # Saturday makes up for the festival
        (at("2026-02-14", "17:00"), "2wh", at("2026-02-24", "10:00")),  # over the Spring Festival
        (at("2026-03-02", "23:30"), "24h", at("2026-03-03", "23:30")),
        (at("2026-02-13"), "30d", end_of(date(2026, 3, 15))),
        (datetime(2026, 3, 2, 17, tzinfo=UTC), "1wd", end_of(date(2026, 3, 4))),  # already Tuesday in Beijing
    ],
)
def test_a_limit_in_hours_runs_in_office_hours_or_round_the_clock(start: datetime, limit: str, ends: datetime) -> None:
    assert STATE.after(start, limit).at == ends


def test_a_zone_has_office_hours_of_its_own() -> None:
    calendar = STATE.open_at("08:30-12:00,14:00-17:30")

    assert calendar.after(at("2026-03-02", "11:30"), "1wh").at == at("2026-03-02", "14:30")
    assert calendar.after(at("2026-03-02", "08:30"), "7wh").at == at("2026-03-02", "17:30")


@pytest.mark.parametrize("hours", ["", "9-12", "09:00-09:00", "12:00-09:00", "09:00-12:00,11:00-18:00", "09:00-24:00"])
def test_office_hours_are_spans_in_order(hours: str) -> None:
    with pytest.raises(Refused, match="BAD_INPUT"):
        OfficeHours.of(hours)


@pytest.mark.parametrize(
    ("due", "notice", "latest"),
    [
        (end_of(date(2026, 2, 24)), "1wd", end_of(date(2026, 2, 14))),
        (end_of(date(2026, 2, 24)), "10d", end_of(date(2026, 2, 14))),
        (end_of(date(2026, 2, 24)), "24h", end_of(date(2026, 2, 23))),
        (end_of(date(2026, 2, 24)), "8wh", at("2026-02-24", "09:00")),
        (at("2026-02-24", "10:00"), "2wh", at("2026-02-14", "17:00")),
    ],
)
def test_the_last_moment_before_is_counted_back_the_same_way(due: datetime, notice: str, latest: datetime) -> None:
    assert STATE.before(due, notice) == latest


@pytest.mark.parametrize(
    "limit", ["", "0d", "-1d", "1w", "99999d", "1 d", "d", "１d", "0wd", "751wd", "3650d", "10000wh", "99999h"]
)
def test_a_limit_is_written_in_one_of_four_ways_and_lasts_three_years_at_most(limit: str) -> None:
    with pytest.raises(Refused, match="BAD_INPUT"):
        STATE.after(at("2026-03-02"), limit)


def test_what_needs_an_unpublished_year_is_provisional_and_says_what_it_can_become() -> None:
    within, beyond = STATE.after(at("2026-12-28"), "3wd"), STATE.after(at("2026-12-28"), "7wd")

    assert not within.provisional and within.at == within.earliest == within.latest == end_of(date(2026, 12, 31))
    assert beyond.provisional
    assert [each.date() for each in (beyond.earliest, beyond.at, beyond.latest)] == [
        date(2027, 1, 5), date(2027, 1, 7), date(2027, 1, 8)
    ]


@pytest.mark.parametrize(
    ("start", "limit", "provisional"),
    [
        ("2026-12-31", "1wd", True),
        ("2027-06-01", "1wd", True),
        ("2026-12-31", "7wh", False),  # from ten o'clock, seven hours are left of the year
        ("2026-12-31", "8wh", True),
        ("2026-12-31", "30d", False),  # no arrangement moves a calendar day
        ("2026-12-31", "72h", False),
    ],
)
def test_only_what_counts_days_of_an_unpublished_year_is_provisional(start: str, limit: str, provisional: bool) -> None:
    assert STATE.after(at(start), limit).provisional is provisional


@pytest.mark.parametrize("year", SINCE_2008)
def test_before_a_year_was_published_it_was_known_which_days_had_to_be_and_could_be_worked(year: int) -> None:
    unpublished = without(year)

    wrong = [
        day for day in the_year(year)
        if not unpublished.must_work(day) <= STATE.is_working(day) <= unpublished.may_work(day)
    ]

    assert set(wrong) == {day for day in DECREED if day.year == year}


@given(some.sampled_from([year for year in SINCE_2008 if year != 2015]), some.integers(0, 400), some.data())
def test_a_provisional_deadline_becomes_no_earlier_and_no_later_than_it_said(
    year: int, days_before: int, data: some.DataObject
) -> None:
    unpublished, start = without(year), at(f"{year}-01-20") - timedelta(days=days_before % 60)
    limit = data.draw(some.sampled_from(["1wd", "5wd", "20wd", "60wd", "120wd", "8wh", "100wh"]))

    foreseen, known = unpublished.after(start, limit), STATE.after(start, limit)

    assert foreseen.earliest <= known.at <= foreseen.latest
    assert foreseen.earliest <= foreseen.at <= foreseen.latest
    assert foreseen.provisional or foreseen.at == known.at


def test_a_day_of_its_own_counts_in_a_zone_even_before_the_year_is_published() -> None:
    own = {**STATE.special, date(2027, 4, 8): Day(DayKind.HOLIDAY, "三月三")}
    zone = Calendar(STATE.version + 1, STATE.years, own)

    assert zone.add_working_days(date(2027, 4, 7), 1) == date(2027, 4, 9)
    assert not zone.may_work(date(2027, 4, 8))


def test_a_limit_explains_itself_day_by_day() -> None:
    lines = STATE.explain(at("2026-02-13"), "2wd")

    assert [line.day for line in lines] == [date(2026, 2, 13) + timedelta(days=n) for n in range(12)]
    assert [f"{line.day:%m-%d}" for line in lines if line.counted] == ["02-14", "02-24"]
    assert [lines[n].zh for n in (0, 1, 2, 11)] == [
        "起算日，不计入", "春节调休上班，第1个工作日", "春节放假", "周二工作日，第2个工作日"
    ]
    assert lines[1].en == "worked to make up for Spring Festival, number 1"


def test_an_explanation_in_hours_says_how_many_of_each_day_counted() -> None:
    lines = STATE.explain(at("2026-03-06", "16:30"), "3wh")

    assert [(f"{line.day:%m-%d}", line.counted) for line in lines] == [
        ("03-06", True), ("03-07", False), ("03-08", False), ("03-09", True)
    ]
    assert [line.zh for line in lines] == [
        "周五工作日，计入1小时30分", "周六休息", "周日休息", "周一工作日，计入1小时30分"
    ]
    assert [line.counted for line in STATE.explain(at("2026-03-07", "20:00"), "8h")] == [True, True]


def test_an_explanation_says_what_is_only_presumed() -> None:
    lines = STATE.explain(at("2026-12-31"), "1wd")

    assert lines[-1].day == date(2027, 1, 4)
    assert lines[1].zh == "元旦放假（2027年安排未公布，暂计）"
    assert lines[1].en == "holiday: New Year (presumed: 2027 is not published)"


@given(INSTANTS, some.sampled_from(["1wd", "7wd", "30d", "8wh", "24h"]))
def test_an_explanation_ends_where_the_limit_does_and_counts_as_much(start: datetime, limit: str) -> None:
    lines = STATE.explain(start, limit)

    assert lines[-1].day == STATE.after(start, limit).at.astimezone(OFFICE_ZONE).date()
    if limit.endswith("d"):
        assert sum(line.counted for line in lines) == int(limit.rstrip("wd"))
