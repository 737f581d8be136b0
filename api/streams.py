"""Whoever watches: told what happens as they stand by then, cheap while nothing does, ended when access ends."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Hashable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID
from weakref import WeakValueDictionary

from strawberry.dataloader import DataLoader

from api.context import UNAUTHENTICATED, Context
from domain.refusals import Refusal, Refused
from domain.viewers import Viewer
from workflows import announce
from workflows.announce import Listener, Note, Topic
from workflows.leases import Lease, holding, lease_of
from workflows.sessions import SESSION_ENDED

MOST_STREAMS = 200
CHECK_SECONDS = 5.0
AT_ONCE = 500
STANDING = frozenset({"person", "zone"})
"""Kinds of subjects whose moves may change what a viewer may see."""

TOO_MANY_STREAMS = Refusal(
    "TOO_MANY_STREAMS", "同时订阅过多，每人最多{most}个。", "Too many subscriptions at once; {most} a person at most."
)
STOPPING = Refusal("STOPPING", "服务正在重启，请稍后重新订阅。", "The service restarts; subscribe again in a moment.")
T = TypeVar("T")
log = logging.getLogger("qiban.streams")


class Watch:
    """What is watched: the topics to listen to as a viewer, and the event that something that happened is to them."""

    topics: Callable[[Viewer], Iterable[Topic]]

    async def event(self, happening: Happening) -> Any:
        """None when it is nothing to this viewer."""
        raise NotImplementedError

    def is_last(self, event: Any) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Happening:
    """Something happened while a viewer watched; without a note nobody knows what."""

    watch: Watch
    viewer: Viewer
    note: Note | None = None


async def happenings(context: Context, watch: Watch) -> AsyncGenerator[Happening, None]:
    """What happens to what is watched, each with the watcher as they stand by then; first that watching has begun.

    Moves of persons and zones come in one order with all others, so whatever a revoked role had shown is gone in all
    that happened later. Raises `Refused` when the session ends or the service stops.
    """
    caller = context.caller
    if caller is None:
        raise Refused(UNAUTHENTICATED)
    lease, viewer = await lease_of(caller), _same(context.viewer)
    with _counted(viewer.person_id):
        while True:
            with _listening(watch, viewer, lease) as listener:
                now = _same(await caller.viewer())
                if now is viewer:
                    yield Happening(watch, viewer)
                while now is viewer:
                    missed, note = await listener.heard()
                    await _go_on(lease)
                    if missed or (note and note.kind in STANDING) or listener.expects(STANDING):
                        now = _same(await caller.viewer())
                    if now is viewer and missed:
                        yield Happening(watch, viewer)
                    if now is viewer and note and note.kind not in STANDING:
                        yield Happening(watch, viewer, note)
                viewer = now  # and listen to what they may see from here on


@asynccontextmanager
async def checking() -> AsyncIterator[None]:
    """End streams whose session ended though nothing happens, for as long as the block lasts."""
    global _stopping
    _stopping = False
    task = asyncio.create_task(_check())
    try:
        yield
    finally:
        stop()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def stop() -> None:
    """End every stream: a server that stops waits for them."""
    global _stopping
    _stopping = True
    for listener in _leases:
        listener.wake()


_leases: dict[Listener, Lease] = {}
_streams: Counter[UUID] = Counter()
_viewers: WeakValueDictionary[Hashable, Viewer] = WeakValueDictionary()
_held: DataLoader[Lease, bool] = DataLoader(holding, max_batch_size=AT_ONCE, cache=False)
_stopping = False


@contextmanager
def _listening(watch: Watch, viewer: Viewer, lease: Lease) -> Iterator[Listener]:
    who = [each for each in (viewer.person_id, viewer.acting) if each]
    with announce.listen([*watch.topics(viewer), *who, "zone"]) as listener:
        _leases[listener] = lease
        try:
            yield listener
        finally:
            del _leases[listener]


@contextmanager
def _counted(person_id: UUID) -> Iterator[None]:
    if _streams[person_id] >= MOST_STREAMS:
        raise Refused(TOO_MANY_STREAMS.about(most=MOST_STREAMS))
    _streams[person_id] += 1
    try:
        yield
    finally:
        _streams[person_id] -= 1
        if not _streams[person_id]:
            del _streams[person_id]


def _same(viewer: Viewer) -> Viewer:
    """One object for all who are the same, see the same and read the same language."""
    return _viewers.setdefault((viewer.standing, viewer.acting, viewer.language), viewer)


async def _go_on(lease: Lease) -> None:
    if _stopping:
        raise Refused(STOPPING)
    if not await _held.load(lease):
        raise Refused(SESSION_ENDED)


async def _check() -> None:
    while True:
        await asyncio.sleep(CHECK_SECONDS)
        try:
            for listeners in _batches(list(_leases)):
                held = await holding([_leases[each] for each in listeners])
                for listener, holds in zip(listeners, held, strict=True):
                    if not holds:
                        listener.wake()
        except Exception as error:
            log.error("could not check who still listens (%s); trying again", type(error).__name__)


def _batches(listeners: list[Listener]) -> Iterator[list[Listener]]:
    for start in range(0, len(listeners), AT_ONCE):
        if there := [each for each in listeners[start : start + AT_ONCE] if each in _leases]:
            yield there
