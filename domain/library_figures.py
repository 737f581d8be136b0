"""Libraries counted: who stands in which stage, who came and left in a period, how long from entry to application."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from tortoise.expressions import Q
from tortoise.functions import Count

from domain.database import reads
from domain.library_entries import LibraryEntry, LibraryEntryState
from domain.sight import either
from domain.viewers import Viewer


@dataclass
class LibraryCount:
    """One library. `stages` are of who is inside, by place; `days` from entry to the first application since."""

    library: UUID
    inside: int = 0
    stages: dict[int, int] = field(default_factory=dict)
    entered: int = 0
    graduated: int = 0
    exited: int = 0
    days: list[int] = field(default_factory=list)

    @property
    def median_days(self) -> Decimal | None:
        if not self.days:
            return None
        found, last = sorted(self.days), len(self.days) - 1
        return Decimal(found[last // 2] + found[(last + 1) // 2]) / 2


async def library_counts(
    viewer: Viewer, library: UUID | None, zones: Collection[UUID] | None, since: date | None, until: date | None
) -> list[LibraryCount]:
    """Of the entries the viewer oversees or a department of theirs is in charge of; who stands inside is of now."""
    rows: Any = LibraryEntry.all()
    if not viewer.sees_everything:
        rows = rows.filter(either(Q(zone_id__in=viewer.overseen), Q(department_id__in=viewer.departments)))
    if library:
        rows = rows.filter(library_id=library)
    if zones is not None:
        rows = rows.filter(zone_id__in=list(zones))
    counts: defaultdict[UUID, LibraryCount] = defaultdict(lambda: LibraryCount(UUID(int=0)))
    inside = rows.filter(state=LibraryEntryState.INSIDE).annotate(n=Count("id")).group_by("library_id", "stage")
    for row in await inside.using_db(reads()).values("library_id", "stage", "n"):
        counts[row["library_id"]].stages[row["stage"]] = row["n"]
        counts[row["library_id"]].inside += row["n"]
    entered = rows.filter(_within("entered_on", since, until)).annotate(n=Count("id")).group_by("library_id")
    for row in await entered.using_db(reads()).values("library_id", "n"):
        counts[row["library_id"]].entered = row["n"]
    left = rows.filter(_within("left_on", since, until), left_on__isnull=False)
    left = left.annotate(n=Count("id")).group_by("library_id", "state")
    for row in await left.using_db(reads()).values("library_id", "state", "n"):
        graduated = LibraryEntryState(row["state"]) is LibraryEntryState.GRADUATED  # type: ignore[call-arg]
        setattr(counts[row["library_id"]], "graduated" if graduated else "exited", row["n"])
    applied = rows.filter(_within("applied_on", since, until), applied_on__isnull=False)
    for row in await applied.using_db(reads()).values("library_id", "entered_on", "applied_on"):
        counts[row["library_id"]].days.append((row["applied_on"] - row["entered_on"]).days)
    for key, count in counts.items():
        count.library = key
    return [counts[key] for key in sorted(counts)]


def _within(column: str, since: date | None, until: date | None) -> Q:
    bounds: dict[str, Any] = {f"{column}__gte": since, f"{column}__lte": until}
    return Q(**{name: day for name, day in bounds.items() if day})
