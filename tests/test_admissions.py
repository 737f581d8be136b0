"""Who was let in before is not looked up again, and yet is shown nothing that their standing of this moment denies."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from domain import clock
from domain import database as storage
from domain.accounts import Session
from domain.people import Membership, Person
from domain.viewers import OPERATOR, Role
from tests.graphql import Client, served, signed_in
from tests.test_pages import listen
from tests.world import World, a_case, a_person, a_world
from workflows.perform import create, perform

CASES = "{ cases { nodes { number } } }"
NOT_PLANNED = "{ caseCounts { departments { count } } }"


@pytest.fixture
async def world(database: str) -> World:
    world = await a_world()
    await a_case(world)
    return world


@pytest.fixture
async def leader(world: World) -> AsyncIterator[Client]:
    async with served() as http:
        client = await signed_in(http, world.leader)
        assert await numbers(client) == await numbers(client) == ["GL-2026-000001"]
        yield client


async def numbers(client: Client) -> list[str]:
    return [case["number"] for case in (await client.ask(CASES))["cases"]["nodes"]]


async def test_a_page_and_its_readers_standing_are_one_statement(
    leader: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    listen(monkeypatch, said)

    await leader.ask(CASES)

    assert len(said) == 1 and "membership" in said[0]


async def test_a_role_revoked_is_gone_with_the_next_page(world: World, leader: Client) -> None:
    held = await Membership.get(person_id=world.leader.id)

    await perform(await world.viewer(world.administrator), Membership, held.id, "revoke", reason="调离")

    assert await numbers(leader) == []


async def test_a_role_granted_shows_with_the_next_page(world: World) -> None:
    nobody = await a_person(world.zone, "新人")
    async with served() as http:
        client = await signed_in(http, nobody)
        assert await numbers(client) == await numbers(client) == []

        await create(OPERATOR, Membership, "grant", within=nobody, role=Role.AUDITOR, zone=world.zone)

        assert await numbers(client) == ["GL-2026-000001"]


async def test_a_role_that_ends_by_itself_is_gone_at_that_moment(world: World) -> None:
    interim = await a_person(world.zone, "代班")
    until = clock.now() + timedelta(minutes=5)
    await create(OPERATOR, Membership, "grant", within=interim, role=Role.AUDITOR, zone=world.zone)
    await Membership.filter(person_id=interim.id).update(until=until)
    async with served() as http:
        client = await signed_in(http, interim)
        assert await numbers(client) == await numbers(client) == ["GL-2026-000001"]

        with clock.stopped(until + timedelta(seconds=1)):
            assert await numbers(client) == []


async def test_nobody_is_remembered_where_pages_are_read_from_a_replica(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QIBAN_READS_URL", "postgres://replica.example/qiban")
    async with storage.opened(postgres_url):
        world = await a_world()
        async with served() as http:
            client = await signed_in(http, world.leader)
            await numbers(client)
            said: list[str] = []
            listen(monkeypatch, said)

            await numbers(client)

    assert said and not any("UNION ALL" in each for each in said)


async def test_a_session_that_ended_is_turned_away_whatever_was_known_of_it(world: World, leader: Client) -> None:
    await Session.filter(person_id=world.leader.id).update(ended_at=clock.now())

    answer = await leader.send(CASES)

    assert answer["errors"][0]["extensions"]["code"] == "SESSION_ENDED"


async def test_one_who_was_deactivated_is_turned_away_from_what_is_not_planned_too(
    world: World, leader: Client
) -> None:
    await leader.ask(NOT_PLANNED)

    await perform(await world.viewer(world.administrator), Person, world.leader.id, "deactivate", reason="离职")

    answer = await leader.send(NOT_PLANNED)
    assert answer["errors"][0]["extensions"]["code"] == "SESSION_ENDED"
