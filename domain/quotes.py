"""What policies grant: which benefits an enterprise meets, and what each comes to, with the clause it comes from.

服务找企业: the same for all enterprises of a zone, so many at once and page by page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID

from tortoise.expressions import Q

from domain.applications import Application
from domain.database import reads
from domain.eligibility import Facts, Finding, Money, Standing, standing_of
from domain.eligibility.amounts import Competitive
from domain.eligibility.values import NOT_KNOWN
from domain.enterprises import Enterprise
from domain.known import NOT_FILED, OF_APPLICATION, OWN, applied, facts_of, may_hold
from domain.policies import Benefit, Per, PolicyVersion
from domain.refusals import Refusal
from domain.viewers import Viewer
from domain.zones import lineage

FIRST, AT_ONCE = 200, 1_000
"""How many are read at first, for a page that is soon full, and then."""
NOT_ELIGIBLE = Refusal("NOT_ELIGIBLE", "不符合适用条件：{what_zh}", "Not eligible: {what_en}")


@dataclass(frozen=True)
class Quote:
    """A benefit as it stands for one enterprise, and for the application asked about, if one is."""

    benefit: Benefit
    enterprise_id: UUID
    facts: Facts

    @cached_property
    def standing(self) -> Standing:
        return standing_of(self.benefit.conditions, self.facts)

    @cached_property
    def findings(self) -> list[Finding]:
        return [condition.finding(self.facts) for condition in self.benefit.conditions]

    @cached_property
    def worth(self) -> Money | Refusal:
        """Money or a range, or why there is none to be told."""
        if self.standing is Standing.HOLDS:
            return self.benefit.grants.worth(self.facts)
        against = [each for each in self.findings if each.standing is self.standing]
        refusal = NOT_ELIGIBLE if self.standing is Standing.FAILS else NOT_KNOWN
        return refusal.about(
            what_zh="；".join(each.zh for each in against), what_en="; ".join(each.en for each in against)
        )


async def benefits_on(viewer: Viewer, on: date, narrowed: Q) -> list[Benefit]:
    """Benefits in force on a day, of policies in sight."""
    versions: Any = PolicyVersion.seen_by(viewer).filter(PolicyVersion.in_force(on)).using_db(reads())
    keys = await versions.values_list("id", flat=True)
    rows: Any = Benefit.seen_by(viewer).filter(narrowed, version_of_id__in=keys)
    return list(await rows.order_by("id").using_db(reads()))


async def benefits_for_enterprises(viewer: Viewer, on: date, narrowed: Q) -> list[Benefit]:
    """Of these, what an enterprise may meet: in a competition agencies do."""
    return [each for each in await benefits_on(viewer, on, narrowed) if not isinstance(each.grants, Competitive)]


async def quotes_for(enterprise: Any, benefits: Sequence[Benefit], on: date) -> list[Quote]:
    """Every benefit that is offered where the enterprise is."""
    return next(iter((await _quoted([enterprise], benefits, on)).values()), [])


async def quotes_of(application: Application, benefits: Sequence[Benefit], on: date) -> list[Quote]:
    """The same, of one application."""
    rows: Any = Enterprise.filter(id=application.enterprise_id).using_db(reads())
    [enterprise] = await rows.values(*OWN)
    asked: Any = Application.filter(id=application.id).using_db(reads())
    [row] = await asked.values(*OF_APPLICATION)
    return [_of(quote, applied(row)) for quote in await quotes_for(enterprise, benefits, on)]


async def enterprises_matched(
    rows: Any, benefits: Sequence[Benefit], on: date, standings: Collection[Standing], wanted: int
) -> list[tuple[UUID, list[Quote]]]:
    """The first so many of the enterprises, in the order of their keys, with a benefit that stands so."""
    done: list[tuple[UUID, list[Quote]]] = []
    if set(standings) == {Standing.HOLDS}:
        rows = rows.filter(may_hold(benefits, on))
    async for key, quotes in _all_quoted(rows, benefits, on):
        if found := [each for each in quotes if each.standing in standings]:
            done.append((key, found))
            if len(done) == wanted:
                break
    return done


async def counts(rows: Any, benefits: Sequence[Benefit], on: date) -> dict[UUID, Counter[Standing]]:
    """How many of the enterprises meet each benefit, do not, or cannot be told."""
    counted: dict[UUID, Counter[Standing]] = {each.id: Counter() for each in benefits}
    async for _, quotes in _all_quoted(rows, benefits, on):
        for quote in quotes:
            counted[quote.benefit.id][quote.standing] += 1
    return counted


@dataclass(frozen=True)
class Total:
    """What benefits for applications come to, over the many that they were offered to: `refused` counts by code what
    could not be told."""

    applications: int
    granted: int
    low: Decimal
    high: Decimal
    refused: Counter[str]


async def total_of(rows: Any, benefits: Sequence[Benefit], on: date) -> Total:
    """The sum over applications that were filed, of every benefit there is for each of them."""
    offered = [each for each in benefits if each.per is Per.APPLICATION]
    low = high = Decimal(0)
    granted, refused, after, applications = 0, Counter[str](), None, 0
    while True:
        page = rows.exclude(state__in=NOT_FILED).filter(**({"id__gt": after} if after else {})).order_by("id")
        found = await page.limit(AT_ONCE).using_db(reads()).values("id", "enterprise_id", *OF_APPLICATION)
        if not found:
            return Total(applications, granted, low, high, refused)
        after = found[-1]["id"]
        firms: Any = Enterprise.filter(id__in={each["enterprise_id"] for each in found}).using_db(reads())
        quoted = await _quoted(await firms.values(*OWN), offered, on)
        applications += sum(bool(quoted[each["enterprise_id"]]) for each in found)
        for each in found:
            for quote in (_of(quote, applied(each)) for quote in quoted[each["enterprise_id"]]):
                if quote.standing is Standing.FAILS:
                    continue
                if isinstance(worth := quote.worth, Refusal):
                    refused[worth.code] += 1
                else:
                    granted, low, high = granted + 1, low + worth.low, high + worth.high


def _of(quote: Quote, application: Any) -> Quote:
    return replace(quote, facts=replace(quote.facts, application=application))


async def _all_quoted(
    rows: Any, benefits: Sequence[Benefit], on: date
) -> AsyncIterator[tuple[UUID, list[Quote]]]:
    after: UUID | None = None
    size = FIRST
    while True:
        page = rows.filter(id__gt=after) if after else rows
        found = await page.order_by("id").limit(size).using_db(reads()).values(*OWN)
        for key, quotes in (await _quoted(found, benefits, on)).items():
            yield key, quotes
        if len(found) < size:
            return
        after, size = found[-1]["id"], AT_ONCE


async def _quoted(enterprises: Sequence[Any], benefits: Iterable[Benefit], on: date) -> dict[UUID, list[Quote]]:
    """For each enterprise the benefits of its zone and of those above it."""
    benefits = list(benefits)
    offered = {
        zone: [each for each in benefits if each.zone_id in set(await lineage(zone))]
        for zone in {each["zone_id"] for each in enterprises}
    }
    facts = await facts_of(enterprises, benefits, on)
    return {
        each["id"]: [Quote(benefit, each["id"], facts[each["id"]]) for benefit in offered[each["zone_id"]]]
        for each in enterprises
    }


