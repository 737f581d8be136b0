"""Quarterly reviews over GraphQL, and which quarters are missing."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from api.context import Info
from api.filters import decimals_of, zones_under
from api.moves import MoveStanding, moves
from api.nodes import Node, enum, key_of, node, one
from api.pages import DEFAULT_PAGE, NEWEST, OLDEST, AsOf, Connection, Listing, listing
from domain.clock import OFFICE_ZONE
from domain.database import reads
from domain.enterprises import Enterprise as EnterpriseRow
from domain.libraries import Library as LibraryRow
from domain.pass_rates import percent
from domain.refusals import BAD_INPUT, NOT_FOUND, REQUIRED, Refused
from domain.reviews import Asked, ReviewState, TopicStanding, days_of
from domain.reviews import Review as ReviewRow
from domain.zones import Zone as ZoneRow

if TYPE_CHECKING:
    from api.enterprises import Enterprise
    from api.zones import Zone

enum(TopicStanding)
enum(ReviewState)


@node(ReviewRow)
class Review(Node):
    """How an enterprise stood on five topics in a quarter 季度会商研判; for the offices."""

    version: int
    zone: Annotated[Zone, strawberry.lazy("api.zones")] | None = one()
    enterprise: Annotated[Enterprise, strawberry.lazy("api.enterprises")] | None = one()
    year: int
    quarter: int
    held_on: date
    rd_spending: TopicStanding = strawberry.field(description="研发投入")
    platforms: TopicStanding = strawberry.field(description="创新平台建设")
    projects: TopicStanding = strawberry.field(description="科技项目申报")
    institutions: TopicStanding = strawberry.field(description="研发机构培育")
    talent: TopicStanding = strawberry.field(description="创新人才引育")
    note: str
    state: ReviewState
    moves: list[MoveStanding] = moves()


@strawberry.type(description="How many were reviewed in a quarter.")
class QuarterCoverage:
    asked: strawberry.Private[Asked]
    year: int
    quarter: int
    since: date
    until: date
    eligible: int
    reviewed: int
    over: bool = strawberry.field(description="Its last day has passed.")
    missing: bool = strawberry.field(description="It is over, and somebody was not reviewed; never true by rounding.")

    @strawberry.field(description="Rounded half up; null where nobody is eligible.")
    def percent(self, decimals: int = 1) -> str | None:
        return percent(self.reviewed, self.eligible, decimals_of(decimals))

    @strawberry.field(description="Those not reviewed in it.")
    async def unreviewed(
        self, first: int = DEFAULT_PAGE, after: str | None = None
    ) -> Connection[Annotated[Enterprise, strawberry.lazy("api.enterprises")]]:
        listing = Listing(self.asked.unreviewed(), OLDEST, first, after)
        await listing.found()
        return listing  # type: ignore[return-value]


@strawberry.input
class ReviewFilter:
    zone_id: strawberry.ID | None = None
    enterprise_id: strawberry.ID | None = None
    year: int | None = None
    quarter: int | None = None
    state: list[ReviewState] | None = None


@strawberry.type
class Query:
    @listing("Quarterly reviews 季度会商研判, newest first.")
    def reviews(
        self, info: Info, filter: ReviewFilter | None = None, first: int = DEFAULT_PAGE, after: str | None = None
    ) -> Connection[Review]:
        rows: Any = ReviewRow.seen_by(info.context.viewer)
        if filter:
            if filter.zone_id:
                rows = rows.filter(zone_id=key_of(filter.zone_id, ZoneRow, "zoneId"))
            if filter.enterprise_id:
                rows = rows.filter(enterprise_id=key_of(filter.enterprise_id, EnterpriseRow, "enterpriseId"))
            for column in ("year", "quarter"):
                if (wanted := getattr(filter, column)) is not None:
                    rows = rows.filter(**{column: wanted})
            if filter.state is not None:
                rows = rows.filter(state__in=set(filter.state))
        return Listing(rows, NEWEST, first, after)  # type: ignore[return-value]

    @strawberry.field(
        description="The quarters of a year, and who was reviewed in each: of a zone's enterprises, or of those in"
        " one of its libraries at the quarter's end. One counts what one oversees, a companion the own.",
        extensions=[AsOf()],
    )
    async def review_coverage(
        self, info: Info, zone_id: strawberry.ID, year: int, library_id: strawberry.ID | None = None
    ) -> list[QuarterCoverage]:
        if not 1990 <= year <= 2100:
            raise Refused(
                BAD_INPUT.about("year", problem_zh="年度不在可用范围内", problem_en="the year is out of range")
            )
        zones = await zones_under(info, zone_id)
        if zones is None:
            raise Refused(REQUIRED.about("zoneId"))
        library = None
        if library_id:
            key = key_of(library_id, LibraryRow, "libraryId")
            seen: Any = LibraryRow.seen_by(info.context.viewer).filter(id=key)
            library = await seen.using_db(reads()).first()
            if library is None:
                raise Refused(NOT_FOUND.about("libraryId"))
        today = info.context.at.astimezone(OFFICE_ZONE).date()
        quarters = [
            Asked(info.context.viewer, zones, year, quarter, library.id if library else None) for quarter in range(1, 5)
        ]
        return [await _counted(each, today) for each in quarters]


async def _counted(asked: Asked, today: date) -> QuarterCoverage:
    eligible: int = await asked.eligible().using_db(reads()).count()
    reviewed: int = await asked.reviewed().using_db(reads()).count()
    since, until = days_of(asked.year, asked.quarter)
    return QuarterCoverage(
        asked=asked, year=asked.year, quarter=asked.quarter, since=since, until=until, eligible=eligible,
        reviewed=reviewed, over=until < today, missing=until < today and reviewed < eligible,
    )
