"""Many at once on one case: one winner, one entry, whole chains; and nothing half-written when someone is cut off."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

import pytest

from domain.cases import Case, CaseState
from domain.database import opened
from domain.history import Entry
from domain.people import Person
from domain.problems import Problem
from domain.rectifications import Rectification
from domain.refusals import Refused
from domain.responsibilities import Responsibility
from tests import killed
from tests.graphql import served, signed_in
from tests.proofs import assert_whole, everything, moved, refused
from tests.world import (
    World,
    a_case,
    a_dispatched_case,
    a_reported_case,
    a_world,
    fixed,
    the_responsibility,
)
from workflows.perform import changing, create, perform

CLIENTS = 32


async def test_of_many_who_make_one_move_just_one_does(database: str) -> None:
    world = await a_world()
    case = await a_case(world)
    viewer = await world.viewer(world.dispatcher)

    told = await all_at_once(perform(viewer, Case, case.id, "submit") for _ in range(CLIENTS))

    assert told == {"done": 1, "NOT_NOW": CLIENTS - 1}
    assert await Entry.filter(subject_id=case.id, move="submit").count() == 1
    await assert_whole()


async def test_of_many_who_saw_one_version_just_one_changes_it(database: str) -> None:
    world = await a_world()
    case = await a_case(world)
    viewer = await world.viewer(world.companion)

    told = await all_at_once(
        perform(viewer, Case, case.id, "edit", expected_version=case.version, title=f"第{number}稿")
        for number in range(CLIENTS)
    )

    assert told == {"done": 1, "STALE": CLIENTS - 1}
    assert await Entry.filter(subject_id=case.id, move="edit").count() == 1
    await assert_whole()


async def test_of_many_clients_on_one_case_just_one_wins(database: str) -> None:
    world = await a_world()
    case = await a_case(world)
    async with served() as http:
        clients = [await signed_in(http, person) for person in (world.companion, world.dispatcher)]
        found = await clients[0].ask("{ cases(first: 1) { nodes { id } } }")
        key = found["cases"]["nodes"][0]["id"]

        answers = await asyncio.gather(
            *(clients[number % 2].do("submitCase", "case { state }", id=key) for number in range(CLIENTS))
        )

    told = Counter(answer["refusals"][0]["code"] if answer["refusals"] else "done" for answer in answers)
    assert told == {"done": 1, "NOT_NOW": CLIENTS - 1}
    assert await Entry.filter(subject_id=case.id, move="submit").count() == 1
    await assert_whole()


async def test_different_moves_on_parts_of_one_case_keep_its_chain_whole(database: str) -> None:
    world = await a_world()
    problems = [{"description": f"问题{number}"} for number in range(16)]
    case = await a_dispatched_case(world, world.land, world.housing, problems=problems)
    owner, land = await world.viewer(world.companion), await world.viewer(world.land_liaison)
    duty = await the_responsibility(case, world.land)
    moves: list[Coroutine[Any, Any, Any]] = [
        perform(owner, Problem, problem.id, "edit", description="改述")
        for problem in await Problem.filter(case_id=case.id)
    ]
    moves += [create(owner, Problem, "raise", within=case, description=f"又一问题{n}") for n in range(8)]
    moves += [perform(land, Responsibility, duty.id, "sign"), perform(owner, Case, case.id, "edit", title="改题")]
    moves += [perform(await world.viewer(world.housing_liaison), Responsibility, (
        await the_responsibility(case, world.housing)
    ).id, "sign")]

    assert await all_at_once(moves) == {"done": len(moves)}

    chain = await Entry.filter(subject_id=case.id).order_by("sequence")
    assert [each.at for each in chain] == sorted(each.at for each in chain)
    await assert_whole()


async def test_the_last_two_departments_fixing_at_once_begin_the_case_once(database: str) -> None:
    for attempt in range(4):
        world = await a_world(f"GL{attempt}")
        case = await a_dispatched_case(world, world.land, world.housing)
        duties = [await the_responsibility(case, each) for each in (world.land, world.housing)]

        await asyncio.gather(
            fixed(world, duties[0], world.land_liaison), fixed(world, duties[1], world.housing_liaison)
        )

        assert (await Case.get(id=case.id)).state is CaseState.HANDLING
        assert await Entry.filter(subject_id=case.id, move="begin").count() == 1
    await assert_whole()


async def test_cases_created_at_once_have_distinct_numbers_without_gaps(database: str) -> None:
    world = await a_world()
    owner = await world.viewer(world.companion)

    cases = await asyncio.gather(
        *(create(owner, Case, "collect", enterprise=world.enterprise, title=f"第{n}件") for n in range(CLIENTS))
    )

    assert sorted(int(case.number[-6:]) for case in cases) == list(range(1, CLIENTS + 1))
    await assert_whole()


async def test_one_key_sent_many_times_at_once_does_the_thing_once(database: str) -> None:
    world = await a_world()
    async with served() as http:
        client = await signed_in(http, world.dispatcher)
        found = await client.ask("{ enterprises(first: 1) { nodes { id } } }")
        given = {"enterpriseId": found["enterprises"]["nodes"][0]["id"], "title": "用地", "idempotencyKey": "once"}

        answers = await asyncio.gather(*(client.do("createCase", "case { number }", **given) for _ in range(CLIENTS)))

    assert [answer["refusals"] for answer in answers] == [[]] * CLIENTS
    assert {answer["case"]["number"] for answer in answers} == {(await Case.get()).number}
    await assert_whole()


async def test_two_cases_merged_into_each_other_at_once_leave_one_open(database: str) -> None:
    world = await a_world()
    viewer = await world.viewer(world.dispatcher)
    for _ in range(8):
        one, other = await a_case(world), await a_case(world)

        told = await all_at_once(
            [
                perform(viewer, Case, one.id, "merge", into=other.id, reason="同一事项"),
                perform(viewer, Case, other.id, "merge", into=one.id, reason="同一事项"),
            ]
        )

        assert told["done"] == 1
        assert told["OTHER_ENTERPRISE"] + told["NOT_NOW"] == 1
        states = {(await Case.get(id=each.id)).state for each in (one, other)}
        assert states == {CaseState.MERGED, CaseState.COLLECTED}
    await assert_whole()


async def test_merging_in_a_ring_waits_for_nobody_for_ever(database: str) -> None:
    world = await a_world()
    viewer = await world.viewer(world.dispatcher)
    ring = [await a_case(world) for _ in range(8)]

    async with asyncio.timeout(20):
        told = await all_at_once(
            perform(viewer, Case, case.id, "merge", into=ring[index - 1].id, reason="同一事项")
            for index, case in enumerate(ring)
        )

    assert told["done"] == await Case.filter(state=CaseState.MERGED).count()
    assert await Case.filter(state=CaseState.COLLECTED).count() >= 1
    await assert_whole()


async def test_what_a_move_was_given_is_judged_as_it_is_once_the_lock_is_held(database: str) -> None:
    world = await a_world()
    case = await a_dispatched_case(world, world.land, world.housing)
    await fixed(world, await the_responsibility(case, world.land), world.land_liaison)
    as_read = await the_responsibility(case, world.land)
    await moved(world, world.dispatcher, as_read, "release", reason="改由住建局主办")

    with refused("NOT_FIXED_YET"):
        await create(
            await world.viewer(world.land_liaison), Rectification, "plan", within=case, responsibility=as_read,
            measure="踏勘",
        )


async def test_a_deadlock_is_told_as_a_conflict_and_can_be_tried_again(postgres_url: str) -> None:
    async with opened(postgres_url):
        world = await a_world()
        viewer = await world.viewer(world.dispatcher)
        one, other = await a_case(world), await a_case(world)

        async def both(*cases: Case) -> None:
            async with changing(viewer):
                for case in cases:
                    await perform(viewer, Case, case.id, "submit")
                    await asyncio.sleep(0.1)

        told = await all_at_once([both(one, other), both(other, one)])

        assert told == {"done": 1, "CONFLICT": 1}
        assert await Case.filter(state=CaseState.ASSIGNING).count() == 2
        await assert_whole()


@pytest.mark.parametrize("patience", [0.0, 0.001, 0.003, 0.006, 0.01, 0.02])
async def test_a_request_cut_off_leaves_all_or_nothing(database: str, patience: float) -> None:
    world = await a_world()
    case = await a_reported_case(world)
    viewer = await world.viewer(world.companion)

    for _ in range(5):
        before, attempts = await everything(), (await Case.get(id=case.id)).call_back_attempts
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await perform(viewer, Case, case.id, "call_back", remark="未接通")
        done = (await Case.get(id=case.id)).call_back_attempts == attempts + 1
        assert done or await everything() == before
    await assert_whole()

    async with asyncio.timeout(5):
        await perform(viewer, Case, case.id, "call_back", satisfaction="satisfied")


async def test_a_process_killed_in_the_middle_loses_nothing_it_said_was_done(database: str) -> None:
    world = await a_world()
    writers = [await a_writer(database, world.companion) for _ in range(2)]

    said = [line for writer in writers for line in await killed_after(writer, 15)]

    async with asyncio.timeout(10):
        assert await Case.filter(number__in=said, state=CaseState.ASSIGNING).count() == len(said) >= 30
        numbers = sorted([int(case.number[-6:]) for case in await Case.all()])
        assert numbers == list(range(1, len(numbers) + 1))
        await assert_whole()
        await one_more(world)


async def all_at_once(moves: Any) -> Counter[str]:
    """How many were done, and how many refused with which code. Anything else that goes wrong is raised."""
    told: Counter[str] = Counter()
    for result in await asyncio.gather(*moves, return_exceptions=True):
        if isinstance(result, Refused):
            told[result.refusals[0].code] += 1
        elif isinstance(result, BaseException):
            raise result
        else:
            told["done"] += 1
    return told


async def a_writer(url: str, person: Person) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", killed.__name__, url, str(person.id), stdout=asyncio.subprocess.PIPE
    )


async def killed_after(writer: asyncio.subprocess.Process, lines: int) -> list[str]:
    """What a process said before it was killed, some lines in."""
    assert writer.stdout
    said = [await asyncio.wait_for(writer.stdout.readline(), 30) for _ in range(lines)]
    writer.kill()
    rest = (await writer.stdout.read()).splitlines(keepends=True)
    await writer.wait()
    return [line.decode().strip() for line in (*said, *rest) if line.endswith(b"\n")]


async def one_more(world: World) -> None:
    assert (await moved(world, world.companion, await a_case(world), "submit")).state is CaseState.ASSIGNING
