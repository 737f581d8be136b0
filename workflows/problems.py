"""How a problem moves: raised, cleared once nobody is still at it, or dropped with reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from domain.cases import ENDED, CaseState
from domain.problems import Problem, ProblemState
from domain.refusals import Refusal
from workflows.actors import CONTACT, DISPATCHER, OWNER
from workflows.audiences import CONTACTS, OWNER_PERSON
from workflows.collecting import MOST_PROBLEMS, RaiseProblem
from workflows.flow import Flow, Move, Situation, Tally
from workflows.inputs import WithReason, Words
from workflows.perform import Step

S = ProblemState
CASE_ENDED = Refusal("CASE_ENDED", "诉求已办结，不能再改动。", "The case has ended; nothing of it changes any more.")
NOT_CHECKING = Refusal("NOT_CHECKING", "诉求尚未报结核验。", "The case is not being checked yet.")
STILL_ANSWERED_FOR = Refusal(
    "STILL_ANSWERED_FOR", "还有{count}个部门未办结此问题。", "{count} departments have not finished with this problem."
)
TOO_MANY_PROBLEMS = Refusal(
    "TOO_MANY_PROBLEMS", "一件诉求最多{limit}个问题。", "A case holds at most {limit} problems."
)
ONLY_WHEN_COLLECTED = Refusal(
    "ONLY_WHEN_COLLECTED", "企业只能在提交分办前补充问题。", "An enterprise adds problems until the case is submitted."
)

Resolution = Annotated[str, Words("解决情况", "How it was solved", 5_000)]


@dataclass
class Clear:
    resolution: Resolution


async def enter(step: Step) -> None:
    step.record.description, step.record.category = step.input.description, step.input.category


async def resolve(step: Step) -> None:
    step.record.resolution = step.input.resolution


async def reopen(step: Step) -> None:
    step.record.resolution = ""


def case_goes_on(s: Situation) -> Refusal | None:
    return CASE_ENDED if s.subject.state in ENDED else None


def room_for_one_more(s: Situation) -> Refusal | None:
    return TOO_MANY_PROBLEMS.about(limit=MOST_PROBLEMS) if s.subject.problems_raised >= MOST_PROBLEMS else None


def contact_only_while_collected(s: Situation) -> Refusal | None:
    staff = OWNER.holds(s) or DISPATCHER.holds(s) or not CONTACT.holds(s)
    return None if staff or s.subject.state is CaseState.COLLECTED else ONLY_WHEN_COLLECTED


def being_checked(s: Situation) -> Refusal | None:
    return None if s.subject.state is CaseState.CHECKING else NOT_CHECKING


def nobody_at_it(s: Situation) -> Refusal | None:
    count = s.record.open_responsibilities
    return STILL_ANSWERED_FOR.about(count=count) if count else None


def whole_case_answered(s: Situation) -> Refusal | None:
    """Responsibilities for the whole case answer for each of its problems too."""
    return nobody_at_it(s) or (
        STILL_ANSWERED_FOR.about(count=s.subject.whole_responsibilities) if s.subject.whole_responsibilities else None
    )


PROBLEM = Flow(
    Problem,
    ProblemState,
    [
        Move(
            "raise", "提出", "Raise", (), S.OPEN, (OWNER, DISPATCHER, CONTACT),
            guards=(case_goes_on, room_for_one_more, contact_only_while_collected), input=RaiseProblem, act=enter,
            tells=(OWNER_PERSON,),
        ),
        Move(
            "edit", "修改", "Edit", (S.OPEN,), None, (OWNER, DISPATCHER),
            guards=(case_goes_on,), input=RaiseProblem, act=enter,
        ),
        Move(
            "clear", "销号", "Clear", (S.OPEN,), S.CLEARED, (OWNER, DISPATCHER),
            guards=(being_checked, whole_case_answered), input=Clear, act=resolve, bulk=True,
            tells=(CONTACTS,),
        ),
        Move("solve", "现场解决", "Solved on site", (S.OPEN,), S.CLEARED, input=Clear, act=resolve),
        Move(
            "drop", "不再办理", "Drop", (S.OPEN,), S.DROPPED, (OWNER, DISPATCHER),
            guards=(nobody_at_it,), input=WithReason, bulk=True,
            tells=(OWNER_PERSON, CONTACTS),
        ),
        Move("reopen", "重办", "Reopened with the case", (S.CLEARED,), S.OPEN, input=WithReason, act=reopen),
    ],
    tallies=[Tally("case", "open_problems", (S.OPEN,)), Tally("case", "problems_raised", tuple(S))],
    zh="问题",
    en="Problem",
)
