"""Persons come and go: nobody shuts themselves out, and a password is not changed twice from one old one."""

from __future__ import annotations

from domain import clock
from domain.people import Membership, Person, PersonState, viewer_of
from domain.viewers import Role
from tests.proofs import moved, refused
from tests.world import a_department, a_person, a_world, a_zone
from workflows.perform import create


async def test_an_administrator_deactivates_others_but_not_themselves(database: str) -> None:
    world = await a_world()

    with refused("NOT_YOURSELF"):
        await moved(world, world.administrator, world.administrator, "deactivate", reason="调离")
    gone = await moved(world, world.administrator, world.companion, "deactivate", reason="调离")

    assert gone.state is PersonState.DEACTIVATED
    assert (await viewer_of(gone.id, clock.now())).roles == {}
    back = await moved(world, world.administrator, world.companion, "reactivate", reason="调回")
    assert Role.COMPANION in (await viewer_of(back.id, clock.now())).roles


async def test_a_role_laid_down_gives_no_more_rights(database: str) -> None:
    world = await a_world()
    second = await a_person(world.zone, "GL伴员02", Role.COMPANION)

    with refused("NOT_FOUND"):
        await moved(world, world.leader, await Membership.get(person_id=second.id), "revoke", reason="轮岗")
    await moved(world, world.administrator, await Membership.get(person_id=second.id), "revoke", reason="轮岗")

    assert (await viewer_of(second.id, clock.now())).roles == {}


async def test_a_person_belongs_to_one_zone_with_department_and_enterprise(database: str) -> None:
    world = await a_world()
    below = await a_zone("GLA", world.zone)
    elsewhere = await a_department(below, "示例局")

    with refused("OTHER_ZONE"):
        await create(
            await world.viewer(world.administrator), Person, "create", zone=world.zone, name="GL经办",
            department=elsewhere,
        )


async def test_a_password_changed_meanwhile_is_not_changed_again_from_the_old_one(database: str) -> None:
    world = await a_world()

    with refused("CHANGED_MEANWHILE"):
        await moved(
            world, world.leader, world.leader, "change_password", old_hash="no longer this", new_hash="nor this"
        )


async def test_only_a_person_entered_as_the_enterprises_becomes_its_contact(database: str) -> None:
    world = await a_world()
    administrator = await world.viewer(world.administrator)
    given = {"role": Role.CONTACT, "zone": world.zone, "enterprise": world.enterprise}

    with refused("NOT_ITS_CONTACT"):
        await create(administrator, Membership, "grant", within=world.auditor, **given)
    held = await create(administrator, Membership, "grant", within=world.contact, **given)

    assert held.enterprise_id == world.enterprise.id
