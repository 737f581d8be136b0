"""The problem list: raised, cleared once nobody is still at it, or dropped with a reason."""

from __future__ import annotations

from domain.cases import Case
from domain.people import Person
from domain.problems import Problem, ProblemState
from tests.proofs import assert_whole, moved, refused
from tests.world import (
    World,
    a_case,
    a_closed_case,
    a_dispatched_case,
    a_handled_case,
    a_reported_case,
    a_world,
    fixed,
    the_responsibility,
)
from workflows.perform import create

S = ProblemState


async def test_the_owner_a_dispatcher_and_the_enterprise_raise_problems(database: str) -> None:
    world = await a_world()
    case = await a_case(world)

    for person in (world.companion, world.dispatcher, world.contact):
        assert (await raised(world, case, person)).state is S.OPEN
    for person in (world.leader, world.auditor):
        with refused("NOT_ALLOWED"):
            await raised(world, case, person)

    assert (await Case.get(id=case.id)).open_problems == 4


async def test_the_enterprise_adds_problems_only_until_the_case_is_submitted(database: str) -> None:
    world = await a_world()
    case = await a_case(world)
    await moved(world, world.companion, case, "submit")

    with refused("ONLY_WHEN_COLLECTED"):
        await raised(world, case, world.contact)

    assert (await raised(world, case, world.companion)).state is S.OPEN


async def test_a_case_holds_a_hundred_problems_and_no_more(database: str) -> None:
    world = await a_world()
    case = await a_case(world, problems=[{"description": f"问题{number}"} for number in range(99)])

    await raised(world, case, world.companion)
    with refused("TOO_MANY_PROBLEMS"):
        await raised(world, case, world.companion)


async def test_an_ended_case_gets_no_new_problems(database: str) -> None:
    world = await a_world()

    with refused("CASE_ENDED"):
        await raised(world, await a_closed_case(world), world.companion)


async def test_a_problem_is_cleared_when_the_case_is_checked_and_its_departments_are_done(database: str) -> None:
    world = await a_world()
    case = await a_handled_case(world)
    with refused("NOT_CHECKING"):
        await clear(world, case)
    case = await a_reported_case(world)

    with refused("STILL_ANSWERED_FOR"):
        await clear(world, case)
    for measure in await case.rectifications.all():
        await moved(world, world.companion, measure, "verify")
    with refused("NOT_ALLOWED"):
        await moved(world, world.land_liaison, await Problem.get(case_id=case.id), "clear", resolution="已解决")

    assert (await clear(world, case)).resolution == "已解决"


async def test_a_problem_someone_answers_for_is_not_dropped(database: str) -> None:
    world = await a_world()
    case = await a_case(world)
    await moved(world, world.companion, case, "submit")
    problem = await Problem.get(case_id=case.id)
    await moved(
        world, world.dispatcher, case, "dispatch", offers=[{"department": world.land, "problem": problem}]
    )

    with refused("STILL_ANSWERED_FOR"):
        await moved(world, world.companion, problem, "drop", reason="企业已自行解决")
    await moved(world, world.dispatcher, await the_responsibility(case), "release", reason="企业已自行解决")

    assert (await moved(world, world.companion, problem, "drop", reason="企业已自行解决")).state is S.DROPPED


async def test_a_problem_is_dropped_only_with_a_reason(database: str) -> None:
    world = await a_world()
    problem = await Problem.get(case_id=(await a_case(world)).id)

    with refused("REQUIRED"):
        await moved(world, world.companion, problem, "drop")


async def test_a_problem_is_reworded_by_those_who_keep_the_case(database: str) -> None:
    world = await a_world()
    problem = await Problem.get(case_id=(await a_case(world)).id)

    with refused("NOT_ALLOWED"):
        await moved(world, world.contact, problem, "edit", description="另一说法")

    assert (await moved(world, world.companion, problem, "edit", description="另一说法")).description == "另一说法"


async def test_each_problem_may_have_departments_of_its_own(database: str) -> None:
    world = await a_world()
    case = await a_case(world, problems=[{"description": "用地"}, {"description": "用水"}])
    await moved(world, world.companion, case, "submit")
    land, water = await Problem.filter(case_id=case.id).order_by("id")
    offers = [
        {"department": world.land, "problem": land},
        {"department": world.housing, "problem": water, "part": "joint"},
    ]
    await moved(world, world.dispatcher, case, "dispatch", offers=offers)

    await fixed(world, await the_responsibility(case, world.land), world.land_liaison)
    await fixed(world, await the_responsibility(case, world.housing), world.housing_liaison)

    assert [each.open_responsibilities for each in await Problem.filter(case_id=case.id)] == [1, 1]
    await assert_whole()


async def test_dispatching_the_whole_case_answers_for_each_of_its_problems(database: str) -> None:
    world = await a_world()

    case = await a_dispatched_case(world, world.land, world.housing)

    assert case.whole_responsibilities == 2
    assert (await Problem.get(case_id=case.id)).open_responsibilities == 0


async def raised(world: World, case: Case, by: Person) -> Problem:
    return await create(await world.viewer(by), Problem, "raise", within=case, description="缺少技工")


async def clear(world: World, case: Case) -> Problem:
    problem = await Problem.get(case_id=case.id)
    return await moved(world, world.companion, problem, "clear", resolution="已解决")
