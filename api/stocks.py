"""Stocks of recognitions and shares of a parent zone over GraphQL."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.context import Info
from api.filters import decimals_of, zones_under
from api.nodes import enum, key_of
from api.pages import AsOf
from domain import shares, stocks
from domain.database import reads
from domain.facts import FactStatus
from domain.filed_counts import Measure
from domain.kinds import Level, RecognitionKind
from domain.pass_rates import percent
from domain.refusals import BAD_INPUT, NOT_FOUND, Refusal, Refused
from domain.shares import Basis
from domain.stocks import Wanted
from domain.zones import Zone as ZoneRow

for words in (Basis, FactStatus, Level, Measure, RecognitionKind):
    enum(words)

NOT_ABOVE = Refusal(
    "NOT_ABOVE", "该区不在所给上级之下。", "The zone does not lie below the one given.", "ofZoneId"
)
NO_SHARE = Refusal(
    "NO_SHARE", "只有总数或期内认定数才有占比。", "A share is of a stock, or of those recognised in a period.",
    "measure",
)


@strawberry.type(description="One number of a stock, and what it rests on.")
class StockNumber:
    value: int | None = strawberry.field(description="Null where it is neither known nor settled by the others.")
    status: FactStatus | None
    sources: list[str]
    statements: list[int] = strawberry.field(description="Every value that was filed for it.")
    disputed: bool = strawberry.field(description="Statements differ: none is taken, nothing is reckoned from it.")


@strawberry.type(description="start + recognised - ended = end; net = recognised - ended.")
class Stock:
    start: StockNumber
    recognised: StockNumber
    ended: StockNumber
    net: StockNumber
    end: StockNumber
    holds: bool | None = strawberry.field(description="Whether the numbers agree; null where one is not known.")

    @strawberry.field(description="By how much the end exceeds the start, as texts print it.")
    def growth_percent(self, decimals: int = 0) -> str | None:
        if self.start.value is None or self.end.value is None:
            return None
        return percent(self.end.value - self.start.value, self.start.value, decimals_of(decimals))


@strawberry.type(description="A stock by the certificates on the books, and as counts were filed of it.")
class RecognitionStock:
    registered: Stock | None = strawberry.field(
        description="Certificates of the zone and those below that the viewer oversees; null where it is none of them."
    )
    enterprises: int | None = strawberry.field(description="How many enterprises hold a certificate at the end.")
    filed: Stock = strawberry.field(description="What was filed for the zone and just this period.")


@strawberry.type(description="One side of a share.")
class SharePart:
    number: StockNumber
    basis: Basis


@strawberry.type(description="What part of a parent zone's total a zone has.")
class RecognitionShare:
    part: SharePart
    whole: SharePart
    share: strawberry.Private[shares.Share]

    @strawberry.field(description="Rounded half up; null where either side is not known.")
    def percent(self, decimals: int = 0) -> str | None:
        return self.share.percent(decimals_of(decimals))


Since = Annotated[date, strawberry.argument(name="from", description="The first day of the period.")]


@strawberry.type
class Query:
    @strawberry.field(description="The stock of one kind of recognition over a period.", extensions=[AsOf()])
    async def recognition_stock(
        self,
        info: Info,
        zone_id: strawberry.ID,
        recognised_as: RecognitionKind,
        from_: Since,
        until: date,
        level: Level | None = None,
    ) -> RecognitionStock:
        _in_order(from_, until)
        overseen = await _overseen(info, zone_id)
        key = key_of(zone_id, ZoneRow, "zoneId")
        wanted = Wanted(overseen, recognised_as, level, from_, until)
        counted, firms = await stocks.registered(wanted) if overseen else (None, None)
        known = key in info.context.viewer.directory or info.context.viewer.sees_everything
        told = await stocks.filed(Wanted([key] if known else [], recognised_as, level, from_, until))
        return RecognitionStock(
            registered=_stock(counted) if counted else None, enterprises=firms, filed=_stock(told)
        )

    @strawberry.field(description="A zone's share of what a zone above it has.", extensions=[AsOf()])
    async def recognition_share(
        self,
        info: Info,
        zone_id: strawberry.ID,
        of_zone_id: strawberry.ID,
        recognised_as: RecognitionKind,
        from_: Since,
        until: date,
        measure: Measure = Measure.RECOGNISED,
        level: Level | None = None,
    ) -> RecognitionShare:
        _in_order(from_, until)
        if measure not in (Measure.RECOGNISED, Measure.STOCK):
            raise Refused(NO_SHARE)
        viewer = info.context.viewer
        overseen = None if viewer.sees_everything else viewer.overseen
        zone, above = [key_of(given, ZoneRow, "zoneId") for given in (zone_id, of_zone_id)]
        below = await _below(info, above)
        if zone not in below or zone == above:
            raise Refused(NOT_ABOVE)
        wanted = Wanted((), recognised_as, level, from_, until)
        part = await shares.counted(zone, shares.within(wanted, await _below(info, zone)), measure, overseen)
        whole = await shares.counted(above, shares.within(wanted, below), measure, overseen)
        return RecognitionShare(
            part=SharePart(number=_number(part.number), basis=part.basis),
            whole=SharePart(number=_number(whole.number), basis=whole.basis), share=shares.Share(part, whole),
        )


async def _overseen(info: Info, zone_id: strawberry.ID) -> list[UUID]:
    """A zone in sight and those below it, as far as the viewer oversees them."""
    viewer = info.context.viewer
    zones = await zones_under(info, zone_id) or ()
    return [each for each in zones if viewer.sees_everything or each in viewer.overseen]


async def _below(info: Info, key: UUID) -> list[UUID]:
    """A zone of the viewer's, or one above, with all below it."""
    viewer = info.context.viewer
    row = await ZoneRow.filter(id=key).using_db(reads()).first()
    if row is None or not (viewer.sees_everything or key in viewer.directory):
        raise Refused(NOT_FOUND.about("zoneId"))
    below: Any = ZoneRow.filter(path__startswith=f"{row.path}/").using_db(reads())
    return [key, *await below.values_list("id", flat=True)]


def _in_order(since: date, until: date) -> None:
    if since > until:
        raise Refused(BAD_INPUT.about("until", problem_zh="早于起始日", problem_en="the period ends before it begins"))


def _stock(stock: stocks.Stock) -> Stock:
    return Stock(**{part: _number(getattr(stock, part)) for part in stocks.PARTS}, holds=stock.holds)


def _number(number: stocks.Number) -> StockNumber:
    return StockNumber(
        value=number.value, status=number.status, sources=list(number.sources), statements=list(number.statements),
        disputed=number.disputed,
    )
