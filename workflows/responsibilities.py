"""How a responsibility moves: offered, signed for, fixed 三定, done; or returned in time, or released."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from domain.cases import ENDED, CaseState
from domain.clock import OFFICE_ZONE
from domain.deadlines import granted_in, spans_of
from domain.departments import Department
from domain.people import Person, PersonState
from domain.problems import Problem
from domain.rectifications import OPEN, Rectification
from domain.refusals import Refusal, Refused
from domain.responsibilities import ACTIVE, Part, Responsibility, ResponsibilityState
from workflows.actors import DISPATCHER, ITS_LIAISON, LEADER
from workflows.audiences import DISPATCHERS, ITS_LIAISONS, LEADERS, OWNER_PERSON, RESPONSIBLE
from workflows.deadlines import (
    CLOCK_ALARMS,
    AskExtension,
    StandStill,
    agree,
    ask_extension,
    asked,
    clock_moves,
    go_on,
    grant_extension,
    in_time_to_ask,
    refuse_extension,
    stand_still,
)
from workflows.dispatching import chain_gaps, handling_limit
from workflows.flow import THE_CLOCK, Alarm, Flow, Held, Move, Situation, Tally, Window
from workflows.inputs import Reason, WithReason, Words
from workflows.perform import Step

S = ResponsibilityState
UNDER_WAY = (CaseState.HANDLING, CaseState.PAUSED)
WINDOW_PASSED = Refusal(
    "WINDOW_PASSED", "退回期限已过（{until}），视同签收。",
    "The time to return it has passed ({until}); it counts as signed."
)
WINDOW_OPEN = Refusal("WINDOW_OPEN", "退回期限未到（{until}）。", "The time to return it runs until {until}.")
DESIGNATED = Refusal("DESIGNATED", "指定办理的不能退回。", "What the office designated cannot be returned.")
FALLBACK = Refusal("FALLBACK", "兜底部门不能退回。", "The fallback department returns nothing.")
NOT_ASSIGNING = Refusal("NOT_ASSIGNING", "诉求不在分办阶段。", "The case is not being assigned.")
NOT_A_COLLEAGUE = Refusal(
    "NOT_A_COLLEAGUE", "责任人须是本部门在用人员。",
    "The person must be an active member of the department.", "personId"
)
UNVERIFIED = Refusal("UNVERIFIED", "还有{count}项措施未核验。", "{count} measures are not verified yet.")


@dataclass
class Offer:
    department: Annotated[Department, Words("部门", "Department")]
    part: Annotated[Part, Words("办理方式", "Lead or joint")]
    problem: Annotated[Problem | None, Words("问题", "Problem")] = None
    designated: Annotated[bool, Words("指定", "Designated")] = False


@dataclass
class Take:
    department: Annotated[Department, Words("部门", "Department")]
    person: Annotated[Person, Words("责任人", "Person")]
    problem: Annotated[Problem, Words("问题", "Problem")]


@dataclass
class Return:
    reason: Reason
    basis: Annotated[str, Words("依据", "Legal or other basis", 500)]


@dataclass
class Fix:
    """三定 (GL-09): the time, the person, and one measure or more."""

    person: Annotated[Person, Words("责任人", "Person")]
    due_on: Annotated[date, Words("办理时限", "Due on, to the end of that day")]
    measures: Annotated[list[str], Words("整改措施", "Measures", 2_000)]


@dataclass
class ReassignPerson:
    person: Annotated[Person, Words("责任人", "Person")]
    reason: Reason


async def offer(step: Step) -> None:
    duty, given = step.record, step.input
    duty.department_id, duty.part = given.department.id, given.part
    duty.problem_id = given.problem.id if given.problem else None
    duty.designated = given.designated
    duty.returnable = not (given.designated or given.department.is_fallback)
    duty.offered_at, duty.return_by = step.at, step.calendar.after(step.at, step.rules["return_window"]).at


async def take(step: Step) -> None:
    duty, given = step.record, step.input
    duty.department_id, duty.person_id, duty.problem_id = given.department.id, given.person.id, given.problem.id
    duty.part, duty.returnable = Part.LEAD, False
    duty.offered_at = duty.return_by = duty.signed_at = duty.due_at = step.at


async def sign(step: Step) -> None:
    step.record.signed_at = step.at


async def give_back(step: Step) -> None:
    step.record.return_reason, step.record.return_basis = step.input.reason, step.input.basis


async def fix(step: Step) -> None:
    duty, given = step.record, step.input
    _require_colleague(given.person, duty)
    duty.person_id = given.person.id
    joint = ("joint_answer",) if duty.part is Part.JOINT else ()
    await agree(step, given.due_on, *joint, *handling_limit(step.subject))


async def plan_measures(step: Step) -> None:
    """The measures, and with the last responsibility fixed the case begins, unless its chain has a gap."""
    for measure in step.input.measures:
        await step.create(Rectification, "plan", responsibility=step.record, measure=measure)
    case = step.subject
    if case.lead_responsibilities and not case.unfixed_responsibilities and not await chain_gaps(case, step.rules):
        await step.perform(case, "begin")


async def reassign_person(step: Step) -> None:
    _require_colleague(step.input.person, step.record)
    step.record.person_id = step.input.person.id


async def extend_case(step: Step) -> None:
    """Who leads answers for the whole: the case's own deadline is never earlier than the lead's."""
    case, duty = step.subject, step.record
    if duty.part is Part.LEAD and case.due_at and case.due_at < duty.due_at and case.state in UNDER_WAY:
        granted = granted_in(spans_of(duty))[-1]
        await step.perform(case, "extend", due_on=_day(duty.due_at), reason=granted.reason or "—")


async def cancel_measures(step: Step) -> None:
    left = Rectification.filter(responsibility_id=step.record.id, state__in=OPEN)
    for rectification in await left.order_by("id"):
        await step.perform(rectification, "cancel", reason=step.input.reason)


def _require_colleague(person: Person, duty: Responsibility) -> None:
    if person.department_id != duty.department_id or person.state is not PersonState.ACTIVE:
        raise Refused(NOT_A_COLLEAGUE)


def _day(at: datetime) -> date:
    return at.astimezone(OFFICE_ZONE).date()


def returnable(s: Situation) -> Refusal | None:
    duty = s.record
    if not duty.returnable:
        return DESIGNATED if duty.designated else FALLBACK
    return WINDOW_PASSED.about(until=_day(duty.return_by)) if s.at > duty.return_by else None


def window_passed(s: Situation) -> Refusal | None:
    return None if s.at > s.record.return_by else WINDOW_OPEN.about(until=_day(s.record.return_by))


def assigning_or_over(s: Situation) -> Refusal | None:
    return None if s.subject.state in (CaseState.ASSIGNING, *ENDED) else NOT_ASSIGNING


def all_verified(s: Situation) -> Refusal | None:
    count = s.record.open_rectifications
    return UNVERIFIED.about(count=count) if count else None


RESPONSIBILITY = Flow(
    Responsibility,
    ResponsibilityState,
    [
        Move("offer", "分办", "Offered", (), S.OFFERED, input=Offer, act=offer, asks=(ITS_LIAISONS,)),
        Move("take", "现场受理", "Taken on site", (), S.DONE, input=Take, act=take),
        Move(
            "sign", "签收", "Sign for", (S.OFFERED,), S.SIGNED, (ITS_LIAISON,),
            act=sign, bulk=True, tells=(OWNER_PERSON,),
        ),
        Move(
            "sign_by_lapse", "逾期视同签收", "Signed by lapse", (S.OFFERED,), S.SIGNED, (THE_CLOCK,),
            guards=(window_passed,), act=sign, mutation="", asks=(ITS_LIAISONS,), tells=(OWNER_PERSON,),
        ),
        Move(
            "return", "退回", "Return", (S.OFFERED, S.SIGNED), S.RETURNED, (ITS_LIAISON,),
            guards=(returnable,), input=Return, act=give_back, asks=(DISPATCHERS,), tells=(OWNER_PERSON,),
        ),
        Move(
            "fix", "三定", "Fix time, person and measure", (S.SIGNED,), S.FIXED, (ITS_LIAISON,),
            input=Fix, act=fix, then=plan_measures, asks=(RESPONSIBLE,), tells=(OWNER_PERSON,),
        ),
        Move(
            "reassign_person", "调整责任人", "Change the person", (S.FIXED,), None, (ITS_LIAISON, DISPATCHER),
            input=ReassignPerson, act=reassign_person, mutation="reassignResponsibility",
            asks=(RESPONSIBLE,), tells=(OWNER_PERSON, ITS_LIAISONS),
        ),
        Move(
            "ask_extension", "申请延期", "Ask for an extension", (S.FIXED,), None, (ITS_LIAISON,),
            guards=(in_time_to_ask,), input=AskExtension, act=ask_extension, mutation="askExtension",
            asks=(DISPATCHERS,), tells=(LEADERS, OWNER_PERSON),
        ),
        Move(
            "grant_extension", "同意延期", "Grant the extension", (S.FIXED,), None, (DISPATCHER, LEADER),
            guards=(asked,), act=grant_extension, then=extend_case, mutation="grantExtension", bulk=True,
            tells=(ITS_LIAISONS, RESPONSIBLE, OWNER_PERSON),
        ),
        Move(
            "refuse_extension", "不同意延期", "Refuse the extension", (S.FIXED,), None, (DISPATCHER, LEADER),
            guards=(asked,), input=WithReason, act=refuse_extension, mutation="refuseExtension", bulk=True,
            tells=(ITS_LIAISONS, RESPONSIBLE, OWNER_PERSON),
        ),
        Move(
            "finish", "办结", "Finished", (S.FIXED,), S.DONE,
            guards=(all_verified,), act=refuse_extension, tells=(ITS_LIAISONS, RESPONSIBLE),
        ),
        *clock_moves(
            ACTIVE, near=(ITS_LIAISONS, RESPONSIBLE), over=(ITS_LIAISONS, RESPONSIBLE, OWNER_PERSON, DISPATCHERS),
        ),
        Move("pause", "停表", "Clock stopped", ACTIVE, None, input=StandStill, act=stand_still),
        Move("resume", "续计", "Clock goes on", ACTIVE, None, input=WithReason, act=go_on, tells=(RESPONSIBLE,)),
        Move(
            "release", "解除", "Release", (S.OFFERED, S.SIGNED, S.FIXED), S.RELEASED, (DISPATCHER,),
            guards=(assigning_or_over,), input=WithReason, act=cancel_measures, bulk=True,
            tells=(ITS_LIAISONS, RESPONSIBLE),
        ),
    ],
    tallies=[
        Tally("case", "open_responsibilities", ACTIVE),
        Tally("case", "unfixed_responsibilities", (S.OFFERED, S.SIGNED)),
        Tally("case", "lead_responsibilities", ACTIVE, lambda duty: duty.part is Part.LEAD),
        Tally("case", "whole_responsibilities", ACTIVE, lambda duty: duty.problem_id is None),
        Tally("case", "returns", (S.RETURNED,)),
        Tally("problem", "open_responsibilities", ACTIVE),
    ],
    limits={S.OFFERED: "sign", S.SIGNED: "fix", S.FIXED: Held.AGREED, S.DONE: Held.KEPT},
    alarms=[Alarm("return_by", "sign_by_lapse"), *CLOCK_ALARMS],
    windows=[Window("return_by", "offered_at", "return_window", (S.OFFERED, S.SIGNED))],
    zh="责任",
    en="Responsibility",
)
