"""How cultivation libraries are set up."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated

from domain.departments import Department
from domain.exact import written
from domain.kinds import RecognitionKind
from domain.libraries import Library, LibraryState, Members
from domain.library_entries import LibraryEntry
from domain.refusals import BAD_INPUT, OTHER_ZONE, Refusal, Refused
from domain.viewers import Role
from workflows.flow import Flow, Move, role
from workflows.inputs import WithReason, Words
from workflows.perform import Step
from workflows.zones import THE_OPERATOR

S = LibraryState
KEEPERS = role(Role.ADMINISTRATOR, Role.LEADER, Role.DISPATCHER)
MOST_STAGES = 12
WEIGHTS_ADD_UP = Refusal(
    "WEIGHTS_ADD_UP", "权重合计须为100，现为{sum}；或全部不填。",
    "The weights must add up to 100, and come to {sum}; or give none at all.", "criteria",
)
WEIGH_EACH = Refusal(
    "WEIGHTS_ADD_UP", "各项指标均须设权重；或全部不填。", "Each field needs a weight; or give none at all.", "criteria"
)
NAMED_TWICE = Refusal("NAMED_TWICE", "“{name}”出现了两次。", "“{name}” is named twice.")
NO_WEIGHTS = Refusal(
    "NO_WEIGHTS", "未设权重，不能设入库分数线。", "Without weights there is no total to pass.", "passing"
)
MOST_SCORE = 100
OUT_OF_REACH = Refusal(
    "OUT_OF_REACH", "满分为{most}，入库分数线不能更高。", "Nothing scores above {most}, so nobody would pass.",
    "passing",
)
LIBRARY_NAMED = Refusal("LIBRARY_NAMED", "本区已有同名培育库。", "The zone has a library of this name.", "name")
STAGES_IN_USE = Refusal(
    "STAGES_IN_USE", "已有入库记录，阶段不能再改。", "There are entries already; its stages stay.", "stages"
)


@dataclass
class Criterion:
    """One field of the entry scorecard."""

    name: Annotated[str, Words("指标", "Name", 60)]
    weight: Annotated[Decimal | None, Words("权重", "Weight in percent; for all fields or for none", places=2)] = None


@dataclass
class Describe:
    name: Annotated[str, Words("名称", "Name", 100)]
    stages: Annotated[list[str], Words("阶段", "Stages, first to last, in the zone's words", 40)]
    recognised_as: Annotated[
        RecognitionKind | None, Words("培育目标", "What it cultivates for; being so recognised graduates an entry")
    ] = None
    department: Annotated[Department | None, Words("主管部门", "Department in charge")] = None
    criteria: Annotated[list[Criterion], Words("入库评分", "Entry scorecard")] = field(default_factory=list)
    passing: Annotated[Decimal | None, Words("入库分数线", "The least total to enter, itself included")] = None
    plan_required: Annotated[bool, Words("须有培育计划", "A training plan is required on entry")] = False
    fast_track: Annotated[
        str, Words("直通车条件", "On what condition an entry goes straight to the last stage", 500, empty=True)
    ] = ""
    entitlements: Annotated[list[str], Words("入库权益", "What those inside are entitled to", 100)] = field(
        default_factory=list
    )
    source: Annotated[str, Words("依据", "Source", 300, empty=True)] = ""


@dataclass(kw_only=True)
class SetUp(Describe):
    members: Annotated[Members, Words("入库对象", "What it holds")] = Members.ENTERPRISES


async def set_up(step: Step) -> None:
    step.record.members = step.input.members
    await describe(step)


async def describe(step: Step) -> None:
    library, given = step.record, step.input
    if given.department and given.department.zone_id != library.zone_id:
        raise Refused(OTHER_ZONE.about("departmentId"))
    if await Library.filter(zone_id=library.zone_id, name=given.name).exclude(id=library.id).exists():
        raise Refused(LIBRARY_NAMED)
    if given.stages != library.stages and await LibraryEntry.filter(library_id=library.id).exists():
        raise Refused(STAGES_IN_USE)
    if not 1 <= len(given.stages) <= MOST_STAGES:
        problem = {"problem_zh": f"阶段为1至{MOST_STAGES}个", "problem_en": f"there are 1 to {MOST_STAGES} stages"}
        raise Refused(BAD_INPUT.about("stages", **problem))
    once(given.stages, "stages")
    once([each.name for each in given.criteria], "criteria")
    weighted = adding_up([each.weight for each in given.criteria])
    if given.passing is not None and not weighted:
        raise Refused(NO_WEIGHTS)
    if given.passing is not None and given.passing > MOST_SCORE:
        raise Refused(OUT_OF_REACH.about(most=MOST_SCORE))
    for name in ("name", "stages", "recognised_as", "passing", "plan_required", "fast_track", "entitlements", "source"):
        setattr(library, name, getattr(given, name))
    library.department_id = given.department.id if given.department else None
    library.criteria = [
        {"name": each.name, "weight": None if each.weight is None else written(each.weight)} for each in given.criteria
    ]


def adding_up(weights: list[Decimal | None]) -> bool:
    """Whether weights are given; refused unless they are for all and come to 100."""
    given = [each for each in weights if each is not None]
    if given and len(given) < len(weights):
        raise Refused(WEIGH_EACH)
    if given and sum(given) != 100:
        raise Refused(WEIGHTS_ADD_UP.about(sum=written(sum(given, Decimal()))))
    return bool(given)


def once(names: list[str], path: str) -> None:
    for name in names:
        if names.count(name) > 1:
            raise Refused(NAMED_TWICE.about(path, name=name))


LIBRARY = Flow(
    Library,
    LibraryState,
    [
        Move(
            "set_up", "设库", "Set up a library", (), S.OPEN, (KEEPERS, THE_OPERATOR),
            input=SetUp, act=set_up, mutation="setUpLibrary",
        ),
        Move("edit", "修改", "Edit", (S.OPEN,), None, (KEEPERS,), input=Describe, act=describe),
        Move("close", "停止入库", "Take no more entries", (S.OPEN,), S.CLOSED, (KEEPERS,), input=WithReason),
        Move("reopen", "恢复入库", "Take entries again", (S.CLOSED,), S.OPEN, (KEEPERS,), input=WithReason),
    ],
    zh="培育库",
    en="Library",
)
