"""The rectification list: planned, carried out, submitted with evidence, verified or sent back."""

from __future__ import annotations

from domain import clock
from domain.attachments import Attachment, AttachmentState
from domain.cases import Case, CaseState
from domain.people import Person
from domain.rectifications import Rectification, RectificationState
from domain.responsibilities import Responsibility
from domain.zones import Setting
from tests.proofs import assert_whole, moved, refused
from tests.world import (
    World,
    a_case,
    a_dispatched_case,
    a_handled_case,
    a_reported_case,
    a_world,
    fixed,
    the_responsibility,
)
from workflows.perform import create

S = RectificationState


async def test_a_measure_is_carried_out_and_submitted_by_its_department_alone(database: str) -> None:
    world = await a_world()
    measure = await the_measure(await a_handled_case(world))

    for other in (world.companion, world.dispatcher, world.leader, world.contact):
        with refused("NOT_ALLOWED"):
            await moved(world, other, measure, "start")
        with refused("NOT_ALLOWED"):
            await moved(world, other, measure, "submit", result="已办")
    started = await moved(world, world.land_liaison, measure, "start")
    submitted = await moved(world, world.land_liaison, measure, "submit", result="已批复")

    assert (started.state, submitted.state) == (S.UNDER_WAY, S.SUBMITTED)
    assert submitted.result == "已批复"
    assert submitted.submitted_at is not None


async def test_a_measure_waits_until_the_case_is_handled(database: str) -> None:
    world = await a_world()
    case = await a_dispatched_case(world, world.land, world.housing)
    await fixed(world, await the_responsibility(case, world.land), world.land_liaison)

    for move, given in (("start", {}), ("submit", {"result": "已办"})):
        with refused("NOT_HANDLING"):
            await moved(world, world.land_liaison, await the_measure(case), move, **given)


async def test_measures_are_added_to_a_fixed_responsibility_of_the_same_case(database: str) -> None:
    world = await a_world()
    case, other = await a_handled_case(world), await a_handled_case(world)
    signed = await a_dispatched_case(world, world.land)
    await moved(world, world.land_liaison, await the_responsibility(signed), "sign")

    with refused("NOT_FIXED_YET"):
        await plan(world, signed, await the_responsibility(signed))
    with refused("NOT_FIXED_YET"):
        await plan(world, case, await the_responsibility(other))
    with refused("NOT_ALLOWED"):
        await plan(world, case, await the_responsibility(case), by=world.companion)
    added = await plan(world, case, await the_responsibility(case))

    assert added.state is S.PLANNED
    with refused("NOT_SUBMITTED"):
        await moved(world, world.companion, case, "report")


async def test_a_measure_is_reworded_until_it_is_submitted(database: str) -> None:
    world = await a_world()
    measure = await the_measure(await a_handled_case(world))
    assert (await moved(world, world.land_liaison, measure, "edit", measure="重新踏勘")).measure == "重新踏勘"
    await moved(world, world.land_liaison, measure, "submit", result="已办")

    with refused("NOT_NOW"):
        await moved(world, world.land_liaison, measure, "edit", measure="又改")


async def test_what_was_submitted_is_verified_only_when_the_case_is_checked(database: str) -> None:
    world = await a_world()
    case = await a_handled_case(world)
    measure = await the_measure(case)
    await moved(world, world.land_liaison, measure, "submit", result="已办")

    with refused("NOT_CHECKING"):
        await moved(world, world.companion, measure, "verify")
    await moved(world, world.companion, case, "report")
    with refused("NOT_ALLOWED"):
        await moved(world, world.land_liaison, measure, "verify")

    assert (await moved(world, world.companion, measure, "verify")).state is S.VERIFIED


async def test_a_single_measure_is_sent_back_while_the_case_is_handled(database: str) -> None:
    world = await a_world()
    measure = await the_measure(await a_handled_case(world))
    await moved(world, world.land_liaison, measure, "submit", result="已办")

    back = await moved(world, world.companion, measure, "send_back", reason="缺批文")

    assert back.state is S.UNDER_WAY


