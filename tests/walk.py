"""Walking the whole schema as someone: every field of every row that opens, and all that the answers name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
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

from api.nodes import global_id, parsed
from api.schema import schema
from domain import clock
from tests.graphql import Client
from workflows.timetable import FLOWS

SCHEMA = build_schema(schema.as_str())
NODE_TYPES = {each.name: each for each in SCHEMA.get_possible_types(SCHEMA.type_map["Node"])}  # type: ignore[arg-type]
PAGE, DEEP_PAGE, AT_ONCE = 120, 4, 10
EITHER = ("visitCoverage",)
"""Fields that need one of several arguments, of which none is required by itself."""
MANY_LISTS = {"Enterprise": 1, "Case": 5, "Person": 6}
"""Of these fewer at once, or they could come to more rows than are answered."""
Key = tuple[str, UUID]


@dataclass
class Walk:
    """What one caller was shown: every id, every row that opened with its fields, and the words of it all."""

    client: Client
    shown: set[Key] = field(default_factory=set)
    opened: dict[Key, dict[str, Any]] = field(default_factory=dict)
    roots: dict[str, Any] = field(default_factory=dict)
    codes: set[str] = field(default_factory=set)
    words: list[str] = field(default_factory=list)

    async def everywhere(self, ids: Sequence[str]) -> None:
        """Every field of Query, every field of every row by its id, and further from the first few of each kind."""
        await self.from_the_top()
        by_type: dict[str, list[str]] = {}
        for each in ids:
            by_type.setdefault(parsed(each)[0], []).append(each)
        for kind, keys in by_type.items():
            ahead = 0 if kind == "Entry" else 1  # of these there are many, and further only from the few below
            for some in batches(keys, MANY_LISTS.get(kind, AT_ONCE)):
                await self.rows(kind, some, selection(NODE_TYPES[kind], ahead, PAGE))
            if few := [each for each in keys if key(each) in self.opened][-2:]:
                await self.rows(kind, few, ways(NODE_TYPES[kind], 2))

    async def from_the_top(self) -> None:
        assert SCHEMA.query_type
        for name, declared in SCHEMA.query_type.fields.items():
            if not asks(declared) and name not in EITHER:
                answer = await self.ask(f"{{ {asked(name, declared, 1, PAGE)} }}", {})
                self.roots[name] = (answer.get("data") or {}).get(name)

    async def rows(self, kind: str, ids: Sequence[str], fields: str) -> None:
        """Some fields of rows of one kind, asked for by id."""
        variables = {f"i{n}": each for n, each in enumerate(ids)}
        declared = " ".join(f"${name}: ID!" for name in variables)
        nodes = " ".join(f"n{n}: node(id: $i{n}) {{ ...Row }}" for n in range(len(ids)))
        answer = await self.ask(f"query({declared}) {{ {nodes} }} fragment Row on {kind} {{ {fields} }}", variables)
        for n, each in enumerate(ids):
            if found := (answer.get("data") or {}).get(f"n{n}"):
                self.opened.setdefault(key(each), found)

    async def ask(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        answer = await self.client.send(query, **variables)
        self.codes |= {each.get("extensions", {}).get("code") for each in answer.get("errors") or ()}
        self.words.append(json.dumps(answer, ensure_ascii=False))
        self.shown |= set(keys_in(answer.get("data")))
        return answer


def selection(kind: GraphQLObjectType, ahead: int, page: int) -> str:
    """Every field of a type that asks for nothing: its plain ones, and those that lead to rows while steps are left."""
    fields = (asked(name, each, ahead, page) for name, each in kind.fields.items() if not asks(each))
    return " ".join(["__typename", *fields])


def asks(declared: GraphQLField) -> bool:
    """Whether a field is answered only when told more."""
    return any(is_required_argument(each) for each in declared.args.values())


def asked(name: str, declared: GraphQLField, ahead: int, page: int) -> str:
    kind: GraphQLNamedType = get_named_type(declared.type)
    call = f"{name}(first: {page})" if "first" in declared.args else name
    if not isinstance(kind, GraphQLObjectType):
        return call
    if "first" in declared.args and not ahead:
        return ""
    if kind.name not in NODE_TYPES:
        return f"{call} {{ {selection(kind, ahead, page)} }}"
    return f"{call} {{ {selection(kind, ahead - 1, page)} }}" if ahead else ""


def ways(kind: GraphQLObjectType, steps: int) -> str:
    """Every way of so many steps from row to row, naming only the rows passed."""
    found = ["id"] if kind.name in NODE_TYPES else []
    for name, declared in kind.fields.items():
        to = get_named_type(declared.type)
        call = f"{name}(first: {DEEP_PAGE})" if "first" in declared.args else name
        if isinstance(to, GraphQLObjectType) and to.name in NODE_TYPES and steps:
            found.append(f"{call} {{ {ways(to, steps - 1)} }}")
        elif isinstance(to, GraphQLObjectType) and "nodes" in to.fields and steps:
            row = get_named_type(to.fields["nodes"].type)
            assert isinstance(row, GraphQLObjectType)
            found.append(f"{call} {{ nodes {{ {ways(row, steps - 1)} }} }}")
    return " ".join(found)


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
