"""Telling people of moves: written with the change, read once for all of it; then read, unread and forgotten."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tortoise.expressions import Q, Subquery

from domain import clock, rows
from domain.history import Entry
from domain.notices import Notice, Silence
from domain.people import Membership, Person
from domain.records import Record
from domain.refusals import BAD_INPUT, NOT_FOUND, Refusal, Refused
from domain.responsibilities import ACTIVE, Responsibility, ResponsibilityState
from domain.viewers import Role, Viewer
from domain.webhooks import Webhook
from domain.writing import Writing, new
from domain.zones import lineage
from workflows.announce import Note
from workflows.audiences import Audience, EverySeat, Seat, Wanted
from workflows.flow import FLOWS, Flow, Move
from workflows.worker import duty

ALWAYS_TOLD = Refusal(
    "ALWAYS_TOLD", "这一步是要人办理的，不能关闭通知。",
    "This move asks something of whoever hears of it; it is always told.", "move",
)

DISPATCHER_SEAT = Seat(Role.DISPATCHER)
HOLDERS = """SELECT m.person_id, m.role, m.department_id, m.enterprise_id, m.zone_id, s.record_kind, s.move
FROM membership m JOIN person p ON p.id = m.person_id AND p.state = 'active' LEFT JOIN silence s ON s.person_id = p.id
WHERE (m.until IS NULL OR m.until > ?) AND m.since <= ? AND m.zone_id IN ({zones}) AND ({meant})"""
ASKED_OF = (*ACTIVE, ResponsibilityState.DONE)


@dataclass(frozen=True)
class Tiding:
    """An entry, the seats something is asked of by it, and those that are only told."""

    entry: Entry
    asks: tuple[Wanted, ...]
    tells: tuple[Wanted, ...]

    @property
    def heard(self) -> bool:
        """Whether anybody at all hears of such a move."""
        return bool(self.asks or self.tells)


@dataclass(frozen=True)
class Holder:
    """One membership as seats look at it, with the moves its person wants to hear nothing of."""

    person_id: UUID
    role: Role
    department_id: UUID | None
    enterprise_id: UUID | None
    zone_id: UUID
    silences: frozenset[tuple[str, str]]


def tiding_of(
    entry: Entry, asks: Iterable[Audience], tells: Iterable[Audience], record: Any, subject: Any
) -> Tiding:
    """Whom an entry is to reach, as things stand when it is made."""
    return Tiding(
        entry, tuple(each.seat(record, subject) for each in asks), tuple(each.seat(record, subject) for each in tells)
    )


def depends_on(tidings: Sequence[Tiding], records: Iterable[Record]) -> bool:
    """Whether it depends on any of these records who is told, so that what a change made of them is to be read."""
    kinds: tuple[type[Record], ...] = (Membership, Person, Webhook)
    if any(isinstance(seat, EverySeat) for each in tidings for seat in (*each.asks, *each.tells)):
        kinds = (*kinds, Responsibility)
    return any(isinstance(record, kinds) for record in records)


async def tell(tidings: Sequence[Tiding], at: datetime, writing: Writing) -> None:
    """Write a notice for everyone who hears of these entries; what this `depends_on` is written already.

    The actor is not told. Whoever was told of a move is not told again of what it brought about, unless asked. Where
    nobody sits of whom something is asked, the dispatchers are asked instead.
    """
    tidings = await _seated([each for each in tidings if each.heard])
    rooms = {zone_id: await _room(zone_id, tidings, at) for zone_id in {each.entry.zone_id for each in tidings}}
    reached: dict[tuple[UUID, int | None], set[UUID]] = {}
    notices: list[Notice] = []
    for tiding in tidings:
        entry, room = tiding.entry, rooms[tiding.entry.zone_id]
        above = reached.get((entry.subject_id, entry.caused_by), set())
        asked = room.asked(tiding.asks)
        told = room.told(tiding.tells, (entry.record_kind, entry.move)) - asked - above
        reached[entry.subject_id, entry.sequence] = above | asked | told
        notices += [_notice(entry, person, person in asked) for person in sorted((asked | told) - {entry.actor_id})]
    writing.insert(notices)


async def mark_read(viewer: Viewer, notices: Sequence[UUID], through: UUID | None = None) -> None:
    """One's own of these, and every one up to and including `through`; those read already keep their time."""
    await _require_own(viewer, notices, "noticeIds")
    chosen = Q(id__in=notices)
    if through is not None:
        await _require_own(viewer, [through], "throughId")
        chosen |= Q(id__lte=through)
    await Notice.seen_by(viewer).filter(chosen, read_at__isnull=True).update(read_at=clock.now())


async def mark_unread(viewer: Viewer, notices: Sequence[UUID]) -> None:
    await _require_own(viewer, notices, "noticeIds")
    await Notice.seen_by(viewer).filter(id__in=notices).update(read_at=None)


async def _require_own(viewer: Viewer, notices: Sequence[UUID], field: str) -> None:
    if await Notice.seen_by(viewer).filter(id__in=notices).count() < len(set(notices)):
        raise Refused(NOT_FOUND.about(field))


def heard_moves() -> list[tuple[Flow, Move]]:
    """Every move that anybody hears of, in the order of the flows."""
    return [(flow, move) for flow in FLOWS.values() for move in flow.moves.values() if move.asks or move.tells]


