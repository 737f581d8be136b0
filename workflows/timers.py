"""The clock as an actor: when a timer is due it makes the move, once, whoever else is at it and whatever dies.

One timer, one transaction: take the first due timer that nobody else holds, take the subject of its record, make the
move, mark the timer. A timer waits for the earlier ones of its subject, so that what lapsed in the night is caught up
in the order in which it was due. Neither is waited for while the other is held, or somebody making a move by hand, who
takes them in the other order, might wait in turn: what is held elsewhere is left for the next round.
"""

from __future__ import annotations

import logging
import traceback
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from domain import clock, database
from domain.records import Record
from domain.refusals import CONFLICT, Refused
from domain.timers import Timer
from domain.viewers import CLOCK
from workflows.changes import subject_model
from workflows.flow import FLOWS
from workflows.perform import changing, perform
from workflows.worker import duty

AT_ONCE = 50
SOON = 0.01
WHILE_HELD = 0.05
OVERDUE = timedelta(minutes=1)
BACK_OFF = timedelta(seconds=30)
MOST_ATTEMPTS = 8
log = logging.getLogger("qiban.timers")


class Held(Exception):
    """Somebody else has the subject just now, or is at an earlier timer of it."""


@dataclass
class Backlog:
    """What is told of a backlog: once when it is found, once when it is done."""

    since: datetime | None = None

    async def tell(self, first: datetime | None, at: datetime) -> None:
        if self.since is None and first is not None and first < at - OVERDUE:
            self.since = first
            late = await Timer.filter(wake_at__lt=at).count()
            log.warning("%d timers are overdue since %s; catching up in order", late, first.isoformat())
        elif self.since is not None and (first is None or first >= at):
            log.warning("caught up with the timers overdue since %s", self.since.isoformat())
            self.since = None


_backlog = Backlog()


@duty("timers", every=1.0)
async def fire_due() -> float | None:
    """Fire some of the timers that are due, in order. In how many seconds the next is due, 0 when there are more."""
    first, at = await _first_wake(), clock.now()
    await _backlog.tell(first, at)
    if first is None:
        return None
    if first >= at:
        return max(SOON, (first - at).total_seconds())
    held: set[UUID] = set()
    for _ in range(AT_ONCE):
        if not await fire_next(held):
            return WHILE_HELD if held else 0.0
    return 0.0


async def fire_next(held: set[UUID]) -> bool:
    """Fire the first due timer that is not in `held`, or put it there when it must wait; whether there was one."""
    timer: Timer | None = None
    try:
        async with changing(CLOCK) as change:
            timer = await _first_due(change.at, held)
            if timer is None:
                return False
            await _take_subject(timer)
            await perform(CLOCK, model_called(timer.record_kind), timer.record_id, timer.move)
            await Timer.filter(id=timer.id).update(wake_at=None, fired_at=change.at)
    except Held:
        assert timer
        held.add(timer.id)
    except Exception as error:
        if timer is None:
            raise
        await _note(timer, error)
    return True


def model_called(kind: str) -> type[Record]:
    return next(model for model in FLOWS if model.kind() == kind)


async def _first_wake() -> datetime | None:
    waiting = Timer.filter(wake_at__not_isnull=True).order_by("wake_at").using_db(database.reads())
    return await waiting.first().values_list("wake_at", flat=True)  # type: ignore[return-value]


async def _first_due(at: datetime, held: set[UUID]) -> Timer | None:
    due = Timer.filter(wake_at__lt=at).order_by("wake_at", "id")
    return await database.free(due.exclude(id__in=held) if held else due).first()


async def _take_subject(timer: Timer) -> None:
    subjects = subject_model(model_called(timer.record_kind)).filter(id=timer.subject_id)
    if await database.free(subjects).first() is None:
        raise Held
    if await Timer.filter(subject_id=timer.subject_id, wake_at__lt=timer.wake_at).exists():
        raise Held


async def _note(timer: Timer, error: Exception) -> None:
    """What came of a timer that did not fire: refused by the flow, and so done with; or to be tried again later."""
    at, attempts = clock.now(), timer.attempts + 1
    as_it_was = Timer.filter(id=timer.id, wake_at=timer.wake_at)
    if isinstance(error, Refused) and CONFLICT.code not in {each.code for each in error.refusals}:
        await as_it_was.update(wake_at=None, fired_at=at, refusal=error.refusals[0].code)
        return
    # Only where it went wrong: what the error says may hold what was being written.
    place = traceback.extract_tb(error.__traceback__)[-1]
    told = f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
    wake_at = at + BACK_OFF * 2 ** timer.attempts if attempts < MOST_ATTEMPTS else None
    await as_it_was.update(wake_at=wake_at, attempts=attempts, last_error=told)
    then = f"is tried again after {wake_at.isoformat()}" if wake_at else "is parked: see qiban timers list"
    log.error("%s of %s %s failed (%s); it %s", timer.move, timer.record_kind, timer.record_id, told, then)
