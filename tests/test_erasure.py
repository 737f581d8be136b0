"""Erasure: what the law has blanked is nowhere in the database, and everything still verifies."""

from __future__ import annotations

from pathlib import Path

import pytest
from tortoise.connection import get_connection
from tortoise.expressions import Subquery

from api.nodes import global_id
from domain import clock
from domain import database as storage
from domain.accounts import Account
from domain.cases import Case
from domain.database import engine
from domain.history import Entry, PersonalValue
from domain.people import Person, PersonState
from domain.viewers import OPERATOR
from tests.graphql import served, signed_in
from tests.proofs import assert_whole, moved, refused
from tests.test_exports import read, verified
from tests.world import World, a_case, a_world
from workflows import exports, log_keys
from workflows.erasure import ERASED, wipe
from workflows.perform import create, perform
from workflows.replay import replay
from workflows.seals import seal

NAME, PHONE, LOGIN = "示例联系人甲", "0773-5550000", "contact.jia"
WHY = {"basis": "《个人信息保护法》第四十七条", "reason": "联系人离职并申请删除"}
pytestmark = pytest.mark.usefixtures("log_key")


async def a_contact(world: World) -> Person:
    return await create(
        OPERATOR, Person, "create", zone=world.zone, name=NAME, enterprise=world.enterprise,
        login=LOGIN, password="Wo-xiang-qu-Guilin-7",
    )


async def dumped() -> str:
    """Every row of every table there is, as text."""
    client = get_connection("default")
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'table'" if engine() == "sqlite"
        else "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"
    )
    tables = [each["name"] for each in await client.execute_query_dict(query)]
    rows = [row for table in tables for row in await client.execute_query_dict(f'SELECT * FROM "{table}"')]
    return "\n".join(str(dict(row)) for row in rows)


async def test_an_erased_contact_is_in_no_table_and_all_still_verifies(database: str, tmp_path: Path) -> None:
    key = str(await log_keys.create_key())
    world = await a_world()
    contact = await a_contact(world)
    case = await a_case(world, contact_name=NAME, contact_phone=PHONE)
    await moved(world, world.companion, case, "edit", title="二期用地")
    before, after = tmp_path / "before.zip", tmp_path / "after.zip"
    await exports.export(before, await exports.of_zone(None, None, None), with_personal=True)
    found = await dumped()
    assert NAME in found and PHONE in found and LOGIN in found

    await moved(world, world.administrator, contact, "erase", **WHY)

    found = await dumped()
    for gone in (NAME, PHONE, LOGIN):
        assert gone not in found
    erased = await Case.get(id=case.id)
    assert (erased.contact_name, erased.contact_phone) == (ERASED, ERASED)
    entry = await Entry.filter(subject_id=contact.id).order_by("-sequence").first()
    assert entry and entry.reason == "《个人信息保护法》第四十七条：联系人离职并申请删除"
    assert (await Person.get(id=contact.id)).state is PersonState.ERASED
    assert not await Account.filter(person_id=contact.id).exists()
    await assert_whole()
    assert [each async for each in replay()] == []
    await exports.export(after, await exports.of_zone(None, None, None), with_personal=True)
    for export in (before, after):
        told = await verified(export, "--key", key)
        assert told.code == 0, told.out
    assert NAME not in str(read(after))


async def test_no_byte_of_what_was_erased_is_left_on_the_disk(sqlite_url: str, tmp_path: Path) -> None:
    async with storage.opened(sqlite_url):
        world = await a_world()
        contact = await a_contact(world)
        for _ in range(5):
            await a_case(world, contact_name=NAME, contact_phone=PHONE)
        assert written_on(tmp_path) == {NAME, PHONE, LOGIN}

        await moved(world, world.administrator, contact, "erase", **WHY)
        await wipe()

        assert written_on(tmp_path) == set()


