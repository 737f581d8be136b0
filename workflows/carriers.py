"""How carriers are put on a zone's list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from domain.carriers import Carrier, CarrierKind, CarrierState
from domain.refusals import Refusal, Refused
from domain.viewers import Role
from workflows.flow import Flow, Move, role
from workflows.inputs import WithReason, Words
from workflows.perform import Step
from workflows.zones import THE_OPERATOR

S = CarrierState
KEEPERS = role(Role.ADMINISTRATOR, Role.LEADER, Role.DISPATCHER)
CARRIER_NAMED = Refusal("CARRIER_NAMED", "本区已有同名载体。", "The zone has a carrier of this name.", "name")


@dataclass
class Describe:
    name: Annotated[str, Words("载体名称", "Name", 100)]
    kind_of: Annotated[CarrierKind, Words("载体类别", "Kind")]
    place: Annotated[str, Words("所在地", "Where it lies; for an enclave the other city", 100, empty=True)] = ""
    source: Annotated[str, Words("来源", "Source", 300, empty=True)] = ""


async def describe(step: Step) -> None:
    carrier = step.record
    for name, value in vars(step.input).items():
        setattr(carrier, name, value)
    if await Carrier.filter(zone_id=carrier.zone_id, name=carrier.name).exclude(id=carrier.id).exists():
        raise Refused(CARRIER_NAMED)


CARRIER = Flow(
    Carrier,
    CarrierState,
    [
        Move("open", "登记载体", "Open a carrier", (), S.OPEN, (KEEPERS, THE_OPERATOR), input=Describe, act=describe),
        Move("edit", "修改", "Edit", (S.OPEN,), None, (KEEPERS,), input=Describe, act=describe),
        Move("close", "停运", "Close", (S.OPEN,), S.CLOSED, (KEEPERS,), input=WithReason),
    ],
    zh="载体",
    en="Carrier",
)
