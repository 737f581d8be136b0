"""Posts over GraphQL, and how complete they are on a day."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from api.context import Info, one_loader
from api.filters import decimals_of, zones_under
from api.moves import MoveStanding, moves
from api.nodes import Node, enum, key_of, node, one, paged
from api.pages import DEFAULT_PAGE, NEWEST, OLDEST, AsOf, Connection, Listing, listing, page_size
from domain import posts
from domain.clock import OFFICE_ZONE
from domain.pass_rates import percent
from domain.posts import Post as PostRow
from domain.posts import PostState, on_day, staffing_on
from domain.zones import Zone as ZoneRow

if TYPE_CHECKING:
    from api.assignments import Assignment
    from api.zones import Zone

enum(PostState)


@node(PostRow)
class Post(Node):
    """A post 岗位 that a unit must have, whoever holds it."""

    version: int
    zone: Annotated[Zone, strawberry.lazy("api.zones")] | None = one()
    unit: str
    title: str
    since: date
    ends_on: date | None
    state: PostState
    source: str
    assignments: Connection[Annotated[Assignment, strawberry.lazy("api.assignments")]] = paged(OLDEST)
    moves: list[MoveStanding] = moves()


@strawberry.type(description="Posts of one title.")
class TitleStaffing:
    title: str
    total: int
    filled: int


@strawberry.type(description="How complete posts are on a day: filled of total.")
class Staffing:
    found: strawberry.Private[posts.Staffing]

    @strawberry.field
    def total(self) -> int:
        return self.found.total

    @strawberry.field
    def filled(self) -> int:
        return self.found.filled

    @strawberry.field(description="Filled of total, rounded half up; null where there is no post.")
    def percent(self, decimals: int = 1) -> str | None:
        return percent(self.found.filled, self.found.total, decimals_of(decimals))

    @strawberry.field
    def by_title(self) -> list[TitleStaffing]:
        return [TitleStaffing(title=title, total=n, filled=held) for title, (n, held) in self.found.titles.items()]

    @strawberry.field(description="Those that nobody holds, by title and unit.")
    async def vacancies(self, info: Info, first: int = DEFAULT_PAGE) -> list[Post]:
        loader = one_loader(info.context, PostRow)
        return [row for key in self.found.vacant[: page_size(first)] if (row := await loader.load((key,)))]


@strawberry.input
class PostFilter:
    zone_id: strawberry.ID | None = None
    unit: str | None = None
    title: str | None = None
    on: date | None = strawberry.field(default=None, description="Those that there are on that day.")


@strawberry.type
class Query:
    @listing("Posts 岗位, newest first.")
    def posts(
        self, info: Info, filter: PostFilter | None = None, first: int = DEFAULT_PAGE, after: str | None = None
    ) -> Connection[Post]:
        rows: Any = PostRow.seen_by(info.context.viewer)
        if filter:
            if filter.zone_id:
                rows = rows.filter(zone_id=key_of(filter.zone_id, ZoneRow, "zoneId"))
            if filter.unit:
                rows = rows.filter(unit=filter.unit)
            if filter.title:
                rows = rows.filter(title=filter.title)
            if filter.on:
                rows = rows.filter(on_day(filter.on))
        return Listing(rows, NEWEST, first, after)  # type: ignore[return-value]

    @strawberry.field(
        description="How complete the posts of a zone and those below are on a day, of zones one works in.",
        extensions=[AsOf()],
    )
    async def staffing(self, info: Info, zone_id: strawberry.ID, on: date | None = None) -> Staffing:
        viewer, zones = info.context.viewer, await zones_under(info, zone_id) or ()
        seen = [each for each in zones if viewer.sees_everything or each in viewer.staff_zones]
        day = on or info.context.at.astimezone(OFFICE_ZONE).date()
        return Staffing(found=await staffing_on(seen, day))
