"""How visits are planned, made and recorded, alone or jointly; and how one entered in error is taken back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Annotated
from uuid import UUID

from domain.clock import now
from domain.departments import Department
from domain.people import Person, viewer_of
from domain.refusals import OTHER_ZONE, REQUIRED, Refusal, Refused
from domain.rounds import RoundState, VisitRound
from domain.viewers import STAFF, Role
from domain.visits import AttendanceState, Visit, VisitDepartment, VisitPurpose, VisitState
from domain.zones import lineage
from workflows.actors import ACCOMPANYING, DISPATCHER, ITS_LIAISON, LEADER
from workflows.audiences import COMPANION_OF, ITS_CONTACTS, ITS_LIAISONS, VISITOR_PERSON
from workflows.flow import Flow, Move, Situation, Tally, Who
from workflows.inputs import WithReason, Words
from workflows.perform import Step
from workflows.recognitions import came

S, A = VisitState, AttendanceState
ROUND_OVER = Refusal("ROUND_OVER", "该轮次已结束。", "This round is over.", "roundId")
OUTSIDE_ROUND = Refusal(
    "OUTSIDE_ROUND", "{on}不在该轮次的走访期内（{since}至{until}）。",
    "{on} is outside the round ({since} to {until}).", "visitedOn",
)
GOERS = STAFF - {Role.AUDITOR}
"""An auditor changes nothing, and goes nowhere."""
NOT_A_VISITOR = Refusal(
    "NOT_A_VISITOR", "此人在本区不任职。", "This person holds no office in this zone.", "visitorId"
)
AWAITED = Refusal(
    "AWAITED", "联合走访还有{count}个部门未到，也未说明。",
    "{count} departments of this joint visit are neither present nor excused.",
)

Purposes = Annotated[list[VisitPurpose], Words("走访目的", "Purposes")]
Findings = Annotated[str, Words("走访情况", "What was found", 20_000, empty=True)]
Result = Annotated[str, Words("现场解决", "What was solved on the spot", 5_000, empty=True)]
Joining = Annotated[list[Department], Words("联合走访部门", "Departments that join, beside those the round requires")]
VisitedOn = Annotated[date | None, Words("走访日期", "Visited on; today unless told")]


@dataclass(kw_only=True)
class Plan:
    planned_for: Annotated[date, Words("计划日期", "Planned for")]
    purposes: Purposes
    visitor: Annotated[Person | None, Words("走访人", "Who goes; oneself unless told")] = None
    round: Annotated[VisitRound | None, Words("走访轮次", "Round")] = None
    departments: Joining = field(default_factory=list)
    source: Annotated[str, Words("来源", "Source", 300, empty=True)] = ""


@dataclass(kw_only=True)
class Record:
    """A visit already made; the departments given were present."""

    purposes: Purposes
    visited_on: VisitedOn = None
    visitor: Annotated[Person | None, Words("走访人", "Who went; oneself unless told")] = None
    round: Annotated[VisitRound | None, Words("走访轮次", "Round")] = None
    departments: Annotated[list[Department], Words("到场部门", "Departments that were present")] = field(
        default_factory=list
    )
    findings: Findings = ""
    on_site_result: Result = ""
    source: Annotated[str, Words("来源", "Source", 300, empty=True)] = ""


@dataclass
class Make:
    visited_on: VisitedOn = None
    findings: Findings = ""
    on_site_result: Result = ""


@dataclass
class Amend:
    purposes: Purposes
    findings: Findings = ""
    on_site_result: Result = ""


@dataclass
class Expect:
    department: Annotated[Department, Words("部门", "Department")]


async def plan(step: Step) -> None:
    visit, given = step.record, step.input
    visit.planned_for, visit.source = given.planned_for, given.source
    await _describe(step)


async def expect_departments(step: Step) -> None:
    for department in await _joining(step):
        await step.create(VisitDepartment, "expect", within=step.subject, visit=step.record, department=department)


async def release_departments(step: Step) -> None:
    for each in await VisitDepartment.filter(visit_id=step.record.id, state=A.EXPECTED).order_by("id"):
        await step.perform(each, "release")


async def record(step: Step) -> None:
    visit, given = step.record, step.input
    visit.source = given.source
    await _describe(step)
    required = {UUID(each) for each in given.round.departments} if given.round else set()
    if absent := required - {each.id for each in given.departments}:
        raise Refused(AWAITED.about("departmentIds", count=len(absent)))
    await make(step)


async def note_present(step: Step) -> None:
    for department in step.input.departments:
        await step.create(VisitDepartment, "note", within=step.subject, visit=step.record, department=department)


async def _describe(step: Step) -> None:
    visit, given = step.record, step.input
    visitor_id = given.visitor.id if given.visitor else step.viewer.person_id
    oneself = visitor_id == step.viewer.person_id
    visitor = step.viewer if oneself else await viewer_of(visitor_id, now())
    if visit.zone_id not in visitor.zones_as(*GOERS):
        raise Refused(NOT_A_VISITOR)
    visit.visitor_id, visit.purposes = visitor_id, _codes(given.purposes)
    if given.round:
        if given.round.zone_id not in await lineage(visit.zone_id):
            raise Refused(OTHER_ZONE.about("roundId"))
        if given.round.state is RoundState.CLOSED:
            raise Refused(ROUND_OVER)
        visit.round_id = given.round.id


async def _joining(step: Step) -> list[Department]:
    """Those the round requires, then those asked beside them."""
    given = step.input
    keys = dict.fromkeys([*(map(UUID, given.round.departments) if given.round else ()), *(
        each.id for each in given.departments
    )])
    found = {each.id: each for each in await Department.filter(id__in=list(keys))}
    above = await lineage(step.record.zone_id)
    if any(each.zone_id not in above for each in found.values()):
        raise Refused(OTHER_ZONE.about("departmentIds"))
    return [found[key] for key in keys if key in found]


async def make(step: Step) -> None:
    visit, given = step.record, step.input
    visit.visited_on = given.visited_on or step.today
    came(visit.visited_on, step, "visitedOn")
    row = getattr(given, "round", None) or (await VisitRound.get(id=visit.round_id) if visit.round_id else None)
    if row and not row.since <= visit.visited_on <= row.until:
        raise Refused(OUTSIDE_ROUND.about(on=visit.visited_on, since=row.since, until=row.until))
    visit.findings, visit.on_site_result = given.findings, given.on_site_result


async def amend(step: Step) -> None:
    visit, given = step.record, step.input
    visit.purposes, visit.findings, visit.on_site_result = _codes(given.purposes), given.findings, given.on_site_result


def _codes(purposes: list[VisitPurpose]) -> list[str]:
    if not purposes:
        raise Refused(REQUIRED.about("purposes"))
    return [each.value for each in dict.fromkeys(purposes)]


def nobody_awaited(s: Situation) -> Refusal | None:
    return AWAITED.about(count=s.record.awaited) if s.record.awaited else None


@dataclass(kw_only=True)
class Joined(Expect):
    visit: Annotated[Visit, Words("走访", "Visit")]


async def join(step: Step) -> None:
    step.record.visit_id, step.record.department_id = step.input.visit.id, step.input.department.id


def _went(s: Situation) -> bool:
    return s.record.visitor_id == s.viewer.person_id and s.zone_id in s.viewer.zones_as(*GOERS)


VISITOR = Who("走访人", "whoever visits", _went)
OFFICERS = (ACCOMPANYING, VISITOR, DISPATCHER, LEADER)

VISIT = Flow(
    Visit,
    VisitState,
    [
        Move(
            "plan", "安排走访", "Plan a visit", (), S.PLANNED, OFFICERS,
            input=Plan, act=plan, then=expect_departments, asks=(VISITOR_PERSON,), tells=(COMPANION_OF, ITS_CONTACTS),
        ),
        Move(
            "record", "登记走访", "Record a visit made", (), S.MADE, OFFICERS,
            input=Record, act=record, then=note_present, tells=(VISITOR_PERSON, COMPANION_OF),
        ),
        Move(
            "make", "完成走访", "Made", (S.PLANNED,), S.MADE, OFFICERS,
            guards=(nobody_awaited,), input=Make, act=make, mutation="makeVisit", tells=(VISITOR_PERSON, COMPANION_OF),
        ),
        Move("amend", "更正", "Amend", (S.MADE,), None, OFFICERS, input=Amend, act=amend),
        Move(
            "cancel", "取消走访", "Cancel", (S.PLANNED,), S.CANCELLED, OFFICERS,
            input=WithReason, then=release_departments, tells=(VISITOR_PERSON, COMPANION_OF, ITS_CONTACTS),
        ),
        Move(
            "void", "作废", "Void", (S.MADE,), S.VOID, (DISPATCHER, LEADER, VISITOR),
            input=WithReason, tells=(VISITOR_PERSON, COMPANION_OF),
        ),
    ],
    zh="走访",
    en="Visit",
)

VISIT_DEPARTMENT = Flow(
    VisitDepartment,
    AttendanceState,
    [
        Move(
            "expect", "应到", "Expected", (), A.EXPECTED, input=Joined, act=join, asks=(ITS_LIAISONS,),
        ),
        Move("note", "记为已到", "Was present", (), A.PRESENT, input=Joined, act=join),
        Move(
            "attend", "到场", "Present", (A.EXPECTED,), A.PRESENT, (ITS_LIAISON, ACCOMPANYING, DISPATCHER, LEADER),
            mutation="attendVisit",
        ),
        Move(
            "excuse", "说明未到", "Excused", (A.EXPECTED,), A.EXCUSED, (ITS_LIAISON, ACCOMPANYING, DISPATCHER, LEADER),
            input=WithReason, mutation="excuseFromVisit",
        ),
        Move("release", "不再需要", "Not needed", (A.EXPECTED,), A.RELEASED, tells=(ITS_LIAISONS,)),
    ],
    tallies=[Tally("visit", "awaited", (A.EXPECTED,))],
    zh="联合走访部门",
    en="Department of a joint visit",
)
