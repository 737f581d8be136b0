"""The SQLite engine: tortoise's own, with transactions that many processes and tasks can share."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from tortoise.backends.base.client import ConnectionWrapper, NestedTransactionContext, TransactionContext
from tortoise.backends.sqlite.client import (
    SqliteClient,
    SqliteTransactionContext,
    SqliteTransactionWrapper,
    translate_exceptions,
)
from tortoise.connection import get_connections
from tortoise.exceptions import OperationalError


class Client(SqliteClient):
    def _in_transaction(self) -> TransactionContext:
        return Opening(Transaction(self), self._lock)

    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        async with self._in_transaction() as transaction:
            await transaction.execute_many(query, values)


class Opening(SqliteTransactionContext):
    """tortoise's keeps the lock for ever when BEGIN fails or is cancelled."""

    async def __aenter__(self) -> Transaction:
        await self._trxlock.acquire()
        try:
            await self.ensure_connection()
            await self.connection.begin()
        except BaseException:
            self._trxlock.release()
            raise
        self.token = get_connections().set(self.connection_name, self.connection)
        transaction: Transaction = self.connection
        return transaction

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        get_connections().reset(self.token)
        try:
            await (self.connection.rollback() if kind else self.connection.commit())
        finally:
            self._trxlock.release()


class Transaction(SqliteTransactionWrapper):
    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(Transaction(self))

    def acquire_connection(self) -> ConnectionWrapper[Any]:
        # A task that outlives the transaction it was started in would write into someone else's.
        if self._finalized:
            raise OperationalError("this transaction is over")
        return super().acquire_connection()

    async def begin(self) -> None:
        # IMMEDIATE waits its turn to write; a deferred BEGIN is refused later, at its first write.
        await self._or_rollback("BEGIN IMMEDIATE")

    async def commit(self) -> None:
        await self._or_rollback("COMMIT")
        self._finalized = True

    async def execute_script(self, query: str) -> None:
        # sqlite3's own executescript would commit the open transaction first.
        for statement in statements(query):
            await self.execute_query(statement)

    @translate_exceptions
    async def _or_rollback(self, statement: str) -> None:
        try:
            await self._connection.execute(statement)
        except BaseException:
            # A cancelled statement still runs in its thread; the rollback queues up behind it.
            await self._connection.rollback()
            raise


def statements(script: str) -> Iterator[str]:
    """A script cut at the semicolons that end a statement, not at those in triggers, texts and comments."""
    statement = ""
    for piece in re.split(r"(?<=;)", script):
        statement += piece
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        yield statement


def instant(value: datetime) -> str:
    """Instants are compared as text, so all are written in one zone; tortoise writes them as they come."""
    if value.tzinfo is None:
        raise ValueError(f"{value} names no instant: it has no time zone")
    return value.astimezone(UTC).isoformat(" ", "microseconds")


sqlite3.register_adapter(datetime, instant)
client_class = Client
