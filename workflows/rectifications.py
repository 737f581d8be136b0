"""How a rectification moves: planned, carried out, submitted with evidence, verified or sent back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from domain.cases import CaseState
from domain.rectifications import OPEN, Rectification, RectificationState
from domain.refusals import Refusal, Refused
from domain.responsibilities import Responsibility, ResponsibilityState
from workflows.actors import DISPATCHER, ITS_LIAISON, OWNER
from workflows.audiences import ITS_LIAISONS, OWNER_PERSON
from workflows.flow import Flow, Move, Situation, Tally
from workflows.inputs import WithReason, Words
from workflows.perform import Step
from workflows.problems import being_checked

S = RectificationState
NOT_HANDLING = Refusal("NOT_HANDLING", "诉求不在办理中。", "The case is not being handled.")
NOT_FIXED_YET = Refusal("NOT_FIXED_YET", "责任尚未三定。", "The responsibility is not fixed yet.", "responsibilityId")
TOO_LITTLE_EVIDENCE = Refusal(
    "TOO_LITTLE_EVIDENCE", "本区要求至少{wanted}份佐证材料，现有{given}份。",
    "The zone asks for {wanted} files of evidence; there are {given}.",
)

Measure = Annotated[str, Words("整改措施", "Measure", 2_000)]
Result = Annotated[str, Words("整改结果", "What was done", 5_000)]


@dataclass
class Plan:
    responsibility: Annotated[Responsibility, Words("责任", "Responsibility")]
    measure: Measure


@dataclass
class Record:
    responsibility: Annotated[Responsibility, Words("责任", "Responsibility")]
    measure: Result
    result: Result


@dataclass
class Edit:
    measure: Measure


@dataclass
class Submit:
    result: Result


async def plan(step: Step) -> None:
    measure, duty = step.record, step.input.responsibility
    measure.responsibility_id, measure.department_id = duty.id, duty.department_id
    measure.measure = step.input.measure
    if duty.case_id != measure.case_id or duty.state is not ResponsibilityState.FIXED:
        raise Refused(NOT_FIXED_YET)


async def record(step: Step) -> None:
    measure, duty = step.record, step.input.responsibility
    measure.responsibility_id, measure.department_id = duty.id, duty.department_id
    measure.measure, measure.result, measure.submitted_at = step.input.measure, step.input.result, step.at


async def edit(step: Step) -> None:
    step.record.measure = step.input.measure


async def submit(step: Step) -> None:
    step.record.result, step.record.submitted_at = step.input.result, step.at


async def finish(step: Step) -> None:
    """With its last measure verified the responsibility is done."""
    duty = await step.change.load(Responsibility, step.record.responsibility_id)
    if not duty.open_rectifications:
        await step.perform(duty, "finish")


def handling(s: Situation) -> Refusal | None:
    return None if s.subject.state is CaseState.HANDLING else NOT_HANDLING


def going_on(s: Situation) -> Refusal | None:
    return None if s.subject.state in (CaseState.ASSIGNING, CaseState.HANDLING) else NOT_HANDLING


def evidence(s: Situation) -> Refusal | None:
    wanted, given = s.rules["evidence_files"], s.record.evidence_files
    return TOO_LITTLE_EVIDENCE.about(wanted=wanted, given=given) if given < wanted else None


UNSUBMITTED = (S.PLANNED, S.UNDER_WAY)
RECTIFICATION = Flow(
    Rectification,
    RectificationState,
    [
        Move("plan", "拟定", "Plan", (), S.PLANNED, (ITS_LIAISON,), guards=(going_on,), input=Plan, act=plan),
        Move("record", "现场整改", "Done on site", (), S.VERIFIED, input=Record, act=record),
        Move("edit", "修改", "Edit", UNSUBMITTED, None, (ITS_LIAISON,), guards=(going_on,), input=Edit, act=edit),
        Move(
            "start", "启动", "Start", (S.PLANNED,), S.UNDER_WAY, (ITS_LIAISON,), guards=(handling,), bulk=True
        ),
        Move(
            "submit", "提交", "Submit", UNSUBMITTED, S.SUBMITTED, (ITS_LIAISON,),
            guards=(handling, evidence), input=Submit, act=submit,
            tells=(OWNER_PERSON,),
        ),
        Move(
            "verify", "核验", "Verify", (S.SUBMITTED,), S.VERIFIED, (OWNER, DISPATCHER),
            guards=(being_checked,), then=finish, bulk=True,
            tells=(ITS_LIAISONS,),
        ),
        Move(
            "send_back", "退回", "Send back", (S.SUBMITTED,), S.UNDER_WAY, (OWNER, DISPATCHER),
            guards=(handling,), input=WithReason,
            asks=(ITS_LIAISONS,),
        ),
        Move("cancel", "取消", "Cancelled", OPEN, S.CANCELLED, input=WithReason),
    ],
    tallies=[
        Tally("case", "open_rectifications", OPEN),
        Tally("case", "unsubmitted_rectifications", UNSUBMITTED),
        Tally("responsibility", "open_rectifications", OPEN),
        Tally("responsibility", "measures", (*OPEN, S.VERIFIED)),
    ],
    zh="整改措施",
    en="Rectification",
)