async def silences(viewer: Viewer) -> set[tuple[str, str]]:
    """The moves, by kind of record and name, that a person does not want to hear of."""
    rows = await Silence.filter(person_id=viewer.person_id).values_list("record_kind", "move")
    return {(kind, move) for kind, move in rows}


async def choose(viewer: Viewer, record_kind: str, name: str, in_app: bool) -> None:
    """To hear of a move or not. What a move asks of somebody is told them whatever they chose."""
    move = next((move for flow, move in heard_moves() if (flow.record.kind(), move.name) == (record_kind, name)), None)
    if move is None:
        raise Refused(BAD_INPUT.about("move", problem_zh="没有人会收到这一步的通知", problem_en="nobody hears of it"))
    if not move.tells:
        raise Refused(ALWAYS_TOLD)
    chosen = {"person_id": viewer.person_id, "record_kind": record_kind, "move": name}
    if in_app:
        await Silence.filter(**chosen).delete()
    else:
        await Silence.bulk_create([Silence(**chosen)], ignore_conflicts=True)


def entries_of(note: Note) -> Subquery:
    """The keys of the entries a note is about."""
    moved = Entry.filter(subject_id=note.subject_id, sequence__gte=note.first, sequence__lte=note.last)
    return Subquery(moved.values("id"))


@duty("forget notices", every=3600.0)
async def forget_notices() -> None:
    """Remove those kept long enough; the history they were made from stays."""
    await Notice.filter(at__lt=clock.now() - kept_for()).delete()


def kept_for() -> timedelta:
    return timedelta(days=int(os.environ.get("QIBAN_NOTICES_KEPT_DAYS", "365")))


@dataclass(frozen=True)
class Room:
    """Who sits where in a zone: `lineage` leads from it upwards, `holders` are all whom any of the seats may mean."""

    lineage: Sequence[UUID]
    holders: Sequence[Holder]

    def asked(self, seats: Iterable[Wanted]) -> set[UUID]:
        asked: set[Holder] = set()
        for seat in seats:
            asked |= self._at(seat) or self._at(DISPATCHER_SEAT)
        return {each.person_id for each in asked}

    def told(self, seats: Iterable[Wanted], move: tuple[str, str]) -> set[UUID]:
        return {each.person_id for seat in seats for each in self._at(seat) if move not in each.silences}

    def _at(self, seat: Wanted) -> set[Holder]:
        if not isinstance(seat, Seat):
            return set()
        held = [each for each in self.holders if seat.holds(each)]
        if seat.nearest and held:
            closest = min(self.lineage.index(each.zone_id) for each in held)
            held = [each for each in held if each.zone_id == self.lineage[closest]]
        return set(held)


async def _seated(tidings: Sequence[Tiding]) -> list[Tiding]:
    """With the seats of every department a case was asked of in place of the word for them."""
    cases = {seat.case_id for each in tidings for seat in (*each.asks, *each.tells) if isinstance(seat, EverySeat)}
    if not cases:
        return list(tidings)
    duties = await Responsibility.filter(case_id__in=list(cases), state__in=ASKED_OF).values("case_id", "department_id")

    def seated(seats: Iterable[Wanted]) -> tuple[Wanted, ...]:
        found: list[Wanted] = []
        for seat in seats:
            if isinstance(seat, EverySeat):
                departments = dict.fromkeys(duty["department_id"] for duty in duties if duty["case_id"] == seat.case_id)
                found += [Seat(Role.LIAISON, department_id=each) for each in departments]
            else:
                found.append(seat)
        return tuple(found)

    return [Tiding(each.entry, seated(each.asks), seated(each.tells)) for each in tidings]


async def _room(zone_id: UUID, tidings: Sequence[Tiding], at: datetime) -> Room:
    """Everyone whom the seats may mean, in one read."""
    here = [each for each in tidings if each.entry.zone_id == zone_id]
    seats = {seat for each in here for seat in (*each.asks, *each.tells) if isinstance(seat, Seat)}
    if any(each.asks for each in here):
        seats.add(DISPATCHER_SEAT)
    zones = await lineage(zone_id)
    if not seats:
        return Room(zones, ())
    meant = [seat.memberships for seat in seats]
    statement = HOLDERS.format(zones=", ".join("?" * len(zones)), meant=" OR ".join(f"({each})" for each, _ in meant))
    held: dict[tuple[Any, Any, Any, Any, Any], set[tuple[str, str]]] = {}
    for row in await rows.found(statement, [at, at, *zones, *(value for _, values in meant for value in values)]):
        person, role, *where, kind, move = tuple(row)  # its values, on either engine
        department, enterprise, zone = (key and rows.key_in(key) for key in where)
        held.setdefault((rows.key_in(person), Role.of(role), department, enterprise, zone), set()).add((kind, move))
    return Room(zones, [Holder(*columns, silences=frozenset(silences)) for columns, silences in held.items()])


def _notice(entry: Entry, person_id: UUID, asked: bool) -> Notice:
    return new(
        Notice, person_id=person_id, entry_id=entry.id, zone_id=entry.zone_id, subject_id=entry.subject_id,
        record_kind=entry.record_kind, record_id=entry.record_id, move=entry.move, asked=asked, at=entry.at,
    )
