"""Roadmaps: one holds for an enterprise, each revision is another edition, and milestones have days and lights."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from api.nodes import global_id
from domain import clock
from domain.calendar import end_of
from domain.notices import Notice
from domain.roadmaps import Milestone, MilestoneState, Roadmap, RoadmapState
from tests.graphql import served, signed_in
from tests.proofs import assert_whole, moved, refused
from tests.world import World, a_case, a_world, the_clock_acts
from workflows.perform import create

R, S = RoadmapState, MilestoneState
MONDAY = datetime(2026, 3, 2, 2, tzinfo=UTC)
JUNE, SEPTEMBER = date(2026, 6, 30), date(2026, 9, 30)
POINTS = [{"title": "取得三项专利", "due_on": JUNE}, {"title": "申报高企", "due_on": SEPTEMBER}]


@pytest.fixture
def monday() -> Iterator[None]:
    with clock.stopped(MONDAY):
        yield


@pytest.fixture
async def world(database: str, monday: None) -> World:
    return await a_world("LYG")


async def test_one_roadmap_holds_and_a_revision_takes_its_place(world: World) -> None:
    first = await drawn(world)
    patents, _ = await Milestone.filter(roadmap_id=first.id).order_by("due_on")
    await moved(world, world.companion, patents, "reach", result="已授权三项")

    second = await drawn(world, milestones=POINTS[1:])

    first = await Roadmap.get(id=first.id)
    assert (first.edition, first.state, first.reached, first.total) == (1, R.REPLACED, 1, 1)
    assert (second.edition, second.state, second.total) == (2, R.ACTIVE, 1)
    assert [each.state for each in await Milestone.filter(roadmap_id=first.id).order_by("due_on")] == [
        S.REACHED, S.DROPPED,
    ]
    await assert_whole()


async def test_a_milestone_is_due_by_the_end_of_its_day_and_may_be_put_off(world: World) -> None:
    roadmap = await drawn(world)
    milestone = await Milestone.filter(roadmap_id=roadmap.id).order_by("due_on").first()
    assert milestone and milestone.due_at == end_of(JUNE)

    with clock.stopped(end_of(JUNE) + timedelta(seconds=1)):
        assert sorted(await the_clock_acts()) == ["overdue", "remind"]
        told = await Notice.filter(record_id=milestone.id, move="overdue").values_list("person_id", "asked")
        assert set(told) == {(world.companion.id, True), (world.leader.id, False)}
        with refused("DUE_PAST"):
            await moved(world, world.companion, milestone, "postpone", due_on=JUNE, reason="审查延后")
        later = await moved(world, world.companion, milestone, "postpone", due_on=SEPTEMBER, reason="审查延后")
        assert (later.due_on, later.due_at) == (SEPTEMBER, end_of(SEPTEMBER))
        done = await moved(world, world.companion, later, "reach", result="已授权", reached_on=JUNE)
    assert (done.state, done.reached_on, done.red_at) == (S.REACHED, JUNE, None)


async def test_milestones_are_added_while_the_roadmap_holds(world: World) -> None:
    roadmap = await drawn(world)
    viewer = await world.viewer(world.companion)
    given: dict[str, Any] = {"within": world.enterprise, "title": "建研发中心", "due_on": SEPTEMBER}
    await create(viewer, Milestone, "plan", **given, roadmap=roadmap)
    assert (await Roadmap.get(id=roadmap.id)).total == 3

    with refused("NOT_YET"):
        one = await Milestone.filter(roadmap_id=roadmap.id).first()
        assert one
        await moved(world, world.companion, one, "reach", result="已建", reached_on=SEPTEMBER)
    ended = await moved(world, world.leader, roadmap, "end", reason="已全部达成")
    with refused("ROADMAP_OVER"):
        await create(viewer, Milestone, "plan", **given, roadmap=ended)
    assert (ended.state, await Milestone.filter(state=S.PLANNED).count()) == (R.ENDED, 0)


async def test_roadmaps_over_the_api(world: World) -> None:
    async with served() as http:
        companion, contact = await signed_in(http, world.companion), await signed_in(http, world.contact)
        points = [{"title": each["title"], "dueOn": str(each["due_on"])} for each in POINTS]
        given: dict[str, Any] = {"enterpriseId": global_id(world.enterprise), "title": "一企一策"}
        given["milestones"] = points
        made = await companion.do("drawRoadmap", "roadmap { total milestones { title light } }", **given)
        none = await companion.do("drawRoadmap", **{**given, "milestones": []})
        with clock.stopped(end_of(JUNE) + timedelta(seconds=1)):
            late = await (await signed_in(http, world.contact)).ask(
                "{ milestones(filter: {light: [RED]}) { nodes { title light roadmap { title } } } }"
            )
        seen = await contact.ask("{ enterprises { nodes { roadmaps { nodes { edition state reached } } } } }")

    assert made["roadmap"] == {
        "total": 2, "milestones": [{"title": each["title"], "light": "GREEN"} for each in POINTS]
    }
    assert [each["code"] for each in none["refusals"]] == ["REQUIRED"]
    assert late["milestones"]["nodes"] == [{"title": "取得三项专利", "light": "RED", "roadmap": {"title": "一企一策"}}]
    assert seen["enterprises"]["nodes"][0]["roadmaps"]["nodes"] == [{"edition": 1, "state": "ACTIVE", "reached": 0}]


async def drawn(world: World, **given: Any) -> Roadmap:
    given = {"title": "一企一策", "milestones": POINTS, **given}
    made = await create(await world.viewer(world.companion), Roadmap, "draw", within=world.enterprise, **given)
    return await Roadmap.get(id=made.id)


async def test_a_service_plan_has_lines_that_are_worked_on_through_cases(world: World) -> None:
    """KRM-01/02: 高企认定、项目申报、政策解读; one plan holds, by edition, and stands as it was at any instant."""
    case, elsewhere = await a_case(world), await a_case(await a_world("BY"))
    points = [
        {"title": "备齐知识产权", "due_on": date(2026, 5, 31), "line": "high_tech", "case": case},
        {"title": "完成申报", "due_on": date(2026, 8, 31), "line": "high_tech"},
        {"title": "宣讲新政", "due_on": date(2026, 9, 30), "line": "policy"},
        {"title": "新厂投产", "due_on": date(2026, 12, 31)},
    ]
    plan = await drawn(world, milestones=points)
    first = await Milestone.filter(roadmap_id=plan.id).order_by("id").first()
    assert first
    with refused("NOT_ITS_CASE"):
        await moved(world, world.companion, first, "tie_case", case=elsewhere)
    then = clock.now()
    with clock.stopped(MONDAY + timedelta(days=1)):
        await moved(world, world.companion, first, "reach", result="专利已授权")
    ask = """query($at: DateTime) { roadmaps(filter: {state: [ACTIVE]}, asOf: $at) { nodes { edition percent
        lines { line total reached percent } milestones { line case { number } } } } }"""

    async with served() as http:
        with clock.stopped(MONDAY + timedelta(days=2)):
            client = await signed_in(http, world.leader)
            [now] = (await client.ask(ask))["roadmaps"]["nodes"]
            [before] = (await client.ask(ask, at=then.isoformat()))["roadmaps"]["nodes"]

    assert (before["percent"], now["percent"]) == ("0.0", "25.0")
    assert now["lines"] == [
        {"line": "HIGH_TECH", "total": 2, "reached": 1, "percent": "50.0"},
        {"line": "PROJECT", "total": 0, "reached": 0, "percent": None},
        {"line": "POLICY", "total": 1, "reached": 0, "percent": "0.0"},
    ]
    assert now["milestones"][0] == {"line": "HIGH_TECH", "case": {"number": case.number}}
    await assert_whole()
