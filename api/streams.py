"""Whoever watches: told what happens as they stand by then, cheap while nothing does, ended when access ends."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Hashable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Self
from uuid import UUID
from weakref import WeakValueDictionary

from strawberry.dataloader import DataLoader

from api.context import UNAUTHENTICATED, Context
from domain.refusals import Refusal, Refused
from domain.viewers import Viewer
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
log = logging.getLogger("qiban.streams")


class Watch:
    """What is watched: the topics to listen to as a viewer, the cases that count for them, and the event that something
    that happened is to them."""

    __slots__ = ()
    planned: ClassVar[bool] = True  # whether its events are cases that moved, which a plan can read

    def topics(self, viewer: Viewer) -> Iterable[Topic]:
        raise NotImplementedError

    def rows(self, viewer: Viewer, at: datetime) -> Any:
        raise NotImplementedError

    async def event(self, happening: Happening) -> Any:
        """None when it is nothing to this viewer."""
        raise NotImplementedError

    async def gone(self, viewer: Viewer, note: Note) -> Any:
        """The event that the move of a case is which does not count for the viewer any longer, or never did."""
        raise NotImplementedError

    def is_last(self, event: Any) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Happening:
    """Something happened while a viewer watched; without a note nobody knows what."""

    watch: Watch
    viewer: Viewer
    note: Note | None = None


class Stream(Listener):
    """A listener whose stream rests on a session or a service token."""

    __slots__ = ("lease",)

    def __init__(self, topics: Iterable[Topic], lease: Lease) -> None:
        super().__init__(topics)
        self.lease = lease

    def __enter__(self) -> Self:
        _open.add(self)
        return super().__enter__()

    def __exit__(self, *error: object) -> None:
        _open.discard(self)
        super().__exit__(*error)


async def happenings(context: Context, watch: Watch) -> AsyncGenerator[Happening, None]:
    """What happens to what is watched, each with the watcher as they stand by then; first that watching has begun.

    Moves of persons and zones come in one order with all others, so whatever a revoked role had shown is gone in all
    that happened later. Raises `Refused` when the session ends or the service stops.
    """
    caller = context.caller
    if caller is None:
        raise Refused(UNAUTHENTICATED)
    lease, viewer = await lease_of(caller), _same(context.viewer)
    _count(viewer.person_id)
    try:
        while True:
            context.someone = viewer
            with Stream(_topics(watch, viewer), lease) as listener:
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
    finally:
        _streams[viewer.person_id] -= 1


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


def count() -> int:
    """How many streams are open in this process."""
    return len(_open)


def stop() -> None:
    """End every stream: a server that stops waits for them."""
    global _stopping
    _stopping = True
    for stream in _open:
        stream.wake()


_open: set[Stream] = set()
_streams: Counter[UUID] = Counter()
_viewers: WeakValueDictionary[Hashable, Viewer] = WeakValueDictionary()
_held: DataLoader[Lease, bool] = DataLoader(holding, max_batch_size=AT_ONCE, cache=False)
_stopping = False


def _topics(watch: Watch, viewer: Viewer) -> list[Topic]:
    who = [each for each in (viewer.person_id, viewer.acting) if each]
    return [*watch.topics(viewer), *who, "zone"]


def _count(person_id: UUID) -> None:
    if _streams[person_id] >= MOST_STREAMS:
        raise Refused(TOO_MANY_STREAMS.about(most=MOST_STREAMS))
    _streams[person_id] += 1


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
            everyone = list(_open)
            for some in (everyone[start : start + AT_ONCE] for start in range(0, len(everyone), AT_ONCE)):
                held = await holding([each.lease for each in some])
                for stream, holds in zip(some, held, strict=True):
                    if not holds:
                        stream.wake()
        except Exception as error:
            log.error("could not check who still listens (%s); trying again", type(error).__name__)
