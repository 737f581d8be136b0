"""The worker: the duties that nobody asks for, each done again and again for as long as the service runs.

It runs inside the server, and as `qiban worker` in processes of its own: any number of them, on any machine that
reaches the database, since every duty is written so that doing it twice at once does it once.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from domain import meters
from domain.database import first_hand

Act = Callable[[], Awaitable[float | None]]
LONGEST_BACK_OFF = 60.0
GRACE_SECONDS = 20.0
log = logging.getLogger("qiban.worker")


@dataclass(frozen=True)
class Duty:
    """Something to be done `every` so many seconds. `act` does a part of it that takes seconds at most, and says in
    how many seconds it wants to be called again if that is sooner: 0.0 when more of it is waiting."""

    name: str
    every: float
    act: Act


DUTIES: dict[str, Duty] = {}
"""Every duty of the house, by name. The modules that have one are listed in workflows/duties.py."""


def duty(name: str, *, every: float) -> Callable[[Act], Act]:
    """Have the worker call an async function `every` so many seconds."""

    def register(act: Act) -> Act:
        assert name not in DUTIES, f"two duties are called {name}"
        DUTIES[name] = Duty(name, every, act)
        return act

    return register


@asynccontextmanager
async def running(on: bool = True) -> AsyncIterator[None]:
    """Do all duties, side by side, for as long as the block lasts. At its end each finishes the part it is at."""
    stop = asyncio.Event()
    tasks = [asyncio.create_task(_keep_at(each, stop)) for each in DUTIES.values()] if on else []
    if tasks:
        log.info("worker %d is at work: %s", os.getpid(), ", ".join(DUTIES))
    try:
        yield
    finally:
        stop.set()
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=GRACE_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
            log.info("worker %d has stopped", os.getpid())


async def _keep_at(duty: Duty, stop: asyncio.Event) -> None:
    failures = 0
    while not stop.is_set():
        try:
            # First hand: what a replica has not seen yet would be done again and again.
            with meters.span(f"duty {duty.name}"), first_hand():
                sooner = await duty.act()
            wait, failures = min(duty.every, sooner if sooner is not None else duty.every), 0
        except Exception as error:
            failures += 1
            wait = min(duty.every * 2**failures, max(duty.every, LONGEST_BACK_OFF))
            log.error("%s failed (%s); it is tried again in %.0f s", duty.name, type(error).__name__, wait)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), wait)
