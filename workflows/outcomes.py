"""How outcomes are recorded, corrected and struck."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated

from domain.cases import Case
from domain.facts import FactStatus
from domain.kinds import Level
from domain.outcomes import Outcome, OutcomeKind, OutcomeState
from domain.refusals import REQUIRED, Refusal, Refused
from domain.vouchers import Voucher
from workflows.actors import ACCOMPANYING, DISPATCHER, LEADER
from workflows.audiences import COMPANION_OF
from workflows.flow import Flow, Move
from workflows.inputs import WithReason, Words
from workflows.perform import Step
from workflows.recognitions import came

S = OutcomeState
NOT_ITS_CASE = Refusal("NOT_ITS_CASE", "该诉求属于另一企业。", "That case is of another enterprise.", "caseId")


@dataclass(kw_only=True)
class Describe:
    outcome_kind: Annotated[OutcomeKind, Words("类别", "Kind")]
    happened_on: Annotated[date, Words("日期", "Happened on")]
    source: Annotated[str, Words("来源", "Source", 300)]
    amount: Annotated[Decimal | None, Words("金额（元）", "Yuan; empty where no source tells it")] = None
    level: Annotated[Level, Words("级别", "Level")] = Level.UNSTATED
    title: Annotated[str, Words("名称", "Title", 200, empty=True)] = ""
    grade: Annotated[str, Words("等次", "Grade of a prize", 40, empty=True)] = ""
    counterpart: Annotated[str, Words("对方", "Who gave it: bank, ministry, university", 200, empty=True)] = ""
    case: Annotated[Case | None, Words("诉求", "The case it came of")] = None
    status: Annotated[FactStatus, Words("依据", "How it is known")] = FactStatus.REPORTED


@dataclass(kw_only=True)
class Enter(Describe):
    voucher: Annotated[Voucher, Words("创新券", "The voucher it is the redemption of")]


async def enter(step: Step) -> None:
    step.record.voucher_id = step.input.voucher.id
    await describe(step)


async def describe(step: Step) -> None:
    outcome, given = step.record, step.input
    came(given.happened_on, step, "happenedOn")
    if given.outcome_kind is OutcomeKind.OTHER and not given.title:
        raise Refused(REQUIRED.about("title"))
    if given.case and given.case.enterprise_id != outcome.enterprise_id:
        raise Refused(NOT_ITS_CASE)
    for name, value in vars(given).items():
        if name not in ("case", "voucher"):
            setattr(outcome, name, value)
    outcome.case_id = given.case.id if given.case else None


KEEPERS = (ACCOMPANYING, DISPATCHER, LEADER)

OUTCOME = Flow(
    Outcome,
    OutcomeState,
    [
        Move(
            "record", "登记成效", "Record an outcome", (), S.RECORDED, KEEPERS,
            input=Describe, act=describe, tells=(COMPANION_OF,),
        ),
        Move("enter", "兑付登记", "Entered as redeemed", (), S.RECORDED, input=Enter, act=enter),
        Move(
            "correct", "更正", "Correct", (S.RECORDED,), None, KEEPERS,
            input=Describe, act=describe, tells=(COMPANION_OF,),
        ),
        Move(
            "strike", "作废", "Strike", (S.RECORDED,), S.STRUCK, KEEPERS, input=WithReason, tells=(COMPANION_OF,),
        ),
    ],
    zh="成效",
    en="Outcome",
)
