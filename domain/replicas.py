"""Reading from a replica that may lag, be asked to stop a reading, or be gone: then the database itself answers."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

import asyncpg  # type: ignore[import-untyped]
from tortoise.connection import get_connection
from tortoise.exceptions import DBConnectionError, OperationalError

from domain import meters, postgres

GONE = (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.OperatorInterventionError,
        DBConnectionError)
# Rows it had to give up for the primary's sake; a table that has not come to it yet.
NOT_NOW = (asyncpg.TransactionRollbackError, OperationalError)
LEFT_ALONE_SECONDS = 2.0
CHANGES = "SELECT changes FROM session WHERE id = $1"
T = TypeVar("T")
log = logging.getLogger("qiban.replicas")


class Client(postgres.Client):
    """What the replica cannot answer the database answers; one that is gone is left alone for a while."""

    _away_until = 0.0

    async def execute_query(self, query: str, values: list[Any] | None = None) -> tuple[int, Any]:
        return await self._here_or_there(
            super().execute_query, lambda: get_connection("default").execute_query(query, values), query, values
        )

    async def execute_query_dict(self, query: str, values: list[Any] | None = None) -> list[dict[str, Any]]:
        return await self._here_or_there(
            super().execute_query_dict, lambda: get_connection("default").execute_query_dict(query, values),
            query, values,
        )

    async def _here_or_there(
        self, here: Callable[[str, list[Any] | None], Awaitable[T]], there: Callable[[], Awaitable[T]], query: str,
        values: list[Any] | None,
    ) -> T:
        if time.monotonic() >= self._away_until:
            try:
                found = await here(query, values)
                meters.tell("replica", "replica")
                return found
            except NOT_NOW:
                pass
            except GONE as error:
                self._away_until = time.monotonic() + LEFT_ALONE_SECONDS
                log.warning("the replica does not answer (%s); the database does", type(error).__name__)
        meters.tell("replica", "database")
        return await there()


async def has_changes_of(session_id: UUID) -> bool:
    """Whether the replica has seen all that this session changed. Changes come to it in the order of their commits,
    and the session counts after each."""
    there = await get_connection("default").execute_query_dict(CHANGES, [str(session_id)])
    here = await get_connection("reads").execute_query_dict(CHANGES, [str(session_id)])
    return bool(there and here and here[0]["changes"] >= there[0]["changes"])


async def count_change(session_id: UUID) -> None:
    """After a commit, before it is answered. Nobody waits for a disk: where this is lost, so is who asks."""
    await get_connection("default").execute_query(
        "UPDATE session SET changes = changes + 1 "
        "WHERE id = $1 AND set_config('synchronous_commit', 'off', true) = 'off'",
        [str(session_id)],
    )


client_class = Client
