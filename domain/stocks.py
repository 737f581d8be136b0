"""Stocks of recognitions: what there was, what came, what went, what there is; by certificates and by filed counts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from tortoise.functions import Count

from domain.database import reads
from domain.facts import FactStatus
from domain.filed_counts import FiledCount, FiledCountState, Measure
from domain.kinds import Level, RecognitionKind
from domain.recognitions import Recognition, valid_on

PARTS = ("start", "recognised", "ended", "net", "end")


@dataclass(frozen=True)
class Number:
    """One number and what it rests on; `statements` are all that were filed for it, more than one value of which
    leaves it in dispute and unreckoned."""

    value: int | None
    status: FactStatus | None = None
    sources: tuple[str, ...] = ()
    statements: tuple[int, ...] = ()

    @property
    def disputed(self) -> bool:
        return len(set(self.statements)) > 1


@dataclass(frozen=True)
class Stock:
    """start + recognised - ended = end, of the days `since` through `until`; net is recognised - ended."""

    start: Number
    recognised: Number
    ended: Number
    net: Number
    end: Number

    @property
    def holds(self) -> bool | None:
        """Whether the numbers agree with each other; None where one cannot be known."""
        values = [getattr(self, part).value for part in PARTS]
        if None in values:
            return None
        start, recognised, ended, net, end = values
        return bool(start + recognised - ended == end and net == recognised - ended)


@dataclass(frozen=True)
class Wanted:
    """What is counted: in these zones, of one kind, at one level or (None) any, from a day through another."""

    zones: Collection[UUID] | None
    kind: RecognitionKind
    level: Level | None
    since: date
    until: date


async def registered(wanted: Wanted) -> tuple[Stock, int]:
    """By certificates on the books; and how many enterprises hold those there are at the end. One that begins and ends
    within the period is counted in both."""
    day_before = wanted.since - timedelta(days=1)
    start = await _certificates(wanted).filter(valid_on(day_before)).using_db(reads()).count()
    begun = await _certificates(wanted).filter(
        valid_from__gte=wanted.since, valid_from__lte=wanted.until
    ).using_db(reads()).count()
    ended = await _certificates(wanted).filter(
        ends_on__gte=wanted.since, ends_on__lte=wanted.until
    ).using_db(reads()).count()
    valid: Any = _certificates(wanted).filter(valid_on(wanted.until)).annotate(
        n=Count("id"), firms=Count("enterprise_id", distinct=True)
    )
    (last,) = await valid.using_db(reads()).values("n", "firms")
    numbers = (start, begun, ended, begun - ended, last["n"])
    return Stock(*(Number(each, FactStatus.REPORTED) for each in numbers)), last["firms"]


def _certificates(wanted: Wanted) -> Any:
    rows: Any = Recognition.filter(recognised_as=wanted.kind)
    if wanted.zones is not None:
        rows = rows.filter(zone_id__in=list(wanted.zones))
    return rows.filter(level=wanted.level) if wanted.level else rows


async def filed(wanted: Wanted) -> Stock:
    """By what was filed for just this period; what was not is reckoned from what was, where that settles it."""
    places = {
        "start": (Measure.STOCK, None, wanted.since - timedelta(days=1)),
        "recognised": (Measure.RECOGNISED, wanted.since, wanted.until),
        "ended": (Measure.ENDED, wanted.since, wanted.until),
        "net": (Measure.NET, wanted.since, wanted.until),
        "end": (Measure.STOCK, None, wanted.until),
    }
    rows = await statements(wanted)
    numbers = {
        part: told([row for row in rows if (row.measure, row.since, row.until) == place])
        for part, place in places.items()
    }
    return Stock(**reckoned(numbers))


async def statements(wanted: Wanted) -> Sequence[FiledCount]:
    rows: Any = FiledCount.filter(
        recognised_as=wanted.kind, state=FiledCountState.FILED,
        until__in=[wanted.since - timedelta(days=1), wanted.until],
    )
    if wanted.zones is not None:
        rows = rows.filter(zone_id__in=list(wanted.zones))
    if wanted.level:
        rows = rows.filter(level=wanted.level)
    return await rows.order_by("id").using_db(reads())  # type: ignore[no-any-return]


def told(rows: Sequence[FiledCount]) -> Number:
    """What several statements of one figure come to: their number, if they agree."""
    counts, sources = tuple(row.count for row in rows), tuple(dict.fromkeys(row.source for row in rows))
    if len(set(counts)) != 1:
        return Number(None, None, sources, counts)
    return Number(counts[0], rows[0].status, sources, counts)


def reckoned(numbers: dict[str, Number]) -> dict[str, Number]:
    """With every number that the others settle: start + net = end, net = recognised - ended. None is overruled, and
    nothing is reckoned in place of what is in dispute."""
    found = dict(numbers)
    sums = (("start", "net", "end"), ("ended", "net", "recognised"))  # the first two add up to the third
    for _ in PARTS:
        for one, other, total in sums:
            value = {each: found[each].value for each in (one, other, total)}
            if list(value.values()).count(None) != 1:
                continue
            missing = next(each for each in value if value[each] is None)
            known = [found[each] for each in value if each != missing]
            if found[missing].disputed or any(each.value is None for each in known):
                continue
            a, b, c = value[one], value[other], value[total]
            settled = a + b if c is None else c - b if a is None else c - a  # type: ignore[operator]
            sources = tuple(dict.fromkeys(source for each in known for source in each.sources))
            found[missing] = Number(settled, FactStatus.DERIVED, sources)
    return found
