"""Applications, recognitions, libraries, checklists and roadmaps in every state they can be in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from domain import clock
from domain.applications import Application
from domain.campaigns import Campaign
from domain.checklists import Checklist, ChecklistItem, ChecklistTemplate
from domain.enterprises import Enterprise
from domain.filed_counts import FiledCount
from domain.kinds import RecognitionKind
from domain.libraries import Library
from domain.library_entries import LibraryEntry
from domain.recognitions import Recognition
from domain.roadmaps import Milestone, Roadmap
from domain.viewers import OPERATOR
from tests.world import World
from workflows.perform import create, perform

STEPS: tuple[tuple[str, ...], ...] = (
    (), ("submit",), ("submit", "recommend"), ("submit", "recognise"), ("submit", "turn_down"), ("withdraw",)
)


async def all_sorts_of_applications(world: World) -> None:
    leader, today = await world.viewer(world.leader), clock.today().date()
    window = {"year": today.year, "opens_on": today, "closes_on": today + timedelta(days=30)}
    given: dict[str, Any] = {
        "submit": {}, "recommend": {}, "recognise": {"recognised_on": today}, "turn_down": {"reason": "指标不足"},
        "withdraw": {"reason": "放弃"},
    }
    for number, steps in enumerate(STEPS):
        campaign = await create(
            leader, Campaign, "announce", within=world.zone, name=f"批次{number}", department=world.land,
            recognised_as=list(RecognitionKind)[number], **window,
        )
        application = await create(leader, Application, "draft", within=world.enterprise, campaign=campaign)
        for step in steps:
            await perform(leader, Application, application.id, step, **given[step])
    await perform(leader, Campaign, campaign.id, "close", reason="结束")
    await all_sorts_of_recognitions(world)
    await all_sorts_of_cultivation(world)


async def all_sorts_of_recognitions(world: World) -> None:
    leader, today = await world.viewer(world.leader), clock.today().date()
    lately: dict[str, Any] = {"recognised_on": today - timedelta(days=30)}
    ends: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("gazelle", "renew", {"recognised_on": today}),
        ("unicorn", "revoke", {"revoked_on": today, "reason": "不再符合条件"}),
    )
    for kind, move, given in ends:
        held = await create(leader, Recognition, "record", within=world.enterprise, recognised_as=kind, **lately)
        await perform(leader, Recognition, held.id, move, **given)
    count: dict[str, Any] = {"recognised_as": "gazelle", "measure": "stock", "until": today, "count": 1}
    count |= {"source": "示例", "status": "ext"}
    struck = await create(leader, FiledCount, "file", within=world.zone, **count)
    await perform(leader, FiledCount, struck.id, "strike", reason="重复")
    await create(leader, FiledCount, "file", within=world.zone, **count)


async def all_sorts_of_cultivation(world: World) -> None:
    leader, today = await world.viewer(world.leader), clock.today().date()
    within: dict[str, Any] = {"within": world.enterprise}
    for number, kind in enumerate((None, "top_hundred", "champion")):
        library = await create(
            leader, Library, "set_up", within=world.zone, name=f"培育库{number}", stages=["优选", "培育"],
            recognised_as=kind, department=world.land,
        )
        entry = await create(leader, LibraryEntry, "admit", **within, library=library)
        if kind == "champion":
            await create(leader, Recognition, "record", **within, recognised_as=kind, recognised_on=today)
        if kind == "top_hundred":
            await perform(leader, LibraryEntry, entry.id, "exit", reason="迁出")
            await perform(leader, Library, library.id, "close", reason="年度结束")
    await all_sorts_of_checklists(world)
    points = [{"title": f"里程碑{number}", "due_on": today + timedelta(days=30)} for number in range(2)]
    for _ in range(2):
        roadmap = await create(leader, Roadmap, "draw", **within, title="一企一策", milestones=points)
        first = await Milestone.filter(roadmap_id=roadmap.id).order_by("id").limit(1)
        await perform(leader, Milestone, first[0].id, "reach", result="已达成")
    await perform(leader, Roadmap, roadmap.id, "end", reason="结束")
    await create(leader, Roadmap, "draw", **within, title="一企一策", milestones=points)


async def all_sorts_of_checklists(world: World) -> None:
    leader = await world.viewer(world.leader)
    for number in range(4):
        template = await create(
            leader, ChecklistTemplate, "lay_out", within=world.zone, name=f"清单{number}", link="help",
            items=["减税", "贷款"],
        )
        checklist = await create(leader, Checklist, "begin", within=world.enterprise, template=template)
        first, second = await ChecklistItem.filter(checklist_id=checklist.id).order_by("place")
        if number:
            await perform(leader, ChecklistItem, first.id, "do", evidence="见台账")
        if number == 1:
            await perform(leader, ChecklistItem, second.id, "waive", reason="不需要")
        if number == 2:
            await perform(leader, Checklist, checklist.id, "drop", reason="迁出")
            await perform(leader, ChecklistTemplate, template.id, "retire", reason="改版")


async def an_application_of(world: World, enterprise: Enterprise) -> Application:
    """Of another enterprise, in a campaign that no department is in charge of."""
    today = clock.today().date()
    campaign = await create(
        OPERATOR, Campaign, "announce", within=world.zone, name="无主管批次", year=today.year,
        recognised_as=RecognitionKind.HIGH_TECH, opens_on=today, closes_on=today,
    )
    leader = await world.viewer(world.leader)
    return await create(leader, Application, "draft", within=enterprise, campaign=campaign)
