"""Conditions of sight put together so that a database can use its indexes: ways that lead nowhere are left out, and
rows reached through several relations are named by one union instead of alternatives that no index serves."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from copy import copy
from typing import Any

from pypika_tortoise.context import SqlContext
from pypika_tortoise.terms import PseudoColumn, Term
from tortoise.expressions import Q
from tortoise.queryset import QuerySet, ValuesQuery

NONE = Q(id__in=())
"""No row at all."""


def either(*ways: Q) -> Q:
    """Rows seen in any of several ways, without those ways that show nothing."""
    open_ways = [way for way in ways if not shows_nothing(way)]
    return Q(*open_ways, join_type=Q.OR) if open_ways else NONE


def among(column: str, *reads: ValuesQuery[Any]) -> Q:
    """Rows whose `column` is among what any of several reads of one column gives."""
    open_reads = [read for read in reads if not any(map(shows_nothing, read._q_objects))]
    named: dict[str, Any] = {f"{column}__in": Union(column, open_reads)}
    return Q(**named) if open_reads else NONE


def near(column: str, *reads: ValuesQuery[Any]) -> Q:
    """As `among`, of rows that further conditions decide about: it only says where to look, and where rows are found
    by their keys it says nothing."""
    open_reads = [read for read in reads if not any(map(shows_nothing, read._q_objects))]
    named: dict[str, Any] = {f"{column}__in": Near(column, open_reads)}
    return Q(**named) if open_reads else NONE


def shows_nothing(condition: Q) -> bool:
    """Whether no row can meet a condition, because it asks for one of no values."""
    if condition._is_negated:
        return False
    filters = [
        key.endswith("__in") and isinstance(value, Collection) and not value
        for key, value in condition.filters.items()
    ]
    parts = [*filters, *map(shows_nothing, condition.children)]
    return any(parts) if condition.join_type == Q.AND else bool(parts) and all(parts)


_looked_up: ContextVar[str | None] = ContextVar("looked_up", default=None)


@contextmanager
def one_by_one(table: str) -> Iterator[None]:
    """For conditions on rows of a table that are found by their keys: each is looked for in the unions by itself. Else
    a union is read as a whole, which is right for a list of all that is in it and grows with it."""
    token = _looked_up.set(table)
    try:
        yield
    finally:
        _looked_up.reset(token)


class Union(Term):
    """Several reads of one column as one subquery, to find a row's `column` in."""

    def __init__(self, column: str, reads: Collection[QuerySet[Any] | ValuesQuery[Any]]) -> None:
        super().__init__()
        self.column, self.reads = column, reads

    def get_sql(self, ctx: SqlContext) -> str:
        table = _looked_up.get()
        sought = PseudoColumn(f'"{table}"."{self.column}"') if table else None
        token = _looked_up.set(None)  # those further in are about other tables
        try:
            return f"({' UNION '.join(self._read(each, sought, ctx.copy(subquery=False)) for each in self.reads)})"
        finally:
            _looked_up.reset(token)

    def _read(self, read: Any, sought: PseudoColumn | None, ctx: SqlContext) -> str:
        read._choose_db_if_not_chosen()
        read._make_query()
        query = read.query
        if sought is not None:
            given = copy(query._selects[0])
            given.alias = None
            query = query.where(given == sought)
        return str(query.get_parameterized_sql(ctx)[0])


class Near(Union):
    """Several reads of one column, of no account for rows that are found already."""

    def get_sql(self, ctx: SqlContext) -> str:
        table = _looked_up.get()
        return f'("{table}"."{self.column}")' if table else super().get_sql(ctx)
