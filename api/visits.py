"""Visits over GraphQL, and what they ask of an enterprise."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from api.context import Info
from api.moves import MoveStanding, moves
from api.nodes import Node, computed, enum, key_of, many, node, one, paged
from api.pages import DEFAULT_PAGE, NEWEST, Connection, Listing, listing
from domain.cases import Case as CaseRow
from domain.cases import CaseState
from domain.database import reads
from domain.enterprises import Enterprise as EnterpriseRow
from domain.people import Person as PersonRow
from domain.refusals import BAD_INPUT, Refused
from domain.rounds import VisitRound as VisitRoundRow
from domain.visits import AttendanceState, VisitPurpose, VisitState
from domain.visits import Visit as VisitRow
from domain.visits import VisitDepartment as VisitDepartmentRow
from domain.zones import Zone as ZoneRow

if TYPE_CHECKING:
    from api.cases import Case
    from api.departments import Department
    from api.enterprises import Enterprise
    from api.people import Person
    from api.rounds import VisitRound
    from api.zones import Zone

for words in (VisitState, VisitPurpose, AttendanceState):
    enum(words)


@node(VisitDepartmentRow)
class VisitDepartment(Node):
    """A department of a joint visit."""

    version: int
    visit: Annotated[Visit, strawberry.lazy("api.visits")] | None = one()
    department: Annotated[Department, strawberry.lazy("api.departments")] | None = one()
    state: AttendanceState
    moves: list[MoveStanding] = moves()


@node(VisitRow)
class Visit(Node):
    """A visit 走访 to an enterprise, planned or made."""

    version: int
    zone: Annotated[Zone, strawberry.lazy("api.zones")] | None = one()
    enterprise: Annotated[Enterprise, strawberry.lazy("api.enterprises")] | None = one()
    round: Annotated[VisitRound, strawberry.lazy("api.rounds")] | None = one()
    visitor: Annotated[Person, strawberry.lazy("api.people")] | None = one()
    state: VisitState
    planned_for: date | None
    visited_on: date | None
    purposes: list[VisitPurpose] = computed(lambda row: [VisitPurpose.of(each) for each in row.purposes], "purposes")
    findings: str
    on_site_result: str = strawberry.field(description="What was solved on the spot 现场解决.")
    source: str
    departments: list[VisitDepartment] = many()
    cases: Connection[Annotated[Case, strawberry.lazy("api.cases")]] = paged(NEWEST)
    moves: list[MoveStanding] = moves()


@strawberry.type(description="How often one purpose was pursued.")
class PurposeCount:
    purpose: VisitPurpose
    count: int


@strawberry.type(description="What visits asked of an enterprise and what came of them, of what is in sight.")
class VisitBurden:
    visits: int
    officers: int = strawberry.field(description="Different persons who came.")
    departments: int = strawberry.field(description="Different departments that joined.")
    solved_on_site: int
    cases_raised: int
    cases_closed: int
    last_visited_on: date | None
    by_purpose: list[PurposeCount]


async def burden(info: Info, enterprise_id: Any, since: date | None, until: date | None) -> VisitBurden:
    """Of visits made on the days `since` through `until`."""
    if since and until and since > until:
        raise Refused(BAD_INPUT.about("until", problem_zh="早于起始日", problem_en="the period ends before it begins"))
    viewer = info.context.viewer
    made: Any = VisitRow.seen_by(viewer).filter(enterprise_id=enterprise_id, state=VisitState.MADE)
    made = made.filter(visited_on__gte=since) if since else made
    made = made.filter(visited_on__lte=until) if until else made
    visits = await made.using_db(reads())
    keys = [each.id for each in visits]
    joined: Any = VisitDepartmentRow.seen_by(viewer).filter(visit_id__in=keys, state=AttendanceState.PRESENT)
    raised: Any = CaseRow.seen_by(viewer).filter(visit_id__in=keys)
    states = await raised.using_db(reads()).values_list("state", flat=True)
    purposes = Counter(VisitPurpose.of(code) for each in visits for code in each.purposes)
    return VisitBurden(
        visits=len(visits),
        officers=len({each.visitor_id for each in visits}),
        departments=len(set(await joined.using_db(reads()).values_list("department_id", flat=True))),
        solved_on_site=sum(bool(each.on_site_result) for each in visits),
        cases_raised=len(states), cases_closed=states.count(CaseState.CLOSED),
        last_visited_on=max((each.visited_on for each in visits if each.visited_on), default=None),
        by_purpose=[PurposeCount(purpose=each, count=purposes[each]) for each in VisitPurpose if purposes[each]],
    )


@strawberry.input
class VisitFilter:
    zone_id: strawberry.ID | None = None
    enterprise_id: strawberry.ID | None = None
    round_id: strawberry.ID | None = None
    visitor_id: strawberry.ID | None = None
    state: list[VisitState] | None = None
    visited_from: date | None = None
    visited_until: date | None = strawberry.field(default=None, description="That day included.")


@strawberry.type
class Query:
    @listing("Visits 走访, newest first.")
    def visits(
        self, info: Info, filter: VisitFilter | None = None, first: int = DEFAULT_PAGE, after: str | None = None
    ) -> Connection[Visit]:
        rows: Any = VisitRow.seen_by(info.context.viewer)
        if filter:
            if filter.zone_id:
                rows = rows.filter(zone_id=key_of(filter.zone_id, ZoneRow, "zoneId"))
            if filter.enterprise_id:
                rows = rows.filter(enterprise_id=key_of(filter.enterprise_id, EnterpriseRow, "enterpriseId"))
            if filter.round_id:
                rows = rows.filter(round_id=key_of(filter.round_id, VisitRoundRow, "roundId"))
            if filter.visitor_id:
                rows = rows.filter(visitor_id=key_of(filter.visitor_id, PersonRow, "visitorId"))
            if filter.state is not None:
                rows = rows.filter(state__in=set(filter.state))
            if filter.visited_from:
                rows = rows.filter(visited_on__gte=filter.visited_from)
            if filter.visited_until:
                rows = rows.filter(visited_on__lte=filter.visited_until)
        return Listing(rows, NEWEST, first, after)  # type: ignore[return-value]
