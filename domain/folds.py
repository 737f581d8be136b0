"""Folding a history: what its entries come to, column by column. Looks at nothing but the entries."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from domain.history import PersonalValue, plain

Key = tuple[str, str]
"""The kind and the key of a record."""
Told = Any
"""An entry: a row of its table, or the like of it in JSON form."""
ERASED = object()
"""A value that the law had blanked: nobody knows any more what it was."""


@dataclass
class State:
    """A record's columns, in their JSON form, from an instant on."""

    at: Any
    columns: dict[str, Any]


@dataclass
class Folded:
    """A record as far as its history was followed: each state it was in at an instant, and which entry set what."""

    states: list[State] = field(default_factory=list)
    set_by: dict[str, Told] = field(default_factory=dict)
    moved_by: Told | None = None

    @property
    def columns(self) -> dict[str, Any]:
        return self.states[-1].columns if self.states else {}

    def set(self, entry: Told, columns: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """All of its columns before the entry, and after."""
        before = self.columns
        now = {**before, **columns}
        if self.states and self.states[-1].at >= entry.at:
            self.states[-1].columns = now
        else:
            self.states.append(State(entry.at, now))
        self.set_by.update(dict.fromkeys(columns, entry))
        return before, now

    def held(self) -> Iterator[State]:
        """The states that differ from the one before: a column changed and changed back at once is no change."""
        before: dict[str, Any] | None = None
        for state in self.states:
            if state.columns != before:
                yield state
            before = state.columns


class Followed(NamedTuple):
    """What following an entry shows: every column that did not hold before it what the entry says it did (its record,
    its name, what it held, what it is said to have held); of each record touched all columns before and after."""

    wrong: list[tuple[Key, str, Any, Any]]
    touched: Mapping[str, tuple[dict[str, Any], dict[str, Any]]]


@dataclass
class Fold:
    """One history, followed entry by entry. `personal` has the values behind the commitments."""

    personal: Mapping[str, PersonalValue]
    records: dict[Key, Folded] = field(default_factory=dict)

    def follow(self, entry: Told) -> Followed:
        wrong: list[tuple[Key, str, Any, Any]] = []
        touched: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
        subject = (entry.subject_kind, str(entry.subject_id))
        # The subject's own row counts its entries and holds the hash of the last.
        head = {"sequence": entry.sequence, "head": entry.hash}
        for name, changed in told(entry.changes).items():
            kind, _, key = name.partition("/")
            record = self._record((kind, key))
            known, now = record.columns, dict[str, Any]()
            for column, (before, after) in changed.items():
                held = known.get(column)
                if type(before) is dict or type(after) is dict:
                    before, after = self.opened(before), self.opened(after)
                if held != before and ERASED not in (held, before):
                    wrong.append(((kind, key), column, held, before))
                now[column] = after
            if (kind, key) == subject:
                now |= head
            touched[key] = record.set(entry, now)
        if subject[1] not in touched:
            self._record(subject).set(entry, head)
        moved = self._record((entry.record_kind, str(entry.record_id)))
        moved.moved_by = entry
        touched.setdefault(str(entry.record_id), (moved.columns, moved.columns))
        return Followed(wrong, touched)

    def _record(self, key: Key) -> Folded:
        if key not in self.records:
            self.records[key] = Folded()
        return self.records[key]

    def commitments(self, entry: Told) -> list[str]:
        """Those an entry holds."""
        if '"commitment"' not in entry.changes:
            return []
        pairs = [pair for touched in told(entry.changes).values() for pair in touched.values()]
        return [value["commitment"] for pair in pairs for value in pair if isinstance(value, dict)]

    def opened(self, value: Any) -> Any:
        """What stands behind a commitment."""
        if not isinstance(value, dict) or value.keys() != {"commitment"}:
            return value
        behind = self.personal.get(value["commitment"])
        try:
            return ERASED if behind is None or behind.value is None else json.loads(behind.value)
        except ValueError:  # what stands there is not what was committed to
            return ERASED


def told(text: str) -> dict[str, dict[str, list[Any]]]:
    """What an entry says was changed; nothing where it is no such text."""
    try:
        changes: dict[str, dict[str, list[Any]]] = orjson.loads(text)
        sound = all(set(map(len, each.values())) <= {2} for each in changes.values())
    except (ValueError, TypeError, AttributeError):
        return {}
    return changes if sound else {}


def is_kept_as_committed(value: PersonalValue) -> bool:
    """Whether a value is the one committed to; one that was blanked cannot be another."""
    return value.value is None or hashlib.sha256(f"{value.salt}{value.value}".encode()).hexdigest() == value.commitment


class View:
    """Folded columns as a rule looks at them: as the attributes of a row of `model`."""

    def __init__(self, model: Any, key: str, columns: Mapping[str, Any]) -> None:
        self._model, self._key, self._columns = model, key, columns

    def __getattr__(self, name: str) -> Any:
        """Told once, and then known."""
        model: Any = self._model
        kept = model._meta.fields_map.get(name)
        if kept is None or (name not in model._meta.db_fields and name not in self._columns):
            return getattr(model, name)
        value = self._key if name == "id" else self._columns.get(name, default_of(kept))
        value = UUID(value) if isinstance(value, str) and kept.field_type is UUID else kept.to_python_value(value)
        self.__dict__[name] = value
        return value


def default_of(kept: Any) -> Any:
    """What a column holds that came after the entries: its default, in its JSON form."""
    default = kept.db_default if kept.has_db_default() else kept.default
    return None if callable(default) or hasattr(default, "get_sql") else plain(default)
