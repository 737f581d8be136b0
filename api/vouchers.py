"""Vouchers over GraphQL, and their sums."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from api.context import Info
from api.filters import zones_under
from api.moves import MoveStanding, moves
from api.nodes import Node, enum, key_of, many, node, one
from api.outcomes import Outcome
from api.pages import DEFAULT_PAGE, NEWEST, AsOf, Connection, Listing, listing
from domain import vouchers
from domain.enterprises import Enterprise as EnterpriseRow
from domain.refusals import BAD_INPUT, Refused
from domain.vouchers import Voucher as VoucherRow
from domain.vouchers import VoucherState
from domain.zones import Zone as ZoneRow

if TYPE_CHECKING:
    from api.enterprises import Enterprise
    from api.zones import Zone

enum(VoucherState)


@node(VoucherRow)
class Voucher(Node):
    """An innovation voucher 科技创新券."""

    version: int
    zone: Annotated[Zone, strawberry.lazy("api.zones")] | None = one()
    enterprise: Annotated[Enterprise, strawberry.lazy("api.enterprises")] | None = one()
    number: str
    amount: Decimal = strawberry.field(description="Yuan on it.")
    issued_on: date
    valid_until: date | None = strawberry.field(description="The last day it can be used on.")
    used_on: date | None
    used_amount: Decimal | None
    provider: str = strawberry.field(description="With whom it was used.")
    redeemed_on: date | None
    outcomes: list[Outcome] = many()
    state: VoucherState
    source: str
    moves: list[MoveStanding] = moves()


@strawberry.type(description="The vouchers in one state added up.")
class VoucherSum:
    state: VoucherState
    count: int
    enterprises: int = strawberry.field(description="How many different ones.")
    amount: Decimal = strawberry.field(description="Yuan on them.")
    used: Decimal = strawberry.field(description="Yuan of them that were used.")


@strawberry.input
class VoucherFilter:
    zone_id: strawberry.ID | None = None
    enterprise_id: strawberry.ID | None = None
    state: list[VoucherState] | None = None
    issued_from: date | None = None
    issued_until: date | None = strawberry.field(default=None, description="That day included.")


@strawberry.type
class Query:
    @listing("Vouchers 科技创新券, newest first.")
    def vouchers(
        self, info: Info, filter: VoucherFilter | None = None, first: int = DEFAULT_PAGE, after: str | None = None
    ) -> Connection[Voucher]:
        rows: Any = VoucherRow.seen_by(info.context.viewer)
        if filter:
            if filter.zone_id:
                rows = rows.filter(zone_id=key_of(filter.zone_id, ZoneRow, "zoneId"))
            if filter.enterprise_id:
                rows = rows.filter(enterprise_id=key_of(filter.enterprise_id, EnterpriseRow, "enterpriseId"))
            if filter.state is not None:
                rows = rows.filter(state__in=set(filter.state))
            rows = _issued(rows, filter.issued_from, filter.issued_until)
        return Listing(rows, NEWEST, first, after)  # type: ignore[return-value]

    @strawberry.field(
        description="Vouchers in sight that were issued in a period, added up by state; those void left out.",
        extensions=[AsOf()],
    )
    async def voucher_sums(
        self,
        info: Info,
        zone_id: strawberry.ID | None = None,
        from_: Annotated[date | None, strawberry.argument(name="from")] = None,
        until: Annotated[date | None, strawberry.argument(description="That day included.")] = None,
    ) -> list[VoucherSum]:
        if from_ and until and from_ > until:
            raise Refused(
                BAD_INPUT.about("until", problem_zh="早于起始日", problem_en="the period ends before it begins")
            )
        rows: Any = VoucherRow.seen_by(info.context.viewer)
        zones = await zones_under(info, zone_id)
        if zones is not None:
            rows = rows.filter(zone_id__in=zones)
        return [VoucherSum(**vars(each)) for each in await vouchers.sums(_issued(rows, from_, until))]


def _issued(rows: Any, since: date | None, until: date | None) -> Any:
    bounds = {"issued_on__gte": since, "issued_on__lte": until}
    return rows.filter(**{name: day for name, day in bounds.items() if day})
