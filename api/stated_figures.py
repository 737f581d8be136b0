"""Stated figures over GraphQL: what sources say of a figure, and whether they agree."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from api.context import Info
from api.filters import matching, zones_under
from api.moves import MoveStanding, moves
from api.nodes import Node, enum, key_of, node, one
from api.pages import DEFAULT_PAGE, NEWEST, AsOf, Connection, Listing, listing
from domain.database import reads
from domain.facts import FactStatus
from domain.refusals import Refusal, Refused
from domain.stated_figures import Bound, Stated, StatedFigureState, StatedUnit, together
from domain.stated_figures import StatedFigure as StatedFigureRow
from domain.zones import Zone as ZoneRow

if TYPE_CHECKING:
    from api.zones import Zone

for words in (StatedUnit, Bound, StatedFigureState):
    enum(words)

MOST = 1_000
TOO_MANY = Refusal(
    "TOO_MANY", "超过{most}条陈述，请缩小范围。", "More than {most} statements; narrow what is asked.", "topic"
)


@node(StatedFigureRow)
class StatedFigure(Node):
    """A figure of a zone as one source states it 统计陈述."""

    version: int
    zone: Annotated[Zone, strawberry.lazy("api.zones")] | None = one()
    topic: str
    unit: StatedUnit
    bound: Bound
    value: Decimal
    since: date | None
    until: date
    base: str = strawberry.field(description="Compared with what, as the source words it.")
    state: StatedFigureState
    status: FactStatus
    source: str
    moves: list[MoveStanding] = moves()


@strawberry.type(description="All that is stated of one figure of one period.")
class FigureStatements:
    stated: strawberry.Private[Stated]
    disputed: bool = strawberry.field(description="Sources differ, in the figure or in what it is compared with.")
    value: Decimal | None = strawberry.field(description="Null while it is in dispute.")
    statements: list[StatedFigure]


@strawberry.input
class StatedFigureFilter:
    zone_id: strawberry.ID | None = None
    text: str | None = strawberry.field(default=None, description="A part of the topic.")
    unit: list[StatedUnit] | None = None
    state: list[StatedFigureState] | None = None


@strawberry.type
class Query:
    @listing("Stated figures 统计陈述, newest first.")
    def stated_figures(
        self, info: Info, filter: StatedFigureFilter | None = None, first: int = DEFAULT_PAGE, after: str | None = None
    ) -> Connection[StatedFigure]:
        rows: Any = StatedFigureRow.seen_by(info.context.viewer)
        if filter:
            rows = rows.filter(matching(filter.text, "topic"))
            if filter.zone_id:
                rows = rows.filter(zone_id=key_of(filter.zone_id, ZoneRow, "zoneId"))
            if filter.unit is not None:
                rows = rows.filter(unit__in=set(filter.unit))
            if filter.state is not None:
                rows = rows.filter(state__in=set(filter.state))
        return Listing(rows, NEWEST, first, after)  # type: ignore[return-value]

    @strawberry.field(
        description="What is stated of figures, put together by zone, topic, unit and period.", extensions=[AsOf()]
    )
    async def figure_statements(
        self,
        info: Info,
        zone_id: strawberry.ID | None = None,
        topic: str | None = None,
        from_: Annotated[date | None, strawberry.argument(name="from", description="That end then or later.")] = None,
        until: Annotated[date | None, strawberry.argument(description="That end then or earlier.")] = None,
    ) -> list[FigureStatements]:
        rows: Any = StatedFigureRow.seen_by(info.context.viewer).filter(state=StatedFigureState.FILED)
        if (zones := await zones_under(info, zone_id)) is not None:
            rows = rows.filter(zone_id__in=zones)
        if topic is not None:
            rows = rows.filter(topic=topic)
        if from_:
            rows = rows.filter(until__gte=from_)
        if until:
            rows = rows.filter(until__lte=until)
        found = await rows.order_by("id").limit(MOST + 1).using_db(reads())
        if len(found) > MOST:
            raise Refused(TOO_MANY.about(most=MOST))
        return [
            FigureStatements(stated=each, disputed=each.disputed, value=each.value, statements=list(each.statements))
            for each in together(found)
        ]
