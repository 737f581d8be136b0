"""How campaigns of application are announced and closed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from domain.campaigns import Campaign, CampaignState
from domain.departments import Department
from domain.kinds import Level, RecognitionKind
from domain.refusals import BAD_INPUT, OTHER_ZONE, Refusal, Refused
from domain.viewers import Role
from workflows.flow import Flow, Move, role
from workflows.inputs import WithReason, Words
from workflows.perform import Step
from workflows.zones import THE_OPERATOR

S = CampaignState
KEEPERS = role(Role.ADMINISTRATOR, Role.LEADER, Role.DISPATCHER)
CLOSES_FIRST = Refusal("CLOSES_FIRST", "截止日早于开始日。", "It would close before it opens.", "closesOn")
CAMPAIGN_NAMED = Refusal(
    "CAMPAIGN_NAMED", "本年度已有同名批次。", "There is a campaign of this name in that year already.", "name"
)


@dataclass
class Window:
    """A campaign's name, in whose charge it is, and its window, both days included."""

    name: Annotated[str, Words("名称", "Name", 100)]
    opens_on: Annotated[date, Words("开始日", "Opens on")]
    closes_on: Annotated[date, Words("截止日", "Closes on, that day included")]
    department: Annotated[Department | None, Words("主管部门", "Department in charge")] = None
    source: Annotated[str, Words("依据", "Source", 300, empty=True)] = ""


@dataclass(kw_only=True)
class Announce(Window):
    year: Annotated[int, Words("年度", "Year")]
    recognised_as: Annotated[RecognitionKind, Words("认定类别", "To be recognised as")]
    level: Annotated[Level, Words("级别", "Level")] = Level.UNSTATED


async def announce(step: Step) -> None:
    campaign, given = step.record, step.input
    if not 1990 <= given.year <= 2100:
        raise Refused(BAD_INPUT.about("year", problem_zh="年度不在可用范围内", problem_en="the year is out of range"))
    campaign.year, campaign.recognised_as, campaign.level = given.year, given.recognised_as, given.level
    await edit(step)


async def edit(step: Step) -> None:
    campaign, given = step.record, step.input
    if given.closes_on < given.opens_on:
        raise Refused(CLOSES_FIRST)
    if given.department and given.department.zone_id != campaign.zone_id:
        raise Refused(OTHER_ZONE.about("departmentId"))
    same = Campaign.filter(zone_id=campaign.zone_id, year=campaign.year, name=given.name)
    if await same.exclude(id=campaign.id).exists():
        raise Refused(CAMPAIGN_NAMED)
    campaign.name, campaign.source = given.name, given.source
    campaign.opens_on, campaign.closes_on = given.opens_on, given.closes_on
    campaign.department_id = given.department.id if given.department else None


CAMPAIGN = Flow(
    Campaign,
    CampaignState,
    [
        Move(
            "announce", "发布批次", "Announce a campaign", (), S.ANNOUNCED, (KEEPERS, THE_OPERATOR),
            input=Announce, act=announce,
        ),
        Move("edit", "修改批次", "Edit", (S.ANNOUNCED,), None, (KEEPERS,), input=Window, act=edit),
        Move("close", "结束批次", "Close", (S.ANNOUNCED,), S.CLOSED, (KEEPERS,), input=WithReason),
        Move("reopen", "重新开放", "Open again", (S.CLOSED,), S.ANNOUNCED, (KEEPERS,), input=WithReason),
    ],
    zh="申报批次",
    en="Campaign",
)
