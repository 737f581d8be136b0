"""Who is in which team, holds which post, mentors whom, answers for which county; and who was responsible on a day."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from tortoise.exceptions import IntegrityError

from api.nodes import global_id
from domain import clock
from domain.assignments import Assignment, AssignmentState
from domain.chains import ChainLink
from domain.people import Person
from domain.posts import Post
from domain.teams import Team, TeamKind, TeamState
from domain.viewers import OPERATOR, Role
from tests.graphql import Client, served, signed_in
from tests.proofs import assert_whole, moved, refused
from tests.world import World, a_person, a_world
from workflows.perform import create

NOW = datetime(2023, 3, 1, 2, tzinfo=UTC)
TITLES = ("分管领导", "科技助理", "科技专员")
BEGAN = date(2022, 1, 1)
STAFFING = """query($zone: ID!, $on: Date, $asOf: DateTime) { staffing(zoneId: $zone, on: $on, asOf: $asOf) {
    total filled percent byTitle { title total filled } vacancies(first: 2) { unit title } } }"""
RESPONSIBLE = """query($id: ID!, $day: Date!) { node(id: $id) { ... on Enterprise { responsibleOn(day: $day) {
    companion { name } chain { level title person { name } }
    county ofCounty { name } industry ofIndustry { name } } } } }"""
SPELLS = """query($id: ID!) { node(id: $id) { ... on Enterprise { companionships {
    person { name } since until reason assignedBy { name } } } } }"""


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    with clock.stopped(NOW):
        yield await a_world()


async def assigned(world: World, person: Person, since: date = BEGAN, **given: Any) -> Assignment:
    leader = await world.viewer(world.leader)
    return await create(leader, Assignment, "assign", within=world.zone, person=person, since=since, **given)


async def a_post(world: World, unit: str = "示例镇01", title: str = TITLES[0], since: date = BEGAN) -> Post:
    return await create(OPERATOR, Post, "set_up", within=world.zone, unit=unit, title=title, since=since)


async def test_posts_are_counted_on_a_day_and_the_vacant_ones_are_listed(world: World) -> None:
    """XY-01."""
    posts = [await a_post(world, f"示例镇{n:02}", title) for n in range(1, 4) for title in TITLES]
    for number, post in enumerate(posts):
        if number not in (0, 4):
            await assigned(world, await a_person(world.zone, f"示例人员{number:02}"), post=post)
    await moved(world, world.leader, posts[8], "abolish", ends_on=date(2023, 2, 1), reason="撤并")
    async with served() as http:
        client = await signed_in(http, world.companion)

        async def asked(on: str | None = None) -> dict[str, Any]:
            found = await client.ask(STAFFING, zone=global_id(world.zone), on=on)
            return found["staffing"]  # type: ignore[no-any-return]

        then, now = await asked("2023-01-31"), await asked()
        assert (then["total"], then["filled"], then["percent"]) == (9, 7, "77.8")
        assert {each["title"]: (each["total"], each["filled"]) for each in then["byTitle"]} == {
            "分管领导": (3, 2), "科技助理": (3, 2), "科技专员": (3, 3),
        }
        assert then["vacancies"] == [
            {"unit": "示例镇01", "title": "分管领导"}, {"unit": "示例镇02", "title": "科技助理"},
        ]
        assert (now["total"], now["filled"]) == (8, 6)
        assert (await asked("2021-12-31"))["total"] == 0
        contact = await signed_in(http, world.contact)
        found = await contact.ask(STAFFING, zone=global_id(world.zone))
        assert found["staffing"]["total"] == 0
    assert await Assignment.filter(state=AssignmentState.ENDED).count() == 1
    await assert_whole()


async def test_a_post_is_held_by_one_at_a_time_and_handed_over_on_a_day(world: World) -> None:
    post = await a_post(world)
    with refused("POST_SET_UP"):
        await a_post(world)
    held = await assigned(world, world.companion, post=post)
    with refused("TAKEN"):
        await assigned(world, world.auditor, date(2022, 5, 1), post=post)
    with refused("ENDS_BEFORE_IT_BEGAN"):
        await assigned(world, world.auditor, date(2021, 12, 31), post=post)
    with refused("SAME_PERSON"):
        await moved(world, world.leader, held, "hand_over", to=world.companion, on=date(2022, 7, 1), reason="轮岗")
    with refused("ENDS_BEFORE_IT_BEGAN"):
        await moved(world, world.leader, held, "hand_over", to=world.auditor, on=date(2021, 7, 1), reason="轮岗")
    old = await moved(world, world.leader, held, "hand_over", to=world.auditor, on=date(2022, 7, 1), reason="轮岗")

    async with served() as http:
        client = await signed_in(http, world.leader)
        for day, name in (("2022-06-30", world.companion.name), ("2022-07-01", world.auditor.name)):
            ask = "query($f: AssignmentFilter) { assignments(filter: $f) { nodes { person { name } post { unit } } } }"
            found = await client.ask(ask, f={"postId": global_id(post), "on": day})
            assert [each["person"]["name"] for each in found["assignments"]["nodes"]] == [name]
    new = await Assignment.get(post_id=post.id, state=AssignmentState.HELD)
    assert (old.state, old.ends_on, new.since) == (AssignmentState.ENDED, date(2022, 7, 1), date(2022, 7, 1))
    with pytest.raises(IntegrityError):
        await Assignment.filter(id=old.id).update(state="held", ends_on=None)
    await moved(world, world.leader, new, "end", ends_on=date(2023, 1, 1), reason="调离")
    await assigned(world, world.companion, date(2023, 1, 1), post=post)
    await assert_whole()


async def test_teams_have_members_pupils_a_mentor_and_each_assignment_is_to_one_thing(world: World) -> None:
    """KRM-10, XY-02."""
    given: dict[str, Any] = {"name": "科技专员服务队", "kind_of": TeamKind.OFFICERS}
    leader = await world.viewer(world.leader)
    team = await create(leader, Team, "form", within=world.zone, department=world.land, **given)
    with refused("TEAM_NAMED"):
        await create(leader, Team, "form", within=world.zone, **given)
    for person, title in ((world.companion, "队长"), (world.land_liaison, "")):
        member = await assigned(world, person, team=team, title=title)
    pair = await assigned(world, world.companion, pupil=world.land_liaison)
    elsewhere = await a_world("BY")

    wrong: tuple[tuple[str, dict[str, Any]], ...] = (
        ("ONE_THING", {}), ("ONE_THING", {"team": team, "county": "灵川县"}), ("IN_THE_TEAM", {"team": team}),
        ("OWN_MENTOR", {"pupil": world.companion}), ("NOT_STAFF", {"pupil": world.contact}),
        ("OTHER_ZONE", {"pupil": elsewhere.companion}),
    )
    for code, more in wrong:
        with refused(code):
            await assigned(world, world.companion, **more)
    with refused("TAKEN"):
        await assigned(world, world.dispatcher, pupil=world.land_liaison)
    with refused("NOT_ALLOWED"):
        await moved(world, world.companion, pair, "end", ends_on=date(2022, 2, 1), reason="出师")
    await moved(world, world.leader, member, "end", ends_on=date(2022, 6, 1), reason="调离")
    ended = await moved(world, world.leader, team, "disband", on=date(2023, 1, 1), reason="任务完成")
    with refused("GONE"):
        await assigned(world, world.auditor, team=ended)

    days: Any = await Assignment.filter(team_id=team.id).order_by("ends_on").values_list("ends_on", flat=True)
    assert (ended.state, days) == (TeamState.DISBANDED, [date(2022, 6, 1), date(2023, 1, 1)])
    assert (await Assignment.get(id=pair.id)).state is AssignmentState.HELD
    assert not await Assignment.seen_by(await world.viewer(world.contact)).exists()
    await assert_whole()


async def test_who_was_responsible_on_a_day_is_told_by_history_not_by_who_is_now(world: World) -> None:
    """GL-02, GZ-05, HB-03: companion, levels of the chain, county and industry, as they were on the day."""
    second, boss = await a_person(world.zone, "GL伴员02", Role.COMPANION), await a_person(world.zone, "分管领导")
    firm, leader = world.enterprise, await world.viewer(world.leader)
    link = await create(leader, ChainLink, "add", within=world.zone, level=1, title="专员", person=world.leader)
    await create(leader, ChainLink, "add", within=world.zone, level=2, title="主要领导")
    await assigned(world, world.dispatcher, county="灵川县")
    await moved(world, world.dispatcher, firm, "edit", name=firm.name, county="灵川县", industry="装备制造")

    with clock.stopped(datetime(2023, 5, 10, 2, tzinfo=UTC)):
        await moved(world, world.leader, firm, "assign_companion", companion=second, reason="轮岗")
        await moved(world, world.leader, link, "fill", title="挂点干部", person=boss)
        own: dict[str, Any] = {"level": 2, "title": "专班", "person": boss, "enterprise": firm}
        await create(leader, ChainLink, "add", within=world.zone, **own)
        await moved(world, world.dispatcher, firm, "edit", name=firm.name, county="阳朔县", industry="装备制造")
        await assigned(world, world.auditor, date(2023, 5, 10), industry="装备制造")
    with clock.stopped(datetime(2023, 6, 1, 2, tzinfo=UTC)):
        async with served() as http:
            client = await signed_in(http, world.leader)
            before, day = await told(client, firm, "2023-05-09"), await told(client, firm, "2023-05-10")
            spells = (await client.ask(SPELLS, id=global_id(firm)))["node"]["companionships"]
            assert await told(client, firm, "2023-02-28") is None
            answer = await client.send(RESPONSIBLE, id=global_id(firm), day="2023-06-02")
            assert answer["errors"][0]["extensions"]["code"] == "BAD_INPUT"
            hers = await told(await signed_in(http, second), firm, "2023-05-09")
            theirs = await told(await signed_in(http, world.contact), firm, "2023-05-09")

    assert before == hers == {
        "companion": "GL伴员01", "chain": [(1, "专员", world.leader.name), (2, "主要领导", None)],
        "county": "灵川县", "ofCounty": world.dispatcher.name, "industry": "装备制造", "ofIndustry": None,
    }
    assert day == {
        "companion": "GL伴员02", "chain": [(1, "挂点干部", "分管领导"), (2, own["title"], "分管领导")],
        "county": "阳朔县", "ofCounty": None, "industry": "装备制造", "ofIndustry": world.auditor.name,
    }
    assert theirs is None
    assert [(each["person"]["name"], each["reason"]) for each in spells] == [("GL伴员01", ""), ("GL伴员02", "轮岗")]
    assert spells[0]["until"] == spells[1]["since"] and spells[1]["until"] is None
    assert spells[1]["assignedBy"]["name"] == world.leader.name


async def told(client: Client, firm: Any, day: str) -> dict[str, Any] | None:
    found = (await client.ask(RESPONSIBLE, id=global_id(firm), day=day))["node"]["responsibleOn"]
    if found is None:
        return None
    chain = [(each["level"], each["title"], (each["person"] or {}).get("name")) for each in found["chain"]]
    named = {name: (found[name] or {}).get("name") for name in ("companion", "ofCounty", "ofIndustry")}
    return {**found, **named, "chain": chain}
