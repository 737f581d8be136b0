"""How departments come to be and are renamed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from domain.departments import Department
from domain.records import Kept
from domain.refusals import Refusal, Refused
from domain.zones import Zone
from workflows.flow import Flow, Move
from workflows.inputs import Words
from workflows.perform import Step
from workflows.zones import ADMINISTRATOR, THE_OPERATOR

NAME_TAKEN = Refusal("NAME_TAKEN", "本区已有同名部门。", "The zone has a department of this name.", "name")

Name = Annotated[str, Words("名称", "Name", 100)]
Aliases = Annotated[list[str], Words("别名", "Other names offices write", 100)]


@dataclass
class CreateDepartment:
    zone: Annotated[Zone, Words("高新区", "Zone")]
    name: Name
    aliases: Aliases = field(default_factory=list)
    is_fallback: Annotated[bool, Words("兜底", "Takes what no other department accepts")] = False


@dataclass
class EditDepartment:
    name: Name
    aliases: Aliases = field(default_factory=list)


async def enter(step: Step) -> None:
    department, given = step.record, step.input
    department.zone_id = given.zone.id
    department.is_fallback = given.is_fallback
    await edit(step)


async def edit(step: Step) -> None:
    department, given = step.record, step.input
    same = Department.filter(zone_id=department.zone_id, name=given.name).exclude(id=department.id)
    if await same.exists():
        raise Refused(NAME_TAKEN)
    department.name, department.aliases = given.name, given.aliases


DEPARTMENT = Flow(
    Department,
    Kept,
    [
        Move(
            "create", "设立", "Set up a department", (), Kept.KEPT, (ADMINISTRATOR, THE_OPERATOR),
            input=CreateDepartment, act=enter,
        ),
        Move("edit", "修改", "Edit", (Kept.KEPT,), None, (ADMINISTRATOR,), input=EditDepartment, act=edit),
    ],
    zh="部门",
    en="Department",
)
