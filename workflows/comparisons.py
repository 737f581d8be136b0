"""What changed between two instants: by record and column, what it was and what it became, and by which moves."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.database import reads
from domain.folds import ERASED, Fold
from domain.history import Entry, PersonalValue
from domain.people import Membership, Person, PersonState, held_at
from domain.records import Record, Subject, zone_of
from domain.refusals import Refusal, Refused
from domain.viewers import Viewer
from domain.zones import lineage
from workflows.standings import Standings

MOST_ENTRIES = 1_000
TOO_MUCH_CHANGED = Refusal(
    "TOO_MUCH_CHANGED", "该时段的变动超过{most}条，请缩短时段。",
    "More than {most} moves in that time; ask for less of it.",
)


@dataclass
class ColumnChange:
    """One column, in JSON form, and the entries that touched it."""

    column: str
    before: Any
    after: Any
    entries: list[Entry] = field(default_factory=list)


@dataclass
class RecordChange:
    """One record; `made` when it came to be between the two instants."""

    kind: str
    key: UUID
    made: bool
    columns: dict[str, ColumnChange] = field(default_factory=dict)

    @property
    def changed(self) -> list[ColumnChange]:
        """A column that is what it was has not changed, whatever it was in between."""
        return [each for each in self.columns.values() if each.before != each.after]


async def entries_between(viewer: Viewer, subject_id: UUID, since: datetime, until: datetime) -> list[Entry]:
    """The moves of a subject after one instant up to another that the viewer may read of. Raises `Refused`."""
    rows = Entry.seen_by(viewer).filter(subject_id=subject_id, at__gt=since, at__lte=until)
    found = await rows.order_by("sequence").limit(MOST_ENTRIES + 1).using_db(reads())
    if len(found) > MOST_ENTRIES:
        raise Refused(TOO_MUCH_CHANGED.about("from", most=MOST_ENTRIES))
    return found


async def compare(entries: Sequence[Entry]) -> list[RecordChange]:
    """What entries in their order come to, with the values behind commitments; `ERASED` where there is none."""
    secret = [entry.id for entry in entries if '"commitment"' in entry.changes]
    personal = await PersonalValue.filter(entry_id__in=secret).using_db(reads()) if secret else []
    fold = Fold({each.commitment: each for each in personal})
    records: dict[str, RecordChange] = {}
    for entry in entries:
        for name, touched in json.loads(entry.changes).items():
            kind, _, key = name.partition("/")
            if name not in records:
                records[name] = RecordChange(kind, UUID(key), "created_at" in touched)
            columns = records[name].columns
            for column, (before, after) in touched.items():
                change = columns.setdefault(column, ColumnChange(column, fold.opened(before), None))
                change.after = fold.opened(after)
                change.entries.append(entry)
    return [each for each in records.values() if each.changed]


async def who_could_see(
    model: type[Subject], subject_id: UUID, at: datetime, after: UUID | None, first: int
) -> tuple[list[Person], UUID | None]:
    """Those of the next `first` persons with a role then and there whose standing showed them a subject, and where to
    go on; read as of the instant. Each is asked about by the very condition that their readings began with."""
    subject = await model.filter(id=subject_id).using_db(reads()).first()
    if subject is None:
        return [], None
    holders = Membership.filter(held_at(at), zone_id__in=await lineage(zone_of(subject))).using_db(reads())
    held = set(await holders.values_list("person_id", flat=True))
    active = Person.filter(id__in=list(held), state=PersonState.ACTIVE, **({"id__gt": after} if after else {}))
    persons = await active.order_by("id").limit(first + 1).using_db(reads())
    standings = await Standings.of({person.id for person in persons})
    seeing = [
        person for person in persons[:first]
        if await model.seen_by(standings.at(person.id, at)).filter(id=subject_id).using_db(reads()).exists()
    ]
    return seeing, persons[first - 1].id if len(persons) > first else None


async def names_in(viewer: Viewer, wanted: Iterable[tuple[type[Record], UUID]]) -> dict[UUID, str]:
    """What records are called, of those the viewer may see."""
    by_model: dict[type[Record], set[UUID]] = {}
    for model, key in wanted:
        by_model.setdefault(model, set()).add(key)
    names: dict[UUID, str] = {}
    for model, keys in by_model.items():
        column = next((name for name in ("name", "number", "title", "description") if name in model.columns()), None)
        if column:
            rows = model.seen_by(viewer).filter(id__in=list(keys)).using_db(reads())
            names.update(dict(await rows.values_list("id", column)))
    return names


def is_erased(value: Any) -> bool:
    return value is ERASED
