"""Cases over GraphQL: the register, the board and one case in full."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from tortoise.expressions import Q, Subquery
from tortoise.functions import Count

from api.context import Info
from api.counts import Found, Numbers, counted
from api.deadlines import Deadline, deadline, light, shining
from api.filters import matching
from api.history import Entry, history
from api.moves import MoveStanding, moves
from api.nodes import Node, computed, enum, key_of, many, node, one, paged
from api.pages import DEFAULT_PAGE, NEWEST, OLDEST, Connection, Listing, Lookup, Order, listing
from domain import clock
from domain.cases import STAGES, CaseState, Category, Channel, Satisfaction, Stage
from domain.cases import Case as CaseRow
from domain.database import reads
from domain.deadlines import Light
from domain.departments import Department as DepartmentRow
from domain.enterprises import Enterprise as EnterpriseRow
from domain.history import Entry as EntryRow
from domain.people import Person as PersonRow
from domain.responsibilities import ACTIVE
from domain.responsibilities import Responsibility as ResponsibilityRow
from domain.tasks import tasks_of
from domain.viewers import Viewer
from domain.words import Word
from domain.zones import Zone as ZoneRow
from workflows.inputs import Words, read_text

if TYPE_CHECKING:
    from api.attachments import Attachment
    from api.consultations import Consultation
    from api.departments import Department
    from api.enterprises import Enterprise
    from api.figures import Exclusion
    from api.outcomes import Outcome
    from api.people import Person
    from api.problems import Problem
    from api.rectifications import Rectification
    from api.responsibilities import Responsibility
    from api.supervisions import Supervision
    from api.visits import Visit
    from api.zones import Zone

for words in (Stage, CaseState, Category, Channel, Satisfaction):
    enum(words)


@node(CaseRow)
class Case(Node):
    """One request 诉求 of one enterprise, with its three lists, its companion and its history."""

    version: int
    number: str
    zone: Annotated[Zone, strawberry.lazy("api.zones")] | None = one()
    enterprise: Annotated[Enterprise, strawberry.lazy("api.enterprises")] | None = one()
    owner: Annotated[Person, strawberry.lazy("api.people")] | None = one()
    state: CaseState
    stage: Stage = computed(lambda row: STAGES[row.state], "state", description="The column of the board.")
    title: str
    description: str
    category: Category
    channel: Channel
    contact_name: str
    contact_phone: str
    raised_on: date
    collected_at: datetime
    contacted_at: datetime | None = strawberry.field(description="When the enterprise was first spoken to.")
    closed_at: datetime | None
    reopen_until: datetime | None
    reopened: int
    paused_at: datetime | None
    escalation_level: int
    escalated_to: Annotated[Person, strawberry.lazy("api.people")] | None = one()
    visit: Annotated[Visit, strawberry.lazy("api.visits")] | None = one()
    outcomes: Connection[Annotated[Outcome, strawberry.lazy("api.outcomes")]] = paged(NEWEST)
    merged_into: Case | None = one()
    ended_because: str = strawberry.field(description="Why it was declined, withdrawn or merged.")
    ended_basis: str = strawberry.field(description="The legal or other basis it was declined on.")
    suggested_department: Annotated[Department, strawberry.lazy("api.departments")] | None = one()
    source: str
    satisfaction: Satisfaction | None
    call_back_attempts: int
    open_problems: int
    open_responsibilities: int
    open_rectifications: int
    open_supervisions: int
    problems: list[Annotated[Problem, strawberry.lazy("api.problems")]] = many()
    responsibilities: list[Annotated[Responsibility, strawberry.lazy("api.responsibilities")]] = many()
    rectifications: list[Annotated[Rectification, strawberry.lazy("api.rectifications")]] = many()
    consultations: list[Annotated[Consultation, strawberry.lazy("api.consultations")]] = many()
    supervisions: list[Annotated[Supervision, strawberry.lazy("api.supervisions")]] = many()
    exclusions: list[Annotated[Exclusion, strawberry.lazy("api.figures")]] = many()
    attachments: list[Annotated[Attachment, strawberry.lazy("api.attachments")]] = many()
    merged: Connection[Case] = paged(OLDEST)
    deadline: Deadline | None = deadline()
    light: Light | None = light()
    history: Connection[Entry] = history()
    latest_entry: Entry | None = one(EntryRow, subject_id="id", sequence="sequence")
    moves: list[MoveStanding] = moves()


NUMBER = Words("编号", "Number", 40)


@strawberry.input(description="What a board or a register is narrowed by; what is left out does not narrow.")
class CaseFilter:
    zone_id: strawberry.ID | None = None
    stage: list[Stage] | None = None
    state: list[CaseState] | None = None
    owner_id: strawberry.ID | None = None
    department_id: strawberry.ID | None = strawberry.field(
        default=None, description="Cases this department has an offered, signed or fixed responsibility in."
    )
    enterprise_id: strawberry.ID | None = None
    category: list[Category] | None = None
    channel: list[Channel] | None = None
    number: str | None = strawberry.field(default=None, description="A number, or the beginning of one.")
    text: str | None = strawberry.field(default=None, description="A part of title or description.")
    raised_from: date | None = None
    raised_until: date | None = strawberry.field(default=None, description="That day included.")
    reopened: bool | None = None
    light: list[Light] | None = strawberry.field(default=None, description="As the light stands at the time of asking.")
    mine: bool = strawberry.field(
        default=False,
        description="My tasks 我的待办: cases I own, that were escalated to me, in which my department or I have a "
        "duty or an answer to give, or in which an answer I demanded waits for me.",
    )


class CaseOrder(Word):
    """How a register is sorted."""

    NEWEST = "newest", "最新收集在前", "Newest first"
    OLDEST = "oldest", "最早收集在前", "Oldest first"
    RAISED_LATEST = "raised_latest", "提出日期由近及远", "Raised latest first"
    RAISED_EARLIEST = "raised_earliest", "提出日期由远及近", "Raised earliest first"
    NUMBER = "number", "按编号", "By number"


enum(CaseOrder)


ORDERS = {
    CaseOrder.NEWEST: NEWEST,
    CaseOrder.OLDEST: OLDEST,
    CaseOrder.RAISED_LATEST: Order("raised_on", descending=True, kind=date),
    CaseOrder.RAISED_EARLIEST: Order("raised_on", kind=date),
    CaseOrder.NUMBER: Order("number"),
}


@strawberry.type
class StageCount:
    stage: Stage
    count: int


@strawberry.type
class StateCount:
    state: CaseState
    count: int


@strawberry.type
class LightCount:
    light: Light
    count: int


@strawberry.type
class CategoryCount:
    category: Category
    count: int


@strawberry.type
class DepartmentCount:
    department: Annotated[Department, strawberry.lazy("api.departments")]
    count: int


def _stages(found: Found) -> list[StageCount]:
    counts = dict.fromkeys(Stage, 0)
    for row in found[0]:
        counts[STAGES[CaseState.of(row["state"])]] += row["n"]
    return [StageCount(stage=stage, count=count) for stage, count in counts.items()]


def _states(found: Found) -> list[StateCount]:
    counts = {row["state"]: row["n"] for row in found[0]}
    return [StateCount(state=state, count=counts.get(state.value, 0)) for state in CaseState]


def _lights(found: Found) -> list[LightCount]:
    return [LightCount(light=each, count=rows[0]["n"]) for each, rows in zip(Light, found, strict=True)]


def _categories(found: Found) -> list[CategoryCount]:
    counts = {row["category"]: row["n"] for row in found[0]}
    return [CategoryCount(category=each, count=counts.get(each.value, 0)) for each in Category]


@strawberry.type(description="A board's numbers, over the cases in sight that match the filter.")
class CaseCounts(Numbers):
    total: int = counted(lambda cases: [cases.all()], lambda found: found[0][0]["n"])
    stages: list[StageCount] = counted(lambda cases: [cases.by("state")], _stages)
    states: list[StateCount] = counted(lambda cases: [cases.by("state")], _states)
    lights: list[LightCount] = counted(
        lambda cases: [cases.all(shining([each], cases.viewer, cases.at)) for each in Light], _lights,
        "Cases without a running deadline have no light.",
    )
    categories: list[CategoryCount] = counted(lambda cases: [cases.by("category")], _categories)

    @strawberry.field(description="By department with an active responsibility; a case counts once for each.")
    async def departments(self, info: Info) -> list[DepartmentCount]:
        cases = Subquery(self.rows.values("id"))
        rows: Any = ResponsibilityRow.filter(case_id__in=cases, state__in=ACTIVE)
        counted = await rows.annotate(n=Count("case_id", distinct=True)).group_by("department_id").using_db(
            reads()
        ).values("department_id", "n")
        counts = {row["department_id"]: row["n"] for row in counted}
        seen: Any = DepartmentRow.seen_by(info.context.viewer).filter(id__in=list(counts)).order_by("name")
        return [DepartmentCount(department=each, count=counts[each.id]) for each in await seen.using_db(reads())]


@strawberry.type
class Query:
    @listing("The register 诉求台账: cases in sight, filtered, sorted, page by page.")
    def cases(
        self,
        info: Info,
        filter: CaseFilter | None = None,
        order_by: CaseOrder = CaseOrder.NEWEST,
        first: int = DEFAULT_PAGE,
        after: str | None = None,
    ) -> Connection[Case]:
        rows = narrowed(info.context.viewer, filter, info.context.at)
        return Listing(rows, ORDERS[order_by], first, after)  # type: ignore[return-value]

    @listing("One case, by id or by number; null when there is none in sight.")
    def case(self, info: Info, id: strawberry.ID | None = None, number: str | None = None) -> Case | None:
        wanted = Q(id=key_of(id, CaseRow, "id")) if id else Q(number=read_text(number or "-", NUMBER, "number"))
        return Lookup(CaseRow, wanted, info.context.viewer)  # type: ignore[return-value]

    @listing("The numbers of a board 看板 in one request.")
    def case_counts(self, info: Info, filter: CaseFilter | None = None) -> CaseCounts:
        viewer, at = info.context.viewer, info.context.at
        return CaseCounts(rows=narrowed(viewer, filter, at), viewer=viewer, at=at)


def narrowed(viewer: Viewer, filter: CaseFilter | None, at: datetime | None = None) -> Any:
    """The cases in sight that a filter lets through, their lights as at an instant, or now. Raises `Refused` for an id
    of another kind."""
    rows: Any = CaseRow.seen_by(viewer)
    if filter is None:
        return rows
    rows = rows.filter(matching(filter.text, "title", "description"))
    keys = (("zone_id", ZoneRow), ("owner_id", PersonRow), ("enterprise_id", EnterpriseRow))
    for column, kind in keys:
        if (given := getattr(filter, column)) is not None:
            rows = rows.filter(**{column: key_of(given, kind, f"filter.{column.removesuffix('_id')}Id")})
    if filter.stage is not None:
        chosen_stages = set(filter.stage)
        rows = rows.filter(state__in=[state for state, stage in STAGES.items() if stage in chosen_stages])
    for column in ("state", "category", "channel"):
        if (chosen := getattr(filter, column)) is not None:
            rows = rows.filter(**{f"{column}__in": set(chosen)})
    if filter.department_id is not None:
        department = key_of(filter.department_id, DepartmentRow, "filter.departmentId")
        asked = ResponsibilityRow.filter(department_id=department, state__in=ACTIVE).values("case_id")
        rows = rows.filter(id__in=Subquery(asked))
    if filter.number:
        rows = rows.filter(matching(filter.number, "number") & Q(number__istartswith=filter.number.strip()))
    if filter.raised_from:
        rows = rows.filter(raised_on__gte=filter.raised_from)
    if filter.raised_until:
        rows = rows.filter(raised_on__lte=filter.raised_until)
    if filter.light is not None:
        rows = rows.filter(shining(filter.light, viewer, at or clock.now()))
    if filter.mine:
        rows = rows.filter(tasks_of(viewer))
    if filter.reopened is not None:
        rows = rows.filter(reopened__gt=0) if filter.reopened else rows.filter(reopened=0)
    return rows
