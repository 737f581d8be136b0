"""Agencies over GraphQL, and the competitive subsidy with a reason for every one of them."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from tortoise.expressions import Q

from api.context import Info, one_loader
from api.filters import decimals_of, matching
from api.moves import MoveStanding, moves
from api.nodes import Node, enum, key_of, node, one, paged
from api.pages import DEFAULT_PAGE, NEWEST, AsOf, Connection, Listing, listing
from api.policies import Benefit
from api.quotes import day_of
from api.refusals import Refusal, told
from domain import subsidies
from domain.agencies import Agency as AgencyRow
from domain.agencies import AgencyKind, AgencyState
from domain.eligibility.competition import Result
from domain.policies import Policy as PolicyRow
from domain.quotes import benefits_on
from domain.refusals import NOT_ALLOWED, Refused
from domain.viewers import Role
from domain.zones import Zone as ZoneRow

if TYPE_CHECKING:
    from api.applications import Application
    from api.zones import Zone

for words in (AgencyKind, AgencyState):
    enum(words)
OVERSEERS = (Role.DISPATCHER, Role.LEADER, Role.AUDITOR)


@node(AgencyRow)
class Agency(Node):
    """An agency 中介机构 that coaches applications."""

    version: int
    zone: Annotated[Zone, strawberry.lazy("api.zones")] | None = one()
    name: str
    kind_of: AgencyKind
    state: AgencyState
    synthetic: bool
    source: str
    applications: Connection[Annotated[Application, strawberry.lazy("api.applications")]] = paged(NEWEST)
    moves: list[MoveStanding] = moves()


@strawberry.type(description="What comes of a competitive subsidy for one agency.")
class SubsidyResult:
    result: strawberry.Private[Result]

    @strawberry.field
    async def agency(self, info: Info) -> Agency | None:
        return await one_loader(info.context, AgencyRow).load((self.result.contestant.key,))  # type: ignore[no-any-return]

    @strawberry.field(description="Applications filed and not withdrawn.")
    def completed(self) -> int:
        return self.result.contestant.completed

    @strawberry.field(description="Of these, recognised.")
    def passed(self) -> int:
        return self.result.contestant.passed

    @strawberry.field(description="Of these, not decided yet.")
    def pending(self) -> int:
        return self.result.contestant.pending

    @strawberry.field(description="In per cent, rounded half up; null where nothing was completed.")
    def pass_rate(self, decimals: int = 1) -> str | None:
        places = Decimal(1).scaleb(-decimals_of(decimals))
        rate = self.result.contestant.pass_rate.quantize(places, ROUND_HALF_UP)
        return str(rate) if self.result.contestant.completed else None

    @strawberry.field(description="Null for those outside the ranking.")
    def place(self) -> int | None:
        return self.result.place

    @strawberry.field(description="Yuan; null where the text does not settle it.")
    def amount(self) -> Decimal | None:
        return self.result.amount

    @strawberry.field(description="Why so, of those who are paid too.")
    def reasons(self, info: Info) -> list[Refusal]:
        return told(self.result.reasons, info.context.language)


@strawberry.type(description="A competitive subsidy 竞争性补贴 of a year.")
class AgencySubsidy:
    subsidy: strawberry.Private[subsidies.Subsidy]

    @strawberry.field(description="With the clause and the rules it comes from.")
    def benefit(self) -> Benefit:
        return self.subsidy.benefit  # type: ignore[return-value]

    @strawberry.field(description="What is done with a tie.")
    def tie_rule(self, info: Info) -> str:
        words = self.subsidy.rules.tie_words
        return words.zh if info.context.language == "zh" else words.en

    @strawberry.field(description="Those in the ranking by place, then the others.")
    def results(self) -> list[SubsidyResult]:
        return [SubsidyResult(result=each) for each in self.subsidy.results]

    @strawberry.field(description="Yuan; null where the text does not settle all of it.")
    def total(self) -> Decimal | None:
        amounts = [each.amount for each in self.subsidy.results]
        return None if None in amounts else sum((each for each in amounts if each is not None), Decimal(0))

    @strawberry.field(description="Whether some applications are not decided yet, so that it may still change.")
    def provisional(self) -> bool:
        return any(each.contestant.pending for each in self.subsidy.results)


@strawberry.input
class AgencyFilter:
    zone_id: strawberry.ID | None = None
    kind_of: list[AgencyKind] | None = None
    state: list[AgencyState] | None = None
    text: str | None = strawberry.field(default=None, description="A part of the name.")


@strawberry.type
class Query:
    @listing("Agencies 中介机构名录, newest first.")
    def agencies(
        self, info: Info, filter: AgencyFilter | None = None, first: int = DEFAULT_PAGE, after: str | None = None
    ) -> Connection[Agency]:
        rows: Any = AgencyRow.seen_by(info.context.viewer)
        if filter:
            rows = rows.filter(matching(filter.text, "name"))
            if filter.zone_id:
                rows = rows.filter(zone_id=key_of(filter.zone_id, ZoneRow, "zoneId"))
            if filter.kind_of:
                rows = rows.filter(kind_of__in=set(filter.kind_of))
            if filter.state:
                rows = rows.filter(state__in=set(filter.state))
        return Listing(rows, NEWEST, first, after)  # type: ignore[return-value]

    @strawberry.field(
        description="How a policy's competitive subsidies come out in a year; for those who oversee its zone.",
        extensions=[AsOf()],
    )
    async def agency_subsidies(
        self, info: Info, policy_id: strawberry.ID, year: int, on: date | None = None
    ) -> list[AgencySubsidy]:
        viewer, day = info.context.viewer, day_of(info, on)
        benefits = await benefits_on(viewer, day, Q(policy_id=key_of(policy_id, PolicyRow, "policyId")))
        if not viewer.sees_everything and any(each.zone_id not in viewer.overseen for each in benefits):
            who_zh, who_en = "、".join(each.zh for each in OVERSEERS), " or ".join(each.value for each in OVERSEERS)
            raise Refused(NOT_ALLOWED.about("policyId", who=who_zh, who_en=who_en))
        return [AgencySubsidy(subsidy=each) for each in await subsidies.subsidies(benefits, year)]
