"""Teams over GraphQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from api.context import Info
from api.moves import MoveStanding, moves
from api.nodes import Node, enum, key_of, node, one, paged
from api.pages import DEFAULT_PAGE, NEWEST, OLDEST, Connection, Listing, listing
from domain.teams import Team as TeamRow
from domain.teams import TeamKind, TeamState
from domain.zones import Zone as ZoneRow

if TYPE_CHECKING:
    from api.assignments import Assignment
    from api.departments import Department
    from api.zones import Zone

for words in (TeamKind, TeamState):
    enum(words)


@node(TeamRow)
class Team(Node):
    """A team 队伍 of a zone: officers, a task force, a pool."""

    version: int
    zone: Annotated[Zone, strawberry.lazy("api.zones")] | None = one()
    department: Annotated[Department, strawberry.lazy("api.departments")] | None = one()
    name: str
    kind_of: TeamKind
    state: TeamState
    source: str
    assignments: Connection[Annotated[Assignment, strawberry.lazy("api.assignments")]] = paged(OLDEST)
    moves: list[MoveStanding] = moves()


@strawberry.input
class TeamFilter:
    zone_id: strawberry.ID | None = None
    kind_of: list[TeamKind] | None = None
    state: list[TeamState] | None = None


@strawberry.type
class Query:
    @listing("Teams 队伍, newest first.")
    def teams(
        self, info: Info, filter: TeamFilter | None = None, first: int = DEFAULT_PAGE, after: str | None = None
    ) -> Connection[Team]:
        rows: Any = TeamRow.seen_by(info.context.viewer)
        if filter:
            if filter.zone_id:
                rows = rows.filter(zone_id=key_of(filter.zone_id, ZoneRow, "zoneId"))
            if filter.kind_of is not None:
                rows = rows.filter(kind_of__in=set(filter.kind_of))
            if filter.state is not None:
                rows = rows.filter(state__in=set(filter.state))
        return Listing(rows, NEWEST, first, after)  # type: ignore[return-value]
