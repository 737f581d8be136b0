"""Cultivation libraries over GraphQL, and how they are filled."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from api.context import Info, one_loader
from api.filters import decimals_of, zones_under
from api.moves import MoveStanding, moves
from api.nodes import Node, computed, enum, key_of, node, one, paged
from api.pages import DEFAULT_PAGE, NEWEST, AsOf, Connection, Listing, listing
from domain.kinds import RecognitionKind
from domain.libraries import Library as LibraryRow
from domain.libraries import LibraryState, Members
from domain.library_figures import LibraryCount, library_counts
from domain.zones import Zone as ZoneRow

if TYPE_CHECKING:
    from api.departments import Department
    from api.library_entries import LibraryEntry
    from api.zones import Zone

for words in (LibraryState, Members, RecognitionKind):
    enum(words)


@strawberry.type(description="A field of the entry scorecard 入库评分.")
class LibraryCriterion:
    name: str
    weight: Decimal | None = strawberry.field(description="In percent; null where the zone has set none.")


@node(LibraryRow)
class Library(Node):
    """A cultivation library 培育库 with its own stages."""

    version: int
    zone: Annotated[Zone, strawberry.lazy("api.zones")] | None = one()
    department: Annotated[Department, strawberry.lazy("api.departments")] | None = one()
    name: str
    members: Members
    recognised_as: RecognitionKind | None
    stages: list[str]
    criteria: list[LibraryCriterion] = computed(
        lambda row: [
            LibraryCriterion(name=each["name"], weight=None if each["weight"] is None else Decimal(each["weight"]))
            for each in row.criteria
        ],
        "criteria",
    )
    passing: Decimal | None
    plan_required: bool
    fast_track: str
    entitlements: list[str]
    state: LibraryState
    source: str
    entries: Connection[Annotated[LibraryEntry, strawberry.lazy("api.library_entries")]] = paged(NEWEST)
    moves: list[MoveStanding] = moves()


@strawberry.type
class LibraryStageCount:
    stage: int
    name: str
    count: int


@strawberry.type(description="How a library is filled, of what the viewer oversees or is in charge of.")
class LibraryFigure:
    counted: strawberry.Private[LibraryCount]
    inside: int
    entered: int = strawberry.field(description="In the period; of all time without one.")
    graduated: int
    exited: int
    applied: int = strawberry.field(description="That came to a first application in the period.")

    @strawberry.field
    async def library(self, info: Info) -> Library | None:
        return await one_loader(info.context, LibraryRow).load((self.counted.library,))  # type: ignore[no-any-return]

    @strawberry.field(description="Who is inside, by stage, first to last.")
    async def stages(self, info: Info) -> list[LibraryStageCount]:
        library = await one_loader(info.context, LibraryRow).load((self.counted.library,))
        names = library.stages if library else []
        return [
            LibraryStageCount(stage=place, name=name, count=self.counted.stages.get(place, 0))
            for place, name in enumerate(names)
        ]

    @strawberry.field(description="The median of days from entry to the first application since (GZ-10).")
    def median_days_to_application(self, decimals: int = 1) -> str | None:
        median = self.counted.median_days
        places = Decimal(1).scaleb(-decimals_of(decimals))
        return None if median is None else str(median.quantize(places, ROUND_HALF_UP))


@strawberry.type
class Query:
    @listing("Cultivation libraries 培育库, newest first.")
    def libraries(
        self,
        info: Info,
        zone_id: strawberry.ID | None = None,
        state: LibraryState | None = None,
        first: int = DEFAULT_PAGE,
        after: str | None = None,
    ) -> Connection[Library]:
        rows: Any = LibraryRow.seen_by(info.context.viewer)
        if zone_id:
            rows = rows.filter(zone_id=key_of(zone_id, ZoneRow, "zoneId"))
        if state:
            rows = rows.filter(state=state)
        return Listing(rows, NEWEST, first, after)  # type: ignore[return-value]

    @strawberry.field(description="How libraries are filled.", extensions=[AsOf()])
    async def library_figures(
        self,
        info: Info,
        library_id: strawberry.ID | None = None,
        zone_id: strawberry.ID | None = None,
        from_: Annotated[date | None, strawberry.argument(name="from")] = None,
        until: Annotated[date | None, strawberry.argument(description="That day included.")] = None,
    ) -> list[LibraryFigure]:
        library = key_of(library_id, LibraryRow, "libraryId") if library_id else None
        zones = await zones_under(info, zone_id)
        counts = await library_counts(info.context.viewer, library, zones, from_, until)
        return [
            LibraryFigure(
                counted=each, inside=each.inside, entered=each.entered, graduated=each.graduated,
                exited=each.exited, applied=len(each.days),
            )
            for each in counts
        ]
