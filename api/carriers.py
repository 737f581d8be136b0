"""Carriers over GraphQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from api.context import Info
from api.moves import MoveStanding, moves
from api.nodes import Node, enum, key_of, node, one, paged
from api.pages import DEFAULT_PAGE, NEWEST, Connection, Listing, listing
from domain.carriers import Carrier as CarrierRow
from domain.carriers import CarrierKind, CarrierState
from domain.zones import Zone as ZoneRow

if TYPE_CHECKING:
    from api.enterprises import Enterprise
    from api.zones import Zone

for words in (CarrierKind, CarrierState):
    enum(words)


@node(CarrierRow)
class Carrier(Node):
    """A park, incubator or enclave that houses enterprises 载体."""

    version: int
    zone: Annotated[Zone, strawberry.lazy("api.zones")] | None = one()
    name: str
    kind_of: CarrierKind
    place: str
    state: CarrierState
    source: str
    enterprises: Connection[Annotated[Enterprise, strawberry.lazy("api.enterprises")]] = paged(NEWEST)
    moves: list[MoveStanding] = moves()


@strawberry.input
class CarrierFilter:
    zone_id: strawberry.ID | None = None
    kind_of: list[CarrierKind] | None = None
    state: list[CarrierState] | None = None


@strawberry.type
class Query:
    @listing("Carriers 载体, newest first.")
    def carriers(
        self, info: Info, filter: CarrierFilter | None = None, first: int = DEFAULT_PAGE, after: str | None = None
    ) -> Connection[Carrier]:
        rows: Any = CarrierRow.seen_by(info.context.viewer)
        if filter:
            if filter.zone_id:
                rows = rows.filter(zone_id=key_of(filter.zone_id, ZoneRow, "zoneId"))
            if filter.kind_of is not None:
                rows = rows.filter(kind_of__in=set(filter.kind_of))
            if filter.state is not None:
                rows = rows.filter(state__in=set(filter.state))
        return Listing(rows, NEWEST, first, after)  # type: ignore[return-value]
