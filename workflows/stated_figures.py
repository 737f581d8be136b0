"""How figures are stated, each with its source and base, and struck."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated

from domain.facts import FactStatus
from domain.refusals import Refused
from domain.stated_figures import Bound, StatedFigure, StatedFigureState, StatedUnit
from workflows.filed_counts import KEEPERS, PERIOD_REVERSED
from workflows.flow import Flow, Move
from workflows.inputs import WithReason, Words
from workflows.perform import Step
from workflows.recognitions import came
from workflows.zones import THE_OPERATOR

S = StatedFigureState


@dataclass(kw_only=True)
class State:
    topic: Annotated[str, Words("指标名称", "What the figure is of", 100)]
    unit: Annotated[StatedUnit, Words("单位", "Unit")]
    value: Annotated[Decimal, Words("数值", "Value", places=4, negative=True)]
    until: Annotated[date, Words("截止日", "Until, that day included")]
    source: Annotated[str, Words("来源", "Source", 300)]
    status: Annotated[FactStatus, Words("依据", "How it is known")]
    since: Annotated[date | None, Words("起始日", "From; empty for a figure of one day")] = None
    bound: Annotated[Bound, Words("界限", "Just so much, or so much and more")] = Bound.EXACT
    base: Annotated[str, Words("比较基期", "Compared with what, as the source words it", 100, empty=True)] = ""


async def state(step: Step) -> None:
    given = step.input
    if given.since and given.since > given.until:
        raise Refused(PERIOD_REVERSED)
    came(given.until, step, "until")
    for name, value in vars(given).items():
        setattr(step.record, name, value)


STATED_FIGURE = Flow(
    StatedFigure,
    StatedFigureState,
    [
        Move(
            "state", "收录", "State a figure", (), S.FILED, (KEEPERS, THE_OPERATOR),
            input=State, act=state, mutation="stateFigure",
        ),
        Move("strike", "作废", "Strike", (S.FILED,), S.STRUCK, (KEEPERS,), input=WithReason, mutation="strikeFigure"),
    ],
    zh="统计陈述",
    en="Stated figure",
)
