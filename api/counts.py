"""Numbers of rows, as a board wants them: a root field says which rows, each field of its type how they are counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import strawberry
from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from api.pages import counting
from domain.database import reads
from domain.viewers import Viewer

Found = Sequence[Sequence[Mapping[str, Any]]]
"""What each of some countings has found."""


@dataclass(frozen=True)
class Counting:
    """Some rows to be counted, or those with each value of a column."""

    rows: QuerySet[Any]
    by: str = ""

    @property
    def columns(self) -> Sequence[str]:
        return (self.by, "n") if self.by else ("n",)

    async def found(self) -> Sequence[Mapping[str, Any]]:
        sql, parameters = counting(self.rows, self.by)
        found: list[dict[str, Any]] = await reads().execute_query_dict(sql, parameters)
        return found


@strawberry.type
class Numbers:
    """The rows that are counted, for whom and at which instant. A plan counts all that is asked in one statement."""

    rows: strawberry.Private[QuerySet[Any]]
    viewer: strawberry.Private[Viewer]
    at: strawberry.Private[datetime]

    def all(self, narrowed: Q | None = None) -> Counting:
        return Counting(self.rows.filter(narrowed) if narrowed else self.rows)

    def by(self, column: str) -> Counting:
        return Counting(self.rows, column)


@dataclass(frozen=True)
class Counted:
    """A field of numbers: the countings it takes, and what is made of what they find."""

    countings: Callable[[Any], Sequence[Counting]]
    made: Callable[[Found], Any]


def counted(
    countings: Callable[[Any], Sequence[Counting]], made: Callable[[Found], Any], description: str | None = None
) -> Any:
    async def count(parent: strawberry.Parent[Any]) -> Any:
        return made([await each.found() for each in countings(parent)])

    return strawberry.field(resolver=count, description=description, metadata={"read": Counted(countings, made)})
