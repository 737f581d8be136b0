"""How a case moves: collect → assign → handle → close. Each has a file of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from domain.cases import ENDED, Case, CaseState
from domain.chains import ChainLink, chain_of
from domain.people import Person
from domain.problems import Problem, ProblemState
from domain.refusals import Refusal, Refused
from domain.responsibilities import ACTIVE, Responsibility
from domain.supervisions import OPEN, Supervision
from workflows import closing, collecting, dispatching
from workflows.actors import CONTACT, DISPATCHER, LEADER, OWNER
from workflows.audiences import ALL_LIAISONS, CONTACTS, DISPATCHERS, ESCALATED_TO, LEADERS, OWNER_PERSON
from workflows.collecting import UNENDED, ContactName, ContactPhone
from workflows.deadlines import CLOCK_ALARMS, clock_moves, past_due
from workflows.enterprises import require_companion
from workflows.erasure import Erase, blank, forget
from workflows.flow import THE_CLOCK, Alarm, Flow, Move, Situation
from workflows.inputs import Reason, WithReason, Words
from workflows.perform import Step
from workflows.zones import THE_OPERATOR

S = CaseState
NO_OWNER = Refusal("NO_OWNER", "尚未确定企业伴员。", "No companion owns this case yet; hand it over to one first.")
NO_PROBLEM = Refusal("NO_PROBLEM", "问题清单是空的。", "The problem list is empty.")
NOT_ITSELF = Refusal("NOT_ITSELF", "不能并入自身。", "A case cannot be merged into itself.", "intoId")
OTHER_ENTERPRISE = Refusal(
    "OTHER_ENTERPRISE", "只能并入同一企业的在办诉求。", "Merge only into an open case of the same enterprise.", "intoId"
)
SAME_OWNER = Refusal("SAME_OWNER", "此人已是本件企业伴员。", "This person owns the case already.", "companionId")
TOP_OF_CHAIN = Refusal(
    "TOP_OF_CHAIN", "责任链已到最高层，或上级尚未设人。", "There is nobody further up the chain of responsibility."
)


@dataclass
class Decline:
    reason: Reason
    basis: Annotated[str, Words("依据", "Legal or other basis", 500)]


@dataclass
class Merge:
    into: Annotated[Case, Words("并入", "Into")]
    reason: Reason


@dataclass
class Absorb:
    reason: Reason
    contact_name: ContactName = ""
    contact_phone: ContactPhone = ""


@dataclass
class HandOver:
    companion: Annotated[Person, Words("企业伴员", "New companion")]
    reason: Reason


async def end(step: Step) -> None:
    step.record.ended_because = step.input.reason
    step.record.ended_basis = getattr(step.input, "basis", "")


async def merge(step: Step) -> None:
    into = step.input.into
    if into.id == step.record.id:
        raise Refused(NOT_ITSELF)
    if into.enterprise_id != step.record.enterprise_id or into.state in ENDED:
        raise Refused(OTHER_ENTERPRISE)
    step.record.merged_into_id = into.id
    await end(step)


async def carry_over(step: Step) -> None:
    """The problems still open go on in the other case, whose history says where they came from."""
    into, case = step.input.into, step.record
    await step.perform(
        into, "absorb", reason=f"{case.number}：{step.input.reason}"[:2000],
        contact_name=case.contact_name, contact_phone=case.contact_phone,
    )
    for problem in await Problem.filter(case_id=case.id, state=ProblemState.OPEN).order_by("id"):
        await step.create(
            Problem, "raise", within=into, description=problem.description, category=problem.category
        )
    await let_go(step)


async def absorb(step: Step) -> None:
    """Whom to call stays known; a contact the case has already is kept."""
    case, given = step.record, step.input
    if not case.contact_name and not case.contact_phone:
        case.contact_name, case.contact_phone = given.contact_name, given.contact_phone


async def let_go(step: Step) -> None:
    """What ends unsolved leaves nothing open: departments are released with their measures, problems dropped, and no
    answer is demanded any more."""
    case, reason = step.record, step.input.reason
    for responsibility in await Responsibility.filter(case_id=case.id, state__in=ACTIVE).order_by("id"):
        await step.perform(responsibility, "release", reason=reason)
    for problem in await Problem.filter(case_id=case.id, state=ProblemState.OPEN).order_by("id"):
        await step.perform(problem, "drop", reason=reason)
    for supervision in await Supervision.filter(case_id=case.id, state__in=OPEN).order_by("id"):
        await step.perform(supervision, "lift", reason=reason)


async def hand_over(step: Step) -> None:
    if step.input.companion.id == step.record.owner_id:
        raise Refused(SAME_OWNER)
    await require_companion(step.input.companion, step.record.zone_id)
    step.record.owner_id = step.input.companion.id


async def escalate(step: Step) -> None:
    """One level up the chain; a level that is vacant, or the owner's own, is passed over."""
    case = step.record
    above = await _above(case)
    if not above:
        raise Refused(TOP_OF_CHAIN)
    case.escalation_level, case.escalated_to_id = above[0].level, above[0].person_id


