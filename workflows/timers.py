"""The clock as an actor: what lapses is signed by it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from domain import clock
from domain.refusals import Refused
from domain.responsibilities import Responsibility, ResponsibilityState
from domain.viewers import CLOCK
from workflows.perform import perform

EVERY_SECONDS = 30.0
AT_ONCE = 200
log = logging.getLogger("qiban.timers")


async def sweep() -> int:
    """Sign by lapse for every department that let its return window pass; how many there were."""
    lapsed = Responsibility.filter(state=ResponsibilityState.OFFERED, return_by__lt=clock.now())
    fired = 0
    for duty in await lapsed.order_by("return_by", "id").limit(AT_ONCE):
        # Someone may have signed or returned it since, or another process swept it: then it is no longer due.
        with suppress(Refused):
            await perform(CLOCK, Responsibility, duty.id, "sign_by_lapse")
            fired += 1
    return fired


@asynccontextmanager
async def running(on: bool = True) -> AsyncIterator[None]:
    """Sweep every half minute for as long as the block lasts."""
    task = asyncio.create_task(_forever()) if on else None
    try:
        yield
    finally:
        if task:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _forever() -> None:
    while True:
        try:
            while await sweep() == AT_ONCE:
                pass
        except Exception:
            log.exception("a sweep failed; the next one tries again")
        await asyncio.sleep(EVERY_SECONDS)
