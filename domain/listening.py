"""What other processes committed, told by the database: PostgreSQL calls on a channel, a SQLite file is read on.

Both tell changes in the order of their commits, and a change that was rolled back not at all.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg  # type: ignore[import-untyped]

from domain import database, postgres
from domain.writing import Writing

CHANNEL = "qiban"
LARGEST_CALL = 7_900  # bytes; PostgreSQL refuses a payload of 8,000
LOOK_SECONDS = 0.05
ALIVE_SECONDS = 30.0
TRY_AGAIN_SECONDS = (0.2, 1.0, 5.0)
ROWS_AT_ONCE = 1_000
log = logging.getLogger("qiban.listening")

Moved = tuple[str, str, str, int]
"""Kind, zone, key and sequence of a subject that moved: one entry of a history."""


def call(payloads: Sequence[str], writing: Writing) -> None:
    """Call every listening process once this transaction commits; one statement, so one wait for PostgreSQL's lock."""
    writing.add(f"SELECT pg_notify('{CHANNEL}', told) FROM unnest(?::text[]) told", [payloads])


@asynccontextmanager
async def listener(url: str, heard: Callable[[str], None], lost: Callable[[], None]) -> AsyncIterator[None]:
    """Call `heard` with every payload of the channel for as long as the block lasts, over one connection of its own.

    When that was gone for a while, `lost` says so as soon as it is back.
    """
    listening = asyncio.Event()
    task = asyncio.create_task(_listen(url, heard, lost, listening))
    try:
        await listening.wait()
        yield
    finally:
        await _ended(task)


async def _listen(
    url: str, heard: Callable[[str], None], lost: Callable[[], None], listening: asyncio.Event
) -> None:
    failed = 0
    while True:
        try:
            connection = await asyncpg.connect(**_address(url), timeout=10)
            try:
                await connection.add_listener(CHANNEL, lambda _, pid, channel, payload: heard(payload))
                if listening.is_set():
                    lost()
                listening.set()
                failed = 0
                await _until_gone(connection)
            finally:
                connection.terminate()
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("not listening (%s); trying again", type(error).__name__)
        listening.set()  # a server may start before it can listen: nobody has missed anything yet
        await asyncio.sleep(TRY_AGAIN_SECONDS[min(failed, len(TRY_AGAIN_SECONDS) - 1)])
        failed += 1


async def _until_gone(connection: Any) -> None:
    gone = asyncio.Event()
    connection.add_termination_listener(lambda _: gone.set())
    while not await _set_within(gone, ALIVE_SECONDS):
        # A connection cut without a word would be silent for ever.
        await connection.fetchval("SELECT 1", timeout=10)


@asynccontextmanager
async def reader(woken: asyncio.Event, told: Callable[[list[Moved]], None]) -> AsyncIterator[None]:
    """Call `told` with every entry a SQLite file gains for as long as the block lasts: soon when `woken` by a change of
    this process, within a twentieth of a second when another's."""
    last = await _last_row()
    task = asyncio.create_task(_read_on(last, woken, told))
    try:
        yield
    finally:
        await _ended(task)


async def _read_on(last: int, woken: asyncio.Event, told: Callable[[list[Moved]], None]) -> None:
    while True:
        await _set_within(woken, LOOK_SECONDS)
        woken.clear()
        try:
            # Keys are made before the lock is taken, row numbers after it: in these no commit comes late.
            while rows := await _rows_after(last):
                last = rows[-1]["place"]
                told([(row["subject_kind"], row["zone_id"], row["subject_id"], row["sequence"]) for row in rows])
                if len(rows) < ROWS_AT_ONCE:
                    break
        except Exception as error:
            log.warning("could not read on (%s); trying again", type(error).__name__)
            await asyncio.sleep(TRY_AGAIN_SECONDS[1])


async def _last_row() -> int:
    rows = await database.reads().execute_query_dict("SELECT coalesce(max(rowid), 0) AS last FROM entry")
    return int(rows[0]["last"])


async def _rows_after(last: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await database.reads().execute_query_dict(
        "SELECT rowid AS place, zone_id, subject_kind, subject_id, sequence FROM entry WHERE rowid > ? "
        f"ORDER BY rowid LIMIT {ROWS_AT_ONCE}",
        [last],
    )
    return found


def _address(url: str) -> dict[str, Any]:
    """What asyncpg wants to know to connect: all of the URL but what is about a pool."""
    credentials = postgres.reached(database.credentials(url))
    return {name: credentials[name] for name in inspect.signature(asyncpg.connect).parameters if name in credentials}


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
