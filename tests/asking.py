"""Random documents over the part of the schema that is planned."""

from __future__ import annotations

import random
from typing import Any

from graphql import GraphQLEnumType, GraphQLField, GraphQLInterfaceType, GraphQLObjectType, get_named_type

from api.schema import schema
from tests.walk import asks

ROOTS = ("cases", "responsibilities", "enterprises", "departments", "persons", "zones", "history", "case", "node",
         "caseCounts")


class Asking:
    def __init__(self, seed: int, ids: list[str]) -> None:
        self.random, self.ids = random.Random(seed), ids

    def document(self) -> str:
        query = schema._schema.query_type
        assert query
        roots = self.random.sample(ROOTS, self.random.choice((1, 1, 2)))
        written = [self._field(f"r{n}: {name}", query.fields[name], 4) for n, name in enumerate(roots)]
        return f"{{ {' '.join(written)} }}"

    def of_a(self, kind: str) -> str:
        """What is selected of one record of a kind."""
        return self._selection(schema._schema.type_map[kind], 3)

    def _field(self, name: str, field: GraphQLField, depth: int) -> str:
        kind = get_named_type(field.type)
        given = self._arguments(name.split(": ")[-1], field)
        if not isinstance(kind, (GraphQLObjectType, GraphQLInterfaceType)):
            return f"{name}{given}"
        return f"{name}{given} {{ {self._selection(kind, depth - 1)} }}"

    def _selection(self, kind: Any, depth: int) -> str:
        if isinstance(kind, GraphQLInterfaceType):
            shown = self.random.choice(("Case", "Problem", "Person"))
            of_kind = schema._schema.type_map[shown]
            return f"id __typename ... on {shown} {{ {self._selection(of_kind, depth)} }}"
        known = {name: each for name, each in kind.fields.items() if not asks(each)}
        leaves = [name for name, each in known.items() if not _is_object(each)]
        below = [name for name, each in known.items() if _is_object(each)] if depth > 0 else []
        chosen = self.random.sample(leaves, self.random.randint(0, min(4, len(leaves))))
        chosen += self.random.sample(below, self.random.randint(0, min(3, len(below))))
        if "nodes" in chosen and "edges" in chosen:
            chosen.remove("edges")
        written = [self._aliased(name, kind.fields[name], depth) for name in chosen] or ["__typename"]
        if self.random.random() < 0.2:
            written.append("__typename")
        if self.random.random() < 0.2:
            written = [f"... on {kind.name} {{ {' '.join(written)} }}"]
        return " ".join(written)

    def _aliased(self, name: str, field: GraphQLField, depth: int) -> str:
        alias = f"a{self.random.randint(0, 9)}_{name}: " if self.random.random() < 0.2 else ""
        return self._field(f"{alias}{name}", field, depth)

    def _arguments(self, name: str, field: GraphQLField) -> str:
        given = []
        if "first" in field.args:
            given.append(f"first: {self.random.randint(1, 4)}")
        if "id" in field.args:
            fitting = [each for each in self.ids if name == "node" or each.startswith("Case_")]
            given.append(f'id: "{self.random.choice(fitting)}"')
        if "orderBy" in field.args:
            order = get_named_type(field.args["orderBy"].type)
            assert isinstance(order, GraphQLEnumType)
            given.append(f"orderBy: {self.random.choice(list(order.values))}")
        if name == "cases" and "filter" in field.args and self.random.random() < 0.4:
            given.append("filter: {stage: [ASSIGN, CLOSE], text: \"用地\"}")
        return f"({', '.join(given)})" if given else ""


def _is_object(field: GraphQLField) -> bool:
    return isinstance(get_named_type(field.type), (GraphQLObjectType, GraphQLInterfaceType))
