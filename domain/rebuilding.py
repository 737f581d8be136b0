"""Making the past anew from the history: the states rows were in before, as their entries tell them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

from domain import database
from domain.folds import ERASED, Fold, Folded, default_of
from domain.history import Entry, PersonalValue
from domain.past import OWN, fork_of, tables
from domain.records import Record, Subject, subjects

AT_ONCE = 200


async def rebuild(progress: Callable[[int, int], None] = lambda done, total: None) -> int:
    """Put what the history says in place of what was kept, some histories at a time; how many there were."""
    done, total = 0, sum([await model.all().count() for model in subjects()])
    for model in subjects():
        last: UUID | None = UUID(int=0)
        while last is not None:
            async with database.transaction():
                found = await database.lock(model.filter(id__gt=last).order_by("id").limit(AT_ONCE))
                await _replace(found)
            last = found[-1].id if len(found) == AT_ONCE else None
            done += len(found)
            progress(done, total)
    return total


async def _replace(found: Sequence[Subject]) -> None:
    entries = await Entry.filter(subject_id__in=[row.id for row in found]).order_by("subject_id", "sequence")
    secret = [entry.id for entry in entries if '"commitment"' in entry.changes]
    personal = await PersonalValue.filter(entry_id__in=secret) if secret else []
    fold = Fold({each.commitment: each for each in personal})
    for entry in entries:
        fold.follow(entry)
    models = {model.kind(): model for model in tables()}
    by_kind: defaultdict[type[Record], dict[str, Folded]] = defaultdict(dict)
    for (kind, key), folded in fold.records.items():
        if kind in models:
            by_kind[models[kind]][key] = folded
    for model, histories in by_kind.items():
        await _write(model, histories)


async def _write(model: type[Record], histories: dict[str, Folded]) -> None:
    rows = {str(row.id): row for row in await model.filter(id__in=list(histories))}
    names = [*model.columns(), *OWN]
    states = [each for key, row in rows.items() for each in _states(row, histories[key], names)]
    sqlite = database.engine() == "sqlite"
    marks = ", ".join("?" if sqlite else f"${place}" for place in range(1, len(names) + 1))
    async with database.transaction() as connection:
        for key, row in rows.items():
            *_, last = histories[key].held()
            if row.changed_at != last.at:
                await model.filter(id=key).update(changed_at=last.at)
        keys = ", ".join(f"'{key}'" for key in rows)
        if rows:
            await connection.execute_query(f'DELETE FROM "{model.kind()}_past" WHERE id IN ({keys})')
        if states:
            quoted = ", ".join(f'"{name}"' for name in names)
            insert = f'INSERT INTO "{model.kind()}_past" ({quoted}) VALUES ({marks})'
            await connection.execute_many(insert, [_plain(each, sqlite) for each in states])


def _states(row: Record, folded: Folded, names: Sequence[str]) -> Iterator[list[Any]]:
    """The columns of every state but the last, which is the row itself."""
    held, version = list(folded.held()), 0
    before: dict[str, Any] = {}
    for state, following in pairwise(held):
        recorded = {name: value for name, value in state.columns.items() if name not in row.unrecorded}
        version, before = version + (recorded != before), recorded
        span = (following.at, fork_of(state.at, following.at))
        own = {"version": version, "changed_at": state.at, **dict(zip(OWN, span, strict=True))}
        yield [own[name] if name in own else _value(row, name, state.columns) for name in names]


def _value(row: Record, name: str, columns: dict[str, Any]) -> Any:
    field = row._meta.fields_map[name]
    told = columns[name] if name in columns else default_of(field)
    if told is ERASED:
        return field.to_db_value(getattr(row, name), row)
    value = UUID(told) if isinstance(told, str) and field.field_type is UUID else field.to_python_value(told)
    return field.to_db_value(value, row)


def _plain(values: Sequence[Any], sqlite: bool) -> list[Any]:
    """As the engine's driver takes them."""
    if not sqlite:
        return list(values)
    return [
        str(each) if isinstance(each, UUID) or (isinstance(each, date) and not isinstance(each, datetime)) else each
        for each in values
    ]
