"""Walking the whole schema as someone: every field of every row that opens, and all that the answers name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLObjectType,
    build_schema,
    get_named_type,
    get_nullable_type,
    is_required_argument,
)
from tortoise.connection import get_connection
from tortoise.context import require_context

from api.limits import MOST_ALIASES, MOST_ROWS, MOST_TOKENS
from api.nodes import global_id, parsed
from api.schema import schema
from domain import clock
from tests.graphql import Client
from workflows.timetable import FLOWS

SCHEMA = build_schema(schema.as_str())
NODE_TYPES = {each.name: each for each in SCHEMA.get_possible_types(SCHEMA.type_map["Node"])}  # type: ignore[arg-type]
PAGE, SHORT_PAGE, AT_ONCE = 120, 30, 30
EITHER = ("visitCoverage",)
"""Fields that need one of several arguments, of which none is required by itself."""
QUERY = SCHEMA.type_map["Query"].fields  # type: ignore[attr-defined]
LISTS = {
    name: kind.removesuffix("Connection")
    for name, declared in QUERY.items()
    if (kind := get_named_type(declared.type).name).endswith("Connection")
}
"""The lists of Query, and what they are of."""
INBOX = "notices"
"""One more, of the viewer."""
UNPLANNED = ("companionships", "extensions", "ladder", "pauses", "rule", "url", "visitBurden")
"""Fields that no plan can tell; where a document leaves them out, another asks the executor for them."""
TOKEN = re.compile(r"\w+|[^\w\s]")
NOTHING: dict[str, Any] = {"nodes": [], "pageInfo": {"hasNextPage": False}}
Key = tuple[str, UUID]
_known: set[str] = set()


@dataclass
class Walk:
    """What one caller was shown: every id, what opened by its id, the fields of every row, and the words of it all.

    From every row all ways are walked once, however it was reached: by a plan where there can be one, and from some of
    each kind by the ordinary executor too, which alone answers `__typename` at the top. It is the same few documents
    for everybody, so that they are validated once; and a row names those it leads to by their ids alone, as what is to
    be read of these is read where they are walked from.
    """

    client: Client
    shown: set[Key] = field(default_factory=set)
    opened: set[Key] = field(default_factory=set)
    rows: dict[Key, dict[str, Any]] = field(default_factory=dict)
    in_full: list[dict[str, Any]] = field(default_factory=list)
    lists: dict[str, list[Key]] = field(default_factory=dict)
    roots: dict[str, Any] = field(default_factory=dict)
    codes: set[str] = field(default_factory=set)
    words: list[str] = field(default_factory=list)

    async def everywhere(self, ids: Sequence[str]) -> None:
        """Every field of Query, every row by its id, every field of every row and every way of one step from it; and
        from some of each kind both again, as far as they lead anywhere: by the executor, and in two steps."""
        await self.from_the_top()
        await self.by_id(ids)
        some = self.leading()
        await self.by_the_executor(some, {key(each)[0]: each for each in ids})
        await self.in_two_steps({key(each) for few in some.values() for each in few})

    async def from_the_top(self) -> None:
        """By the executor plain fields of the rows of lists; by plan every list to its end, with all of its rows."""
        for document in at_the_top(apart=self.client.token is None):
            self.roots |= await self.ask(document)
        for name in (*LISTS, INBOX):
            await self.to_the_end(name)

    async def to_the_end(self, name: str) -> None:
        """A list page by page."""
        self.lists[name] = []
        page = {"endCursor": None, "hasNextPage": True}
        while page["hasNextPage"]:
            answer = await self.ask(listed(name), after=page["endCursor"])
            found = (answer.get("viewer") or answer).get(name) or NOTHING
            self.lists[name] += [key(each["id"]) for each in found["nodes"]]
            self.rows |= {key(each["id"]): each for each in found["nodes"]}
            page = found["pageInfo"]

    async def by_id(self, ids: Sequence[str]) -> None:
        """Every row by its id, and all of those that no list has shown."""
        for some in batches(ids, AT_ONCE):
            self.opened |= {key(each["id"]) for each in await self.nodes(some, "id")}
        left: dict[str, list[str]] = {}
        for each in ids:
            if key(each) in self.opened and key(each) not in self.rows:
                left.setdefault(key(each)[0], []).append(each)
        for kind, keys in left.items():
            for some in batches(keys, AT_ONCE):
                found = await self.nodes(some, f"... on {kind} {{ {told(NODE_TYPES[kind])} }}")
                self.rows |= {key(each["id"]): each for each in found}

    def leading(self) -> dict[str, list[str]]:
        """Of each kind, rows that together lead by all fields by which any does; first the one that does by most."""
        found: dict[str, list[str]] = {}
        led_by: dict[str, set[str]] = {}
        for row in sorted(self.rows.values(), key=lambda row: -len(leads(row))):
            kind = key(row["id"])[0]
            if kind not in found or leads(row) - led_by[kind]:
                found.setdefault(kind, []).append(row["id"])
                led_by[kind] = led_by.get(kind, set()) | leads(row)
        return found

    async def by_the_executor(self, some: Mapping[str, Sequence[str]], any_of: Mapping[str, str]) -> None:
        """All of some rows of each kind, or of one that is not seen."""
        for document, kinds in one_of_each(tuple(any_of)):
            answer = await self.ask(document, **{kind: some.get(kind, [any_of[kind]])[0] for kind in kinds})
            self.in_full += [answer[kind] for kind in kinds if answer.get(kind)]
        for kind, (_, *others) in some.items():
            if others:
                self.in_full += await self.nodes(others, f"... on {kind} {{ {told(NODE_TYPES[kind])} }}", "__typename")

    async def in_two_steps(self, wanted: set[Key]) -> None:
        """To rows from others that lead there, and by every way further."""
        ways: dict[Key, tuple[bool, str, str, str]] = {}
        for (kind, _), row in self.rows.items():
            for name, declared in NODE_TYPES[kind].fields.items():
                way = ("first" in declared.args, kind, name, row["id"])
                for to in keys_in(row.get(name)) if led_to(declared) else ():
                    ways[to] = min(way, ways.get(to, way))
        for _, kind, name, each in {ways[to] for to in wanted & set(ways)}:
            await self.ask(two_steps(kind, name), id=each)

    async def nodes(self, ids: Sequence[str], fields: str, top: str = "") -> list[dict[str, Any]]:
        """Some fields of rows by their ids."""
        answer = await self.ask(looked_up(fields, len(ids), top), **{f"i{n}": each for n, each in enumerate(ids)})
        return [each for name, each in answer.items() if each and not name.startswith("_")]

    async def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        if query not in _known:  # a document never asked for before is answered by no plan
            _known.add(query)
            await Client(self.client.http).send(query)
        answer = await self.client.send(query, **variables)
        self.codes |= {each.get("extensions", {}).get("code") for each in answer.get("errors") or ()}
        self.words.append(json.dumps(answer, ensure_ascii=False))
        self.shown |= set(keys_in(answer.get("data")))
        return answer.get("data") or {}


@cache
def at_the_top(*, apart: bool) -> list[str]:
    """Every field of Query, for the executor; each by itself where one that is refused would take others with it."""
    fields = [
        f"{called(name, declared, SHORT_PAGE)} {{ {page_of(told(NODE_TYPES[LISTS[name]], steps=False))} }}"
        if name in LISTS else asked(name, declared, 1, SHORT_PAGE)
        for name, declared in QUERY.items()
        if not asks(declared) and name not in EITHER
    ]
    return [f"{{ __typename {' '.join(some)} }}" for some in (batches(fields, 1) if apart else together(fields))]


@cache
def listed(name: str) -> str:
    """A page of a list, every row with all that a plan can tell."""
    row = told(NODE_TYPES[LISTS.get(name, "Notice")], planned=True)
    first = min(PAGE, MOST_ROWS // (2 * PAGE * (1 + row.count("first:"))))  # of fewer, where each has long lists
    page = (
        f"{name}(first: {first}, after: $after) "
        f"{{ nodes {{ {row} }} edges {{ cursor }} totalCount pageInfo {{ hasNextPage endCursor }} }}"
    )
    return f"query($after: String) {{ {f'viewer {{ {page} }}' if name == INBOX else page} }}"


@cache
def looked_up(fields: str, of: int, top: str) -> str:
    declared = " ".join(f"$i{n}: ID!" for n in range(of))
    nodes = " ".join(f"n{n}: node(id: $i{n}) {{ ...Row }}" for n in range(of))
    return f"query({declared}) {{ {top} {nodes} }} fragment Row on Node {{ __typename {fields} }}"


@cache
def one_of_each(kinds: tuple[str, ...]) -> list[tuple[str, list[str]]]:
    """Everything of a row of each kind, for the executor, and the kinds that a document asks for."""
    fields = {f"{kind}: node(id: ${kind}) {{ ... on {kind} {{ {told(NODE_TYPES[kind])} }} }}": kind for kind in kinds}
    found = [(some, [fields[each] for each in some]) for some in together(fields)]
    return [
        (f"query({' '.join(f'${kind}: ID!' for kind in of)}) {{ __typename {' '.join(some)} }}", of)
        for some, of in found
    ]


@cache
def two_steps(kind: str, name: str) -> str:
    """By a field of a row to others, and by each of their fields further."""
    first = NODE_TYPES[kind].fields[name]
    further = NODE_TYPES[led_to(first)].fields
    ways = [step(name, each, 4, "id") for name, each in further.items() if led_to(each) and not asks(each)]
    fields = step(name, first, PAGE, " ".join(["id", *ways]))
    return f"query($id: ID!) {{ node(id: $id) {{ ... on {kind} {{ {fields} }} }} }}"


def led_to(declared: GraphQLField) -> str:
    """The kind of rows that a field leads to, if any."""
    kind = get_named_type(declared.type).name.removesuffix("Connection")
    return kind if kind in NODE_TYPES else ""


def called(name: str, declared: GraphQLField, page: int) -> str:
    return f"{name}(first: {page})" if "first" in declared.args else name


def step(name: str, declared: GraphQLField, page: int, fields: str) -> str:
    """A field that leads to rows, and what is asked of them."""
    of_rows = get_named_type(declared.type).name in NODE_TYPES
    return f"{called(name, declared, page)} {{ {fields if of_rows else f'nodes {{ {fields} }}'} }}"


def told(kind: GraphQLObjectType, *, steps: bool = True, planned: bool = False) -> str:
    """Every field of a type that asks for nothing: its plain ones, and the ids of those that lead to rows."""
    found = ["__typename"]
    for name, declared in kind.fields.items():
        to, call = get_named_type(declared.type), called(name, declared, PAGE)
        if asks(declared) or (planned and name in UNPLANNED):
            continue
        if not isinstance(to, GraphQLObjectType):
            found.append(call)
        elif not led_to(declared):
            found.append(f"{call} {{ {told(to, planned=planned)} }}")
        elif steps:
            page = "nodes { id } totalCount" if planned else page_of("id")
            found.append(f"{call} {{ {'id' if to.name in NODE_TYPES else page} }}")
    return " ".join(found)


def page_of(fields: str) -> str:
    """All there is to a page; that nodes and edges lead to rows is more than a plan can answer."""
    return (
        f"__typename nodes {{ {fields} }} edges {{ cursor node {{ id }} }} "
        "totalCount pageInfo { hasNextPage endCursor }"
    )


def together(fields: Iterable[str]) -> Iterator[list[str]]:
    """Fields at the top in as few documents as the limits on one let them be asked for in."""
    some: list[str] = []
    for each in fields:
        if len(some) == MOST_ALIASES or len(TOKEN.findall(" ".join([*some, each]))) > 0.9 * MOST_TOKENS:
            yield some
            some = []
        some.append(each)
    yield some


def leads(row: Mapping[str, Any]) -> set[str]:
    """The fields by which a row leads to others."""
    return {name for name, each in row.items() if next(keys_in(each), None)}


def selection(kind: GraphQLObjectType, ahead: int, page: int) -> str:
    """Every field of a type that asks for nothing: its plain ones, and those that lead to rows while steps are left."""
    fields = (asked(name, each, ahead, page) for name, each in kind.fields.items() if not asks(each))
    return " ".join(["__typename", *fields])


def asks(declared: GraphQLField) -> bool:
    """Whether a field is answered only when told more."""
    return any(is_required_argument(each) for each in declared.args.values())


def asked(name: str, declared: GraphQLField, ahead: int, page: int) -> str:
    kind: GraphQLNamedType = get_named_type(declared.type)
    call = called(name, declared, page)
    if not isinstance(kind, GraphQLObjectType):
        return call
    if "first" in declared.args and not ahead:
        return ""
    if kind.name not in NODE_TYPES:
        return f"{call} {{ {selection(kind, ahead, page)} }}"
    return f"{call} {{ {selection(kind, ahead - 1, page)} }}" if ahead else ""


def keys_in(answer: object) -> Iterator[Key]:
    """Every (type, key) that an answer names."""
    if isinstance(answer, dict):
        if isinstance(answer.get("id"), str):
            yield key(answer["id"])
        for each in answer.values():
            yield from keys_in(each)
    elif isinstance(answer, list):
        for each in answer:
            yield from keys_in(each)


@cache
def key(global_id: str) -> Key:
    kind, found = parsed(global_id)
    assert found, global_id
    return kind, found


def batches(rows: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (rows[start : start + size] for start in range(0, len(rows), size))


def mutations() -> dict[str, GraphQLInputObjectType]:
    """Every mutation of the schema and the type of its input."""
    assert SCHEMA.mutation_type
    found = {name: get_named_type(each.args["input"].type) for name, each in SCHEMA.mutation_type.fields.items()}
    assert all(isinstance(each, GraphQLInputObjectType) for each in found.values())
    return found


MOVES = {flow.mutation(move) or "": (flow, move) for flow in FLOWS.values() for move in flow.moves.values()}
KINDS = {
    "into": "Case", "companion": "Person", "actor": "Person", "owner": "Person", "record": "Case", "through": "Notice",
    "pupil": "Person", "to": "Person", "visitor": "Person", "version": "PolicyVersion",
}


def kind_of(mutation: str, name: str) -> str:
    """The kind of record an id of a mutation's input names."""
    if name != "id":
        word = name.removesuffix("s").removesuffix("Id")
        return KINDS.get(word) or next(
            kind for kind in NODE_TYPES if word.lower().endswith(kind.lower()) or kind.lower().endswith(word.lower())
        )
    flow = next((flow for each, (flow, _) in MOVES.items() if mutation in (each, f"{each}s", f"{each[:-1]}ies")), None)
    return flow.record.__name__ if flow else "Person"


