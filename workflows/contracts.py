"""How a contract's condition is recorded, met by the enterprise's application, or lifted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from domain.applications import Application
from domain.contracts import Contract, ContractState
from domain.kinds import RecognitionKind
from domain.known import NOT_FILED
from domain.refusals import Refusal, Refused
from workflows.actors import ACCOMPANYING, DISPATCHER, LEADER
from workflows.audiences import COMPANION_OF
from workflows.flow import Flow, Move, Tally
from workflows.inputs import WithReason, Words
from workflows.perform import Step

S = ContractState
SIGNED_LATER = Refusal(
    "SIGNED_LATER", "申报期限早于签约日期（{day}）。", "That is before the contract was signed ({day}).", "applyBy"
)


@dataclass
class Record:
    name: Annotated[str, Words("合同名称", "Name of the contract", 200)]
    signed_on: Annotated[date, Words("签约日期", "Signed on")]
    apply_by: Annotated[date, Words("约定申报期限", "To have applied by")]
    source: Annotated[str, Words("来源", "Source", 300)]
    apply_as: Annotated[RecognitionKind, Words("申报类别", "To apply as")] = RecognitionKind.HIGH_TECH


@dataclass
class Meet:
    application: Annotated[Application, Words("申报", "Application")]


async def record(step: Step) -> None:
    contract, given = step.record, step.input
    for name in ("name", "signed_on", "apply_by", "source", "apply_as"):
        setattr(contract, name, getattr(given, name))
    if given.apply_by < given.signed_on:
        raise Refused(SIGNED_LATER.about(day=given.signed_on))


async def met_already(step: Step) -> None:
    """An application filed since the contract was signed is the one it asks for."""
    contract = step.record
    filed = Application.filter(
        enterprise_id=contract.enterprise_id, campaign__recognised_as=contract.apply_as,
        submitted_on__gte=contract.signed_on,
    ).exclude(state__in=NOT_FILED)
    if application := await filed.order_by("submitted_on").first():
        await step.perform(contract, "meet", application=application)


async def meet(step: Step) -> None:
    step.record.application_id = step.input.application.id


async def meet_contracts(step: Step) -> None:
    """What an application that is filed brings about."""
    application = step.record
    rows = Contract.filter(
        enterprise_id=application.enterprise_id, state=S.AGREED, signed_on__lte=application.submitted_on
    )
    asked = rows.filter(apply_as__in=[await _kind_of(application)])
    for contract in await asked.order_by("id"):
        await step.perform(contract, "meet", application=application)


async def _kind_of(application: Application) -> RecognitionKind:
    await application.fetch_related("campaign")
    return application.campaign.recognised_as


CONTRACT = Flow(
    Contract,
    ContractState,
    [
        Move(
            "record", "登记合同约定", "Record a contract's condition", (), S.AGREED, (ACCOMPANYING, DISPATCHER, LEADER),
            input=Record, act=record, then=met_already, tells=(COMPANION_OF,),
        ),
        Move("meet", "约定达成", "Met by an application", (S.AGREED,), S.MET, input=Meet, act=meet),
        Move("lift", "解除约定", "Lift", (S.AGREED,), S.LIFTED, (LEADER,), input=WithReason, tells=(COMPANION_OF,)),
    ],
    tallies=[Tally("enterprise", "unmet_contracts", (S.AGREED,))],
    zh="招商合同约定",
    en="Contract",
)
