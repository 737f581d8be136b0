"""The conformance replay: every history is folded through the flows, and what it comes to compared with the rows.

A batch of histories is read in one snapshot and then forgotten, so that it may run beside the service and over any
number of cases. What is found names the entry where it began.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.database import reads
from domain.folds import Key
from domain.history import Entry, PersonalValue
from domain.past import OWN
from domain.records import Record, Subject, subjects
from domain.snapshots import snapshot
from domain.spans import Span
from domain.timers import Timer
from workflows.changes import subject_of
from workflows.conformance import Difference, History
from workflows.standings import Standings
from workflows.timetable import FLOWS

AT_ONCE = 200
LAST = UUID(int=2**128 - 1)
Progress = Callable[[int, int], None]


@dataclass
class Replayed:
    """How much was replayed."""

    histories: int = 0
    entries: int = 0


async def replay(
    zones: Collection[UUID] | None = None, since: datetime | None = None, *, replayed: Replayed | None = None,
    progress: Progress = lambda done, total: None,
) -> AsyncIterator[Difference]:
    """Every difference in the histories of some zones, or of all; `since` leaves out those unchanged since then."""
    replayed = replayed or Replayed()
    kinds = subjects()
    wanted = [_of(model, zones, since) for model in kinds]
    total = sum([await rows.using_db(reads()).count() for rows in wanted])
    for model, rows in zip(kinds, wanted, strict=True):
        last: UUID | None = UUID(int=0)
        while last is not None:
            async with snapshot():
                batch = await _read(model, rows, last, zones, since)
            for history in batch.histories():
                for difference in history.differences():
                    yield difference
            replayed.histories += len(batch.subjects)
            replayed.entries += sum(map(len, batch.entries.values()))
            progress(replayed.histories, total)
            last = batch.upto


def _of(model: type[Subject], zones: Collection[UUID] | None, since: datetime | None) -> Any:
    rows = model.all()
    if zones is not None:
        rows = rows.filter(**{f"{'zone_id' if 'zone_id' in model.columns() else 'id'}__in": list(zones)})
    return rows.filter(changed_at__gte=since) if since else rows


@dataclass
class Batch:
    """Some histories of one kind, with all that is to be compared with them, read in one snapshot."""

    kind: str
    upto: UUID | None
    subjects: list[UUID]
    entries: dict[UUID, list[Entry]]
    rows: dict[UUID, dict[Key, Record]]
    past: Mapping[str, list[dict[str, Any]]]
    spans: Mapping[UUID, list[Span]]
    timers: Mapping[UUID, list[Timer]]
    personal: Mapping[str, PersonalValue]
    standings: Standings

    def histories(self) -> Iterator[History]:
        for subject in self.subjects:
            yield History(
                (self.kind, str(subject)), self.entries.get(subject, []), self.rows.get(subject, {}), self.past,
                self.spans.get(subject, []), self.timers.get(subject, []), self.personal, self.standings,
            )


async def _read(
    model: type[Subject], wanted: Any, last: UUID, zones: Collection[UUID] | None, since: datetime | None
) -> Batch:
    """The next batch after a key. A history without its row is found between the keys of those that have one."""
    found = await wanted.filter(id__gt=last).order_by("id").limit(AT_ONCE).using_db(reads())
    upto = found[-1].id if len(found) == AT_ONCE else None
    told: Any = Entry.filter(subject_kind=model.kind(), subject_id__gt=last, subject_id__lte=upto or LAST)
    if zones is not None:
        told = told.filter(zone_id__in=list(zones))
    changed = told.filter(at__gte=since) if since else told.filter(sequence=1)
    ids = sorted({*(row.id for row in found), *await changed.using_db(reads()).values_list("subject_id", flat=True)})
    entries = await Entry.filter(subject_id__in=ids).order_by("subject_id", "sequence").using_db(reads())
    if since is None:
        entries = await told.order_by("subject_id", "sequence").using_db(reads())
        ids = sorted({*ids, *(entry.subject_id for entry in entries)})
    by_subject: defaultdict[UUID, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_subject[entry.subject_id].append(entry)
    rows = await _rows(model, ids)
    records = {key: row for within in rows.values() for key, row in within.items()}
    spans: defaultdict[UUID, list[Span]] = defaultdict(list)
    for span in await Span.filter(subject_id__in=ids).using_db(reads()):
        spans[span.subject_id].append(span)
    timers: defaultdict[UUID, list[Timer]] = defaultdict(list)
    for timer in await Timer.filter(subject_id__in=ids).using_db(reads()):
        timers[timer.subject_id].append(timer)
    secret = [entry.id for entry in entries if '"commitment"' in entry.changes]
    personal = await PersonalValue.filter(entry_id__in=secret).using_db(reads()) if secret else []
    return Batch(
        model.kind(), upto, ids, by_subject, rows, await _past(records.values()), spans, timers,
        {each.commitment: each for each in personal}, await Standings.of({entry.actor_id for entry in entries}),
    )


async def _rows(model: type[Subject], ids: Sequence[UUID]) -> dict[UUID, dict[Key, Record]]:
    """Every row that belongs to some subjects, by subject."""
    rows: defaultdict[UUID, dict[Key, Record]] = defaultdict(dict)
    for kind in FLOWS:
        found: Any
        if kind is model:
            found = kind.filter(id__in=ids)
        elif kind.subject and kind._meta.fields_map[kind.subject].related_model is model:  # type: ignore[attr-defined]
            found = kind.filter(**{f"{kind.subject}_id__in": ids})
        else:
            continue
        for row in await found.using_db(reads()):
            rows[subject_of(row)[1]][kind.kind(), str(row.id)] = row
    return rows


async def _past(rows: Collection[Record]) -> Mapping[str, list[dict[str, Any]]]:
    """What is kept of the states these rows were in before, by key, in order, in JSON form."""
    by_kind: defaultdict[type[Record], list[str]] = defaultdict(list)
    for row in rows:
        by_kind[type(row)].append(str(row.id))
    past: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for model, keys in by_kind.items():
        marks = ", ".join(f"'{key}'" for key in keys)
        names = ", ".join(f'"{name}"' for name in (*model.columns(), OWN[0]))
        kept = await reads().execute_query_dict(
            f'SELECT {names} FROM "{model.kind()}_past" WHERE id IN ({marks}) ORDER BY id, changed_at'
        )
        for each in kept:
            past[str(each["id"])].append(each)
    return past


