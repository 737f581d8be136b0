"""How counts that texts or reports print are filed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from domain.facts import FactStatus
from domain.filed_counts import FiledCount, FiledCountState, Measure
from domain.kinds import Level, RecognitionKind
from domain.refusals import BAD_INPUT, Refusal, Refused
from domain.viewers import Role
from workflows.flow import Flow, Move, role
from workflows.inputs import WithReason, Words
from workflows.perform import Step
from workflows.zones import THE_OPERATOR

S = FiledCountState
MOST = 10_000_000
KEEPERS = role(Role.ADMINISTRATOR, Role.LEADER, Role.DISPATCHER)
NO_PERIOD = Refusal(
    "NO_PERIOD", "除有效总数外，须写明统计期的起止。",
    "Anything but a stock needs the period it is of, from and until.", "since",
)
PERIOD_REVERSED = Refusal("PERIOD_REVERSED", "统计期止早于起。", "The period would end before it begins.", "until")
COUNT_RANGE = Refusal(
    "COUNT_RANGE", "数目须为0至{most}；只有净增数可为负。",
    "A count is 0 to {most}; only a net count may be negative.", "count",
)


@dataclass
class FileCount:
    """One number. A stock is of the day `until`; anything else of the days from `since` through `until`."""

    recognised_as: Annotated[RecognitionKind, Words("认定类别", "Recognised as")]
    measure: Annotated[Measure, Words("口径", "Measure")]
    until: Annotated[date, Words("截止日", "Until, that day included")]
    count: Annotated[int, Words("数目", "Count")]
    source: Annotated[str, Words("来源", "Source", 300)]
    status: Annotated[FactStatus, Words("依据", "How it is known")]
    since: Annotated[date | None, Words("起始日", "From; empty for a stock")] = None
    level: Annotated[Level, Words("级别", "Level")] = Level.UNSTATED


async def file(step: Step) -> None:
    given = step.input
    if (given.since is None) != (given.measure is Measure.STOCK):
        raise Refused(NO_PERIOD)
    if given.since and given.since > given.until:
        raise Refused(PERIOD_REVERSED)
    if abs(given.count) > MOST or (given.count < 0 and given.measure is not Measure.NET):
        raise Refused(COUNT_RANGE.about(most=MOST))
    if given.until > step.today:
        raise Refused(BAD_INPUT.about("until", problem_zh="日期在将来", problem_en="it lies in the future"))
    for name, value in vars(given).items():
        setattr(step.record, name, value)


FILED_COUNT = Flow(
    FiledCount,
    FiledCountState,
    [
        Move(
            "file", "上报", "File a count", (), S.FILED, (KEEPERS, THE_OPERATOR),
            input=FileCount, act=file, mutation="fileCount",
        ),
        Move(
            "strike", "作废", "Strike", (S.FILED,), S.STRUCK, (KEEPERS,), input=WithReason, mutation="strikeCount"
        ),
    ],
    zh="上报数",
    en="Filed count",
)
