"""How an enterprise's standing is recorded once a quarter, corrected, and struck."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from domain.refusals import BAD_INPUT, Refusal, Refused
from domain.reviews import TOPICS, Review, ReviewState, TopicStanding, days_of
from workflows.actors import ACCOMPANYING, DISPATCHER, LEADER
from workflows.audiences import COMPANION_OF
from workflows.flow import Flow, Move
from workflows.inputs import WithReason, Words
from workflows.perform import Step
from workflows.recognitions import came

S = ReviewState
REVIEWED_ALREADY = Refusal(
    "REVIEWED_ALREADY", "该企业{year}年第{quarter}季度已研判。",
    "The enterprise has been reviewed in quarter {quarter} of {year}.", "quarter",
)
BEFORE_THE_QUARTER = Refusal(
    "BEFORE_THE_QUARTER", "{quarter}季度自{first}起。", "Quarter {quarter} begins on {first}.", "heldOn"
)


@dataclass(kw_only=True)
class Describe:
    rd_spending: Annotated[TopicStanding, Words("研发投入", "R&D spending")]
    platforms: Annotated[TopicStanding, Words("创新平台建设", "Innovation platforms")]
    projects: Annotated[TopicStanding, Words("科技项目申报", "Applications for projects")]
    institutions: Annotated[TopicStanding, Words("研发机构培育", "R&D institutions")]
    talent: Annotated[TopicStanding, Words("创新人才引育", "Talent")]
    note: Annotated[str, Words("研判意见", "What was found", 5_000, empty=True)] = ""


@dataclass(kw_only=True)
class Record(Describe):
    year: Annotated[int, Words("年度", "Year")]
    quarter: Annotated[int, Words("季度", "Quarter, 1 to 4")]
    held_on: Annotated[date | None, Words("会商日期", "Held on; today unless told")] = None


async def record(step: Step) -> None:
    review, given = step.record, step.input
    if not 1990 <= given.year <= 2100:
        raise Refused(BAD_INPUT.about("year", problem_zh="年度不在可用范围内", problem_en="the year is out of range"))
    if not 1 <= given.quarter <= 4:
        raise Refused(BAD_INPUT.about("quarter", problem_zh="季度为1至4", problem_en="quarters are 1 to 4"))
    review.year, review.quarter = given.year, given.quarter
    review.held_on = given.held_on or step.today
    came(review.held_on, step, "heldOn")
    first, _ = days_of(given.year, given.quarter)
    if review.held_on < first:
        raise Refused(BEFORE_THE_QUARTER.about(quarter=given.quarter, first=first))
    same = Review.filter(enterprise_id=review.enterprise_id, year=given.year, quarter=given.quarter)
    if await same.filter(state=S.RECORDED).exists():
        raise Refused(REVIEWED_ALREADY.about(year=given.year, quarter=given.quarter))
    await describe(step)


async def describe(step: Step) -> None:
    for name in (*TOPICS, "note"):
        setattr(step.record, name, getattr(step.input, name))


KEEPERS = (ACCOMPANYING, DISPATCHER, LEADER)

REVIEW = Flow(
    Review,
    ReviewState,
    [
        Move(
            "record", "登记季度研判", "Record a quarter's review", (), S.RECORDED, KEEPERS,
            input=Record, act=record, tells=(COMPANION_OF,),
        ),
        Move("correct", "更正", "Correct", (S.RECORDED,), None, KEEPERS, input=Describe, act=describe),
        Move("strike", "作废", "Strike", (S.RECORDED,), S.STRUCK, KEEPERS, input=WithReason, tells=(COMPANION_OF,)),
    ],
    zh="季度研判",
    en="Quarterly review",
)
