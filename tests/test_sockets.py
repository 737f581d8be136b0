"""The two transports as their protocols have them: who is let in, what is refused, and how much one may ask."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus

import api.app
from api import streams
from api.limits import MOST_BYTES
from api.nodes import global_id
from api.persisted import registry
from domain import clock
from domain.accounts import Session
from domain.cases import Case
from domain.documents import hash_of
from tests.live import BOARD, EVENT, ONE, TASKS, Live, connected, opened, serving, stream_of, token_of, watching
from tests.world import World, a_case, a_world
from workflows import documents
from workflows.perform import perform

VIEWER = "{ viewer { person { name } } }"


@pytest.fixture
async def world(database: str) -> World:
    return await a_world()


@pytest.fixture
async def live(database: str, world: World) -> AsyncIterator[Live]:
    async with serving(database) as served:
        yield served


async def bearer(world: World) -> dict[str, str]:
    return {"Authorization": f"Bearer {await token_of(world.dispatcher)}"}


async def test_nobody_is_let_in_without_a_token_that_holds(live: Live) -> None:
    for payload in (None, {}, {"Authorization": "Bearer nobody"}, {"Authorization": 7}):
        async with opened(live) as watcher:
            await watcher.say(type="connection_init", payload=payload)

            assert (await watcher.closed())[0] == 4403, payload


async def test_a_client_that_can_set_headers_may_show_its_token_there(world: World, live: Live) -> None:
    async with connected(live, additional_headers=await bearer(world)) as watcher:
        await watcher.subscribe(VIEWER)

        assert (await watcher.hear())["payload"] == {"data": {"viewer": {"person": {"name": "GL分办员"}}}}
        assert (await watcher.hear())["type"] == "complete"


async def test_only_pages_of_known_origins_may_open_a_socket(
    world: World, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QIBAN_ALLOWED_ORIGINS", "https://desk.example")
    async with serving(database) as live:
        async with connected(live, await bearer(world), origin="https://desk.example"):
            pass
        async with connected(live, await bearer(world), origin=live.url.removesuffix("/graphql")):
            pass
        with pytest.raises(InvalidStatus) as refused:
            async with opened(live, origin="https://elsewhere.example"):
                pass

    assert refused.value.response.status_code == 403


async def test_a_socket_that_stays_silent_is_closed(
    world: World, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.app, "SILENT", timedelta(seconds=0.1))
    async with serving(database) as live, opened(live) as watcher:
        assert (await watcher.closed())[0] == 4408


async def test_another_protocol_is_not_spoken(live: Live) -> None:
    async with opened(live, "graphql-ws") as watcher:
        assert (await watcher.closed())[0] == 4406


async def test_what_breaks_the_protocol_closes_the_socket(world: World, live: Live) -> None:
    for message, code in (
        ('{"type": "subscribe", "id": "1", "payload": {"query": "{ __typename }"}}', 4401),
        ("no json", 4400),
        ("[]", 4400),
        ("{}", 4400),
        ('{"type": "shout"}', 4400),
        (b'{"type": "ping"}', 4400),
        ('{"type": "complete", "id": ["1"]}', 4400),
        ('{"type": "complete", "id": {}}', 4400),
    ):
        async with opened(live) as watcher:
            await watcher.socket.send(message)
            assert (await watcher.closed())[0] == code, message
    for payload in ({}, {"query": 7}, {"query": VIEWER, "variables": []}, {"query": VIEWER, "operationName": 7}, "x"):
        async with connected(live, await bearer(world)) as watcher:
            await watcher.say(type="subscribe", id="1", payload=payload)
            assert (await watcher.closed())[0] == 4400, payload
    async with connected(live, await bearer(world)) as watcher:
        await watcher.say(type="subscribe", id="1", payload={"query": " " * MOST_BYTES})
        assert (await watcher.closed())[0] == 1009


async def test_a_ping_is_answered(world: World, live: Live) -> None:
    async with connected(live, await bearer(world)) as watcher:
        await watcher.say(type="ping")

        assert (await watcher.hear())["type"] == "pong"


async def test_one_may_stop_watching_and_watch_again(world: World, live: Live) -> None:
    case = await a_case(world)
    async with connected(live, await bearer(world)) as watcher:
        await watcher.watch(BOARD)
        await watcher.say(type="complete", id="1")
        assert (await watcher.watch(ONE, id=global_id(case)))["case"]["title"] == case.title
        assert len(streams._open) == 1


async def test_questions_and_changes_go_over_a_socket_too_by_who_one_is_by_then(world: World, live: Live) -> None:
    case = await a_case(world)
    edit = "mutation($input: EditCaseInput!) { editCase(input: $input) { case { title } refusals { code } } }"
    async with connected(live, await bearer(world)) as watcher:
        await watcher.subscribe(edit, input={"id": global_id(case), "title": "改过"})
        told = await watcher.hear()
        await watcher.hear()
        await Session.filter(person_id=world.dispatcher.id).update(ended_at=clock.now())
        await watcher.subscribe(edit, input={"id": global_id(case), "title": "再改"})

        assert told["payload"] == {"data": {"editCase": {"case": {"title": "改过"}, "refusals": []}}}
        assert (await watcher.closed())[0] == 4403
    assert (await Case.get(id=case.id)).title == "改过"


TOO_DEEP = "subscription { myTasks { case " + "{ merged { nodes " * 6 + "{ id }" + "} }" * 6 + " } }"
REFUSED: tuple[tuple[str, dict[str, Any], str], ...] = (
    (ONE, {"id": "Case_01a20000-0000-7000-8000-000000000000"}, "NOT_FOUND"),
    (ONE, {"id": "nothing"}, "BAD_INPUT"),
    (BOARD, {"filter": {"zoneId": "nothing"}}, "BAD_INPUT"),
    (BOARD, {"filter": {"stage": ["NOWHERE"]}}, "BAD_REQUEST"),
    ("subscription { nothing }", {}, "BAD_REQUEST"),
    ("subscription { ", {}, "BAD_REQUEST"),
    (f"subscription {{ myTasks {EVENT} casesChanged {EVENT} }}", {}, "BAD_REQUEST"),
    (f"fragment Told on CaseEvent {EVENT}", {}, "BAD_REQUEST"),
    (TOO_DEEP, {}, "TOO_DEEP"),
)


async def test_what_cannot_be_watched_is_refused_in_words(world: World, live: Live) -> None:
    token = await token_of(world.dispatcher)
    async with connected(live, {"Authorization": f"Bearer {token}"}) as watcher:
        for query, variables, code in REFUSED:
            await watcher.subscribe(query, **variables)

            message = await watcher.hear()
            assert message["type"] == "error", query
            assert message["payload"][0]["extensions"]["code"] == code
            async with stream_of(live, token, query, **variables) as events:
                _, told = await anext(events)
                assert told["errors"][0]["extensions"]["code"] == code
                assert await anext(events) == ("complete", None)


async def test_an_operation_that_is_not_there_is_the_callers_mistake(world: World, live: Live) -> None:
    asked = ({"query": f"query One {VIEWER}", "operationName": "Two"}, {"query": ""})
    async with connected(live, await bearer(world)) as watcher:
        for n, payload in enumerate(asked):
            await watcher.say(type="subscribe", id=str(n), payload=payload)

            message = await watcher.hear()
            assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "BAD_REQUEST"), payload


async def test_only_those_signed_in_may_watch(live: Live) -> None:
    async with httpx.AsyncClient() as http:
        asked = {"query": TASKS}
        answer = await http.post(live.url, json=asked, headers={"Accept": "text/event-stream"})

    assert '"code":"UNAUTHENTICATED"' in answer.text


async def test_a_person_may_watch_only_so_much_at_once(
    world: World, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "MOST_STREAMS", 2)
    async with connected(live, await bearer(world)) as watcher:
        await watcher.watch(BOARD)
        await watcher.watch(TASKS)
        await watcher.subscribe(BOARD)
        refused = await watcher.hear()
        assert refused["type"] == "error"
        await watcher.say(type="complete", id="1")

        assert (await watcher.watch(BOARD))["kind"] == "REFETCH"
    assert refused["payload"][0]["extensions"]["code"] == "TOO_MANY_STREAMS"
    async with watching(live, world.dispatcher, BOARD):
        assert sum(streams._streams.values()) == 1


async def test_one_socket_carries_only_so_many_operations(
    world: World, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.app, "MOST_OPERATIONS", 1)
    async with serving(database) as live, connected(live, await bearer(world)) as watcher:
        await watcher.watch(BOARD)
        await watcher.subscribe(TASKS)

        assert (await watcher.hear())["type"] == "error"


async def test_a_question_is_streamed_only_to_those_who_read_nothing_else(world: World, live: Live) -> None:
    async with stream_of(live, await token_of(world.dispatcher), VIEWER) as events:
        assert [each async for each in events] == [
            ("next", {"data": {"viewer": {"person": {"name": "GL分办员"}}}}), ("complete", None),
        ]
    headers = {**await bearer(world), "Accept": "application/json, text/event-stream"}
    async with httpx.AsyncClient() as http:
        plain = await http.post(live.url, json={"query": VIEWER}, headers=headers)
        async with http.stream("POST", live.url, json={"query": BOARD}, headers=headers) as streamed:
            kind = streamed.headers["content-type"]

    assert plain.json() == {"data": {"viewer": {"person": {"name": "GL分办员"}}}}
    assert kind == "text/event-stream"


async def test_a_closed_installation_streams_registered_documents_only(
    world: World, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QIBAN_DOCUMENTS", "trusted")
    await documents.trust({"Board": BOARD})
    monkeypatch.setattr(registry, "read_at", float("-inf"))
    token = await token_of(world.dispatcher)
    async with connected(live, {"Authorization": f"Bearer {token}"}) as watcher:
        await watcher.subscribe(TASKS)
        assert (await watcher.hear())["payload"][0]["extensions"]["code"] == "NOT_TRUSTED"
        await watcher.say(type="subscribe", id="2", payload={"documentId": f"sha256:{hash_of(BOARD)}"})
        assert (await watcher.event())["kind"] == "REFETCH"
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
    async with httpx.AsyncClient() as http:
        refused = await http.post(live.url, json={"query": TASKS}, headers=headers)

    assert "NOT_TRUSTED" in refused.text


async def test_the_past_may_be_asked_for_over_a_socket_too(world: World, live: Live) -> None:
    case = await a_case(world)
    before = clock.now()
    await perform(await world.viewer(world.companion), Case, case.id, "edit", title="改过")
    asked = "query($id: ID!, $at: DateTime!) { case(id: $id, asOf: $at) { title } }"
    async with connected(live, await bearer(world)) as watcher:
        for at, title in ((before, case.title), (clock.now(), "改过")):
            await watcher.subscribe(asked, id=global_id(case), at=at.isoformat())
            assert (await watcher.hear())["payload"] == {"data": {"case": {"title": title}}}
            await watcher.hear()
        await watcher.subscribe(asked, id=global_id(case), at=(clock.now() + timedelta(days=1)).isoformat())
        assert (await watcher.hear())["payload"][0]["extensions"]["code"] == "BAD_INPUT"
