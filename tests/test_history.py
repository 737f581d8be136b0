"""The history is complete by construction: every column of every row is the sum of its entries."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain import clock
from domain.cases import Case
from domain.history import Entry, PersonalValue, plain
from domain.people import Person
from domain.problems import Problem
from domain.refusals import Refused
from domain.responsibilities import Responsibility
from domain.sqlite import instant
from domain.viewers import Role
from domain.writing import written
from tests.proofs import assert_whole, everything, refused
from tests.world import World, a_case, a_closed_case, a_handled_case, a_person, a_world, the_responsibility
from workflows.perform import changing, create, perform
from workflows.replay import replay

MONDAY = datetime(2026, 3, 2, 2, tzinfo=UTC)


async def test_rows_are_what_their_histories_add_up_to(database: str) -> None:
    world = await a_world()

    await a_closed_case(world)
    await withdrawn(world, await a_handled_case(world))

    await assert_whole()


async def test_a_contact_stands_in_the_history_only_as_a_commitment(database: str) -> None:
    world = await a_world()

    case = await a_case(world, contact_name="示例联系人", contact_phone="0773-0000000")

    first = await Entry.get(subject_id=case.id, sequence=1)
    assert "示例联系人" not in first.changes
    assert "0773-0000000" not in first.changes
    assert {each.value for each in await PersonalValue.filter(entry_id=first.id)} == {'"示例联系人"', '"0773-0000000"'}
    await assert_whole()


async def test_an_entry_says_what_brought_it_about(database: str) -> None:
    world = await a_world()

    case = await a_handled_case(world)

    moves = {each.sequence: each for each in await Entry.filter(subject_id=case.id)}
    causes = {each.move: moves[each.caused_by].move for each in moves.values() if each.caused_by}
    assert causes == {"raise": "collect", "offer": "dispatch", "plan": "fix", "begin": "fix"}


async def test_several_moves_in_one_change_are_written_together(database: str) -> None:
    world = await a_world()
    owner = await world.viewer(world.companion)

    async with changing(owner):
        case = await create(owner, Case, "collect", enterprise=world.enterprise, title="用工难")
        await create(owner, Problem, "raise", within=case, description="缺少技工")
        await perform(owner, Case, case.id, "submit")

    assert [each.move for each in await Entry.filter(subject_id=case.id).order_by("sequence")] == [
        "collect", "raise", "submit",
    ]
    await assert_whole()


async def test_one_refused_move_takes_back_the_whole_change(database: str) -> None:
    world = await a_world()
    owner = await world.viewer(world.companion)
    before = await everything()

    with refused("NO_PROBLEM"):
        async with changing(owner):
            case = await create(owner, Case, "collect", enterprise=world.enterprise, title="用工难")
            await perform(owner, Case, case.id, "submit")

    assert await everything() == before


async def test_a_refusal_that_was_caught_takes_back_the_whole_change_too(database: str) -> None:
    world = await a_world()
    owner = await world.viewer(world.companion)
    before = await everything()

    with pytest.raises(RuntimeError, match="a part of this transaction failed"):
        async with changing(owner):
            case = await create(owner, Case, "collect", enterprise=world.enterprise, title="用工难")
            with suppress(Refused):
                await perform(owner, Case, case.id, "submit")

    assert await everything() == before


async def test_a_change_is_made_by_one_viewer_in_one_task(database: str) -> None:
    world = await a_world()
    owner, dispatcher = await world.viewer(world.companion), await world.viewer(world.dispatcher)
    case = await a_case(world)
    before = await everything()

    with pytest.raises(RuntimeError, match="one viewer in one task"):
        async with changing(owner):
            await perform(dispatcher, Case, case.id, "submit")
    with pytest.raises(RuntimeError, match="one viewer in one task"):
        async with changing(owner):
            await asyncio.create_task(perform(owner, Case, case.id, "submit"))
    async with changing(owner):
        late = asyncio.create_task(perform(owner, Case, case.id, "submit"))
    with pytest.raises(RuntimeError, match="one viewer in one task"):
        await late

    assert await everything() == before


async def test_one_history_never_runs_backwards_in_time(database: str) -> None:
    with clock.stopped(MONDAY):
        world = await a_world()
        case = await a_case(world)

    with clock.stopped(MONDAY + timedelta(hours=1)):
        await perform(await world.viewer(world.companion), Case, case.id, "submit")

    assert [each.at for each in await Entry.filter(subject_id=case.id).order_by("sequence")] == [
        MONDAY, MONDAY, MONDAY + timedelta(hours=1),
    ]


async def test_a_change_of_the_version_one_saw_is_stale(database: str) -> None:
    world = await a_world()
    case = await a_case(world)
    owner = await world.viewer(world.companion)
    await perform(owner, Case, case.id, "edit", expected_version=case.version, title="二期用地")

    with refused("STALE"):
        await perform(owner, Case, case.id, "edit", expected_version=case.version, title="三期用地")

    assert (await Case.get(id=case.id)).title == "二期用地"


async def withdrawn(world: World, case: Case) -> Responsibility:
    await perform(await world.viewer(world.companion), Case, case.id, "withdraw", reason="企业另有安排")
    return await the_responsibility(case)


async def test_a_change_is_of_one_instant_though_it_meets_what_has_moved_since_it_began(database: str) -> None:
    """Erasing a contact reaches every case that named them; one of these was edited by a clock that is ahead."""
    with clock.stopped(MONDAY):
        world = await a_world()
        _, edited = [await a_case(world, contact_name="示例") for _ in range(2)]
        contact = await a_person(world.zone, "示例", Role.CONTACT, enterprise=world.enterprise)
    with clock.stopped(MONDAY + timedelta(hours=5)):
        await perform(await world.viewer(world.companion), Case, edited.id, "edit", title="三期用地")
    with clock.stopped(MONDAY + timedelta(hours=3)):
        administrator = await world.viewer(world.administrator)
        await perform(administrator, Person, contact.id, "erase", basis="个人信息保护法", reason="本人要求")

    written = await Entry.filter(move__startswith="erase")
    assert {each.at for each in written} == {MONDAY + timedelta(hours=5)}
    assert [each async for each in replay()] == []
    await assert_whole()


def test_two_hours_of_one_name_are_two_instants() -> None:
    twice = [datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=fold) for fold in (0, 1)]

    assert [plain(each)[11:16] for each in twice] == ["00:30", "01:30"]
    assert [instant(each)[11:16] for each in twice] == ["00:30", "01:30"]


async def test_a_time_without_a_zone_is_written_nowhere(database: str) -> None:
    case = await a_case(await a_world())
    case.created_at = datetime(2026, 3, 2, 8)

    with pytest.raises(ValueError, match="names no instant"):
        async with written() as writing:
            writing.update(case, ["created_at"])
