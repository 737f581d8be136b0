"""How a roadmap is drawn up, revised, and its milestones reached."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Annotated

from domain.cases import Case
from domain.refusals import Refusal, Refused
from domain.roadmaps import Milestone, MilestoneState, PlanLine, Roadmap, RoadmapState
from workflows.actors import ACCOMPANYING, DISPATCHER, LEADER
from workflows.audiences import COMPANION_OF, ITS_CONTACTS, LEADERS
from workflows.deadlines import CLOCK_ALARMS, agree, clock_moves
from workflows.flow import Flow, Held, Move, Tally
from workflows.inputs import Reason, WithReason, Words
from workflows.outcomes import NOT_ITS_CASE
from workflows.perform import Step
from workflows.recognitions import came

R, S = RoadmapState, MilestoneState
WORKERS = (ACCOMPANYING, DISPATCHER, LEADER)
ROADMAP_OVER = Refusal("ROADMAP_OVER", "该路线图已不再执行。", "This roadmap holds no more.", "roadmapId")


@dataclass
class Point:
    """A milestone as it is drawn up."""

    title: Annotated[str, Words("里程碑", "Title", 200)]
    due_on: Annotated[date, Words("达成期限", "Due on, to the end of that day")]
    line: Annotated[PlanLine | None, Words("服务主线", "Line of the service plan, where it is on one")] = None
    case: Annotated[Case | None, Words("诉求", "The case through which it is worked on")] = None


@dataclass
class Draw:
    title: Annotated[str, Words("名称", "Title", 200)]
    milestones: Annotated[list[Point], Words("里程碑", "Milestones")]
    aim: Annotated[str, Words("目标", "Aim", 2_000, empty=True)] = ""


@dataclass(kw_only=True)
class Plan(Point):
    roadmap: Annotated[Roadmap, Words("路线图", "Roadmap")]


@dataclass
class TieCase:
    case: Annotated[Case, Words("诉求", "The case through which it is worked on")]


@dataclass
class Reach:
    result: Annotated[str, Words("达成情况", "What came of it", 2_000)]
    reached_on: Annotated[date | None, Words("达成日期", "Reached on; today unless told")] = None


@dataclass
class Postpone:
    due_on: Annotated[date, Words("达成期限", "Due on, to the end of that day")]
    reason: Reason


async def draw(step: Step) -> None:
    """The one that held is replaced, and its milestones that were not reached are dropped with it."""
    roadmap, given = step.record, step.input
    before = await Roadmap.filter(enterprise_id=roadmap.enterprise_id).order_by("-edition").first()
    if before and before.state is R.ACTIVE:
        await step.perform(before, "replace")
    roadmap.title, roadmap.aim = given.title, given.aim
    roadmap.edition = before.edition + 1 if before else 1


async def plan_all(step: Step) -> None:
    for each in step.input.milestones:
        await step.create(Milestone, "plan", roadmap=step.record, **vars(each))


async def drop_the_rest(step: Step) -> None:
    for each in await Milestone.filter(roadmap_id=step.record.id, state=S.PLANNED).order_by("id"):
        await step.perform(each, "drop", reason=getattr(step.input, "reason", "路线图已修订"))


async def plan(step: Step) -> None:
    milestone, given = step.record, step.input
    if given.roadmap.enterprise_id != milestone.enterprise_id or given.roadmap.state is not R.ACTIVE:
        raise Refused(ROADMAP_OVER)
    milestone.roadmap_id, milestone.title, milestone.due_on = given.roadmap.id, given.title, given.due_on
    milestone.line = given.line
    if given.case:
        await tie_case(step)
    await agree(step, given.due_on)


async def tie_case(step: Step) -> None:
    milestone, case = step.record, step.input.case
    if case.enterprise_id != milestone.enterprise_id:
        raise Refused(NOT_ITS_CASE)
    milestone.case_id = case.id


async def reach(step: Step) -> None:
    milestone, on = step.record, step.input.reached_on or step.today
    came(on, step, "reachedOn")
    milestone.result, milestone.reached_on = step.input.result, on


async def postpone(step: Step) -> None:
    step.record.due_on = step.input.due_on
    await agree(step, step.input.due_on)


ROADMAP = Flow(
    Roadmap,
    RoadmapState,
    [
        Move(
            "draw", "制定路线图", "Draw up a roadmap", (), R.ACTIVE, WORKERS,
            input=Draw, act=draw, then=plan_all, tells=(COMPANION_OF, ITS_CONTACTS),
        ),
        Move("replace", "修订", "Replaced", (R.ACTIVE,), R.REPLACED, then=drop_the_rest),
        Move("end", "结束", "End", (R.ACTIVE,), R.ENDED, WORKERS, input=WithReason, then=drop_the_rest),
    ],
    zh="成长路线图",
    en="Roadmap",
)

def _is_on(line: PlanLine, milestone: Milestone) -> bool:
    return milestone.line is line


COUNTED = (S.PLANNED, S.REACHED)
MILESTONE = Flow(
    Milestone,
    MilestoneState,
    [
        Move("plan", "增加里程碑", "Plan a milestone", (), S.PLANNED, WORKERS, input=Plan, act=plan),
        Move(
            "reach", "达成", "Reached", (S.PLANNED,), S.REACHED, WORKERS, input=Reach, act=reach, tells=(COMPANION_OF,)
        ),
        Move(
            "postpone", "调整期限", "Put off", (S.PLANNED,), None, WORKERS,
            input=Postpone, act=postpone, tells=(COMPANION_OF,),
        ),
        Move(
            "tie_case", "关联诉求", "Say through which case it is worked on", (S.PLANNED, S.REACHED), None, WORKERS,
            input=TieCase, act=tie_case, mutation="tieMilestoneToCase",
        ),
        Move("drop", "取消", "Drop", (S.PLANNED,), S.DROPPED, WORKERS, input=WithReason),
        *clock_moves((S.PLANNED,), near=(COMPANION_OF,), over=(LEADERS,)),
    ],
    tallies=[
        Tally("roadmap", "total", COUNTED), Tally("roadmap", "reached", (S.REACHED,)),
        *(Tally("roadmap", f"{line.value}_total", COUNTED, partial(_is_on, line)) for line in PlanLine),
        *(Tally("roadmap", f"{line.value}_reached", (S.REACHED,), partial(_is_on, line)) for line in PlanLine),
    ],
    limits={S.PLANNED: Held.AGREED},
    alarms=CLOCK_ALARMS,
    zh="里程碑",
    en="Milestone",
)
