"""Transactions on a SQLite file that wait for the same disk end with one COMMIT; each is all or nothing by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from tortoise.connection import get_connection
from tortoise.exceptions import OperationalError

from domain import database as storage
from domain import sqlite


@pytest.fixture
async def commits(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[str]]:
    """Every COMMIT made in the test, on an open database with a table `tally`."""
    made: list[str] = []
    run = sqlite.Transaction._run

    async def counted(self: Any, statement: str) -> None:
        made.extend([statement] if statement == "COMMIT" else [])
        await run(self, statement)

    async with storage.opened(sqlite_url):
        await get_connection("default").execute_script("CREATE TABLE tally (n INT UNIQUE)")
        monkeypatch.setattr(sqlite.Transaction, "_run", counted)
        yield made


async def write(n: int, *, fail: bool = False) -> None:
    async with storage.transaction() as connection:
        await connection.execute_query("INSERT INTO tally VALUES (?)", [n])
        await asyncio.sleep(0)
        if fail:
            raise ValueError(n)


async def tallied() -> list[int]:
    return [row["n"] for row in await storage.reads().execute_query_dict("SELECT n FROM tally ORDER BY n")]


async def test_those_who_wait_for_the_same_disk_share_a_commit(commits: list[str]) -> None:
    await asyncio.gather(*map(write, range(30)))

    assert await tallied() == list(range(30))
    assert len(commits) < 5


async def test_no_more_than_so_many_share_one(commits: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    get_connection("default").turns.together = 2  # type: ignore[attr-defined]

    await asyncio.gather(*map(write, range(10)))

    assert await tallied() == list(range(10))
    assert len(commits) >= 5


async def test_one_that_fails_takes_nobody_with_it(commits: list[str]) -> None:
    done = await asyncio.gather(*(write(n, fail=n % 3 == 0) for n in range(12)), return_exceptions=True)

    assert [n for n, each in enumerate(done) if each is None] == await tallied() == [1, 2, 4, 5, 7, 8, 10, 11]


async def test_nobody_is_answered_before_the_commit(commits: list[str]) -> None:
    async def answered(n: int) -> bool:
        await write(n)
        return n in await tallied()

    assert all(await asyncio.gather(*map(answered, range(20))))


async def test_when_the_commit_fails_all_of_them_have_failed(
    commits: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(self: Any, statement: str) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as during:
        during.setattr(sqlite.Transaction, "_run", full)
        done = await asyncio.gather(*map(write, range(5)), return_exceptions=True)

    assert [type(each) for each in done] == [OSError] * 5
    await write(7)
    assert await tallied() == [7]


async def test_one_who_is_cancelled_at_any_moment_holds_nobody_up(commits: list[str]) -> None:
    for steps in range(12):
        tasks = [asyncio.create_task(write(steps * 10 + n)) for n in range(4)]
        for _ in range(steps):
            await asyncio.sleep(0)
        tasks[steps % 4].cancel()
        with suppress(asyncio.CancelledError):
            await tasks[steps % 4]
        async with asyncio.timeout(20):
            await asyncio.gather(*tasks, return_exceptions=True)

    others = {steps * 10 + n for steps in range(12) for n in range(4) if n != steps % 4}
    assert others <= set(await tallied())


async def test_what_is_written_without_a_transaction_waits_for_those_in_one(commits: list[str]) -> None:
    beside = get_connection("default").execute_query("INSERT INTO tally VALUES (100)")

    await asyncio.gather(*map(write, range(5)), beside, *map(write, range(5, 10)))

    assert await tallied() == [*range(10), 100]


async def test_many_that_fail_one_after_another_hold_nobody_up(commits: list[str]) -> None:
    async with asyncio.timeout(20):  # it took a second; where each that failed woke all the others, a minute
        done = await asyncio.gather(*(write(n, fail=True) for n in range(3_000)), write(7), return_exceptions=True)

    assert [each for each in done if not isinstance(each, ValueError)] == [None]
    assert await tallied() == [7]


async def test_one_that_lost_the_whole_transaction_unnoticed_is_told_and_the_others_are_not_concerned(
    commits: list[str],
) -> None:
    await write(1)

    async def unnoticed() -> None:
        async with storage.transaction() as connection:
            await connection.execute_query("INSERT INTO tally VALUES (10)")
            await asyncio.sleep(0.05)
            with suppress(Exception):
                await connection.execute_query("INSERT OR ROLLBACK INTO tally VALUES (1)")

    done = await asyncio.gather(unnoticed(), *map(write, (20, 21, 22)), return_exceptions=True)

    assert [type(each) for each in done] == [OperationalError, *[type(None)] * 3]
    assert await tallied() == [1, 20, 21, 22]
