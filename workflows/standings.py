"""What persons could do at instants past: their standing from the roles they held then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.database import reads
from domain.people import Membership, standing_of
from domain.viewers import CLOCK, OPERATOR, Viewer
from domain.zones import Zone

GRACE = timedelta(minutes=1)
"""Who somebody is is read when a request comes in, and a role may end before its move is made."""


@dataclass
class Standings:
    """The roles some persons ever held."""

    held: Mapping[UUID, Sequence[dict[str, Any]]]
    zones: Sequence[dict[str, Any]]
    known: dict[tuple[UUID, tuple[UUID, ...]], Viewer] = field(default_factory=dict)

    @classmethod
    async def of(cls, persons: Collection[UUID]) -> Standings:
        held: defaultdict[UUID, list[dict[str, Any]]] = defaultdict(list)
        rows = Membership.filter(person_id__in=list(persons)).using_db(reads())
        for row in await rows.values(
            "id", "person_id", "role", "department_id", "enterprise_id", "zone_id", "zone__path", "since", "until"
        ):
            held[row["person_id"]].append(row)
        return cls(held, await Zone.all().using_db(reads()).values("id", "path"))

    def at(self, person_id: UUID, at: datetime) -> Viewer:
        for known in (CLOCK, OPERATOR):
            if person_id == known.person_id:
                return known
        held = [
            row for row in self.held.get(person_id, ())
            if row["since"] <= at and (row["until"] is None or row["until"] >= at - GRACE)
        ]
        key = (person_id, tuple(row["id"] for row in held))
        if key not in self.known:
            self.known[key] = standing_of(person_id, held, self.zones)
        return self.known[key]
