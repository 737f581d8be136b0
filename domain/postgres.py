"""The PostgreSQL engine: tortoise's own, with transactions that end cleanly when their task is cancelled.

It says nothing to a connection beyond a transaction, so that a pooler in transaction mode may stand in between, and
takes whichever of several hosts is the primary.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import count
from types import TracebackType
from typing import Any

import asyncpg  # type: ignore[import-untyped]
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import TransactionalDBClient, TransactionContext, TransactionContextPooled
from tortoise.backends.base_postgres.client import translate_exceptions
from tortoise.connection import get_connections

MARK = re.compile(r"\?")
# A page costs little and is thought to cost much: compiling it would take longer than answering it. And what is read is
# in memory or on a disk without arms: else small tables are read through for each row of a page.
SETTINGS = {"jit": "off", "random_page_cost": "1.1"}


class Client(AsyncpgDBClient):
    async def create_pool(self, **given: Any) -> asyncpg.Pool:
        """A pool that spends no round trip on forgetting settings: nothing here sets any beyond its transaction."""
        return await asyncpg.create_pool(None, reset=_as_it_is, **reached(given))

    def _in_transaction(self) -> TransactionContext:
        return Opening(Transaction(self), self._pool_init_lock)

    def snapshot(self, settings: str) -> TransactionContext:
        """A transaction in which all is read as of its beginning and nothing is written; `settings` is a SELECT."""
        return Opening(Snapshot(self, settings), self._pool_init_lock)


class Snapshot(TransactionWrapper):
    """It begins and is set in one round trip."""

    def __init__(self, connection: AsyncpgDBClient, settings: str) -> None:
        super().__init__(connection)
        self.settings = settings

    @translate_exceptions
    async def begin(self) -> None:
        await self._connection.execute(f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {self.settings}")

    async def commit(self) -> None:
        await self._connection.execute("COMMIT")

    async def rollback(self) -> None:
        await self._connection.execute("ROLLBACK")


class Transaction(TransactionWrapper):
    async def execute_batch(self, statements: Sequence[tuple[str, Sequence[Any]]]) -> None:
        """Several statements, with ? for each value, as the parts of one: one round trip, in no order. The last is the
        one that is asked, and the only one that may change nothing."""
        numbers = count(1)
        *parts, last = (MARK.sub(lambda _: f"${next(numbers)}", statement) for statement, _ in statements)
        before = ", ".join(f"part{n} AS ({part})" for n, part in enumerate(parts))
        values = [value for _, given in statements for value in given]
        await self.execute_query(f"WITH {before} {last}" if parts else last, values)


class Opening(TransactionContextPooled):
    """tortoise's keeps the pool's connection for ever when BEGIN is cancelled, and the task inside it."""

    async def __aenter__(self) -> TransactionalDBClient:
        await self.ensure_connection()
        self.client._connection = await self.client._parent._pool.acquire()
        try:
            await self.client.begin()
        except BaseException:
            await self._release()
            raise
        self.token = get_connections().set(self.connection_name, self.client)
        return self.client

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        get_connections().reset(self.token)
        try:
            await (self.client.rollback() if kind else self.client.commit())
        finally:
            await self._release()

    async def _release(self) -> None:
        await self.client._parent._pool.release(self.client._connection)


def named(url: str) -> tuple[str, dict[str, Any]]:
    """A URL as tortoise can read it, with one host, and where it named several all of them, as asyncpg wants them: of
    these the one is taken that can be written to, unless `target_session_attrs` asks for another."""
    scheme, _, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    user, at, hosts = place.rpartition("@")
    if "," not in hosts:
        return url, {}
    each = [host.partition(":") for host in hosts.split(",")]
    first = f"{scheme}://{user}{at}{each[0][0]}{slash}{path}"
    return first, {"hosts": [(host, int(port or 5432)) for host, _, port in each]}


def reached(given: Mapping[str, Any]) -> dict[str, Any]:
    """What asyncpg is told of where to connect."""
    found = dict(given)
    if hosts := found.pop("hosts", None):
        found["host"], found["port"] = [host for host, _ in hosts], [port for _, port in hosts]
        found.setdefault("target_session_attrs", "read-write")
    if found.get("statement_cache_size") != 0:  # a pooler takes no settings it does not know
        found["server_settings"] = {**(found.get("server_settings") or {}), **SETTINGS}
    return found


async def _as_it_is(connection: asyncpg.Connection) -> None:
    """asyncpg itself has rolled back what was left open."""


client_class = Client
