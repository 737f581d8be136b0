"""Reads from a streaming replica: everyone finds what they have done, whether it follows, lags, dies or is promoted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import count

import httpx
import pytest
from tortoise.connection import get_connection

from api.nodes import global_id
from domain import database as storage
from domain import replicas
from domain.cases import Case
from tests.graphql import Client, served, signed_in
from tests.replication import Node, a_pair, url_of
from tests.waiting import until
from tests.world import World, a_case, a_world
from workflows.founding import bring_up
from workflows.timers import fire_due

TITLES = "{ cases { nodes { title } } }"
EDIT = """mutation($input: EditCaseInput!) { editCase(input: $input) {
    case { title problems { description } } refusals { code } } }"""
numbers = count(1)


@pytest.fixture(scope="module")
async def pair() -> AsyncIterator[tuple[Node, Node]]:
    with a_pair() as both:
        await both[0].ask("CREATE DATABASE template")
        async with storage.opened(url_of("template", both[0])):
            await bring_up()
        yield both


@pytest.fixture
async def database(pair: tuple[Node, Node], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """A new database on the primary, read on its replica."""
    primary, replica = pair
    name = f"qiban_{next(numbers)}"
    await primary.ask(f"CREATE DATABASE {name} TEMPLATE template")
    monkeypatch.setenv("QIBAN_DATABASE_URL", url_of(name, primary))
    monkeypatch.setenv("QIBAN_READS_URL", url_of(name, replica))
    async with storage.opened():
        yield name


@pytest.fixture
async def world(database: str) -> World:
    return await a_world()


@pytest.fixture
async def case(world: World, pair: tuple[Node, Node]) -> Case:
    case = await a_case(world, title="原题")
    await caught_up(*pair)
    return case


@pytest.fixture
async def paused(pair: tuple[Node, Node], case: Case) -> AsyncIterator[None]:
    """The replica knows the case, and nothing from then on."""
    await pair[1].ask("SELECT pg_wal_replay_pause()")
    yield
    await pair[1].ask("SELECT pg_wal_replay_resume()")


@pytest.fixture
async def http(database: str) -> AsyncIterator[httpx.AsyncClient]:
    async with served() as http:
        yield http


async def caught_up(primary: Node, replica: Node) -> None:
    reached = await primary.ask("SELECT pg_current_wal_insert_lsn()::text")
    await until(lambda: replica.ask(f"SELECT pg_last_wal_replay_lsn() >= '{reached}'"))


async def titles(client: Client) -> list[str]:
    return [each["title"] for each in (await client.ask(TITLES))["cases"]["nodes"]]


async def edit(client: Client, case: Case, title: str) -> str:
    answer = await client.ask(EDIT, input={"id": global_id(case), "title": title})
    assert answer["editCase"]["refusals"] == []
    return str(answer["editCase"]["case"]["title"])


async def test_pages_come_from_the_replica(
    world: World, case: Case, pair: tuple[Node, Node], http: httpx.AsyncClient, paused: None
) -> None:
    client, other = await signed_in(http, world.leader), await signed_in(http, world.dispatcher)
    await pair[1].ask("SELECT pg_wal_replay_resume()")
    await caught_up(*pair)
    await pair[1].ask("SELECT pg_wal_replay_pause()")

    await edit(other, case, "新题")

    assert await titles(client) == ["原题"], "whoever changed nothing may be answered by one that lags"


async def test_everyone_finds_what_they_have_changed_however_far_the_replica_lags(
    world: World, case: Case, pair: tuple[Node, Node], http: httpx.AsyncClient, paused: None
) -> None:
    client = await signed_in(http, world.dispatcher)

    for title in ("新题", "又改"):
        assert await edit(client, case, title) == title
        assert await titles(client) == [title]

    await pair[1].ask("SELECT pg_wal_replay_resume()")
    await caught_up(*pair)
    assert await titles(client) == ["又改"]


async def test_they_find_it_through_another_server_too(
    world: World, case: Case, http: httpx.AsyncClient, paused: None
) -> None:
    client = await signed_in(http, world.dispatcher)
    await edit(client, case, "新题")

    async with served() as elsewhere:  # nothing of a session is kept in a process
        assert await titles(Client(elsewhere, client.token)) == ["新题"]


async def test_nobody_is_let_in_by_a_replica_that_has_not_heard_of_their_leaving(
    world: World, case: Case, pair: tuple[Node, Node], http: httpx.AsyncClient
) -> None:
    client = await signed_in(http, world.dispatcher)
    await caught_up(*pair)
    assert await titles(client) == ["原题"]
    await pair[1].ask("SELECT pg_wal_replay_pause()")
    try:
        await get_connection("default").execute_query("UPDATE session SET ended_at = now()")

        answer = await client.send(TITLES)
    finally:
        await pair[1].ask("SELECT pg_wal_replay_resume()")

    assert answer["errors"][0]["extensions"]["code"] == "SESSION_ENDED"


async def test_the_clock_is_not_kept_busy_by_what_the_replica_still_believes(
    world: World, case: Case, paused: None
) -> None:
    with storage.first_hand():
        waits = await fire_due()

    assert waits is None or waits > 0


async def test_when_the_replica_is_gone_the_database_answers(
    world: World, case: Case, pair: tuple[Node, Node], http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replicas, "LEFT_ALONE_SECONDS", 0.2)
    client = await signed_in(http, world.dispatcher)
    await caught_up(*pair)
    before = await titles(client)

    pair[1].kill()
    gone = [await titles(client) for _ in range(3)]
    pair[1].start()
    await asyncio.sleep(0.3)
    back = await titles(client)

    assert [before, *gone, back] == [["原题"]] * 5


async def test_a_primary_that_died_is_replaced_by_its_replica(monkeypatch: pytest.MonkeyPatch) -> None:
    with a_pair() as (primary, replica):
        await primary.ask("CREATE DATABASE qiban")
        monkeypatch.setenv("QIBAN_DATABASE_URL", url_of("qiban", primary, replica))
        async with storage.opened():
            await bring_up()
            world = await a_world()
            await a_case(world, title="原题")
            await caught_up(primary, replica)
            async with served() as http:
                client = await signed_in(http, world.companion)
                await caught_up(primary, replica)

                primary.kill()
                while_gone = await client.send(TITLES)
                refused = await http.get("/ready")
                await replica.ask("SELECT pg_promote()")
                ready = await http.get("/ready")
                case = await a_case(world, title="新题")

                assert sorted(await titles(client)) == ["原题", "新题"]
    assert while_gone["data"] is None and while_gone["errors"][0]["extensions"]["code"] == "FAULT"
    assert (refused.status_code, ready.status_code) == (503, 200)
    assert case.number.endswith("000002")


def test_a_url_may_name_several_hosts() -> None:
    found = storage.credentials("postgres://qiban:p%40ss@a.example:5433,b.example/qiban?ssl=true")

    assert found["hosts"] == [("a.example", 5433), ("b.example", 5432)]
    assert (found["user"], found["password"], found["database"]) == ("qiban", "p@ss", "qiban")
