"""Campaigns of application over GraphQL."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from api.context import Info
from api.moves import MoveStanding, moves
from api.nodes import Node, enum, key_of, node, one, paged
from api.pages import DEFAULT_PAGE, NEWEST, Connection, Listing, listing
from domain.campaigns import Campaign as CampaignRow
from domain.campaigns import CampaignState
from domain.kinds import Level, RecognitionKind
from domain.zones import Zone as ZoneRow

if TYPE_CHECKING:
    from api.applications import Application
    from api.departments import Department
    from api.zones import Zone

enum(CampaignState)


@node(CampaignRow)
class Campaign(Node):
    """A campaign of application 申报批次: one kind in one year, with its window, both days included."""

    version: int
    zone: Annotated[Zone, strawberry.lazy("api.zones")] | None = one()
    department: Annotated[Department, strawberry.lazy("api.departments")] | None = one()
    name: str
    year: int
    recognised_as: RecognitionKind
    level: Level
    opens_on: date
    closes_on: date
    state: CampaignState
    source: str
    applications: Connection[Annotated[Application, strawberry.lazy("api.applications")]] = paged(NEWEST)
    moves: list[MoveStanding] = moves()


@strawberry.input
class CampaignFilter:
    zone_id: strawberry.ID | None = None
    year: int | None = None
    recognised_as: list[RecognitionKind] | None = None
    state: list[CampaignState] | None = None
    open_on: date | None = strawberry.field(default=None, description="Those that take applications on that day.")


@strawberry.type
class Query:
    @listing("Campaigns of application 申报批次, newest first.")
    def campaigns(
        self,
        info: Info,
        filter: CampaignFilter | None = None,
        first: int = DEFAULT_PAGE,
        after: str | None = None,
    ) -> Connection[Campaign]:
        rows: Any = CampaignRow.seen_by(info.context.viewer)
        if filter:
            if filter.zone_id:
                rows = rows.filter(zone_id=key_of(filter.zone_id, ZoneRow, "zoneId"))
            if filter.year is not None:
                rows = rows.filter(year=filter.year)
            if filter.recognised_as is not None:
                rows = rows.filter(recognised_as__in=set(filter.recognised_as))
            if filter.state is not None:
                rows = rows.filter(state__in=set(filter.state))
            if filter.open_on:
                rows = rows.filter(
                    opens_on__lte=filter.open_on, closes_on__gte=filter.open_on, state=CampaignState.ANNOUNCED
                )
        return Listing(rows, NEWEST, first, after)  # type: ignore[return-value]
