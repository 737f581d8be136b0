"""Who hears of a change: once it is committed, every listener in every process, in the order of the commits."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Container, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Self
from uuid import UUID

from domain import database, listening
from domain.history import Entry
from domain.writing import Writing

MOST_WAITING = 64
"""Subjects of which notes wait for a slow listener; after one more it is told to read again instead."""
log = logging.getLogger("qiban.announce")

Topic = UUID | tuple[str, UUID] | str
"""What one may listen to: one subject by its key, every subject of a kind in a zone, or every subject of a kind;
("party", key) is told by workflows/parties.py."""


@dataclass(frozen=True, slots=True)
class Note:
    """A subject that moved: its kind, zone and key, and the sequences of the first and the last of its new entries."""

    kind: str
    zone_id: UUID
    subject_id: UUID
    first: int
    last: int

    @property
    def topics(self) -> tuple[Topic, Topic, Topic]:
        return self.subject_id, (self.kind, self.zone_id), self.kind

    def and_then(self, later: Note) -> Note:
        """Both as one: a subject that moved again before it was looked at."""
        return replace(self, first=min(self.first, later.first), last=max(self.last, later.last))


class Listener:
    """One who listens for as long as a `with` lasts, and the notes that wait for them, one for each subject."""

    __slots__ = ("_arrived", "_missed", "topics", "waiting")

    def __init__(self, topics: Iterable[Topic]) -> None:
        self.topics = frozenset(topics)
        self.waiting: dict[UUID, Note] = {}
        self._missed = False
        self._arrived: asyncio.Future[None] | None = None

    def __enter__(self) -> Self:
        for topic in self.topics:
            _listeners.setdefault(topic, set()).add(self)
        return self

    def __exit__(self, *_: object) -> None:
        for topic in self.topics:
            _listeners[topic].discard(self)
            if not _listeners[topic]:
                del _listeners[topic]

    def tell(self, note: Note) -> None:
        known = self.waiting.get(note.subject_id)
        if known is None and len(self.waiting) >= MOST_WAITING:
            self.lose()
        elif not self._missed:
            self.waiting[note.subject_id] = known.and_then(note) if known else note
            self.wake()

    def lose(self) -> None:
        """Whatever waits and whatever is missing are one and the same to the listener: read again."""
        self.waiting, self._missed = {}, True
        self.wake()

    def wake(self) -> None:
        """Let `heard` answer, be it with nothing."""
        if self._arrived is not None and not self._arrived.done():
            self._arrived.set_result(None)

    def expects(self, kinds: Container[str]) -> bool:
        """Whether a note of one of the kinds waits."""
        return any(note.kind in kinds for note in self.waiting.values())

    async def heard(self) -> tuple[bool, Note | None]:
        """Wait; then whether notes were missed, and the next note, if there is one."""
        if not self.waiting and not self._missed:
            self._arrived = asyncio.get_running_loop().create_future()
            try:
                await self._arrived
            finally:
                self._arrived = None
        missed, self._missed = self._missed, False
        return missed, self.waiting.pop(next(iter(self.waiting))) if self.waiting else None


_listeners: dict[Topic, set[Listener]] = {}
_woken: asyncio.Event | None = None


def listeners(kind: str | None = None) -> set[Listener]:
    """All who listen; or those who listen to a kind by its keys."""
    wanted = (topic for topic in _listeners if kind is None or (isinstance(topic, tuple) and topic[0] == kind))
    return _listening_to(wanted)


def promise(entries: Sequence[Entry], writing: Writing) -> None:
    """Within the transaction of a change: have it announced if, and only if, it commits."""
    if entries and database.engine() == "postgres":
        moved = [(each.subject_kind, each.zone_id, each.subject_id, each.sequence) for each in entries]
        listening.call(_payloads(_notes(moved)), writing)


def committed() -> None:
    """After a change of this process has committed: where nobody calls, let the reader look at once."""
    if _woken is not None:
        _woken.set()


@asynccontextmanager
async def announcing(url: str | None = None) -> AsyncIterator[None]:
    """Tell this process's listeners of every change, whichever process made it, for as long as the block lasts."""
    global _woken
    if database.engine() == "postgres":
        async with listening.listener(database.listen_url(url), _hear, lost):
            yield
        return
    _woken = asyncio.Event()
    try:
        async with listening.reader(_woken, lambda moved: _announce(_notes(moved))):
            yield
    finally:
        _woken = None


def pass_on(note: Note, topics: Iterable[Topic]) -> None:
    """Tell whoever listens to one of these topics and has not been told by one of the note's own."""
    for listener in _listening_to(topics) - _listening_to(note.topics):
        listener.tell(note)


def lost(kind: str | None = None) -> None:
    """Nobody knows what happened: whoever listens, or listens to a kind, is to read again."""
    for listener in listeners(kind):
        listener.lose()


def is_heard(kind: str) -> bool:
    return any(topic[0] == kind for topic in _listeners if isinstance(topic, tuple))


def _announce(notes: Iterable[Note]) -> None:
    for note in notes:
        for listener in _listening_to(note.topics):
            listener.tell(note)


def _listening_to(topics: Iterable[Topic]) -> set[Listener]:
    return set[Listener]().union(*(_listeners.get(topic, ()) for topic in topics))


def _hear(payload: str) -> None:
    try:
        notes = [_read(line) for line in payload.split("\n")]
    except ValueError:
        log.warning("a call that cannot be read; everyone reads again")
        lost()
    else:
        _announce(notes)


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
