"""Roadmaps over GraphQL."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from api.context import Info
from api.deadlines import Deadline, deadline, light, shining
from api.moves import MoveStanding, moves
from api.nodes import Node, computed, enum, key_of, many, node, one
from api.pages import DEFAULT_PAGE, NEWEST, Connection, Listing, listing
from domain.deadlines import Light
from domain.enterprises import Enterprise as EnterpriseRow
from domain.pass_rates import percent
from domain.roadmaps import Milestone as MilestoneRow
from domain.roadmaps import MilestoneState, PlanLine, RoadmapState
from domain.roadmaps import Roadmap as RoadmapRow
from domain.zones import Zone as ZoneRow

if TYPE_CHECKING:
    from api.cases import Case
    from api.enterprises import Enterprise
    from api.zones import Zone

for words in (MilestoneState, PlanLine, RoadmapState):
    enum(words)


@node(MilestoneRow)
class Milestone(Node):
    """Something an enterprise is to reach 里程碑 by the end of a day."""

    version: int
    enterprise: Annotated[Enterprise, strawberry.lazy("api.enterprises")] | None = one()
    roadmap: Roadmap | None = one()
    line: PlanLine | None = strawberry.field(description="The line of the service plan it is on.")
    case: Annotated[Case, strawberry.lazy("api.cases")] | None = one()
    title: str
    due_on: date
    reached_on: date | None
    result: str
    state: MilestoneState
    deadline: Deadline | None = deadline()
    light: Light | None = light()
    moves: list[MoveStanding] = moves()


@strawberry.type(description="How far a line of the service plan has come.")
class LineProgress:
    line: PlanLine
    total: int = strawberry.field(description="Milestones planned or reached.")
    reached: int
    percent: str | None = strawberry.field(description="Rounded half up to one decimal; null where none is planned.")


def lines(row: RoadmapRow) -> list[LineProgress]:
    counted = [
        (line, getattr(row, f"{line.value}_total"), getattr(row, f"{line.value}_reached")) for line in PlanLine
    ]
    return [
        LineProgress(line=line, total=total, reached=reached, percent=percent(reached, total, 1))
        for line, total, reached in counted
    ]


COUNTED = [f"{line.value}_{part}" for line in PlanLine for part in ("total", "reached")]


@node(RoadmapRow)
class Roadmap(Node):
    """An enterprise's roadmap 成长路线图, or service plan 服务方案; one holds at a time, by edition."""

    version: int
    zone: Annotated[Zone, strawberry.lazy("api.zones")] | None = one()
    enterprise: Annotated[Enterprise, strawberry.lazy("api.enterprises")] | None = one()
    title: str
    aim: str
    edition: int
    state: RoadmapState
    total: int = strawberry.field(description="Milestones planned or reached.")
    reached: int
    percent: str | None = computed(
        lambda row: percent(row.reached, row.total, 1), "reached", "total",
        description="How much of it is reached 完成率, rounded half up to one decimal; null where nothing is planned.",
    )
    lines: list[LineProgress] = computed(
        lines, *COUNTED, description="The same of each line of the service plan 服务方案 (KRM-01)."
    )
    milestones: list[Milestone] = many("due_on")
    moves: list[MoveStanding] = moves()


@strawberry.input
class RoadmapFilter:
    zone_id: strawberry.ID | None = None
    enterprise_id: strawberry.ID | None = None
    state: list[RoadmapState] | None = None


@strawberry.input
class MilestoneFilter:
    zone_id: strawberry.ID | None = None
    enterprise_id: strawberry.ID | None = None
    state: list[MilestoneState] | None = None
    light: list[Light] | None = strawberry.field(default=None, description="As the light stands at the time of asking.")


@strawberry.type
class Query:
    @listing("Roadmaps 成长路线图, newest first.")
    def roadmaps(
        self, info: Info, filter: RoadmapFilter | None = None, first: int = DEFAULT_PAGE, after: str | None = None
    ) -> Connection[Roadmap]:
        rows: Any = RoadmapRow.seen_by(info.context.viewer)
        if filter:
            rows = rows.filter(**_place(filter))
            if filter.state is not None:
                rows = rows.filter(state__in=set(filter.state))
        return Listing(rows, NEWEST, first, after)  # type: ignore[return-value]

    @listing("Milestones 里程碑 over all roadmaps in sight, newest first.")
    def milestones(
        self, info: Info, filter: MilestoneFilter | None = None, first: int = DEFAULT_PAGE, after: str | None = None
    ) -> Connection[Milestone]:
        viewer = info.context.viewer
        rows: Any = MilestoneRow.seen_by(viewer)
        if filter:
            rows = rows.filter(**_place(filter))
            if filter.state is not None:
                rows = rows.filter(state__in=set(filter.state))
            if filter.light is not None:
                rows = rows.filter(shining(filter.light, viewer, info.context.at))
        return Listing(rows, NEWEST, first, after)  # type: ignore[return-value]


def _place(filter: RoadmapFilter | MilestoneFilter) -> dict[str, Any]:
    wanted: dict[str, Any] = {}
    if filter.zone_id:
        wanted["zone_id"] = key_of(filter.zone_id, ZoneRow, "zoneId")
    if filter.enterprise_id:
        wanted["enterprise_id"] = key_of(filter.enterprise_id, EnterpriseRow, "enterpriseId")
    return wanted
