"""How an entry moves through a library: stage by stage, by the fast track, out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from domain.exact import written
from domain.libraries import Library, LibraryState, Members, total_of
from domain.library_entries import LibraryEntry, LibraryEntryState
from domain.recognitions import Recognition
from domain.refusals import OTHER_ZONE, REQUIRED, Refusal, Refused
from domain.zones import lineage
from workflows.actors import ACCOMPANYING, DISPATCHER, ITS_LIAISON, LEADER
from workflows.audiences import COMPANION_OF, ITS_CONTACTS
from workflows.flow import Flow, Move, Situation
from workflows.inputs import Reason, WithReason, Words
from workflows.perform import Step
from workflows.recognitions import came

S = LibraryEntryState
INSIDE_ALREADY = Refusal("INSIDE_ALREADY", "已在该库内。", "It is in this library already.", "libraryId")
LIBRARY_CLOSED = Refusal("LIBRARY_CLOSED", "该库已停止入库。", "The library takes no more entries.", "libraryId")
PLAN_REQUIRED = Refusal(
    "PLAN_REQUIRED", "入该库须列出培育计划。", "This library requires a training plan on entry.", "plan"
)
SCORE_EACH = Refusal(
    "SCORE_EACH", "须对各项指标各评一分（0至100）：{names}。",
    "Each field of the scorecard is scored once, 0 to 100: {names}.", "scores",
)
BELOW_PASSING = Refusal(
    "BELOW_PASSING", "得分{score}低于入库分数线{passing}。",
    "The score {score} is below what is needed, {passing}.", "scores",
)
LAST_STAGE = Refusal("LAST_STAGE", "已在最后阶段。", "It is in the last stage.")
FIRST_STAGE = Refusal("FIRST_STAGE", "已在最初阶段。", "It is in the first stage.")
NO_FAST_TRACK = Refusal("NO_FAST_TRACK", "该库没有直通车。", "This library has no fast track.")
LEFT_FIRST = Refusal("LEFT_FIRST", "出库日早于入库日。", "It would leave before it entered.", "leftOn")


@dataclass
class Score:
    """A field of the scorecard and its score."""

    name: Annotated[str, Words("指标", "Name", 60)]
    score: Annotated[Decimal, Words("得分", "Score, 0 to 100", places=2)]


@dataclass
class Admit:
    library: Annotated[Library, Words("培育库", "Library")]
    title: Annotated[str, Words("项目名称", "Title of the project, where the library holds projects", 200)] = ""
    plan: Annotated[str, Words("培育计划", "Training plan", 5_000)] = ""
    scores: Annotated[list[Score], Words("入库评分", "Scores")] = field(default_factory=list)
    entered_on: Annotated[date | None, Words("入库日期", "Entered on; today unless told")] = None
    source: Annotated[str, Words("来源", "Source", 300, empty=True)] = ""


@dataclass
class Exit:
    reason: Reason
    left_on: Annotated[date | None, Words("出库日期", "Left on; today unless told")] = None


@dataclass
class Graduate:
    recognition: Annotated[Recognition, Words("认定", "Recognition")]


@dataclass
class Applied:
    on: Annotated[date, Words("申报日期", "Applied on")]


async def admit(step: Step) -> None:
    entry, given, library = step.record, step.input, step.input.library
    entry.department_id = library.department_id
    if library.zone_id not in await lineage(entry.zone_id):
        raise Refused(OTHER_ZONE.about("libraryId"))
    if library.state is LibraryState.CLOSED:
        raise Refused(LIBRARY_CLOSED)
    if library.members is Members.PROJECTS and not given.title:
        raise Refused(REQUIRED.about("title"))
    if library.plan_required and not given.plan:
        raise Refused(PLAN_REQUIRED)
    entry.title = given.title if library.members is Members.PROJECTS else ""
    same = LibraryEntry.filter(enterprise_id=entry.enterprise_id, library_id=library.id, title=entry.title)
    if await same.filter(state=S.INSIDE).exists():
        raise Refused(INSIDE_ALREADY)
    _score(entry, library, given.scores)
    entry.library_id, entry.plan, entry.source = library.id, given.plan, given.source
    entry.stages, entry.fast_track = len(library.stages), bool(library.fast_track)
    entry.stage, entry.stage_name = 0, library.stages[0]
    entry.entered_on = given.entered_on or step.today
    came(entry.entered_on, step, "enteredOn")


def _score(entry: Any, library: Any, scores: list[Score]) -> None:
    names = [each["name"] for each in library.criteria]
    in_range = all(0 <= each.score <= 100 for each in scores)
    if sorted(each.name for each in scores) != sorted(names) or not in_range:
        raise Refused(SCORE_EACH.about(names="、".join(names) or "—"))
    entry.scores = [{"name": each.name, "score": written(each.score)} for each in scores]
    entry.score = total_of(library.criteria, entry.scores)
    if library.passing is not None and entry.score is not None and entry.score < library.passing:
        raise Refused(BELOW_PASSING.about(score=written(entry.score), passing=written(library.passing)))


async def advance(step: Step) -> None:
    await _to(step, step.record.stage + 1)


async def step_back(step: Step) -> None:
    await _to(step, step.record.stage - 1)


async def take_fast_track(step: Step) -> None:
    await _to(step, step.record.stages - 1)
    step.record.fast_tracked = True


async def _to(step: Step, stage: int) -> None:
    library = await Library.get(id=step.record.library_id)
    step.record.stage, step.record.stage_name = stage, library.stages[stage]


async def leave(step: Step) -> None:
    entry, on = step.record, step.input.left_on or step.today
    came(on, step, "leftOn")
    if on < entry.entered_on:
        raise Refused(LEFT_FIRST)
    entry.left_on, entry.left_because = on, step.input.reason


async def graduate(step: Step) -> None:
    entry, recognition = step.record, step.input.recognition
    entry.recognition_id, entry.left_on = recognition.id, max(recognition.recognised_on, entry.entered_on)


async def note_application(step: Step) -> None:
    step.record.applied_on = step.input.on



def not_last(s: Situation) -> Refusal | None:
    return LAST_STAGE if s.record.stage + 1 >= s.record.stages else None


def not_first(s: Situation) -> Refusal | None:
    return FIRST_STAGE if s.record.stage <= 0 else None


def has_fast_track(s: Situation) -> Refusal | None:
    return None if s.record.fast_track else NO_FAST_TRACK


KEEPERS = (ACCOMPANYING, ITS_LIAISON, DISPATCHER, LEADER)
INSIDE = (S.INSIDE,)

LIBRARY_ENTRY = Flow(
    LibraryEntry,
    LibraryEntryState,
    [
        Move(
            "admit", "入库", "Admit", (), S.INSIDE, KEEPERS,
            input=Admit, act=admit, mutation="admitToLibrary", tells=(COMPANION_OF, ITS_CONTACTS),
        ),
        Move(
            "advance", "进入下一阶段", "On to the next stage", INSIDE, None, KEEPERS,
            guards=(not_last,), act=advance, bulk=True, tells=(COMPANION_OF,),
        ),
        Move(
            "step_back", "退回上一阶段", "Back to the stage before", INSIDE, None, KEEPERS,
            guards=(not_first,), input=WithReason, act=step_back, tells=(COMPANION_OF,),
        ),
        Move(
            "fast_track", "直通车", "Straight to the last stage", INSIDE, None, (ITS_LIAISON, DISPATCHER, LEADER),
            guards=(has_fast_track, not_last), input=WithReason, act=take_fast_track, tells=(COMPANION_OF,),
        ),
        Move(
            "exit", "出库", "Exit", INSIDE, S.EXITED, KEEPERS,
            input=Exit, act=leave, mutation="exitLibrary", tells=(COMPANION_OF, ITS_CONTACTS),
        ),
        Move("graduate", "认定出库", "Graduate", INSIDE, S.GRADUATED, input=Graduate, act=graduate),
        Move("note_application", "已申报", "Applied for", INSIDE, None, input=Applied, act=note_application),
    ],
    zh="入库",
    en="Library entry",
)
