"""Needs: listed by the enterprise, stale when nobody has looked for too long, met, or become cases (XY-11)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from api.nodes import global_id
from domain import clock
from domain.cases import Case
from domain.needs import Need, NeedState
from domain.viewers import OPERATOR
from domain.zones import Setting
from tests.graphql import Client, served, signed_in
from tests.proofs import assert_whole, moved, refused
from tests.world import World, a_world, the_clock_acts
from workflows.perform import create

MONDAY = datetime(2026, 3, 2, 2, tzinfo=UTC)
STALE = """{ needs { nodes { reviewedOn stale light deadline { rule { limit source } } } }
    red: needs(filter: { light: [RED] }) { totalCount } }"""


async def a_need(world: World, **given: Any) -> Need:
    given = {"title": "高温涂层工艺", "need_kind": "technology", **given}
    return await create(await world.viewer(world.contact), Need, "list", within=world.enterprise, **given)


async def asked(client: Client) -> tuple[Any, int]:
    found = await client.ask(STALE)
    return found["needs"]["nodes"][0], found["red"]["totalCount"]


async def test_a_need_is_stale_when_it_was_not_reviewed_for_as_long_as_the_zone_says(database: str) -> None:
    with clock.stopped(MONDAY):
        world = await a_world("XY")
        rule = {"name": "need_review", "value": "90d", "holds_from": MONDAY.date(), "source": "示例制度"}
        await create(OPERATOR, Setting, "set", within=world.zone, **rule)
        need = await a_need(world)
    async with served() as http:
        with clock.stopped(MONDAY + timedelta(days=89)):
            fresh = await asked(await signed_in(http, world.leader))
        with clock.stopped(MONDAY + timedelta(days=92)):
            leader = await signed_in(http, world.leader)
            old = await asked(leader)
            assert "overdue" in await the_clock_acts()
            reviewed = await moved(world, world.companion, need, "review", description="已缩小到两种合金")
            anew = await asked(leader)

    assert (fresh[0]["stale"], fresh[1]) == (False, 0)
    assert (old[0]["stale"], old[0]["light"], old[1]) == (True, "RED", 1)
    assert old[0]["deadline"]["rule"] == {"limit": "90d", "source": "示例制度"}
    assert (anew[0]["stale"], anew[0]["reviewedOn"], anew[1]) == (False, "2026-06-02", 0)
    assert (reviewed.title, reviewed.listed_on) == ("高温涂层工艺", date(2026, 3, 2))
    await assert_whole()


async def test_where_the_zone_has_set_no_period_nothing_is_stale(database: str) -> None:
    with clock.stopped(MONDAY):
        world = await a_world("XY")
        await a_need(world)
    async with served() as http:
        with clock.stopped(MONDAY + timedelta(days=700)):
            told, red = await asked(await signed_in(http, world.leader))

    assert (told["stale"], told["light"], red) == (False, None, 0)


async def test_a_need_becomes_a_case_of_the_enterprise_and_of_no_other(database: str) -> None:
    world, other = await a_world("XY"), await a_world("BY")
    need, elsewhere = await a_need(world), await a_need(other)
    with refused("OTHER_NEED"):
        companion = await world.viewer(world.companion)
        await create(companion, Case, "collect", enterprise=world.enterprise, title="涂层", need=elsewhere)
    query = """mutation($input: CreateCaseInput!) { createCase(input: $input) {
        case { id } refusals { code field } } }"""
    wanted = {"enterpriseId": global_id(world.enterprise), "title": "涂层", "problems": [{"description": "剥落"}]}
    async with served() as http:
        contact = await signed_in(http, world.contact)
        refusal = await contact.ask(query, input={**wanted, "needId": global_id(elsewhere)})
        made = await contact.ask(query, input={**wanted, "needId": global_id(need)})

    assert refusal["createCase"]["refusals"] == [{"code": "NOT_FOUND", "field": "needId"}]
    need = await Need.get(id=need.id)
    assert (need.state, need.due_at) == (NeedState.TAKEN_UP, None)
    assert global_id(await Case.get(id=need.case_id)) == made["createCase"]["case"]["id"]
    with refused("NOT_NOW"):
        await moved(world, world.contact, need, "review")
    await moved(world, world.companion, need, "meet", result="已由示例研究院攻克")
    await assert_whole()
