"""How a case is left out of a figure, and let in again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from domain.figures import Exclusion, ExclusionState, Figure
from domain.refusals import Refusal, Refused
from workflows.actors import DISPATCHER, LEADER
from workflows.flow import Flow, Move
from workflows.inputs import Reason, WithReason, Words
from workflows.perform import Step

S = ExclusionState
EXCLUDED_ALREADY = Refusal(
    "EXCLUDED_ALREADY", "该诉求已从此项指标中剔除。", "The case is left out of this figure already.", "figure"
)


@dataclass
class Exclude:
    reason: Reason
    figure: Annotated[Figure, Words("指标", "Figure; every one unless told")] = Figure.EVERY


async def exclude(step: Step) -> None:
    exclusion, given = step.record, step.input
    same = Exclusion.filter(case_id=exclusion.case_id, figure__in=[given.figure, Figure.EVERY], state=S.HELD)
    if await same.exists():
        raise Refused(EXCLUDED_ALREADY)
    exclusion.figure, exclusion.reason, exclusion.author_id = given.figure, given.reason, step.viewer.person_id


EXCLUSION = Flow(
    Exclusion,
    ExclusionState,
    [
        Move(
            "exclude", "剔除", "Leave out of figures", (), S.HELD, (DISPATCHER, LEADER),
            input=Exclude, act=exclude, mutation="excludeFromFigures",
        ),
        Move(
            "lift", "恢复计入", "Let in again", (S.HELD,), S.LIFTED, (DISPATCHER, LEADER),
            input=WithReason, mutation="liftExclusion",
        ),
    ],
    zh="指标剔除",
    en="Exclusion",
)
