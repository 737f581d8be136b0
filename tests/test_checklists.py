"""Checklists: laid out by the zone, begun for an enterprise, done item by item with evidence."""

from __future__ import annotations

from typing import Any

from api.nodes import global_id
from domain.checklists import Checklist, ChecklistItem, ChecklistState, ChecklistTemplate, ItemState
from domain.libraries import Library
from domain.library_entries import LibraryEntry
from tests.graphql import served, signed_in
from tests.proofs import assert_whole, moved, refused
from tests.world import World, a_world
from workflows.perform import create

C, S = ChecklistState, ItemState
EIGHT_HELPS = [f"帮扶事项{n}" for n in range(1, 9)]  # XY-10 has eight


async def test_of_eight_helps_so_many_are_done_each_with_its_evidence(database: str) -> None:
    world = await a_world("XY")
    checklist = await begun(world, await a_template(world))
    assert (checklist.total, checklist.done, checklist.to_do) == (8, 0, 8)
    items = await ChecklistItem.filter(checklist_id=checklist.id).order_by("place")
    assert [each.name for each in items] == EIGHT_HELPS

    with refused("REQUIRED"):
        await moved(world, world.companion, items[0], "do")
    for item in items[:3]:
        await moved(world, world.companion, item, "do", evidence="已签约，见合同")

    checklist = await Checklist.get(id=checklist.id)
    assert (checklist.done, checklist.total, checklist.to_do, checklist.state) == (3, 8, 5, C.OPEN)
    await assert_whole()


async def test_it_is_complete_once_nothing_is_left_and_open_again_when_something_is(database: str) -> None:
    world = await a_world("XY")
    checklist = await begun(world, await a_template(world, items=["减税", "贷款"]))
    first, second = await ChecklistItem.filter(checklist_id=checklist.id).order_by("place")

    await moved(world, world.companion, first, "do", evidence="已办")
    await moved(world, world.companion, second, "waive", reason="企业不需要贷款")
    done = await Checklist.get(id=checklist.id)
    assert (done.state, done.done, done.to_do) == (C.COMPLETE, 1, 0)

    await moved(world, world.leader, first, "undo", reason="佐证有误")
    again = await Checklist.get(id=checklist.id)
    assert (again.state, again.done, again.to_do) == (C.OPEN, 0, 1)
    assert (await ChecklistItem.get(id=first.id)).evidence == ""
    assert (await moved(world, world.companion, again, "drop", reason="企业迁出")).state is C.DROPPED
    await assert_whole()


async def test_a_checklist_of_a_library_is_for_those_inside(database: str) -> None:
    world = await a_world("KRM")
    leader = await world.viewer(world.leader)
    library = await create(leader, Library, "set_up", within=world.zone, name="高企库", stages=["优选", "培育"])
    template = await a_template(world, name="入库清单", link="admission", library=library)

    with refused("NOT_INSIDE"):
        await begun(world, template)
    entry = await create(leader, LibraryEntry, "admit", within=world.enterprise, library=library)
    assert (await begun(world, template)).entry_id == entry.id
    with refused("BEGUN_ALREADY"):
        await begun(world, template)


async def test_a_template_has_a_name_and_items_of_its_own(database: str) -> None:
    world, other = await a_world("XY"), await a_world("GZ")
    template = await a_template(world)

    for given, code in (
        ({}, "TEMPLATE_NAMED"), ({"name": "另一", "items": ["减税", "减税"]}, "NAMED_TWICE"),
        ({"name": "另一", "items": []}, "REQUIRED"),
    ):
        with refused(code):
            await a_template(world, **given)
    with refused("OTHER_ZONE"):
        await begun(other, template)
    template = await moved(world, world.leader, template, "retire", reason="改版")
    with refused("TEMPLATE_RETIRED"):
        await begun(world, template)


async def test_checklists_over_the_api(database: str) -> None:
    world = await a_world("XY")
    template = await a_template(world)
    async with served() as http:
        companion, contact = await signed_in(http, world.companion), await signed_in(http, world.contact)
        given = {"enterpriseId": global_id(world.enterprise), "templateId": global_id(template)}
        made = await companion.do("beginChecklist", "checklist { items { id name moves { name allowed } } }", **given)
        items = made["checklist"]["items"]
        await companion.do("doChecklistItem", id=items[0]["id"], evidence="见台账")
        seen = await contact.ask(
            "{ checklists(filter: {link: [HELP], state: [OPEN]}) { nodes { done total items { state evidence } } }"
            " checklistTemplates { nodes { items } } }"
        )

    assert {each["name"]: each["allowed"] for each in items[0]["moves"]} == {
        "doChecklistItem": True, "waiveChecklistItem": True,
    }
    (found,) = seen["checklists"]["nodes"]
    assert (found["done"], found["total"]) == (1, 8)
    assert found["items"][0] == {"state": "DONE", "evidence": "见台账"}
    assert seen["checklistTemplates"]["nodes"] == [{"items": EIGHT_HELPS}]


async def a_template(world: World, **given: Any) -> ChecklistTemplate:
    given = {"name": "八帮扶", "link": "help", "items": EIGHT_HELPS, **given}
    return await create(await world.viewer(world.leader), ChecklistTemplate, "lay_out", within=world.zone, **given)


async def begun(world: World, template: ChecklistTemplate) -> Checklist:
    viewer = await world.viewer(world.companion)
    made = await create(viewer, Checklist, "begin", within=world.enterprise, template=template)
    return await Checklist.get(id=made.id)
