"""A limit explained day by day: what each day is, whether it was counted, and why."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from domain.calendar import festivals
from domain.calendar.days import WEEKDAYS, CountedDay, DayKind
from domain.calendar.limits import Unit, parsed
from domain.clock import OFFICE_ZONE

if TYPE_CHECKING:
    from domain.calendar.counting import Calendar


def explained(calendar: Calendar, start: datetime, limit: str) -> list[CountedDay]:
    unit, ends = parsed(limit).unit, calendar.after(start, limit).at
    first, last = start.astimezone(OFFICE_ZONE).date(), ends.astimezone(OFFICE_ZONE).date()
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    if unit in (Unit.HOURS, Unit.WORKING_HOURS):
        return [_by_hours(calendar, day, start, ends, unit) for day in days]
    lines, count = [line(calendar, first, False, "起算日，不计入", "day of the start, not counted")], 0
    for day in days[1:]:
        counts = unit is Unit.DAYS or calendar.is_working(day)
        count += counts
        zh, en = why(calendar, day)
        told = (f"{zh}，第{count}个{unit.zh}", f"{en}, number {count}") if counts else (zh, en)
        lines.append(line(calendar, day, counts, *told))
    return lines


def _by_hours(calendar: Calendar, day: date, start: datetime, ends: datetime, unit: Unit) -> CountedDay:
    midnight = datetime.combine(day, datetime.min.time(), OFFICE_ZONE)
    worked = min(ends, midnight + timedelta(days=1)) - max(start, midnight)
    if unit is Unit.WORKING_HOURS:
        worked = calendar.worked_on(day, start, ends)
    zh, en = why(calendar, day)
    hours, minutes = divmod(int(worked.total_seconds()) // 60, 60)
    if worked:
        zh, en = f"{zh}，计入{hours}小时{minutes}分", f"{en}, {hours} h {minutes} min counted"
    return line(calendar, day, bool(worked), zh, en)


def why(calendar: Calendar, day: date) -> tuple[str, str]:
    kind, name = calendar.day(day)
    named = festivals.ENGLISH.get(name, name)
    match kind:
        case DayKind.HOLIDAY:
            return f"{name or '节假日'}放假", f"holiday: {named}" if name else "holiday"
        case DayKind.MAKE_UP:
            return f"{name}调休上班", f"worked to make up for {named}" if name else "worked to make up"
        case DayKind.REST:
            return f"{WEEKDAYS[day.weekday()]}休息", f"{day:%A}, day of rest"
        case _:
            return f"{WEEKDAYS[day.weekday()]}工作日", f"{day:%A}, working day"


def line(calendar: Calendar, day: date, counted: bool, zh: str, en: str) -> CountedDay:
    if not calendar.settled(day):
        zh, en = f"{zh}（{day.year}年安排未公布，暂计）", f"{en} (presumed: {day.year} is not published)"
    return CountedDay(day, calendar.kind(day), counted, zh, en)
