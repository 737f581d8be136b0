"""The responsibility list: offered, signed for, returned in time or not at all, fixed, extended, done."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from domain import clock
from domain.cases import Case, CaseState
from domain.departments import Department
from domain.people import Person
from domain.problems import Problem
from domain.rectifications import Rectification, RectificationState
from domain.responsibilities import Responsibility, ResponsibilityState
from domain.viewers import CLOCK, Role
from tests.proofs import assert_whole, moved, refused
from tests.test_flows import situation
from tests.world import (
    World,
    a_case,
    a_department,
    a_dispatched_case,
    a_handled_case,
    a_person,
    a_reported_case,
    a_world,
    a_zone,
    fixed,
    the_clock_acts,
    the_responsibility,
)
from workflows.flow import FLOWS
from workflows.perform import create, perform

S = ResponsibilityState
# Monday, 10:00 in Guilin. Whoever is asked then has until the end of Tuesday.
MONDAY = datetime(2026, 3, 2, 2, tzinfo=UTC)
TUESDAY_NIGHT = datetime(2026, 3, 3, 15, 59, 59, tzinfo=UTC)
WEDNESDAY = datetime(2026, 3, 3, 16, tzinfo=UTC)
BACK = {"reason": "非我局职责", "basis": "“三定”方案第5条"}


@pytest.fixture
def monday() -> Iterator[None]:
    with clock.stopped(MONDAY):
        yield


async def test_a_department_signs_for_what_it_is_asked_and_nobody_else_does(database: str) -> None:
    world = await a_world()
    duty = await the_responsibility(await a_dispatched_case(world, world.land))

    for other in (world.companion, world.dispatcher, world.leader):
        with refused("NOT_ALLOWED"):
            await moved(world, other, duty, "sign")
    for stranger in (world.housing_liaison, world.administrator):
        with refused("NOT_FOUND"):
            await moved(world, stranger, duty, "sign")
    signed = await moved(world, world.land_liaison, duty, "sign")

    assert signed.state is S.SIGNED
    assert signed.signed_at is not None
    with refused("NOT_NOW"):
        await moved(world, world.land_liaison, duty, "sign")


async def test_a_return_is_taken_until_the_end_of_the_next_working_day(database: str, monday: None) -> None:
    world = await a_world()
    duty = await the_responsibility(await a_dispatched_case(world, world.land))

    with clock.stopped(TUESDAY_NIGHT):
        returned = await moved(world, world.land_liaison, duty, "return", **BACK)

    assert returned.state is S.RETURNED
    assert (returned.return_reason, returned.return_basis) == (BACK["reason"], BACK["basis"])
    assert (await Case.get(id=duty.case_id)).returns == 1


async def test_a_return_is_refused_once_the_window_has_passed(database: str, monday: None) -> None:
    world = await a_world()
    duty = await the_responsibility(await a_dispatched_case(world, world.land))

    with clock.stopped(WEDNESDAY), refused("WINDOW_PASSED"):
        await moved(world, world.land_liaison, duty, "return", **BACK)


async def test_a_return_needs_its_reason_and_its_basis(database: str) -> None:
    world = await a_world()
    duty = await the_responsibility(await a_dispatched_case(world, world.land))

    with refused("REQUIRED", "REQUIRED"):
        await moved(world, world.land_liaison, duty, "return", reason=" ", basis="")


async def test_what_was_signed_for_can_still_be_returned_inside_the_window(database: str) -> None:
    world = await a_world()
    duty = await the_responsibility(await a_dispatched_case(world, world.land))
    await moved(world, world.land_liaison, duty, "sign")

    assert (await moved(world, world.land_liaison, duty, "return", **BACK)).state is S.RETURNED


async def test_the_clock_signs_for_whoever_let_the_window_pass(database: str, monday: None) -> None:
    world = await a_world()
    case = await a_dispatched_case(world, world.land, world.housing)
    await moved(world, world.housing_liaison, await the_responsibility(case, world.housing), "sign")

    with clock.stopped(TUESDAY_NIGHT):
        assert "sign_by_lapse" not in await the_clock_acts()
    with clock.stopped(WEDNESDAY):
        assert (await the_clock_acts()).count("sign_by_lapse") == 1
        assert await the_clock_acts() == []

    lapsed = await the_responsibility(case, world.land)
    assert (lapsed.state, lapsed.signed_at) == (S.SIGNED, WEDNESDAY)
    await assert_whole()


async def test_nobody_but_the_clock_signs_by_lapse(database: str, monday: None) -> None:
    world = await a_world()
    duty = await the_responsibility(await a_dispatched_case(world, world.land))

    with clock.stopped(WEDNESDAY), refused("NOT_ALLOWED"):
        await moved(world, world.dispatcher, duty, "sign_by_lapse")


async def test_the_clock_does_not_sign_before_the_window_has_passed(database: str, monday: None) -> None:
    world = await a_world()
    duty = await the_responsibility(await a_dispatched_case(world, world.land))

    with clock.stopped(TUESDAY_NIGHT), refused("WINDOW_OPEN"):
        await perform(CLOCK, Responsibility, duty.id, "sign_by_lapse")


async def test_the_fallback_department_returns_nothing(database: str) -> None:
    world = await a_world()
    duty = await the_responsibility(await a_dispatched_case(world, world.fallback))

    with refused("FALLBACK"):
        await moved(world, world.fallback_liaison, duty, "return", **BACK)


async def test_after_the_third_return_the_office_designates_and_that_is_final(database: str) -> None:
    world = await a_world()
    case = await returned_times(world, 3)

    with refused("MUST_DESIGNATE"):
        await moved(world, world.dispatcher, case, "dispatch", offers=[{"department": world.land}])
    with refused("NOT_ALLOWED"):
        await moved(world, world.companion, case, "designate", department=world.land, reason="职责清楚")
    await moved(world, world.leader, case, "designate", department=world.land, reason="职责清楚")

    duty = await the_responsibility(case)
    assert duty.designated
    with refused("DESIGNATED"):
        await moved(world, world.land_liaison, duty, "return", **BACK)
    await fixed(world, duty, world.land_liaison)
    assert (await Case.get(id=case.id)).state is CaseState.HANDLING


async def test_before_the_third_return_nothing_is_designated(database: str) -> None:
    world = await a_world()
    case = await returned_times(world, 2)

    with refused("NOT_YET_DESIGNATED"):
        await moved(world, world.dispatcher, case, "designate", department=world.land, reason="职责清楚")
    await moved(world, world.dispatcher, case, "dispatch", offers=[{"department": world.land}])

    assert (await the_responsibility(case)).state is S.OFFERED


async def test_handling_begins_when_the_last_department_lead_or_joint_has_fixed_all_three(database: str) -> None:
    world = await a_world()
    case = await a_dispatched_case(world, world.land, world.housing, world.fallback)

    for department, liaison in (
        (world.fallback, world.fallback_liaison), (world.land, world.land_liaison),
    ):
        await fixed(world, await the_responsibility(case, department), liaison)
        assert (await Case.get(id=case.id)).state is CaseState.ASSIGNING
    with refused("NOT_FIXED"):
        await moved(world, world.dispatcher, case, "begin")
    await fixed(world, await the_responsibility(case, world.housing), world.housing_liaison)

    assert (await Case.get(id=case.id)).state is CaseState.HANDLING


async def test_handling_does_not_begin_without_a_lead(database: str) -> None:
    world = await a_world()
    case = await a_dispatched_case(world, world.land, world.housing)
    await fixed(world, await the_responsibility(case, world.housing), world.housing_liaison)
    await moved(world, world.land_liaison, await the_responsibility(case, world.land), "return", **BACK)

    with refused("NO_LEAD"):
        await moved(world, world.dispatcher, case, "begin")


async def test_fixing_takes_a_time_ahead_a_colleague_and_a_measure(database: str, monday: None) -> None:
    world = await a_world()
    duty = await the_responsibility(await a_dispatched_case(world, world.land))
    with refused("NOT_NOW"):
        await fix(world, duty)
    await moved(world, world.land_liaison, duty, "sign")

    with refused("DUE_PAST"):
        await fix(world, duty, due_on=date(2026, 3, 2))
    with refused("DUE_TOO_FAR"):
        await fix(world, duty, due_on=date(2029, 3, 5))
    with refused("NOT_A_COLLEAGUE"):
        await fix(world, duty, person=world.housing_liaison)
    with refused("REQUIRED"):
        await fix(world, duty, measures=[])
    with refused("REQUIRED", "REQUIRED"):
        await fix(world, duty, person=None, due_on=None)

    assert (await fix(world, duty, due_on=date(2026, 3, 3))).state is S.FIXED


async def test_a_deactivated_person_is_made_responsible_for_nothing(database: str) -> None:
    world = await a_world()
    duty = await the_responsibility(await a_dispatched_case(world, world.land))
    await moved(world, world.land_liaison, duty, "sign")
    gone = await create(
        await world.viewer(world.administrator), Person, "create", zone=world.zone, name="GL离任者",
        department=world.land,
    )
    await moved(world, world.administrator, gone, "deactivate", reason="调离")

    with refused("NOT_A_COLLEAGUE"):
        await moved(
            world, world.land_liaison, duty, "fix", person=gone.id, due_on=date(2027, 3, 3), measures=["踏勘"]
        )


async def test_the_person_is_changed_with_a_reason_to_a_colleague(database: str) -> None:
    world = await a_world()
    duty = await the_responsibility(await a_handled_case(world))
    colleague = await create(
        await world.viewer(world.administrator), Person, "create", zone=world.zone, name="GL自然资源经办",
        department=world.land,
    )

    with refused("NOT_A_COLLEAGUE"):
        await moved(world, world.land_liaison, duty, "reassign_person", person=world.companion, reason="轮岗")
    changed = await moved(world, world.dispatcher, duty, "reassign_person", person=colleague, reason="轮岗")

    assert changed.person_id == colleague.id


async def test_an_extension_is_asked_one_working_day_before_due_at_the_latest(database: str, monday: None) -> None:
    world = await a_world()
    duty = await due_on(world, date(2026, 3, 16))  # a Monday: Friday the 13th is the last day to ask

    with clock.stopped(datetime(2026, 3, 13, 16, tzinfo=UTC)), refused("TOO_LATE_TO_ASK"):
        await ask(world, duty, date(2026, 3, 20))
    with clock.stopped(datetime(2026, 3, 13, 15, 59, 59, tzinfo=UTC)):
        asked = await ask(world, duty, date(2026, 3, 20))
        with refused("ASKED_ALREADY"):
            await ask(world, duty, date(2026, 3, 23))

    assert asked.extension_due_at == datetime(2026, 3, 20, 15, 59, 59, tzinfo=UTC)
    assert asked.due_at == datetime(2026, 3, 16, 15, 59, 59, tzinfo=UTC)


async def test_an_extension_is_for_later_than_the_present_date(database: str, monday: None) -> None:
    world = await a_world()
    duty = await due_on(world, date(2026, 3, 16))

    with refused("NOT_LATER"):
        await ask(world, duty, date(2026, 3, 16))


async def test_a_dispatcher_or_leader_grants_or_refuses_an_extension(database: str, monday: None) -> None:
    world = await a_world()
    duty = await due_on(world, date(2026, 3, 16))
    with refused("NOT_ASKED"):
        await moved(world, world.dispatcher, duty, "grant_extension")
    with refused("NOT_ASKED"):
        await moved(world, world.leader, duty, "refuse_extension", reason="无故")

    await ask(world, duty, date(2026, 3, 20))
    with refused("NOT_ALLOWED"):
        await moved(world, world.land_liaison, duty, "grant_extension")
    kept = await moved(world, world.leader, duty, "refuse_extension", reason="可按期完成")
    assert (kept.due_at, kept.extension_due_at) == (datetime(2026, 3, 16, 15, 59, 59, tzinfo=UTC), None)

    await ask(world, duty, date(2026, 3, 20))
    later = await moved(world, world.dispatcher, duty, "grant_extension")
    assert (later.due_at, later.extension_due_at) == (datetime(2026, 3, 20, 15, 59, 59, tzinfo=UTC), None)


async def test_a_responsibility_is_done_with_its_last_measure_and_not_before(database: str) -> None:
    world = await a_world()
    case = await a_dispatched_case(world, world.land)
    await fixed(world, await the_responsibility(case), world.land_liaison, "踏勘", "报批")
    first, second = await Rectification.filter(case_id=case.id).order_by("id")
    for measure in (first, second):
        await moved(world, world.land_liaison, measure, "submit", result="已办")
    await moved(world, world.companion, case, "report")

    await moved(world, world.companion, first, "verify")
    assert (await the_responsibility(case)).state is S.FIXED
    await moved(world, world.companion, second, "verify")

    assert (await the_responsibility(case)).state is S.DONE


async def test_the_rules_finish_no_responsibility_with_an_open_measure(database: str) -> None:
    world = await a_world()
    duty = await the_responsibility(await a_reported_case(world))

    flow = FLOWS[Responsibility]
    seen = await situation(duty, await world.viewer(world.companion))
    refusal = flow.judge(flow.moves["finish"], seen, by_rule=True)

    assert refusal is not None
    assert refusal.code == "UNVERIFIED"


async def test_a_release_takes_the_planned_measures_with_it(database: str) -> None:
    world = await a_world()
    case = await a_dispatched_case(world, world.land, world.housing)
    duty = await fixed(world, await the_responsibility(case, world.land), world.land_liaison, "踏勘", "报批")

    with refused("NOT_ALLOWED"):
        await moved(world, world.leader, duty, "release", reason="改由住建局主办")
    released = await moved(world, world.dispatcher, duty, "release", reason="改由住建局主办")

    assert (released.state, released.open_rectifications) == (S.RELEASED, 0)
    assert {each.state for each in await Rectification.filter(case_id=case.id)} == {RectificationState.CANCELLED}
    await assert_whole()


async def test_nobody_is_released_once_handling_has_begun(database: str) -> None:
    world = await a_world()

    with refused("NOT_ASSIGNING"):
        await moved(
            world, world.dispatcher, await the_responsibility(await a_handled_case(world)), "release", reason="误派"
        )


async def test_one_department_leads_and_each_is_asked_once(database: str) -> None:
    world = await a_world()
    case = await a_dispatched_case(world, world.land)

    with refused("LEAD_TAKEN"):
        await dispatch(world, case, {"department": world.housing})
    with refused("ALREADY_OFFERED"):
        await dispatch(world, case, {"department": world.land, "part": "joint"})
    with refused("ALREADY_OFFERED"):
        await dispatch(
            world, case, {"department": world.housing, "part": "joint"}, {"department": world.housing, "part": "joint"}
        )
    with refused("REQUIRED"):
        await dispatch(world, case)
    await dispatch(world, case, {"department": world.housing, "part": "joint"})

    assert await Responsibility.filter(case_id=case.id).count() == 2


async def test_a_department_is_asked_about_an_open_problem_of_this_case(database: str) -> None:
    world = await a_world()
    case = await a_dispatched_case(world, world.land, problems=[{"description": "用地"}, {"description": "用水"}])
    other = await Problem.get(case_id=(await a_case(world)).id)
    dropped, open_ = await Problem.filter(case_id=case.id).order_by("id")
    await moved(world, world.companion, dropped, "drop", reason="企业已自行解决")

    with refused("OTHER_CASE"):
        await dispatch(world, case, {"department": world.housing, "part": "joint", "problem": other})
    with refused("PROBLEM_DONE"):
        await dispatch(world, case, {"department": world.housing, "part": "joint", "problem": dropped})
    await dispatch(world, case, {"department": world.housing, "part": "joint", "problem": open_})

    assert (await the_responsibility(case, world.housing)).problem_id == open_.id


async def test_a_department_of_another_zone_is_not_asked(database: str) -> None:
    world = await a_world()
    case = await a_case(world)
    await moved(world, world.companion, case, "submit")
    below = await a_zone("GLA", world.zone)
    elsewhere = await a_department(below, "示例局")
    dispatcher = await a_person(world.zone, "GL分办员02", Role.DISPATCHER)

    with refused("BAD_INPUT"):
        await moved(world, dispatcher, case, "dispatch", offers=[{"department": elsewhere}])


async def returned_times(world: World, times: int) -> Case:
    case = await a_case(world)
    await moved(world, world.companion, case, "submit")
    for _ in range(times):
        await dispatch(world, case, {"department": world.land})
        await moved(world, world.land_liaison, await the_responsibility(case), "return", **BACK)
    return await Case.get(id=case.id)


async def dispatch(world: World, case: Case, *offers: dict[str, Department | Problem | str]) -> None:
    await moved(world, world.dispatcher, case, "dispatch", offers=list(offers))


async def fix(world: World, duty: Responsibility, **given: object) -> Responsibility:
    given = {"person": world.land_liaison, "due_on": date(2026, 3, 31), "measures": ["现场踏勘"], **given}
    return await moved(world, world.land_liaison, duty, "fix", **given)


async def due_on(world: World, day: date) -> Responsibility:
    duty = await the_responsibility(await a_dispatched_case(world, world.land))
    await moved(world, world.land_liaison, duty, "sign")
    return await fix(world, duty, due_on=day)


async def ask(world: World, duty: Responsibility, until: date) -> Responsibility:
    return await moved(world, world.land_liaison, duty, "ask_extension", due_on=until, reason="等上级批复")
