"""Pass rates 通过率: of those who applied, or were recommended, how many were recognised."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from tortoise.expressions import Q
from tortoise.functions import Count

from domain.applications import Application, ApplicationState
from domain.database import reads
from domain.kinds import RecognitionKind
from domain.sight import either
from domain.viewers import Viewer
from domain.words import Word


class PassGrouping(Word):
    """分组"""

    CAMPAIGN = "campaign", "申报批次", "By campaign"
    ZONE = "zone", "高新区", "By zone; a zone below another counts for itself"


class PassBase(Word):
    """分母: of whom a pass rate is."""

    APPLIED = "applied", "申报数", "Of all who applied"
    RECOMMENDED = "recommended", "推荐数", "Of all who were recommended"


@dataclass(frozen=True)
class Passes:
    """One group. Drafts and what was withdrawn are not among those who applied; the undecided are."""

    key: UUID
    applied: int
    recommended: int
    recognised: int
    first_time: int
    not_recognised: int
    undecided: int
    withdrawn: int

    def percent(self, of: PassBase, decimals: int) -> str | None:
        base = self.applied if of is PassBase.APPLIED else self.recommended
        return percent(self.recognised, base, decimals)


def percent(part: int, whole: int, decimals: int) -> str | None:
    """As texts print it, rounded half up (GZ-01: 39 of 45 is 86.7); None of nothing."""
    if not whole:
        return None
    exact = Decimal(part) * 100 / Decimal(whole)
    return str(exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP))


@dataclass(frozen=True)
class Asked:
    """What pass rates are asked for. Whoever oversees a zone counts it; by campaign a liaison counts those that the
    department is in charge of."""

    viewer: Viewer
    by: PassGrouping
    zones: Collection[UUID] | None = None
    campaign: UUID | None = None
    kind: RecognitionKind | None = None
    year: int | None = None


async def pass_rates(asked: Asked) -> list[Passes]:
    column = f"{asked.by.value}_id"
    rows: Any = _counted(asked).annotate(n=Count("id"), recommended=Count("recommended_on"))
    groups: defaultdict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for row in await (
        rows.group_by(column, "state", "first_time").using_db(reads())
        .values(column, "state", "first_time", "n", "recommended")
    ):
        groups[row[column]].append(row)
    return [_passes(key, groups[key]) for key in sorted(groups)]


def _counted(asked: Asked) -> Any:
    viewer = asked.viewer
    rows: Any = Application.all()
    if not viewer.sees_everything:
        ours = () if asked.by is PassGrouping.ZONE else viewer.departments
        rows = rows.filter(either(Q(zone_id__in=viewer.overseen), Q(department_id__in=ours)))
    if asked.zones is not None:
        rows = rows.filter(zone_id__in=list(asked.zones))
    if asked.campaign:
        rows = rows.filter(campaign_id=asked.campaign)
    if asked.kind:
        rows = rows.filter(campaign__recognised_as=asked.kind)
    if asked.year:
        rows = rows.filter(campaign__year=asked.year)
    return rows


def _passes(key: UUID, rows: Iterable[dict[str, Any]]) -> Passes:
    states: Counter[ApplicationState] = Counter()
    recommended = first = 0
    for row in rows:
        state = ApplicationState.of(row["state"])
        states[state] += row["n"]
        recommended += row["recommended"] if state is not ApplicationState.WITHDRAWN else 0
        first += row["n"] if state is ApplicationState.RECOGNISED and row["first_time"] else 0
    undecided = states[ApplicationState.SUBMITTED] + states[ApplicationState.RECOMMENDED]
    recognised, refused = states[ApplicationState.RECOGNISED], states[ApplicationState.NOT_RECOGNISED]
    return Passes(
        key, recognised + refused + undecided, recommended, recognised, first, refused, undecided,
        states[ApplicationState.WITHDRAWN],
    )
