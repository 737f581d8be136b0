"""Outcomes over GraphQL, and their sums."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry

from api.context import Info, one_loader
from api.filters import zones_under
from api.moves import MoveStanding, moves
from api.nodes import Node, enum, key_of, node, one
from api.pages import DEFAULT_PAGE, NEWEST, AsOf, Connection, Listing, listing
from domain import outcomes
from domain.cases import Case as CaseRow
from domain.enterprises import Enterprise as EnterpriseRow
from domain.facts import FactStatus
from domain.kinds import Level
from domain.outcomes import Asked, OutcomeGrouping, OutcomeKind, OutcomeState, Summed
from domain.outcomes import Outcome as OutcomeRow
from domain.refusals import BAD_INPUT, Refused
from domain.zones import Zone as ZoneRow

if TYPE_CHECKING:
    from api.cases import Case
    from api.enterprises import Enterprise
    from api.vouchers import Voucher
    from api.zones import Zone

for words in (OutcomeKind, OutcomeState, OutcomeGrouping):
    enum(words)


@node(OutcomeRow)
class Outcome(Node):
    """What came of serving an enterprise 成效."""

    version: int
    zone: Annotated[Zone, strawberry.lazy("api.zones")] | None = one()
    enterprise: Annotated[Enterprise, strawberry.lazy("api.enterprises")] | None = one()
    case: Annotated[Case, strawberry.lazy("api.cases")] | None = one()
    voucher: Annotated[Voucher, strawberry.lazy("api.vouchers")] | None = one()
    outcome_kind: OutcomeKind
    level: Level
    title: str
    grade: str
    counterpart: str
    amount: Decimal | None = strawberry.field(description="Yuan; null where no source tells it.")
    happened_on: date
    state: OutcomeState
    status: FactStatus
    source: str
    moves: list[MoveStanding] = moves()


@strawberry.type(description="Outcomes of one group added up.")
class OutcomeSum:
    by: strawberry.Private[OutcomeGrouping]
    summed: strawberry.Private[Summed]
    count: int
    enterprises: int = strawberry.field(description="How many different ones.")
    amount: Decimal | None = strawberry.field(description="Yuan of those whose amount is known; null where none is.")
    unstated: int = strawberry.field(description="How many are without an amount.")

    @strawberry.field
    def outcome_kind(self) -> OutcomeKind | None:
        return OutcomeKind.of(self.summed.group) if self.by is OutcomeGrouping.KIND else None

    @strawberry.field
    def level(self) -> Level | None:
        return Level.of(self.summed.group) if self.by is OutcomeGrouping.LEVEL else None

    @strawberry.field
    def grade(self) -> str | None:
        return self.summed.group if self.by is OutcomeGrouping.GRADE else None

    @strawberry.field
    async def zone(self, info: Info) -> Annotated[Zone, strawberry.lazy("api.zones")] | None:
        if self.by is not OutcomeGrouping.ZONE:
            return None
        return await one_loader(info.context, ZoneRow).load((UUID(self.summed.group),))  # type: ignore[no-any-return]

    @strawberry.field(description="Yuan each, of those whose amount is known, rounded half up to the fen.")
    def average(self) -> Decimal | None:
        known = self.count - self.unstated
        return (self.amount / known).quantize(Decimal("0.01"), ROUND_HALF_UP) if self.amount is not None else None


@strawberry.input
class OutcomeFilter:
    zone_id: strawberry.ID | None = None
    enterprise_id: strawberry.ID | None = None
    case_id: strawberry.ID | None = None
    outcome_kind: list[OutcomeKind] | None = None
    level: list[Level] | None = None
    state: list[OutcomeState] | None = None
    happened_from: date | None = None
    happened_until: date | None = strawberry.field(default=None, description="That day included.")


@strawberry.type
class Query:
    @listing("The ledger of outcomes 成效台账, newest first.")
    def outcomes(
        self, info: Info, filter: OutcomeFilter | None = None, first: int = DEFAULT_PAGE, after: str | None = None
    ) -> Connection[Outcome]:
        rows: Any = OutcomeRow.seen_by(info.context.viewer)
        if filter:
            if filter.zone_id:
                rows = rows.filter(zone_id=key_of(filter.zone_id, ZoneRow, "zoneId"))
            if filter.enterprise_id:
                rows = rows.filter(enterprise_id=key_of(filter.enterprise_id, EnterpriseRow, "enterpriseId"))
            if filter.case_id:
                rows = rows.filter(case_id=key_of(filter.case_id, CaseRow, "caseId"))
            if filter.outcome_kind is not None:
                rows = rows.filter(outcome_kind__in=set(filter.outcome_kind))
            if filter.level is not None:
                rows = rows.filter(level__in=set(filter.level))
            if filter.state is not None:
                rows = rows.filter(state__in=set(filter.state))
            if filter.happened_from:
                rows = rows.filter(happened_on__gte=filter.happened_from)
            if filter.happened_until:
                rows = rows.filter(happened_on__lte=filter.happened_until)
        return Listing(rows, NEWEST, first, after)  # type: ignore[return-value]

    @strawberry.field(description="Outcomes in sight added up, those struck left out.", extensions=[AsOf()])
    async def outcome_sums(
        self,
        info: Info,
        by: OutcomeGrouping = OutcomeGrouping.KIND,
        zone_id: strawberry.ID | None = None,
        outcome_kind: list[OutcomeKind] | None = None,
        from_: Annotated[date | None, strawberry.argument(name="from")] = None,
        until: Annotated[date | None, strawberry.argument(description="That day included.")] = None,
    ) -> list[OutcomeSum]:
        if from_ and until and from_ > until:
            raise Refused(
                BAD_INPUT.about("until", problem_zh="早于起始日", problem_en="the period ends before it begins")
            )
        zones = await zones_under(info, zone_id)
        kinds = None if outcome_kind is None else set(outcome_kind)
        found = await outcomes.sums(Asked(info.context.viewer, by, zones, kinds, from_, until))
        return [
            OutcomeSum(
                by=by, summed=each, count=each.count, enterprises=each.enterprises, amount=each.amount,
                unstated=each.unstated,
            )
            for each in found
        ]
