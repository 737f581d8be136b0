"""Shares: what part of a parent zone's total a zone has (KRM-23: all five of the city's new ones)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from uuid import UUID

from domain.database import reads
from domain.filed_counts import FiledCount, FiledCountState, Measure
from domain.pass_rates import percent
from domain.stocks import Number, Wanted, registered, told
from domain.words import Word


class Basis(Word):
    """口径来源: by what a number is known."""

    FILED = "filed", "上报数", "A count that was filed for just this period"
    REGISTERED = "registered", "在册认定", "Certificates on the books"
    UNKNOWN = "unknown", "无数据", "Nothing was filed, and the books are not open to the reader"


@dataclass(frozen=True)
class Part:
    number: Number
    basis: Basis


@dataclass(frozen=True)
class Share:
    part: Part
    whole: Part

    def percent(self, decimals: int) -> str | None:
        part, whole = self.part.number.value, self.whole.number.value
        return None if part is None or whole is None else percent(part, whole, decimals)


async def counted(zone: UUID, wanted: Wanted, measure: Measure, overseen: Collection[UUID] | None) -> Part:
    """What a zone has: as it filed it, else by its certificates and those of the zones below; `wanted.zones` are all
    of these, and only who oversees every one may count them."""
    rows = FiledCount.filter(
        zone_id=zone, recognised_as=wanted.kind, measure=measure, until=wanted.until, state=FiledCountState.FILED,
        since=None if measure is Measure.STOCK else wanted.since,
        **({"level": wanted.level} if wanted.level else {}),
    )
    if found := await rows.order_by("id").using_db(reads()):
        return Part(told(found), Basis.FILED)
    if overseen is not None and not set(wanted.zones or ()) <= set(overseen):
        return Part(Number(None), Basis.UNKNOWN)
    stock, _ = await registered(wanted)
    return Part(stock.end if measure is Measure.STOCK else stock.recognised, Basis.REGISTERED)


def within(wanted: Wanted, zones: Collection[UUID]) -> Wanted:
    """The same of other zones."""
    return replace(wanted, zones=zones)
