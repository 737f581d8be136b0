"""Documents by hash: trusted ones, and those a client has sent before; and an installation that answers no others."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.persisted import _sent, registry
from domain.documents import hash_of
from tests.graphql import Client, served, signed_in
from tests.terminal import qiban
from tests.world import a_case, a_world
from workflows import documents

CASES = "query Numbers { cases { nodes { number } } }"
OTHER = "query Others { departments { nodes { name } } }"


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    registry.texts.clear()
    registry.read_at = float("-inf")
    _sent.kept.clear()


@pytest.fixture
async def client(database: str) -> AsyncIterator[Client]:
    world = await a_world()
    await a_case(world)
    async with served() as http:
        yield await signed_in(http, world.leader)


async def post(client: Client, **asked: Any) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {client.token}"}
    answer: httpx.Response = await client.http.post("/graphql", json=asked, headers=headers)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def code(answer: dict[str, Any]) -> str:
    return str(answer["errors"][0]["extensions"]["code"])


def by_hash(text: str) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": hash_of(text)}}}


async def test_a_trusted_document_is_asked_for_by_its_hash_alone(client: Client) -> None:
    assert await documents.trust({"Numbers": CASES}) == 1

    for _ in range(2):  # by the executor first, by its plan from then on
        answer = await post(client, documentId=f"sha256:{hash_of(CASES)}")
        assert answer["data"]["cases"]["nodes"] == [{"number": "GL-2026-000001"}]


async def test_a_client_sends_a_document_once_and_its_hash_from_then_on(client: Client) -> None:
    assert code(await post(client, **by_hash(CASES))) == "PERSISTED_QUERY_NOT_FOUND"

    sent = await post(client, query=CASES, **by_hash(CASES))

    assert "errors" not in sent
    assert await post(client, **by_hash(CASES)) == sent


async def test_a_hash_that_is_not_the_documents_is_refused_and_kept_nowhere(client: Client) -> None:
    assert code(await post(client, query=OTHER, **by_hash(CASES))) == "BAD_INPUT"
    assert code(await post(client, **by_hash(CASES))) == "PERSISTED_QUERY_NOT_FOUND"


async def test_a_closed_installation_answers_registered_documents_only(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QIBAN_DOCUMENTS", "trusted")
    await documents.trust({"Numbers": CASES})

    assert code(await post(client, query=OTHER)) == "NOT_TRUSTED"
    assert code(await post(client, query=OTHER, **by_hash(OTHER))) == "NOT_TRUSTED"
    assert code(await post(client, query="{ __schema { types { name } } }")) == "NOT_TRUSTED"
    assert "errors" not in await post(client, query=CASES)
    assert "errors" not in await post(client, documentId=hash_of(CASES))
    headers = {"Authorization": f"Bearer {client.token}", "Accept": "application/json"}
    got = await client.http.get("/graphql", params={"query": OTHER}, headers=headers)
    assert code(got.json()) == "NOT_TRUSTED"


async def test_a_document_forgotten_is_answered_no_longer_once_it_is_read_again(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QIBAN_DOCUMENTS", "trusted")
    await documents.trust({"Numbers": CASES, "Others": OTHER})
    assert "errors" not in await post(client, documentId=hash_of(CASES))

    assert await documents.forget([hash_of(CASES)]) == 1
    await registry.refresh(0)

    assert code(await post(client, documentId=hash_of(CASES))) == "PERSISTED_QUERY_NOT_FOUND"


async def test_manifests_of_both_kinds_and_files_are_registered_and_a_bad_one_registers_nothing(
    sqlite_url: str, tmp_path: Path
) -> None:
    relay, apollo, bad = tmp_path / "relay.json", tmp_path / "apollo.json", tmp_path / "bad.json"
    relay.write_text(json.dumps({"md5-of-relay": CASES}))
    apollo.write_text(json.dumps({"operations": [{"id": "1", "name": "Others", "type": "query", "body": OTHER}]}))
    bad.write_text(json.dumps({"ok": "{ __typename }", "Wrong": "{ nothing }"}))
    (tmp_path / "Zones.graphql").write_text("query Zones { zones { code } }")

    terminal = partial(qiban, "documents", url=sqlite_url, LANG="en_US.UTF-8")

    for file in (relay, apollo, tmp_path / "Zones.graphql"):
        assert "1 documents, 1 of them new" in (await terminal("trust", file)).err
    refused = await terminal("trust", bad)
    assert refused.code == 1 and "'Wrong' is not valid" in refused.err
    relay.write_text("[1]")
    no_manifest = await terminal("trust", relay)
    assert no_manifest.code == 1 and "is no manifest" in no_manifest.err

    listed = (await terminal("list")).out.splitlines()
    assert [line.split()[-1] for line in listed] == ["Others", "Zones", "md5-of-relay"]
    assert "1 forgotten" in (await terminal("forget", hash_of(OTHER))).err


