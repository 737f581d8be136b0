"""The read path that plans once: a selection becomes one SQL statement whose answer is the response itself.

A root resolver says which rows are wanted (`Listing`, `Lookup`), the selection under it what of them. From both one
statement is written: every relation a subselect with its own condition of sight, every list limited for each parent,
the whole in response shape. What SQL cannot say, a function of the row, becomes a hole that names the columns it needs
and is filled here. Whatever a plan cannot express raises `Unplannable`, and the ordinary executor answers, errors and
all. Why it is so: docs/decisions/0006-plan-once.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import Any

import orjson
from graphql import DocumentNode, GraphQLList, get_named_type, get_nullable_type
from strawberry import Schema
from strawberry.types.arguments import convert_arguments

from api.columns import Unread
from api.context import Context
from api.counts import Numbers
from api.pages import NOW, Amount, Listing, Lookup, require_a_past
from api.roots import Root
from api.selections import Details, Selection, Unplannable, declared, kind_under, name_of, selection
from api.statements import Statement
from domain.database import reads


@dataclass(frozen=True)
class Part:
    """A field at the top, or one of a field there that is nothing but its parts (`viewer`), by the name it goes by in
    the answer and that of what it stands in: read by its own statement, or `said` without one."""

    above: str | None
    key: str
    root: Root | None = None
    said: Callable[[Context], Any] = lambda _: None


@dataclass
class Plan:
    """An operation bound to its variables and its viewer. Written anew when more has become known of which columns
    its functions look at."""

    write: Callable[[], tuple[list[Part], bool]]

    def __post_init__(self) -> None:
        self.roots, self.learning = self.write()

    async def answer(self, context: Context) -> dict[str, Any]:
        """Raises `Outdated` when the viewer no longer stands as they did when the plan was made."""
        while True:
            answers: dict[str, Any] = {}
            try:
                for part in self.roots:
                    place = answers.setdefault(part.above, {}) if part.above else answers
                    place[part.key] = await _answered(part.root, context) if part.root else part.said(context)
            except Unread:
                self.roots, self.learning = self.write()
                continue
            if self.learning:
                self.roots, self.learning = self.write()
            return answers


class Outdated(Exception):
    """Raised when an answer was read for one whose standing has changed; they have been let in anew."""


async def _read(root: Root, context: Context) -> Sequence[Any]:
    """The rows, each its node, its key, its place and what else it is sorted by; with the first of a request the stamps
    of the reader's standing and of what is told by are read too."""
    if context.admission is None:
        if root.rules:
            await context.prepare()
        return await _asked(root.sql, root.parameters, context)
    found = await _asked(root.stamped, [*root.parameters, str(context.admission.session_id)], context)
    (stamps,) = [(standing, rules) for standing, key, rules in found if key is None]
    if not await context.confirm(stamps[0].decode()):
        raise Outdated
    if root.rules:
        await context.prepare(stamps[1])
    return [row for row in found if row[1] is not None]


async def _answered(root: Root, context: Context) -> Any:
    found = await _read(root, context)
    count = (await _asked(*root.count, context))[0][0] if root.count else None
    if not root.holes:
        return root.finish([(orjson.Fragment(node), key, place) for node, key, place, *_ in found], count)
    rows = [(orjson.loads(node), key, place) for node, key, place, *_ in found]
    for node, _, _ in rows:
        for hole in root.holes:
            fill(node, hole.path, hole.fill, context)
    return root.finish(rows, count)


async def _asked(sql: str, parameters: Sequence[Any], context: Context) -> Sequence[Any]:
    """A plan outlives the instant it was made at: it says `NOW` wherever it means that of the asking."""
    known = {NOW: context.at, **context.named}
    _, found = await reads().execute_query(sql, [known.get(each, each) for each in parameters])
    return found


