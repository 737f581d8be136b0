"""Enterprises and their one companion, departments and zones: what the books refuse to hold."""

from __future__ import annotations

from typing import Any

from domain.cases import Case
from domain.chains import ChainLink
from domain.departments import Department
from domain.enterprises import Enterprise
from domain.viewers import OPERATOR, Role
from domain.zones import Zone
from tests.proofs import moved, refused
from tests.world import World, a_person, a_world
from workflows.founding import found_zone, zone_called
from workflows.perform import create

USCC = "91350100M000100Y43"  # the example printed in GB 32100-2015


async def test_an_enterprise_has_one_companion_at_a_time(database: str) -> None:
    world = await a_world()
    second = await a_person(world.zone, "GL伴员02", Role.COMPANION)

    with refused("NOT_A_COMPANION"):
        await moved(world, world.leader, world.enterprise, "assign_companion", companion=world.leader, reason="轮岗")
    with refused("NOT_ALLOWED"):
        await moved(world, world.companion, world.enterprise, "assign_companion", companion=second, reason="轮岗")
    changed = await moved(world, world.leader, world.enterprise, "assign_companion", companion=second, reason="轮岗")

    assert changed.companion_id == second.id
    assert not await Enterprise.seen_by(await world.viewer(world.companion)).exists()
    case = await create(await world.viewer(second), Case, "collect", enterprise=world.enterprise.id, title="用地")
    assert case.owner_id == second.id


async def test_a_credit_code_must_check_and_is_known_once_in_a_zone(database: str) -> None:
    world = await a_world()

    with refused("BAD_USCC"):
        await entered(world, uscc=f"{USCC[:-1]}4")
    first = await entered(world, uscc=USCC.lower())
    with refused("USCC_TAKEN"):
        await entered(world, uscc=USCC)

    assert first.uscc == USCC


async def test_who_may_not_enter_an_enterprise_learns_nothing_of_those_there(database: str) -> None:
    world = await a_world()
    await entered(world, uscc=USCC)

    with refused("NOT_ALLOWED"):
        await create(
            await world.viewer(world.contact), Enterprise, "create", zone=world.zone, name="示例·GL·002", uscc=USCC
        )


async def test_a_department_has_a_name_of_its_own_in_its_zone(database: str) -> None:
    world, other = await a_world("GL"), await a_world("GZ")
    administrator = await world.viewer(world.administrator)

    with refused("NAME_TAKEN"):
        await create(administrator, Department, "create", zone=world.zone, name="住建局")
    with refused("NAME_TAKEN"):
        await moved(world, world.administrator, world.land, "edit", name="住建局")
    with refused("NOT_ALLOWED"):
        await create(await world.viewer(world.dispatcher), Department, "create", zone=world.zone, name="金融办")

    assert await Department.filter(name="住建局", zone_id__in=[world.zone.id, other.zone.id]).count() == 2


async def test_a_zone_is_known_by_a_short_code_and_lies_below_its_parent(database: str) -> None:
    world = await a_world()

    for code in ("g", "GUILIN-1", "桂林"):
        with refused("BAD_CODE"):
            await create(OPERATOR, Zone, "found", code=code, name="示例高新区")
    below = await create(OPERATOR, Zone, "found", code="GLA", name="示例园区", parent=world.zone)

    assert below.path == "GL/GLA"


async def test_an_operator_is_told_which_zones_there_are_and_which_code_is_taken(database: str) -> None:
    await a_world()

    with refused("NO_SUCH_ZONE"):
        await zone_called("GZ")
    with refused("CODE_TAKEN"):
        await found_zone("GL", "又一高新区", admin="gl-admin", password="Wo-xiang-qu-Guilin-7")

    assert (await zone_called(" gl ")).code == "GL"


async def entered(world: World, **given: Any) -> Enterprise:
    viewer = await world.viewer(world.administrator)
    return await create(viewer, Enterprise, "create", zone=world.zone, name="示例·GL·002", synthetic=True, **given)


async def test_a_chain_is_of_its_own_zones_enterprises_and_of_staff(database: str) -> None:
    world = await a_world()
    other = await a_world("XY")
    leader = await world.viewer(world.leader)

    with refused("OTHER_ZONE"):
        await create(
            leader, ChainLink, "add", within=world.zone, level=1, title="专员", enterprise=other.enterprise
        )
    with refused("NOT_STAFF"):
        await create(leader, ChainLink, "add", within=world.zone, level=1, title="专员", person=world.contact)
