"""How types are declared: a field named like a column is the column, like a forward relation the row it points to,
like a reverse relation the rows that point here. Every row is reached through what the viewer may see."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

import strawberry
from pypika_tortoise.context import SqlContext
from strawberry.dataloader import DataLoader
from strawberry.types.enum import StrawberryEnumDefinition
from tortoise.expressions import RawSQL, Subquery

from api.context import Context, Info, load_subject, one_loader
from api.pages import DEFAULT_PAGE, Listing, Order, page_size, require_a_past
from domain.database import reads
from domain.records import Record
from domain.refusals import BAD_INPUT, Refused
from domain.words import Word

T = TypeVar("T")
NODES: dict[type[Record], type[Any]] = {}
"""The GraphQL type of every kind of record."""


@dataclass(frozen=True)
class GlobalId:
    """The id of a row, made of its kind and its key."""


@dataclass(frozen=True)
class One:
    """The row a forward relation points to; or the row of `model` in which `matched` columns (theirs, ours) agree."""

    model: Any = None
    matched: tuple[tuple[str, str], ...] = ()

    def target(self, parent: Any, name: str) -> tuple[Any, tuple[tuple[str, str], ...]]:
        if self.model is not None:
            return self.model, self.matched
        return parent._meta.fields_map[name].related_model, (("id", f"{name}_id"),)


@dataclass(frozen=True)
class Many:
    """The first rows of a reverse relation, in an order; their ids break ties."""

    order: str = "id"

    def target(self, parent: Any, name: str) -> tuple[Any, str]:
        relation = parent._meta.fields_map[name]
        return relation.related_model, relation.relation_field


@dataclass(frozen=True)
class Paged:
    """The rows of a reverse relation as a connection; or those of `model` whose `column` is the parent's key."""

    order: Order
    model: Any = None
    column: str = ""

    def target(self, parent: Any, name: str) -> tuple[Any, str]:
        if self.model is not None:
            return self.model, self.column
        relation = parent._meta.fields_map[name]
        return relation.related_model, relation.relation_field


@dataclass(frozen=True)
class Computed:
    """A field made from the row alone: a pure function, and the columns it needs ("*" for all)."""

    function: Callable[[Any], Any]
    needs: tuple[str, ...]


@dataclass(frozen=True)
class Told:
    """A field made for the reader: a pure function of a `Reading`, and the columns it needs; `rules` where it looks at
    the rules or the calendars of the reader's zones."""

    function: Callable[[Reading], Any]
    needs: tuple[str, ...]
    subject: bool = False
    rules: bool = True


@dataclass
class Reading:
    """A row as one reader has it before them; `subject` is the record whose history it belongs to. What is told
    `lasts` if it is the same at any instant, as long as the row, the reader and the rules are."""

    model: Any
    row: Any
    subject: Any
    context: Context
    lasts: bool = False


class Lasting:
    """A value that is made once and kept, so that what was selected of it is kept too."""

    def __init_subclass__(cls) -> None:
        cls.__hash__ = object.__hash__  # type: ignore[method-assign]  # known by itself, as dataclasses are not


def _id(row: strawberry.Parent[Any]) -> strawberry.ID:
    return global_id(row)


@strawberry.interface(description="Anything with an id of its own.")
class Node:
    id: strawberry.ID = strawberry.field(
        resolver=_id, description="Global id, to be used wherever an id is asked for.", metadata={"read": GlobalId()}
    )


def node(model: type[Record]) -> Callable[[type[T]], type[T]]:
    """Declare the GraphQL type of a kind of record; resolvers are given rows of `model` as they are."""

    def declare(cls: type[T]) -> type[T]:
        described = strawberry.type(cls, description=(cls.__doc__ or "").strip())
        described.is_type_of = classmethod(lambda _, row, info: isinstance(row, model))  # type: ignore[attr-defined]
        described.__strawberry_definition__.is_type_of = lambda row, info: isinstance(row, model)  # type: ignore[attr-defined]
        NODES[model] = described
        return described

    return declare


def one(model: Any = None, **matched: str) -> Any:
    """The row a forward relation points to, or the one of `model` whose columns equal this row's; null when there is
    none, or none the viewer may see."""
    read = One(model, tuple(matched.items()))

    async def load(parent: strawberry.Parent[Any], info: Info) -> Any:
        target, pairs = read.target(type(parent), info.python_name)
        require_a_past(target, info.context.as_of)
        key = tuple(getattr(parent, ours) for _, ours in pairs)
        if None in key:
            return None
        return await one_loader(info.context, target, tuple(theirs for theirs, _ in pairs)).load(key)

    return strawberry.field(resolver=load, metadata={"read": read})


