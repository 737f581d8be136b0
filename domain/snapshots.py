"""Snapshots: long readings that see the database as it was at one moment, and keep no writer and no reader waiting."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tortoise.connection import get_connection
from tortoise.transactions import in_transaction

from domain.database import engine
from domain.sqlite import Client, Opening, Transaction


@asynccontextmanager
async def snapshot() -> AsyncIterator[None]:
    """In the block `database.reads()` answers from the moment of the first reading in it, whatever is written since."""
    async with _on_sqlite() if engine() == "sqlite" else _on_postgres():
        yield


@asynccontextmanager
async def _on_postgres() -> AsyncIterator[None]:
    async with in_transaction("reads") as connection:
        await connection.execute_query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


@asynccontextmanager
async def _on_sqlite() -> AsyncIterator[None]:
    """On a connection of its own, since all readings share the one there is and would wait for this one to end."""
    shared = get_connection("reads")
    assert isinstance(shared, Client)
    own = Client(shared.filename, connection_name="reads", **shared.pragmas)
    try:
        async with Opening(Deferred(own), own._lock):
            yield
    finally:
        await own.close()


class Deferred(Transaction):
    """A transaction that only reads, so it need not take the place of the one that writes."""

    async def begin(self) -> None:
        self.do("BEGIN")

    def _short(self, query: str, values: list[Any] | None) -> None:
        """Short reads of a connection for readers are answered beside it, from what is there by now."""
