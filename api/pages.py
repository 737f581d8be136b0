"""Pages of a list: connections with keyset cursors, a largest size, and a count made only when asked for."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, Generic, TypeVar
from uuid import UUID

import strawberry
from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from domain.database import reads
from domain.history import plain
from domain.refusals import BAD_INPUT, Refusal, Refused
from workflows.inputs import Words, read_text

T = TypeVar("T")
DEFAULT_PAGE = 50
LARGEST_PAGE = 200
LONGEST_CURSOR = 2_000
CURSOR = Words("游标", "Cursor", 400)
PAGE_SIZE = Refusal("PAGE_SIZE", "每页1至{most}条。", "A page holds 1 to {most}.", "first")


@dataclass(frozen=True)
class Order:
    """A column to sort by, never null, with the id to break ties."""

    column: str = "id"
    descending: bool = False
    kind: type[Any] = str


NEWEST = Order("id", descending=True)
OLDEST = Order("id")


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class Edge(Generic[T]):
    cursor: str
    node: T


@strawberry.type
class Connection(Generic[T]):
    """One page of a list."""

    nodes: list[T]
    edges: list[Edge[T]]
    page_info: PageInfo

    @strawberry.field(description="How many there are in all; counted only when asked for.")
    async def total_count(self) -> int:
        page: Any = self
        return await page.count()  # type: ignore[no-any-return]


@dataclass
class Page:
    """What stands behind a connection."""

    rows: QuerySet[Any]
    nodes: list[Any]
    order: Order
    has_next_page: bool

    @cached_property
    def edges(self) -> list[dict[str, Any]]:
        return [Edge(cursor=_cursor(row, self.order), node=row) for row in self.nodes]  # type: ignore[misc]

    @property
    def page_info(self) -> PageInfo:
        end = _cursor(self.nodes[-1], self.order) if self.nodes else None
        return PageInfo(has_next_page=self.has_next_page, end_cursor=end)

    async def count(self) -> int:
        return await self.rows.using_db(reads()).count()


def page_size(first: int) -> int:
    if not 1 <= first <= LARGEST_PAGE:
        raise Refused(PAGE_SIZE.about(most=LARGEST_PAGE))
    return first


async def page(rows: QuerySet[Any], order: Order, first: int, after: str | None) -> Page:
    """The `first` rows behind the cursor `after`, in one read."""
    size = page_size(first)
    sign = "-" if order.descending else ""
    wanted = rows.filter(_behind(after, order)) if after else rows
    ordered = wanted.order_by(*dict.fromkeys((f"{sign}{order.column}", f"{sign}id")))
    found = await ordered.limit(size + 1).using_db(reads())
    return Page(rows, found[:size], order, len(found) > size)


def _cursor(row: Any, order: Order) -> str:
    value = [order.column, plain(getattr(row, order.column)), str(row.id)]
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


def _behind(cursor: str, order: Order) -> Q:
    try:
        column, value, key = json.loads(base64.urlsafe_b64decode(cursor[:LONGEST_CURSOR]))
        if order.kind in (date, datetime):
            value = order.kind.fromisoformat(value)
        if column != order.column or not isinstance(key, str) or not isinstance(value, order.kind):
            raise ValueError(cursor)
        if isinstance(value, str):
            read_text(value, CURSOR, "after")
        key = UUID(key)
    except (ValueError, TypeError, binascii.Error, UnicodeError, Refused):
        raise Refused(
            BAD_INPUT.about("after", problem_zh="游标无效", problem_en="this is no cursor of this list")
        ) from None
    beyond = "lt" if order.descending else "gt"
    further: dict[str, Any] = {f"id__{beyond}": key}
    if order.column == "id":
        return Q(**further)
    return Q(**{f"{order.column}__{beyond}": value}) | Q(**{order.column: value}, **further)
