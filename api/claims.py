"""Claims over GraphQL, and what was paid in a period."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry

from api.context import Info, one_loader
from api.deadlines import Deadline, deadline, light, shining
from api.filters import zones_under
from api.moves import MoveStanding, moves
from api.nodes import Node, enum, key_of, node, one
from api.pages import DEFAULT_PAGE, NEWEST, AsOf, Connection, Listing, listing
from domain import claims
from domain.claims import Claim as ClaimRow
from domain.claims import ClaimGrouping, ClaimState
from domain.deadlines import Light
from domain.departments import Department as DepartmentRow
from domain.enterprises import Enterprise as EnterpriseRow
from domain.policies import Policy as PolicyRow
from domain.refusals import BAD_INPUT, Refused
from domain.zones import Zone as ZoneRow

if TYPE_CHECKING:
    from api.applications import Application
    from api.appropriations import Appropriation
    from api.departments import Department
    from api.enterprises import Enterprise
    from api.policies import Benefit, Policy
    from api.zones import Zone

for words in (ClaimState, ClaimGrouping):
    enum(words)


@node(ClaimRow)
class Claim(Node):
    """What an enterprise asks of a benefit 兑现申请, and what came of it."""

    version: int
    enterprise: Annotated[Enterprise, strawberry.lazy("api.enterprises")] | None = one()
    policy: Annotated[Policy, strawberry.lazy("api.policies")] | None = one()
    benefit: Annotated[Benefit, strawberry.lazy("api.policies")] | None = one()
    application: Annotated[Application, strawberry.lazy("api.applications")] | None = one()
    department: Annotated[Department, strawberry.lazy("api.departments")] | None = one()
    appropriation: Annotated[Appropriation, strawberry.lazy("api.appropriations")] | None = one()
    state: ClaimState
    claimed_for: str = strawberry.field(description="The year or application it is for, where one may claim for each.")
    note: str
    quoted_low: Decimal | None = strawberry.field(description="What the rules came to when it was filed, from.")
    quoted_high: Decimal | None = strawberry.field(description="Up to.")
    amount: Decimal | None
    basis: str = strawberry.field(description="What the amount rests on, where no rule gives it.")
    decision: str = strawberry.field(description="Why it was turned down.")
    voucher: str
    filed_on: date
    granted_on: date | None
    paid_on: date | None
    deadline: Deadline | None = deadline()
    light: Light | None = light()
    moves: list[MoveStanding] = moves()


@strawberry.input
class ClaimFilter:
    zone_id: strawberry.ID | None = None
    enterprise_id: strawberry.ID | None = None
    policy_id: strawberry.ID | None = None
    department_id: strawberry.ID | None = None
    state: list[ClaimState] | None = None
    light: list[Light] | None = strawberry.field(default=None, description="As the light stands at the time of asking.")


@strawberry.type(description="What was paid to one group.")
class PaidClaims:
    by: strawberry.Private[ClaimGrouping]
    key: strawberry.Private[str]
    claims: int
    amount: Decimal

    @strawberry.field
    async def policy(self, info: Info) -> Annotated[Policy, strawberry.lazy("api.policies")] | None:
        return await self._row(info, ClaimGrouping.POLICY, PolicyRow)  # type: ignore[no-any-return]

    @strawberry.field
    async def zone(self, info: Info) -> Annotated[Zone, strawberry.lazy("api.zones")] | None:
        return await self._row(info, ClaimGrouping.ZONE, ZoneRow)  # type: ignore[no-any-return]

    @strawberry.field
    def year(self) -> int | None:
        return int(self.key) if self.by is ClaimGrouping.YEAR else None

    async def _row(self, info: Info, by: ClaimGrouping, model: Any) -> Any:
        return await one_loader(info.context, model).load((UUID(self.key),)) if self.by is by else None


@strawberry.type
class Query:
    @listing("Claims 兑现台账, newest first.")
    def claims(
        self, info: Info, filter: ClaimFilter | None = None, first: int = DEFAULT_PAGE, after: str | None = None
    ) -> Connection[Claim]:
        viewer = info.context.viewer
        rows: Any = ClaimRow.seen_by(viewer)
        if filter:
            for given, model, column in (
                (filter.zone_id, ZoneRow, "zone"), (filter.enterprise_id, EnterpriseRow, "enterprise"),
                (filter.policy_id, PolicyRow, "policy"), (filter.department_id, DepartmentRow, "department"),
            ):
                if given:
                    rows = rows.filter(**{f"{column}_id": key_of(given, model, f"{column}Id")})
            if filter.state:
                rows = rows.filter(state__in=set(filter.state))
            if filter.light is not None:
                rows = rows.filter(shining(filter.light, viewer, info.context.at))
        return Listing(rows, NEWEST, first, after)  # type: ignore[return-value]

    @strawberry.field(description="What was paid in a period, in the zones one oversees.", extensions=[AsOf()])
    async def claims_paid(
        self,
        info: Info,
        by: ClaimGrouping = ClaimGrouping.POLICY,
        zone_id: strawberry.ID | None = None,
        policy_id: strawberry.ID | None = None,
        from_: Annotated[date | None, strawberry.argument(name="from")] = None,
        until: Annotated[date | None, strawberry.argument(description="That day included.")] = None,
    ) -> list[PaidClaims]:
        if from_ and until and from_ > until:
            raise Refused(
                BAD_INPUT.about("until", problem_zh="早于起始日", problem_en="the period ends before it begins")
            )
        policy = key_of(policy_id, PolicyRow, "policyId") if policy_id else None
        zones = await zones_under(info, zone_id)
        found = await claims.paid(info.context.viewer, by, zones, policy, from_, until)
        return [PaidClaims(by=by, key=each.group, claims=each.claims, amount=each.amount) for each in found]
