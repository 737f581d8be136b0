"""The SQLite engine: tortoise's own, with transactions that many processes and tasks can share."""

from __future__ import annotations

import logging
import re
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from types import TracebackType
from typing import Any

import aiosqlite
from tortoise.backends.base.client import ConnectionWrapper, NestedTransactionContext, TransactionContext
from tortoise.backends.sqlite.client import (
    SqliteClient,
    SqliteTransactionContext,
    SqliteTransactionWrapper,
    translate_exceptions,
)
from tortoise.connection import get_connections
from tortoise.exceptions import OperationalError

from domain.clock import an_instant
from domain.short_reads import ShortReads
from domain.turns import Turns

TOGETHER = 64
"""Turns at writing that one COMMIT ends at most."""
FEW_VALUES = 2_000
"""That are written in some milliseconds."""
INSTANTS = 1_000


class Client(SqliteClient):
    together = TOGETHER
    short: ShortReads | None = None
    _beside: sqlite3.Connection | None = None

    def __init__(self, file_path: str, **settings: Any) -> None:
        super().__init__(file_path, **settings)
        self.turns = Turns(self._lock, self.together)

    async def create_connection(self, with_db: bool) -> None:
        """A connection for readers has another beside it: short reads never wait for a long one."""
        if self._connection is not None:
            return
        self._connection = await aiosqlite.connect(self.filename, isolation_level=None, check_same_thread=False)
        self._connection._conn.row_factory = sqlite3.Row
        for name, value in self.pragmas.items():
            await self._connection.execute_fetchall(f"PRAGMA {name}={value}")
        await self._post_connect()
        if "query_only" in self.pragmas:
            self._beside = sqlite3.connect(self.filename, timeout=0, isolation_level=None)
            self._beside.row_factory = sqlite3.Row
            self._beside.execute("PRAGMA query_only = ON")
        self.short = ShortReads(self._beside or self._connection._conn)

    async def close(self) -> None:
        if self._beside is not None:
            self._beside.close()
        self.short = self._beside = None
        await super().close()

    async def execute_query(self, query: str, values: list[Any] | None = None) -> tuple[int, Sequence[Any]]:
        rows = self.short.rows(query, values) if self.short and self._beside else None
        return await super().execute_query(query, values) if rows is None else (len(rows), rows)

    async def execute_query_dict(self, query: str, values: list[Any] | None = None) -> list[dict[str, Any]]:
        rows = self.short.rows(query, values) if self.short and self._beside else None
        return await super().execute_query_dict(query, values) if rows is None else list(map(dict, rows))

    def _in_transaction(self) -> TransactionContext:
        return Opening(Transaction(self), self._lock)

    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        async with self._in_transaction() as transaction:
            await transaction.execute_many(query, values)


class Opening(SqliteTransactionContext):
    """A turn at writing (domain/turns.py)."""

    async def __aenter__(self) -> Transaction:
        transaction: Transaction = self.connection
        self.turns = transaction.client.turns
        transaction.first = await self.turns.take(self._begin, transaction.commit)
        await self.ensure_connection()
        transaction.begin_turn()
        self.token = get_connections().set(self.connection_name, transaction)
        return transaction

    async def _begin(self) -> None:
        await self.ensure_connection()
        await self.connection.begin()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        get_connections().reset(self.token)
        transaction: Transaction = self.connection
        if kind is None:
            try:
                transaction.end_turn()
            except BaseException:
                await self.turns.give_up(transaction.rollback, transaction.commit)
                raise
            transaction._finalized = True
            await self.turns.give_back(transaction.commit)
        else:
            transaction._finalized = True
            await self.turns.give_up(transaction.rollback, transaction.commit)


