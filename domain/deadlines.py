"""Deadlines 时限: one running deadline of a record, reckoned from a limit over pauses and extensions, and its light."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q

from domain.calendar import Calendar, Moment, Unit, end_of, parsed
from domain.clock import OFFICE_ZONE
from domain.records import Record
from domain.words import Word


class Light(Word):
    """红黄绿灯: how a deadline stands at this moment. Derived when read, never stored."""

    GREEN = "green", "绿灯", "In time"
    YELLOW = "yellow", "黄灯", "Due soon"
    RED = "red", "红灯", "Overdue"
    GREY = "grey", "灰灯", "Cannot be said: provisional, or the clock stands still"


class PauseCause(Word):
    """挂起原因: what a paused clock waits for."""

    ENTERPRISE = "enterprise", "待企业补充", "Waiting for the enterprise"
    HIGHER_LEVEL = "higher_level", "待上级批复", "Waiting for a higher level"
    OTHERS = "others", "待其他单位", "Waiting for others outside the zone"
    OTHER = "other", "其他原因", "For another reason, as stated"


class Timed(Record):
    """A record with a deadline. At most one runs at a time: that of the state it is in, by its flow's `limits`.

    `limit_name` says which limit runs ("sign", "agreed" for a date somebody promised), `limit_text` how long it is
    ("5wd", or the promised day); `rule_id` is the zone's setting, null where the default holds, and `agreed_by` who
    promised the day. `clock_spans` is a JSON list of `Pause` and `Extension`. `due_earliest` and `due_latest` bound a
    `provisional` deadline. From `yellow_at` and `red_at` on the light is yellow and red, unless `grey`; of a record
    with timed parts these three speak for the worst among itself and them.
    """

    due_at: datetime | None = fields.DatetimeField(null=True)
    warn_at: datetime | None = fields.DatetimeField(null=True)
    provisional = fields.BooleanField(default=False, db_default=False)
    due_earliest: datetime | None = fields.DatetimeField(null=True)
    due_latest: datetime | None = fields.DatetimeField(null=True)
    limit_name = fields.CharField(max_length=60, null=True)
    limit_text = fields.CharField(max_length=20, null=True)
    rule_id: UUID | None = fields.UUIDField(null=True)
    agreed_by: UUID | None = fields.UUIDField(null=True)
    calendar_version: int | None = fields.IntField(null=True)
    clock_started_at: datetime | None = fields.DatetimeField(null=True)
    clock_spans: str | None = fields.TextField(null=True)
    yellow_at: datetime | None = fields.DatetimeField(null=True)
    red_at: datetime | None = fields.DatetimeField(null=True)
    grey = fields.BooleanField(null=True)

    class Meta:
        abstract = True


LIT = ("zone_id", "grey", "red_at", "yellow_at")
"""The index of every timed table, by which lights are found and counted."""
LIGHTS = ("yellow_at", "red_at", "grey")
CLOCK = (
    "due_at", "warn_at", "provisional", "due_earliest", "due_latest", "limit_name", "limit_text", "rule_id",
    "agreed_by", "calendar_version", "clock_started_at", "clock_spans",
)
"""The columns of a running deadline."""
AGREED = "agreed"
AT_ONCE = 500


@dataclass(frozen=True)
class Pause:
    """The clock stood still `since` an instant; `until` is null while it still does."""

    since: datetime
    until: datetime | None
    cause: PauseCause
    reason: str
    by: UUID


@dataclass(frozen=True)
class Extension:
    """A later day asked for; `granted_at` is null while nobody has decided."""

    asked_at: datetime
    until: date
    reason: str
    by: UUID
    granted_at: datetime | None = None
    granted_by: UUID | None = None


Span = Pause | Extension


def spans_of(record: Any) -> list[Span]:
    return [_read(each) for each in json.loads(record.clock_spans or "[]")]


def written(spans: Sequence[Span]) -> str | None:
    """As `clock_spans` keeps them."""
    told = [{"kind": type(each).__name__.lower(), **asdict(each)} for each in spans]
    return json.dumps(told, default=_plain, ensure_ascii=False, sort_keys=True) if told else None


def pauses_in(spans: Sequence[Span]) -> list[Pause]:
    return [each for each in spans if isinstance(each, Pause)]


def granted_in(spans: Sequence[Span]) -> list[Extension]:
    return [each for each in spans if isinstance(each, Extension) and each.granted_at]


def asked_in(spans: Sequence[Span]) -> Extension | None:
    """The extension nobody has decided on yet."""
    return next((each for each in spans if isinstance(each, Extension) and not each.granted_at), None)


def stands_still(record: Any) -> bool:
    return any(pause.until is None for pause in pauses_in(spans_of(record)))


def reckoned(calendar: Calendar, start: datetime, limit: str, spans: Sequence[Span] = ()) -> Moment:
    """When a limit runs out. An extension granted takes the place of all before it: a day promised when it was asked.

    A day counts when the clock ran at its beginning; the deadline is the end of the first working day at whose end the
    clock runs and as many are counted as the limit says. A promised day moves on by the working days that stood still,
    a limit in calendar days by those, one in hours by the hours. What had passed before a pause stays where it was.
    """
    if granted := granted_in(spans):
        start, limit = granted[-1].asked_at, granted[-1].until.isoformat()
    measure = _measure(limit)
    stood: Any = measure.nothing
    due = measure.after(calendar, start, stood)
    for pause in pauses_in(spans):
        since = max(pause.since, start)
        if pause.until and since < pause.until and since < due.at:
            stood += measure.still(calendar, since, pause.until)
            due = measure.clear_of(calendar, pause.until, measure.after(calendar, start, stood))
    return due


def warned(calendar: Calendar, start: datetime, due: datetime, limit: str, rules: Any) -> datetime:
    """From when on a deadline is near: as the zone's rules say, but not before half of its time has gone."""
    in_hours = isinstance(_measure(limit), _Hours)
    notice = rules["warn_before_hours" if in_hours else "warn_before"]
    return max(calendar.before(due, notice), start + (due - start) / 2)


