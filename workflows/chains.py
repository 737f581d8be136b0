"""How a zone's chain of responsibility is laid down, level by level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from domain.chains import ChainLink
from domain.enterprises import Enterprise
from domain.people import Person
from domain.records import Kept
from domain.refusals import BAD_INPUT, OTHER_ZONE, Refusal, Refused
from domain.viewers import Role
from workflows.flow import Flow, Move, role
from workflows.inputs import Words
from workflows.perform import Step
from workflows.zones import THE_OPERATOR

LEVEL_TAKEN = Refusal("LEVEL_TAKEN", "这一层级已设。", "This level is laid down already.", "level")
NOT_STAFF = Refusal(
    "NOT_STAFF", "企业联系人不能作为责任链上的责任人。",
    "An enterprise's contact holds no level of the chain.", "personId",
)
KEEPERS = role(Role.ADMINISTRATOR, Role.LEADER)
Title = Annotated[str, Words("层级名称", "Title of the level", 100)]
Holder = Annotated[Person | None, Words("责任人", "Who holds it; empty while vacant")]


@dataclass
class AddLink:
    """Level 1 is nearest the enterprise; without an enterprise the level holds for the whole zone."""

    level: Annotated[int, Words("层级", "Level")]
    title: Title
    person: Holder = None
    enterprise: Annotated[Enterprise | None, Words("企业", "Enterprise")] = None


@dataclass
class FillLink:
    title: Title
    person: Holder = None


async def add(step: Step) -> None:
    link, given = step.record, step.input
    if not 1 <= given.level <= 9:
        raise Refused(BAD_INPUT.about("level", problem_zh="层级为1至9", problem_en="a level is 1 to 9"))
    enterprise_id = given.enterprise.id if given.enterprise else None
    if given.enterprise and given.enterprise.zone_id != link.zone_id:
        raise Refused(OTHER_ZONE.about("enterpriseId"))
    if await ChainLink.filter(zone_id=link.zone_id, enterprise_id=enterprise_id, level=given.level).exists():
        raise Refused(LEVEL_TAKEN)
    link.level, link.enterprise_id = given.level, enterprise_id
    await fill(step)


async def fill(step: Step) -> None:
    step.record.title = step.input.title
    person = step.input.person
    if person and person.enterprise_id:
        raise Refused(NOT_STAFF)
    step.record.person_id = person.id if person else None


CHAIN_LINK = Flow(
    ChainLink,
    Kept,
    [
        Move(
            "add", "设层级", "Lay down a level", (), Kept.KEPT, (KEEPERS, THE_OPERATOR),
            input=AddLink, act=add, mutation="addChainLink",
        ),
        Move(
            "fill", "调整责任人", "Change who holds it", (Kept.KEPT,), None, (KEEPERS,),
            input=FillLink, act=fill, mutation="fillChainLink",
        ),
    ],
    zh="责任链",
    en="Chain link",
)
