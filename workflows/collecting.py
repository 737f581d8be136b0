"""How a case is collected 收集: heard by a companion or raised online, imported from a survey, first contacted."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Annotated

from domain.cases import ENDED, CaseState, Category, Channel
from domain.clock import today
from domain.departments import Department
from domain.enterprises import Enterprise
from domain.needs import Need
from domain.numbers import next_number
from domain.people import Person
from domain.problems import Problem
from domain.refusals import BAD_INPUT, OTHER_ZONE, Refusal, Refused
from domain.viewers import Role, Viewer
from domain.visits import Visit
from workflows.actors import COMPANION, CONTACT, DISPATCHER, OWNER
from workflows.audiences import OWNER_PERSON
from workflows.enterprises import require_companion
from workflows.flow import Move, Situation
from workflows.inputs import Words
from workflows.perform import Step
from workflows.zones import THE_OPERATOR

S = CaseState
UNENDED = tuple(state for state in CaseState if state not in ENDED)
MOST_PROBLEMS = 100
OTHER_NEED = Refusal("OTHER_NEED", "该需求是另一企业的。", "That need is of another enterprise.", "needId")
OTHER_VISIT = Refusal("OTHER_VISIT", "该走访是对另一企业的。", "That visit was to another enterprise.", "visitId")
CONTACTED_ALREADY = Refusal("CONTACTED_ALREADY", "已记录首次联系。", "The first contact is on record already.")

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
    visit: Annotated[Visit | None, Words("走访", "The visit it was heard on")] = None
    need: Annotated[Need | None, Words("创新需求", "The need on the enterprise's list that it is about")] = None
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
class Contact:
    """The enterprise was spoken to for the first time (KRM-05)."""

    remark: Annotated[str, Words("联系记录", "What was said", 2_000, empty=True)] = ""

    @property
    def reason(self) -> str:
        return self.remark


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
    if given.visit:
        if given.visit.enterprise_id != case.enterprise_id:
            raise Refused(OTHER_VISIT)
        case.visit_id, case.channel = given.visit.id, given.channel or Channel.VISIT
    if given.need and given.need.enterprise_id != case.enterprise_id:
        raise Refused(OTHER_NEED)
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
    if step.input.need:
        await step.perform(step.input.need, "take_up", case=step.record)


async def edit(step: Step) -> None:
    case, given = step.record, step.input
    case.title, case.description, case.category = given.title, given.description, given.category


async def contact(step: Step) -> None:
    step.record.contacted_at = step.at


def not_contacted(s: Situation) -> Refusal | None:
    return CONTACTED_ALREADY if s.record.contacted_at else None


MOVES = [
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
        "contact", "首次联系", "Record the first contact", (S.COLLECTED,), None, (OWNER, DISPATCHER),
        guards=(not_contacted,), input=Contact, act=contact,
    ),
]
