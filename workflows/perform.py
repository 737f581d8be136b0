"""The one way in: open or join a change, lock, ask the flow, apply, write the entry; all of it or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterable, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, is_dataclass, replace
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from tortoise.models import Model

from domain import clock, database
from domain.history import Entry, PersonalValue, canonical, commit_to, entry_hash, plain
from domain.records import Record, Subject, new_id
from domain.refusals import CONFLICT, NOT_FOUND, STALE, Refused
from domain.viewers import Viewer
from domain.words import Word
from domain.zones import rules_of
from workflows.flow import FLOWS, Flow, Move, Situation, Tally
from workflows.inputs import read_input

R = TypeVar("R", bound=Record)
T = TypeVar("T")


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
    rules: dict[UUID, Mapping[str, Any]] = field(default_factory=dict)
    task: asyncio.Task[Any] | None = field(default_factory=asyncio.current_task)

    async def find(self, model: type[R], record_id: UUID) -> R:
        """The record, if the viewer may see it; not locked. What this change itself made is not in the database yet."""
        known = self.tracked.get(record_id)
        if known and not known.loaded and isinstance(known.record, model):
            return known.record
        seen = await model.seen_by(self.viewer).filter(id=record_id).first()
        if seen is None:
            raise Refused(NOT_FOUND.about("id"))
        return seen

    async def load(self, model: type[R], record_id: UUID) -> R:
        """The row, locked until the change ends; the same object however often it is asked for."""
        if record_id not in self.tracked:
            row = await database.lock(model.filter(id=record_id)).first()
            if row is None:
                raise Refused(NOT_FOUND)
            self.tracked[record_id] = Tracked(row, _columns(row), _columns(row))
        record = self.tracked[record_id].record
        assert isinstance(record, model)
        return record

    async def lock_subjects(self, records: Iterable[Record]) -> None:
        """Lock the subjects of several records in one order, so that two changes never wait for each other."""
        wanted = {subject_id: model for model, subject_id in map(subject_of, records)}
        for subject_id in sorted(wanted):
            await self.load(wanted[subject_id], subject_id)
        if not self.entries:
            self.at = clock.now()  # after the wait: in one history time never runs backwards

    async def fresh(self, given: Any) -> Any:
        """An input as it holds now: its records of locked subjects may have moved between being read and the lock."""
        if isinstance(given, Record):
            return await self.load(type(given), given.id) if subject_of(given)[1] in self.tracked else given
        if isinstance(given, list):
            return [await self.fresh(each) for each in given]
        if is_dataclass(given) and not isinstance(given, type):
            return replace(given, **{name: await self.fresh(value) for name, value in vars(given).items()})
        return given

    async def rules_in(self, zone_id: UUID) -> Mapping[str, Any]:
        if zone_id not in self.rules:
            self.rules[zone_id] = await rules_of(zone_id, self.at.astimezone(clock.OFFICE_ZONE).date())
        return self.rules[zone_id]

    def put(self, row: Model) -> None:
        """Write a row beside the records, in the same transaction; it has no history of its own."""
        self.beside.append(row)

    def start(self, record: Record) -> None:
        self.tracked[record.id] = Tracked(record, {}, {})

    def record(self, move: Move, record: Record, source: object, reason: str, caused_by: int | None) -> Entry:
        """Write the entry of a move: whatever changed since the entry before it."""
        model, subject_id = subject_of(record)
        subject = self.tracked[subject_id].record
        assert isinstance(subject, Subject)
        subject.sequence += 1
        entry = Entry(
            id=new_id(), zone_id=getattr(subject, "zone_id", subject.id), subject_kind=model.kind(),
            subject_id=subject_id, sequence=subject.sequence, record_kind=record.kind(), record_id=record.id,
            move=move.name, source=plain(source), target=plain(getattr(record, "state", None)),
            actor_id=self.viewer.person_id, acting_id=self.viewer.acting, at=self.at, reason=reason,
            caused_by=caused_by, previous=subject.head,
        )
        entry.changes = canonical(self._changes(entry.id))
        entry.hash = subject.head = entry_hash(entry)
        self.entries.append(entry)
        return entry

    def _changes(self, entry_id: UUID) -> dict[str, dict[str, list[Any]]]:
        changes: dict[str, dict[str, list[Any]]] = {}
        for tracked in self.tracked.values():
            now, before = _columns(tracked.record), tracked.recorded
            touched = {name: [before.get(name), value] for name, value in now.items() if before.get(name) != value}
            for name in tracked.record.personal & touched.keys():
                touched[name] = [self._commitment(value, entry_id) for value in touched[name]]
            shown = {name: pair for name, pair in touched.items() if name not in tracked.record.unrecorded}
            if shown:
                changes[f"{tracked.record.kind()}/{tracked.record.id}"] = shown
            tracked.recorded = now
        return changes

    def _commitment(self, value: object, entry_id: UUID) -> Any:
        if value in (None, ""):
            return value
        commitment, kept = commit_to(value, entry_id)
        self.personal.append(kept)
        return commitment

    async def write(self) -> None:
        """Every new row, every touched column, every entry."""
        for tracked in self.tracked.values():
            record, now = tracked.record, _columns(tracked.record)
            if not tracked.loaded:
                await record.save(force_create=True)
            elif touched := [name for name, value in now.items() if tracked.loaded[name] != value]:
                record.version += 1
                await record.save(update_fields=[*touched, "version"])
        await Entry.bulk_create(self.entries)
        if self.personal:
            await PersonalValue.bulk_create(self.personal)
        for row in self.beside:
            await row.save(force_create=True)


@dataclass(frozen=True)
class Step:
    """A move being made: what `act` and `then` of a move are given.

    Moves that `act` brings about come before it sets columns, so that each entry holds its own changes.
    """

    change: Change
    record: Any
    subject: Any
    input: Any
    rules: Mapping[str, Any]
    sequence: int | None = None

    @property
    def viewer(self) -> Viewer:
        return self.change.viewer

    @property
    def at(self) -> datetime:
        return self.change.at

    async def perform(self, record: Record, move: str, /, **given: Any) -> None:
        """A move that this move brings about: by the rules, whoever makes this one."""
        await _make(self.change, record, move, given, by_rule=True, caused_by=self.sequence)

    async def create(self, model: type[R], move: str, /, *, within: Record | None = None, **given: Any) -> R:
        """A record that this move brings about."""
        return await _create(
            self.change, model, move, within or self.subject, given, by_rule=True, caused_by=self.sequence
        )


_current: ContextVar[Change | None] = ContextVar("change", default=None)


@asynccontextmanager
async def changing(viewer: Viewer) -> AsyncIterator[Change]:
    """Open a change, or join the one that is open. Everything in it is written when the outermost block ends."""
    joined = _current.get()
    if joined is not None:
        # A task started inside a change inherits it, and would write into it from the side or after its end.
        if joined.task is not asyncio.current_task() or joined.viewer != viewer:
            raise RuntimeError("a change is made by one viewer in one task")
        async with database.transaction():  # so that a part refused and caught takes the whole with it
            yield joined
        return
    change = Change(viewer, clock.now())
    token = _current.set(change)
    try:
        async with database.transaction():
            yield change
            await change.write()
    except Exception as error:
        if not database.is_clash(error):
            raise
        raise Refused(CONFLICT) from error
    finally:
        _current.reset(token)


async def perform(
    viewer: Viewer, model: type[R], record_id: UUID, move: str, /, *, expected_version: int | None = None, **given: Any
) -> R:
    """Make one move of one record for a viewer. Raises `Refused`; then nothing has changed."""
    async with changing(viewer) as change:
        seen = await change.find(model, record_id)
        return await _make(change, seen, move, given, expected_version=expected_version)


async def create(viewer: Viewer, model: type[R], move: str, /, *, within: Record | None = None, **given: Any) -> R:
    """Make the move that creates a record; `within` is the record it will belong to, if it is no subject itself."""
    async with changing(viewer) as change:
        if within is not None:
            within = await change.find(type(within), within.id)
        return await _create(change, model, move, within, given)


def subject_of(record: Record) -> tuple[type[Subject], UUID]:
    """The kind and key of the record whose history a record belongs to."""
    if record.subject is None:
        assert isinstance(record, Subject)
        return type(record), record.id
    model: type[Subject] = getattr(record._meta.fields_map[record.subject], "related_model")  # noqa: B009
    return model, getattr(record, f"{record.subject}_id")


async def _make(
    change: Change, seen: R, name: str, given: Mapping[str, Any], *,
    by_rule: bool = False, caused_by: int | None = None, expected_version: int | None = None,
) -> R:
    flow = FLOWS[type(seen)]
    move = flow.moves[name]
    wanted, bad_input = await _attempt(read_input(move.input, given, change.viewer))
    alike = [each for each in vars(wanted).values() if isinstance(each, type(seen))] if wanted else []
    await change.lock_subjects([seen, *alike])
    record = await change.load(type(seen), seen.id)
    if expected_version is not None and record.version != expected_version:
        raise Refused(STALE.about(actual=record.version))
    subject = await change.load(*subject_of(record))
    rules = await change.rules_in(getattr(subject, "zone_id", subject.id))
    refusal = flow.judge(move, Situation(record, subject, change.viewer, rules, change.at), by_rule=by_rule)
    if refusal:
        raise Refused(refusal)
    if bad_input:
        raise bad_input
    source = getattr(record, "state", None)
    step = Step(change, record, subject, await change.fresh(wanted), rules)
    await move.act(step)
    await _settle(flow, move, step, source, flow.target(move, source), caused_by)
    return record


async def _create(
    change: Change, model: type[R], name: str, within: Record | None, given: Mapping[str, Any], *,
    by_rule: bool = False, caused_by: int | None = None,
) -> R:
    flow = FLOWS[model]
    move = flow.moves[name]
    wanted = await read_input(move.input, given, change.viewer)
    rules: Mapping[str, Any] = {}
    if within is not None:
        await change.lock_subjects([within])
        within = await change.load(*subject_of(within))
    record = model(created_at=change.at)
    if within is not None:
        setattr(record, f"{record.subject}_id", within.id)
        if "zone_id" in record.columns():
            record.zone_id = getattr(within, "zone_id", within.id)
        rules = await change.rules_in(getattr(within, "zone_id", within.id))
    step = Step(change, record, within or record, await change.fresh(wanted), rules)
    situation = Situation(record, step.subject, change.viewer, rules, change.at)
    try:
        await move.act(step)
    except Refused:
        # What it found, such as a name already taken, is not for those who may not make the move.
        if not by_rule and (barred := flow.barred(move, situation)):
            raise Refused(barred) from None
        raise
    if refusal := flow.judge(move, situation, by_rule=by_rule):
        raise Refused(refusal)
    change.start(record)
    await _settle(flow, move, step, None, move.target, caused_by)
    return record


async def _attempt(work: Awaitable[T]) -> tuple[T | None, Refused | None]:
    try:
        return await work, None
    except Refused as refused:
        return None, refused


async def _settle(
    flow: Flow, move: Move, step: Step, source: Word | None, target: Word | None, caused_by: int | None
) -> None:
    """Enter the new state, keep the tallies, write the entry, then make the moves that follow."""
    if "state" in step.record.columns():
        step.record.state = target
    for tally in flow.tallies:
        await _count(tally, step, source, target)
    reason = getattr(step.input, "reason", None) or ""
    entry = step.change.record(move, step.record, source, reason, caused_by)
    await move.then(replace(step, sequence=entry.sequence))


async def _count(tally: Tally, step: Step, source: Word | None, target: Word | None) -> None:
    difference = (target in tally.states) - (source in tally.states)
    parent_id = getattr(step.record, f"{tally.relation}_id")
    if difference and parent_id is not None and tally.when(step.record):
        model = step.record._meta.fields_map[tally.relation].related_model
        parent = await step.change.load(model, parent_id)
        setattr(parent, tally.column, getattr(parent, tally.column) + difference)


def _columns(record: Record) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.columns()}
