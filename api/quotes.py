"""What policies grant, over GraphQL: for one enterprise or application, for all enterprises of a zone, and in sum."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry
from tortoise.expressions import Q

from api.context import Info, one_loader
from api.filters import zones_under
from api.nodes import enum, key_of, parsed
from api.pages import DEFAULT_PAGE, AsOf, Order, PageInfo, behind, cursor_of, page_size
from api.policies import Benefit
from api.refusals import Refusal, told
from domain import quotes
from domain.applications import Application as ApplicationRow
from domain.clock import OFFICE_ZONE
from domain.database import reads
from domain.eligibility import Money, Standing
from domain.enterprises import Enterprise as EnterpriseRow
from domain.kinds import RecognitionKind
from domain.known import OWN, whole_to
from domain.policies import Benefit as BenefitRow
from domain.policies import Policy as PolicyRow
from domain.refusals import BAD_INPUT, NOT_FOUND, Refused

if TYPE_CHECKING:
    from api.enterprises import Enterprise

enum(Standing)
ORDER = Order("id")
BY_WHAT = "By what is in force and known on this day; today unless told."
Day = Annotated[date | None, strawberry.argument(description=BY_WHAT)]


@strawberry.type(description="What the evaluator says of one condition.")
class Finding:
    standing: Standing
    words: str = strawberry.field(description="What is asked for and what there is, in the reader's language.")


@strawberry.type(description="A benefit as it stands for one enterprise or application 兑现测算.")
class Quote:
    quote: strawberry.Private[quotes.Quote]

    @strawberry.field(description="With the clause it comes from.")
    def benefit(self) -> Benefit:
        return self.quote.benefit  # type: ignore[return-value]

    @strawberry.field
    def standing(self) -> Standing:
        return self.quote.standing

    @strawberry.field(description="Every condition, or those that stand so.")
    def conditions(self, info: Info, standing: list[Standing] | None = None) -> list[Finding]:
        return [
            Finding(standing=each.standing, words=each.zh if info.context.language == "zh" else each.en)
            for each in self.quote.findings
            if standing is None or each.standing in standing
        ]

    @strawberry.field(description="Yuan; with `high` a range where they differ. Null where it is refused.")
    def low(self) -> Decimal | None:
        return self.quote.worth.low if isinstance(self.quote.worth, Money) else None

    @strawberry.field
    def high(self) -> Decimal | None:
        return self.quote.worth.high if isinstance(self.quote.worth, Money) else None

    @strawberry.field(description="Why no amount can be told.")
    def refusal(self, info: Info) -> Refusal | None:
        worth = self.quote.worth
        return None if isinstance(worth, Money) else told([worth], info.context.language)[0]


@strawberry.type(description="An enterprise and what it may claim.")
class EnterpriseMatch:
    key: strawberry.Private[UUID]
    quotes: list[Quote]

    @strawberry.field
    async def enterprise(self, info: Info) -> Annotated[Enterprise, strawberry.lazy("api.enterprises")] | None:
        return await one_loader(info.context, EnterpriseRow).load((self.key,))  # type: ignore[no-any-return]


@strawberry.type(description="A page of enterprises that policies have found 服务找企业.")
class EnterpriseMatches:
    nodes: list[EnterpriseMatch]
    page_info: PageInfo


@strawberry.type(description="How many enterprises stand how to a benefit.")
class BenefitCount:
    benefit: Benefit
    holds: int
    fails: int
    unknown: int


@strawberry.type
class RefusedCount:
    code: str
    count: int


@strawberry.type(description="What benefits for applications come to, over all that were filed.")
class QuoteTotal:
    applications: int = strawberry.field(description="How many were filed where the policy is offered.")
    granted: int = strawberry.field(description="Of how many benefits the sum is.")
    low: Decimal
    high: Decimal
    refused: list[RefusedCount] = strawberry.field(description="What could not be told, and so is not in the sum.")


@strawberry.type
class Query:
    @strawberry.field(
        description="Every policy in force that is offered where the enterprise is, with all its conditions.",
        extensions=[AsOf()],
    )
    async def match_policies(
        self, info: Info, enterprise_id: strawberry.ID, on: Day = None, standing: list[Standing] | None = None
    ) -> list[Quote]:
        enterprise = await _enterprise(info, key_of(enterprise_id, EnterpriseRow, "enterpriseId"), "enterpriseId")
        day = day_of(info, on)
        found = await quotes.quotes_for(
            enterprise, await quotes.benefits_for_enterprises(info.context.viewer, day, Q()), day
        )
        return [Quote(quote=each) for each in found if standing is None or each.standing in standing]

    @strawberry.field(
        description="What a policy grants an enterprise, or one application of it: money, a range, or a refusal, each "
        "with the clause it comes from.",
        extensions=[AsOf()],
    )
    async def quote(
        self,
        info: Info,
        policy_id: strawberry.ID,
        subject_id: Annotated[strawberry.ID, strawberry.argument(description="An enterprise or an application.")],
        on: Day = None,
    ) -> list[Quote]:
        viewer, day = info.context.viewer, day_of(info, on)
        policy = Q(policy_id=key_of(policy_id, PolicyRow, "policyId"))
        benefits = await quotes.benefits_on(viewer, day, policy)
        if parsed(subject_id)[0] != ApplicationRow.__name__:
            enterprise = await _enterprise(info, key_of(subject_id, EnterpriseRow, "subjectId"), "subjectId")
            return [Quote(quote=each) for each in await quotes.quotes_for(enterprise, benefits, day)]
        rows: Any = ApplicationRow.seen_by(viewer).filter(id=key_of(subject_id, ApplicationRow, "subjectId"))
        application = await rows.using_db(reads()).first()
        if application is None:
            raise Refused(NOT_FOUND.about("subjectId"))
        await _enterprise(info, application.enterprise_id, "subjectId")
        return [Quote(quote=each) for each in await quotes.quotes_of(application, benefits, day)]

    @strawberry.field(
        description="Enterprises that policies find 服务找企业, of those one oversees or accompanies, oldest first.",
        extensions=[AsOf()],
    )
    async def policy_matches(
        self,
        info: Info,
        zone_id: strawberry.ID | None = None,
        policy_id: strawberry.ID | None = None,
        benefit_id: strawberry.ID | None = None,
        standing: list[Standing] | None = None,
        on: Day = None,
        first: int = DEFAULT_PAGE,
        after: str | None = None,
    ) -> EnterpriseMatches:
        size, day = page_size(first), day_of(info, on)
        rows = await _enterprises(info, zone_id)
        if after:
            rows = rows.filter(behind(after, ORDER))
        benefits = await quotes.benefits_for_enterprises(info.context.viewer, day, _narrowed(policy_id, benefit_id))
        found = await quotes.enterprises_matched(rows, benefits, day, set(standing or [Standing.HOLDS]), size + 1)
        page = [EnterpriseMatch(key=key, quotes=[Quote(quote=each) for each in its]) for key, its in found[:size]]
        end = cursor_of("id", str(page[-1].key), page[-1].key) if page else None
        return EnterpriseMatches(nodes=page, page_info=PageInfo(has_next_page=len(found) > size, end_cursor=end))

    @strawberry.field(
        description="How many of these enterprises meet each benefit, do not, or cannot be told.", extensions=[AsOf()]
    )
    async def policy_match_counts(
        self,
        info: Info,
        zone_id: strawberry.ID | None = None,
        policy_id: strawberry.ID | None = None,
        benefit_id: strawberry.ID | None = None,
        on: Day = None,
    ) -> list[BenefitCount]:
        day, rows = day_of(info, on), await _enterprises(info, zone_id)
        benefits = await quotes.benefits_for_enterprises(info.context.viewer, day, _narrowed(policy_id, benefit_id))
        counted = await quotes.counts(rows, benefits, day)
        return [
            BenefitCount(
                benefit=each, holds=counted[each.id][Standing.HOLDS],  # type: ignore[arg-type]
                fails=counted[each.id][Standing.FAILS], unknown=counted[each.id][Standing.UNKNOWN],
            )
            for each in benefits
        ]

    @strawberry.field(
        description="The sum of what a policy grants for the applications of a year; of the zones one oversees.",
        extensions=[AsOf()],
    )
    async def quote_total(
        self,
        info: Info,
        policy_id: strawberry.ID,
        year: int,
        recognised_as: RecognitionKind | None = None,
        zone_id: strawberry.ID | None = None,
        on: Day = None,
    ) -> QuoteTotal:
        viewer, day = info.context.viewer, day_of(info, on)
        rows: Any = ApplicationRow.filter(zone_id__in=viewer.overseen, campaign__year=year)
        zones = await zones_under(info, zone_id)
        if zones is not None:
            rows = rows.filter(zone_id__in=zones)
        if recognised_as:
            rows = rows.filter(campaign__recognised_as=recognised_as)
        policy = Q(policy_id=key_of(policy_id, PolicyRow, "policyId"))
        total = await quotes.total_of(rows, await quotes.benefits_on(viewer, day, policy), day)
        refused = [RefusedCount(code=code, count=count) for code, count in sorted(total.refused.items())]
        return QuoteTotal(
            applications=total.applications, granted=total.granted, low=total.low, high=total.high, refused=refused
        )


def day_of(info: Info, given: date | None) -> date:
    if given and not date(1990, 1, 1) <= given <= date(2100, 1, 1):
        raise Refused(BAD_INPUT.about("on", problem_zh="日期不在可用范围内", problem_en="the date is out of range"))
    return given or info.context.at.astimezone(OFFICE_ZONE).date()


async def _enterprise(info: Info, key: UUID, field: str) -> Any:
    rows: Any = EnterpriseRow.filter(_sight(info), id=key).using_db(reads())
    found: Sequence[Any] = await rows.values(*OWN)
    if not found:
        raise Refused(NOT_FOUND.about(field))
    return found[0]


async def _enterprises(info: Info, zone_id: strawberry.ID | None) -> Any:
    zones = await zones_under(info, zone_id)
    rows: Any = EnterpriseRow.filter(_sight(info))
    return rows if zones is None else rows.filter(zone_id__in=zones)


def _sight(info: Info) -> Q:
    viewer = info.context.viewer
    return Q() if viewer.sees_everything else whole_to(viewer)


def _narrowed(policy_id: str | None, benefit_id: str | None) -> Q:
    policy = Q(policy_id=key_of(policy_id, PolicyRow, "policyId")) if policy_id else Q()
    return policy & (Q(id=key_of(benefit_id, BenefitRow, "benefitId")) if benefit_id else Q())
