"""History holds on every connection to the file, not only on the service's own."""

from __future__ import annotations

import sqlite3

import pytest

from domain import database as storage
from tests.world import a_case, a_world


async def test_an_entry_cannot_be_replaced_from_any_other_connection(sqlite_url: str) -> None:
    async with storage.opened(sqlite_url):
        await a_case(await a_world())
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite://"))
    columns = [row[1] for row in other.execute("PRAGMA table_info(entry)")]
    forged = ", ".join("'forged'" if name == "reason" else f'"{name}"' for name in columns)

    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        other.execute(f"INSERT OR REPLACE INTO entry SELECT {forged} FROM entry WHERE sequence = 1 LIMIT 1")

    other.close()