class Transaction(SqliteTransactionWrapper):
    first = True
    """In what COMMIT ends, so that nothing of anybody else is undone with all of it."""

    async def execute_query(self, query: str, values: list[Any] | None = None) -> tuple[int, Sequence[Any]]:
        rows = self._short(query, values)
        return await super().execute_query(query, values) if rows is None else (len(rows), rows)

    async def execute_query_dict(self, query: str, values: list[Any] | None = None) -> list[dict[str, Any]]:
        rows = self._short(query, values)
        return await super().execute_query_dict(query, values) if rows is None else list(map(dict, rows))

    def _short(self, query: str, values: list[Any] | None) -> list[sqlite3.Row] | None:
        """A short read of what this transaction has written; what writes is never broken off."""
        short = self.client.short
        return short.rows(query, values) if short and query.startswith("SELECT") and not self._finalized else None

    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(Transaction(self))

    def acquire_connection(self) -> ConnectionWrapper[Any]:
        # A task that outlives the transaction it was started in would write into someone else's.
        if self._finalized:
            raise OperationalError("this transaction is over")
        return super().acquire_connection()

    @property
    def client(self) -> Client:
        assert isinstance(self._parent, Client | Transaction)
        return self._parent if isinstance(self._parent, Client) else self._parent.client

    @translate_exceptions
    async def _run(self, statement: str) -> None:
        await self._connection.execute(statement)

    def do(self, statement: str) -> None:
        """What takes no time, done on the spot."""
        self._connection._conn.execute(statement)

    async def begin(self) -> None:
        # IMMEDIATE waits its turn to write; a deferred BEGIN is refused later, at its first write. Where nobody else
        # writes to the file there is nothing to wait for.
        self.do("PRAGMA busy_timeout = 0")
        try:
            self.do("BEGIN IMMEDIATE")
            return
        except sqlite3.OperationalError:
            pass
        finally:
            self.do(f"PRAGMA busy_timeout = {self.client.pragmas.get('busy_timeout', 0)}")
        try:
            await self._run("BEGIN IMMEDIATE")
        except BaseException:
            # A cancelled statement still runs in its thread; the rollback queues up behind it.
            await self._connection.rollback()
            raise

    def begin_turn(self) -> None:
        if not self.first:  # a savepoint costs a copy of every page that is touched
            self.do("SAVEPOINT turn")

    def end_turn(self) -> None:
        self._require_all()
        if not self.first:
            self.do("RELEASE turn")

    def _require_all(self) -> None:
        if not self._connection.in_transaction:
            raise OperationalError("SQLite has rolled back the whole transaction")

    async def commit(self) -> None:
        """Whatever was done in turns, safe on the disk."""
        self._require_all()
        try:
            await self._run("COMMIT")
        except BaseException:
            await self._connection.rollback()
            raise

    async def rollback(self) -> None:
        """Only what was done since this turn began; a statement that was cancelled still runs in the thread before."""
        if self.first:
            await self._connection.rollback()
            await self.begin()  # for whoever is next
        else:
            await self._connection.execute("ROLLBACK TO turn")
            await self._connection.execute("RELEASE turn")

    @translate_exceptions
    async def execute_batch(self, statements: Sequence[tuple[str, Sequence[Any]]]) -> None:
        """Several statements in their order; many are handed over to the thread."""
        def execute(connection: sqlite3.Connection) -> None:
            told = self.log.isEnabledFor(logging.DEBUG)
            for statement, values in statements:
                if told:
                    self.log.debug("%s: %s", statement, values)
                connection.execute(statement, values)

        if sum(len(values) for _, values in statements) <= FEW_VALUES:
            execute(self._connection._conn)
        else:
            await self._connection._execute(execute, self._connection._conn)  # type: ignore[no-untyped-call]

    async def execute_script(self, query: str) -> None:
        # sqlite3's own executescript would commit the open transaction first.
        for statement in statements(query):
            await self.execute_query(statement)


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
    return _spelled(value, value.fold)


@lru_cache(INSTANTS)
def _spelled(value: datetime, fold: int) -> str:
    """A change has few instants and writes each in many places. The two hours of a clock put back are taken for one
    where `fold` is not looked at."""
    return an_instant(value).astimezone(UTC).isoformat(" ", "microseconds")


sqlite3.register_adapter(datetime, instant)
client_class = Client
