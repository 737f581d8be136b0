"""How a case moves: collect → assign → handle → close. Dispatching and closing have files of their own."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Annotated

from domain.cases import ENDED, Case, CaseState, Category, Channel
from domain.chains import chain_of
from domain.clock import today
from domain.departments import Department
from domain.enterprises import Enterprise
from domain.numbers import next_number
from domain.people import Person
from domain.problems import Problem, ProblemState
from domain.refusals import BAD_INPUT, OTHER_ZONE, Refusal, Refused
from domain.responsibilities import ACTIVE, Responsibility
from domain.viewers import Role, Viewer
from workflows import closing, dispatching
from workflows.actors import COMPANION, CONTACT, DISPATCHER, LEADER, OWNER
from workflows.audiences import ALL_LIAISONS, CONTACTS, DISPATCHERS, ESCALATED_TO, OWNER_PERSON
from workflows.enterprises import require_companion
from workflows.flow import Flow, Move, Situation
from workflows.inputs import Reason, WithReason, Words
from workflows.perform import Step
from workflows.zones import THE_OPERATOR

S = CaseState
UNENDED = tuple(state for state in CaseState if state not in ENDED)
MOST_PROBLEMS = 100

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

Title = Annotated[str, Words("标题", "Title", 200)]
Description = Annotated[str, Words("情况说明", "Description", 20_000, empty=True)]
ContactName = Annotated[str, Words("联系人", "Contact", 100, empty=True)]
ContactPhone = Annotated[str, Words("联系电话", "Telephone", 40, empty=True)]


@dataclass
class RaiseProblem:
    description: Annotated[str, Words("问题描述", "What is wrong", 5_000)]
    category: Annotated[Category, Words("类别", "Category")] = Category.OTHER


@dataclass
class CreateCase:
    """What an enterprise asks, as first heard. Intake refuses nothing by the clock or for want of an owner (KRM-05)."""

    enterprise: Annotated[Enterprise, Words("企业", "Enterprise")]
    title: Title
    description: Description = ""
    category: Annotated[Category, Words("类别", "Category")] = Category.OTHER
    channel: Annotated[
        Channel | None, Words("来源渠道", "Channel; ONLINE when a contact raises it, else VISIT unless told")
    ] = None
    raised_on: Annotated[date | None, Words("提出日期", "Raised on")] = None
    contact_name: ContactName = ""
    contact_phone: ContactPhone = ""
    companion: Annotated[Person | None, Words("企业伴员", "Companion, where not the enterprise's own")] = None
    suggested_department: Annotated[Department | None, Words("建议责任部门", "Department suggested to lead")] = None
    problems: Annotated[list[RaiseProblem], Words("问题", "Problems")] = field(default_factory=list)


@dataclass
class ImportCase(CreateCase):
    """A row of a survey workbook; `fingerprint` is the same however often the row is read."""

    source: Annotated[str, Words("出处", "Workbook, sheet and row", 300)] = ""
    fingerprint: Annotated[str, Words("指纹", "Fingerprint", 64)] = ""


@dataclass
class EditCase:
    title: Title
    description: Description = ""
    category: Annotated[Category, Words("类别", "Category")] = Category.OTHER


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


async def collect(step: Step) -> None:
    case, given = step.record, step.input
    case.zone_id, case.enterprise_id = given.enterprise.zone_id, given.enterprise.id
    raised_on = given.raised_on or today().date()
    if raised_on > today().date():
        raise Refused(BAD_INPUT.about("raisedOn", problem_zh="提出日期在将来", problem_en="it lies in the future"))
    if given.companion:
        await require_companion(given.companion, case.zone_id)
    case.owner_id = given.companion.id if given.companion else _first_owner(step.viewer, given.enterprise)
    case.number = await next_number(case.zone_id, today().year)
    own = given.enterprise.id in step.viewer.enterprises
    case.channel = given.channel or (Channel.ONLINE if own else Channel.VISIT)
    case.raised_on, case.collected_at = raised_on, step.at
    case.contact_name, case.contact_phone = given.contact_name, given.contact_phone
    if given.suggested_department:
        if given.suggested_department.zone_id != case.zone_id:
            raise Refused(OTHER_ZONE.about("suggestedDepartmentId"))
        case.suggested_department_id = given.suggested_department.id
    await edit(step)


async def bring_in(step: Step) -> None:
    await collect(step)
    step.record.source, step.record.survey_fingerprint = step.input.source, step.input.fingerprint


def _first_owner(viewer: Viewer, enterprise: Enterprise) -> object:
    collecting = viewer.person_id if viewer.covers(Role.COMPANION, enterprise.zone_id) else None
    return enterprise.companion_id or collecting


async def raise_problems(step: Step) -> None:
    for problem in step.input.problems:
        await step.create(Problem, "raise", **vars(problem))


async def edit(step: Step) -> None:
    case, given = step.record, step.input
    case.title, case.description, case.category = given.title, given.description, given.category


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
    """What ends unsolved leaves no list open: departments are released with their measures, problems dropped."""
    case, reason = step.record, step.input.reason
    for responsibility in await Responsibility.filter(case_id=case.id, state__in=ACTIVE).order_by("id"):
        await step.perform(responsibility, "release", reason=reason)
    for problem in await Problem.filter(case_id=case.id, state=ProblemState.OPEN).order_by("id"):
        await step.perform(problem, "drop", reason=reason)


async def hand_over(step: Step) -> None:
    if step.input.companion.id == step.record.owner_id:
        raise Refused(SAME_OWNER)
    await require_companion(step.input.companion, step.record.zone_id)
    step.record.owner_id = step.input.companion.id


async def escalate(step: Step) -> None:
    """One level up the chain; a level that is vacant, or the owner's own, is passed over."""
    case = step.record
    above = [
        link
        for link in await chain_of(case.zone_id, case.enterprise_id)
        if link.level > case.escalation_level and link.person_id not in (None, case.owner_id)
    ]
    if not above:
        raise Refused(TOP_OF_CHAIN)
    case.escalation_level, case.escalated_to_id = above[0].level, above[0].person_id


def has_owner(s: Situation) -> Refusal | None:
    return None if s.record.owner_id else NO_OWNER


def has_problem(s: Situation) -> Refusal | None:
    return None if s.record.open_problems else NO_PROBLEM


CASE = Flow(
    Case,
    CaseState,
    [
        Move(
            "collect", "收集", "Collect", (), S.COLLECTED, (COMPANION, DISPATCHER, CONTACT, THE_OPERATOR),
            input=CreateCase, act=collect, then=raise_problems, mutation="createCase",
            asks=(OWNER_PERSON,),
        ),
        Move(
            "import", "导入", "Import from a survey", (), S.COLLECTED, (THE_OPERATOR,),
            input=ImportCase, act=bring_in, then=raise_problems, mutation="",
        ),
        Move("edit", "修改", "Edit", UNENDED, None, (OWNER, DISPATCHER), input=EditCase, act=edit),
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
        *dispatching.MOVES,
        *closing.MOVES,
    ],
    zh="诉求",
    en="Case",
)
