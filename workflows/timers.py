"""The clock as an actor: what lapses is signed by it, what is long over is forgotten."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from uuid import UUID

from domain import clock
from domain.refusals import Refused
from domain.responsibilities import Responsibility, ResponsibilityState
from domain.viewers import CLOCK
from workflows.perform import perform
from workflows.sign_in import forget_old

EVERY_SECONDS = 30.0
FORGET_EVERY = timedelta(hours=1)
AT_ONCE = 200
log = logging.getLogger("qiban.timers")


async def sweep() -> int:
    """Sign by lapse for every department that let its return window pass; how many were signed here.

    Any number of processes may sweep at once: the flow lets the first sign, and tells the others it is done.
    """
    signed, at, last = 0, clock.now(), UUID(int=0)
    while lapsed := await _lapsed(at, last):
        for duty_id in lapsed:
            signed += await _sign(duty_id)
        last = lapsed[-1]
    return signed


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


async def _lapsed(at: datetime, after: UUID) -> list[UUID]:
    rows = Responsibility.filter(state=ResponsibilityState.OFFERED, return_by__lt=at, id__gt=after)
    return await rows.order_by("id").limit(AT_ONCE).values_list("id", flat=True)  # type: ignore[return-value]


async def _sign(duty_id: UUID) -> bool:
    try:
        await perform(CLOCK, Responsibility, duty_id, "sign_by_lapse")
    except Refused:
        return False  # signed or returned since, here or in another process
    except Exception as error:
        # One that cannot be signed keeps none of the others waiting.
        log.error("responsibility %s was not signed by lapse: %s", duty_id, type(error).__name__)
        return False
    return True


async def _forever() -> None:
    forgotten_at: datetime | None = None
    while True:
        try:
            await sweep()
            if forgotten_at is None or clock.now() >= forgotten_at + FORGET_EVERY:
                forgotten_at = clock.now()
                await forget_old(forgotten_at)
        except Exception as error:
            log.error("a sweep failed (%s); the next one tries again", type(error).__name__)
        await asyncio.sleep(EVERY_SECONDS)