async def test_a_case_sent_back_takes_the_chosen_measures_with_it_or_all(database: str) -> None:
    world = await a_world()
    case = await a_dispatched_case(world, world.land)
    await fixed(world, await the_responsibility(case), world.land_liaison, "踏勘", "报批")
    first, second = await Rectification.filter(case_id=case.id).order_by("id")
    for measure in (first, second):
        await moved(world, world.land_liaison, measure, "submit", result="已办")
    await moved(world, world.companion, case, "report")

    with refused("NOT_OF_THIS_CASE"):
        other = await the_measure(await a_reported_case(world))
        await moved(world, world.companion, case, "send_back", reason="缺批文", rectifications=[other])
    await moved(world, world.companion, case, "send_back", reason="缺批文", rectifications=[first])

    assert [each.state for each in await Rectification.filter(case_id=case.id).order_by("id")] == [
        S.UNDER_WAY, S.SUBMITTED,
    ]
    assert (await Case.get(id=case.id)).state is CaseState.HANDLING
    await moved(world, world.land_liaison, first, "submit", result="已补批文")
    await moved(world, world.companion, case, "report")
    await moved(world, world.companion, case, "send_back", reason="再核")
    assert {each.state for each in await Rectification.filter(case_id=case.id)} == {S.UNDER_WAY}


async def test_where_the_zone_asks_for_evidence_a_measure_is_submitted_with_it(database: str) -> None:
    world = await a_world()
    await set_rule(world, "evidence_files", "2")
    case = await a_handled_case(world)
    measure = await the_measure(case)
    await evidence(world, world.land_liaison, case, measure)

    with refused("TOO_LITTLE_EVIDENCE"):
        await moved(world, world.land_liaison, measure, "submit", result="已办")
    await evidence(world, world.companion, case, measure)
    await moved(world, world.land_liaison, measure, "submit", result="已办")

    assert (await the_measure(case)).evidence_files == 2


async def test_evidence_is_taken_away_until_the_measure_is_submitted(database: str) -> None:
    world = await a_world()
    case = await a_handled_case(world)
    measure = await the_measure(case)
    first, second = [await evidence(world, world.land_liaison, case, measure) for _ in range(2)]

    with refused("NOT_ALLOWED"):
        await moved(world, world.companion, first, "remove", reason="传错")
    assert (await moved(world, world.land_liaison, first, "remove", reason="传错")).state is AttachmentState.REMOVED
    assert (await the_measure(case)).evidence_files == 1
    await moved(world, world.land_liaison, measure, "submit", result="已办")

    with refused("IN_EVIDENCE"):
        await moved(world, world.land_liaison, second, "remove", reason="传错")
    await assert_whole()


async def test_evidence_comes_from_those_at_work_on_the_measure(database: str) -> None:
    world = await a_world()
    case = await a_dispatched_case(world, world.land, world.housing)
    await fixed(world, await the_responsibility(case, world.land), world.land_liaison)
    measure = await the_measure(case)

    for outsider in (world.contact, world.housing_liaison):
        with refused("NOT_YOUR_MEASURE"):
            await evidence(world, outsider, case, measure)
        assert (await evidence(world, outsider, case, None)).rectification_id is None
    with refused("NOT_OF_THIS_CASE"):
        await evidence(world, world.companion, await a_case(world), measure)


async def test_an_ended_case_takes_no_more_papers_and_gives_none_up(database: str) -> None:
    world = await a_world()
    case = await a_case(world)
    paper = await evidence(world, world.companion, case, None)
    await moved(world, world.companion, case, "withdraw", reason="企业另有安排")

    with refused("CASE_ENDED"):
        await evidence(world, world.companion, case, None)
    with refused("CASE_ENDED"):
        await moved(world, world.companion, paper, "remove", reason="传错")


async def the_measure(case: Case) -> Rectification:
    return await Rectification.get(case_id=case.id)


async def plan(world: World, case: Case, duty: Responsibility, by: Person | None = None) -> Rectification:
    viewer = await world.viewer(by or world.land_liaison)
    return await create(viewer, Rectification, "plan", within=case, responsibility=duty, measure="补充踏勘")


async def evidence(world: World, by: Person, case: Case, measure: Rectification | None) -> Attachment:
    return await create(
        await world.viewer(by), Attachment, "attach", within=case, rectification=measure, file_name="批文.pdf",
        content_type="application/pdf", size=3, sha256="0" * 64, store_key="示例",
    )


async def set_rule(world: World, name: str, value: str) -> None:
    await create(
        await world.viewer(world.administrator), Setting, "set", within=world.zone, name=name, value=value,
        holds_from=clock.today().date(), source="示例办法第1条",
    )
