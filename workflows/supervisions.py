"""How a supervision 督办 moves: ordered, answered in time, accepted or sent back; lifted when it is needed no more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from domain.deadlines import AGREED
from domain.departments import Department
from domain.people import Person
from domain.refusals import NOT_OF_THIS_CASE, REQUIRED, Refused
from domain.responsibilities import ACTIVE, Responsibility, ResponsibilityState
from domain.supervisions import OPEN, Supervision, SupervisionState
from domain.viewers import Role
from workflows.actors import DISPATCHER, ITS_LIAISON, LEADER, OWNER
from workflows.audiences import OWNER_PERSON, Audience, Seat
from workflows.deadlines import CLOCK_ALARMS, agree, clock_moves
from workflows.flow import Flow, Held, Move, Situation, Tally, Who
from workflows.inputs import Reason, WithReason, Words
from workflows.perform import Step
from workflows.problems import case_goes_on
from workflows.timing import end

S = SupervisionState
ASKED_OF = (*ACTIVE, ResponsibilityState.DONE)


@dataclass
class Supervise:
    """Demand an answer of a department asked in the case, or of the companion or another person at work on it."""

    demand: Annotated[str, Words("督办要求", "What is demanded", 2_000)]
    department: Annotated[Department | None, Words("被督办部门", "Department")] = None
    person: Annotated[Person | None, Words("被督办人", "Person")] = None
    due_on: Annotated[date | None, Words("回复期限", "Due on, to the end of that day; else by the zone's limit")] = None


@dataclass
class Reply:
    answer: Annotated[str, Words("回复", "Answer", 5_000)]


@dataclass
class SendBack:
    reason: Reason
    due_on: Annotated[date | None, Words("回复期限", "Due on, to the end of that day; else by the zone's limit")] = None


async def order(step: Step) -> None:
    supervision, given = step.record, step.input
    await _require_at_work(step, given.department, given.person)
    supervision.demand, supervision.supervisor_id = given.demand, step.viewer.person_id
    supervision.department_id = given.department.id if given.department else None
    supervision.person_id = given.person.id if given.person else None
    await _due(step)


async def answer(step: Step) -> None:
    step.record.answer = step.input.answer


async def send_back(step: Step) -> None:
    step.record.sent_back += 1
    end(step.record)
    await _due(step)


async def _due(step: Step) -> None:
    if step.input.due_on:
        await agree(step, step.input.due_on)


async def _require_at_work(step: Step, department: Department | None, person: Person | None) -> None:
    """Only who works on the case can read what is demanded, and answer it."""
    if department is None and person is None:
        raise Refused(REQUIRED.about("departmentId"))
    case = step.subject
    asked = await Responsibility.filter(case_id=case.id, state__in=ASKED_OF).values("department_id", "person_id")
    if department and department.id not in {each["department_id"] for each in asked}:
        raise Refused(NOT_OF_THIS_CASE.about("departmentId"))
    if person and person.id not in {case.owner_id, *(each["person_id"] for each in asked)}:
        raise Refused(NOT_OF_THIS_CASE.about("personId"))


def _named(s: Situation) -> bool:
    return s.record.person_id == s.viewer.person_id and s.zone_id in s.viewer.staff_zones


def _owns_it(s: Situation) -> bool:
    return s.record.department_id is None and OWNER.holds(s)


NAMED = Who("被督办人", "the person supervised", _named)
# Who takes a case over takes over what is asked of its companion.
NO_DEPARTMENT = Who("未指明部门时本件企业伴员", "the case's companion, where no department is named", _owns_it)
SUPERVISED = Audience(
    "被督办的部门和人员", "whoever is supervised",
    lambda record, case: Seat(person_id=record.person_id)
    if record.person_id else Seat(Role.LIAISON, department_id=record.department_id),
)
ITS_DEPARTMENT = Audience(
    "被督办部门联络员", "the liaisons of the department supervised",
    lambda record, case: Seat(Role.LIAISON, department_id=record.department_id) if record.department_id else None,
)
SUPERVISOR = Audience("督办人", "whoever supervises", lambda record, case: Seat(person_id=record.supervisor_id))

SUPERVISION = Flow(
    Supervision,
    SupervisionState,
    [
        Move(
            "order", "督办", "Demand an answer", (), S.DEMANDED, (LEADER, DISPATCHER),
            guards=(case_goes_on,), input=Supervise, act=order, mutation="superviseCase",
            asks=(SUPERVISED,), tells=(ITS_DEPARTMENT, OWNER_PERSON),
        ),
        Move(
            "answer", "回复", "Answer", (S.DEMANDED,), S.ANSWERED, (NAMED, ITS_LIAISON, NO_DEPARTMENT),
            input=Reply, act=answer, asks=(SUPERVISOR,), tells=(OWNER_PERSON,),
        ),
        Move(
            "accept", "认可", "Accept the answer", (S.ANSWERED,), S.ACCEPTED, (LEADER, DISPATCHER),
            bulk=True, tells=(SUPERVISED, ITS_DEPARTMENT, OWNER_PERSON),
        ),
        Move(
            "send_back", "退回重报", "Send the answer back", (S.ANSWERED,), S.DEMANDED, (LEADER, DISPATCHER),
            input=SendBack, act=send_back, mutation="sendBackSupervision",
            asks=(SUPERVISED,), tells=(ITS_DEPARTMENT, OWNER_PERSON),
        ),
        Move(
            "lift", "撤销督办", "Lift", OPEN, S.LIFTED, (LEADER, DISPATCHER),
            input=WithReason, tells=(SUPERVISED, ITS_DEPARTMENT, OWNER_PERSON),
        ),
        *clock_moves((S.DEMANDED,), near=(SUPERVISED,), over=(ITS_DEPARTMENT, SUPERVISOR)),
    ],
    tallies=[Tally("case", "open_supervisions", OPEN)],
    limits={
        S.DEMANDED: lambda supervision: Held.AGREED if supervision.limit_name == AGREED else "supervision_answer",
        S.ANSWERED: Held.KEPT,
        S.ACCEPTED: Held.KEPT,
    },
    alarms=CLOCK_ALARMS,
    zh="督办",
    en="Supervision",
)
