"""Persons and their roles over GraphQL."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from tortoise.expressions import Q

from api.context import Info
from api.moves import MoveStanding, moves
from api.nodes import Node, enum, node, one, paged
from api.notices import Inbox
from api.pages import DEFAULT_PAGE, LARGEST_PAGE, NEWEST, OLDEST, Connection, Listing, Lookup, listing
from domain.people import Membership as MembershipRow
from domain.people import MembershipState, PersonState
from domain.people import Person as PersonRow
from domain.viewers import OPERATOR, Role

if TYPE_CHECKING:
    from api.cases import Case
    from api.departments import Department
    from api.enterprises import Enterprise
    from api.zones import Zone

enum(Role)
enum(PersonState)
enum(MembershipState)


@node(MembershipRow)
class Membership(Node):
    """A role held in a zone; seen by the person, administrators and auditors."""

    version: int
    role: Role
    state: MembershipState
    person: Annotated[Person, strawberry.lazy("api.people")] | None = one()
    zone: Annotated[Zone, strawberry.lazy("api.zones")] | None = one()
    department: Annotated[Department, strawberry.lazy("api.departments")] | None = one()
    enterprise: Annotated[Enterprise, strawberry.lazy("api.enterprises")] | None = one()
    since: datetime
    until: datetime | None
    moves: list[MoveStanding] = moves()


@node(PersonRow)
class Person(Node):
    """A person 人员: staff, an enterprise's contact, or a service account."""

    version: int
    name: str
    title: str
    state: PersonState
    zone: Annotated[Zone, strawberry.lazy("api.zones")] | None = one()
    department: Annotated[Department, strawberry.lazy("api.departments")] | None = one()
    enterprise: Annotated[Enterprise, strawberry.lazy("api.enterprises")] | None = one()
    memberships: Connection[Membership] = paged(OLDEST)
    accompanies: Connection[Annotated[Enterprise, strawberry.lazy("api.enterprises")]] = paged(OLDEST)
    owned_cases: Connection[Annotated[Case, strawberry.lazy("api.cases")]] = paged(NEWEST)
    moves: list[MoveStanding] = moves()


@strawberry.type(description="Who is asking, and what as.")
class Viewer(Inbox):
    language: str = strawberry.field(metadata={"said": lambda context: context.language})

    @listing("The one who is asking.", of_the_past=False)
    def person(self, info: Info) -> Person | None:
        return Lookup(PersonRow, Q(id=info.context.viewer.person_id), OPERATOR)  # type: ignore[return-value]

    @listing("The roles they hold.", of_the_past=False)
    def memberships(self, info: Info) -> list[Membership]:
        held = MembershipRow.filter(person_id=info.context.viewer.person_id, state=MembershipState.HELD)
        return Listing(held, OLDEST, LARGEST_PAGE)  # type: ignore[return-value]


@strawberry.type
class Query:
    @strawberry.field(description="Who is asking; null when nobody is signed in.", metadata={"parts": True})
    def viewer(self, info: Info) -> Viewer | None:
        return Viewer(language=info.context.language) if info.context.someone else None

    @listing("Persons the viewer may look up, in the order they were entered.")
    def persons(
        self, info: Info, first: int = DEFAULT_PAGE, after: str | None = None
    ) -> Connection[Person]:
        rows: Any = PersonRow.seen_by(info.context.viewer)
        return Listing(rows, OLDEST, first, after)  # type: ignore[return-value]
