"""Spans: one row for every stay of a record in a state, from the entry that began it to the one that ended it.

Spans are derived: the kernel keeps them in the change that moves the record, `spans_of` gives the same rows from the
history alone, and nothing else writes them. A record that is only kept on the books (`Kept`) stays nowhere.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from domain.records import Kept


class Held(NamedTuple):
    """What a record held last while it stayed: its deadline, its department, the person who answers for it."""

    due_at: datetime | None
    department_id: UUID | None
    person_id: UUID | None

    @classmethod
    def by(cls, columns: Mapping[str, Any]) -> Held:
        """As the record's columns say, those of a row or those of its history."""
        due, department = columns.get("due_at"), columns.get("department_id")
        person = columns.get("person_id") or columns.get("owner_id")
        return cls(datetime.fromisoformat(due) if isinstance(due, str) else due, _key(department), _key(person))


class Span(Model):
    """One stay. Its id is that of the entry that began it; `left_at` is null while it lasts.

    `due_at`, `department_id` and `person_id` (for a case its companion) are the record's own for as long as it stays,
    and then as they stood when the state was left. It was late if it lasted beyond `due_at`.
    """

    id: UUID = fields.UUIDField(primary_key=True)
    zone_id: UUID = fields.UUIDField()
    subject_kind = fields.CharField(max_length=40)
    subject_id: UUID = fields.UUIDField()
    record_kind = fields.CharField(max_length=40)
    record_id: UUID = fields.UUIDField()
    state = fields.CharField(max_length=20)
    entered_at = fields.DatetimeField()
    left_at: datetime | None = fields.DatetimeField(null=True)
    due_at: datetime | None = fields.DatetimeField(null=True)
    department_id: UUID | None = fields.UUIDField(null=True)
    person_id: UUID | None = fields.UUIDField(null=True)

    class Meta:
        table = "span"
        indexes = (("record_id", "left_at"), ("subject_id", "record_kind", "state"), ("left_at", "due_at"))


class Moved(Protocol):
    """What must be known of a move; an `Entry` says it."""

    id: UUID
    zone_id: UUID
    subject_kind: str
    subject_id: UUID
    record_kind: str
    record_id: UUID
    source: str | None
    target: str | None
    at: datetime
    changes: str


@dataclass
class Stays:
    """Follows moves one after another: the stays that began, and the ends of stays that began before."""

    begun: dict[UUID, Span] = field(default_factory=dict)
    ended: list[Span] = field(default_factory=list)
    left: dict[UUID, tuple[datetime, Held]] = field(default_factory=dict)

    def follow(self, moved: Moved, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
        """One move of a record, whose columns were `before` and are `now`."""
        if moved.source == moved.target:
            return
        if stay := self.begun.pop(moved.record_id, None):
            stay.left_at = moved.at
            self.ended.append(_holding(stay, before))
        elif moved.source is not None:
            self.left[moved.record_id] = moved.at, Held.by(before)
        if moved.target not in (None, Kept.KEPT):
            self.begun[moved.record_id] = _begun(moved, now)

    def settled(self, columns: Mapping[UUID, Mapping[str, Any]]) -> list[Span]:
        """Every stay that began, given the columns in the end of the records that still stay."""
        return [*self.ended, *(_holding(stay, columns[record_id]) for record_id, stay in self.begun.items())]

    async def write(self, loaded: Mapping[UUID, Mapping[str, Any]], columns: Mapping[UUID, Mapping[str, Any]]) -> None:
        """Keep the table in step, given the columns of records as they were loaded and as they are in the end."""
        alike: defaultdict[tuple[datetime | None, Held], list[UUID]] = defaultdict(list)
        for record_id, (at, held) in self.left.items():
            alike[at, held].append(record_id)
        for record_id, before in loaded.items():
            held = Held.by(columns[record_id])
            if before.get("state") and record_id not in self.left and Held.by(before) != held:
                alike[None, held].append(record_id)
        for (left_at, held), ids in alike.items():
            await Span.filter(record_id__in=ids, left_at__isnull=True).update(left_at=left_at, **held._asdict())
        if began := self.settled(columns):
            await Span.bulk_create(began)


def spans_of(entries: Iterable[Moved]) -> list[Span]:
    """The spans that whole histories come to, each history in its order. Reads nothing else."""
    stays = Stays()
    columns: defaultdict[UUID, dict[str, Any]] = defaultdict(dict)
    for entry in entries:
        before = dict(columns[entry.record_id])
        for record, touched in json.loads(entry.changes).items():
            columns[UUID(record.partition("/")[2])] |= {name: pair[1] for name, pair in touched.items()}
        stays.follow(entry, before, columns[entry.record_id])
    return stays.settled(columns)


def _begun(moved: Moved, now: Mapping[str, Any]) -> Span:
    return Span(
        id=moved.id, zone_id=moved.zone_id, subject_kind=moved.subject_kind, subject_id=moved.subject_id,
        record_kind=moved.record_kind, record_id=moved.record_id, state=moved.target, entered_at=moved.at,
        **Held.by(now)._asdict(),
    )


def _holding(stay: Span, columns: Mapping[str, Any]) -> Span:
    stay.due_at, stay.department_id, stay.person_id = Held.by(columns)
    return stay


def _key(value: Any) -> UUID | None:
    return UUID(value) if isinstance(value, str) else value
