"""An object-centric event log in OCEL 2.0 (JSON): every move an event, every record an object.

An event is related to the record that `moved`, the subject it happened `within`, whatever else it `changed`, its
`actor`, and what the record refers to by the name of the relation. An object's attributes have the value of every
instant at which it changed; all values are written as text, which both readings of the standard's schema take, and
"null" where there is none any more. Events stand before objects, so that the actors among them are known.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO
from uuid import UUID

from domain.cases import Case
from domain.database import reads
from domain.people import Person
from domain.records import Record, Subject
from domain.snapshots import snapshot
from domain.viewers import CLOCK, OPERATOR
from workflows.changes import subject_of
from workflows.mining import AT_ONCE, Scope, actor, batches, entries, kind_called, relations, shown, text
from workflows.timetable import FLOWS

COLUMNS = ("id", "record_id", "record_kind", "move", "source", "target", "at", "actor_id", "acting_id", "changes")
ATTRIBUTES = ("actor", "from", "to")
Rows = Mapping[UUID, Record]


async def write_ocel(path: Path, wanted: Scope) -> tuple[int, int]:
    """Write the log; how many objects and events it has. Cases are those begun in the period, with all they hold;
    what lies outside the zones or the period is named by its key alone."""
    log = _Log(wanted)
    async with snapshot():
        with path.open("w", encoding="utf-8") as out:
            out.write(f'{{"objectTypes":{_compact(_object_types())},\n"eventTypes":{_compact(_event_types())},\n')
            events = await _list(out, "events", log.events())
            out.write(",\n")
            objects = await _list(out, "objects", log.objects())
            out.write("}\n")
    return objects, events


async def _list(out: TextIO, name: str, items: AsyncIterator[object]) -> int:
    written = 0
    out.write(f'"{name}":[')
    async for each in items:
        out.write(f"{',' if written else ''}\n{_compact(each)}")
        written += 1
    out.write("]")
    return written


@dataclass
class _Log:
    """One log being written: its scope, and the subjects that were named in it, by their kind."""

    wanted: Scope
    named: defaultdict[type[Record], set[UUID]] = field(default_factory=lambda: defaultdict(set))

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        async for moves, rows in self._histories():
            for move in moves:
                yield self._event(move, rows)

    async def objects(self) -> AsyncIterator[dict[str, Any]]:
        async for moves, rows in self._histories():
            values: defaultdict[UUID, list[dict[str, str]]] = defaultdict(list)
            for move in moves:
                for record_id, attributes in _values(move, rows):
                    values[record_id] += attributes
            for row in rows.values():
                yield {**_object(row.kind(), row.id), "attributes": values[row.id], "relationships": self._related(row)}
        for kind, keys in self.named.items():
            ordered = sorted(keys)
            for start in range(0, len(ordered), AT_ONCE):
                some = ordered[start : start + AT_ONCE]
                inside = kind.filter(self._subjects(kind), id__in=some).using_db(reads())
                for key in set(some) - set(await inside.values_list("id", flat=True)):
                    yield _object(kind.kind(), key)

    def _subjects(self, kind: type[Record]) -> Any:
        return self.wanted.of(kind, whenever=not issubclass(kind, Case))

    async def _histories(self) -> AsyncIterator[tuple[Sequence[Mapping[str, Any]], Rows]]:
        """Whole histories, some at a time: their moves, and the rows these are about."""
        for kind in sorted((kind for kind in FLOWS if issubclass(kind, Subject)), key=lambda kind: kind.kind()):
            async for batch in batches(kind, self._subjects(kind)):
                moves = await entries("subject_id", [row.id for row in batch], *COLUMNS)
                rows: dict[UUID, Record] = {row.id: row for row in batch}
                keys: defaultdict[str, set[UUID]] = defaultdict(set)
                for move in moves:
                    keys[move["record_kind"]].add(move["record_id"])
                for name, ids in keys.items():
                    model = kind_called(name)
                    if model and model is not kind:
                        rows |= {row.id: row for row in await model.filter(id__in=list(ids)).using_db(reads())}
                yield moves, rows

    def _event(self, move: Mapping[str, Any], rows: Rows) -> dict[str, Any]:
        row = rows[move["record_id"]]
        model, subject_id = subject_of(row)
        related = {str(row.id): "moved"}
        related.setdefault(self._name(model, subject_id), "within")
        for key in _changed(move):
            if key in rows:
                related.setdefault(str(key), "changed")
        if move["actor_id"] not in (CLOCK.person_id, OPERATOR.person_id):
            related.setdefault(self._name(Person, move["actor_id"]), "actor")
        if move["acting_id"]:
            related.setdefault(self._name(Person, move["acting_id"]), "acting")
        for each in self._related(row):
            related.setdefault(each["objectId"], each["qualifier"])
        said = {"actor": actor(move["actor_id"]), "from": move["source"], "to": move["target"]}
        return {
            "id": str(move["id"]),
            "type": f"{move['record_kind']}.{move['move']}",
            "time": text(move["at"]),
            "attributes": [{"name": name, "value": value} for name, value in said.items() if value is not None],
            "relationships": _relationships(related),
        }

    def _related(self, row: Record) -> list[dict[str, str]]:
        related = {
            self._name(model, key): name
            for name, model in relations(type(row)).items()
            if (key := getattr(row, f"{name}_id")) is not None
        }
        return _relationships(related)

    def _name(self, kind: type[Record], key: UUID) -> str:
        if issubclass(kind, Subject):
            self.named[kind].add(key)
        return str(key)


def _values(move: Mapping[str, Any], rows: Rows) -> list[tuple[UUID, list[dict[str, str]]]]:
    """What a move made of the attributes of each record it touched."""
    at, made = text(move["at"]), []
    for record, touched in json.loads(move["changes"]).items():
        key = UUID(record.partition("/")[2])
        if key in rows:
            known = shown(type(rows[key]))
            made.append((key, [
                {"name": name, "time": at, "value": "null" if after is None else text(after)}
                for name, (before, after) in touched.items()
                if name in known and (before, after) != (None, None)
            ]))
    return made


def _changed(move: Mapping[str, Any]) -> list[UUID]:
    return [UUID(record.partition("/")[2]) for record in json.loads(move["changes"])]


def _object(kind: str, key: UUID) -> dict[str, Any]:
    return {"id": str(key), "type": kind}


def _relationships(related: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"objectId": key, "qualifier": qualifier} for key, qualifier in related.items()]


def _object_types() -> list[dict[str, Any]]:
    return [
        {"name": model.kind(), "attributes": [{"name": name, "type": kind} for name, kind in shown(model).items()]}
        for model in sorted(FLOWS, key=lambda each: each.kind())
    ]


def _event_types() -> list[dict[str, Any]]:
    attributes = [{"name": name, "type": "string"} for name in ATTRIBUTES]
    return [
        {"name": f"{model.kind()}.{move}", "attributes": attributes}
        for model in sorted(FLOWS, key=lambda each: each.kind())
        for move in FLOWS[model].moves
    ]


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
