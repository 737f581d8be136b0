"""Reading as of an instant: the very same questions on a connection where each table's name stands for its rows as
they were then (domain/past.py). On PostgreSQL the views stand in a schema that comes first; on SQLite they belong to
the connection, and hide the tables behind their names."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import cast

from tortoise.backends.base.client import TransactionContext
from tortoise.connection import get_connection
from tortoise.transactions import in_transaction

from domain import past, postgres, sqlite
from domain.database import engine
from domain.records import last_id_at
from domain.snapshots import Deferred

# Keys from before keys told their instant (past_before) may be of rows that were there at any.
LAST_ID = "SELECT max(id) FROM (SELECT {} AS id UNION ALL SELECT id FROM past_before) known"
# In the schema that comes first the names of the tables are those of views.
SETTINGS = (
    "SELECT set_config('search_path', 'past, public', true),"
    " set_config('qiban.as_of', '{at}', true), set_config('qiban.forks', '{{{forks}}}', true),"
    " set_config('qiban.last_id', (" + LAST_ID.format("'{last}'") + ")::text, true)"
)


@asynccontextmanager
async def reading(at: datetime) -> AsyncIterator[None]:
    """In the block `database.reads()` answers as of an instant, all of it from one snapshot."""
    forks, last = past.forks(at), str(last_id_at(at))
    if engine() == "postgres":
        settings = SETTINGS.format(at=at.isoformat(), forks=",".join(map(str, forks)), last=last)
        async with cast(postgres.Client, get_connection("past")).snapshot(settings):
            yield
    else:
        async with in_transaction("past") as connection:
            found = await connection.execute_query_dict(LAST_ID.format("?"), [last])
            client = cast(Client, get_connection("past")._parent)
            client.asked = (sqlite.instant(at), next(iter(found[0].values())), json.dumps(forks))
            yield


class Client(sqlite.Client):
    """One connection that only ever reads the past, one reading after another."""

    together = 1
    asked = ("", "", "[]")

    def _in_transaction(self) -> TransactionContext:
        return sqlite.Opening(Deferred(self), self._lock)

    async def create_connection(self, with_db: bool) -> None:
        await super().create_connection(with_db)
        connection = self._connection
        assert connection
        for number, name in enumerate(("as_of", "last_id", "forks")):
            await connection.create_function(name, 0, lambda number=number: self.asked[number], deterministic=True)
        for model in past.tables():
            found = await connection.execute_fetchall(f"SELECT name FROM pragma_table_info('{model.kind()}')")
            columns = [f'"{name}"' for (name,) in found]
            known = "fork IN (SELECT value FROM json_each(forks()))"
            view = past.shown(model.kind(), columns, "main", "as_of()", "last_id()", known)
            await connection.execute(f'CREATE TEMP VIEW "{model.kind()}" AS {view}')
        await connection.execute(f"CREATE TEMP VIEW entry AS {past.told('main', 'as_of()', 'last_id()')}")
        await connection.execute("PRAGMA query_only=ON")


client_class = Client
