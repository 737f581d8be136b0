"""Rows read by statements written once: to build each anew costs many times what the database does for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from itertools import count, islice
from typing import Any, TypeVar
from uuid import UUID

from tortoise import fields
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.fields.data import CharEnumFieldInstance
from tortoise.models import Model

from domain.database import engine, within
from domain.records import Record
from domain.sights import in_sight
from domain.viewers import Viewer

R = TypeVar("R", bound=Record)
S = TypeVar("S", bound=Record)
SOUGHT = "sought"
"""The table of a row, when its sight is looked up in others and itself."""
MARK = re.compile(r"\?")


async def found(
    statement: str, values: Sequence[Any], place: BaseDBAsyncClient | None = None
) -> Sequence[Mapping[str, Any]]:
    """What a statement finds within the open transaction, or elsewhere; "?" in it for each value."""
    place = place or within()
    if place.capabilities.dialect == "sqlite":
        said, given = statement, [str(each) if isinstance(each, UUID) else each for each in values]
    else:
        numbers = count(1)
        said, given = MARK.sub(lambda _: f"${next(numbers)}", statement), list(values)
    _, rows = await place.execute_query(said, given)
    return rows


async def held(model: type[R], key: UUID) -> R | None:
    """A row, locked until the transaction ends; on SQLite it holds the whole file already."""
    lock = " FOR NO KEY UPDATE" if engine() == "postgres" else ""
    rows = await found(f"{_selected(model)} WHERE id = ?{lock}", [key])
    return _row(model, rows[0]) if rows else None


async def seen(model: type[R], key: UUID, viewer: Viewer, place: BaseDBAsyncClient | None = None) -> R | None:
    """A row, if the viewer may see it. Raises `NeedsJoin` for a kind whose sight is no condition on its own table."""
    sought, values = _sought(model, key, viewer)
    rows = await found(f"{_selected(model)} {SOUGHT} {sought}", values, place)
    return _row(model, rows[0]) if rows else None


async def held_with_subject(
    model: type[R], key: UUID, viewer: Viewer, subject: type[S]
) -> tuple[R, S | None] | None:
    """A row, if the viewer may see it, and that of the subject it belongs to, unless it is one; both held as by `held`,
    the subject first, and both as they are after the wait. What else sight looks at is as it was before the wait."""
    sought, values = _sought(model, key, viewer)
    kinds: dict[str, type[Record]] = {SOUGHT: model}
    joined = ""
    if model.subject:
        kinds = {"subject": subject, **kinds}
        joined = f'JOIN "{subject._meta.db_table}" subject ON subject.id = {SOUGHT}."{model.subject}_id" '
    columns = ", ".join(f'{table}."{name}"' for table, kind in kinds.items() for name in kind.columns())
    lock = f" FOR NO KEY UPDATE OF {', '.join(kinds)}" if engine() == "postgres" else ""
    rows = await found(f'SELECT {columns} FROM "{model._meta.db_table}" {SOUGHT} {joined}{sought}{lock}', values)
    if not rows:
        return None
    every = iter(rows[0])  # by their places, for two tables have columns of one name
    read: dict[str, Any] = {
        table: _row(kind, islice(every, len(kind.columns()))) for table, kind in kinds.items()
    }
    return read[SOUGHT], read.get("subject")


def _sought(model: type[Record], key: UUID, viewer: Viewer) -> tuple[str, list[Any]]:
    """What follows the table of a row that is looked for, by its key and the viewer's sight; and the values in it."""
    values: list[Any] = [key]

    def placed(value: Any) -> str:
        values.append(value)
        return "?"

    return f"WHERE {SOUGHT}.id = ?{in_sight(model, viewer, SOUGHT, placed)}", values


@cache
def _selected(model: type[Model]) -> str:
    columns = ", ".join(f'"{name}"' for name in model._meta.fields_db_projection)
    return f'SELECT {columns} FROM "{model._meta.db_table}"'


@cache
def _readers(model: type[Model]) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
    """What makes of a column that is set what the model has of it; nothing for those that are given as they are."""
    columns = {name: model._meta.fields_map[name] for name in model._meta.fields_db_projection}
    return tuple((name, reader) for name, column in columns.items() if (reader := _reader(column)))


def _reader(column: Any) -> Callable[[Any], Any] | None:
    if isinstance(column, CharEnumFieldInstance):
        return {member.value: member for member in column.enum_type}.__getitem__
    return _READERS.get(type(column), column.to_python_value)


@cache
def _blank(model: type[Model]) -> Mapping[str, Any]:
    """What a row of the database has beside its columns."""
    made = model._init_from_db(**dict.fromkeys(model._meta.fields_db_projection))
    return {name: value for name, value in vars(made).items() if name not in model._meta.fields_db_projection}


def _row(model: type[R], columns: Iterable[Any]) -> R:
    """A row as tortoise makes it, which takes its time over each column."""
    values = dict(zip(model._meta.fields_db_projection, columns, strict=True))  # as they were selected
    for name, read in _readers(model):
        if values[name] is not None:
            values[name] = read(values[name])
    row = model.__new__(model)
    vars(row).update(_blank(model), _await_when_save={}, **values)
    return row


def key_in(value: Any) -> UUID:
    """A key as either engine gives it."""
    return value if isinstance(value, UUID) else UUID(value)


def instant_in(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


_READERS: dict[type[Any], Callable[[Any], Any] | None] = {
    fields.UUIDField: key_in,
    fields.DatetimeField: instant_in,
    fields.DateField: lambda value: date.fromisoformat(value) if isinstance(value, str) else value,
    fields.BooleanField: bool,
    **dict.fromkeys((fields.IntField, fields.BigIntField, fields.CharField, fields.TextField)),
}
