"""Ladders: the rung of an enterprise on a day, how many stand on each, and who moved in a year."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from api.nodes import global_id
from domain import clock
from domain.kinds import Level, RecognitionKind
from domain.ladders import Ladder, LadderState
from domain.recognitions import Recognition
from domain.viewers import OPERATOR
from tests.graphql import served, signed_in
from tests.policy_texts import an_enterprise
from tests.proofs import assert_whole, moved, refused
from tests.world import World, a_world, a_zone
from workflows.perform import create

K = RecognitionKind
NOW = datetime(2024, 3, 1, 2, tzinfo=UTC)
LYG = [("科技型中小企业", K.TECH_SME), ("高新技术企业", K.HIGH_TECH), ("专精特新小巨人", K.LITTLE_GIANT)]
HB = [*LYG[:2], ("瞪羚", K.GAZELLE), ("独角兽", K.UNICORN)]
STANDING = """query($id: ID!, $on: Date) { node(id: $id) { ... on Enterprise {
    ladder(on: $on) { ladder { name } rung { number title } } } } }"""
COUNTS = "query($id: ID!, $on: Date) { rungCounts(ladderId: $id, on: $on) { rung { number } count } }"
MOVED = """query($id: ID!, $year: Int!) { rungTransitions(ladderId: $id, year: $year) {
    before { number } after { number title } count enterprises { totalCount nodes { name } } } }"""


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    with clock.stopped(NOW):
        yield await a_world()


async def a_ladder(world: World, rungs: list[Any] = LYG, name: str = "梯度培育", **given: Any) -> Ladder:
    rows = [{"title": title, "recognised_as": kind, **dict(*more)} for title, kind, *more in rungs]
    return await create(
        await world.viewer(world.leader), Ladder, "lay_out", within=world.zone, name=name, rungs=rows,
        source="示例方案", **given,
    )


async def recognised(
    firm: Any, kind: RecognitionKind, since: date, until: date | None = None, **given: Any
) -> Recognition:
    return await create(
        OPERATOR, Recognition, "record", within=firm, recognised_as=kind, recognised_on=since, valid_until=until,
        **given,
    )


async def test_the_rung_is_the_highest_of_which_the_certificate_holds_on_the_day(world: World) -> None:
    await a_ladder(world)
    await recognised(world.enterprise, K.TECH_SME, date(2021, 3, 1), date(2024, 12, 31))
    await recognised(world.enterprise, K.HIGH_TECH, date(2022, 6, 1), date(2023, 5, 31))
    async with served() as http:
        leader, liaison = await signed_in(http, world.leader), await signed_in(http, world.administrator)

        async def told(on: str | None = None) -> tuple[int, str | None]:
            found = await leader.ask(STANDING, id=global_id(world.enterprise), on=on)
            [standing] = found["node"]["ladder"]
            return standing["rung"]["number"], standing["rung"]["title"]

        days = ("2021-02-28", "2021-03-01", "2022-06-01", "2023-05-31", "2023-06-01", "2025-01-01")
        assert [(await told(day))[0] for day in days] == [0, 1, 2, 2, 1, 0]
        assert await told() == (1, "科技型中小企业")
        hidden = await liaison.ask(STANDING, id=global_id(world.enterprise))
    assert hidden["node"]["ladder"] is None
    await assert_whole()


async def test_a_zone_has_its_own_ladders_and_those_of_the_zone_above(world: World) -> None:
    city = await a_zone("CITY")
    below = await a_world("HB", city)
    for zone, rungs, name in ((city, LYG, "市级"), (below.zone, HB, "本区")):
        rows = [{"title": title, "recognised_as": kind} for title, kind in rungs]
        await create(OPERATOR, Ladder, "lay_out", within=zone, name=name, rungs=rows, source="示例方案")
    await recognised(below.enterprise, K.UNICORN, date(2023, 1, 1))

    async with served() as http:
        found = await (await signed_in(http, below.leader)).ask(STANDING, id=global_id(below.enterprise))
    told = {each["ladder"]["name"]: each["rung"]["number"] for each in found["node"]["ladder"]}
    assert told == {"市级": 0, "本区": 4}


async def test_counts_and_transitions_of_a_year_add_up(world: World) -> None:
    """Two climbed in 2023, one fell, one came, one stayed, and one of another zone is not theirs to count."""
    ladder, other = await a_ladder(world), await a_world("BY")
    up, down, new, same = [await an_enterprise(world.zone, f"示例·{name}") for name in ("升", "降", "新", "平")]
    for firm in (up, world.enterprise, other.enterprise):
        await recognised(firm, K.TECH_SME, date(2022, 1, 1))
        await recognised(firm, K.HIGH_TECH, date(2023, 7, 1))
    await recognised(down, K.HIGH_TECH, date(2020, 1, 1), date(2022, 12, 31))
    await recognised(down, K.LITTLE_GIANT, date(2020, 1, 1), date(2023, 6, 30))
    await recognised(new, K.TECH_SME, date(2023, 12, 31))
    await recognised(same, K.HIGH_TECH, date(2021, 1, 1))
    async with served() as http:
        client = await signed_in(http, world.leader)

        async def counted(on: str) -> list[int]:
            found = (await client.ask(COUNTS, id=global_id(ladder), on=on))["rungCounts"]
            assert [each["rung"]["number"] for each in found] == [0, 1, 2, 3]
            return [each["count"] for each in found]

        assert await counted("2022-12-31") == [1, 2, 1, 1]
        assert await counted("2023-12-31") == [1, 1, 3, 0]
        assert await counted("2019-12-31") == [5, 0, 0, 0]
        found = (await client.ask(MOVED, id=global_id(ladder), year=2023))["rungTransitions"]
        moves = {
            (each["before"]["number"], each["after"]["number"]): {firm["name"] for firm in each["enterprises"]["nodes"]}
            for each in found
        }
        assert moves == {(0, 1): {new.name}, (1, 2): {up.name, world.enterprise.name}, (3, 0): {down.name}}
        assert [(each["count"], each["enterprises"]["totalCount"]) for each in found] == [(1, 1), (2, 2), (1, 1)]
        assert (await client.ask(MOVED, id=global_id(ladder), year=2024))["rungTransitions"] == []
        answer = await client.send(MOVED, id=global_id(ladder), year=2025)
        assert answer["errors"][0]["extensions"]["code"] == "BAD_INPUT"
        companion = await signed_in(http, world.companion)
        told = (await companion.ask(COUNTS, id=global_id(ladder)))["rungCounts"]
        assert [each["count"] for each in told] == [0, 0, 0, 0]


async def test_a_rung_may_ask_for_a_level(world: World) -> None:
    ladder = await a_ladder(
        world, [("省级小巨人", K.LITTLE_GIANT), ("国家级小巨人", K.LITTLE_GIANT, {"level": Level.NATIONAL})]
    )
    await recognised(world.enterprise, K.LITTLE_GIANT, date(2022, 1, 1), level=Level.PROVINCIAL)
    firm = await an_enterprise(world.zone, "示例·国家级")
    await recognised(firm, K.LITTLE_GIANT, date(2022, 1, 1), level=Level.NATIONAL)

    async with served() as http:
        client = await signed_in(http, world.leader)
        found = (await client.ask(COUNTS, id=global_id(ladder)))["rungCounts"]
        own = await client.ask(STANDING, id=global_id(firm))
    assert [each["count"] for each in found] == [0, 1, 1]
    assert own["node"]["ladder"][0]["rung"] == {"number": 2, "title": "国家级小巨人"}


async def test_a_ladder_has_rungs_that_can_be_told_apart(world: World) -> None:
    for rungs, code in (
        (LYG[:1], "BAD_INPUT"), ([LYG[0], LYG[0]], "NAMED_TWICE"), ([LYG[0], ("另一级", K.TECH_SME)], "RUNG_TWICE"),
        ([("国家级", K.LITTLE_GIANT, {"level": Level.NATIONAL}), ("小巨人", K.LITTLE_GIANT)], "RUNG_TWICE"),
    ):
        with refused(code):
            await a_ladder(world, rungs)
    ladder = await a_ladder(world)
    assert (ladder.author_id, ladder.state) == (world.leader.id, LadderState.HOLDS)
    with refused("LADDER_NAMED"):
        await a_ladder(world, HB)
    four = [{"title": title, "recognised_as": kind} for title, kind in HB]
    with refused("NOT_ALLOWED"):
        await moved(world, world.companion, ladder, "retire", reason="改版")
    await moved(world, world.dispatcher, ladder, "revise", name="四级", rungs=four, source="新方案", reason="改版")
    retired = await moved(world, world.leader, ladder, "retire", reason="改版")
    assert (len(retired.rungs), retired.author_id) == (4, world.dispatcher.id)
    assert await Ladder.seen_by(await world.viewer(world.contact)).count() == 1
    async with served() as http:
        found = await (await signed_in(http, world.leader)).ask(STANDING, id=global_id(world.enterprise))
    assert found["node"]["ladder"] == []
