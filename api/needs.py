"""Innovation needs over GraphQL."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from api.context import Info
from api.deadlines import Deadline, deadline, light, shining
from api.moves import MoveStanding, moves
from api.nodes import Node, Reading, enum, for_reader, key_of, node, one
from api.pages import DEFAULT_PAGE, NEWEST, Connection, Listing, listing
from domain.deadlines import Light
from domain.enterprises import Enterprise as EnterpriseRow
from domain.needs import Need as NeedRow
from domain.needs import NeedKind, NeedState
from domain.zones import Zone as ZoneRow

if TYPE_CHECKING:
    from api.cases import Case
    from api.enterprises import Enterprise
    from api.zones import Zone

for words in (NeedKind, NeedState):
    enum(words)


def stale(reading: Reading) -> bool:
    due_at = reading.row.due_at
    return due_at is not None and due_at < reading.context.at


@node(NeedRow)
class Need(Node):
    """Something an enterprise needs to innovate 创新需求."""

    version: int
    zone: Annotated[Zone, strawberry.lazy("api.zones")] | None = one()
    enterprise: Annotated[Enterprise, strawberry.lazy("api.enterprises")] | None = one()
    need_kind: NeedKind
    title: str
    description: str
    listed_on: date
    reviewed_on: date = strawberry.field(description="When somebody last said that it still stands 最近更新.")
    stale: bool = for_reader(
        stale, "due_at", rules=False,
        description="Listed, and not reviewed for longer than the zone's rule `need_review` allows.",
    )
    deadline: Deadline | None = deadline()
    light: Light | None = light()
    case: Annotated[Case, strawberry.lazy("api.cases")] | None = one()
    result: str
    state: NeedState
    source: str
    moves: list[MoveStanding] = moves()


@strawberry.input
class NeedFilter:
    zone_id: strawberry.ID | None = None
    enterprise_id: strawberry.ID | None = None
    need_kind: list[NeedKind] | None = None
    state: list[NeedState] | None = None
    light: list[Light] | None = strawberry.field(
        default=None, description="As it stands at the time of asking; RED are the stale ones."
    )


@strawberry.type
class Query:
    @listing("Enterprises' innovation needs 创新需求清单, newest first.")
    def needs(
        self, info: Info, filter: NeedFilter | None = None, first: int = DEFAULT_PAGE, after: str | None = None
    ) -> Connection[Need]:
        viewer = info.context.viewer
        rows: Any = NeedRow.seen_by(viewer)
        if filter:
            if filter.zone_id:
                rows = rows.filter(zone_id=key_of(filter.zone_id, ZoneRow, "zoneId"))
            if filter.enterprise_id:
                rows = rows.filter(enterprise_id=key_of(filter.enterprise_id, EnterpriseRow, "enterpriseId"))
            if filter.need_kind is not None:
                rows = rows.filter(need_kind__in=set(filter.need_kind))
            if filter.state is not None:
                rows = rows.filter(state__in=set(filter.state))
            if filter.light is not None:
                rows = rows.filter(shining(filter.light, viewer, info.context.at))
        return Listing(rows, NEWEST, first, after)  # type: ignore[return-value]
