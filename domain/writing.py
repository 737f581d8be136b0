"""What a change writes, gathered and sent at once: one round trip to PostgreSQL, one hand-over to SQLite's thread."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from typing import Any, TypeVar
from uuid import UUID

from tortoise import fields
from tortoise.fields.base import DatabaseDefault
from tortoise.models import Model

from domain import database
from domain.clock import an_instant

ROWS_AT_ONCE = 200
VALUES_AT_ONCE = 10_000
"""Neither engine takes more than some 32,000 in a statement."""
AS_THEY_ARE = {fields.UUIDField, fields.TextField}
"""Kinds of columns whose values need nothing done to them before they are sent."""
R = TypeVar("R", bound=Model)


@dataclass
class Writing:
    """Statements that give nothing back, with ? for each value.

    PostgreSQL is sent them as the parts of one statement, which run in no order and see nothing of each other; what
    must come after a part waits for the next batch. So it is with a row whose table is written to already, unless both
    are new: it may take what the other has just given up.
    """

    batches: list[list[tuple[str, list[Any]]]] = field(default_factory=lambda: [[]])
    written: dict[str, str] = field(default_factory=dict)
    values: int = 0

    def insert(self, rows: Iterable[Model]) -> None:
        """New rows: those of one kind that come one after another in one statement."""
        for (kind, columns), some in groupby(rows, key=lambda row: (type(row), _set_columns(row))):
            every = list(some)
            marks = f"({', '.join('?' * len(columns))})"
            for start in range(0, len(every), ROWS_AT_ONCE):
                these = every[start : start + ROWS_AT_ONCE]
                into = f'INSERT INTO "{kind._meta.db_table}" ({", ".join(map(_quoted, columns))}) VALUES '
                values = [value for row in these for value in _values(row, columns)]
                self._in_turn(kind, "insert")
                self.add(into + ", ".join([marks] * len(these)), values)
            for row in every:
                row._saved_in_db = True

    def update(self, row: Model, columns: Sequence[str]) -> None:
        changed = ", ".join(f"{_quoted(name)} = ?" for name in columns)
        self._in_turn(type(row), "update")
        self.add(
            f'UPDATE "{row._meta.db_table}" SET {changed} WHERE "id" = ?', _values(row, (*columns, "id"))
        )

    def add(self, statement: str, values: Iterable[Any]) -> None:
        plain = [str(value) if isinstance(value, UUID) else value for value in values]
        self.values += len(plain)
        if self.values > VALUES_AT_ONCE:
            self._break(len(plain))
        self.batches[-1].append((statement, plain))

    async def send(self) -> None:
        for batch in self.batches:
            if batch:
                await database.within().execute_batch(batch)
        self.batches = []
        self._break(0)

    def _in_turn(self, kind: type[Model], what: str) -> None:
        before = self.written.get(kind._meta.db_table)
        if before and (before, what) != ("insert", "insert"):
            self._break(0)
        self.written[kind._meta.db_table] = what

    def _break(self, values: int) -> None:
        self.batches.append([])
        self.written, self.values = {}, values


def new(kind: type[R], **columns: Any) -> R:
    """A row to be written, its columns as the model has them; made at once, where tortoise takes its time over each."""
    row = kind.__new__(kind)
    left = {name: made() if callable(made) else made for name, made in _defaults(kind) if name not in columns}
    vars(row).update(_partial=False, _saved_in_db=False, _custom_generated_pk=False, _await_when_save={})
    vars(row).update(left, **columns)
    return row


@cache
def _defaults(kind: type[Model]) -> Sequence[tuple[str, Any]]:
    """What a column is where nothing is said of it; that may have to be made for each row."""
    columns = {name: kind._meta.fields_map[name] for name in kind._meta.fields_db_projection}
    return [
        (name, each.get_db_default_value() if each.has_db_default() else each.default)
        for name, each in columns.items()
    ]


@asynccontextmanager
async def written() -> AsyncIterator[Writing]:
    """A transaction for what is to be written by itself."""
    async with database.transaction():
        writing = Writing()
        yield writing
        await writing.send()


def _quoted(name: str) -> str:
    return f'"{name}"'


def _set_columns(row: Model) -> tuple[str, ...]:
    """Those that the database does not fill in."""
    columns = row._meta.fields_db_projection
    return tuple(name for name in columns if not isinstance(getattr(row, name), DatabaseDefault))


def _values(row: Model, columns: Iterable[str]) -> list[Any]:
    writers = _writers(type(row))
    return [writers[name](getattr(row, name), row) for name in columns]


@cache
def _writers(kind: type[Model]) -> Mapping[str, Callable[[Any, Model], Any]]:
    return {name: _writer(kind._meta.fields_map[name]) for name in kind._meta.fields_db_projection}


def _writer(column: Any) -> Callable[[Any, Model], Any]:
    """What a column is written as: tortoise's own way, unless that has nothing to do."""
    if type(column) is fields.DatetimeField and not column.auto_now and not column.auto_now_add:
        return lambda value, _: value and an_instant(value)
    return (lambda value, _: value) if type(column) in AS_THEY_ARE else column.to_db_value
