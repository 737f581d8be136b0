"""How a case is dispatched 分办: offered, designated after too many returns, begun once all is fixed 三定."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from domain.cases import Case, CaseState
from domain.chains import chain_of
from domain.departments import Department
from domain.problems import Problem, ProblemState
from domain.refusals import BAD_INPUT, Refusal, Refused
from domain.responsibilities import ACTIVE, Part, Responsibility
from workflows.actors import DISPATCHER, LEADER
from workflows.audiences import ALL_LIAISONS, CONTACTS, OWNER_PERSON
from workflows.flow import Move, Situation
from workflows.inputs import Reason, Words
from workflows.perform import Step

S = CaseState
MUST_DESIGNATE = Refusal(
    "MUST_DESIGNATE", "已被退回{returns}次，须由分办机构指定。", "Returned {returns} times: now the office designates."
)
NOT_YET_DESIGNATED = Refusal(
    "NOT_YET_DESIGNATED", "退回满{limit}次后方可指定，现为{returns}次。",
    "The office designates after {limit} returns; there are {returns}.",
)
TWO_LEADS = Refusal(
    "TWO_LEADS", "一次只能有一个主办部门，其余请定为协办。",
    "Only one department leads; offer to the others as joint.", "offers",
)
LEAD_TAKEN = Refusal("LEAD_TAKEN", "已有主办部门。", "A department leads already.", "offers")
ALREADY_OFFERED = Refusal(
    "ALREADY_OFFERED", "“{name}”已在责任清单中。", "“{name}” is on the responsibility list already.", "offers"
)
NO_LEAD = Refusal("NO_LEAD", "责任清单中尚无主办部门。", "No department leads yet.")
NOT_FIXED = Refusal(
    "NOT_FIXED", "还有{count}个部门未三定（时间、人员、措施）。",
    "{count} departments have not fixed time, person and measure.",
)
CHAIN_VACANT = Refusal(
    "CHAIN_VACANT", "责任链有空缺：{titles}。", "The chain of responsibility is vacant at: {titles}."
)
OTHER_CASE = Refusal("OTHER_CASE", "该问题属于另一件诉求。", "This problem belongs to another case.", "problemId")

PROBLEM_DONE = Refusal("PROBLEM_DONE", "该问题已销号或不再办理。", "This problem is not open any more.", "problemId")


@dataclass
class Offer:
    """One department asked to act, for one problem or for the whole case."""

    department: Annotated[Department, Words("部门", "Department")]
    part: Annotated[Part, Words("办理方式", "Lead or joint; leads unless told")] = Part.LEAD
    problem: Annotated[Problem | None, Words("问题", "Problem")] = None


@dataclass
class Dispatch:
    offers: Annotated[list[Offer], Words("分办", "Offers")]


@dataclass
class Designate:
    department: Annotated[Department, Words("部门", "Department")]
    reason: Reason
    part: Annotated[Part, Words("办理方式", "Lead or joint; leads unless told")] = Part.LEAD
    problem: Annotated[Problem | None, Words("问题", "Problem")] = None


async def offer_all(step: Step) -> None:
    offers = step.input.offers
    if sum(offer.part is Part.LEAD for offer in offers) > 1:
        raise Refused(TWO_LEADS)
    named = [(offer.department.id, offer.problem and offer.problem.id) for offer in offers]
    for index, offer in enumerate(offers):
        if named[index] in named[:index]:
            raise Refused(ALREADY_OFFERED.about(name=offer.department.name))
        await _offer(step, offer, designated=False)


async def designate(step: Step) -> None:
    await _offer(step, step.input, designated=True)


async def _offer(step: Step, offer: Offer | Designate, *, designated: bool) -> None:
    case, department, problem_id = step.subject, offer.department, offer.problem and offer.problem.id
    if department.zone_id != case.zone_id:
        raise Refused(BAD_INPUT.about("departmentId", problem_zh="部门不在本区", problem_en="it is of another zone"))
    if offer.problem and offer.problem.case_id != case.id:
        raise Refused(OTHER_CASE)
    if offer.problem and offer.problem.state is not ProblemState.OPEN:
        raise Refused(PROBLEM_DONE)
    if offer.part is Part.LEAD and case.lead_responsibilities:
        raise Refused(LEAD_TAKEN)
    same = Responsibility.filter(case_id=case.id, department_id=department.id, state__in=ACTIVE)
    if await same.filter(problem_id=problem_id).exists():
        raise Refused(ALREADY_OFFERED.about(name=department.name))
    await step.create(
        Responsibility, "offer", department=department, part=offer.part, problem=offer.problem, designated=designated
    )


def handling_limit(case: Case) -> tuple[str, str]:
    """How long a case may be handled: by its category, where the zone tells them apart."""
    return f"handle_{case.category.value}", "handle"


async def chain_gaps(case: Case, rules: Mapping[str, Any]) -> list[str]:
    """Levels without a person, where the zone allows no handling until all are filled (Ganzhou's 1+1+1, GZ-05)."""
    if not rules["chain_required"]:
        return []
    chain = await chain_of(case.zone_id, case.enterprise_id)
    return [link.title for link in chain if not link.person_id] if chain else ["—"]


async def require_chain(step: Step) -> None:
    if gaps := await chain_gaps(step.record, step.rules):
        raise Refused(CHAIN_VACANT.about(titles="、".join(gaps)))


def not_returned_too_often(s: Situation) -> Refusal | None:
    limit = s.rules["designate_after_returns"]
    return MUST_DESIGNATE.about(returns=s.record.returns) if s.record.returns >= limit else None


def returned_often_enough(s: Situation) -> Refusal | None:
    limit, returns = s.rules["designate_after_returns"], s.record.returns
    return NOT_YET_DESIGNATED.about(limit=limit, returns=returns) if returns < limit else None


def all_fixed(s: Situation) -> Refusal | None:
    if not s.record.lead_responsibilities:
        return NO_LEAD
    unfixed = s.record.unfixed_responsibilities
    return NOT_FIXED.about(count=unfixed) if unfixed else None


MOVES = [
    Move(
        "dispatch", "分办", "Dispatch", (S.ASSIGNING,), None, (DISPATCHER,),
        guards=(not_returned_too_often,), input=Dispatch, then=offer_all, bulk=True,
        tells=(OWNER_PERSON,),
    ),
    Move(
        "designate", "指定", "Designate", (S.ASSIGNING,), None, (DISPATCHER, LEADER),
        guards=(returned_often_enough,), input=Designate, then=designate,
        tells=(OWNER_PERSON,),
    ),
    Move(
        "begin", "开始办理", "Begin handling", (S.ASSIGNING,), S.HANDLING, (DISPATCHER,),
        guards=(all_fixed,), act=require_chain,
        tells=(OWNER_PERSON, CONTACTS, ALL_LIAISONS),
    ),
]
