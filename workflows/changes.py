"""A change: one transaction's worth of moves, its rows loaded and locked once, written once, with their history."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, is_dataclass, replace
from datetime import datetime
from functools import cache
from operator import itemgetter
from typing import Any, TypeVar
from uuid import UUID

from tortoise.models import Model

from domain import clock, rows, timers
from domain.calendar import Calendar
from domain.calendar.rows import Book, path_in, the_book
from domain.history import Entry, PersonalValue, canonical, commit_to, entry_hash, plain
from domain.records import Record, Subject, id_at, new_id, zone_of
from domain.refusals import NOT_FOUND, Refused
from domain.spans import Stays, Touched
from domain.viewers import Viewer
from domain.writing import Writing, new
from domain.zones import Rules
from workflows import announce
from workflows.deliveries import promise_deliveries
from workflows.flow import FLOWS, Move
from workflows.notices import Tiding, depends_on, tell, tiding_of
from workflows.rulebooks import rulebook_of

R = TypeVar("R", bound=Record)


@dataclass
class Tracked:
    """A row in a change: its columns as loaded, and as the last entry recorded them."""

    record: Record
    loaded: dict[str, Any]
    recorded: dict[str, Any]


@dataclass
class Change:
    """One transaction's worth of moves by one viewer at one instant. Rows are loaded once and written once."""

    viewer: Viewer
    at: datetime
    tracked: dict[UUID, Tracked] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    personal: list[PersonalValue] = field(default_factory=list)
    beside: list[Model] = field(default_factory=list)
    touched: list[Touched] = field(default_factory=list)
    tidings: list[Tiding] = field(default_factory=list)
    rules: dict[UUID, Rules] = field(default_factory=dict)
    calendars: dict[UUID, Calendar] = field(default_factory=dict)
    book: Book | None = None
    task: asyncio.Task[Any] | None = field(default_factory=asyncio.current_task)

    async def find(self, model: type[R], record_id: UUID, field: str = "id") -> R:
        """The record, if the viewer may see it; not locked. What this change itself made is not in the database yet."""
        known = self.tracked.get(record_id)
        if known and not known.loaded and isinstance(known.record, model):
            return known.record
        seen = await rows.seen(model, record_id, self.viewer)
        if seen is None:
            raise Refused(NOT_FOUND.about(field))
        return seen

    async def take(self, model: type[R], record_id: UUID) -> R:
        """The record, held with its subject, if the viewer may see it."""
        if record_id in self.tracked:
            return await self.find(model, record_id)
        held = await rows.held_with_subject(model, record_id, self.viewer, subject_model(model))
        if held is None:  # or it came into sight while its lock was waited for
            return await self.find(model, record_id)
        record, subject = held
        for row in (subject, record):
            if row is not None and row.id not in self.tracked:
                self._track(row)
        return record

    async def load(self, model: type[R], record_id: UUID) -> R:
        """The row, locked until the change ends; the same object however often it is asked for."""
        if record_id not in self.tracked:
            row = await rows.held(model, record_id)
            if row is None:
                raise Refused(NOT_FOUND)
            self._track(row)
        record = self.tracked[record_id].record
        assert isinstance(record, model)
        return record

    async def lock_subjects(self, records: Iterable[Record]) -> None:
        """Lock the subjects of several records in one order, so that two changes never wait for each other."""
        wanted = {subject_id: model for model, subject_id in map(subject_of, records)}
        for subject_id in sorted(wanted):
            await self.load(wanted[subject_id], subject_id)
        if not self.entries:  # after the wait: in one history time never runs backwards, whatever the clock does
            self.at = max(self.at, clock.now(), *(self.tracked[each].record.changed_at for each in wanted))

    async def fresh(self, given: Any) -> Any:
        """An input as it holds now: its records of locked subjects may have moved between being read and the lock."""
        if isinstance(given, Record):
            return await self.load(type(given), given.id) if subject_of(given)[1] in self.tracked else given
        if isinstance(given, list):
            return [await self.fresh(each) for each in given]
        if is_dataclass(given) and not isinstance(given, type):
            return replace(given, **{name: await self.fresh(value) for name, value in vars(given).items()})
        return given

    async def rules_in(self, zone_id: UUID) -> Rules:
        if zone_id not in self.rules:
            today = self.at.astimezone(clock.OFFICE_ZONE).date()
            found = await rulebook_of(frozenset([zone_id]), today)
            self.rules[zone_id], self.book = found.rules[zone_id], self.book or found.book
        return self.rules[zone_id]

    async def calendar_in(self, zone_id: UUID) -> Calendar:
        """The zone's calendar as published, with the office hours it keeps today."""
        if zone_id not in self.calendars:
            hours = str((await self.rules_in(zone_id))["office_hours"])
            book = await self.calendar_book()
            self.calendars[zone_id] = book.calendar(await path_in(book, zone_id)).open_at(hours)
        return self.calendars[zone_id]

    async def calendar_book(self) -> Book:
        if self.book is None:
            self.book = await the_book()
        return self.book

    def turn_to(self, book: Book) -> None:
        """What is counted from here on in this change is counted by a new edition."""
        self.book = book
        self.calendars.clear()

    def put(self, row: Model) -> None:
        """Write a row beside the records, in the same transaction; it has no history of its own."""
        self.beside.append(row)

    def _track(self, row: Record) -> None:
        columns = columns_of(row)
        self.tracked[row.id] = Tracked(row, columns, columns)

    def start(self, record: Record) -> None:
        self.tracked[record.id] = Tracked(record, {}, {})

    def record(self, move: Move, record: Record, source: object, reason: str, caused_by: int | None) -> Entry:
        """Write the entry of a move: whatever changed since the entry before it."""
        model, subject_id = subject_of(record)
        subject = self.tracked[subject_id].record
        assert isinstance(subject, Subject)
        if subject.changed_at > self.at:
            self._put_off(subject.changed_at)
        subject.sequence += 1
        entry = new(
            Entry, id=id_at(self.at), zone_id=zone_of(subject), subject_kind=model.kind(),
            subject_id=subject_id, sequence=subject.sequence, record_kind=record.kind(), record_id=record.id,
            move=move.name, source=plain(source), target=plain(getattr(record, "state", None)),
            actor_id=self.viewer.person_id, acting_id=self.viewer.acting, at=self.at, reason=reason,
            caused_by=caused_by, previous=subject.head,
        )
        touched: dict[UUID, tuple[dict[str, Any], dict[str, Any]]] = {}
        entry.changes = canonical(self._changes(entry.id, touched))
        entry.hash = subject.head = entry_hash(entry)
        self.entries.append(entry)
        self.touched.append(touched)
        self.tidings.append(tiding_of(entry, move.asks, move.tells, record, subject))
        return entry

    def _put_off(self, at: datetime) -> None:
        """A change is of one instant. What it meets may have moved since it began: then all of it comes after that."""
        self.at = at
        heads: dict[UUID, str] = {}
        for entry in self.entries:
            entry.at, entry.previous = at, heads.get(entry.subject_id, entry.previous)
            entry.hash = heads[entry.subject_id] = entry_hash(entry)
        for subject_id, head in heads.items():
            subject: Any = self.tracked[subject_id].record
            subject.head = head

    def _changes(
        self, entry_id: UUID, whole: dict[UUID, tuple[dict[str, Any], dict[str, Any]]]
    ) -> dict[str, dict[str, list[Any]]]:
        """By record, what it says of the columns touched; `whole` gets all of their columns, before and after."""
        changes: dict[str, dict[str, list[Any]]] = {}
        for tracked in self.tracked.values():
            now, before = columns_of(tracked.record), tracked.recorded
            # Most are the very same, and to compare keys takes its time.
            touched = {
                name: [was, value] for name, value in now.items()
                if (was := before.get(name)) is not value and was != value
            }
            if not touched:
                continue
            whole[tracked.record.id], tracked.recorded = (before, now), now
            for name in tracked.record.personal & touched.keys():
                touched[name] = [self._commitment(value, entry_id) for value in touched[name]]
            shown = {name: pair for name, pair in touched.items() if name not in tracked.record.unrecorded}
            if shown:
                changes[f"{tracked.record.kind()}/{tracked.record.id}"] = shown
        return changes

    def _commitment(self, value: object, entry_id: UUID) -> Any:
        if value in (None, ""):
            return value
        commitment, kept = commit_to(value, entry_id)
        self.personal.append(kept)
        return commitment

    async def write(self) -> None:
        """Every new row, every touched column, every entry, a notice for everyone it concerns, the timers that will go
        off, and word to whoever listens."""
        writing = Writing()
        standing = [(tracked, columns_of(tracked.record)) for tracked in self.tracked.values()]
        for tracked, now in standing:
            self._write_row(tracked, now, writing)
        if depends_on(self.tidings, [each.record for each in self.tracked.values()]):
            await writing.send()
        writing.insert(self.entries)
        writing.insert(self.personal)
        self._stays().write(writing)
        writing.insert(self.beside)
        self._set_timers(standing, writing)
        await tell(self.tidings, self.at, writing)
        await promise_deliveries([each.entry for each in self.tidings if each.heard], writing)
        announce.promise(self.entries, writing)
        await writing.send()

    def _write_row(self, tracked: Tracked, now: Mapping[str, Any], writing: Writing) -> None:
        record = tracked.record
        if not tracked.loaded:
            record.changed_at = max(self.at, record.created_at)
            writing.insert([record])
        elif touched := [name for name, value in now.items() if tracked.loaded[name] != value]:
            record.version += not record.unrecorded.issuperset(touched)
            record.changed_at = max(self.at, record.changed_at)
            writing.update(record, [*touched, "version", "changed_at"])

    def _stays(self) -> Stays:
        stays = Stays()
        for entry, touched in zip(self.entries, self.touched, strict=True):
            stays.follow(entry, touched)
        return stays

    def _set_timers(self, standing: Iterable[tuple[Tracked, Mapping[str, Any]]], writing: Writing) -> None:
        armed: list[timers.Set] = []
        lifted: list[tuple[UUID, str]] = []
        for tracked, columns in standing:
            flow = FLOWS[type(tracked.record)]
            before, now = flow.due(tracked.loaded), flow.due(columns)
            armed += [timer_of(tracked.record, move, at) for move, at in now.items() if before.get(move) != at]
            lifted += [(tracked.record.id, move) for move in before.keys() - now.keys()]
        timers.arm(armed, writing)
        timers.lift(lifted, writing)


def subject_of(record: Record) -> tuple[type[Subject], UUID]:
    """The kind and key of the record whose history a record belongs to."""
    model = subject_model(type(record))
    return model, record.id if record.subject is None else getattr(record, f"{record.subject}_id")


def subject_model(model: type[Record]) -> type[Subject]:
    """The kind of record whose history records of this kind belong to."""
    if model.subject is None:
        assert issubclass(model, Subject)
        return model
    return getattr(model._meta.fields_map[model.subject], "related_model")  # type: ignore[no-any-return]  # noqa: B009


def timer_of(record: Record, move: str, at: datetime) -> timers.Set:
    _, subject_id = subject_of(record)
    zone_id = getattr(record, "zone_id", subject_id)
    return timers.Set(new_id(), zone_id, subject_id, record.kind(), record.id, move, at, at)


def columns_of(record: Record) -> dict[str, Any]:
    names, values = _columns(type(record))
    return dict(zip(names, values(vars(record)), strict=True))


@cache
def _columns(model: type[Record]) -> tuple[Sequence[str], Callable[[Mapping[str, Any]], tuple[Any, ...]]]:
    return model.columns(), itemgetter(*model.columns())
