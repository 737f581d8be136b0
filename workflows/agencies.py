"""How agencies come onto a zone's list and off it, and how it is said who coached an application."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from domain.agencies import Agency, AgencyKind, AgencyState
from domain.refusals import OTHER_ZONE, Refusal, Refused
from domain.viewers import Role
from domain.zones import lineage
from workflows.flow import Flow, Move, role
from workflows.inputs import WithReason, Words
from workflows.perform import Step
from workflows.zones import THE_OPERATOR

S = AgencyState
KEEPERS = (role(Role.ADMINISTRATOR, Role.LEADER, Role.DISPATCHER), THE_OPERATOR)
AGENCY_NAME_TAKEN = Refusal(
    "AGENCY_NAME_TAKEN", "本区名录中已有同名机构。", "The zone's list has an agency of this name.", "name"
)
STRUCK_OFF = Refusal("STRUCK_OFF", "该机构已移出名录。", "This agency has been struck off the list.", "agencyId")

Name = Annotated[str, Words("机构名称", "Name", 200)]
Kind = Annotated[AgencyKind, Words("机构类别", "Kind")]
Source = Annotated[str, Words("来源", "Source", 300, empty=True)]


@dataclass
class ListAgency:
    name: Name
    kind_of: Kind
    source: Source = ""
    synthetic: Annotated[bool, Words("示例", "Made up for demonstration")] = False


@dataclass
class EditAgency:
    name: Name
    kind_of: Kind
    source: Source = ""


@dataclass
class NameAgency:
    agency: Annotated[Agency | None, Words("辅导机构", "The agency that coaches it; empty for none")] = None


async def enlist(step: Step) -> None:
    step.record.synthetic = step.input.synthetic
    await edit(step)


async def edit(step: Step) -> None:
    agency, given = step.record, step.input
    agency.name, agency.kind_of, agency.source = given.name, given.kind_of, given.source
    if await Agency.filter(zone_id=agency.zone_id, name=given.name).exclude(id=agency.id).exists():
        raise Refused(AGENCY_NAME_TAKEN)


async def name_agency(step: Step) -> None:
    """A move of an application: whoever coaches it is on the list of its zone, or of one above."""
    application, agency = step.record, step.input.agency
    if agency and agency.zone_id not in await lineage(application.zone_id):
        raise Refused(OTHER_ZONE.about("agencyId"))
    if agency and agency.state is S.STRUCK:
        raise Refused(STRUCK_OFF)
    application.agency_id = agency.id if agency else None


AGENCY = Flow(
    Agency,
    AgencyState,
    [
        Move("enlist", "列入名录", "Put on the list", (), S.LISTED, KEEPERS, input=ListAgency, act=enlist),
        Move("edit", "修改", "Edit", (S.LISTED,), None, KEEPERS, input=EditAgency, act=edit),
        Move("strike", "移出名录", "Strike off the list", (S.LISTED,), S.STRUCK, KEEPERS, input=WithReason),
    ],
    zh="中介机构",
    en="Agency",
)
