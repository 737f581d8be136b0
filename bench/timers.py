"""How many timers the workers fire a second, one of them killed, and how late one fires while there is no backlog.

    python -m bench.timers [TIMERS] [WORKERS]

On SQLite and on a PostgreSQL started for the occasion, with the settings of the tests. docs/timers.md has the figures.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from datetime import timedelta
from statistics import quantiles

from domain import clock, database
from tests import postgres
from tests.test_worker import a_backlog, each_once, lapsed, some_workers, until_fired
from workflows.founding import bring_up

STARTING, SPREAD = timedelta(seconds=15), timedelta(seconds=30)


async def throughput(timers: int, workers: int) -> str:
    await a_backlog(timers)
    async with some_workers(workers) as processes:
        await until_fired(timers // 10)
        begun = time.perf_counter()
        await until_fired(timers // 2)
        processes[0].kill()
        await until_fired(timers)
        seconds = time.perf_counter() - begun
    await each_once(timers)
    return f"{timers} overdue, {workers} workers, one killed: each fired once, {timers * 0.9 / seconds:.0f} a second"


async def lateness(timers: int, workers: int) -> str:
    await a_backlog(timers, clock.now() + STARTING, SPREAD / timers)
    async with some_workers(workers):
        await until_fired(timers)
    fired = await lapsed().filter(due_at__gt=clock.now() - SPREAD - STARTING)
    cuts = quantiles([(each.fired_at - each.due_at).total_seconds() * 1_000 for each in fired if each.fired_at], n=100)
    a_second = timers / SPREAD.total_seconds()
    return f"{a_second:.0f} due a second, {workers} workers: p50 {cuts[49]:.0f} ms, p99 {cuts[98]:.0f} ms late"


async def measure(url: str, timers: int, workers: int) -> None:
    os.environ["QIBAN_DATABASE_URL"] = url
    async with database.opened(url):
        await bring_up()
        print(" ", await (throughput if timers > 1_000 else lateness)(timers, workers))


async def on_both(timers: int, workers: int) -> None:
    with tempfile.TemporaryDirectory() as folder, postgres.running() as server:
        for size in (timers, min(timers, 600)):
            print("SQLite:")
            await measure(f"sqlite://{folder}/{size}.sqlite3", size, workers)
            print("PostgreSQL:")
            async with postgres.created(server) as url:
                await measure(url, size, workers)


if __name__ == "__main__":
    asyncio.run(on_both(int(next(iter(sys.argv[1:]), "2000")), int(next(iter(sys.argv[2:]), "4"))))
