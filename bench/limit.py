"""The limit that reading is measured against: hand-written SQL to bytes in a bare route, sight by zone included."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg  # type: ignore[import-untyped]
import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench import limit_moves
from domain.database import SQLITE_PRAGMAS

URL = os.environ.get("QIBAN_DATABASE_URL", "")
POSTGRES = URL.startswith("postgres")


def sql(text: str) -> str:
    """A statement in this engine's words: `{object}`, `{array}`, `{json}` and `{time:…}` differ."""
    if POSTGRES:
        said = text.replace("OBJECT(", "json_build_object(").replace("ARRAY(", "json_agg(").replace("JSON(", "(")
        return said.replace("TIME(", "(").replace("EMPTY", "'[]'::json")
    said = text.replace("OBJECT(", "json_object(").replace("ARRAY(", "json_group_array(").replace("JSON(", "json(")
    return said.replace("TIME(", "(").replace("EMPTY", "json_array()").replace("$1", "?1").replace("$2", "?2")


CASE = """OBJECT('id', 'Case_' || c.id, 'number', c.number, 'title', c.title, 'state', upper(c.state),
  'raisedOn', c.raised_on, 'collectedAt', TIME(c.collected_at),
  'enterprise', JSON((SELECT OBJECT('name', e.name) FROM enterprise e WHERE e.id = c.enterprise_id)),
  'owner', JSON((SELECT OBJECT('name', p.name) FROM person p WHERE p.id = c.owner_id)),
  'responsibilities', JSON((SELECT COALESCE(ARRAY(JSON(r.node)), EMPTY) FROM (SELECT OBJECT('part', upper(r.part),
     'department', JSON((SELECT OBJECT('name', d.name) FROM department d WHERE d.id = r.department_id))) AS node
     FROM responsibility r WHERE r.case_id = c.id ORDER BY r.id LIMIT 50) r)),
  'problems', JSON((SELECT COALESCE(ARRAY(JSON(p.node)), EMPTY) FROM (SELECT OBJECT('description', p.description,
     'state', upper(p.state)) AS node FROM problem p WHERE p.case_id = c.id ORDER BY p.id LIMIT 50) p)),
  'latestEntry', JSON((SELECT OBJECT('move', t.move, 'at', TIME(t.at)) FROM entry t
     WHERE t.subject_id = c.id AND t.sequence = c.sequence)))"""
HISTORY = """OBJECT('history', OBJECT('nodes', JSON((SELECT COALESCE(ARRAY(JSON(t.node)), EMPTY) FROM (SELECT
  OBJECT('sequence', t.sequence, 'move', t.move, 'at', TIME(t.at), 'reason', t.reason,
  'actor', JSON((SELECT OBJECT('name', p.name) FROM person p WHERE p.id = t.actor_id))) AS node
  FROM entry t WHERE t.subject_id = c.id ORDER BY t.id LIMIT 50) t))))"""
BOARD = sql(
    f"""SELECT {CASE} AS node, CAST(c.id AS TEXT) AS key FROM "case" c WHERE c.zone_id = $1
    ORDER BY c.id DESC LIMIT $2"""
)
DETAIL = sql(f"""SELECT {CASE} AS node, {HISTORY} AS more FROM "case" c WHERE c.id = $2 AND c.zone_id = $1""")
COUNTS = sql("""SELECT state, count(*) FROM "case" c WHERE c.zone_id = $1 GROUP BY state""")


REGISTER = sql(
    """SELECT OBJECT('id', 'Case_' || c.id, 'number', c.number, 'title', c.title, 'state', upper(c.state), 'enterprise',
    JSON((SELECT OBJECT('name', e.name) FROM enterprise e WHERE e.id = c.enterprise_id))) AS node,
    CAST(c.id AS TEXT) AS key FROM "case" c WHERE c.zone_id = $1
    AND (upper(c.title) LIKE $2 OR upper(c.description) LIKE $2) ORDER BY c.id DESC LIMIT 51"""
)


async def register(request: Request) -> Response:
    given = orjson.loads(await request.body())
    rows = await _rows(REGISTER, given["zone"], f"%{given['text'].upper()}%")
    return _page(rows, 50)


async def board(request: Request) -> Response:
    given = orjson.loads(await request.body())
    size = given["first"]
    return _page(await _rows(BOARD, given["zone"], size + 1), size)


def _page(rows: Any, size: int) -> Response:
    nodes = b",".join(_bytes(row[0]) for row in rows[:size])
    end = f'"hasNextPage":{"true" if len(rows) > size else "false"},"endCursor":"{rows[:size][-1][1]}"'.encode()
    return _answer(b'{"data":{"cases":{"nodes":[' + nodes + b'],"pageInfo":{' + end + b"}}}}")


async def detail(request: Request) -> Response:
    given = orjson.loads(await request.body())
    ((node, more),) = await _rows(DETAIL, given["zone"], UUID(given["case"]) if POSTGRES else given["case"])
    return _answer(b'{"data":{"case":[' + _bytes(node) + b"," + _bytes(more) + b"]}}")


async def counts(request: Request) -> Response:
    given = orjson.loads(await request.body())
    rows = await _rows(COUNTS, given["zone"])
    return _answer(orjson.dumps({"data": {"counts": {row[0]: row[1] for row in rows}}}))


async def sign(request: Request) -> Response:
    given = orjson.loads(await request.body())
    if POSTGRES:
        async with pool[0].acquire() as connection, connection.transaction():
            await limit_moves.sign(connection.fetch, True, given["duty"], given["actor"])
    else:
        # By hand there is nothing to await between the two, so nobody else comes in between.
        pool[0].execute("BEGIN IMMEDIATE")
        await limit_moves.sign(_on_the_spot, False, given["duty"], given["actor"])
        pool[0].execute("COMMIT")
    return _answer(b'{"data":{"sign":{"responsibility":"' + given["duty"].encode() + b'","refusals":[]}}}')


async def _on_the_spot(statement: str, *given: Any) -> Any:
    return pool[0].execute(statement.replace("$", "?"), given).fetchall()


async def _rows(statement: str, zone: str, *given: Any) -> Any:
    if POSTGRES:
        return await pool[0].fetch(statement, UUID(zone), *given)
    return pool[0].execute(statement, (zone, *given)).fetchall()


def _bytes(node: str) -> bytes:
    return node.encode()


def _answer(body: bytes) -> Response:
    return Response(body, media_type="application/json")


pool: list[Any] = []


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    if POSTGRES:
        pool.append(await asyncpg.create_pool(URL, min_size=10, max_size=10))
    else:
        pool.append(sqlite3.connect(URL.removeprefix("sqlite://"), check_same_thread=False, isolation_level=None))
        for name, value in SQLITE_PRAGMAS.items():
            pool[0].execute(f"PRAGMA {name} = {value}")
    yield


ROUTES = (board, register, detail, counts, sign)
app = Starlette(routes=[Route(f"/{each.__name__}", each, methods=["POST"]) for each in ROUTES], lifespan=lifespan)

if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), log_level="error", access_log=False)
