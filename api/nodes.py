"""How types are declared: a field named like a column is the column, like a forward relation the row it points to,
like a reverse relation the rows that point here. Every row is reached through what the viewer may see."""

from __future__ import annotations

import base64
import binascii
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

import strawberry
from strawberry.dataloader import DataLoader
from strawberry.types.enum import StrawberryEnumDefinition

from api.context import Context, Info, one_loader
from api.pages import DEFAULT_PAGE, Order, page, page_size
from domain.database import reads
from domain.records import Record
from domain.refusals import BAD_INPUT, Refused
from domain.words import Word

T = TypeVar("T")
NODES: dict[type[Record], type[Any]] = {}
"""The GraphQL type of every kind of record."""


@dataclass(frozen=True)
class Computed:
    """A field made from the row alone: a pure function, and the columns it needs."""

    function: Callable[[Any], Any]
    needs: tuple[str, ...]


@strawberry.interface(description="Anything with an id of its own.")
class Node:
    @strawberry.field(description="Global id, to be used wherever an id is asked for.")
    def id(self) -> strawberry.ID:
        return global_id(self)


def node(model: type[Record]) -> Callable[[type[T]], type[T]]:
    """Declare the GraphQL type of a kind of record; resolvers are given rows of `model` as they are."""

    def declare(cls: type[T]) -> type[T]:
        described = strawberry.type(cls, description=(cls.__doc__ or "").strip())
        described.is_type_of = classmethod(lambda _, row, info: isinstance(row, model))  # type: ignore[attr-defined]
        described.__strawberry_definition__.is_type_of = lambda row, info: isinstance(row, model)  # type: ignore[attr-defined]
        NODES[model] = described
        return described

    return declare


def one() -> Any:
    """The row a forward relation points to; null when there is none, or none the viewer may see."""

    async def load(parent: strawberry.Parent[Any], info: Info) -> Any:
        relation = info.python_name
        key = getattr(parent, f"{relation}_id")
        model = parent._meta.fields_map[relation].related_model
        return await one_loader(info.context, model).load(key) if key is not None else None

    return strawberry.field(resolver=load)


def many(order: str = "id") -> Any:
    """The first rows of a reverse relation, limited for each parent."""

    async def load(parent: strawberry.Parent[Any], info: Info, first: int = DEFAULT_PAGE) -> Any:
        loader = _many_loader(info.context, type(parent), info.python_name, order, page_size(first))
        return await loader.load(parent.id)

    return strawberry.field(resolver=load)


def paged(order: Order) -> Any:
    """A reverse relation as a connection, for lists that may grow long."""

    async def load(
        parent: strawberry.Parent[Any], info: Info, first: int = DEFAULT_PAGE, after: str | None = None
    ) -> Any:
        relation = parent._meta.fields_map[info.python_name]
        rows = relation.related_model.seen_by(info.context.viewer).filter(**{relation.relation_field: parent.id})
        return await page(rows, order, first, after)

    return strawberry.field(resolver=load)


def computed(function: Callable[[Any], Any], *needs: str, description: str | None = None) -> Any:
    """A field made from the row alone by a pure function over the columns it `needs`."""

    def compute(parent: strawberry.Parent[Any]) -> Any:
        return function(parent)

    return strawberry.field(
        resolver=compute, description=description, metadata={"computed": Computed(function, needs)}
    )


def _many_loader(
    context: Context, parent: type[Record], name: str, order: str, first: int
) -> DataLoader[UUID, Sequence[Record]]:
    relation: Any = parent._meta.fields_map[name]
    model, column = relation.related_model, relation.relation_field

    async def load(keys: list[UUID]) -> list[Sequence[Record]]:
        rows = model.seen_by(context.viewer).filter(**{f"{column}__in": keys}).order_by(order)
        by_parent: defaultdict[UUID, list[Record]] = defaultdict(list)
        for row in await rows.using_db(reads()):
            by_parent[getattr(row, column)].append(row)
        return [by_parent[key][:first] for key in keys]

    key = (parent, name, order, first)
    if key not in context.loaders:
        context.loaders[key] = DataLoader(load)
    return context.loaders[key]


def global_id(row: Any) -> strawberry.ID:
    return strawberry.ID(base64.urlsafe_b64encode(f"{type(row).__name__}:{row.id}".encode()).decode().rstrip("="))


def key_of(given: str, model: type[Record], field: str | None = None) -> UUID:
    """The key in a global id of this kind of record. Raises `Refused` for any other text."""
    kind, key = parsed(given)
    if kind != model.__name__ or key is None:
        raise Refused(
            BAD_INPUT.about(
                field, problem_zh="不是有效的编号", problem_en=f"this is not the id of a {model.__name__}"
            )
        )
    return key


def parsed(given: str) -> tuple[str, UUID | None]:
    try:
        kind, _, key = base64.urlsafe_b64decode(given + "=" * (-len(given) % 4)).decode("ascii").partition(":")
        return kind, UUID(key)
    except (ValueError, binascii.Error):
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
