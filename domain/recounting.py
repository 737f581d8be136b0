"""A deadline explained: every day from its start to its end, those included on which the clock stood still."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from domain.calendar import Calendar, CountedDay, Unit, parsed
from domain.calendar.explanations import line, why
from domain.clock import OFFICE_ZONE
from domain.deadlines import Pause, Span, granted_in, pauses_in

LONGEST = 1_200  # days told; a promise lies at most three years ahead


def explained(
    calendar: Calendar, start: datetime, limit: str, spans: Sequence[Span], due: datetime
) -> list[CountedDay]:
    """The days of a deadline as `domain.deadlines.reckoned` counts them; `due` is where it came out."""
    first = _day(start)
    days = (first + timedelta(days=n) for n in range(min((_day(due) - first).days, LONGEST) + 1))
    unit = Unit.WORKING_DAYS if "-" in limit else parsed(limit).unit
    if unit in (Unit.HOURS, Unit.WORKING_HOURS) and not granted_in(spans):
        return [_by_hours(calendar, day, start, due, unit, pauses_in(spans)) for day in days]
    return list(_by_days(calendar, days, unit, spans))


def _by_days(calendar: Calendar, days: Iterator[date], unit: Unit, spans: Sequence[Span]) -> Iterator[CountedDay]:
    first, count = next(days), 0
    yield _told(calendar, first, False, ["起算日，不计入"], ["day of the start, not counted"], spans)
    for day in days:
        zh, en = why(calendar, day)
        paused = next((each for each in pauses_in(spans) if _stands_still(each, day)), None)
        counts = paused is None and (unit is Unit.DAYS or calendar.is_working(day))
        count += counts
        notes_zh, notes_en = [zh], [en]
        if paused:
            notes_zh.append(f"挂起不计（{paused.cause.zh}：{paused.reason}）")
            notes_en.append(f"not counted, the clock stands still ({paused.cause.en}: {paused.reason})")
        elif counts:
            notes_zh.append(f"第{count}个{unit.zh}")
            notes_en.append(f"number {count}")
        yield _told(calendar, day, counts, notes_zh, notes_en, spans)


def _told(
    calendar: Calendar, day: date, counts: bool, zh: list[str], en: list[str], spans: Sequence[Span]
) -> CountedDay:
    for extension in granted_in(spans):
        if extension.granted_at and _day(extension.granted_at) == day:
            zh = [*zh, f"同意延期至{extension.until}（{extension.reason}）"]
            en = [*en, f"extended until {extension.until} ({extension.reason})"]
    return line(calendar, day, counts, "，".join(zh), ", ".join(en))


def _by_hours(
    calendar: Calendar, day: date, start: datetime, due: datetime, unit: Unit, pauses: Sequence[Pause]
) -> CountedDay:
    midnight = datetime.combine(day, datetime.min.time(), OFFICE_ZONE)
    since, until = max(start, midnight), min(due, midnight + timedelta(days=1))
    lost = [(max(each.since, since), min(each.until or until, until)) for each in pauses]
    spans = [(since, until), *(each for each in lost if each[0] < each[1])]
    worked, *stood = (
        calendar.worked_on(day, *each) if unit is Unit.WORKING_HOURS else each[1] - each[0] for each in spans
    )
    zh, en = why(calendar, day)
    counted, still = worked - sum(stood, timedelta()), sum(stood, timedelta())
    for time, word_zh, word_en in ((counted, "计入", "counted"), (still, "挂起不计", "not counted, paused")):
        if time:
            hours, minutes = divmod(int(time.total_seconds()) // 60, 60)
            zh, en = f"{zh}，{word_zh}{hours}小时{minutes}分", f"{en}, {hours} h {minutes} min {word_en}"
    return line(calendar, day, bool(counted), zh, en)


def _stands_still(pause: Pause, day: date) -> bool:
    return _day(pause.since) < day and (pause.until is None or day <= _day(pause.until))


def _day(at: datetime) -> date:
    return at.astimezone(OFFICE_ZONE).date()
