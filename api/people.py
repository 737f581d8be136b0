"""Persons and their roles over GraphQL."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from api.context import Info
from api.moves import MoveStanding, moves
from api.nodes import Node, enum, node, one, paged
from api.notices import Inbox
from api.pages import DEFAULT_PAGE, NEWEST, OLDEST, Connection, Listing, listing
from domain.people import Membership as MembershipRow
from domain.people import MembershipState, PersonState
from domain.people import Person as PersonRow
from domain.viewers import Role

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
    person: Person | None
    language: str
    memberships: list[Membership]


@strawberry.type
class Query:
    @strawberry.field(description="Who is asking; null when nobody is signed in.")
    async def viewer(self, info: Info) -> Viewer | None:
        someone = info.context.someone
        if someone is None:
            return None
        held: Any = await MembershipRow.filter(person_id=someone.person_id, state=MembershipState.HELD).order_by("id")
        person: Any = await PersonRow.get(id=someone.person_id)
        return Viewer(person=person, language=info.context.language, memberships=held)

    @listing("Persons the viewer may look up, in the order they were entered.")
    def persons(
        self, info: Info, first: int = DEFAULT_PAGE, after: str | None = None
    ) -> Connection[Person]:
        rows: Any = PersonRow.seen_by(info.context.viewer)
        return Listing(rows, OLDEST, first, after)  # type: ignore[return-value]
