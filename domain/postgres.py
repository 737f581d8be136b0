"""The PostgreSQL engine: tortoise's own, with transactions that end cleanly when their task is cancelled."""

from __future__ import annotations

from types import TracebackType
from typing import Any

import asyncpg  # type: ignore[import-untyped]
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import TransactionalDBClient, TransactionContext, TransactionContextPooled
from tortoise.connection import get_connections


class Client(AsyncpgDBClient):
    async def create_pool(self, **given: Any) -> asyncpg.Pool:
        """A pool that spends no round trip on forgetting settings: nothing here sets any beyond its transaction."""
        return await asyncpg.create_pool(None, reset=_as_it_is, **given)

    def _in_transaction(self) -> TransactionContext:
        return Opening(TransactionWrapper(self), self._pool_init_lock)


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


async def _as_it_is(connection: asyncpg.Connection) -> None:
    """asyncpg itself has rolled back what was left open."""


client_class = Client
