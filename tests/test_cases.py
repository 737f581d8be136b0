"""The case from the first move to the last, and every way it can end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from domain import clock
from domain.cases import Case, CaseState, Channel, Satisfaction
from domain.chains import ChainLink
from domain.enterprises import Enterprise
from domain.history import Entry, entry_hash
from domain.people import Person
from domain.problems import Problem, ProblemState
from domain.rectifications import Rectification, RectificationState
from domain.responsibilities import Responsibility, ResponsibilityState
from domain.viewers import Role
from tests.proofs import assert_whole, moved, refused
from tests.test_rectifications import set_rule
from tests.world import (
    World,
    a_case,
    a_closed_case,
    a_dispatched_case,
    a_handled_case,
    a_person,
    a_reported_case,
    a_world,
    fixed,
    the_responsibility,
)
from workflows.perform import create

S = CaseState
MONDAY = datetime(2026, 3, 2, 2, tzinfo=UTC)


@pytest.fixture
def monday() -> Iterator[None]:
    with clock.stopped(MONDAY):
        yield


async def test_a_case_goes_from_collect_to_close_with_all_three_lists_clear(database: str) -> None:
    world = await a_world()

    case = await a_closed_case(world)

    assert case.state is CaseState.CLOSED
    assert case.number.startswith("GL-20")
    assert (case.open_problems, case.open_responsibilities, case.open_rectifications) == (0, 0, 0)
    assert [p.state for p in await Problem.filter(case_id=case.id)] == [ProblemState.CLEARED]
    assert [r.state for r in await Responsibility.filter(case_id=case.id)] == [ResponsibilityState.DONE]


async def test_every_move_leaves_one_entry_chained_to_the_one_before(database: str) -> None:
    world = await a_world()

    case = await a_closed_case(world)

    entries = await Entry.filter(subject_id=case.id).order_by("sequence")
    assert [e.move for e in entries] == [
        "collect", "raise", "submit", "dispatch", "offer", "sign", "fix", "plan", "begin",
        "submit", "report", "verify", "finish", "clear", "call_back", "close",
    ]
    assert [e.sequence for e in entries] == list(range(1, len(entries) + 1))
    assert [e.previous for e in entries] == ["", *(e.hash for e in entries[:-1])]
    assert all(e.hash == entry_hash(e) for e in entries)
    assert (await Case.get(id=case.id)).head == entries[-1].hash


async def test_companions_dispatchers_and_the_enterprise_raise_cases(database: str) -> None:
    world = await a_world()

    for person in (world.companion, world.dispatcher, world.contact):
        assert (await collected(world, person)).owner_id == world.companion.id
    for person in (world.leader, world.auditor, world.administrator):
        with refused("NOT_ALLOWED"):
            await collected(world, person)
    with refused("NOT_FOUND"):
        await collected(world, world.land_liaison)


async def test_numbers_run_on_by_zone_and_year_without_gaps(database: str, monday: None) -> None:
    world = await a_world()

    numbers = [(await a_case(world)).number for _ in range(2)]
    with refused("BAD_INPUT"):
        await collected(world, world.companion, raised_on=date(2026, 3, 3))
    numbers.append((await a_case(world)).number)

    assert numbers == ["GL-2026-000001", "GL-2026-000002", "GL-2026-000003"]


async def test_a_case_is_submitted_by_its_owner_with_a_problem(database: str) -> None:
    world = await a_world()
    case = await a_case(world, problems=[])

    with refused("NO_PROBLEM"):
        await moved(world, world.companion, case, "submit")
    await create(await world.viewer(world.companion), Problem, "raise", within=case, description="用地")
    for person in (world.contact, world.leader):
        with refused("NOT_ALLOWED"):
            await moved(world, person, case, "submit")

    assert (await moved(world, world.companion, case, "submit")).state is S.ASSIGNING


async def test_a_case_without_an_owner_is_taken_in_but_not_submitted(database: str) -> None:
    world = await a_world()
    dispatcher = await world.viewer(world.dispatcher)
    unaccompanied = await create(dispatcher, Enterprise, "create", zone=world.zone, name="示例·无伴员", synthetic=True)
    case = await create(
        dispatcher, Case, "collect", enterprise=unaccompanied, title="用工", problems=[{"description": "缺工"}]
    )

    with refused("NO_OWNER"):
        await moved(world, world.dispatcher, case, "submit")
    await moved(world, world.dispatcher, case, "hand_over", companion=world.companion, reason="确定伴员")

    assert (await moved(world, world.companion, case, "submit")).owner_id == world.companion.id


async def test_a_case_is_handed_over_to_another_companion_of_the_zone(database: str) -> None:
    world = await a_world()
    case, second = await a_case(world), await a_person(world.zone, "GL伴员02", Role.COMPANION)

    with refused("SAME_OWNER"):
        await moved(world, world.companion, case, "hand_over", companion=world.companion, reason="轮岗")
    with refused("NOT_A_COMPANION"):
        await moved(world, world.leader, case, "hand_over", companion=world.dispatcher, reason="轮岗")
    await moved(world, world.companion, case, "hand_over", companion=second, reason="轮岗")

    with refused("NOT_ALLOWED"):
        await moved(world, world.companion, case, "submit")
    assert (await moved(world, second, case, "submit")).owner_id == second.id


async def test_what_ends_unsolved_leaves_no_list_open(database: str) -> None:
    world = await a_world()
    handled = await a_handled_case(world)
    measure = await Rectification.get(case_id=handled.id)
    await moved(world, world.land_liaison, measure, "submit", result="已办")
    signed = await a_dispatched_case(world, world.land, world.housing)
    await fixed(world, await the_responsibility(signed, world.housing), world.housing_liaison)

    with refused("NOT_NOW"):
        await moved(world, world.dispatcher, handled, "decline", reason="非区内事项", basis="示例依据")
    await moved(world, world.contact, handled, "withdraw", reason="企业另有安排")
    await moved(world, world.leader, signed, "decline", reason="非区内事项", basis="示例依据")

    for case, state in ((handled, S.WITHDRAWN), (signed, S.DECLINED)):
        ended = await Case.get(id=case.id)
        assert ended.state is state
        assert (ended.open_problems, ended.open_responsibilities, ended.open_rectifications) == (0, 0, 0)
        assert {each.state for each in await Problem.filter(case_id=case.id)} == {ProblemState.DROPPED}
        assert {each.state for each in await Responsibility.filter(case_id=case.id)} == {ResponsibilityState.RELEASED}
        assert {each.state for each in await Rectification.filter(case_id=case.id)} == {RectificationState.CANCELLED}
    await assert_whole()


async def test_declining_needs_a_reason_and_a_basis(database: str) -> None:
    world = await a_world()
    case = await a_case(world)

    with refused("REQUIRED", "REQUIRED"):
        await moved(world, world.dispatcher, case, "decline")
    with refused("NOT_ALLOWED"):
        await moved(world, world.companion, case, "decline", reason="非区内事项", basis="示例依据")


async def test_what_a_visit_solves_on_the_spot_still_fills_three_lists(database: str) -> None:
    world = await a_world()
    case = await a_case(world)

    with refused("NOT_ALLOWED"):
        await moved(world, world.dispatcher, case, "solve_on_site", result="当场接通", satisfaction="satisfied")
    solved = await moved(world, world.companion, case, "solve_on_site", result="当场接通", satisfaction="satisfied")

    assert (solved.state, solved.satisfaction) == (S.CLOSED, Satisfaction.SATISFIED)
    assert [p.resolution for p in await Problem.filter(case_id=case.id)] == ["当场接通"]
    assert [r.department_id for r in await Responsibility.filter(case_id=case.id)] == [world.fallback.id]
    assert [m.result for m in await Rectification.filter(case_id=case.id)] == ["当场接通"]
    await assert_whole()


async def test_several_problems_or_departments_are_not_solved_on_site(database: str) -> None:
    world = await a_world()
    given = {"result": "当场接通", "satisfaction": "satisfied"}

    with refused("ONE_PROBLEM"):
        two = await a_case(world, problems=[{"description": "用地"}, {"description": "用水"}])
        await moved(world, world.companion, two, "solve_on_site", **given)
    with refused("DISPATCHED"):
        await moved(world, world.companion, await a_dispatched_case(world), "solve_on_site", **given)


async def test_a_long_result_solves_on_site_as_well_as_a_short_one(database: str) -> None:
    world = await a_world()

    solved = await moved(
        world, world.companion, await a_case(world), "solve_on_site", result="通" * 5_000, satisfaction="fairly"
    )

    assert solved.state is S.CLOSED


async def test_merging_keeps_both_histories_and_carries_the_problems_over(database: str) -> None:
    world = await a_world()
    case = await a_dispatched_case(world, world.land, contact_name="示例联系人", contact_phone="0773-0000000")
    into = await a_case(world, problems=[{"description": "用水"}])

    with refused("NOT_ALLOWED"):
        await moved(world, world.companion, case, "merge", into=into, reason="同一事项")
    await moved(world, world.dispatcher, case, "merge", into=into, reason="同一事项")

    merged, taken_on = await Case.get(id=case.id), await Case.get(id=into.id)
    assert (merged.state, merged.merged_into_id, merged.open_responsibilities) == (S.MERGED, into.id, 0)
    assert {p.description for p in await Problem.filter(case_id=into.id)} == {"用水", "扩建用地仍未获批"}
    assert (taken_on.contact_name, taken_on.contact_phone) == ("示例联系人", "0773-0000000")
    absorbed = await Entry.get(subject_id=into.id, move="absorb")
    assert absorbed.reason == f"{case.number}：同一事项"
    assert await Entry.filter(subject_id=case.id, move="merge").exists()
    await assert_whole()


async def test_a_case_merges_only_into_another_open_case_of_its_enterprise(database: str) -> None:
    world = await a_world()
    case, closed = await a_case(world), await a_closed_case(world)
    dispatcher = await world.viewer(world.dispatcher)
    other = await create(dispatcher, Enterprise, "create", zone=world.zone, name="示例·GL·002", synthetic=True)
    of_another = await create(dispatcher, Case, "collect", enterprise=other, title="用工")

    with refused("NOT_ITSELF"):
        await moved(world, world.dispatcher, case, "merge", into=case.id, reason="同一事项")
    for into in (closed.id, of_another.id):
        with refused("OTHER_ENTERPRISE"):
            await moved(world, world.dispatcher, case, "merge", into=into, reason="同一事项")


async def test_a_long_reason_merges_as_well_as_a_short_one(database: str) -> None:
    world = await a_world()

    merged = await moved(
        world, world.dispatcher, await a_case(world), "merge", into=await a_case(world), reason="同" * 2_000
    )

    assert merged.state is S.MERGED


async def test_a_case_is_reported_once_every_measure_is_submitted(database: str) -> None:
    world = await a_world()
    case = await a_handled_case(world)

    with refused("NOT_SUBMITTED"):
        await moved(world, world.companion, case, "report")
    measure = await Rectification.get(case_id=case.id)
    await moved(world, world.land_liaison, measure, "submit", result="已办")
    with refused("NOT_ALLOWED"):
        await moved(world, world.land_liaison, case, "report")

    assert (await moved(world, world.companion, case, "report")).state is S.CHECKING


async def test_a_case_is_closed_once_its_lists_are_clear_one_after_the_other(database: str) -> None:
    world = await a_world()
    case = await a_reported_case(world)
    await moved(world, world.companion, case, "call_back", satisfaction="satisfied")

    with refused("LISTS_OPEN"):
        await moved(world, world.companion, case, "close")
    await moved(world, world.companion, await Rectification.get(case_id=case.id), "verify")
    with refused("LISTS_OPEN"):
        await moved(world, world.companion, case, "close")
    await moved(world, world.companion, await Problem.get(case_id=case.id), "clear", resolution="已批复")
    for person in (world.contact, world.leader, world.land_liaison):
        with refused("NOT_ALLOWED"):
            await moved(world, person, case, "close")

    assert (await moved(world, world.companion, case, "close")).state is S.CLOSED


async def test_a_case_is_closed_on_a_rating_or_on_three_attempts_to_call(database: str) -> None:
    world = await a_world()
    case = await a_clear_case(world)

    for _ in range(3):
        with refused("NOT_CALLED_BACK"):
            await moved(world, world.companion, case, "close")
        await moved(world, world.companion, case, "call_back", remark="未接通")
    closed = await moved(world, world.companion, case, "close")

    assert closed.satisfaction is None
    assert closed.call_back_attempts == 3


async def test_a_closed_case_is_reopened_until_the_window_ends(database: str, monday: None) -> None:
    world = await a_world()
    case = await a_closed_case(world)
    problem = await Problem.get(case_id=case.id)
    until = datetime(2026, 4, 1, 15, 59, 59, tzinfo=UTC)
    assert case.reopen_until == until

    with clock.stopped(until + timedelta(seconds=1)), refused("REOPEN_LAPSED"):
        await moved(world, world.contact, case, "reopen", reason="又断水", problems=[problem])
    with clock.stopped(until):
        again = await moved(world, world.contact, case, "reopen", reason="又断水", problems=[problem])

    assert (again.state, again.reopened) == (S.ASSIGNING, 1)
    assert again.satisfaction is None
    assert again.closed_at is None
    assert (await Problem.get(id=problem.id)).state is ProblemState.OPEN
    await assert_whole()


async def test_reopening_names_a_reason_and_the_cleared_problems_of_the_case(database: str) -> None:
    world = await a_world()
    case, other = await a_closed_case(world), await a_closed_case(world)

    with refused("REQUIRED", "REQUIRED"):
        await moved(world, world.contact, case, "reopen", problems=[])
    with refused("NOT_OF_THIS_CASE"):
        await moved(
            world, world.contact, case, "reopen", reason="又断水", problems=await Problem.filter(case_id=other.id)
        )
    with refused("NOT_ALLOWED"):
        await moved(
            world, world.land_liaison, case, "reopen", reason="又断水", problems=await Problem.filter(case_id=case.id)
        )


async def test_a_reopened_case_is_dispatched_and_handled_anew(database: str) -> None:
    world = await a_world()
    case = await a_closed_case(world)
    await moved(world, world.leader, case, "reopen", reason="又断水", problems=await Problem.filter(case_id=case.id))

    await moved(world, world.dispatcher, case, "dispatch", offers=[{"department": world.housing}])
    await fixed(world, await the_responsibility(case, world.housing), world.housing_liaison)

    assert (await Case.get(id=case.id)).state is S.HANDLING
    await assert_whole()


async def test_a_pause_moves_due_dates_on_by_the_working_days_it_took(database: str, monday: None) -> None:
    world = await a_world()
    case = await a_handled_case(world)
    duty = await the_responsibility(case)
    asked = await moved(
        world, world.land_liaison, duty, "ask_extension", due_on=date(2026, 3, 27), reason="等批复"
    )
    assert asked.due_at == datetime(2026, 3, 22, 15, 59, 59, tzinfo=UTC)  # a Sunday
    with refused("NOT_ALLOWED"):
        await moved(world, world.companion, case, "pause", reason="等上级批复")
    await moved(world, world.dispatcher, case, "pause", reason="等上级批复")

    with clock.stopped(MONDAY + timedelta(days=7)):  # five working days later
        await moved(world, world.companion, case, "resume", reason="已批复")

    later = await the_responsibility(case)
    assert later.due_at == datetime(2026, 3, 27, 15, 59, 59, tzinfo=UTC)
    assert later.extension_due_at == datetime(2026, 4, 3, 15, 59, 59, tzinfo=UTC)
    assert (await Case.get(id=case.id)).paused_at is None
    await assert_whole()


async def test_a_pause_within_a_day_or_over_a_weekend_moves_nothing(database: str) -> None:
    friday = datetime(2026, 3, 6, 2, tzinfo=UTC)
    for back_after in (timedelta(hours=5), timedelta(days=2)):
        with clock.stopped(friday):
            world = await a_world(f"GL{back_after.days}")
            case = await a_handled_case(world)
            due_at = (await the_responsibility(case)).due_at
            await moved(world, world.leader, case, "pause", reason="等上级批复")

        with clock.stopped(friday + back_after):
            await moved(world, world.leader, case, "resume", reason="已批复")

        assert (await the_responsibility(case)).due_at == due_at


async def test_a_case_escalates_up_the_chain_past_vacancies_to_its_top(database: str) -> None:
    world = await a_world()
    case = await a_case(world)
    officer = await a_person(world.zone, "GL科长", Role.LEADER)
    with refused("TOP_OF_CHAIN"):
        await moved(world, world.companion, case, "escalate", reason="久拖不决")
    for level, title, person in ((1, "园区科", officer), (2, "分管领导", None), (3, "主要领导", world.leader)):
        await a_link(world, level, title, person)

    with refused("NOT_ALLOWED"):
        await moved(world, world.contact, case, "escalate", reason="久拖不决")
    for level, person in ((1, officer), (3, world.leader)):
        up = await moved(world, world.companion, case, "escalate", reason="久拖不决")
        assert (up.escalation_level, up.escalated_to_id) == (level, person.id)
    with refused("TOP_OF_CHAIN"):
        await moved(world, world.companion, case, "escalate", reason="久拖不决")


async def test_an_enterprise_with_its_own_link_has_that_in_place_of_the_zones(database: str) -> None:
    world = await a_world()
    case = await a_case(world)
    await a_link(world, 1, "园区科", world.leader)
    await a_link(world, 1, "专班", world.dispatcher, enterprise=world.enterprise)

    up = await moved(world, world.companion, case, "escalate", reason="久拖不决")

    assert up.escalated_to_id == world.dispatcher.id
    with refused("LEVEL_TAKEN"):
        await a_link(world, 1, "园区科", world.leader)


async def test_where_the_chain_must_be_filled_no_handling_begins_with_a_gap(database: str) -> None:
    world = await a_world()
    await set_rule(world, "chain_required", "true")
    link = await a_link(world, 1, "挂点干部", None)
    case = await a_handled_case(world)
    assert case.state is S.ASSIGNING

    with refused("CHAIN_VACANT"):
        await moved(world, world.dispatcher, case, "begin")
    await moved(world, world.administrator, link, "fill", title="挂点干部", person=world.companion)

    assert (await moved(world, world.dispatcher, case, "begin")).state is S.HANDLING


async def a_clear_case(world: World) -> Case:
    case = await a_reported_case(world)
    await moved(world, world.companion, await Rectification.get(case_id=case.id), "verify")
    await moved(world, world.companion, await Problem.get(case_id=case.id), "clear", resolution="已批复")
    return case


async def collected(world: World, by: Person, **given: Any) -> Case:
    return await create(
        await world.viewer(by), Case, "collect", enterprise=world.enterprise.id, title="用地", **given
    )


async def a_link(world: World, level: int, title: str, person: Person | None, **given: Any) -> ChainLink:
    administrator = await world.viewer(world.administrator)
    return await create(
        administrator, ChainLink, "add", within=world.zone, level=level, title=title, person=person, **given
    )


async def test_a_declined_case_says_why_and_on_what_basis(database: str) -> None:
    world = await a_world()
    case = await a_case(world)

    declined = await moved(world, world.dispatcher, case, "decline", reason="不属本区职权", basis="三定规定第三条")

    assert (declined.ended_because, declined.ended_basis) == ("不属本区职权", "三定规定第三条")


async def test_what_a_contact_raises_came_online_and_what_a_companion_takes_in_from_a_visit(database: str) -> None:
    world = await a_world()

    raised = await create(await world.viewer(world.contact), Case, "collect", enterprise=world.enterprise, title="用水")
    taken_in = await a_case(world)

    assert (raised.channel, taken_in.channel) == (Channel.ONLINE, Channel.VISIT)


async def test_two_departments_cannot_both_be_asked_to_lead(database: str) -> None:
    world = await a_world()
    case = await moved(world, world.companion, await a_case(world), "submit")

    with refused("TWO_LEADS"):
        await moved(
            world, world.dispatcher, case, "dispatch",
            offers=[{"department": world.land}, {"department": world.housing}],
        )


async def test_work_done_over_is_called_back_about_anew(database: str) -> None:
    world = await a_world()
    case = await a_reported_case(world)
    await moved(world, world.companion, case, "call_back", satisfaction="dissatisfied")

    again = await moved(world, world.companion, case, "send_back", reason="企业不满意")

    kept = await Case.filter(id=again.id).values("satisfaction", "call_back_attempts")
    assert kept == [{"satisfaction": None, "call_back_attempts": 0}]


async def test_whoever_a_case_is_escalated_to_sees_it_until_it_goes_further_up(database: str) -> None:
    world = await a_world()
    case = await a_case(world)
    await a_link(world, 1, "科长", world.housing_liaison)
    await a_link(world, 2, "区领导", world.leader)

    async def seen() -> bool:
        return await Case.seen_by(await world.viewer(world.housing_liaison)).filter(id=case.id).exists()

    before = await seen()
    await moved(world, world.companion, case, "escalate", reason="久拖不决")
    meanwhile = await seen()
    await moved(world, world.companion, case, "escalate", reason="久拖不决")

    assert (before, meanwhile, await seen()) == (False, True, False)
