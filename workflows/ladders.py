"""How a zone lays out its ladders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from domain.kinds import Level, RecognitionKind
from domain.ladders import Ladder, LadderState
from domain.refusals import BAD_INPUT, Refusal, Refused
from domain.viewers import OPERATOR, Role
from workflows.flow import Flow, Move, role
from workflows.inputs import Reason, WithReason, Words
from workflows.libraries import once
from workflows.perform import Step
from workflows.zones import THE_OPERATOR

S = LadderState
KEEPERS = role(Role.ADMINISTRATOR, Role.LEADER, Role.DISPATCHER)
MOST_RUNGS = 12
LADDER_NAMED = Refusal("LADDER_NAMED", "本区已有同名梯度。", "The zone has a ladder of this name.", "name")
RUNG_TWICE = Refusal(
    "RUNG_TWICE", "“{title}”与前面一级的认定相同。", "“{title}” is met by what meets a rung before it.", "rungs"
)


@dataclass
class Rung:
    """One rung of a ladder."""

    title: Annotated[str, Words("名称", "Title, in the zone's words", 60)]
    recognised_as: Annotated[RecognitionKind, Words("认定类别", "Being recognised as this, an enterprise is on it")]
    level: Annotated[Level | None, Words("级别", "At this level; at any unless told")] = None


@dataclass
class LayOut:
    name: Annotated[str, Words("名称", "Name", 100)]
    rungs: Annotated[list[Rung], Words("梯级", "Rungs, lowest first")]
    source: Annotated[str, Words("来源", "Source", 300)]


@dataclass
class Revise(LayOut):
    reason: Reason


async def lay_out(step: Step) -> None:
    ladder, given = step.record, step.input
    if await Ladder.filter(zone_id=ladder.zone_id, name=given.name).exclude(id=ladder.id).exists():
        raise Refused(LADDER_NAMED)
    if not 2 <= len(given.rungs) <= MOST_RUNGS:
        problem = {"problem_zh": f"梯级为2至{MOST_RUNGS}级", "problem_en": f"a ladder has 2 to {MOST_RUNGS} rungs"}
        raise Refused(BAD_INPUT.about("rungs", **problem))
    once([each.title for each in given.rungs], "rungs")
    for number, each in enumerate(given.rungs):
        below = [it for it in given.rungs[:number] if it.recognised_as is each.recognised_as]
        if any(each.level in (it.level, None) for it in below):
            raise Refused(RUNG_TWICE.about(title=each.title))
    ladder.name, ladder.source = given.name, given.source
    ladder.rungs = [
        {"title": each.title, "recognised_as": each.recognised_as.value, "level": each.level and each.level.value}
        for each in given.rungs
    ]
    ladder.author_id = None if step.viewer is OPERATOR else step.viewer.person_id


LADDER = Flow(
    Ladder,
    LadderState,
    [
        Move("lay_out", "设梯度", "Lay out a ladder", (), S.HOLDS, (KEEPERS, THE_OPERATOR), input=LayOut, act=lay_out),
        Move("revise", "调整", "Revise", (S.HOLDS,), None, (KEEPERS,), input=Revise, act=lay_out),
        Move("retire", "停用", "Retire", (S.HOLDS,), S.RETIRED, (KEEPERS,), input=WithReason),
    ],
    zh="梯度",
    en="Ladder",
)
