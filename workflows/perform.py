"""The one way in: open or join a change, lock, ask the flow, apply, write the entry; all of it or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

from domain import clock, database, meters
from domain.calendar import Calendar
from domain.clock import OFFICE_ZONE
from domain.records import Record, id_at, zone_of
from domain.refusals import CONFLICT, STALE, Refused
from domain.viewers import Viewer
from domain.words import Word
from domain.zones import Rules
from workflows import announce
from workflows.changes import Change, subject_of
from workflows.flow import FLOWS, Flow, Move, Situation, Tally
from workflows.inputs import fields_of, read_input
from workflows.timing import keep_time

R = TypeVar("R", bound=Record)
T = TypeVar("T")


@dataclass(frozen=True)
class Step:
    """A move being made: what `act` and `then` of a move are given.

    Moves that `act` brings about come before it sets columns, so that each entry holds its own changes.
    """

    change: Change
    record: Any
    subject: Any
    input: Any
    rules: Rules
    calendar: Calendar
    sequence: int | None = None

    @property
    def viewer(self) -> Viewer:
        return self.change.viewer

    @property
    def at(self) -> datetime:
        return self.change.at

    @property
    def today(self) -> date:
        """The day it is in the offices."""
        return self.at.astimezone(OFFICE_ZONE).date()

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
        announce.committed()
        for entry in change.entries:
            meters.tell("move", entry.record_kind, entry.move)
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
    await look_ahead(viewer, model, move, given)
    async with changing(viewer) as change:
        # What names others of its kind may have to wait for several subjects, and must in one order.
        several = any(issubclass(each.kind, model) for each in fields_of(FLOWS[model].moves[move].input))
        seen = await (change.find if several else change.take)(model, record_id)
        with meters.span(f"move {model.kind()}.{move}"):
            return await _make(change, seen, move, given, expected_version=expected_version)


async def create(viewer: Viewer, model: type[R], move: str, /, *, within: Record | None = None, **given: Any) -> R:
    """Make the move that creates a record; `within` is the record it will belong to, if it is no subject itself."""
    await look_ahead(viewer, model, move, given)
    async with changing(viewer) as change:
        if within is not None:
            within = await change.find(type(within), within.id, f"{within.kind()}Id")
        with meters.span(f"move {model.kind()}.{move}"):
            return await _create(change, model, move, within, given)


async def look_ahead(viewer: Viewer, model: type[Record], move: str, given: Mapping[str, Any]) -> None:
    """Ask the world outside what a move will want to know of it, unless a change is open already."""
    if _current.get() is None:
        await FLOWS[model].moves[move].ahead(viewer, given)


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
    zone_id = zone_of(subject)
    rules, calendar = await change.rules_in(zone_id), await change.calendar_in(zone_id)
    situation = Situation(record, subject, change.viewer, rules, calendar, change.at)
    refusal = flow.judge(move, situation, by_rule=by_rule)
    if refusal:
        raise Refused(refusal)
    if bad_input:
        raise bad_input
    source = getattr(record, "state", None)
    step = Step(change, record, subject, await change.fresh(wanted), rules, calendar)
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
    rules = Rules()
    calendar = (await change.calendar_book()).calendar()
    if within is not None:
        await change.lock_subjects([within])
        within = await change.load(*subject_of(within))
    record = model(id=id_at(change.at), created_at=change.at, changed_at=change.at)
    if within is not None:
        setattr(record, f"{record.subject}_id", within.id)
        if "zone_id" in record.columns():
            record.zone_id = getattr(within, "zone_id", within.id)
        zone_id = zone_of(within)
        rules, calendar = await change.rules_in(zone_id), await change.calendar_in(zone_id)
    step = Step(change, record, within or record, await change.fresh(wanted), rules, calendar)
    situation = Situation(record, step.subject, change.viewer, rules, calendar, change.at)
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
    """Enter the new state, keep the tallies and the deadlines, write the entry, then make the moves that follow."""
    if "state" in step.record.columns():
        step.record.state = target
    for tally in flow.tallies:
        await _count(tally, step, source, target)
    await keep_time(step.change, step.record, step.subject)
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
