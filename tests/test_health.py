"""Whether a process lives and whether it is ready: what a supervisor and a proxy are told."""

from __future__ import annotations

import asyncio
import time

import httpx
import pytest
from tortoise.connection import get_connection

from api import health
from domain import database, schema
from tests.graphql import served


async def told(http: httpx.AsyncClient, path: str) -> tuple[int, str]:
    answer = await http.get(path)
    return answer.status_code, answer.json()["status"]


async def test_ready_is_where_the_database_is_reached(database_url: str) -> None:
    async with served() as http:
        async with database.opened(database_url):
            up = await told(http, "/ready")
        gone = await told(http, "/ready")
        alive = await told(http, "/health")

    assert up == (200, "ready")
    assert gone == (503, "no database")
    assert alive == (200, "ok"), "a service is not started anew because its database is away"


async def test_a_database_that_lacks_a_migration_is_not_ready(database: str) -> None:
    ran = f"DELETE FROM tortoise_migrations WHERE name = '{min(schema.known())}'"
    await get_connection("default").execute_query(ran)

    async with served() as http:
        assert await told(http, "/ready") == (503, "old database")


async def test_whoever_leaves_says_so_and_waits_for_it_to_be_heard(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QIBAN_DRAIN_SECONDS", "0.5")
    async with served() as http:
        await told(http, "/ready")
        began = time.monotonic()

        leaving = asyncio.create_task(health.leave())
        await asyncio.sleep(0.05)
        while_leaving = await told(http, "/ready"), await told(http, "/health")
        await leaving
        health.stay()

        assert while_leaving == ((503, "leaving"), (200, "ok"))
        assert time.monotonic() - began >= 0.5
        assert await told(http, "/ready") == (200, "ready")


async def test_where_nobody_asks_whether_it_is_ready_nobody_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QIBAN_DRAIN_SECONDS", "60")
    health.stay()

    async with asyncio.timeout(1):
        await health.leave()
    health.stay()
