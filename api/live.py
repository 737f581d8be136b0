"""What one may watch: a case, a board's filter, one's own tasks; each event told as the watcher may see it then."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from api.cases import Case, CaseFilter, narrowed
from api.context import Info
from api.events import MOST_ENTRIES
from api.history import Entry
from api.nodes import enum, global_id, key_of
from api.streams import Happening, Watch, happenings
from api.together import together
from domain import clock
from domain.cases import Case as CaseRow
from domain.database import reads
from domain.history import Entry as EntryRow
from domain.refusals import NOT_FOUND, Refused
from domain.responsibilities import ACTIVE
from domain.supervisions import OPEN
from domain.tasks import tasks_of
from domain.viewers import Viewer
from domain.words import Word
from domain.zones import Zone as ZoneRow
from workflows.announce import Note, Topic
from workflows.parties import topics_of

MY_TASKS = "My tasks 我的待办: what `cases(filter: { mine: true })` lists, and what leaves it."
# What a change touches that takes a case out of a filter; "responsibility" for a department that is asked no more.
TOUCHES = {
    "stage": ("state",), "state": ("state",), "owner_id": ("owner_id",), "department_id": ("responsibility",),
    "category": ("category",), "channel": ("channel",), "text": ("title", "description"),
    "raised_from": ("raised_on",), "raised_until": ("raised_on",), "reopened": ("reopened",),
    "light": ("yellow_at", "red_at", "grey"), "mine": ("responsibility", "supervision"),
}
Before = Mapping[str, Set[Any]]
"""By column of a case, what stood there before each of its changes; by kind of record that moved, from which states."""


class CaseEventKind(Word):
    """动态: what an event tells."""

    CHANGED = "changed", "有变化", "Something in sight happened to the case"
    REMOVED = "removed", "已移出", "The case has left what is watched, or the watcher's sight; drop it if it is shown"
    REFETCH = "refetch", "请重新读取", "Watching begins, events were missed or the watcher's roles changed: read again"


enum(CaseEventKind)


@strawberry.type
class CaseEvent:
    """What happened to a case in one change 动态, and the case as it stands now."""

    kind: CaseEventKind
    case_id: strawberry.ID | None = strawberry.field(default=None, description="Null when all is to be read again.")
    entries: list[Entry] = strawberry.field(
        default_factory=list, description="The moves in sight, oldest first."
    )
    case: Case | None = strawberry.field(default=None, description="As the watcher may see it now; null once removed.")


@dataclass(frozen=True, slots=True)
class CaseWatch(Watch):
    """Cases watched: the rows that count for a viewer, and whether one that counts no more had counted before."""

    counted: Callable[[Viewer, datetime], Any]
    listens: Callable[[Viewer], Iterable[Topic]]
    had_counted: Callable[[Viewer, Before], bool]
    one: CaseRow | None = None

    def topics(self, viewer: Viewer) -> Iterable[Topic]:
        return self.listens(viewer)

    def rows(self, viewer: Viewer, at: datetime) -> Any:
        return self.counted(viewer, at)

    async def event(self, happening: Happening) -> CaseEvent | None:
        viewer, note = happening.viewer, happening.note
        if note is None or (note.kind == "enterprise" and await _was_or_is_accompanied(note, viewer)):
            return await self._after_a_gap(viewer)
        return await self._moved(viewer, note) if note.kind == "case" else None

    def is_last(self, event: Any) -> bool:
        return self.one is not None and event.kind is CaseEventKind.REMOVED

    async def _after_a_gap(self, viewer: Viewer) -> CaseEvent:
        if self.one is None:
            return CaseEvent(kind=CaseEventKind.REFETCH)
        case = await self.rows(viewer, clock.now()).using_db(reads()).first()
        kind = CaseEventKind.REFETCH if case else CaseEventKind.REMOVED
        return CaseEvent(kind=kind, case_id=global_id(self.one), case=case)

    async def _moved(self, viewer: Viewer, note: Note) -> CaseEvent | None:
        case = await self.rows(viewer, clock.now()).filter(id=note.subject_id).using_db(reads()).first()
        if case is None:
            return await self.gone(viewer, note)
        seen = await _entries(EntryRow.seen_by(viewer), note)
        # What the offices say to each other an enterprise does not hear of, but where its case stands it sees.
        if not seen and "state" not in await _before(note):
            return None
        return CaseEvent(kind=CaseEventKind.CHANGED, case_id=global_id(case), entries=seen, case=case)

    async def gone(self, viewer: Viewer, note: Note) -> CaseEvent | None:
        if not await self._was_watched(viewer, note, await _before(note)):
            return None
        return CaseEvent(kind=CaseEventKind.REMOVED, case_id=global_id(CaseRow(id=note.subject_id)))

    async def _was_watched(self, viewer: Viewer, note: Note, before: Before) -> bool:
        """Nobody learns of a case they never saw: it is in sight still, or it was theirs until now."""
        if _was_theirs(viewer, before):
            return True
        if not self.had_counted(viewer, before):
            return False
        in_sight: bool = await CaseRow.seen_by(viewer).filter(id=note.subject_id).using_db(reads()).exists()
        return in_sight


@strawberry.type
class Subscription:
    @strawberry.subscription(description="One case, move by move; ends when it leaves the watcher's sight.")
    async def case_changed(self, info: Info, id: strawberry.ID) -> AsyncGenerator[CaseEvent, None]:
        key = key_of(id, CaseRow, "id")
        case = await CaseRow.seen_by(info.context.viewer).filter(id=key).using_db(reads()).first()
        if case is None:
            raise Refused(NOT_FOUND.about("id"))
        watch = CaseWatch(
            lambda viewer, at: CaseRow.seen_by(viewer).filter(id=key), lambda viewer: [key, case.enterprise_id],
            lambda *_: False, case
        )
        return happenings(info.context, watch)  # type: ignore[return-value]

    @strawberry.subscription(description="A board 看板: cases in sight that match the filter, and those that leave it.")
    async def cases_changed(self, info: Info, filter: CaseFilter | None = None) -> AsyncGenerator[CaseEvent, None]:
        narrowed(info.context.viewer, filter)  # so that a filter that cannot be is refused at once
        zone = key_of(filter.zone_id, ZoneRow) if filter and filter.zone_id else None
        narrowing = (name for name in TOUCHES if filter and getattr(filter, name) is not None)
        touching = {column for name in narrowing for column in TOUCHES[name]}
        watch = CaseWatch(
            lambda viewer, at: narrowed(viewer, filter, at),
            lambda viewer: [*_overseen(viewer, zone), *topics_of(viewer)],
            lambda viewer, before: not touching.isdisjoint(before),
        )
        return happenings(info.context, watch)  # type: ignore[return-value]

    @strawberry.subscription(description=MY_TASKS)
    async def my_tasks(self, info: Info) -> AsyncGenerator[CaseEvent, None]:
        watch = CaseWatch(
            lambda viewer, at: CaseRow.seen_by(viewer).filter(tasks_of(viewer)),
            topics_of, lambda viewer, before: _asked_something(before),
        )
        return happenings(info.context, watch)  # type: ignore[return-value]


def _overseen(viewer: Viewer, zone: UUID | None) -> list[Topic]:
    return [("case", each) for each in viewer.overseen if zone in (None, each)]


async def _entries(rows: Any, note: Note) -> list[Any]:
    moved = rows.filter(subject_id=note.subject_id, sequence__gte=note.first, sequence__lte=note.last)
    return list(await moved.order_by("sequence").limit(MOST_ENTRIES).using_db(reads()))


async def _before(note: Note) -> Before:
    return await together(("before", note), lambda: _stood_before(note))


async def _stood_before(note: Note) -> Before:
    before: dict[str, set[Any]] = {}
    for entry in await _entries(EntryRow.all(), note):
        for column, (old, _) in json.loads(entry.changes).get(f"{note.kind}/{note.subject_id}", {}).items():
            before.setdefault(column, set()).add(old)
        before.setdefault(entry.record_kind, set()).add(entry.source)
    return before


async def _was_or_is_accompanied(note: Note, viewer: Viewer) -> bool:
    """Whether an enterprise has just been given to the viewer or taken from them, and all its cases with it."""
    entries = await _entries(EntryRow.all(), note)
    changes = [json.loads(each.changes).get(f"enterprise/{note.subject_id}", {}) for each in entries]
    return any(str(viewer.person_id) in each.get("companion_id", ()) for each in changes)


def _asked_something(before: Before) -> bool:
    """Whether a duty or an answer that was open until now has moved."""
    moved = before.get("responsibility", set()) | before.get("supervision", set())
    return not moved.isdisjoint((*ACTIVE, *OPEN))


def _was_theirs(viewer: Viewer, before: Before) -> bool:
    return any(str(viewer.person_id) in before.get(column, ()) for column in ("owner_id", "escalated_to_id"))
