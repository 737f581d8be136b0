"""Supervisions over GraphQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from api.context import Info
from api.deadlines import Deadline, deadline, light, shining
from api.moves import MoveStanding, moves
from api.nodes import Node, enum, key_of, node, one
from api.pages import DEFAULT_PAGE, NEWEST, Connection, Listing, listing
from domain.deadlines import Light
from domain.departments import Department as DepartmentRow
from domain.supervisions import Supervision as SupervisionRow
from domain.supervisions import SupervisionState

if TYPE_CHECKING:
    from api.cases import Case
    from api.departments import Department
    from api.people import Person

enum(SupervisionState)


@node(SupervisionRow)
class Supervision(Node):
    """A demand 督办 for an answer about a case, by a leader or in the zone's name."""

    version: int
    case: Annotated[Case, strawberry.lazy("api.cases")] | None = one()
    department: Annotated[Department, strawberry.lazy("api.departments")] | None = one()
    person: Annotated[Person, strawberry.lazy("api.people")] | None = one()
    supervisor: Annotated[Person, strawberry.lazy("api.people")] | None = one()
    state: SupervisionState
    demand: str
    answer: str
    sent_back: int
    deadline: Deadline | None = deadline()
    light: Light | None = light()
    moves: list[MoveStanding] = moves()


@strawberry.input
class SupervisionFilter:
    department_id: strawberry.ID | None = None
    state: list[SupervisionState] | None = None
    light: list[Light] | None = strawberry.field(default=None, description="As the light stands at the time of asking.")
    mine: bool | None = strawberry.field(
        default=None, description="Those to be answered by the viewer, or by a department the viewer is liaison of."
    )


@strawberry.type
class Query:
    @listing("The ledger of supervisions 督办台账 over all cases in sight, newest first.")
    def supervisions(
        self,
        info: Info,
        filter: SupervisionFilter | None = None,
        first: int = DEFAULT_PAGE,
        after: str | None = None,
    ) -> Connection[Supervision]:
        viewer = info.context.viewer
        rows: Any = SupervisionRow.seen_by(viewer)
        if filter:
            if filter.department_id:
                rows = rows.filter(department_id=key_of(filter.department_id, DepartmentRow, "departmentId"))
            if filter.state:
                rows = rows.filter(state__in=set(filter.state))
            if filter.light is not None:
                rows = rows.filter(shining(filter.light, viewer, info.context.at))
            if filter.mine:
                rows = rows.filter(SupervisionRow.asked_of(viewer))
        return Listing(rows, NEWEST, first, after)  # type: ignore[return-value]
