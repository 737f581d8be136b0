"""Who hears of a change: once it is committed, every listener in every process, in the order of the commits."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from uuid import UUID

from domain import database, listening
from domain.history import Entry

MOST_WAITING = 64
"""So many notes wait for a slow listener; after one more it is told to read again instead."""
log = logging.getLogger("qiban.announce")

Topic = UUID | tuple[str, UUID]
"""What one may listen to: one subject by its key, or every subject of a kind in a zone."""


@dataclass(frozen=True, slots=True)
class Note:
    """A subject that moved: its kind, zone and key, and the sequences of the first and the last of its new entries."""

    kind: str
    zone_id: UUID
    subject_id: UUID
    first: int
    last: int


class Listener:
    """One who listens, with the notes that wait for them. `missed` says that more came than were kept."""

    __slots__ = ("_arrived", "missed", "topics", "waiting")

    def __init__(self, topics: Iterable[Topic]) -> None:
        self.topics = frozenset(topics)
        self.waiting: list[Note] = []
        self.missed = False
        self._arrived: asyncio.Future[None] | None = None

    def tell(self, note: Note) -> None:
        if len(self.waiting) >= MOST_WAITING:
            self.lose()
        elif not self.missed:
            self.waiting.append(note)
            self.wake()

    def lose(self) -> None:
        """Whatever waits and whatever is missing are one and the same to the listener: read again."""
        self.waiting, self.missed = [], True
        self.wake()

    def wake(self) -> None:
        """Let `heard` answer, be it with nothing."""
        if self._arrived is not None and not self._arrived.done():
            self._arrived.set_result(None)

    async def heard(self) -> tuple[bool, list[Note]]:
        """Wait; then whether notes were missed, and those that were not."""
        if not self.waiting and not self.missed:
            self._arrived = asyncio.get_running_loop().create_future()
            try:
                await self._arrived
            finally:
                self._arrived = None
        missed, notes = self.missed, self.waiting
        self.missed, self.waiting = False, []
        return missed, notes


_listeners: dict[Topic, set[Listener]] = {}
_woken: asyncio.Event | None = None


@contextmanager
def listen(topics: Iterable[Topic]) -> Iterator[Listener]:
    """A listener to some topics, for as long as the block lasts."""
    listener = Listener(topics)
    for topic in listener.topics:
        _listeners.setdefault(topic, set()).add(listener)
    try:
        yield listener
    finally:
        for topic in listener.topics:
            _listeners[topic].discard(listener)
            if not _listeners[topic]:
                del _listeners[topic]


def listeners() -> set[Listener]:
    return set().union(*_listeners.values())


async def promise(entries: Sequence[Entry]) -> None:
    """Within the transaction of a change: have it announced if, and only if, it commits."""
    if entries and database.engine() == "postgres":
        moved = [(each.subject_kind, each.zone_id, each.subject_id, each.sequence) for each in entries]
        await listening.call(_payloads(_notes(moved)))


def committed() -> None:
    """After a change of this process has committed: where nobody calls, let the reader look at once."""
    if _woken is not None:
        _woken.set()


@asynccontextmanager
async def announcing(url: str | None = None) -> AsyncIterator[None]:
    """Tell this process's listeners of every change, whichever process made it, for as long as the block lasts."""
    global _woken
    if database.engine() == "postgres":
        async with listening.listener(database.listen_url(url), _hear, _lost):
            yield
        return
    _woken = asyncio.Event()
    try:
        async with listening.reader(_woken, lambda moved: _announce(_notes(moved))):
            yield
    finally:
        _woken = None


def _announce(notes: Iterable[Note]) -> None:
    for note in notes:
        one, zone = _listeners.get(note.subject_id, ()), _listeners.get((note.kind, note.zone_id), ())
        for listener in {*one, *zone}:
            listener.tell(note)


def _hear(payload: str) -> None:
    try:
        notes = [_read(line) for line in payload.split("\n")]
    except ValueError:
        log.warning("a call that cannot be read; everyone reads again")
        _lost()
    else:
        _announce(notes)


def _lost() -> None:
    for listener in listeners():
        listener.lose()


def _notes(moved: Iterable[tuple[str, UUID | str, UUID | str, int]]) -> list[Note]:
    """One note a subject, in the order of their first moves."""
    found: dict[tuple[str, UUID, UUID], list[int]] = {}
    for kind, zone, subject, sequence in moved:
        found.setdefault((kind, _uuid(zone), _uuid(subject)), []).append(sequence)
    return [Note(*key, min(sequences), max(sequences)) for key, sequences in found.items()]


def _uuid(given: UUID | str) -> UUID:
    return given if isinstance(given, UUID) else UUID(given)


def _payloads(notes: Sequence[Note]) -> list[str]:
    """The notes in as few payloads as PostgreSQL takes."""
    payloads, lines, size = [], list[str](), 0
    for line in map(_line, notes):
        if size + len(line) + 1 > listening.LARGEST_CALL:
            payloads.append("\n".join(lines))
            lines, size = [], 0
        lines.append(line)
        size += len(line) + 1
    return [*payloads, "\n".join(lines)]


def _line(note: Note) -> str:
    return f"{note.kind} {note.zone_id.hex} {note.subject_id.hex} {note.first} {note.last}"


def _read(line: str) -> Note:
    kind, zone, subject, first, last = line.split(" ")
    return Note(kind, UUID(zone), UUID(subject), int(first), int(last))
