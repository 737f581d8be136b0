"""Some histories of one kind at a time, with all that is to be compared with them, read in one snapshot."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from domain.database import reads
from domain.folds import Key, Told
from domain.history import Entry, PersonalValue
from domain.past import OWN
from domain.raw import Asked, Raw, rows
from domain.records import Subject
from domain.spans import Span
from domain.timers import Timer
from workflows.changes import subject_model
from workflows.conformance import History
from workflows.flow import FLOWS
from workflows.standings import Standings

AT_ONCE = 200


@dataclass(frozen=True)
class Stretch:
    """The histories of a kind whose keys lie above one and up to another, where such are named; of some zones, or of
    all; `since` leaves out those unchanged since then."""

    model: type[Subject]
    after: str | None = None
    upto: str | None = None
    zones: Collection[UUID] | None = None
    since: datetime | None = None

    def rows(self, asked: Asked) -> str:
        """The condition of the subjects' own rows."""
        zone = "zone_id" if "zone_id" in self.model.columns() else "id"
        ways = [asked.between("id", self.after, self.upto)]
        ways += [asked.among(zone, self.zones)] if self.zones is not None else []
        ways += [f"changed_at >= {asked.place(self.since)}"] if self.since else []
        return " AND ".join(ways)

    def told(self, asked: Asked) -> str:
        """The condition of their entries."""
        ways = [f"subject_kind = '{self.model.kind()}'", asked.between("subject_id", self.after, self.upto)]
        ways += [asked.among("zone_id", self.zones)] if self.zones is not None else []
        return " AND ".join(ways)

    async def count(self) -> int:
        asked = Asked()
        found = await _select(f'SELECT count(*) AS n FROM "{self.model.kind()}" WHERE {self.rows(asked)}', asked)
        return int(found[0]["n"])

    async def keys(self, most: int | None = None, *, but: int = 0) -> list[str]:
        """Of the first rows, in order, but for some."""
        asked = Asked()
        page = f"ORDER BY id LIMIT {most} OFFSET {but}" if most else ""
        found = await _select(f'SELECT id FROM "{self.model.kind()}" WHERE {self.rows(asked)} {page}', asked)
        return [str(row["id"]) for row in found]


@dataclass
class Batch:
    """Some histories, and what they are compared with by subject; the past by record."""

    kind: str
    subjects: Sequence[str]
    entries: Mapping[str, list[Told]]
    rows: Mapping[str, dict[Key, Raw]]
    past: Mapping[str, dict[str, list[Raw]]]
    spans: Mapping[str, list[Raw]]
    timers: Mapping[str, list[Raw]]
    personal: Mapping[str, Any]
    standings: Standings

    def histories(self) -> Iterator[History]:
        for subject in self.subjects:
            yield History(
                (self.kind, subject), self.entries.get(subject, []), self.rows.get(subject, {}),
                self.past.get(subject, {}), self.spans.get(subject, []), self.timers.get(subject, []),
                self.personal, self.standings,
            )


async def read(stretch: Stretch) -> Batch:
    """All the histories of a stretch. One without its row is found between the keys of those that have one."""
    told = [SimpleNamespace(**row) for row in await _entries(stretch)]
    entries = _by(told, lambda entry: entry.subject_id)
    found = await _keys_of_past(stretch) if stretch.since is None else []
    keys = sorted({*entries, *await stretch.keys(), *found})
    own: defaultdict[str, dict[Key, Raw]] = defaultdict(dict)
    past: defaultdict[str, dict[str, list[Raw]]] = defaultdict(dict)
    for model in FLOWS:
        if subject_model(model) is not stretch.model:
            continue
        column = f"{model.subject}_id" if model.subject else "id"
        for row in await _of(model, column, keys):
            own[row[column]][model.kind(), row["id"]] = row
        for row in await _of(model, column, keys, past=True):
            past[row[column]].setdefault(row["id"], []).append({**row, "kind": model.kind()})
    secret = [entry.id for entry in told if '"commitment"' in entry.changes]
    personal = await _of(PersonalValue, "entry_id", secret)
    return Batch(
        stretch.model.kind(), keys, entries, own, past,
        _by(await _of(Span, "subject_id", keys), lambda row: row["subject_id"]),
        _by(await _of(Timer, "subject_id", keys), lambda row: row["subject_id"]),
        {each["commitment"]: SimpleNamespace(**each) for each in personal},
        await Standings.of({UUID(entry.actor_id) for entry in told}),
    )


async def _entries(stretch: Stretch) -> list[Raw]:
    """Of the whole stretch; or, since a day, of the histories that went on since or whose rows changed."""
    asked = Asked()
    where = stretch.told(asked)
    if stretch.since:
        rows_ = stretch.rows(asked)
        where = (
            f'subject_id IN (SELECT subject_id FROM entry WHERE {where} AND "at" >= {asked.place(stretch.since)}'
            f' UNION SELECT id FROM "{stretch.model.kind()}" WHERE {rows_})'
        )
    return await rows(Entry, asked, where, order="subject_id, sequence")


async def _keys_of_past(stretch: Stretch) -> list[str]:
    asked = Asked()
    ways = [asked.between("id", stretch.after, stretch.upto)]
    if stretch.zones is not None and "zone_id" in stretch.model.columns():
        ways.append(asked.among("zone_id", stretch.zones))
    found = await _select(
        f'SELECT DISTINCT id FROM "{stretch.model.kind()}_past" WHERE {" AND ".join(ways)}', asked
    )
    return [str(row["id"]) for row in found]


async def _of(model: Any, column: str, keys: Sequence[Any], *, past: bool = False) -> list[Raw]:
    if not keys:
        return []
    asked = Asked()
    where = asked.among(column, keys)
    if not past:
        return await rows(model, asked, where)
    table = f"{model.kind()}_past"
    return await rows(model, asked, where, table=table, more=(OWN[0],), order="id, changed_at")


async def _select(sql: str, asked: Asked) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await reads().execute_query_dict(sql, asked.values)
    return found


def _by(found: Iterable[Any], key: Any) -> dict[str, list[Any]]:
    by: defaultdict[str, list[Any]] = defaultdict(list)
    for each in found:
        by[key(each)].append(each)
    return by
