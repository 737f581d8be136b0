"""The responsibility list over GraphQL."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from api.context import Info
from api.deadlines import Deadline, deadline, light, shining
from api.moves import MoveStanding, moves
from api.nodes import Node, enum, key_of, many, node, one
from api.pages import DEFAULT_PAGE, NEWEST, Connection, Listing, listing
from domain.deadlines import Light
from domain.departments import Department as DepartmentRow
from domain.people import Person as PersonRow
from domain.responsibilities import Part, ResponsibilityState
from domain.responsibilities import Responsibility as ResponsibilityRow
from domain.sight import either

if TYPE_CHECKING:
    from api.cases import Case
    from api.departments import Department
    from api.people import Person
    from api.problems import Problem
    from api.rectifications import Rectification

enum(Part)
enum(ResponsibilityState)


@node(ResponsibilityRow)
class Responsibility(Node):
    """A row of the responsibility list 责任清单: who must act, by when."""

    version: int
    case: Annotated[Case, strawberry.lazy("api.cases")] | None = one()
    problem: Annotated[Problem, strawberry.lazy("api.problems")] | None = one()
    department: Annotated[Department, strawberry.lazy("api.departments")] | None = one()
    person: Annotated[Person, strawberry.lazy("api.people")] | None = one()
    part: Part
    state: ResponsibilityState
    designated: bool
    offered_at: datetime
    return_by: datetime
    provisional: bool
    signed_at: datetime | None
    due_at: datetime | None
    extension_due_at: datetime | None
    return_reason: str
    return_basis: str
    deadline: Deadline | None = deadline()
    light: Light | None = light()
    rectifications: list[Annotated[Rectification, strawberry.lazy("api.rectifications")]] = many()
    moves: list[MoveStanding] = moves()


@strawberry.input
class ResponsibilityFilter:
    department_id: strawberry.ID | None = None
    person_id: strawberry.ID | None = None
    state: list[ResponsibilityState] | None = None
    part: Part | None = None
    light: list[Light] | None = strawberry.field(default=None, description="As the light stands at the time of asking.")
    mine: bool | None = strawberry.field(
        default=None, description="Those of the departments the viewer is liaison of, or of the viewer in person."
    )


@strawberry.type
class Query:
    @listing("The responsibility list 责任清单 of all cases in sight, newest first.")
    def responsibilities(
        self,
        info: Info,
        filter: ResponsibilityFilter | None = None,
        first: int = DEFAULT_PAGE,
        after: str | None = None,
    ) -> Connection[Responsibility]:
        viewer = info.context.viewer
        rows: Any = ResponsibilityRow.seen_by(viewer)
        if filter:
            if filter.department_id:
                rows = rows.filter(department_id=key_of(filter.department_id, DepartmentRow, "departmentId"))
            if filter.person_id:
                rows = rows.filter(person_id=key_of(filter.person_id, PersonRow, "personId"))
            if filter.state:
                rows = rows.filter(state__in=set(filter.state))
            if filter.part:
                rows = rows.filter(part=filter.part)
            if filter.light is not None:
                rows = rows.filter(shining(filter.light, viewer, info.context.at))
            if filter.mine:
                rows = rows.filter(either(*ResponsibilityRow.of(viewer)))
        return Listing(rows, NEWEST, first, after)  # type: ignore[return-value]
