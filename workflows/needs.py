"""How an enterprise's needs are listed, reviewed, met, and become cases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from domain.cases import Case
from domain.needs import Need, NeedKind, NeedState
from workflows.actors import ACCOMPANYING, DISPATCHER, ITS_CONTACT, LEADER
from workflows.audiences import COMPANION_OF, DISPATCHERS, ITS_CONTACTS
from workflows.deadlines import CLOCK_ALARMS, clock_moves
from workflows.flow import Flow, Move
from workflows.inputs import WithReason, Words
from workflows.perform import Step
from workflows.timing import end

S = NeedState
Title = Annotated[str, Words("需求", "Title", 200)]
Description = Annotated[str, Words("需求说明", "Description", 5_000, empty=True)]


@dataclass(kw_only=True)
class Enlist:
    title: Title
    need_kind: Annotated[NeedKind, Words("类别", "Kind")]
    description: Description = ""
    source: Annotated[str, Words("来源", "Source", 300, empty=True)] = ""


@dataclass
class Review:
    """It still stands; said anew where it has changed."""

    title: Annotated[str | None, Words("需求", "Title, where it has changed", 200)] = None
    description: Annotated[str | None, Words("需求说明", "Description, where it has changed", 5_000)] = None


@dataclass
class TakeUp:
    case: Annotated[Case, Words("诉求", "The case it becomes")]


@dataclass
class Meet:
    result: Annotated[str, Words("满足情况", "How it was met", 2_000)]


async def enlist(step: Step) -> None:
    need = step.record
    for name, value in vars(step.input).items():
        setattr(need, name, value)
    need.listed_on = need.reviewed_on = step.today


async def review(step: Step) -> None:
    """From now on it is due to be reviewed anew, by what the zone has set by now."""
    need, given = step.record, step.input
    need.title, need.description = given.title or need.title, given.description or need.description
    need.reviewed_on = step.today
    end(need)


async def take_up(step: Step) -> None:
    step.record.case_id = step.input.case.id


async def meet(step: Step) -> None:
    step.record.result = step.input.result



KEEPERS = (ITS_CONTACT, ACCOMPANYING, DISPATCHER, LEADER)
OPEN = (S.LISTED, S.TAKEN_UP)

NEED = Flow(
    Need,
    NeedState,
    [
        Move(
            "list", "登记需求", "List a need", (), S.LISTED, KEEPERS,
            input=Enlist, act=enlist, mutation="listNeed", tells=(COMPANION_OF, ITS_CONTACTS),
        ),
        Move("review", "更新", "Review", (S.LISTED,), None, KEEPERS, input=Review, act=review, tells=(COMPANION_OF,)),
        Move("take_up", "转为诉求", "Became a case", (S.LISTED,), S.TAKEN_UP, input=TakeUp, act=take_up),
        Move(
            "meet", "已满足", "Met", OPEN, S.MET, KEEPERS, input=Meet, act=meet, tells=(COMPANION_OF, ITS_CONTACTS),
        ),
        Move(
            "drop", "撤销", "Drop", OPEN, S.DROPPED, KEEPERS, input=WithReason, tells=(COMPANION_OF, ITS_CONTACTS),
        ),
        *clock_moves((S.LISTED,), near=(COMPANION_OF,), over=(DISPATCHERS,)),
    ],
    limits={S.LISTED: "need_review"},
    alarms=CLOCK_ALARMS,
    zh="创新需求",
    en="Innovation need",
)
