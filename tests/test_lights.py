"""Lights: what a deadline looks like at this moment, the same on every way to it, and found without a scan."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from api.deadlines import shining
from domain import clock
from domain.cases import Case
from domain.database import engine, transaction
from domain.deadlines import Light, light_of
from domain.responsibilities import Responsibility
from tests.graphql import Client, served, signed_in
from tests.proofs import assert_whole, moved
from tests.test_deadlines import MONDAY, a_rule, at, handled_until, night_of
from tests.test_plans import both
from tests.world import World, a_case, a_closed_case, a_handled_case, a_world, the_responsibility

DECEMBER = datetime(2026, 12, 28, 2, tzinfo=UTC)
BOARD = "query($filter: CaseFilter) { cases(filter: $filter) { nodes { id light } totalCount } }"


@pytest.fixture
def monday() -> Iterator[None]:
    with clock.stopped(MONDAY):
        yield


async def test_a_light_turns_yellow_when_warned_and_red_when_overdue(database: str, monday: None) -> None:
    world = await a_world()
    case = await a_case(world)  # to be contacted within 24 hours, which is near two hours before
    tuesday = MONDAY + timedelta(days=1)

    assert light_of(case, MONDAY) is Light.GREEN
    assert light_of(case, tuesday - timedelta(hours=2)) is Light.GREEN
    assert light_of(case, tuesday - timedelta(hours=2, seconds=-1)) is Light.YELLOW
    assert light_of(case, tuesday) is Light.YELLOW
    assert light_of(case, tuesday + timedelta(seconds=1)) is Light.RED


async def test_a_case_shows_the_worst_of_itself_and_its_departments(database: str, monday: None) -> None:
    world = await a_world()
    case = await handled_until(world, date(2026, 3, 10))
    assert (case.due_at, case.yellow_at, case.red_at) == (None, night_of(9), night_of(10))

    with clock.stopped(at(9)):
        duty = await the_responsibility(case)
        await moved(world, world.land_liaison, duty, "ask_extension", due_on=date(2026, 3, 20), reason="等批复")
        await moved(world, world.leader, duty, "grant_extension")

    later = await Case.get(id=case.id)
    assert (later.yellow_at, later.red_at) == (night_of(19), night_of(20))
    await assert_whole()


async def test_what_is_closed_shows_no_light(database: str) -> None:
    world = await a_world()
    case = await a_closed_case(world)

    assert light_of(case, clock.now() + timedelta(days=900)) is None
    duty = await the_responsibility(case)
    assert duty.due_at is not None
    assert light_of(duty, clock.now() + timedelta(days=900)) is None


async def test_a_provisional_deadline_is_grey_until_it_is_certainly_over(database: str) -> None:
    with clock.stopped(DECEMBER):
        world = await a_world()
        await a_rule(world, "fix", "7wd")
        duty = await the_responsibility(await handled_until_signed(world))

    assert duty.provisional
    assert duty.due_earliest is not None and duty.due_latest is not None and duty.due_at is not None
    assert duty.due_earliest < duty.due_at <= duty.due_latest
    assert light_of(duty, DECEMBER) is Light.GREY
    assert light_of(duty, duty.due_latest) is Light.GREY
    assert light_of(duty, duty.due_latest + timedelta(seconds=1)) is Light.RED


async def handled_until_signed(world: World) -> Case:
    case = await a_case(world)
    await moved(world, world.companion, case, "submit")
    await moved(world, world.dispatcher, case, "dispatch", offers=[{"department": world.land}])
    await moved(world, world.land_liaison, await the_responsibility(case), "sign")
    return case


async def test_a_paused_case_is_grey_and_takes_its_light_back(database: str, monday: None) -> None:
    world = await a_world()
    case = await handled_until(world, date(2026, 3, 4))
    await moved(world, world.dispatcher, case, "pause", reason="待上级批复")
    with clock.stopped(at(12)):
        paused = await Case.get(id=case.id)
        assert light_of(paused, clock.now()) is Light.GREY
        await moved(world, world.companion, case, "resume", reason="已批复")

    resumed = await Case.get(id=case.id)
    assert resumed.red_at == night_of(16)
    assert light_of(resumed, at(12)) is Light.GREEN


async def test_every_list_page_count_and_filter_shows_the_same_light_as_time_goes_by(
    database: str, monday: None
) -> None:
    world = await a_world()
    cases = [await handled_until(world, date(2026, 3, day)) for day in (4, 10, 18)]
    await moved(world, world.dispatcher, cases[2], "pause", reason="待上级批复")
    await a_closed_case(world)
    expected = {
        at(2, 11): [("GREEN", 2), ("YELLOW", 0), ("RED", 0), ("GREY", 1)],
        at(4): [("GREEN", 1), ("YELLOW", 1), ("RED", 0), ("GREY", 1)],
        at(10): [("GREEN", 0), ("YELLOW", 1), ("RED", 1), ("GREY", 1)],
        at(11): [("GREEN", 0), ("YELLOW", 0), ("RED", 2), ("GREY", 1)],
    }

    for now, counts in expected.items():
        with clock.stopped(now):
            async with served() as http:
                leader = await signed_in(http, world.leader)
                assert await counted(leader) == counts
                shown = await leader.ask("{ cases { nodes { light } } responsibilities { nodes { light } } }")
                for nodes in (shown["cases"]["nodes"], shown["responsibilities"]["nodes"]):
                    assert [(name, sum(each["light"] == name for each in nodes)) for name, _ in counts] == counts
                for name, count in counts:
                    # The third answer comes from a plan that was made at another instant.
                    for _ in range(3):
                        page = (await leader.ask(BOARD, filter={"light": [name]}))["cases"]
                        assert page["totalCount"] == count
                        assert [each["light"] for each in page["nodes"]] == [name] * count


async def counted(client: Client) -> list[tuple[str, int]]:
    lights = (await client.ask("{ caseCounts { lights { light count } } }"))["caseCounts"]["lights"]
    return [(each["light"], each["count"]) for each in lights]


@pytest.mark.parametrize("model", [Case, Responsibility])
async def test_lights_are_found_without_reading_the_whole_table(database: str, model: Any) -> None:
    world = await a_world()
    await a_handled_case(world)

    for person in (world.leader, world.dispatcher, world.companion, world.land_liaison, world.contact):
        viewer = await world.viewer(person)
        for light in Light:
            rows = model.seen_by(viewer).filter(shining([light], viewer, clock.now()))
            steps = await steps_of(rows)
            assert not [each for each in steps if scans(each, model.kind())], (person.name, light, steps)


async def steps_of(rows: Any) -> list[str]:
    """How the database would go about a count; small as the tables are, PostgreSQL must be told not to scan."""
    query = rows.count()
    query._choose_db_if_not_chosen()
    query._make_query()
    sql, parameters = query.query.get_parameterized_sql()
    async with transaction() as connection:
        if engine() == "sqlite":
            found = await connection.execute_query_dict(f"EXPLAIN QUERY PLAN {sql}", parameters)
            return [row["detail"] for row in found]
        await connection.execute_query("SET LOCAL enable_seqscan = off")
        found = await connection.execute_query_dict(f"EXPLAIN {sql}", parameters)
        return [row["QUERY PLAN"] for row in found]


def scans(step: str, table: str) -> bool:
    return f'Seq Scan on "{table}"' in step or f"Seq Scan on {table}" in step or step.startswith(f"SCAN {table}")


async def test_a_deadline_explains_itself_day_by_day(database: str, monday: None) -> None:
    world = await a_world()
    await a_rule(world, "handle", "5wd")
    case = await handled_until(world, date(2026, 3, 6))
    with clock.stopped(at(4)):
        await moved(world, world.dispatcher, case, "pause", reason="待批", cause="higher_level")
    with clock.stopped(at(6)):
        await moved(world, world.companion, case, "resume", reason="已批复")

        deadline = await the_deadline(await world.viewer(world.leader))

    assert datetime.fromisoformat(deadline["dueAt"]) == night_of(11)
    assert (deadline["light"], deadline["provisional"]) == ("GREEN", False)
    assert deadline["earliest"] == deadline["latest"] == deadline["dueAt"]
    days = [(each["day"][-2:], each["kind"], each["counted"]) for each in deadline["explanation"]]
    assert days == [
        ("02", "WORKING", False), ("03", "WORKING", True), ("04", "WORKING", True), ("05", "WORKING", False),
        ("06", "WORKING", False), ("07", "REST", False), ("08", "REST", False), ("09", "WORKING", True),
        ("10", "WORKING", True), ("11", "WORKING", True),
    ]
    assert "Waiting for a higher level: 待批" in deadline["explanation"][3]["note"]
    rule = deadline["rule"]
    assert (rule["name"], rule["limit"], rule["source"], rule["author"]) == ("handle", "5wd", "示例依据", None)
    assert [(each["cause"], each["reason"]) for each in deadline["pauses"]] == [("HIGHER_LEVEL", "待批")]


async def test_the_author_of_a_promised_day_is_who_promised_it(database: str, monday: None) -> None:
    world = await a_world()
    case = await handled_until(world, date(2026, 3, 6))
    duty = await the_responsibility(case)
    await moved(world, world.land_liaison, duty, "ask_extension", due_on=date(2026, 3, 9), reason="等批复")
    await moved(world, world.leader, duty, "grant_extension")

    document = """{ responsibilities { nodes { deadline { rule { name limit author { name } setting { name } }
        extensions { until reason grantedBy { name } } explanation { day note } } } } }"""
    _, told = await both(document, await world.viewer(world.leader))

    deadline = told["responsibilities"]["nodes"][0]["deadline"]
    assert deadline["rule"] == {
        "name": "agreed", "limit": "2026-03-06", "author": {"name": world.land_liaison.name}, "setting": None,
    }
    assert deadline["extensions"] == [
        {"until": "2026-03-09", "reason": "等批复", "grantedBy": {"name": world.leader.name}}
    ]
    assert deadline["explanation"][-1]["day"] == "2026-03-09"


async def the_deadline(viewer: Any) -> dict[str, Any]:
    document = """{ cases { nodes { deadline { dueAt light provisional earliest latest
        explanation { day kind counted note } rule { name limit source calendarVersion author { name } }
        pauses { since until cause reason } } } } }"""
    by_plan, told = await both(document, viewer)
    assert by_plan is None  # an author is looked up, which no plan does
    planned, _ = await both(document.replace("author { name }", ""), viewer)
    assert planned is not None
    deadline: dict[str, Any] = told["cases"]["nodes"][0]["deadline"]
    shared = {name: value for name, value in deadline.items() if name != "rule"}
    assert {name: planned["cases"]["nodes"][0]["deadline"][name] for name in shared} == shared
    return deadline


async def test_a_limit_in_working_hours_is_explained_by_the_hours_the_office_kept_when_it_began(
    database: str, monday: None
) -> None:
    world = await a_world()
    await a_rule(world, "handle", "8wh")
    case = await handled_until(world, date(2026, 3, 3))  # at ten: seven hours are left of this day
    with clock.stopped(at(2, 11)):
        await a_rule(world, "office_hours", "10:00-12:00")
        told = await the_deadline(await world.viewer(world.leader))
        await moved(world, world.dispatcher, case, "pause", reason="待批")
    with clock.stopped(at(2, 16)):
        resumed = await moved(world, world.companion, case, "resume", reason="已批复")

    assert datetime.fromisoformat(told["dueAt"]) == at(3)
    assert [each["note"].split(", ")[-1] for each in told["explanation"]] == ["7 h 0 min counted", "1 h 0 min counted"]
    assert resumed.due_at == at(3, 15)  # four hours stood still, by the same hours
