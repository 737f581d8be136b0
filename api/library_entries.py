"""Library entries over GraphQL, and what they entitle to."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from api.context import Info
from api.moves import MoveStanding, moves
from api.nodes import Node, computed, enum, key_of, node, one
from api.pages import DEFAULT_PAGE, NEWEST, Connection, Listing, listing
from domain.enterprises import Enterprise as EnterpriseRow
from domain.kinds import RecognitionKind
from domain.libraries import Library as LibraryRow
from domain.library_entries import LibraryEntry as LibraryEntryRow
from domain.library_entries import LibraryEntryState, days_to_application
from domain.zones import Zone as ZoneRow

if TYPE_CHECKING:
    from api.departments import Department
    from api.enterprises import Enterprise
    from api.libraries import Library
    from api.recognitions import Recognition
    from api.zones import Zone

for words in (LibraryEntryState, RecognitionKind):
    enum(words)


@strawberry.type(description="A field of the scorecard as it was scored.")
class EntryScore:
    name: str
    score: Decimal


@node(LibraryEntryRow)
class LibraryEntry(Node):
    """An enterprise, or its project, in a cultivation library. While it is INSIDE it has the library's entitlements."""

    version: int
    zone: Annotated[Zone, strawberry.lazy("api.zones")] | None = one()
    enterprise: Annotated[Enterprise, strawberry.lazy("api.enterprises")] | None = one()
    library: Annotated[Library, strawberry.lazy("api.libraries")] | None = one()
    department: Annotated[Department, strawberry.lazy("api.departments")] | None = one()
    recognition: Annotated[Recognition, strawberry.lazy("api.recognitions")] | None = one()
    title: str
    stage: int
    stage_name: str
    fast_tracked: bool
    state: LibraryEntryState
    plan: str
    scores: list[EntryScore] = computed(
        lambda row: [EntryScore(name=each["name"], score=Decimal(each["score"])) for each in row.scores], "scores"
    )
    score: Decimal | None
    entered_on: date
    applied_on: date | None
    days_to_application: int | None = computed(days_to_application, "entered_on", "applied_on")
    left_on: date | None
    left_because: str
    source: str
    moves: list[MoveStanding] = moves()


@strawberry.input
class LibraryEntryFilter:
    zone_id: strawberry.ID | None = None
    library_id: strawberry.ID | None = None
    enterprise_id: strawberry.ID | None = None
    state: list[LibraryEntryState] | None = None
    stage: list[int] | None = None
    recognised_as: list[RecognitionKind] | None = strawberry.field(
        default=None, description="In libraries that cultivate for it."
    )


@strawberry.type
class Query:
    @listing("Library entries 入库, newest first.")
    def library_entries(
        self,
        info: Info,
        filter: LibraryEntryFilter | None = None,
        first: int = DEFAULT_PAGE,
        after: str | None = None,
    ) -> Connection[LibraryEntry]:
        rows: Any = LibraryEntryRow.seen_by(info.context.viewer)
        if filter:
            if filter.zone_id:
                rows = rows.filter(zone_id=key_of(filter.zone_id, ZoneRow, "zoneId"))
            if filter.library_id:
                rows = rows.filter(library_id=key_of(filter.library_id, LibraryRow, "libraryId"))
            if filter.enterprise_id:
                rows = rows.filter(enterprise_id=key_of(filter.enterprise_id, EnterpriseRow, "enterpriseId"))
            if filter.state is not None:
                rows = rows.filter(state__in=set(filter.state))
            if filter.stage is not None:
                rows = rows.filter(stage__in=set(filter.stage))
            if filter.recognised_as is not None:
                rows = rows.filter(library__recognised_as__in=set(filter.recognised_as))
        return Listing(rows, NEWEST, first, after)  # type: ignore[return-value]
