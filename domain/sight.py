"""Conditions of sight put together so that a database can use its indexes: ways that lead nowhere are left out, and
rows reached through several relations are named by one union instead of alternatives that no index serves."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from pypika_tortoise.context import SqlContext
from pypika_tortoise.terms import Term
from tortoise.expressions import Q, Subquery
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
    named: dict[str, Any] = {f"{column}__in": Union(open_reads)}
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


class Union(Term):
    """Several subqueries as one."""

    def __init__(self, reads: Collection[QuerySet[Any] | ValuesQuery[Any]]) -> None:
        super().__init__()
        self.reads = [Subquery(read) for read in reads]

    def get_sql(self, ctx: SqlContext) -> str:
        each = [read.get_sql(ctx.copy(subquery=False)) for read in self.reads]
        return f"({' UNION '.join(each)})"
