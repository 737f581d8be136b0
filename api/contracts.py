"""Contracts and what they ask enterprises to apply for, over GraphQL."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from api.context import Info
from api.moves import MoveStanding, moves
from api.nodes import Node, enum, key_of, node, one
from api.pages import DEFAULT_PAGE, NEWEST, Connection, Listing, listing
from domain.contracts import Contract as ContractRow
from domain.contracts import ContractState
from domain.enterprises import Enterprise as EnterpriseRow
from domain.kinds import RecognitionKind
from domain.zones import Zone as ZoneRow

if TYPE_CHECKING:
    from api.applications import Application
    from api.enterprises import Enterprise

for words in (ContractState, RecognitionKind):
    enum(words)


@node(ContractRow)
class Contract(Node):
    """What an investment contract 招商合同 asks for; until it is met nothing the enterprise claims is granted."""

    version: int
    enterprise: Annotated[Enterprise, strawberry.lazy("api.enterprises")] | None = one()
    name: str
    signed_on: date
    apply_as: RecognitionKind
    apply_by: date
    application: Annotated[Application, strawberry.lazy("api.applications")] | None = one()
    state: ContractState
    source: str
    moves: list[MoveStanding] = moves()


@strawberry.input
class ContractFilter:
    zone_id: strawberry.ID | None = None
    enterprise_id: strawberry.ID | None = None
    state: list[ContractState] | None = None
    apply_by: date | None = strawberry.field(default=None, description="Those to be met by that day.")


@strawberry.type
class Query:
    @listing("Contracts that ask enterprises to apply for a recognition, newest first.")
    def contracts(
        self, info: Info, filter: ContractFilter | None = None, first: int = DEFAULT_PAGE, after: str | None = None
    ) -> Connection[Contract]:
        rows: Any = ContractRow.seen_by(info.context.viewer)
        if filter:
            if filter.zone_id:
                rows = rows.filter(zone_id=key_of(filter.zone_id, ZoneRow, "zoneId"))
            if filter.enterprise_id:
                rows = rows.filter(enterprise_id=key_of(filter.enterprise_id, EnterpriseRow, "enterpriseId"))
            if filter.state:
                rows = rows.filter(state__in=set(filter.state))
            if filter.apply_by:
                rows = rows.filter(apply_by__lte=filter.apply_by)
        return Listing(rows, NEWEST, first, after)  # type: ignore[return-value]