def fill(node: Any, path: tuple[str, ...], made: Callable[[Any, Context], Any], context: Context) -> None:
    """Put what is made of what stands at a path in its place."""
    step, rest = path[0], path[1:]
    if step == "*":
        for index, item in enumerate(node):
            if rest:
                fill(item, rest, made, context)
            else:
                node[index] = made(item, context)
    elif node is not None and node.get(step) is not None:
        if rest:
            fill(node[step], rest, made, context)
        else:
            node[step] = made(node[step], context)


def plan(
    schema: Schema, document: DocumentNode, operation_name: str | None, variables: Mapping[str, Any] | None,
    context: Context,
) -> Plan:
    """The plan for an operation of a valid document. Raises `Unplannable`."""
    source = schema._schema
    chosen = selection(source, document.definitions, operation_name, dict(variables or {}))
    assert source.query_type
    try:
        # A plan is kept, so it is shown nothing of the request but the viewer.
        roots, bare = chosen.roots(source.query_type), Context(context.someone, "", "", as_of=context.as_of)
        return Plan(partial(_written, chosen, schema, roots, bare))
    except Exception as error:  # whatever is wrong with the request, the executor says it
        raise Unplannable from error


def _written(
    chosen: Selection, schema: Schema, roots: Mapping[str, Details], context: Context
) -> tuple[list[Part], bool]:
    """The statements for each part, and whether more is to be known once they have been answered."""
    query = chosen.schema.query_type
    assert query
    parts: list[Part] = []
    learning = False
    for key, details in roots.items():
        if name_of(details).startswith("__"):
            raise Unplannable
        divided = declared(query, name_of(details)).metadata.get("parts", False)
        kind = kind_under(query, details) if divided else query
        divisions = chosen.under(kind, details) if divided else {key: details}
        if not divisions:
            raise Unplannable
        for each, under in divisions.items():
            statement = Statement(chosen, context)
            parts.append(_part(statement, schema, key if divided else None, each, kind, under, context))
            learning |= statement.learning
    if not any(part.root for part in parts):
        raise Unplannable  # for with what is read the standing of the reader is confirmed
    return parts, learning


def _part(
    statement: Statement, schema: Schema, above: str | None, key: str, kind: Any, details: Details, context: Context
) -> Part:
    name = name_of(details)
    if name == "__typename":
        return Part(above, key, said=lambda _: kind.name)
    field = declared(kind, name)
    if said := field.metadata.get("said"):
        return Part(above, key, said=said)
    wanted = _wanted(field, statement.selection.arguments(kind, details), schema, context)
    of_kind = get_named_type(kind.fields[name].type)
    if isinstance(wanted, Numbers):
        return Part(above, key, statement.numbers(key, wanted, of_kind, details))
    if isinstance(wanted, Amount):
        return Part(above, key, statement.amount(key, wanted))
    if isinstance(wanted, Lookup):
        return Part(above, key, statement.lookup(key, wanted, of_kind, details))
    if isinstance(get_nullable_type(kind.fields[name].type), GraphQLList):
        return Part(above, key, statement.listing(key, wanted, of_kind, details))
    return Part(above, key, statement.connection(key, wanted, of_kind, details))


def _wanted(field: Any, given: dict[str, Any], schema: Schema, context: Context) -> Any:
    """What the root resolver asks for: it is called as ever, but only says what it would read."""
    if field.base_resolver is None or field.is_async:
        raise Unplannable
    arguments = convert_arguments(given, field.arguments, schema.schema_converter.scalar_registry, schema.config)
    if arguments.pop("as_of", None) != context.as_of:
        raise Unplannable
    info = SimpleNamespace(context=SimpleNamespace(viewer=context.viewer, at=NOW))
    wanted = field.base_resolver.wrapped_func(None, info=info, **arguments)
    if not isinstance(wanted, (Listing, Lookup, Amount, Numbers)):
        raise Unplannable
    require_a_past(wanted.rows.model, context.as_of)
    return wanted
