"""How rounds of visits are announced, edited and closed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any

from domain.departments import Department
from domain.kinds import RecognitionKind
from domain.refusals import BAD_INPUT, OTHER_ZONE, Refusal, Refused
from domain.rounds import RoundState, VisitRound
from domain.viewers import Role
from domain.zones import lineage
from workflows.flow import Flow, Move, role
from workflows.inputs import WithReason, Words
from workflows.perform import Step
from workflows.zones import THE_OPERATOR

S = RoundState
MOST_AT_LEAST = 1_000_000
KEEPERS = role(Role.ADMINISTRATOR, Role.LEADER, Role.DISPATCHER)
ENDS_BEFORE = Refusal("ENDS_BEFORE", "结束日早于开始日。", "It would end before it begins.", "until")
ROUND_NAMED = Refusal("ROUND_NAMED", "本年度已有同名轮次。", "That year has a round of this name already.", "name")


@dataclass
class Stratum:
    """A part of those to be visited, and the least number that is to be."""

    name: Annotated[str, Words("分层", "Name", 60)]
    at_least: Annotated[int, Words("应走访户数（以上，含本数）", "At least so many")]
    above_scale: Annotated[bool | None, Words("规上", "Above scale or below; all unless told")] = None


@dataclass
class Round:
    name: Annotated[str, Words("名称", "Name", 100)]
    since: Annotated[date, Words("开始日", "First day")]
    until: Annotated[date, Words("结束日", "Last day")]
    strata: Annotated[list[Stratum], Words("分层", "Strata")] = field(default_factory=list)
    departments: Annotated[list[Department], Words("联合走访部门", "Departments that must join")] = field(
        default_factory=list
    )
    recognised_as: Annotated[RecognitionKind | None, Words("认定类别", "Only holders of this recognition")] = None
    source: Annotated[str, Words("依据", "Source", 300, empty=True)] = ""


@dataclass(kw_only=True)
class Announce(Round):
    year: Annotated[int, Words("年度", "Year")]
    number: Annotated[int | None, Words("第几轮", "Which round of the year")] = None


async def announce(step: Step) -> None:
    row, given = step.record, step.input
    if not 1990 <= given.year <= 2100:
        raise Refused(BAD_INPUT.about("year", problem_zh="年度不在可用范围内", problem_en="the year is out of range"))
    if given.number is not None and not 1 <= given.number <= 366:
        raise Refused(BAD_INPUT.about("number", problem_zh="轮次从1起", problem_en="rounds count from 1"))
    row.year, row.number = given.year, given.number
    await edit(step)


async def edit(step: Step) -> None:
    row, given = step.record, step.input
    if given.until < given.since:
        raise Refused(ENDS_BEFORE)
    same = VisitRound.filter(zone_id=row.zone_id, year=row.year, name=given.name).exclude(id=row.id)
    if await same.exists():
        raise Refused(ROUND_NAMED)
    above = await lineage(row.zone_id)
    if any(each.zone_id not in above for each in given.departments):
        raise Refused(OTHER_ZONE.about("departmentIds"))
    row.name, row.since, row.until, row.source = given.name, given.since, given.until, given.source
    row.recognised_as = given.recognised_as
    row.strata = [_stratum(each) for each in given.strata]
    row.departments = list(dict.fromkeys(str(each.id) for each in given.departments))


def _stratum(given: Stratum) -> list[Any]:
    if not 1 <= given.at_least <= MOST_AT_LEAST:
        raise Refused(BAD_INPUT.about("strata", problem_zh="户数至少为1", problem_en="at least one enterprise"))
    return [given.name, given.above_scale, given.at_least]


VISIT_ROUND = Flow(
    VisitRound,
    RoundState,
    [
        Move(
            "announce", "部署走访", "Announce a round", (), S.OPEN, (KEEPERS, THE_OPERATOR),
            input=Announce, act=announce,
        ),
        Move("edit", "修改轮次", "Edit", (S.OPEN,), None, (KEEPERS,), input=Round, act=edit),
        Move("close", "结束轮次", "Close", (S.OPEN,), S.CLOSED, (KEEPERS,), input=WithReason),
        Move("reopen", "重新开放", "Open again", (S.CLOSED,), S.OPEN, (KEEPERS,), input=WithReason),
    ],
    zh="走访轮次",
    en="Round of visits",
)
