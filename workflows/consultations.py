"""How a consultation is recorded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from domain.clock import today
from domain.consultations import Consultation
from domain.records import Kept
from domain.refusals import BAD_INPUT, Refused
from workflows.actors import DISPATCHER, LEADER, OWNER
from workflows.audiences import ALL_LIAISONS, OWNER_PERSON
from workflows.flow import Flow, Move
from workflows.inputs import Words
from workflows.perform import Step
from workflows.problems import case_goes_on


@dataclass
class RecordConsultation:
    held_on: Annotated[date, Words("会商日期", "Held on")]
    place: Annotated[str, Words("地点", "Place", 200)]
    parties: Annotated[str, Words("参加单位", "Parties, outside ones included", 2_000)]
    outcome: Annotated[str, Words("会商结果", "Outcome", 5_000)]


async def enter(step: Step) -> None:
    if step.input.held_on > today().date():
        raise Refused(BAD_INPUT.about("heldOn", problem_zh="会商日期在将来", problem_en="it lies in the future"))
    for name, value in vars(step.input).items():
        setattr(step.record, name, value)


CONSULTATION = Flow(
    Consultation,
    Kept,
    [
        Move(
            "record", "记录会商", "Record a consultation", (), Kept.KEPT, (OWNER, DISPATCHER, LEADER),
            guards=(case_goes_on,), input=RecordConsultation, act=enter,
            tells=(OWNER_PERSON, ALL_LIAISONS),
        ),
    ],
    zh="会商",
    en="Consultation",
)
