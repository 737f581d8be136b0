"""How checklists are laid out for a zone, begun for an enterprise and done item by item."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from domain.checklists import (
    Checklist,
    ChecklistItem,
    ChecklistState,
    ChecklistTemplate,
    ItemState,
    Link,
    TemplateState,
)
from domain.libraries import Library
from domain.library_entries import LibraryEntry, LibraryEntryState
from domain.refusals import OTHER_ZONE, Refusal, Refused
from domain.viewers import Role
from domain.zones import lineage
from workflows.actors import ACCOMPANYING, DISPATCHER, LEADER
from workflows.flow import Flow, Move, Tally, role
from workflows.inputs import Reason, WithReason, Words
from workflows.libraries import once
from workflows.perform import Step
from workflows.zones import THE_OPERATOR

T, C, S = TemplateState, ChecklistState, ItemState
KEEPERS = role(Role.ADMINISTRATOR, Role.LEADER, Role.DISPATCHER)
WORKERS = (ACCOMPANYING, DISPATCHER, LEADER)
TEMPLATE_NAMED = Refusal(
    "TEMPLATE_NAMED", "本区已有同名清单模板。", "The zone has a template of this name.", "name"
)
TEMPLATE_RETIRED = Refusal("TEMPLATE_RETIRED", "该清单模板已停用。", "This template is retired.", "templateId")
NOT_INSIDE = Refusal(
    "NOT_INSIDE", "该企业不在此清单所属的培育库内。",
    "The enterprise is not inside the library this checklist is of.", "templateId",
)
BEGUN_ALREADY = Refusal(
    "BEGUN_ALREADY", "该清单正在进行。", "This checklist is under way already.", "templateId"
)


@dataclass
class LayOut:
    name: Annotated[str, Words("名称", "Name", 100)]
    link: Annotated[Link, Words("环节", "Part of the work")]
    items: Annotated[list[str], Words("事项", "Items, in order", 200)]
    library: Annotated[Library | None, Words("培育库", "Library, where it is for those inside one")] = None
    source: Annotated[str, Words("依据", "Source", 300, empty=True)] = ""


@dataclass
class Begin:
    template: Annotated[ChecklistTemplate, Words("清单模板", "Template")]


@dataclass
class LayItem:
    checklist: Annotated[Checklist, Words("清单", "Checklist")]
    place: Annotated[int, Words("序号", "Place")]
    name: Annotated[str, Words("事项", "Item")]


@dataclass
class Do:
    evidence: Annotated[str, Words("佐证", "Evidence: what was done, and where it is shown", 2_000)]


@dataclass
class Waive:
    reason: Reason


async def lay_out(step: Step) -> None:
    template, given = step.record, step.input
    if given.library and given.library.zone_id != template.zone_id:
        raise Refused(OTHER_ZONE.about("libraryId"))
    if await ChecklistTemplate.filter(zone_id=template.zone_id, name=given.name).exists():
        raise Refused(TEMPLATE_NAMED)
    once(given.items, "items")
    template.name, template.link, template.items = given.name, given.link, given.items
    template.source, template.library_id = given.source, given.library.id if given.library else None


async def begin(step: Step) -> None:
    checklist, template = step.record, step.input.template
    if template.zone_id not in await lineage(checklist.zone_id):
        raise Refused(OTHER_ZONE.about("templateId"))
    if template.state is T.RETIRED:
        raise Refused(TEMPLATE_RETIRED)
    mine = {"enterprise_id": checklist.enterprise_id}
    if await Checklist.filter(**mine, template_id=template.id, state=C.OPEN).exists():
        raise Refused(BEGUN_ALREADY)
    checklist.template_id, checklist.name, checklist.link = template.id, template.name, template.link
    checklist.total = len(template.items)
    if template.library_id:
        inside = LibraryEntry.filter(**mine, library_id=template.library_id, state=LibraryEntryState.INSIDE)
        entry = await inside.order_by("id").first()
        if entry is None:
            raise Refused(NOT_INSIDE)
        checklist.entry_id = entry.id


async def lay_items(step: Step) -> None:
    for place, name in enumerate(step.input.template.items, 1):
        await step.create(ChecklistItem, "lay", checklist=step.record, place=place, name=name)


async def lay(step: Step) -> None:
    given = step.input
    step.record.checklist_id, step.record.place, step.record.name = given.checklist.id, given.place, given.name


async def do(step: Step) -> None:
    step.record.evidence = step.input.evidence


async def undo(step: Step) -> None:
    step.record.evidence = ""


async def complete_when_done(step: Step) -> None:
    checklist = await step.change.load(Checklist, step.record.checklist_id)
    if checklist.to_do == 0 and checklist.state is C.OPEN:
        await step.perform(checklist, "complete")


async def resume_list(step: Step) -> None:
    checklist = await step.change.load(Checklist, step.record.checklist_id)
    if checklist.state is C.COMPLETE:
        await step.perform(checklist, "resume")


CHECKLIST_TEMPLATE = Flow(
    ChecklistTemplate,
    TemplateState,
    [
        Move(
            "lay_out", "设清单模板", "Lay out a checklist", (), T.IN_USE, (KEEPERS, THE_OPERATOR),
            input=LayOut, act=lay_out, mutation="layOutChecklist",
        ),
        Move("retire", "停用", "Retire", (T.IN_USE,), T.RETIRED, (KEEPERS,), input=WithReason),
    ],
    zh="清单模板",
    en="Checklist template",
)

CHECKLIST = Flow(
    Checklist,
    ChecklistState,
    [
        Move("begin", "开始清单", "Begin a checklist", (), C.OPEN, WORKERS, input=Begin, act=begin, then=lay_items),
        Move("complete", "完成清单", "Complete", (C.OPEN,), C.COMPLETE),
        Move("resume", "重新进行", "To be gone on with", (C.COMPLETE,), C.OPEN),
        Move("drop", "终止清单", "Drop", (C.OPEN,), C.DROPPED, WORKERS, input=WithReason),
    ],
    zh="清单",
    en="Checklist",
)

CHECKLIST_ITEM = Flow(
    ChecklistItem,
    ItemState,
    [
        Move("lay", "列入清单", "Laid out", (), S.TO_DO, input=LayItem, act=lay),
        Move("do", "办结事项", "Done", (S.TO_DO,), S.DONE, WORKERS, input=Do, act=do, then=complete_when_done),
        Move(
            "waive", "不适用", "Does not apply", (S.TO_DO,), S.WAIVED, WORKERS, input=Waive, then=complete_when_done
        ),
        Move(
            "undo", "退回待办", "To be done after all", (S.DONE, S.WAIVED), S.TO_DO, WORKERS,
            input=WithReason, act=undo, then=resume_list,
        ),
    ],
    tallies=[Tally("checklist", "done", (S.DONE,)), Tally("checklist", "to_do", (S.TO_DO,))],
    zh="清单事项",
    en="Checklist item",
)