def own_lights(record: Any) -> tuple[datetime | None, datetime | None, bool | None]:
    """What the record's own deadline makes of `yellow_at`, `red_at` and `grey`."""
    if record.due_at is None:
        return None, None, None
    if pause := next((each for each in pauses_in(spans_of(record)) if each.until is None), None):
        over = record.due_latest or record.due_at  # what was overdue before its clock stopped stays so
        return None, over if over < pause.since else None, True
    if record.provisional:
        return None, record.due_latest, True
    return record.warn_at, record.due_at, False


def worst_of(lights: Sequence[tuple[datetime | None, datetime | None, bool | None]]) -> tuple[Any, Any, Any]:
    """The lights of several deadlines as one: the first to turn yellow, the first to turn red, any that is grey."""
    yellow, red, grey = zip(*lights, strict=True)
    known = [each for each in grey if each is not None]
    return min(filter(None, yellow), default=None), min(filter(None, red), default=None), any(known) if known else None


def light_of(record: Any, at: datetime) -> Light | None:
    """Red is worse than yellow, yellow than grey; no light where nothing runs."""
    if record.red_at and record.red_at < at:
        return Light.RED
    if record.yellow_at and record.yellow_at < at:
        return Light.YELLOW
    if record.grey is None:
        return None
    return Light.GREY if record.grey else Light.GREEN


def lit(light: Light, at: datetime) -> Q:
    """The condition under which `light_of` says so."""
    running = Q(grey__in=(True, False))  # the first column after the zone of the index that all of these use
    if light is Light.RED:
        return running & Q(red_at__lt=at)
    not_red = Q(red_at__isnull=True) | Q(red_at__gte=at)
    if light is Light.YELLOW:
        return running & Q(yellow_at__lt=at) & not_red
    not_yellow = Q(yellow_at__isnull=True) | Q(yellow_at__gte=at)
    return Q(grey=light is Light.GREY) & not_red & not_yellow


@dataclass(frozen=True)
class _Days:
    """A limit in days, which end with the last of them; `promised` for a day somebody named."""

    count: int
    unit: Unit
    promised: date | None = None
    nothing = 0

    def after(self, calendar: Calendar, start: datetime, stood: int) -> Moment:
        if self.promised is None:
            return _later(calendar, start, self.count + stood, self.unit)
        end = end_of(self.promised)
        return _later(calendar, end, stood, self.unit) if stood else Moment(end, False, end, end)

    def still(self, calendar: Calendar, since: datetime, until: datetime) -> int:
        first, last = _day(since), _day(until)
        return calendar.working_days_between(first, last) if self.unit is Unit.WORKING_DAYS else (last - first).days

    def clear_of(self, calendar: Calendar, until: datetime, due: Moment) -> Moment:
        """Not while the clock stood still: then the first day on which it ran to the end."""
        if due.at >= until:
            return due
        last_lost = _day(until) - timedelta(days=end_of(_day(until)) >= until)
        return _later(calendar, end_of(last_lost), 1, self.unit)


@dataclass(frozen=True)
class _Hours:
    """A limit in hours, of the clock or of the office."""

    count: int
    unit: Unit
    nothing = timedelta()

    def after(self, calendar: Calendar, start: datetime, stood: timedelta) -> Moment:
        hours = timedelta(hours=self.count) + stood
        if self.unit is Unit.WORKING_HOURS:
            return calendar.after_office_hours(start, hours)
        return Moment(start + hours, False, start + hours, start + hours)

    def still(self, calendar: Calendar, since: datetime, until: datetime) -> timedelta:
        if self.unit is Unit.HOURS:
            return until - since
        days = ((_day(since) + timedelta(days=n)) for n in range((_day(until) - _day(since)).days + 1))
        return sum((calendar.worked_on(day, since, until) for day in days), timedelta())

    def clear_of(self, calendar: Calendar, until: datetime, due: Moment) -> Moment:
        return due


def _measure(limit: str) -> _Days | _Hours:
    if "-" in limit:
        return _Days(0, Unit.WORKING_DAYS, date.fromisoformat(limit))
    count, unit = parsed(limit)
    return (_Hours if unit in (Unit.HOURS, Unit.WORKING_HOURS) else _Days)(count, unit)


def _later(calendar: Calendar, start: datetime, days: int, unit: Unit) -> Moment:
    """Any number of days on: a calendar counts no more than some hundred at once."""
    while days > AT_ONCE:
        start, days = calendar.after(start, f"{AT_ONCE}{unit.value}").at, days - AT_ONCE
    return calendar.after(start, f"{days}{unit.value}")


def _day(at: datetime) -> date:
    return at.astimezone(OFFICE_ZONE).date()


def _plain(value: Any) -> str:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value)


def _read(told: dict[str, Any]) -> Span:
    if told["kind"] == "pause":
        return Pause(
            datetime.fromisoformat(told["since"]), _instant(told["until"]), PauseCause.of(told["cause"]),
            told["reason"], UUID(told["by"]),
        )
    return Extension(
        datetime.fromisoformat(told["asked_at"]), date.fromisoformat(told["until"]), told["reason"], UUID(told["by"]),
        _instant(told["granted_at"]), UUID(told["granted_by"]) if told["granted_by"] else None,
    )


def _instant(told: str | None) -> datetime | None:
    return datetime.fromisoformat(told) if told else None
