"""Visits are planned, made alone or jointly, raise cases, and cover what a round or a duty sets out to do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from tortoise.exceptions import IntegrityError

from api.nodes import global_id
from domain import clock
from domain.cases import Case, Channel
from domain.enterprises import Enterprise
from domain.rounds import VisitRound
from domain.viewers import OPERATOR
from domain.visits import AttendanceState, Visit, VisitDepartment, VisitPurpose, VisitState
from domain.zones import Setting
from tests.graphql import Client, served, signed_in
from tests.proofs import assert_whole, moved, refused
from tests.world import World, a_case, a_world
from workflows.perform import create

S, P = VisitState, VisitPurpose
MONDAY = datetime(2023, 3, 6, 2, tzinfo=UTC)
TODAY = date(2023, 3, 6)
COVERAGE = "since until atLeast eligible visited percent complete"


@pytest.fixture
def monday() -> Iterator[None]:
    with clock.stopped(MONDAY):
        yield


@pytest.fixture
async def world(database: str, monday: None) -> World:
    return await a_world("GZ")


async def a_round(world: World, **given: Any) -> VisitRound:
    given = {"name": "第一轮", "year": 2023, "since": date(2023, 1, 1), "until": date(2023, 4, 30), **given}
    return await create(await world.viewer(world.leader), VisitRound, "announce", within=world.zone, **given)


async def a_firm(world: World, number: int, **given: Any) -> Enterprise:
    return await create(
        OPERATOR, Enterprise, "create", zone=world.zone, name=f"示例·{number:03d}", synthetic=True, **given
    )


async def a_visit(world: World, enterprise: Enterprise | None = None, **given: Any) -> Visit:
    """Recorded by the leader as made today, unless told otherwise."""
    viewer = await world.viewer(world.leader)
    given = {"purposes": [P.LEARN], **given}
    return await create(viewer, Visit, "record", within=enterprise or world.enterprise, **given)


async def a_plan(world: World, **given: Any) -> Visit:
    given = {"purposes": [P.DEMANDS], "planned_for": TODAY + timedelta(days=1), **given}
    return await create(await world.viewer(world.companion), Visit, "plan", within=world.enterprise, **given)


async def test_a_planned_visit_is_made_and_solves_on_the_spot(world: World) -> None:
    visit = await a_plan(world)
    assert (visit.state, visit.visitor_id, visit.visited_on) == (S.PLANNED, world.companion.id, None)

    made = await moved(world, world.companion, visit, "make", findings="停电两次", on_site_result="已协调供电")

    assert (made.state, made.visited_on, made.on_site_result) == (S.MADE, TODAY, "已协调供电")
    await assert_whole()


async def test_a_visit_is_for_a_purpose_by_someone_in_office_and_not_in_the_future(world: World) -> None:
    with refused("REQUIRED"):
        await a_visit(world, purposes=[])
    with refused("NOT_A_VISITOR"):
        await a_visit(world, visitor=(await a_world("BY")).companion)
    with refused("NOT_A_VISITOR"):
        await a_visit(world, visitor=world.auditor)
    with refused("NOT_ALLOWED"):
        auditor = await world.viewer(world.auditor)
        await create(auditor, Visit, "record", within=world.enterprise, purposes=[P.POLICY], visited_on=TODAY)
    with refused("NOT_YET"):
        await a_visit(world, visited_on=TODAY + timedelta(days=1))
    assert (await a_visit(world, visited_on=TODAY, purposes=[P.POLICY, P.POLICY])).purposes == ["policy"]
    with pytest.raises(IntegrityError):
        await Visit.all().update(visited_on=None)


async def test_a_round_takes_visits_within_its_days_while_it_is_open(world: World) -> None:
    first = await a_round(world)
    with refused("OUTSIDE_ROUND"):
        await a_visit(world, round=first, visited_on=date(2022, 12, 31))
    assert (await a_visit(world, round=first, visited_on=date(2023, 1, 1))).round_id == first.id
    with refused("ENDS_BEFORE"):
        await a_round(world, name="第二轮", until=date(2022, 12, 31))
    with refused("ROUND_NAMED"):
        await a_round(world)
    with refused("BAD_INPUT"):
        await a_round(world, name="第三轮", strata=[{"name": "规上", "at_least": 0}])

    closed = await moved(world, world.leader, first, "close", reason="结束")

    with refused("ROUND_OVER"):
        await a_visit(world, round=closed)


async def test_a_joint_visit_waits_for_every_department_it_requires(world: World) -> None:
    joint = await a_round(world, departments=[world.land, world.housing])
    with refused("AWAITED"):
        await a_visit(world, round=joint, departments=[world.land])
    visit = await a_plan(world, round=joint, departments=[world.fallback])
    rows = {each.department_id: each for each in await VisitDepartment.filter(visit_id=visit.id)}
    assert set(rows) == {world.land.id, world.housing.id, world.fallback.id}

    await moved(world, world.land_liaison, rows[world.land.id], "attend")
    await moved(world, world.companion, rows[world.fallback.id], "attend")
    with refused("AWAITED"):
        await moved(world, world.companion, visit, "make")
    with refused("NOT_FOUND"):
        await moved(world, world.land_liaison, rows[world.housing.id], "excuse", reason="代为说明")
    excused = await moved(world, world.leader, rows[world.housing.id], "excuse", reason="另有会议")
    made = await moved(world, world.companion, visit, "make")

    assert (excused.state, made.state, made.awaited) == (AttendanceState.EXCUSED, S.MADE, 0)
    recorded = await a_visit(world, round=joint, departments=[world.land, world.housing])
    assert await VisitDepartment.filter(visit_id=recorded.id, state="present").count() == 2
    await assert_whole()


async def test_whoever_joins_sees_the_visit_and_its_enterprise(world: World) -> None:
    await a_plan(world, departments=[world.land])
    asked = "{ visits { nodes { enterprise { name } departments { department { name } } } } }"
    async with served() as http:
        joining = await (await signed_in(http, world.land_liaison)).ask(asked)
        other = await (await signed_in(http, world.housing_liaison)).ask(asked)
        contact = await (await signed_in(http, world.contact)).ask(asked)

    row = {"enterprise": {"name": world.enterprise.name}, "departments": [{"department": {"name": "自然资源局"}}]}
    assert joining["visits"]["nodes"] == [row]
    assert other["visits"]["nodes"] == []
    assert contact["visits"]["nodes"] == [{**row, "departments": []}]


async def test_a_visit_entered_in_error_is_taken_back_and_counts_no_more(world: World) -> None:
    first = await a_round(world)
    visit = await a_visit(world, round=first)
    amended = await moved(world, world.leader, visit, "amend", purposes=[P.RESOURCES], findings="补记")
    assert (amended.purposes, amended.findings) == (["resources"], "补记")

    with refused("NOT_ALLOWED"):
        await moved(world, world.companion, visit, "void", reason="重复")
    await moved(world, world.leader, visit, "void", reason="重复")
    cancelled = await moved(world, world.companion, await a_plan(world), "cancel", reason="改期")

    assert cancelled.state is S.CANCELLED
    async with served() as http:
        told = await coverage(await signed_in(http, world.leader), roundId=global_id(first))
    assert (told["eligible"], told["visited"]) == (1, 0)


async def test_a_visit_raises_cases_of_the_enterprise_visited(world: World) -> None:
    visit = await a_visit(world)
    with refused("OTHER_VISIT"):
        await create(
            await world.viewer(world.dispatcher), Case, "collect", enterprise=await a_firm(world, 2), title="停电",
            visit=visit,
        )

    case = await a_case(world, visit=visit)

    assert (case.visit_id, case.channel) == (visit.id, Channel.VISIT)
    async with served() as http:
        answer = await (await signed_in(http, world.companion)).ask(
            "{ cases { nodes { visit { id } } } visits { nodes { cases { nodes { number } } } } }"
        )
    assert answer["cases"]["nodes"] == [{"visit": {"id": global_id(visit)}}]
    assert answer["visits"]["nodes"] == [{"cases": {"nodes": [{"number": case.number}]}}]


async def test_coverage_of_strata_tells_what_is_met_and_who_is_left(world: World) -> None:
    """GZ-09 in small: two above scale of three, one below of two, one of unknown scale (the world's own)."""
    survey = await a_round(
        world, strata=[
            {"name": "规上", "above_scale": True, "at_least": 2}, {"name": "规下", "above_scale": False, "at_least": 2},
        ],
    )
    above = [await a_firm(world, number, above_scale=True) for number in (1, 2, 3)]
    below = [await a_firm(world, number, above_scale=False) for number in (4, 5)]
    for firm in (*above[:2], below[0], above[0]):
        await a_visit(world, firm, round=survey)
    await a_visit(world, above[2])

    async with served() as http:
        leader = await signed_in(http, world.leader)
        told = await coverage(
            leader, "strata { name eligible visited atLeast met } unvisited { totalCount nodes { name } }",
            roundId=global_id(survey),
        )
        own = await coverage(await signed_in(http, world.companion), roundId=global_id(survey))
        hidden = await coverage(await signed_in(http, world.land_liaison), roundId=global_id(survey))

    assert (told["eligible"], told["visited"], told["percent"], told["complete"]) == (6, 3, "50.0", False)
    assert told["strata"] == [
        {"name": "规上", "eligible": 3, "visited": 2, "atLeast": 2, "met": True},
        {"name": "规下", "eligible": 2, "visited": 1, "atLeast": 2, "met": False},
    ]
    left = {each["name"] for each in told["unvisited"]["nodes"]}
    assert (left, told["unvisited"]["totalCount"]) == ({world.enterprise.name, above[2].name, below[1].name}, 3)
    assert (own["eligible"], hidden["eligible"], hidden["percent"]) == (1, 0, None)


async def test_coverage_is_complete_only_when_nobody_is_left(world: World) -> None:
    first = await a_round(world, recognised_as="high_tech")
    await a_visit(world, round=first)
    async with served() as http:
        leader = await signed_in(http, world.leader)
        nobody = await coverage(leader, roundId=global_id(first))
        march: dict[str, Any] = {"zoneId": global_id(world.zone), "from": "2023-03-01", "until": "2023-03-31"}
        everybody = await coverage(leader, **march)
        twice = await coverage(leader, **march, atLeast=2)
        before = await coverage(leader, **{**march, "from": "2023-02-01", "until": "2023-03-05"})

    assert (nobody["eligible"], nobody["complete"]) == (0, False)
    assert (everybody["percent"], everybody["complete"]) == ("100.0", True)
    assert [(each["visited"], each["complete"]) for each in (twice, before)] == [(0, False), (0, False)]


@pytest.mark.parametrize(
    ("duty", "since", "until", "times"),
    [("3/year", "2023-01-01", "2023-12-31", 3), ("1/month", "2023-03-01", "2023-03-31", 1),
     ("1/2months", "2023-03-01", "2023-04-30", 1)],
)
async def test_a_zone_sets_how_often_it_visits(world: World, duty: str, since: str, until: str, times: int) -> None:
    given = {"name": "visit_duty", "holds_from": TODAY, "source": "KRM-09"}
    async with served() as http:
        leader = await signed_in(http, world.leader)
        unset = await leader.send(f'{{ visitCoverage(zoneId: "{global_id(world.zone)}") {{ {COVERAGE} }} }}')
        for wrong in ("thrice", "0/year", "1/5months", "3wd"):
            with refused("BAD_INPUT"):
                await create(OPERATOR, Setting, "set", within=world.zone, value=wrong, **given)
        await create(OPERATOR, Setting, "set", within=world.zone, value=duty, **given)
        for _ in range(times):
            told = await coverage(leader, zoneId=global_id(world.zone))
            assert not told["complete"]
            await a_visit(world)
        told = await coverage(leader, zoneId=global_id(world.zone))

    assert unset["errors"][0]["extensions"]["code"] == "NO_DUTY"
    assert (told["since"], told["until"], told["atLeast"], told["complete"]) == (since, until, times, True)


async def test_the_burden_of_visits_is_seen_from_the_enterprise(world: World) -> None:
    solved = await a_visit(world, on_site_result="当场办结", departments=[world.land, world.housing])
    await a_visit(world, visitor=world.companion, purposes=[P.POLICY, P.LEARN], visited_on=date(2023, 2, 1))
    await a_case(world, visit=solved)
    fields = (
        "visits officers departments solvedOnSite casesRaised casesClosed lastVisitedOn byPurpose { purpose count }"
    )
    asked = f"""{{ enterprises {{ nodes {{
        all: visitBurden {{ {fields} }} lately: visitBurden(from: "2023-03-01") {{ visits }} }} }} }}"""

    async with served() as http:
        [own] = (await (await signed_in(http, world.contact)).ask(asked))["enterprises"]["nodes"]
        [firm] = (await (await signed_in(http, world.leader)).ask(asked))["enterprises"]["nodes"]

    assert firm["all"] == {
        "visits": 2, "officers": 2, "departments": 2, "solvedOnSite": 1, "casesRaised": 1, "casesClosed": 0,
        "lastVisitedOn": "2023-03-06",
        "byPurpose": [{"purpose": "LEARN", "count": 2}, {"purpose": "POLICY", "count": 1}],
    }
    assert (firm["lately"]["visits"], own["all"]["visits"], own["all"]["departments"]) == (1, 2, 0)


async def coverage(client: Client, more: str = "", **given: Any) -> Any:
    kinds = {"roundId": "ID", "zoneId": "ID", "from": "Date", "until": "Date", "atLeast": "Int", "on": "Date"}
    declared = ", ".join(f"${name}: {kinds[name]}!" for name in given)
    passed = ", ".join(f"{name}: ${name}" for name in given)
    document = f"query({declared}) {{ visitCoverage({passed}) {{ {COVERAGE} {more} }} }}"
    return (await client.ask(document, **given))["visitCoverage"]
