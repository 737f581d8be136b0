"""A world made once and written as rows from then on: most tests begin in one, and its moves are not what they try."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from tortoise.connection import get_connection

from domain import database

FOUNDED = datetime(2020, 1, 2, tzinfo=UTC)
"""After the calendars were published and before anything that happens in a test."""
TABLES = ("zone", "department", "person", "enterprise", "membership", "personal_value", "entry", "span")
"""Those that a new world has rows in, each after those it refers to; the queue of the log fills itself."""
TOGETHER = "WITH {} SELECT 1".format(", ".join(  # persons and enterprises refer to each other
    f'"in_{table}" AS (INSERT INTO "{table}" SELECT * FROM json_populate_recordset(NULL::"{table}", ${number}::json))'
    for number, table in enumerate(TABLES, 1)
))
Rows = Mapping[str, Any]
kept: dict[str, tuple[Rows, Any]] = {}


async def entries() -> Sequence[str]:
    """The keys of the history there is."""
    return [str(row["id"]) for row in await get_connection("default").execute_query_dict("SELECT id FROM entry")]


async def record(world: object, before: Sequence[str]) -> None:
    """Keep the rows of a world that was made a moment ago in an empty database, but for the history from before it."""
    kept[database.engine()] = {table: await _rows(table, before) for table in TABLES}, world


async def write() -> object:
    """The world that was kept, in another database."""
    rows, world = kept[database.engine()]
    async with database.transaction() as connection:
        if database.engine() == "postgres":
            await connection.execute_query(TOGETHER, list(rows.values()))
        else:
            await connection.execute_query("PRAGMA defer_foreign_keys = ON")
            for table, found in rows.items():
                await connection.execute_many(f'INSERT INTO "{table}" VALUES ({", ".join("?" * len(found[0]))})', found)
    return world


async def _rows(table: str, before: Sequence[str]) -> str | Sequence[Sequence[Any]]:
    others = f"WHERE id NOT IN ({', '.join(map(repr, before))})" if table == "entry" and before else ""
    place = get_connection("default")  # a replica may not know of it yet
    if database.engine() == "postgres":
        read = f'SELECT json_agg(t)::text AS rows FROM (SELECT * FROM "{table}" {others}) t'
        return str((await place.execute_query_dict(read))[0]["rows"])
    return [tuple(row.values()) for row in await place.execute_query_dict(f'SELECT * FROM "{table}" {others}')]
