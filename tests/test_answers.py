"""Doing a thing once: the same key and body get the same answer."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from domain import clock
from domain.answers import Answer
from domain.cases import Case
from domain.history import Entry
from domain.refusals import Refused
from domain.viewers import Viewer
from tests.proofs import everything, refused
from tests.world import World, a_case, a_world
from workflows.answers import forget_answers, once
from workflows.perform import perform


async def test_the_same_key_and_body_get_the_same_answer_and_are_done_once(database: str) -> None:
    world = await a_world()
    case = await a_case(world)

    first = await submitted(world, case, "k1")
    before = await everything()
    second = await submitted(world, case, "k1")

    assert first == second == str(case.id)
    assert await everything() == before
    assert await Entry.filter(subject_id=case.id, move="submit").count() == 1


async def test_the_same_key_with_another_body_is_refused(database: str) -> None:
    world = await a_world()
    case, other = await a_case(world), await a_case(world)
    await submitted(world, case, "k1")

    with refused("KEY_REUSED"):
        await submitted(world, other, "k1")


async def test_two_persons_may_use_the_same_key(database: str) -> None:
    world = await a_world()
    case, other = await a_case(world), await a_case(world)

    await submitted(world, case, "k1")
    viewer = await world.viewer(world.companion)
    answer = await once(viewer, "k1", str(other.id), lambda: submit(viewer, other))

    assert answer == str(other.id)


async def test_a_refusal_is_given_again_even_when_the_move_has_become_possible(database: str) -> None:
    world = await a_world()
    case = await a_case(world, problems=[])
    with refused("NO_PROBLEM"):
        await submitted(world, case, "k1")
    await Case.filter(id=case.id).update(open_problems=1)

    with refused("NO_PROBLEM"):
        await submitted(world, case, "k1")

    assert await submitted(world, case, "k2") == str(case.id)


async def test_a_key_is_text_of_two_hundred_characters_at_most(database: str) -> None:
    world = await a_world()
    case = await a_case(world)

    for key, code in (("", "REQUIRED"), ("k" * 201, "TOO_LONG"), ("k\x00", "BAD_TEXT")):
        with refused(code):
            await submitted(world, case, key)

    assert await Answer.all().count() == 0


async def test_one_key_used_at_once_for_what_is_refused_tells_everyone_the_same(database: str) -> None:
    world = await a_world()
    case = await a_case(world, problems=[])

    told = await asyncio.gather(*(submitted(world, case, "k1") for _ in range(16)), return_exceptions=True)

    assert {each.refusals[0].code for each in told if isinstance(each, Refused)} == {"NO_PROBLEM"}
    assert all(isinstance(each, Refused) for each in told)
    assert await Answer.all().count() == 1


async def test_an_answer_is_forgotten_after_seven_days_and_the_key_is_free_again(database: str) -> None:
    world = await a_world()
    case = await a_case(world)
    noon = clock.now()
    with clock.stopped(noon):
        await submitted(world, case, "k1")

    with clock.stopped(noon + timedelta(days=7)):
        await forget_answers()
        assert await submitted(world, case, "k1") == str(case.id)
    with clock.stopped(noon + timedelta(days=7, seconds=1)):
        await forget_answers()
        with refused("NOT_NOW"):
            await submitted(world, case, "k1")


async def submitted(world: World, case: Case, key: str) -> str:
    viewer = await world.viewer(world.dispatcher)
    return await once(viewer, key, str(case.id), lambda: submit(viewer, case))


async def submit(viewer: Viewer, case: Case) -> str:
    return str((await perform(viewer, Case, case.id, "submit")).id)
