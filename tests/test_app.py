"""The application as a whole: what it answers to odd requests, what it logs, and how it starts and stops."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from api import app as api_app
from api.app import application
from api.headers import discreet
from api.nodes import global_id
from api.server import LONGEST_HEAD
from domain import database, stores
from domain.secret import _kept
from domain.viewers import Role
from tests.graphql import Client, served, signed_in
from tests.live import serving
from tests.world import World, a_case, a_person, a_world

PASSWORD = "走访-visit-2026"
TELEPHONE = "13800000000"
CLOSED = "{ serviceTokens { id } }"
JSON = "application/json"
STARTING_SECONDS = 60.0


@pytest.fixture
async def world(database: str) -> World:
    return await a_world()


@pytest.fixture
async def http(database: str) -> AsyncIterator[httpx.AsyncClient]:
    async with served() as client:
        yield client


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("text/plain", b'{"query": "{ __typename }"}', 400),
        ("application/x-www-form-urlencoded", b"query=%7B+__typename+%7D", 400),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="query"\r\n\r\n{a}', 400),
        ("", b'{"query": "{ __typename }"}', 400),
        (JSON, b"", 400),
        (JSON, b"{", 400),
        (JSON, b"null", 400),
        (JSON, b"5", 400),
        (JSON, b'"query"', 400),
        (JSON, b"\xff\xfe", 400),
        (JSON, b"[" * 100_000, 400),
        (JSON, b'[{"query": "{ __typename }"}]', 400),
        (JSON, b"{}", 400),
        (JSON, b'{"query": 5}', 400),
        (JSON, b'{"query": "{ __typename }", "variables": []}', 400),
        (JSON, b'{"query": "{ __typename }", "operationName": 5}', 400),
        (JSON, b'{"query": "{ __typename }", "operationName": "Other"}', 400),
        (JSON, b'{"query": "\\ud800"}', 400),
        (JSON, b'{"query": ""}', 400),
        (JSON, b'{"query": "' + b"x" * 1_000_000 + b'"}', 413),
    ],
)
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_what_is_no_graphql_request_is_refused_in_the_readers_language(
    http: httpx.AsyncClient,
    content_type: str,
    body: bytes,
    status: int,
    language: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    headers = {"Accept-Language": language, **({"Content-Type": content_type} if content_type else {})}

    answer = await http.post("/graphql", content=body, headers=headers)

    assert answer.status_code == status, answer.text
    refusal = answer.json()["refusals"][0]
    assert refusal["code"] == {400: "BAD_REQUEST", 413: "TOO_LARGE"}[status]
    assert ("请求" in refusal["message"]) == (language == "zh")
    assert not caplog.records


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("{", {}),
        ("{ nothing }", {}),
        ("query($at: DateTime!) { history(filter: {from: $at}) { totalCount } }", {"at": "soon"}),
        ("query($at: DateTime!) { history(filter: {from: $at}) { totalCount } }", {"at": 10**30}),
        ("query($first: Int!) { cases(first: $first) { totalCount } }", {"first": 10**20}),
        ("mutation($input: SignInInput!) { signIn(input: $input) { accessToken } }", {"input": {"login": "x"}}),
        ("{" + "a {" * 500 + "b" + "}" * 501, {}),
    ],
)
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_mistake_in_a_query_is_told_and_not_logged(
    http: httpx.AsyncClient, query: str, variables: dict[str, Any], language: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await Client(http, language=language).send(query, **variables)

    assert answer["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
    assert ("请求" in answer["errors"][0]["message"]) == (language == "zh")
    assert not caplog.records


async def test_a_get_asks_but_never_changes_anything(http: httpx.AsyncClient, database: str) -> None:
    asked = await http.get("/graphql", params={"query": "{ __typename }"})
    changing = await http.get(
        "/graphql", params={"query": 'mutation { signOut(input: {refreshToken: "x"}) { done } }'}
    )
    put = await http.put("/graphql", json={"query": "{ __typename }"})

    assert asked.json() == {"data": {"__typename": "Query"}}
    assert (changing.status_code, changing.json()["data"]) == (400, None)
    assert put.status_code == 405


async def test_a_fault_is_told_by_a_number_and_logged_with_it_without_what_it_was_about(
    http: httpx.AsyncClient, world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError(TELEPHONE)

    monkeypatch.setattr("workflows.service_tokens.listed", fails)
    client = await signed_in(http, world.administrator, "zh")

    answer = await client.send(CLOSED)

    error = answer["errors"][0]
    assert error["extensions"] == {"code": "FAULT", "fault": error["extensions"]["fault"]}
    assert error["message"] == f"服务内部错误，编号 {error['extensions']['fault']}"
    assert caplog.text.count(error["extensions"]["fault"]) == 1
    assert "RuntimeError" in caplog.text
    assert "test_app.py" in caplog.text
    assert TELEPHONE not in caplog.text
    assert client.token and client.token not in caplog.text


async def test_a_fault_outside_graphql_is_told_the_same_way(
    http: httpx.AsyncClient, world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    case, client = await a_case(world), await signed_in(http, world.companion)
    answer = await http.post(
        "/files", data={"caseId": global_id(case)}, files={"file": ("a.pdf", b"%PDF-")},
        headers={"Authorization": f"Bearer {client.token}"},
    )  # no store is open in this test

    error = answer.json()["errors"][0]
    assert (answer.status_code, error["extensions"]["code"]) == (500, "FAULT")
    assert error["extensions"]["fault"] in caplog.text


async def test_refusals_are_not_logged(
    http: httpx.AsyncClient, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "qiban")
    client = await signed_in(http, world.auditor)

    await Client(http).send(CLOSED)
    await Client(http, "garbage").send(CLOSED)
    await Client(http).do("signIn", login="nobody", password=PASSWORD)
    await client.do("createPerson", zoneId=global_id(world.zone), name="人员")
    await client.send("{ cases(first: 0) { totalCount } }")

    assert not caplog.records


async def test_answers_may_not_be_framed_sniffed_or_kept(http: httpx.AsyncClient, database: str) -> None:
    for answer in (
        await http.post("/graphql", json={"query": "{ __typename }"}),
        await http.get("/health"),
        await http.get("/nowhere"),
        await http.get("/files/x"),
        await http.post("/graphql", json={}, headers={"Authorization": "Bearer x"}),
    ):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    page = await http.get("/graphql", headers={"Accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["content-security-policy"].startswith("default-src 'none'; ")


@pytest.mark.parametrize(
    ("allowed", "told"), [("", None), ("https://front.example, https://b.example", "https://front.example")]
)
async def test_other_origins_may_read_only_when_named(
    database: str, monkeypatch: pytest.MonkeyPatch, allowed: str, told: str | None
) -> None:
    monkeypatch.setenv("QIBAN_ALLOWED_ORIGINS", allowed)
    async with served() as http:
        asked = await http.options(
            "/graphql", headers={"Origin": "https://front.example", "Access-Control-Request-Method": "POST"}
        )
        refused = await http.post(
            "/graphql", json={}, headers={"Origin": "https://front.example", "Authorization": "Bearer x"}
        )
        stranger = await http.post("/graphql", json={}, headers={"Origin": "https://evil.example"})

    assert asked.headers.get("access-control-allow-origin") == told
    assert refused.headers.get("access-control-allow-origin") == told
    assert "access-control-allow-origin" not in stranger.headers


async def test_long_answers_are_compressed(http: httpx.AsyncClient, world: World) -> None:
    client = await signed_in(http, world.leader)

    answer = await http.post(
        "/graphql", json={"query": "{ __schema { types { name fields { name } } } }"},
        headers={"Authorization": f"Bearer {client.token}", "Accept-Encoding": "gzip"},
    )

    assert answer.headers.get("content-encoding") == "gzip"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", "/health", 405), ("POST", "/", 405), ("PUT", "/files", 405), ("POST", "/log/checkpoint", 405),
     ("GET", "/health/", 307), ("POST", "/graphql/", 307), ("GET", "/nowhere", 404)],
)
async def test_what_is_not_there_is_told_as_routes_tell_it(
    http: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await http.request(method, path)

    assert answer.status_code == status
    assert status != 405 or answer.headers["allow"]


async def test_the_service_is_found_below_a_path_of_its_own(database: str) -> None:
    transport = httpx.ASGITransport(app=application(), root_path="/desk")
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as below:
        answer = await below.post("/desk/graphql", json={"query": "{ __typename }"})

    assert answer.json() == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/*"])
async def test_a_subscription_that_could_not_be_streamed_says_how_to_ask(
    http: httpx.AsyncClient, world: World, accept: str
) -> None:
    client = await signed_in(http, world.leader)
    for _ in range(2):
        answer = await http.post(
            "/graphql", json={"query": "subscription { myTasks { kind } }"},
            headers={"Authorization": f"Bearer {client.token}", "Accept": accept},
        )

        assert answer.status_code == 406 and "text/event-stream" in answer.json()["errors"][0]["message"]


def test_the_access_log_says_neither_who_nor_what() -> None:
    assert discreet("/graphql?query=%7Bviewer%7D&variables=x") == "/graphql"
    assert discreet("/files/abcdef") == "/files/…"
    assert discreet("/files") == "/files"


def test_a_secret_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "var" / "secret"

    first, second = _kept(file), _kept(file)

    assert first == second
    assert len(first) >= 32
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_the_files_lie_beside_the_database_file() -> None:
    assert api_app.database_file("sqlite:///srv/qiban/qiban.sqlite3") == Path("/srv/qiban/qiban.sqlite3")
    assert api_app.database_file("sqlite://var/qiban.sqlite3") == Path("var/qiban.sqlite3")
    assert api_app.database_file("postgres://qiban@db/qiban") is None


async def test_a_real_server_starts_serves_and_stops_cleanly(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QIBAN_DATABASE_URL", database_url)
    monkeypatch.setenv("QIBAN_FILES_URL", f"file://{tmp_path}/files")
    monkeypatch.setenv("QIBAN_FILE_LIMIT_MB", "1")
    monkeypatch.setenv("QIBAN_SECRET", "a secret of this test, long enough")
    async with database.opened(database_url):
        world = await a_world()
        await a_person(world.zone, "分办员01", Role.DISPATCHER, login="officer01", password=PASSWORD)
        case = await a_case(world)

    async with a_server() as (server, http, log):
        token = (await Client(http).do("signIn", "accessToken", login="officer01", password=PASSWORD))["accessToken"]
        client, headers = Client(http, token), {"Authorization": f"Bearer {token}"}
        titles = await client.ask("{ cases { nodes { title } } }")
        content = b"%PDF-" + os.urandom(900_000)
        form: dict[str, Any] = {"data": {"caseId": global_id(case)}, "headers": headers}
        made = (await http.post("/files", files={"file": ("批复.pdf", content)}, **form)).json()["attachment"]
        found = await client.ask("query($id: ID!) { node(id: $id) { ... on Attachment { url } } }", id=made["id"])
        file = await http.get(found["node"]["url"])
        large = await http.post("/files", files={"file": ("批复.pdf", b"%PDF-" + bytes(8 * stores.MB))}, **form)
        health = await http.get("/health")

        server.send_signal(signal.SIGTERM)
        await asyncio.wait_for(server.wait(), 20)

    assert titles == {"cases": {"nodes": [{"title": "二期用地未获批"}]}}
    assert file.content == content
    assert large.status_code == 413
    assert health.json() == {"status": "ok"}
    assert server.returncode in (0, -signal.SIGTERM)
    told = "\n".join(log)
    assert "Application shutdown complete" in told
    assert "Traceback" not in told
    assert "127.0.0.1:" not in told.replace(str(http.base_url).rstrip("/"), "")
    for secret in (token, PASSWORD, found["node"]["url"]):
        assert secret not in told


@asynccontextmanager
async def a_server() -> AsyncIterator[tuple[asyncio.subprocess.Process, httpx.AsyncClient, list[str]]]:
    """uvicorn in a process of its own, on a port that was free, and what it logs."""
    command = [sys.executable, "-m", "uvicorn", "api.app:application", "--factory", "--port", "0"]
    server = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    assert server.stdout
    log: list[str] = []

    async def follow(until: str | None = None) -> str:
        assert server.stdout
        while line := (await server.stdout.readline()).decode():
            log.append(line.rstrip())
            if until and (found := re.search(until, line)):
                return found[0]
        return ""

    address = await asyncio.wait_for(follow(r"http://[\d.:]+"), STARTING_SECONDS)
    assert address, "\n".join(log)
    following = asyncio.create_task(follow())
    try:
        async with httpx.AsyncClient(base_url=address, timeout=30) as http:
            yield server, http, log
    finally:
        if server.returncode is None:
            server.kill()
        await server.wait()
        await following



@pytest.mark.parametrize("name", [b"X-Long: ", b""], ids=["a header", "headers"])
async def test_a_head_without_end_is_not_taken_in(sqlite_url: str, name: bytes) -> None:
    async with database.opened(sqlite_url), serving(sqlite_url) as live:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{live.port}") as http:
            long = await http.get("/health", headers={"X-Long": "x" * 60_000})
        reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
        writer.write(b"GET /health HTTP/1.1\r\nHost: x\r\n" + name)
        for _ in range(LONGEST_HEAD // 4096):
            writer.write(b"x" * 4096 if name else b"X: 34567890123\r\n" * 256)
            await writer.drain()
        said = await reader.read()
        writer.close()

    assert long.status_code == 200
    assert said.startswith(b"HTTP/1.1 400 ") and said.endswith(b"at most 64 KiB.")
