"""Supervision 督办: demanded of whoever works on the case, answered in time, accepted or sent back, never left open."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from api.nodes import global_id
from domain import clock
from domain.calendar import end_of
from domain.cases import Case, CaseState
from domain.history import Entry
from domain.notices import Notice
from domain.people import Person
from domain.problems import Problem
from domain.rectifications import Rectification
from domain.supervisions import Supervision, SupervisionState
from domain.timers import Timer
from domain.viewers import Role
from tests.graphql import served, signed_in
from tests.proofs import assert_whole, moved, refused
from tests.world import (
    World,
    a_closed_case,
    a_handled_case,
    a_person,
    a_reported_case,
    a_world,
    the_clock_acts,
)
from workflows.perform import create

S = SupervisionState
# Monday, 10:00 in Guilin: three working days later is the end of Thursday.
MONDAY = datetime(2026, 3, 2, 2, tzinfo=UTC)
THURSDAY = date(2026, 3, 5)
DEMAND = "请回复用地报批进度"


@pytest.fixture
def monday() -> Iterator[None]:
    with clock.stopped(MONDAY):
        yield


@pytest.fixture
async def world(database: str, monday: None) -> World:
    return await a_world()


async def test_a_leader_demands_an_answer_by_the_zones_limit_and_accepts_it(world: World) -> None:
    case = await a_handled_case(world)

    asked = await ordered(world, case, department=world.land)
    assert (asked.state, asked.due_at, asked.supervisor_id) == (S.DEMANDED, end_of(THURSDAY), world.leader.id)

    answered = await moved(world, world.land_liaison, asked, "answer", answer="已上报")
    assert (answered.state, answered.answer, answered.red_at) == (S.ANSWERED, "已上报", None)

    assert (await moved(world, world.leader, asked, "accept")).state is S.ACCEPTED
    assert (await Case.get(id=case.id)).open_supervisions == 0
    course = await Entry.filter(record_id=asked.id).order_by("sequence")
    assert [entry.move for entry in course] == ["order", "answer", "accept"]
    await assert_whole()


async def test_whoever_is_asked_hears_of_it_and_whoever_asked_hears_the_answer(world: World) -> None:
    asked = await ordered(world, await a_handled_case(world), department=world.land, person=world.land_liaison)
    assert await told("order") == {(world.land_liaison.id, True), (world.companion.id, False)}

    await moved(world, world.land_liaison, asked, "answer", answer="已上报")
    assert await told("answer") == {(world.leader.id, True), (world.companion.id, False)}


async def test_an_answer_is_given_by_those_asked_and_judged_by_leader_or_dispatcher(world: World) -> None:
    case = await a_handled_case(world)
    of_land = await ordered(world, case, department=world.land)
    of_owner = await ordered(world, case, person=world.companion)

    for person, asked in ((world.companion, of_land), (world.land_liaison, of_owner), (world.leader, of_land)):
        with refused("NOT_ALLOWED"):
            await moved(world, person, asked, "answer", answer="已上报")
    with refused("NOT_FOUND"):
        await moved(world, world.contact, of_land, "answer", answer="已上报")
    await moved(world, world.companion, of_owner, "answer", answer="已联系企业")
    for person in (world.companion, world.land_liaison, world.auditor):
        with refused("NOT_ALLOWED"):
            await moved(world, person, of_owner, "accept")
    assert (await moved(world, world.dispatcher, of_owner, "accept")).state is S.ACCEPTED
    for person in (world.companion, world.land_liaison):
        with refused("NOT_ALLOWED"):
            await ordered(world, case, by=person, department=world.land)


async def test_whoever_takes_the_case_over_answers_what_its_companion_was_asked(world: World) -> None:
    case = await a_handled_case(world)
    asked = await ordered(world, case, person=world.companion)
    of_land = await ordered(world, case, department=world.land)
    newcomer = await a_person(world.zone, "GL伴员02", Role.COMPANION)
    await moved(world, world.leader, case, "hand_over", companion=newcomer, reason="轮岗")

    assert (await moved(world, newcomer, asked, "answer", answer="已联系企业")).state is S.ANSWERED
    with refused("NOT_ALLOWED"):
        await moved(world, newcomer, of_land, "answer", answer="已联系企业")


async def test_only_those_at_work_on_the_case_can_be_asked(world: World) -> None:
    case = await a_handled_case(world)

    for given, code in (
        ({}, "REQUIRED"),
        ({"department": world.housing}, "NOT_OF_THIS_CASE"),
        ({"person": world.housing_liaison}, "NOT_OF_THIS_CASE"),
        ({"person": world.contact}, "NOT_OF_THIS_CASE"),
    ):
        with refused(code):
            await ordered(world, case, **given)
    with refused("CASE_ENDED"):
        await ordered(world, await a_closed_case(world), department=world.land)


async def test_an_answer_sent_back_is_due_anew(world: World) -> None:
    asked = await ordered(world, await a_handled_case(world), department=world.land)
    with clock.stopped(MONDAY + timedelta(days=1)):
        await moved(world, world.land_liaison, asked, "answer", answer="在办")

        again = await moved(world, world.leader, asked, "send_back", reason="请说明具体日期")
        assert (again.state, again.sent_back, again.due_at) == (S.DEMANDED, 1, end_of(date(2026, 3, 6)))

        await moved(world, world.land_liaison, asked, "answer", answer="3月20日前")
        again = await moved(world, world.leader, asked, "send_back", reason="须提前", due_on=date(2026, 3, 4))
        assert (again.sent_back, again.due_at) == (2, end_of(date(2026, 3, 4)))


async def test_a_day_may_be_named_but_none_that_has_passed(world: World) -> None:
    case = await a_handled_case(world)

    asked = await ordered(world, case, department=world.land, due_on=date(2026, 3, 10))
    assert asked.due_at == end_of(date(2026, 3, 10))

    with refused("DUE_PAST"):
        await ordered(world, case, department=world.land, due_on=date(2026, 3, 2))


async def test_the_clock_reminds_and_tells_what_is_overdue_until_it_is_answered(world: World) -> None:
    case = await a_handled_case(world)
    late = await ordered(world, case, department=world.land)
    answered = await ordered(world, case, person=world.companion)
    await moved(world, world.companion, answered, "answer", answer="已联系企业")
    await Timer.exclude(record_id=late.id).exclude(record_id=answered.id).delete()

    with clock.stopped(end_of(THURSDAY)):
        assert await the_clock_acts() == ["remind"]
    with clock.stopped(end_of(THURSDAY) + timedelta(seconds=1)):
        assert await the_clock_acts() == ["overdue"]

    assert await told("overdue") == {(world.land_liaison.id, True), (world.leader.id, False)}
    with clock.stopped(end_of(THURSDAY) + timedelta(days=1)):
        assert (await moved(world, world.land_liaison, late, "answer", answer="已上报")).state is S.ANSWERED
    await assert_whole()


async def test_no_case_closes_while_an_answer_is_demanded(world: World) -> None:
    case = await a_reported_case(world)
    asked = await ordered(world, case, department=world.land)
    for measure in await Rectification.filter(case_id=case.id):
        await moved(world, world.companion, measure, "verify")
    for problem in await Problem.filter(case_id=case.id):
        await moved(world, world.companion, problem, "clear", resolution="已批复")
    await moved(world, world.companion, case, "call_back", satisfaction="satisfied")

    with refused("SUPERVISED_STILL"):
        await moved(world, world.companion, case, "close")
    await moved(world, world.leader, asked, "lift", reason="已办妥")

    assert (await moved(world, world.companion, case, "close")).state is CaseState.CLOSED


async def test_of_a_case_that_ends_unsolved_nothing_is_demanded_any_more(world: World) -> None:
    case = await a_handled_case(world)
    asked = await ordered(world, case, department=world.land)

    await moved(world, world.companion, case, "withdraw", reason="企业另有安排")

    lifted = await Supervision.get(id=asked.id)
    assert (lifted.state, lifted.red_at, (await Case.get(id=case.id)).open_supervisions) == (S.LIFTED, None, 0)
    assert await Timer.filter(record_id=asked.id).count() == 0
    await assert_whole()


async def test_the_ledger_of_supervisions_over_the_api(database: str) -> None:
    world = await a_world()
    case = await a_handled_case(world)
    async with served() as http:
        leader, liaison = await signed_in(http, world.leader), await signed_in(http, world.land_liaison)
        given = {"caseId": global_id(case), "demand": DEMAND}
        want = "supervision { id light deadline { rule { name limit } } }"
        made = await leader.do("superviseCase", want, **given, departmentId=global_id(world.land))
        await leader.do("superviseCase", **given, personId=global_id(world.companion))

        ledger = await leader.ask("{ supervisions(filter: {state: [DEMANDED], light: [GREEN]}) { totalCount } }")
        of_land = await leader.ask(
            "query($id: ID!) { supervisions(filter: {departmentId: $id}) { nodes { id } } }", id=global_id(world.land)
        )
        mine = await liaison.ask(
            "{ supervisions(filter: {mine: true}) { nodes { id demand supervisor { name } moves { name allowed } } } }"
        )
        board = await leader.ask("{ cases { nodes { openSupervisions supervisions { state } } } }")

    assert made["supervision"]["light"] == "GREEN"
    assert made["supervision"]["deadline"]["rule"] == {"name": "supervision_answer", "limit": "3wd"}
    assert ledger["supervisions"]["totalCount"] == 2
    assert of_land["supervisions"]["nodes"] == [{"id": made["supervision"]["id"]}]
    (found,) = mine["supervisions"]["nodes"]
    assert (found["id"], found["demand"]) == (made["supervision"]["id"], DEMAND)
    assert found["supervisor"]["name"] == world.leader.name
    assert {each["name"]: each["allowed"] for each in found["moves"]} == {
        "answerSupervision": True, "liftSupervision": False,
    }
    assert board["cases"]["nodes"] == [{"openSupervisions": 2, "supervisions": [{"state": "DEMANDED"}] * 2}]


async def ordered(world: World, case: Case, by: Person | None = None, **given: Any) -> Supervision:
    viewer = await world.viewer(by or world.leader)
    return await create(viewer, Supervision, "order", within=case, demand=DEMAND, **given)


async def told(move: str) -> set[tuple[UUID, bool]]:
    """Who heard of a supervision's move, and of whom something was asked by it."""
    heard = await Notice.filter(record_kind="supervision", move=move).values_list("person_id", "asked")
    return {(person, asked) for person, asked in heard}
