"""Indicators over GraphQL."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry
from strawberry.dataloader import DataLoader

from api.context import Context, Info
from api.moves import MoveStanding, moves
from api.nodes import Node, enum, key_of, node, one
from api.pages import DEFAULT_PAGE, NEWEST, Connection, Listing, listing
from domain.database import reads
from domain.enterprises import Enterprise as EnterpriseRow
from domain.facts import FactStatus
from domain.indicators import Indicator as IndicatorRow
from domain.indicators import IndicatorKind, IndicatorState, IndicatorUnit, Reading, in_base, of_year, readings
from domain.zones import Zone as ZoneRow

if TYPE_CHECKING:
    from api.enterprises import Enterprise
    from api.zones import Zone

for words in (FactStatus, IndicatorKind, IndicatorState, IndicatorUnit):
    enum(words)


@node(IndicatorRow)
class Indicator(Node):
    """A figure of an enterprise 指标, of a period, from a source."""

    version: int
    zone: Annotated[Zone, strawberry.lazy("api.zones")] | None = one()
    enterprise: Annotated[Enterprise, strawberry.lazy("api.enterprises")] | None = one()
    corrects: Indicator | None = one()
    corrected_by: Indicator | None = one(IndicatorRow, corrects_id="id")
    kind_of: IndicatorKind
    title: str
    value: Decimal
    unit: IndicatorUnit
    since: date
    until: date
    preferred: bool = strawberry.field(description="Taken by the office where sources differ.")
    state: IndicatorState
    status: FactStatus
    source: str
    moves: list[MoveStanding] = moves()


@strawberry.type(description="What stands for a year: of the whole of it, else as of the last day in it that is known.")
class YearlyIndicator:
    reading: strawberry.Private[Reading]

    @strawberry.field
    def since(self) -> date:
        return self.reading.since

    @strawberry.field
    def until(self) -> date:
        return self.reading.until

    @strawberry.field(description="Money in yuan; null where the sources differ and none has been preferred.")
    def value(self) -> Decimal | None:
        return in_base(self.reading.counts)[1] if self.reading.counts else None

    @strawberry.field
    def unit(self) -> IndicatorUnit | None:
        return in_base(self.reading.counts)[0] if self.reading.counts else None

    @strawberry.field(description="Whether the sources differ, whichever is taken.")
    def disputed(self) -> bool:
        return len({in_base(each) for each in self.reading.statements}) > 1

    @strawberry.field(description="The one that counts.")
    def counts(self) -> Indicator | None:
        return self.reading.counts  # type: ignore[return-value]

    @strawberry.field(description="All that were filed for the period and stand.")
    def statements(self) -> list[Indicator]:
        return list(self.reading.statements)  # type: ignore[arg-type]


def yearly_indicator() -> Any:
    """A field of an enterprise; of many of them in one read."""

    async def load(
        parent: strawberry.Parent[Any], info: Info, kind_of: IndicatorKind, year: int, title: str = ""
    ) -> YearlyIndicator | None:
        found = of_year(readings(await _loader(info.context, kind_of, title).load(parent.id)), year)
        return YearlyIndicator(reading=found) if found else None

    return strawberry.field(resolver=load, description="One indicator of one year, where there is one.")


def _loader(context: Context, kind: IndicatorKind, title: str) -> DataLoader[UUID, list[IndicatorRow]]:
    async def load(keys: list[UUID]) -> list[list[IndicatorRow]]:
        rows: Any = IndicatorRow.seen_by(context.viewer).filter(
            enterprise_id__in=keys, kind_of=kind, title=title, state=IndicatorState.FILED
        )
        found: defaultdict[UUID, list[IndicatorRow]] = defaultdict(list)
        for row in await rows.using_db(reads()):
            found[row.enterprise_id].append(row)
        return [found[key] for key in keys]

    return context.loaders.setdefault((IndicatorRow, kind, title), DataLoader(load))


@strawberry.input
class IndicatorFilter:
    zone_id: strawberry.ID | None = None
    enterprise_id: strawberry.ID | None = None
    kind_of: list[IndicatorKind] | None = None
    state: list[IndicatorState] | None = None
    until_from: date | None = strawberry.field(default=None, description="Of a period that ends then or later.")
    until_to: date | None = strawberry.field(default=None, description="… then or earlier.")


@strawberry.type
class Query:
    @listing("Figures of enterprises 指标, newest first.")
    def indicators(
        self, info: Info, filter: IndicatorFilter | None = None, first: int = DEFAULT_PAGE, after: str | None = None
    ) -> Connection[Indicator]:
        rows: Any = IndicatorRow.seen_by(info.context.viewer)
        if filter:
            if filter.zone_id:
                rows = rows.filter(zone_id=key_of(filter.zone_id, ZoneRow, "zoneId"))
            if filter.enterprise_id:
                rows = rows.filter(enterprise_id=key_of(filter.enterprise_id, EnterpriseRow, "enterpriseId"))
            if filter.kind_of is not None:
                rows = rows.filter(kind_of__in=set(filter.kind_of))
            if filter.state is not None:
                rows = rows.filter(state__in=set(filter.state))
            if filter.until_from:
                rows = rows.filter(until__gte=filter.until_from)
            if filter.until_to:
                rows = rows.filter(until__lte=filter.until_to)
        return Listing(rows, NEWEST, first, after)  # type: ignore[return-value]
