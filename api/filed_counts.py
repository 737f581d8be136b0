"""Filed counts over GraphQL."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from api.context import Info
from api.moves import MoveStanding, moves
from api.nodes import Node, enum, key_of, node, one
from api.pages import DEFAULT_PAGE, NEWEST, Connection, Listing, listing
from domain.facts import FactStatus
from domain.filed_counts import FiledCount as FiledCountRow
from domain.filed_counts import FiledCountState, Measure
from domain.kinds import Level, RecognitionKind
from domain.zones import Zone as ZoneRow

if TYPE_CHECKING:
    from api.zones import Zone

for words in (FactStatus, FiledCountState, Level, Measure, RecognitionKind):
    enum(words)


@node(FiledCountRow)
class FiledCount(Node):
    """A number of recognitions that a text or a report states 上报数."""

    version: int
    zone: Annotated[Zone, strawberry.lazy("api.zones")] | None = one()
    recognised_as: RecognitionKind
    level: Level
    measure: Measure
    since: date | None
    until: date
    count: int
    state: FiledCountState
    status: FactStatus
    source: str
    moves: list[MoveStanding] = moves()


@strawberry.input
class FiledCountFilter:
    zone_id: strawberry.ID | None = None
    recognised_as: list[RecognitionKind] | None = None
    measure: list[Measure] | None = None
    state: list[FiledCountState] | None = None
    until_from: date | None = strawberry.field(default=None, description="Of a day or period that ends then or later.")
    until_to: date | None = strawberry.field(default=None, description="… then or earlier.")


@strawberry.type
class Query:
    @listing("Filed counts 上报数, newest first.")
    def filed_counts(
        self,
        info: Info,
        filter: FiledCountFilter | None = None,
        first: int = DEFAULT_PAGE,
        after: str | None = None,
    ) -> Connection[FiledCount]:
        rows: Any = FiledCountRow.seen_by(info.context.viewer)
        if filter:
            if filter.zone_id:
                rows = rows.filter(zone_id=key_of(filter.zone_id, ZoneRow, "zoneId"))
            if filter.recognised_as is not None:
                rows = rows.filter(recognised_as__in=set(filter.recognised_as))
            if filter.measure is not None:
                rows = rows.filter(measure__in=set(filter.measure))
            if filter.state is not None:
                rows = rows.filter(state__in=set(filter.state))
            if filter.until_from:
                rows = rows.filter(until__gte=filter.until_from)
            if filter.until_to:
                rows = rows.filter(until__lte=filter.until_to)
        return Listing(rows, NEWEST, first, after)  # type: ignore[return-value]
