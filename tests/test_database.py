"""Nothing written is lost, nothing half-done is kept, and what is history stays."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from contextlib import suppress
from contextvars import Context
from datetime import UTC, datetime
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import asyncpg  # type: ignore[import-untyped]
import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection
from tortoise.exceptions import IntegrityError, OperationalError

import migrations
from domain import database as storage
from domain.append_only import forbid_changes
from domain.database import opened, reads, transaction
from tests import processes

T = TypeVar("T")


async def test_four_processes_writing_to_one_file_lose_nothing(sqlite_url: str) -> None:
    async with opened(sqlite_url):
        await a_table("tally")

        done = await asyncio.gather(*(a_process("write", sqlite_url, "3") for _ in range(4)))

        assert done == [(0, "")] * 4
        assert await count("tally") == 4 * 3 * processes.ROWS


async def test_a_reader_is_not_held_up_by_a_writer(database: str) -> None:
    await a_table("tally")

    async with transaction():
        await add("tally")
        seen_outside = await asyncio.wait_for(elsewhere(count("tally")), timeout=1)

    assert seen_outside == 0
    assert await count("tally") == 1


async def test_postgres_compiles_no_statement(postgres_url: str) -> None:
    async with storage.opened(postgres_url):
        for place in ("default", "reads", "past"):
            assert await get_connection(place).execute_query_dict("SHOW jit") == [{"jit": "off"}]


async def test_a_committed_row_is_read_at_once(database: str) -> None:
    await a_table("tally")

    for number in range(20):
        async with transaction():
            await add("tally")
        assert await count("tally") == number + 1


async def test_a_transaction_reads_what_it_has_written(database: str) -> None:
    await a_table("tally")

    async with transaction():
        await add("tally")
        assert await count("tally") == 1


async def test_the_reading_connection_refuses_to_write(sqlite_url: str) -> None:
    async with opened(sqlite_url):
        await a_table("tally")

        with pytest.raises(OperationalError, match="readonly"):
            await reads().execute_query("INSERT INTO tally (note) VALUES ('')")


async def test_nested_transactions_are_kept_as_one(database: str) -> None:
    await a_table("tally")

    async with transaction() as outer:
        async with transaction() as inner:
            await add("tally")
        await add("tally")

    assert inner is outer
    assert await count("tally") == 2


async def test_nested_transactions_roll_back_as_one(database: str) -> None:
    await a_table("tally")

    with pytest.raises(ValueError):
        async with transaction():
            await add("tally")
            async with transaction():
                await add("tally")
            raise ValueError

    assert await count("tally") == 0


async def test_a_part_that_failed_takes_the_whole_with_it_even_when_caught(database: str) -> None:
    await a_table("tally")

    with pytest.raises(RuntimeError, match="a part of this transaction failed"):
        async with transaction():
            await add("tally")
            with suppress(ValueError):
                async with transaction():
                    raise ValueError

    assert await count("tally") == 0


async def test_a_script_inside_a_transaction_is_rolled_back_with_it(database: str) -> None:
    await a_table("tally")

    with suppress(ValueError):
        async with transaction() as connection:
            await add("tally")
            await connection.execute_script("INSERT INTO tally (note) VALUES ('a;b'); /* ; */ SELECT 1;")
            raise ValueError

    assert await count("tally") == 0


async def test_writing_goes_on_after_a_request_was_cancelled_while_waiting_to_write(database: str) -> None:
    await a_table("tally")

    for patience in (0, 0.0001, 0.0005, 0.001, 0.002, 0.005) * 4:
        with suppress(TimeoutError):
            async with asyncio.timeout(patience), transaction():
                await add("tally")
                await asyncio.sleep(1)
    async with asyncio.timeout(2), transaction():
        await add("tally")

    assert await count("tally") == 1


async def test_a_task_that_outlives_its_transaction_may_not_write(database: str) -> None:
    await a_table("tally")

    async with transaction():
        late = asyncio.create_task(add_later("tally"))

    with pytest.raises((OperationalError, asyncpg.InterfaceError)):
        await late
    assert await count("tally") == 0


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET note = 'other'",
        "DELETE FROM entries",
        "INSERT INTO entries (id, note) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET note = 'other'",
    ],
)
async def test_history_refuses_to_be_changed(database: str, statement: str) -> None:
    await some_history("entries")

    with pytest.raises(IntegrityError, match="history is append-only"):
        async with transaction() as connection:
            await connection.execute_query(statement)

    assert await rows("entries") == [{"id": 1, "note": "first"}]


async def test_history_refuses_to_be_replaced(sqlite_url: str) -> None:
    async with opened(sqlite_url):
        await some_history("entries")

        with pytest.raises(IntegrityError, match="history is append-only"):
            await writer().execute_query("INSERT OR REPLACE INTO entries (id, note) VALUES (1, 'other')")

        assert await rows("entries") == [{"id": 1, "note": "first"}]


async def test_history_refuses_to_be_emptied(postgres_url: str) -> None:
    async with opened(postgres_url):
        await some_history("entries")

        with pytest.raises(IntegrityError, match="history is append-only"):
            await writer().execute_query("TRUNCATE entries")

        assert await rows("entries") == [{"id": 1, "note": "first"}]


async def test_history_grows(database: str) -> None:
    await some_history("entries")

    await writer().execute_query("INSERT INTO entries (id, note) VALUES (2, 'second')")

    assert await count("entries") == 2


async def test_processes_that_start_at_once_on_a_new_file_all_succeed(tmp_path: Path) -> None:
    url = f"sqlite://{tmp_path}/new/qiban.sqlite3"

    done = await asyncio.gather(*(a_process("start", url) for _ in range(3)))

    assert done == [(0, "")] * 3
    await each_migration_ran_once(url)


async def test_processes_that_start_at_once_on_a_new_server_all_succeed(empty_postgres_url: str) -> None:
    done = await asyncio.gather(*(a_process("start", empty_postgres_url) for _ in range(3)))

    assert done == [(0, "")] * 3
    await each_migration_ran_once(empty_postgres_url)


async def test_migrating_waits_for_whoever_is_migrating(database: str) -> None:
    async with transaction() as connection:
        if storage.engine() == "postgres":
            await connection.execute_query("SELECT pg_advisory_xact_lock($1)", [storage.MIGRATING])
        second = elsewhere(storage.migrate())
        await asyncio.sleep(0.2)
        waiting = not second.done()
    await asyncio.wait_for(second, timeout=5)

    assert waiting


async def test_migrating_again_changes_nothing(database: str) -> None:
    before = await rows("tortoise_migrations")

    await storage.migrate()

    assert await rows("tortoise_migrations") == before


async def test_one_instant_is_the_same_in_every_time_zone(sqlite_url: str) -> None:
    utc = datetime(2026, 5, 1, 8, 30, 15, 120_000, tzinfo=UTC)
    beijing = utc.astimezone(ZoneInfo("Asia/Shanghai"))

    async with opened(sqlite_url):
        [row] = await reads().execute_query_dict("SELECT ? AS one, ? AS other", [utc, beijing])

    assert row["one"] == row["other"] == "2026-05-01 08:30:15.120000+00:00"


async def test_a_time_without_a_zone_is_no_instant(sqlite_url: str) -> None:
    async with opened(sqlite_url):
        with pytest.raises(ValueError, match="it has no time zone"):
            await reads().execute_query_dict("SELECT ?", [datetime(2026, 5, 1)])


async def test_a_request_sees_the_database_of_the_test(database: str) -> None:
    await a_table("tally")
    app = Starlette(routes=[Route("/", answer_count)])

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://qiban") as client:
        await add("tally")
        answer = await client.get("/")

    assert answer.json() == 1


async def test_what_a_lifespan_opens_is_there_for_requests_in_other_tasks(sqlite_url: str) -> None:
    ready, finished = asyncio.Event(), asyncio.Event()

    async def lifespan() -> None:
        async with opened(sqlite_url):
            ready.set()
            await finished.wait()

    serving = elsewhere(lifespan())
    await ready.wait()
    await elsewhere(a_table("tally"))
    seen = await elsewhere(count("tally"))
    finished.set()
    await serving

    assert seen == 0


async def test_databases_are_opened_one_after_another_in_one_process(tmp_path: Path) -> None:
    for name in ("one", "two"):
        async with opened(f"sqlite://{tmp_path}/{name}.sqlite3"):
            await a_table(name)

    async with opened(f"sqlite://{tmp_path}/one.sqlite3"):
        assert await count("one") == 0


def test_urls_of_both_spellings_and_a_replica_are_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QIBAN_DATABASE_URL", "postgresql://someone@writer.example/qiban")
    monkeypatch.setenv("QIBAN_READS_URL", "postgres://someone@replica.example/qiban")
    monkeypatch.setenv("QIBAN_POOL", "3")

    connections = storage.config()["connections"]

    assert connections["default"]["credentials"]["host"] == "writer.example"
    assert connections["reads"]["credentials"]["host"] == "replica.example"
    assert connections["reads"]["credentials"]["maxsize"] == 3


def writer() -> BaseDBAsyncClient:
    return get_connection("default")


async def a_table(name: str) -> None:
    key = "id INTEGER" if storage.engine() == "sqlite" else "id SERIAL"
    await writer().execute_query(f"CREATE TABLE {name} ({key} PRIMARY KEY, note TEXT)")


async def some_history(table: str) -> None:
    await a_table(table)
    await writer().execute_query(f"INSERT INTO {table} (id, note) VALUES (1, 'first')")
    async with transaction() as connection:
        await forbid_changes(connection, table)


async def add(table: str) -> None:
    await writer().execute_query(f"INSERT INTO {table} (note) VALUES ('')")


async def rows(table: str) -> list[dict[str, Any]]:
    return await reads().execute_query_dict(f"SELECT * FROM {table} ORDER BY id")


async def count(table: str) -> int:
    [row] = await reads().execute_query_dict(f"SELECT count(*) AS number FROM {table}")
    return int(row["number"])


async def answer_count(request: Request) -> JSONResponse:
    return JSONResponse(await count("tally"))


async def add_later(table: str) -> None:
    await asyncio.sleep(0.05)
    await add(table)


def elsewhere(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """In a task that inherits nothing, as each request of a server."""
    return asyncio.create_task(work, context=Context())


async def a_process(*arguments: str) -> tuple[int | None, str]:
    """What a process of tests/processes.py ends with, and what it complains about."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", processes.__name__, *arguments, stderr=asyncio.subprocess.PIPE
    )
    _, complaints = await asyncio.wait_for(process.communicate(), timeout=60)
    return process.returncode, complaints.decode()


async def each_migration_ran_once(url: str) -> None:
    written = sorted(name for _, name, _ in iter_modules(migrations.__path__))
    async with opened(url):
        ran = [row["name"] for row in await rows("tortoise_migrations")]
    assert sorted(ran) == written
