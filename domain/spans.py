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
from domain.writing import Writing, new


class Held(NamedTuple):
    """What a record held last while it stayed: its deadline, its department, the person who answers for it."""

    due_at: Any
    department_id: Any
    person_id: Any

    @classmethod
    def by(cls, columns: Mapping[str, Any]) -> Held:
        """As the record's columns say, those of a row or, in JSON form, those of its history."""
        person = columns.get("person_id") or columns.get("owner_id")
        return cls(columns.get("due_at"), columns.get("department_id"), person)


class Span(Model):
    """One stay. Its id is that of the entry that began it; `left_at` is null while it lasts.

    `due_at` is the last deadline that ran while it stayed. Where that ended before the state was left (the enterprise
    was called, someone was asked to lead), `met_at` says when. `department_id` and `person_id` (for a case its
    companion) are the record's own for as long as it stays, and then as they stood when the state was left.
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
    met_at: datetime | None = fields.DatetimeField(null=True)
    department_id: UUID | None = fields.UUIDField(null=True)
    person_id: UUID | None = fields.UUIDField(null=True)

    class Meta:
        table = "span"
        indexes = (("record_id", "left_at"), ("subject_id", "record_kind", "state"), ("left_at", "due_at"))


class Moved(Protocol):
    """What must be known of a move, as an `Entry` says it or in JSON form."""

    id: Any
    zone_id: Any
    subject_kind: str
    subject_id: Any
    record_kind: str
    record_id: Any
    source: str | None
    target: str | None
    at: Any
    changes: str


Touched = Mapping[Any, tuple[Mapping[str, Any], Mapping[str, Any]]]
"""Records by their key, each with its columns before and after a move."""
Stay = dict[str, Any]
"""The columns of a span."""


@dataclass
class Stays:
    """Follows moves one after another: the stays that began, and what became of those that began before."""

    begun: dict[Any, Stay] = field(default_factory=dict)
    ended: list[Stay] = field(default_factory=list)
    altered: defaultdict[Any, dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))

    def follow(self, moved: Moved, touched: Touched) -> None:
        """One move, with all it touched."""
        leaves = moved.source != moved.target
        for record_id, (before, now) in touched.items():
            if not (leaves and record_id == moved.record_id) and "state" in now:
                self._alter(record_id, _difference(Held.by(before), Held.by(now), moved.at))
        if not leaves:
            return
        if moved.source is not None:
            self._alter(moved.record_id, {"left_at": moved.at})
        if stay := self.begun.pop(moved.record_id, None):
            self.ended.append(stay)
        if moved.target not in (None, Kept.KEPT):
            self.begun[moved.record_id] = _begun(moved, touched[moved.record_id][1])

    def _alter(self, record_id: Any, columns: Mapping[str, Any]) -> None:
        if stay := self.begun.get(record_id):
            stay |= columns
        elif columns:
            self.altered[record_id] |= columns

    @property
    def new(self) -> list[Stay]:
        return [*self.ended, *self.begun.values()]

    def write(self, writing: Writing) -> None:
        """Keep the table in step, in few statements: stays that are altered alike are altered together."""
        alike: defaultdict[tuple[tuple[str, Any], ...], list[UUID]] = defaultdict(list)
        for record_id, columns in self.altered.items():
            alike[tuple(sorted(columns.items()))].append(record_id)
        for altered, ids in alike.items():
            changed = ", ".join(f'"{name}" = ?' for name, _ in altered)
            these = ", ".join("?" * len(ids))
            writing.add(
                f'UPDATE "span" SET {changed} WHERE "record_id" IN ({these}) AND "left_at" IS NULL',
                [*(value for _, value in altered), *ids],
            )
        writing.insert(new(Span, **each) for each in self.new)


def spans_of(entries: Iterable[Moved]) -> list[Span]:
    """The spans that whole histories come to, each history in its order. Reads nothing else."""
    stays = Stays()
    columns: defaultdict[UUID, dict[str, Any]] = defaultdict(dict)
    for entry in entries:
        touched = {entry.record_id: (columns[entry.record_id], columns[entry.record_id])}
        for record, changed in json.loads(entry.changes).items():
            key = UUID(record.partition("/")[2])
            touched[key] = columns[key], columns[key] | {name: pair[1] for name, pair in changed.items()}
        stays.follow(entry, touched)
        columns |= {key: now for key, (_, now) in touched.items()}
    return [Span(**each) for each in stays.new]  # which reads what is in JSON form


def _begun(moved: Moved, now: Mapping[str, Any]) -> Stay:
    due, department, person = Held.by(now)
    return {
        "id": moved.id, "zone_id": moved.zone_id, "subject_kind": moved.subject_kind, "subject_id": moved.subject_id,
        "record_kind": moved.record_kind, "record_id": moved.record_id, "state": moved.target,
        "entered_at": moved.at, "left_at": None, "due_at": due, "met_at": None, "department_id": department,
        "person_id": person,
    }


def _difference(before: Held, now: Held, at: datetime) -> dict[str, Any]:
    """What a change of the columns alters in the stay that goes on."""
    if before == now:
        return {}
    altered = {name: value for name, value in now._asdict().items() if value != getattr(before, name)}
    if "due_at" in altered:
        altered |= {"due_at": now.due_at, "met_at": None} if now.due_at else {"due_at": before.due_at, "met_at": at}
    return altered
