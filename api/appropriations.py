"""Appropriations over GraphQL."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from api.context import Info
from api.moves import MoveStanding, moves
from api.nodes import Node, computed, key_of, node, one
from api.pages import DEFAULT_PAGE, NEWEST, Connection, Listing, listing
from domain.appropriations import Appropriation as AppropriationRow
from domain.policies import Policy as PolicyRow
from domain.zones import Zone as ZoneRow

if TYPE_CHECKING:
    from api.people import Person
    from api.policies import Policy


@node(AppropriationRow)
class Appropriation(Node):
    """What a policy may grant in a year 预算安排, in yuan; it cannot be overdrawn."""

    version: int
    policy: Annotated[Policy, strawberry.lazy("api.policies")] | None = one()
    year: int
    amount: Decimal
    granted: Decimal
    paid: Decimal
    left: Decimal = computed(
        lambda row: row.amount - row.granted, "amount", "granted", description="Not granted yet."
    )
    source: str
    author: Annotated[Person, strawberry.lazy("api.people")] | None = one()
    moves: list[MoveStanding] = moves()


@strawberry.type
class Query:
    @listing("Appropriations, newest first.")
    def appropriations(
        self,
        info: Info,
        zone_id: strawberry.ID | None = None,
        policy_id: strawberry.ID | None = None,
        year: int | None = None,
        first: int = DEFAULT_PAGE,
        after: str | None = None,
    ) -> Connection[Appropriation]:
        rows: Any = AppropriationRow.seen_by(info.context.viewer)
        if zone_id:
            rows = rows.filter(zone_id=key_of(zone_id, ZoneRow, "zoneId"))
        if policy_id:
            rows = rows.filter(policy_id=key_of(policy_id, PolicyRow, "policyId"))
        if year is not None:
            rows = rows.filter(year=year)
        return Listing(rows, NEWEST, first, after)  # type: ignore[return-value]