def plausible(mutation: str, declared: GraphQLInputObjectType, rows: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """An input that could be meant: a record in a state from which the move goes, text, a day to come."""
    return {
        name: _value(mutation, name, each.type, rows)
        for name, each in declared.fields.items()
        if name not in ("idempotencyKey", "expectedVersion")
    }


def _value(mutation: str, name: str, kind: Any, rows: Mapping[str, Sequence[Any]]) -> Any:
    kind = get_nullable_type(kind)
    if isinstance(kind, GraphQLList):
        return [_value(mutation, name, kind.of_type, rows)]
    if isinstance(kind, GraphQLInputObjectType):
        fields = {key: each.type for key, each in kind.fields.items() if key != "expectedVersion"}
        return {key: _value(mutation, key, each, rows) for key, each in fields.items()}
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    if kind.name == "ID":
        return global_id(_row(mutation, name, rows))
    plain = {"String": "示例文字甲乙丙丁戊己", "Int": 1, "Boolean": False, "Decimal": "1"}
    return plain[kind.name] if kind.name in plain else (clock.today() + timedelta(days=9)).date().isoformat()


def _row(mutation: str, name: str, rows: Mapping[str, Sequence[Any]]) -> Any:
    of_kind = rows[kind_of(mutation, name)]
    assert of_kind, f"nothing to name for {mutation}({name})"
    move = next((move for each, (_, move) in MOVES.items() if mutation in (each, f"{each}s", f"{each[:-1]}ies")), None)
    fitting = [row for row in of_kind if name == "id" and move and getattr(row, "state", None) in move.source]
    return (fitting or of_kind)[0]


async def dump(*but: str) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, in order; without some tables."""
    tables = sorted(model._meta.db_table for model in require_context().apps.get_models_iterable())  # type: ignore[union-attr]
    connection = get_connection("default")
    return {
        table: await connection.execute_query_dict(f'SELECT * FROM "{table}" ORDER BY 1')
        for table in tables
        if table not in but
    }
