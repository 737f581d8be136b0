"""A short read of a SQLite file is made on the spot; a long one, and one that would wait, is left to the thread."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain import database as storage
from domain.short_reads import ShortReads

LONG = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) SELECT count(*) AS found FROM n"


@pytest.fixture
def short(tmp_path: Path) -> Iterator[ShortReads]:
    connection = sqlite3.connect(tmp_path / "some.sqlite3", timeout=0, isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA query_only = ON")
    yield ShortReads(connection)
    connection.close()


def test_a_short_read_is_answered_however_often(short: ShortReads) -> None:
    assert [row["found"] for _ in range(100) for row in short.rows(LONG, [1_000]) or []] == [1_000] * 100


def test_a_long_read_is_broken_off_and_not_tried_again(short: ShortReads) -> None:
    assert short.rows(LONG, [1_000_000]) is None
    assert short.rows(LONG, [1]) is None
    assert short.rows("SELECT 1 AS found", None) is not None


def test_what_is_wrong_or_would_write_or_wait_is_left_alone(short: ShortReads, tmp_path: Path) -> None:
    assert short.rows("SELECT nonsense", None) is None
    assert short.rows("CREATE TABLE mine (id)", None) is None
    with sqlite3.connect(tmp_path / "some.sqlite3", isolation_level=None) as other:
        other.execute("CREATE TABLE theirs (id)")
        other.execute("BEGIN EXCLUSIVE")
        assert short.rows("SELECT * FROM theirs", None) is None
    assert short.rows("SELECT * FROM theirs", None) == []


async def test_a_long_read_is_answered_all_the_same(sqlite_url: str) -> None:
    async with storage.opened(sqlite_url):
        found = [await storage.reads().execute_query_dict(LONG, [1_000_000]) for _ in range(2)]

    assert found == [[{"found": 1_000_000}]] * 2
