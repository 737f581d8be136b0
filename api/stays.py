"""Stays in carriers over GraphQL, and how many each carrier houses."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry

from api.carriers import Carrier
from api.context import Info, one_loader
from api.filters import zones_under
from api.moves import MoveStanding, moves
from api.nodes import Node, enum, key_of, node, one
from api.pages import DEFAULT_PAGE, NEWEST, AsOf, Connection, Listing, listing
from domain.carriers import Carrier as CarrierRow
from domain.enterprises import Enterprise as EnterpriseRow
from domain.refusals import BAD_INPUT, Refused
from domain.stays import Stay as StayRow
from domain.stays import StayState, carrier_counts
from domain.zones import Zone as ZoneRow

if TYPE_CHECKING:
    from api.enterprises import Enterprise
    from api.zones import Zone

enum(StayState)


@node(StayRow)
class Stay(Node):
    """An enterprise's stay in a carrier 入驻."""

    version: int
    zone: Annotated[Zone, strawberry.lazy("api.zones")] | None = one()
    enterprise: Annotated[Enterprise, strawberry.lazy("api.enterprises")] | None = one()
    carrier: Carrier | None = one()
    since: date
    ends_on: date | None = strawberry.field(description="The first day it is not housed there any more.")
    state: StayState
    source: str
    moves: list[MoveStanding] = moves()


@strawberry.type(description="How many enterprises a carrier houses.")
class CarrierFigures:
    carrier_id: strawberry.Private[UUID]
    inside: int = strawberry.field(description="On the last day 在驻.")
    gained: int = strawberry.field(description="Moved in within the days 新增入驻, even if they left again.")
    left: int = strawberry.field(description="Moved out within the days 迁出.")

    @strawberry.field
    async def carrier(self, info: Info) -> Carrier | None:
        return await one_loader(info.context, CarrierRow).load((self.carrier_id,))  # type: ignore[no-any-return]


@strawberry.input
class StayFilter:
    zone_id: strawberry.ID | None = None
    enterprise_id: strawberry.ID | None = None
    carrier_id: strawberry.ID | None = None
    state: list[StayState] | None = None


@strawberry.type
class Query:
    @listing("Stays in carriers 入驻, newest first.")
    def stays(
        self, info: Info, filter: StayFilter | None = None, first: int = DEFAULT_PAGE, after: str | None = None
    ) -> Connection[Stay]:
        rows: Any = StayRow.seen_by(info.context.viewer)
        if filter:
            if filter.zone_id:
                rows = rows.filter(zone_id=key_of(filter.zone_id, ZoneRow, "zoneId"))
            if filter.enterprise_id:
                rows = rows.filter(enterprise_id=key_of(filter.enterprise_id, EnterpriseRow, "enterpriseId"))
            if filter.carrier_id:
                rows = rows.filter(carrier_id=key_of(filter.carrier_id, CarrierRow, "carrierId"))
            if filter.state is not None:
                rows = rows.filter(state__in=set(filter.state))
        return Listing(rows, NEWEST, first, after)  # type: ignore[return-value]

    @strawberry.field(
        description="By carrier, of the stays in sight: who was inside on the last day, came and left within the days.",
        extensions=[AsOf()],
    )
    async def carrier_figures(
        self,
        info: Info,
        from_: Annotated[date, strawberry.argument(name="from")],
        until: Annotated[date, strawberry.argument(description="That day included.")],
        zone_id: strawberry.ID | None = None,
    ) -> list[CarrierFigures]:
        if from_ > until:
            raise Refused(
                BAD_INPUT.about("until", problem_zh="早于起始日", problem_en="the period ends before it begins")
            )
        zones = await zones_under(info, zone_id)
        return [
            CarrierFigures(carrier_id=each.carrier, inside=each.inside, gained=each.gained, left=each.left)
            for each in await carrier_counts(info.context.viewer, zones, from_, until)
        ]
