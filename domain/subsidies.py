"""How a competitive subsidy 竞争性补贴 comes out among the agencies of a zone (GZ-07)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tortoise.functions import Count

from domain.agencies import Agency, AgencyState
from domain.applications import UNDECIDED, Application, ApplicationState
from domain.database import reads
from domain.eligibility.amounts import Competitive
from domain.eligibility.competition import Competition, Contestant, Result
from domain.known import NOT_FILED
from domain.policies import Benefit


@dataclass(frozen=True)
class Subsidy:
    """A competition as it comes out in a year; `results` have the keys of agencies."""

    benefit: Benefit
    rules: Competition
    results: Sequence[Result]


async def subsidies(benefits: Sequence[Benefit], year: int) -> list[Subsidy]:
    """What comes of those of the benefits that are competitive, among all agencies of their zone."""
    found = []
    for benefit in benefits:
        if isinstance(grants := benefit.grants, Competitive):
            contestants = await _contestants(benefit.zone_id, grants.competition.kind, year)
            found.append(Subsidy(benefit, grants.competition, grants.competition.results(contestants)))
    return found


async def _contestants(zone_id: UUID, kind: str, year: int) -> list[Contestant]:
    """Completed is what was filed and not withdrawn; what is not decided yet is told apart."""
    listed: Any = Agency.filter(zone_id=zone_id).using_db(reads())
    agencies: dict[UUID, Any] = dict(await listed.values_list("id", "state"))
    rows: Any = Application.filter(
        agency_id__in=list(agencies), campaign__year=year, campaign__recognised_as=kind
    ).exclude(state__in=NOT_FILED)
    counted: dict[UUID, dict[ApplicationState, int]] = {key: {} for key in agencies}
    grouped = rows.annotate(n=Count("id")).group_by("agency_id", "state").using_db(reads())
    for row in await grouped.values("agency_id", "state", "n"):
        counted[row["agency_id"]][ApplicationState.of(str(row["state"]))] = row["n"]
    return [
        Contestant(
            key, sum(states.values()), states.get(ApplicationState.RECOGNISED, 0),
            sum(states.get(state, 0) for state in UNDECIDED),
        )
        for key, states in sorted(counted.items())
        if states or agencies[key] is AgencyState.LISTED
    ]