async def test_what_one_key_was_used_for_is_no_copy_of_what_was_erased(database: str) -> None:
    world = await a_world()
    async with served() as http:
        companion, leader = await signed_in(http, world.companion), await signed_in(http, world.leader)
        made = await companion.ask(
            "mutation($input: CreateCaseInput!) { createCase(input: $input) { case { id contactPhone } } }",
            input={
                "enterpriseId": global_id(world.enterprise), "title": "二期用地", "contactName": NAME,
                "contactPhone": PHONE, "problems": [{"description": "扩建用地仍未获批"}], "idempotencyKey": "one",
            },
        )
        case = made["createCase"]["case"]
        assert case["contactPhone"] == PHONE
        await leader.ask(
            "mutation($input: EraseContactInput!) { eraseContact(input: $input) { case { id } refusals { code } } }",
            input={"id": case["id"], **WHY, "idempotencyKey": "two"},
        )

    found = await dumped()
    assert NAME not in found and PHONE not in found
    assert '"one"' in found or "'one'" in found


async def test_a_number_that_could_be_guessed_cannot_be_tried_against_its_commitment(database: str) -> None:
    world = await a_world()
    case = await a_case(world, contact_phone=PHONE)
    (kept,) = await PersonalValue.filter(entry_id__in=Subquery(Entry.filter(subject_id=case.id).values("id")))
    assert len(bytes.fromhex(kept.salt)) == 32

    await moved(world, world.leader, case, "erase_contact", **WHY)

    assert kept.salt not in await dumped()


def written_on(folder: Path) -> set[str]:
    """Which of the secrets stand in any file there."""
    content = b"".join(each.read_bytes() for each in folder.iterdir() if each.is_file())
    return {each for each in (NAME, PHONE, LOGIN) if each.encode() in content}


async def test_a_case_may_be_asked_of_as_it_was_and_no_longer_names_the_contact(database: str) -> None:
    world = await a_world()
    case = await a_case(world, contact_name=NAME, contact_phone=PHONE)
    at = clock.now()

    await moved(world, world.leader, case, "erase_contact", **WHY)

    async with served() as http:
        leader = await signed_in(http, world.leader)
        asked = "query($n: String!, $at: DateTime) { case(number: $n, asOf: $at) { contactName contactPhone title } }"
        for instant in (None, at.isoformat()):
            told = (await leader.ask(asked, n=case.number, at=instant))["case"]
            assert told == {"contactName": ERASED, "contactPhone": ERASED, "title": case.title}


async def test_only_leaders_erase_in_a_case_and_administrators_a_person(database: str) -> None:
    world = await a_world()
    case, contact = await a_case(world, contact_name=NAME), await a_contact(world)

    with refused("NOT_ALLOWED"):
        await moved(world, world.companion, case, "erase_contact", **WHY)
    with refused("NOT_ALLOWED"):
        await moved(world, world.leader, contact, "erase", **WHY)
    with refused("REQUIRED", "REQUIRED"):
        await moved(world, world.administrator, contact, "erase")

    assert NAME in await dumped()


async def test_the_names_of_staff_stay(database: str) -> None:
    world = await a_world()

    with refused("ONLY_CONTACTS"):
        await moved(world, world.administrator, world.companion, "erase", **WHY)
    with refused("NOT_NOW"):
        contact = await a_contact(world)
        await moved(world, world.administrator, contact, "erase", **WHY)
        await moved(world, world.administrator, contact, "reactivate", reason="误删")


async def test_cases_of_another_enterprise_or_contact_are_left_alone(database: str) -> None:
    world, other = await a_world(), await a_world("GX")
    mine, theirs = await a_case(world, contact_name=NAME), await a_case(other, contact_name=NAME)
    another = await a_case(world, contact_name="示例联系人丙", contact_phone=PHONE)

    await moved(world, world.leader, mine, "erase_contact", **WHY)

    assert (await Case.get(id=theirs.id)).contact_name == NAME
    assert (await Case.get(id=another.id)).contact_name == "示例联系人丙"


async def test_every_case_that_ever_named_the_contact_is_erased_with_it(database: str) -> None:
    world = await a_world()
    first, second = await a_case(world, contact_name=NAME), await a_case(world)
    await moved(world, world.dispatcher, first, "merge", into=second, reason="同一事项")

    await perform(OPERATOR, Case, first.id, "erase_contact", basis=WHY["basis"], reason=WHY["reason"])

    assert NAME not in await dumped()
    assert [each.move for each in await Entry.filter(subject_id=second.id).order_by("sequence")][-1] == "erase_contact"
    await assert_whole()
    await log_keys.create_key()
    assert await seal()
