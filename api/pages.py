"""Pages of a list: connections with keyset cursors, a largest size, and a count made only when asked for."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import strawberry
from pypika_tortoise.terms import Parameterizer
from strawberry.annotation import StrawberryAnnotation
from strawberry.extensions import FieldExtension
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.base import StrawberryList
from strawberry.types.field import StrawberryField
from strawberry.utils.await_maybe import await_maybe
from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from domain.database import engine, looking_back, reads
from domain.history import Entry, plain
from domain.records import Record
from domain.refusals import BAD_INPUT, Refusal, Refused
from domain.viewers import Viewer
from workflows.inputs import Words, read_text

T = TypeVar("T")
DEFAULT_PAGE = 50
LARGEST_PAGE = 200
LONGEST_CURSOR = 2_000
CURSOR = Words("游标", "Cursor", 400)
NOW = datetime(9000, 1, 1, tzinfo=UTC)  # stands for the instant of asking where a plan is made that will be kept
SUBJECT = UUID(int=2**128 - 1)  # and this for the record that is asked about
ONE_INSTANT = Refusal(
    "ONE_INSTANT", "查询过去时，每个顶层字段须给出同一个 asOf。",
    "To ask the past, every field at the top must name the same asOf.", "asOf",
)
NO_PAST = Refusal(
    "NO_PAST", "“{kind}”不留存旧状态，不能按 asOf 查询。", "No past is kept of {kind}; it is not answered as of then.",
)
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

    @strawberry.field
    async def nodes(self) -> list[T]:
        listing: Any = self
        return (await listing.found())[: listing.size]  # type: ignore[no-any-return]

    @strawberry.field
    async def edges(self) -> list[Edge[T]]:
        listing: Any = self
        page = (await listing.found())[: listing.size]
        return [Edge(cursor=_cursor(row, listing.order), node=row) for row in page]

    @strawberry.field
    async def page_info(self) -> PageInfo:
        listing: Any = self
        found = await listing.found()
        page = found[: listing.size]
        end = _cursor(page[-1], listing.order) if page else None
        return PageInfo(has_next_page=len(found) > listing.size, end_cursor=end)

    @strawberry.field(description="How many there are in all; counted only when asked for.")
    async def total_count(self) -> int:
        listing: Any = self
        return await listing.count()  # type: ignore[no-any-return]


@dataclass
class Listing:
    """Rows asked for in an order, page by page: what a list field answers with, read only when something of it is
    wanted. A plan writes its own statement from it."""

    rows: QuerySet[Any]
    order: Order = OLDEST
    first: int = DEFAULT_PAGE
    after: str | None = None
    _found: list[Any] | None = None

    @property
    def size(self) -> int:
        return page_size(self.first)

    def query(self) -> QuerySet[Any]:
        """One row more than the page holds, to know whether there is a next."""
        sign = "-" if self.order.descending else ""
        wanted = self.rows.filter(behind(self.after, self.order)) if self.after else self.rows
        ordered = wanted.order_by(*dict.fromkeys((f"{sign}{self.order.column}", f"{sign}id")))
        return ordered.limit(self.size + 1)

    async def found(self) -> list[Any]:
        if self._found is None:
            self._found = list(await self.query().using_db(reads()))
        return self._found

    async def count(self) -> int:
        sql, parameters = counting(self.rows)
        found = await reads().execute_query_dict(sql, parameters)
        return int(found[0]["n"])


def counting(rows: QuerySet[Any], by: str = "", given: Parameterizer | None = None) -> tuple[str, list[Any]]:
    """The statement that counts rows, or those with each value of a column, as `n`; and its parameters, after those
    that are `given` already."""
    query: Any = rows.order_by().values(by or "id")
    query._choose_db_if_not_chosen()
    query._make_query()
    context = query.query.QUERY_CLS.SQL_CONTEXT.copy(parameterizer=given) if given else None
    sql, parameters = query.query.get_parameterized_sql(context)
    # SQLite would read every column of a view of the past, but for a limit below which only these are named.
    limit = " LIMIT -1" if looking_back() and engine() == "sqlite" else ""
    each, grouped = (f'"{by}", ', f' GROUP BY "{by}"') if by else ("", "")
    return f"SELECT {each}count(*) AS n FROM ({sql}{limit}) counted{grouped}", parameters


@dataclass(frozen=True)
class Lookup:
    """The one row of which something holds, if the viewer may see it."""

    model: Any
    holds: Q
    viewer: Viewer

    @property
    def rows(self) -> QuerySet[Any]:
        rows: QuerySet[Any] = self.model.seen_by(self.viewer).filter(self.holds)
        return rows

    async def found(self) -> Any:
        return await self.rows.using_db(reads()).first()


def require_a_past(model: Any, as_of: datetime | None) -> None:
    """Raises `Refused` where the past is asked for of rows that are no records, and so only are as they are now."""
    if as_of is not None and not issubclass(model, (Record, Entry)):
        raise Refused(NO_PAST.about(kind=model.__name__))


@dataclass(frozen=True)
class Amount:
    """How many rows there are."""

    rows: QuerySet[Any]

    async def found(self) -> int:
        return await self.rows.using_db(reads()).count()


class Reads(FieldExtension):
    """Reads what a resolver only asked for, where the ordinary executor answers."""

    async def resolve_async(self, next_: Any, source: Any, info: Any, **given: Any) -> Any:
        wanted = await await_maybe(next_(source, info, **given))
        if isinstance(wanted, (Listing, Lookup, Amount)):
            require_a_past(wanted.rows.model, info.context.as_of)
        if isinstance(wanted, (Lookup, Amount)):
            return await wanted.found()
        if isinstance(wanted, Listing) and isinstance(info._field.type, StrawberryList):
            return (await wanted.found())[: wanted.size]
        if isinstance(wanted, Listing):
            await wanted.found()
        return wanted


class AsOf(FieldExtension):
    """Gives a root field the argument `asOf`."""

    def apply(self, field: StrawberryField) -> None:
        description = "An instant past: the answer as it was then. The same for every field of the operation."
        kind = StrawberryAnnotation(datetime | None)
        field.arguments = [
            *field.arguments, StrawberryArgument("as_of", None, kind, description=description, default=None)
        ]

    async def resolve_async(
        self, next_: Any, source: Any, info: Any, as_of: datetime | None = None, **given: Any
    ) -> Any:
        if as_of != info.context.as_of:
            raise Refused(ONE_INSTANT)
        return await await_maybe(next_(source, info, **given))


def listing(description: str, *, of_the_past: bool = True) -> Any:
    """A root field whose resolver says what is wanted and reads nothing by itself."""
    return strawberry.field(description=description, extensions=[Reads(), *([AsOf()] if of_the_past else [])])


def page_size(first: int) -> int:
    if not 1 <= first <= LARGEST_PAGE:
        raise Refused(PAGE_SIZE.about(most=LARGEST_PAGE))
    return first


def cursor_of(column: str, place: object, key: object) -> str:
    return base64.urlsafe_b64encode(json.dumps([column, place, str(key)]).encode()).decode()


def _cursor(row: Any, order: Order) -> str:
    return cursor_of(order.column, plain(getattr(row, order.column)), row.id)


def behind(cursor: str, order: Order) -> Q:
    try:
        column, value, key = json.loads(base64.urlsafe_b64decode(cursor[:LONGEST_CURSOR]))
        if order.kind in (date, datetime):
            value = order.kind.fromisoformat(value)
        if column != order.column or not isinstance(key, str) or not isinstance(value, order.kind):
            raise ValueError(cursor)
        if isinstance(value, str):
            read_text(value, CURSOR, "after")
        key = UUID(key)
    except (ValueError, TypeError, binascii.Error, UnicodeError, RecursionError, Refused):
        raise Refused(
            BAD_INPUT.about("after", problem_zh="游标无效", problem_en="this is no cursor of this list")
        ) from None
    beyond = "lt" if order.descending else "gt"
    further: dict[str, Any] = {f"id__{beyond}": key}
    if order.column == "id":
        return Q(**further)
    return Q(**{f"{order.column}__{beyond}": value}) | Q(**{order.column: value}, **further)