def many(order: str = "id") -> Any:
    """The first rows of a reverse relation, limited for each parent."""
    read = Many(order)

    async def load(parent: strawberry.Parent[Any], info: Info, first: int = DEFAULT_PAGE) -> Any:
        require_a_past(read.target(type(parent), info.python_name)[0], info.context.as_of)
        loader = _many_loader(info.context, type(parent), info.python_name, order, page_size(first))
        return await loader.load(parent.id)

    return strawberry.field(resolver=load, metadata={"read": read})


def paged(order: Order, model: Any = None, column: str = "") -> Any:
    """A reverse relation as a connection, for lists that may grow long."""
    read = Paged(order, model, column)

    async def load(
        parent: strawberry.Parent[Any], info: Info, first: int = DEFAULT_PAGE, after: str | None = None
    ) -> Any:
        target, key = read.target(type(parent), info.python_name)
        require_a_past(target, info.context.as_of)
        listing = Listing(target.seen_by(info.context.viewer).filter(**{key: parent.id}), order, first, after)
        await listing.found()
        return listing

    return strawberry.field(resolver=load, metadata={"read": read})


def computed(function: Callable[[Any], Any], *needs: str, description: str | None = None) -> Any:
    """A field made from the row alone by a pure function over the columns it `needs`."""

    def compute(parent: strawberry.Parent[Any]) -> Any:
        return function(parent)

    return strawberry.field(resolver=compute, description=description, metadata={"read": Computed(function, needs)})


def for_reader(
    function: Callable[[Reading], Any], *needs: str, subject: bool = False, rules: bool = True,
    description: str | None = None,
) -> Any:
    """A field made for the reader by a pure function; `subject` where it looks at the record's subject too, `rules`
    where at the rules or the calendars of zones."""

    async def tell(parent: strawberry.Parent[Any], info: Info) -> Any:
        if rules:
            await info.context.prepare()
        over = await load_subject(info.context, parent) if subject else parent
        return function(Reading(type(parent), parent, over, info.context))

    read = Told(function, needs, subject, rules)
    return strawberry.field(resolver=tell, description=description, metadata={"read": read})


def _many_loader(
    context: Context, parent: type[Record], name: str, order: str, first: int
) -> DataLoader[UUID, Sequence[Record]]:
    relation: Any = parent._meta.fields_map[name]
    model, column = relation.related_model, relation.relation_field

    async def load(keys: list[UUID]) -> list[Sequence[Record]]:
        seen = model.seen_by(context.viewer).filter(**{f"{column}__in": keys})
        by_parent: defaultdict[UUID, list[Record]] = defaultdict(list)
        rows = model.filter(id__in=First(seen, column, order, first)).order_by(*dict.fromkeys((order, "id")))
        for row in await rows.using_db(reads()):
            by_parent[getattr(row, column)].append(row)
        return [by_parent[key] for key in keys]

    key = (parent, name, order, first)
    if key not in context.loaders:
        context.loaders[key] = DataLoader(load)
    return context.loaders[key]


class First(Subquery):
    """The keys of the first rows for each value of a column."""

    def __init__(self, rows: Any, column: str, order: str, first: int) -> None:
        place = RawSQL(f'row_number() OVER (PARTITION BY "{column}" ORDER BY "{order}", "id")')
        super().__init__(rows.annotate(place=place).values("id", "place"))
        self.first = first

    def get_sql(self, ctx: SqlContext) -> str:
        numbered = super().get_sql(ctx.copy(subquery=True))
        return f'(SELECT "id" FROM {numbered} "numbered" WHERE "place" <= {self.first})'


def global_id(row: Any) -> strawberry.ID:
    return strawberry.ID(f"{type(row).__name__}_{row.id}")


def key_of(given: str, model: type[Record], field: str | None = None) -> UUID:
    """The key in a global id of this kind of record. Raises `Refused` for any other text."""
    kind, key = parsed(given)
    if kind != model.__name__ or key is None:
        raise Refused(
            BAD_INPUT.about(
                field, problem_zh="不是有效的编号", problem_en=f"this is no id of the kind {model.__name__}"
            )
        )
    return key


def parsed(given: str) -> tuple[str, UUID | None]:
    kind, _, key = given.partition("_")
    try:
        return kind, UUID(key)
    except ValueError:
        return "", None


def enum(words: type[Word]) -> type[Word]:
    """A `Word` as a GraphQL enum, each value described in Chinese and English."""
    if not hasattr(words, "__strawberry_definition__"):
        strawberry.enum(words, description=(words.__doc__ or words.__name__).strip())
        definition: StrawberryEnumDefinition = words.__strawberry_definition__  # type: ignore[attr-defined]
        for value in definition.values:
            member = words[value.name]
            value.description = f"{member.zh}: {member.en}"
    return words
