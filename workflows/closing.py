"""How a case is handled to its end: reported, paused, checked, called back, closed, reopened; or solved on the spot."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from domain.cases import CaseState, Satisfaction
from domain.clock import OFFICE_ZONE
from domain.departments import Department
from domain.people import Person
from domain.problems import Problem, ProblemState
from domain.rectifications import Rectification, RectificationState
from domain.refusals import BAD_INPUT, NOT_OF_THIS_CASE, REQUIRED, Refusal, Refused
from domain.responsibilities import ACTIVE, Responsibility
from workflows.actors import CONTACT, DISPATCHER, LEADER, OWNER
from workflows.audiences import ALL_LIAISONS, CONTACTS, DISPATCHERS, OWNER_PERSON
from workflows.deadlines import Extended, StandStill, extend, go_on, stand_still
from workflows.flow import Move, Situation
from workflows.inputs import Reason, WithReason, Words
from workflows.perform import Step

S = CaseState
NOT_SUBMITTED = Refusal(
    "NOT_SUBMITTED", "还有{count}项整改措施未提交。", "{count} rectifications are not submitted yet."
)
LISTS_OPEN = Refusal(
    "LISTS_OPEN",
    "三清未完成：问题{problems}项、责任{responsibilities}项、整改{rectifications}项未销。",
    "The lists are not clear: {problems} problems, {responsibilities} responsibilities and {rectifications} "
    "rectifications are open.",
)
SUPERVISED_STILL = Refusal(
    "SUPERVISED_STILL", "还有{count}项督办未办结。", "{count} supervisions are still open."
)
NOT_CALLED_BACK = Refusal(
    "NOT_CALLED_BACK", "尚未回访：须有评价，或至少{limit}次未接通的记录。",
    "Not called back yet: it takes a rating, or {limit} recorded attempts.",
)
REOPEN_LAPSED = Refusal(
    "REOPEN_LAPSED", "重办期限已过（{until}）。", "The time to reopen has passed ({until})."
)
ONE_PROBLEM = Refusal(
    "ONE_PROBLEM", "现场解决限于单个问题，现有{count}个未解决。",
    "Solving on site is for one problem; {count} are open."
)
DISPATCHED = Refusal(
    "DISPATCHED", "已分办给部门，不能再按现场解决处理。",
    "Departments have been asked already; it is not solved on site."
)

Result = Annotated[str, Words("处理结果", "Result", 5_000)]


@dataclass
class SolveOnSite:
    """What a visit solved on the spot (HB-02): one problem, one result, and still three lists."""

    result: Result
    satisfaction: Annotated[Satisfaction, Words("满意度", "What the enterprise said")]
    department: Annotated[Department | None, Words("部门", "Department, where not the companion's own")] = None


@dataclass
class SendBack:
    reason: Reason
    rectifications: Annotated[list[Rectification], Words("退回的措施", "Those sent back; all submitted when empty")] = (
        field(default_factory=list)
    )


@dataclass
class CallBack:
    """An attempt to hear whether the enterprise is satisfied: with its rating, or without when nobody was reached."""

    satisfaction: Annotated[Satisfaction | None, Words("满意度", "Rating; empty when not reached")] = None
    remark: Annotated[str, Words("回访记录", "What was said", 2_000, empty=True)] = ""

    @property
    def reason(self) -> str:
        return self.remark


@dataclass
class Reopen:
    reason: Reason
    problems: Annotated[list[Problem], Words("问题", "Problems to take up again")]


async def solve_on_site(step: Step) -> None:
    """The three lists are written in one go, before the case closes."""
    case, given = step.record, step.input
    owner = await Person.get(id=case.owner_id).select_related("department")
    department = given.department or owner.department
    if department is None:
        raise Refused(REQUIRED.about("departmentId"))
    if given.department and given.department.zone_id != case.zone_id:
        raise Refused(BAD_INPUT.about("departmentId", problem_zh="部门不在本区", problem_en="it is of another zone"))
    problem = await Problem.get(case_id=case.id, state=ProblemState.OPEN)
    responsibility = await step.create(
        Responsibility, "take", department=department, person=owner, problem=problem
    )
    await step.create(
        Rectification, "record", responsibility=responsibility, measure=given.result, result=given.result
    )
    await step.perform(problem, "solve", resolution=given.result)
    case.satisfaction = given.satisfaction
    await close(step)


async def pause(step: Step) -> None:
    """Every clock of the case stands still, for the same cause."""
    for duty in await _running(step):
        await step.perform(duty, "pause", reason=step.input.reason, cause=step.input.cause)
    step.record.paused_at = step.at
    await stand_still(step)


async def resume(step: Step) -> None:
    for duty in await _running(step):
        await step.perform(duty, "resume", reason=step.input.reason)
    await go_on(step)
    step.record.paused_at = None


async def _running(step: Step) -> list[Responsibility]:
    return await Responsibility.filter(case_id=step.record.id, state__in=ACTIVE).order_by("id")


async def send_back(step: Step) -> None:
    submitted = await Rectification.filter(case_id=step.record.id, state=RectificationState.SUBMITTED).order_by("id")
    chosen = {each.id for each in step.input.rectifications}
    if chosen - {each.id for each in submitted}:
        raise Refused(NOT_OF_THIS_CASE.about("rectificationIds"))
    for rectification in submitted:
        if not chosen or rectification.id in chosen:
            await step.perform(rectification, "send_back", reason=step.input.reason)


async def ask_again(step: Step) -> None:
    """What the enterprise said of the work before does not speak for the work done over."""
    step.record.satisfaction, step.record.call_back_attempts = None, 0


async def call_back(step: Step) -> None:
    step.record.call_back_attempts += 1
    step.record.satisfaction = step.input.satisfaction or step.record.satisfaction


async def close(step: Step) -> None:
    step.record.closed_at = step.at
    step.record.reopen_until = step.calendar.after(step.at, step.rules["reopen_window"]).latest


async def reopen(step: Step) -> None:
    case = step.record
    if any(problem.case_id != case.id or problem.state is not ProblemState.CLEARED for problem in step.input.problems):
        raise Refused(NOT_OF_THIS_CASE.about("problemIds"))
    case.closed_at = case.reopen_until = case.satisfaction = None
    case.call_back_attempts = 0
    case.reopened += 1


async def take_up_again(step: Step) -> None:
    for problem in step.input.problems:
        await step.perform(problem, "reopen", reason=step.input.reason)


def one_problem(s: Situation) -> Refusal | None:
    count = s.record.open_problems
    return None if count == 1 else ONE_PROBLEM.about(count=count)


def not_dispatched(s: Situation) -> Refusal | None:
    return DISPATCHED if s.record.open_responsibilities else None


def all_submitted(s: Situation) -> Refusal | None:
    count = s.record.unsubmitted_rectifications
    return NOT_SUBMITTED.about(count=count) if count else None


def lists_clear(s: Situation) -> Refusal | None:
    case = s.record
    if not (case.open_problems or case.open_responsibilities or case.open_rectifications):
        return None
    return LISTS_OPEN.about(
        problems=case.open_problems, responsibilities=case.open_responsibilities,
        rectifications=case.open_rectifications,
    )


def supervised_no_more(s: Situation) -> Refusal | None:
    count = s.record.open_supervisions
    return SUPERVISED_STILL.about(count=count) if count else None


def called_back(s: Situation) -> Refusal | None:
    limit = s.rules["call_back_attempts"]
    if s.record.satisfaction or s.record.call_back_attempts >= limit:
        return None
    return NOT_CALLED_BACK.about(limit=limit)


def within_the_window(s: Situation) -> Refusal | None:
    until = s.record.reopen_until
    return REOPEN_LAPSED.about(until=until.astimezone(OFFICE_ZONE).date()) if until and s.at > until else None


ON_SITE = [
    Move(
        "solve_on_site", "现场解决", "Solve on site", (S.COLLECTED, S.ASSIGNING), S.CLOSED, (OWNER,),
        guards=(one_problem, not_dispatched, supervised_no_more), input=SolveOnSite, act=solve_on_site,
        mutation="solveCaseOnSite", tells=(CONTACTS,),
    ),
]
MOVES = [
    Move(
        "report", "报结", "Report done", (S.HANDLING,), S.CHECKING, (OWNER, DISPATCHER),
        guards=(all_submitted,), bulk=True,
        asks=(OWNER_PERSON,), tells=(CONTACTS,),
    ),
    Move(
        "pause", "挂起", "Pause", (S.HANDLING,), S.PAUSED, (DISPATCHER, LEADER),
        input=StandStill, act=pause, bulk=True,
        tells=(OWNER_PERSON, CONTACTS, ALL_LIAISONS),
    ),
    Move("extend", "延期", "Extended with its lead", (S.HANDLING, S.PAUSED), None, input=Extended, act=extend),
    Move(
        "resume", "恢复", "Resume", (S.PAUSED,), S.HANDLING, (OWNER, DISPATCHER, LEADER),
        input=WithReason, act=resume, bulk=True,
        tells=(OWNER_PERSON, CONTACTS, ALL_LIAISONS),
    ),
    Move(
        "send_back", "退回整改", "Send back", (S.CHECKING,), S.HANDLING, (OWNER, DISPATCHER),
        input=SendBack, act=ask_again, then=send_back,
        tells=(OWNER_PERSON,),
    ),
    Move(
        "call_back", "回访", "Call back", (S.CHECKING,), None, (OWNER, DISPATCHER), input=CallBack, act=call_back,
        tells=(OWNER_PERSON, CONTACTS),
    ),
    Move(
        "close", "销号", "Close", (S.CHECKING,), S.CLOSED, (OWNER, DISPATCHER),
        guards=(lists_clear, supervised_no_more, called_back), act=close, bulk=True,
        tells=(OWNER_PERSON, CONTACTS, ALL_LIAISONS),
    ),
    Move(
        "reopen", "重办", "Reopen", (S.CLOSED,), S.ASSIGNING, (CONTACT, OWNER, DISPATCHER, LEADER),
        guards=(within_the_window,), input=Reopen, act=reopen, then=take_up_again,
        asks=(DISPATCHERS,), tells=(OWNER_PERSON, CONTACTS),
    ),
]
