"""Processes of their own that write to a database, or start on it: started by tests/test_database.py."""

from __future__ import annotations

import asyncio
import sys

from tortoise.connection import get_connection

from domain import database
from workflows.founding import bring_up

ROWS = 20


async def write(url: str, tasks: int) -> None:
    async with database.opened(url):
        await asyncio.gather(*(_write_rows() for _ in range(tasks)))


async def _write_rows() -> None:
    for _ in range(ROWS // 2):
        async with database.transaction() as connection:
            # Reading first is what makes a deferred transaction fail.
            await connection.execute_query("SELECT count(*) FROM tally")
            await connection.execute_query("INSERT INTO tally (note) VALUES ('in a transaction')")
        await get_connection("default").execute_query("INSERT INTO tally (note) VALUES ('alone')")


async def start(url: str) -> None:
    async with database.opened(url):
        await bring_up()


if __name__ == "__main__":
    asyncio.run(write(sys.argv[2], int(sys.argv[3])) if sys.argv[1] == "write" else start(sys.argv[2]))
