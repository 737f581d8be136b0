"""Coverage 走访覆盖: which of the enterprises that were to be visited have been, and which have not."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from tortoise.expressions import Q, Subquery
from tortoise.functions import Count

from domain.database import reads
from domain.enterprises import Enterprise
from domain.kinds import RecognitionKind
from domain.recognitions import Recognition, valid_on
from domain.sight import among, either
from domain.viewers import Viewer
from domain.visits import Visit, VisitState


@dataclass(frozen=True)
class Asked:
    """Which enterprises (`zones`, holders of `recognised_as` on the last day) are to be visited `at_least` how often:
    in a round, or from a day through another. Whoever oversees a zone counts all of it, a companion the own ones."""

    viewer: Viewer
    zones: Collection[UUID]
    since: date
    until: date
    at_least: int = 1
    round_id: UUID | None = None
    recognised_as: RecognitionKind | None = None

    def eligible(self) -> Any:
        rows: Any = Enterprise.filter(zone_id__in=list(self.zones))
        if not self.viewer.sees_everything:
            own = Enterprise.filter(Enterprise.accompanied_by(self.viewer)).values("id")
            rows = rows.filter(either(Q(zone_id__in=self.viewer.overseen), among("id", own)))
        if self.recognised_as:
            held = Recognition.filter(valid_on(self.until), recognised_as=self.recognised_as)
            rows = rows.filter(id__in=Subquery(held.values("enterprise_id")))
        return rows

    def _often_enough(self) -> Any:
        made: Any = Visit.filter(state=VisitState.MADE)
        if self.round_id:
            made = made.filter(round_id=self.round_id)
        else:
            made = made.filter(visited_on__gte=self.since, visited_on__lte=self.until, zone_id__in=list(self.zones))
        if self.at_least > 1:
            made = made.annotate(visits=Count("id")).group_by("enterprise_id").filter(visits__gte=self.at_least)
        return Subquery(made.values("enterprise_id"))

    def visited(self) -> Any:
        return self.eligible().filter(id__in=self._often_enough())

    def unvisited(self) -> Any:
        return self.eligible().filter(~Q(id__in=self._often_enough()))


@dataclass(frozen=True)
class Covered:
    """How many of how many, by scale: True above, False below, None where that is not known."""

    eligible: dict[bool | None, int]
    visited: dict[bool | None, int]

    def numbers(self, above_scale: bool | None = None) -> tuple[int, int]:
        """Eligible and visited, of one scale or of all."""
        if above_scale is None:
            return sum(self.eligible.values()), sum(self.visited.values())
        return self.eligible.get(above_scale, 0), self.visited.get(above_scale, 0)


async def covered(asked: Asked) -> Covered:
    return Covered(await _by_scale(asked.eligible()), await _by_scale(asked.visited()))


async def _by_scale(rows: Any) -> dict[bool | None, int]:
    counted = rows.annotate(n=Count("id")).group_by("above_scale").using_db(reads())
    return {row["above_scale"] if row["above_scale"] is None else bool(row["above_scale"]): row["n"]
            for row in await counted.values("above_scale", "n")}
