"""Assignments over GraphQL."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from api.context import Info
from api.moves import MoveStanding, moves
from api.nodes import Node, enum, key_of, node, one
from api.pages import DEFAULT_PAGE, NEWEST, Connection, Listing, listing
from domain.assignments import Assignment as AssignmentRow
from domain.assignments import AssignmentState
from domain.people import Person as PersonRow
from domain.posts import Post as PostRow
from domain.posts import on_day
from domain.teams import Team as TeamRow
from domain.zones import Zone as ZoneRow

if TYPE_CHECKING:
    from api.people import Person
    from api.posts import Post
    from api.teams import Team
    from api.zones import Zone

enum(AssignmentState)


@node(AssignmentRow)
class Assignment(Node):
    """A person in a team, in a post, as mentor of a pupil, or answering for a county or an industry 任用."""

    version: int
    zone: Annotated[Zone, strawberry.lazy("api.zones")] | None = one()
    person: Annotated[Person, strawberry.lazy("api.people")] | None = one()
    team: Annotated[Team, strawberry.lazy("api.teams")] | None = one()
    post: Annotated[Post, strawberry.lazy("api.posts")] | None = one()
    pupil: Annotated[Person, strawberry.lazy("api.people")] | None = one()
    county: str | None
    industry: str | None
    title: str
    since: date
    ends_on: date | None = strawberry.field(description="The first day it holds no more.")
    state: AssignmentState
    source: str
    moves: list[MoveStanding] = moves()


@strawberry.input
class AssignmentFilter:
    zone_id: strawberry.ID | None = None
    person_id: strawberry.ID | None = None
    team_id: strawberry.ID | None = None
    post_id: strawberry.ID | None = None
    pupil_id: strawberry.ID | None = None
    county: str | None = None
    industry: str | None = None
    on: date | None = strawberry.field(default=None, description="Those that hold on that day.")


KEYS = (
    ("zone_id", ZoneRow, "zoneId"), ("person_id", PersonRow, "personId"), ("team_id", TeamRow, "teamId"),
    ("post_id", PostRow, "postId"), ("pupil_id", PersonRow, "pupilId"),
)


@strawberry.type
class Query:
    @listing("Assignments 任用, newest first.")
    def assignments(
        self, info: Info, filter: AssignmentFilter | None = None, first: int = DEFAULT_PAGE, after: str | None = None
    ) -> Connection[Assignment]:
        rows: Any = AssignmentRow.seen_by(info.context.viewer)
        if filter:
            for column, model, field in KEYS:
                if given := getattr(filter, column):
                    rows = rows.filter(**{column: key_of(given, model, field)})
            for column in ("county", "industry"):
                if given := getattr(filter, column):
                    rows = rows.filter(**{column: given})
            if filter.on:
                rows = rows.filter(on_day(filter.on))
        return Listing(rows, NEWEST, first, after)  # type: ignore[return-value]
