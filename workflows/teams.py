"""How teams are set up and disbanded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from domain.assignments import Assignment, AssignmentState
from domain.departments import Department
from domain.refusals import OTHER_ZONE, Refusal, Refused
from domain.teams import Team, TeamKind, TeamState
from domain.viewers import Role
from workflows.flow import Flow, Move, role
from workflows.inputs import Reason, Words
from workflows.perform import Step
from workflows.zones import THE_OPERATOR

S = TeamState
KEEPERS = role(Role.ADMINISTRATOR, Role.LEADER, Role.DISPATCHER)
TEAM_NAMED = Refusal("TEAM_NAMED", "本区已有同名队伍。", "The zone has a team of this name.", "name")


@dataclass
class Describe:
    name: Annotated[str, Words("名称", "Name", 100)]
    kind_of: Annotated[TeamKind, Words("队伍类别", "Kind")]
    department: Annotated[Department | None, Words("牵头部门", "Department in charge")] = None
    source: Annotated[str, Words("来源", "Source", 300, empty=True)] = ""


@dataclass
class Disband:
    reason: Reason
    on: Annotated[date, Words("解散日", "The first day there is no such team")]


async def describe(step: Step) -> None:
    team, given = step.record, step.input
    if given.department and given.department.zone_id != team.zone_id:
        raise Refused(OTHER_ZONE.about("departmentId"))
    if await Team.filter(zone_id=team.zone_id, name=given.name).exclude(id=team.id).exists():
        raise Refused(TEAM_NAMED)
    team.name, team.kind_of, team.source = given.name, given.kind_of, given.source
    team.department_id = given.department.id if given.department else None


async def release_all(step: Step) -> None:
    for each in await Assignment.filter(team_id=step.record.id, state=AssignmentState.HELD).order_by("id"):
        await step.perform(each, "end", ends_on=step.input.on, reason=step.input.reason)


TEAM = Flow(
    Team,
    TeamState,
    [
        Move("form", "组建", "Form a team", (), S.ACTIVE, (KEEPERS, THE_OPERATOR), input=Describe, act=describe),
        Move("edit", "修改", "Edit", (S.ACTIVE,), None, (KEEPERS,), input=Describe, act=describe),
        Move("disband", "解散", "Disband", (S.ACTIVE,), S.DISBANDED, (KEEPERS,), input=Disband, then=release_all),
    ],
    zh="队伍",
    en="Team",
)
