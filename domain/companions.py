"""Who was responsible for an enterprise on a day: its companion and the levels of the chain as the history tells them,
and who was assigned to its county and its industry. The present is not asked."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from domain.assignments import Assignment
from domain.chains import ChainLink
from domain.clock import OFFICE_ZONE
from domain.database import reads
from domain.enterprises import Enterprise
from domain.history import Entry
from domain.posts import on_day
from domain.viewers import Viewer


class Companionship(NamedTuple):
    """Who accompanied an enterprise from one instant until another, and why it came so; None for nobody."""

    person_id: UUID | None
    since: datetime
    until: datetime | None
    reason: str
    actor_id: UUID


class Level(NamedTuple):
    """One level of the chain, 1 nearest the enterprise."""

    level: int
    title: str
    person_id: UUID | None


@dataclass
class Responsible:
    """All who answered for an enterprise at the end of a day."""

    companion_id: UUID | None = None
    chain: Sequence[Level] = ()
    county: str | None = None
    county_person_id: UUID | None = None
    industry: str | None = None
    industry_person_id: UUID | None = None


@dataclass
class Past:
    """A record as its history tells it: the columns after each of its moves."""

    states: list[tuple[Entry, dict[str, Any]]] = field(default_factory=list)

    def at(self, until: datetime) -> dict[str, Any] | None:
        return next((columns for entry, columns in reversed(self.states) if entry.at < until), None)


async def companionships(viewer: Viewer, enterprise_id: UUID) -> list[Companionship]:
    """Everyone who accompanied an enterprise, first to last; of those that the viewer may read the history of."""
    found: list[Companionship] = []
    for entry, columns in (await _past(Entry.seen_by(viewer), Enterprise, [enterprise_id]))[enterprise_id].states:
        person_id = _key(columns.get("companion_id"))
        if (found[-1].person_id if found else None) == person_id:
            continue
        if found:
            found[-1] = found[-1]._replace(until=entry.at)
        found.append(Companionship(person_id, entry.at, None, entry.reason, entry.actor_id))
    return found


async def responsible_on(viewer: Viewer, enterprise: Any, day: date, now: datetime) -> Responsible | None:
    """None where the enterprise was not on the books, or the viewer may not read its history. Of the chain and of those
    assigned the viewer hears as far as these are to be seen at all."""
    until = min(datetime.combine(day + timedelta(days=1), time(), OFFICE_ZONE), now + timedelta(microseconds=1))
    columns = (await _past(Entry.seen_by(viewer), Enterprise, [enterprise.id]))[enterprise.id].at(until)
    if columns is None:
        return None
    found = Responsible(_key(columns.get("companion_id")), await _chain(viewer, enterprise, until))
    found.county, found.industry = columns.get("county"), columns.get("industry")
    mine: Any = Assignment.seen_by(viewer).filter(on_day(day), zone_id=enterprise.zone_id).order_by("-id")
    for name in ("county", "industry"):
        if (value := getattr(found, name)) is not None:
            row = await mine.filter(**{name: value}).using_db(reads()).first()
            setattr(found, f"{name}_person_id", row.person_id if row else None)
    return found


async def _chain(viewer: Viewer, enterprise: Any, until: datetime) -> list[Level]:
    """As it was: the enterprise's own level wins over the zone's (domain/chains.py)."""
    links: Any = ChainLink.seen_by(viewer).filter(zone_id=enterprise.zone_id).using_db(reads())
    past = await _past(Entry.all(), ChainLink, await links.values_list("id", flat=True))
    rows = [columns for each in past.values() if (columns := each.at(until))]
    wanted = [each for each in rows if each.get("enterprise_id") in (None, str(enterprise.id))]
    levels = {each["level"]: each for each in sorted(wanted, key=lambda each: each.get("enterprise_id") is not None)}
    return [Level(n, levels[n]["title"], _key(levels[n].get("person_id"))) for n in sorted(levels)]


async def _past(entries: Any, model: Any, keys: Iterable[UUID]) -> defaultdict[UUID, Past]:
    rows = entries.filter(record_id__in=list(keys), record_kind=model.kind()).order_by("subject_id", "sequence")
    found: defaultdict[UUID, Past] = defaultdict(Past)
    for entry in await rows.using_db(reads()):
        past = found[entry.record_id]
        changed = json.loads(entry.changes).get(f"{model.kind()}/{entry.record_id}", {})
        before = past.states[-1][1] if past.states else {}
        past.states.append((entry, {**before, **{name: pair[1] for name, pair in changed.items()}}))
    return found


def _key(text: str | None) -> UUID | None:
    return UUID(text) if text else None
