"""How an enterprise moves into a carrier and out of it, on which day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from domain.carriers import Carrier
from domain.refusals import Refusal, Refused
from domain.stays import Stay, StayState
from workflows.actors import ACCOMPANYING, DISPATCHER, LEADER
from workflows.audiences import COMPANION_OF
from workflows.enterprises import require_house
from workflows.flow import Flow, Move
from workflows.inputs import Reason, WithReason, Words
from workflows.perform import Step
from workflows.recognitions import came

S = StayState
HOUSED_THERE = Refusal("HOUSED_THERE", "该企业已在此载体。", "The enterprise is housed there already.", "carrierId")
STAYS_OVERLAP = Refusal(
    "STAYS_OVERLAP", "与该企业另一次入驻（自{since}）重叠。", "It overlaps with another stay, since {since}.", "since"
)
LEFT_FIRST = Refusal("LEFT_FIRST", "早于入驻日（{since}）。", "That is before it moved in ({since}).", "on")


@dataclass
class MoveIn:
    """Where it was until then, it leaves on that day."""

    carrier: Annotated[Carrier, Words("载体", "Carrier")]
    since: Annotated[date | None, Words("入驻日期", "Housed there since; today unless told")] = None
    source: Annotated[str, Words("来源", "Source", 300, empty=True)] = ""


@dataclass
class MoveOut:
    reason: Reason
    on: Annotated[date | None, Words("迁出日期", "First day not there any more; today unless told")] = None


async def move_in(step: Step) -> None:
    stay, given = step.record, step.input
    since = given.since or step.today
    came(since, step, "since")
    await require_house(step.subject, given.carrier)
    others = Stay.filter(enterprise_id=stay.enterprise_id).exclude(state=S.STRUCK)
    last = await others.order_by("-since", "-id").first()
    if last and last.state is S.INSIDE:
        if last.carrier_id == given.carrier.id:
            raise Refused(HOUSED_THERE)
        if since < last.since:
            raise Refused(STAYS_OVERLAP.about(since=last.since))
        await step.perform(last, "move_out", on=since, reason=f"迁至{given.carrier.name}")
    elif last and last.ends_on and since < last.ends_on:
        raise Refused(STAYS_OVERLAP.about(since=last.since))
    stay.carrier_id, stay.since, stay.source = given.carrier.id, since, given.source
    step.subject.carrier_id = given.carrier.id


async def move_out(step: Step) -> None:
    stay, on = step.record, step.input.on or step.today
    came(on, step, "on")
    if on < stay.since:
        raise Refused(LEFT_FIRST.about(since=stay.since))
    stay.ends_on = on
    _leave(step)


async def strike(step: Step) -> None:
    if step.record.state is S.INSIDE:
        _leave(step)


def _leave(step: Step) -> None:
    """The enterprise is known to be housed there no more, unless it is housed elsewhere by now."""
    if step.subject.carrier_id == step.record.carrier_id:
        step.subject.carrier_id = None



KEEPERS = (ACCOMPANYING, DISPATCHER, LEADER)

STAY = Flow(
    Stay,
    StayState,
    [
        Move(
            "move_in", "入驻", "Move in", (), S.INSIDE, KEEPERS,
            input=MoveIn, act=move_in, mutation="moveInto", tells=(COMPANION_OF,),
        ),
        Move(
            "move_out", "迁出", "Move out", (S.INSIDE,), S.LEFT, KEEPERS,
            input=MoveOut, act=move_out, mutation="moveOut", tells=(COMPANION_OF,),
        ),
        Move(
            "strike", "作废", "Strike", (S.INSIDE, S.LEFT), S.STRUCK, (DISPATCHER, LEADER),
            input=WithReason, act=strike,
        ),
    ],
    zh="入驻",
    en="Stay in a carrier",
)
