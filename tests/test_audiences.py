"""What is kept of an enterprise is told to those it concerns: its contacts, whoever goes there, the departments asked;
each of whom reads of it what they see of it, and no more."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from domain import clock
from domain.appropriations import Appropriation
from domain.claims import Claim
from domain.enterprises import Enterprise
from domain.history import Entry
from domain.people import Person
from domain.policies import Benefit
from domain.viewers import OPERATOR, Role
from domain.visits import Visit, VisitDepartment
from tests.graphql import served, signed_in
from tests.live import serving, watching
from tests.policy_texts import a_benefit, a_policy
from tests.proofs import moved, refused
from tests.test_lights import scans, steps_of
from tests.test_notices import told_of
from tests.world import World, a_handled_case, a_person, a_world
from workflows.perform import create

TOMORROW = clock.today().date() + timedelta(days=1)
CONTACT, LAND, HOUSING, VISITOR = "GL企业联系人", "GL自然资源局联络员", "GL住建局联络员", "GL伴员02"
INBOX = "subscription { noticed { kind notices { move label asked entry { reason } enterprise { name } } } }"


async def a_joint_visit(world: World, visitor: Person) -> Visit:
    leader = await world.viewer(world.leader)
    return await create(
        leader, Visit, "plan", within=world.enterprise, purposes=["learn"], planned_for=TOMORROW, visitor=visitor,
        departments=[world.land, world.housing],
    )


async def read_by(world: World, person: Person) -> list[tuple[str, str]]:
    """What somebody reads in the history of what is kept of the enterprise, in its order."""
    rows = Entry.seen_by(await world.viewer(person)).filter(subject_id=world.enterprise.id)
    return [(each.record_kind, each.move) for each in await rows.order_by("sequence")]


async def test_a_joint_visit_is_asked_of_whoever_goes_and_told_to_the_enterprise(database: str) -> None:
    world = await a_world()
    visitor = await a_person(world.zone, VISITOR, Role.COMPANION)

    visit = await a_joint_visit(world, visitor)

    assert await told_of(visit, "plan") == {VISITOR: True, world.companion.name: False, world.contact.name: False}
    joining = await VisitDepartment.get(visit_id=visit.id, department_id=world.land.id)
    assert await told_of(joining, "expect") == {world.land_liaison.name: True}
    assert await read_by(world, visitor) == [("visit", "plan")]
    assert await read_by(world, world.contact) == [("visit", "plan")]
    assert await read_by(world, world.land_liaison) == [("visit", "plan"), ("visit_department", "expect")]
    assert await read_by(world, world.fallback_liaison) == []


async def test_a_visit_not_made_after_all_is_told_to_all_who_were_to_come(database: str) -> None:
    world = await a_world()
    visitor = await a_person(world.zone, VISITOR, Role.COMPANION)
    visit = await a_joint_visit(world, visitor)
    here = await VisitDepartment.get(visit_id=visit.id, department_id=world.housing.id)
    await moved(world, world.housing_liaison, here, "excuse", reason="另有会议")

    visit = await moved(world, world.leader, visit, "cancel", reason="企业停产检修")

    released = await VisitDepartment.get(visit_id=visit.id, department_id=world.land.id)
    assert (released.state.value, visit.awaited) == ("released", 0)
    assert await told_of(visit, "cancel") == {VISITOR: False, world.companion.name: False, world.contact.name: False}
    assert await told_of(released, "release") == {world.land_liaison.name: False}
    with refused("NOT_NOW"):
        await moved(world, world.land_liaison, released, "attend")
    async with served() as http:
        contact = await signed_in(http, world.contact)
        found = await contact.ask("{ viewer { notices(first: 1) { nodes { label entry { reason } case { id } } } } }")
    [notice] = found["viewer"]["notices"]["nodes"]
    assert notice == {"label": "Cancel", "entry": {"reason": "企业停产检修"}, "case": None}


async def a_claim(world: World, **policy: Any) -> Claim:
    made = await a_policy(world.zone, a_benefit("first", {"fixed": "300000"}), **policy)
    given: dict[str, Any] = {"year": clock.today().year, "amount": "900000", "source": "示例预算"}
    await create(OPERATOR, Appropriation, "make", within=made, **given)
    contact = await world.viewer(world.contact)
    return await create(contact, Claim, "file", within=world.enterprise, benefit=await Benefit.get())


async def test_the_enterprise_hears_what_becomes_of_its_claim(database: str) -> None:
    world = await a_world()
    claim = await a_claim(world)
    other = await create(OPERATOR, Enterprise, "create", zone=world.zone, name="示例·GL·002")
    stranger = await a_person(world.zone, "GL企业联系人02", Role.CONTACT, enterprise=other)

    await moved(world, world.dispatcher, claim, "check")
    await moved(world, world.leader, claim, "grant")
    await moved(world, world.dispatcher, claim, "pay")

    for move in ("grant", "pay"):
        assert (await told_of(claim, move))[world.contact.name] is False
    assert world.contact.name not in await told_of(claim, "check")
    assert await read_by(world, world.contact) == [("claim", each) for each in ("file", "check", "grant", "pay")]
    assert await read_by(world, stranger) == []


async def test_the_department_in_charge_is_asked_to_check_a_claim(database: str) -> None:
    world = await a_world()
    claim = await a_claim(world, department=world.land)

    assert await told_of(claim, "file") == {world.land_liaison.name: True, world.companion.name: False}
    assert await read_by(world, world.land_liaison) == [("claim", "file")]
    assert await read_by(world, world.housing_liaison) == []
    await moved(world, world.land_liaison, claim, "turn_down", reason="材料不全")
    assert (await told_of(claim, "turn_down"))[world.contact.name] is False


async def test_how_the_offices_keep_an_enterprise_is_not_for_its_contacts(database: str) -> None:
    world = await a_world()
    successor = await a_person(world.zone, VISITOR, Role.COMPANION)
    await moved(world, world.leader, world.enterprise, "assign_companion", companion=successor, reason="部门间密谈")

    assert await read_by(world, world.contact) == []
    assert ("enterprise", "assign_companion") in await read_by(world, successor)


async def test_one_hears_at_once_what_one_is_told(database: str) -> None:
    world = await a_world()
    async with serving(database) as live, watching(live, world.contact, INBOX) as watcher:
        await a_handled_case(world)
        assert (await watcher.event())["notices"][0]["enterprise"] is None

        while (await watcher.event())["notices"][0]["move"] != "begin":
            pass
        await a_joint_visit(world, world.companion)

        assert await watcher.event() == {"kind": "TOLD", "notices": [{
            "move": "plan", "label": "Plan a visit", "asked": False, "entry": {"reason": ""},
            "enterprise": {"name": "示例·GL·001"},
        }]}


async def test_what_one_may_read_is_found_without_reading_the_whole_history(database: str) -> None:
    world = await a_world()
    await a_joint_visit(world, world.companion)

    for person in (world.contact, world.land_liaison, world.companion):
        steps = await steps_of(Entry.seen_by(await world.viewer(person)))
        assert not [each for each in steps if scans(each, "entry")], (person.name, steps)
