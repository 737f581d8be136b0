"""The clock of a record as the kernel keeps it: a deadline starts with its state and ends with it, lights follow."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from domain import rows
from domain.clock import OFFICE_ZONE
from domain.deadlines import (
    AGREED,
    CLOCK,
    LIGHTS,
    Extension,
    Timed,
    own_lights,
    reckoned,
    spans_of,
    warned,
    worst_of,
    written,
)
from domain.records import Record
from domain.viewers import NOBODY
from workflows.changes import Change, subject_of
from workflows.flow import FLOWS, Held

Lights = tuple[Any, Any, Any]


async def keep_time(change: Change, record: Record, subject: Record) -> None:
    """Called for every move once the record is where it goes: a deadline may hang on the record's own state, or on what
    its parts count up on the subject."""
    concerned = [each for each in dict.fromkeys((record, subject)) if isinstance(each, Timed)]
    for each in concerned:
        await _keep(change, each)
    if isinstance(record, Timed) and record is not subject and _lights(record) != _own(record):
        _shine(record, _own(record))
    elif not any(_touched(change, each) for each in concerned if each is subject):
        return
    if isinstance(subject, Timed):
        red_at = subject.red_at
        _shine(subject, worst_of([_own(subject), *await _of_parts(change, subject)]))
        if subject.red_at != red_at:
            await _escalate_after(change, subject)


async def recount(change: Change, record: Timed) -> None:
    """Reckon the deadline anew from when it started, its limit, pauses and extensions."""
    start, limit = record.clock_started_at, record.limit_text
    if start is None or limit is None:
        return
    zone_id: UUID = getattr(record, "zone_id")  # noqa: B009
    rules = await change.rules_in(zone_id)
    calendar = (await change.calendar_in(zone_id)).open_at(rules.stood("office_hours", start))
    due = reckoned(calendar, start, limit, spans_of(record))
    record.due_at, record.provisional = due.at, due.provisional
    record.due_earliest, record.due_latest = due.earliest, due.latest
    record.warn_at = warned(calendar, start, due.at, limit, rules)
    record.calendar_version = calendar.version


def adopt(record: Any, at: datetime) -> None:
    """A date agreed on before deadlines kept their clock: it is taken as agreed at `at`, and so is one asked for."""
    if record.due_at is None or record.limit_text is not None:
        return
    record.limit_name, record.limit_text, record.clock_started_at = AGREED, _day(record.due_at), at
    if getattr(record, "extension_due_at", None):
        until = date.fromisoformat(_day(record.extension_due_at))
        record.clock_spans = written([*spans_of(record), Extension(at, until, "", NOBODY)])


async def promise(change: Change, record: Timed, day: str) -> None:
    """A deadline that a person sets: the end of a day, from now on."""
    end(record)
    record.limit_name, record.limit_text, record.clock_started_at = AGREED, day, change.at
    record.agreed_by = change.viewer.person_id
    await recount(change, record)


def end(record: Timed) -> None:
    """No deadline runs any more."""
    for column in CLOCK:
        setattr(record, column, False if column == "provisional" else None)


async def _keep(change: Change, record: Timed) -> None:
    names = FLOWS[type(record)].limit(record)
    if isinstance(names, Held) or (names and names[0] == record.limit_name):
        return
    if names is None:
        if record.limit_name is not None:
            end(record)
        return
    rules = await change.rules_in(getattr(record, "zone_id"))  # noqa: B009
    # The same limit under another name, as when a case changes its category: it goes on from where it started.
    if not (record.limit_name or "").startswith(names[-1]):
        end(record)
        record.clock_started_at = change.at
    record.limit_name = names[0]
    name = next((each for each in names if rules[each]), None)
    record.limit_text = rules[name] if name else None
    record.rule_id = rules.settings.get(name) if name else None
    await recount(change, record)


async def _escalate_after(change: Change, subject: Any) -> None:
    """From when on the clock sends an overdue record up, where it can be and the zone wants it."""
    if "escalate_at" in subject.columns():
        later = (await change.rules_in(subject.zone_id))["escalate_after"]
        calendar = await change.calendar_in(subject.zone_id)
        subject.escalate_at = calendar.after(subject.red_at, later).at if later and subject.red_at else None


def _lights(record: Timed) -> Lights:
    return record.yellow_at, record.red_at, record.grey


def _own(record: Timed) -> Lights:
    kept = FLOWS[type(record)].limit(record) is Held.KEPT
    return (None, None, None) if kept else own_lights(record)


def _shine(record: Timed, lights: Lights) -> None:
    for column, value in zip(LIGHTS, lights, strict=True):
        setattr(record, column, value)


async def _of_parts(change: Change, subject: Timed) -> list[Lights]:
    """The lights of all that belongs to a subject, this change's own rows as they stand in it."""
    lights: dict[UUID, Lights] = {}
    parts = _parts(type(subject))
    if parts and change.tracked[subject.id].loaded:
        for row in await rows.found(_lights_of_parts(type(subject)), [subject.id, True] * len(parts)):
            grey = None if row["grey"] is None else bool(row["grey"])
            lights[rows.key_in(row["id"])] = (rows.instant_in(row["yellow_at"]), rows.instant_in(row["red_at"]), grey)
    for model in parts:
        for key, tracked in change.tracked.items():
            if isinstance(tracked.record, model) and subject_of(tracked.record)[1] == subject.id:
                lights[key] = _lights(tracked.record)
    return list(lights.values())


@cache
def _lights_of_parts(model: type[Timed]) -> str:
    return " UNION ALL ".join(
        f'SELECT "id", "yellow_at", "red_at", "grey" FROM "{part.kind()}" WHERE "{part.subject}_id" = ? AND '
        f'("red_at" IS NOT NULL OR "grey" = ?)' for part in _parts(model)
    )


@cache
def _parts(model: type[Timed]) -> list[type[Timed]]:
    return [part for part in FLOWS if issubclass(part, Timed) and part.subject and _subject(part) is model]


def _subject(part: type[Timed]) -> Any:
    return getattr(part._meta.fields_map[str(part.subject)], "related_model")  # noqa: B009


def _day(at: datetime) -> str:
    return at.astimezone(OFFICE_ZONE).date().isoformat()


def _touched(change: Change, record: Timed) -> bool:
    recorded = change.tracked[record.id].recorded
    return any((recorded.get(name) or None) != (getattr(record, name) or None) for name in CLOCK)