async def escalate_overdue(step: Step) -> None:
    """Up, and after the same time up again, for as long as somebody is above."""
    case, later = step.record, step.rules["escalate_after"]
    await escalate(step)
    case.escalate_at = step.calendar.after(step.at, later).at if later and await _above(case) else None


async def _above(case: Case) -> list[ChainLink]:
    return [
        link
        for link in await chain_of(case.zone_id, case.enterprise_id)
        if link.level > case.escalation_level and link.person_id not in (None, case.owner_id)
    ]


def has_owner(s: Situation) -> Refusal | None:
    return None if s.record.owner_id else NO_OWNER


def has_problem(s: Situation) -> Refusal | None:
    return None if s.record.open_problems else NO_PROBLEM


CASE = Flow(
    Case,
    CaseState,
    [
        *collecting.MOVES,
        Move(
            "submit", "提交分办", "Submit for assignment", (S.COLLECTED,), S.ASSIGNING, (OWNER, DISPATCHER),
            guards=(has_owner, has_problem), bulk=True,
            asks=(DISPATCHERS,), tells=(OWNER_PERSON, CONTACTS),
        ),
        *closing.ON_SITE,
        Move(
            "decline", "不予受理", "Decline", (S.COLLECTED, S.ASSIGNING), S.DECLINED, (DISPATCHER, LEADER),
            input=Decline, act=end, then=let_go, bulk=True,
            tells=(OWNER_PERSON, CONTACTS),
        ),
        Move(
            "withdraw", "撤回", "Withdraw", (S.COLLECTED, S.ASSIGNING, S.HANDLING), S.WITHDRAWN, (CONTACT, OWNER),
            input=WithReason, act=end, then=let_go, bulk=True,
            tells=(OWNER_PERSON, CONTACTS, DISPATCHERS),
        ),
        Move(
            "merge", "并案", "Merge into another", (S.COLLECTED, S.ASSIGNING), S.MERGED, (DISPATCHER,),
            input=Merge, act=merge, then=carry_over,
            tells=(OWNER_PERSON, CONTACTS),
        ),
        Move(
            "absorb", "并入他案", "Take on a merged case", UNENDED, None, input=Absorb, act=absorb,
            tells=(OWNER_PERSON, ALL_LIAISONS),
        ),
        Move(
            "hand_over", "移交", "Hand over", UNENDED, None, (OWNER, DISPATCHER, LEADER),
            input=HandOver, act=hand_over, bulk=True,
            asks=(OWNER_PERSON,), tells=(CONTACTS,),
        ),
        Move(
            "escalate", "上报", "Escalate", UNENDED, None, (OWNER, DISPATCHER),
            input=WithReason, act=escalate, bulk=True,
            asks=(ESCALATED_TO,), tells=(OWNER_PERSON,),
        ),
        Move(
            "escalate_overdue", "逾期上报", "Escalated when overdue", UNENDED, None, (THE_CLOCK,),
            guards=(past_due,), act=escalate_overdue, mutation="",
            asks=(ESCALATED_TO,), tells=(OWNER_PERSON, DISPATCHERS),
        ),
        *clock_moves(UNENDED, near=(OWNER_PERSON,), over=(OWNER_PERSON, DISPATCHERS, LEADERS)),
        Move(
            "erase_contact", "删除联系人信息", "Erase the contact", tuple(S), None, (LEADER, THE_OPERATOR),
            input=Erase, act=blank, then=forget, mutation="eraseContact",
        ),
        *dispatching.MOVES,
        *closing.MOVES,
    ],
    alarms=[*CLOCK_ALARMS, Alarm("escalate_at", "escalate_overdue")],
    limits={
        S.COLLECTED: lambda case: None if case.contacted_at else "first_contact",
        S.ASSIGNING: lambda case: None if case.lead_responsibilities else "dispatch",
        S.HANDLING: dispatching.handling_limit,
        S.PAUSED: dispatching.handling_limit,
        S.CHECKING: lambda case: None if case.satisfaction else "call_back",
    },
    zh="诉求",
    en="Case",
)
