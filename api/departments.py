"""Departments over GraphQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from api.context import Info
from api.moves import MoveStanding, moves
from api.nodes import Node, node, one, paged
from api.pages import DEFAULT_PAGE, NEWEST, Connection, Listing, Order, listing
from domain.departments import Department as DepartmentRow

if TYPE_CHECKING:
    from api.people import Person
    from api.responsibilities import Responsibility
    from api.zones import Zone


@node(DepartmentRow)
class Department(Node):
    """A department 部门 of a zone."""

    version: int
    zone: Annotated[Zone, strawberry.lazy("api.zones")] | None = one()
    name: str
    aliases: list[str]
    is_fallback: bool
    persons: Connection[Annotated[Person, strawberry.lazy("api.people")]] = paged(Order("id"))
    responsibilities: Connection[Annotated[Responsibility, strawberry.lazy("api.responsibilities")]] = paged(NEWEST)
    moves: list[MoveStanding] = moves()


@strawberry.type
class Query:
    @listing("Departments by name.")
    def departments(
        self, info: Info, first: int = DEFAULT_PAGE, after: str | None = None
    ) -> Connection[Department]:
        rows: Any = DepartmentRow.seen_by(info.context.viewer)
        return Listing(rows, Order("name"), first, after)  # type: ignore[return-value]
