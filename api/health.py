"""Whether this process lives, and whether it wants to be sent requests: for a supervisor, and for a proxy."""

from __future__ import annotations

import asyncio
import logging
import os
import time

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from tortoise.connection import get_connection

from domain import database, schema

DATABASE_SECONDS = 5
LATELY_SECONDS = 60
log = logging.getLogger("qiban")
_asked_at: float | None = None
_leaving = False


async def health(request: Request) -> Response:
    """It answers, so it lives: no reason to start it anew while the database is away."""
    return JSONResponse({"status": "ok"})


async def ready(request: Request) -> Response:
    """200 where requests can be answered, else 503 and why not."""
    global _asked_at
    _asked_at = time.monotonic()
    problem = "leaving" if _leaving else await _problem()
    return JSONResponse({"status": problem or "ready"}, 503 if problem else 200)


routes = [Route("/health", health), Route("/ready", ready)]


async def leave() -> None:
    """Say no to whoever asks whether this process is ready, and give them time to hear it: QIBAN_DRAIN_SECONDS.
    Where nobody has asked lately, nobody is waited for."""
    global _leaving
    _leaving = True
    if _asked_at is not None and time.monotonic() - _asked_at < LATELY_SECONDS:
        await asyncio.sleep(float(os.environ.get("QIBAN_DRAIN_SECONDS", "10")))


def stay() -> None:
    global _asked_at, _leaving
    _asked_at, _leaving = None, False


async def _problem() -> str | None:
    try:
        async with asyncio.timeout(DATABASE_SECONDS):
            client = get_connection("default")
            if not await schema.is_current(client):
                return "old database"
            if database.engine() == "postgres":
                [row] = await client.execute_query_dict("SELECT pg_is_in_recovery() AS follows")
                return "read only" if row["follows"] else None
    except Exception as error:
        log.warning("not ready: %s", type(error).__name__)
        return "no database"
    return None
