"""What the database does for the pages: how many statements each is, and which of them read a long table through."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

from graphql import parse
from tortoise.connection import get_connection

from api.context import Context
from api.pages import NOW
from api.plans import plan
from api.schema import schema
from bench.board import COUNTS, MOVES, ONE, PAGE
from bench.data import Office
from bench.figures import Figure
from bench.register import REGISTER
from domain import clock, database
from domain.cases import Case
from domain.people import viewer_of

LONG = 10_000
ROLES = ("dispatcher", "leader", "auditor", "liaison")


async def measure(url: str, office: Office, engine: str, size: str) -> AsyncIterator[Figure]:
    async with database.opened(url):
        some: Any = await Case.filter(zone__code="B00").order_by("-id").first()
        documents: dict[str, tuple[str, dict[str, Any]]] = {
            "board_page": (PAGE, {"first": 50}), "moves_of_50": (MOVES, {}), "counts": (COUNTS, {}),
            "case_detail": (ONE, {"id": f"Case_{some.id}"}), "register": (REGISTER, {"text": "第99"}),
        }
        people = {role: office.person(0, role) for role in ROLES} | {"companion": office.companion(0, 0)}
        for name, (document, variables) in documents.items():
            statements, through = 0, set[str]()
            for person in people.values():
                viewer = await viewer_of(person, clock.now())
                context = Context(viewer, "zh", "")
                made = plan(schema, parse(document), None, variables, context)
                await made.answer(context)
                roots = [part.root for part in made.roots if part.root]
                statements = max(statements, len(roots))
                for root in roots:
                    values = [context.at if each == NOW else each for each in root.parameters]
                    through |= {table async for table in _read_through(root.sql, values)}
            yield Figure(f"statements_{name}", engine, size, statements, "a page, the reader's standing included")
            yield Figure(f"scans_{name}", engine, size, len(through), f"long tables read through: {sorted(through)}")


async def _read_through(sql: str, values: list[Any]) -> AsyncIterator[str]:
    connection = get_connection("reads")
    if database.engine() == "sqlite":
        for row in await connection.execute_query_dict(f"EXPLAIN QUERY PLAN {sql}", values):
            words = row["detail"].split()
            if words[0] == "SCAN" and "INDEX" not in words and await _is_long(words[1]):
                yield words[1]
    else:
        (row,) = await connection.execute_query_dict(f"EXPLAIN (FORMAT JSON) {sql}", values)
        for node in _nodes(json.loads(row["QUERY PLAN"])[0]["Plan"]):
            if node["Node Type"] == "Seq Scan" and await _is_long(node["Relation Name"]):
                yield node["Relation Name"]


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for below in node.get("Plans", []):
        yield from _nodes(below)


async def _is_long(table: str) -> bool:
    known = {model._meta.db_table for model in _models()}
    if table not in known:
        return False
    found = await get_connection("reads").execute_query_dict(f'SELECT count(*) AS n FROM "{table}"')
    return int(found[0]["n"]) > LONG


def _models() -> Iterator[Any]:
    from tortoise.context import require_context

    yield from require_context().apps.get_models_iterable()  # type: ignore[union-attr]
