"""Rows as they lie in the database, in the JSON form that histories have: read without models, fast, and whatever an
owner of the database may have put there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.fields.data import CharEnumFieldInstance
from tortoise.models import Model

from domain import sqlite
from domain.database import engine, reads
from domain.exact import Exact
from domain.history import plain

Raw = dict[str, Any]
AS_IT_IS = (fields.IntField, fields.BigIntField, fields.CharField, fields.TextField, CharEnumFieldInstance)


class Asked:
    """Conditions being put together, their values numbered as the engine wants them."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self.postgres = engine() == "postgres"

    def place(self, value: Any) -> str:
        if not self.postgres:
            value = str(value) if isinstance(value, UUID) else value
            value = sqlite.instant(value) if isinstance(value, datetime) else value
        self.values.append(value)
        return f"{'$' if self.postgres else '?'}{len(self.values)}"

    def among(self, column: str, keys: Iterable[Any]) -> str:
        if self.postgres:
            return f'"{column}" = ANY({self.place(list(keys))})'
        return f'"{column}" IN ({", ".join(map(self.place, keys))})'

    def between(self, column: str, after: Any, upto: Any) -> str:
        """Above one key and up to another, where there are such."""
        limits = [(">", after), ("<=", upto)]
        return " AND ".join(["1 = 1", *(f'"{column}" {sign} {self.place(key)}' for sign, key in limits if key)])


async def rows(
    model: type[Model], asked: Asked, where: str, *, table: str = "", more: Sequence[str] = (), order: str = "id"
) -> list[Raw]:
    """The rows of a model's table, or of one like it that has `more` columns of instants, in their JSON form."""
    names = tuple(model._meta.fields_db_projection)
    columns = ", ".join(f'"{name}"' for name in (*names, *more))
    found = await reads().execute_query_dict(
        f'SELECT {columns} FROM "{table or model._meta.db_table}" WHERE {where} ORDER BY {order}', asked.values
    )
    readers = [(name, reader) for name, reader in _readers(model, more).items() if reader is not None]
    told = [dict(row) for row in found]
    for row in told:
        for name, read in readers:
            if row[name] is not None:
                row[name] = read(row[name])
    return told


def _readers(model: type[Model], more: Sequence[str]) -> Mapping[str, Callable[[Any], Any] | None]:
    own = {name: _reader(model._meta.fields_map[name]) for name in model._meta.fields_db_projection}
    return {**own, **dict.fromkeys(more, _instant)}


def _reader(field: Any) -> Callable[[Any], Any] | None:
    if isinstance(field, fields.UUIDField):
        return str if engine() == "postgres" else None
    if isinstance(field, fields.DatetimeField):
        return _instant
    if isinstance(field, fields.DateField):
        return str if engine() == "postgres" else None
    if isinstance(field, fields.BooleanField):
        return None if engine() == "postgres" else _truth
    if isinstance(field, AS_IT_IS) and not isinstance(field, Exact):
        return None
    return lambda value: _read(field, value)


def _instant(value: Any) -> Any:
    if isinstance(value, str):
        if len(value) == 32 and value[10] == " " and value.endswith("+00:00"):
            return f"{value[:10]}T{value[11:26]}Z"
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return value
    if isinstance(value, datetime) and value.tzinfo:
        return plain(value)
    return str(value)


def _truth(value: Any) -> Any:
    return bool(value) if value in (0, 1) else value


def _read(field: Any, value: Any) -> Any:
    """Where it cannot be read, as it stands there."""
    try:
        return plain(field.to_python_value(value))
    except (ValueError, TypeError, ArithmeticError):
        return str(value)
