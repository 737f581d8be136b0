"""`qiban serve --workers`: several processes at one address, started again when they die, gone when they should be."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from domain import database as storage
from domain.viewers import Role
from tests.graphql import Client
from tests.waiting import until
from tests.world import a_person, a_world

ROOT = Path(__file__).parent.parent
SECONDS = 300
PASSWORD = "走访-visit-2026"


@asynccontextmanager
async def several(
    url: str, port: int, **given: str
) -> AsyncIterator[tuple[asyncio.subprocess.Process, httpx.AsyncClient, list[dict[str, Any]]]]:
    """The parent, a caller, and what they have logged."""
    command = [sys.executable, "-m", "api.cli", "serve", "--workers", "2", "--port", str(port)]
    parent = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env={**os.environ, "QIBAN_DATABASE_URL": url, "QIBAN_LOG": "json", **given},
        stderr=asyncio.subprocess.PIPE, limit=2**20,
    )
    told: list[dict[str, Any]] = []
    following = asyncio.create_task(follow(parent, told))
    # Each request on a connection of its own, so that it is anybody's.
    limits = httpx.Limits(max_keepalive_connections=0)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", limits=limits, timeout=30) as http:
            await until(lambda: answers(http), SECONDS)
            yield parent, http, told
    finally:
        with suppress(ProcessLookupError):
            parent.kill()
        await parent.wait()
        await following


async def follow(parent: asyncio.subprocess.Process, told: list[dict[str, Any]]) -> None:
    assert parent.stderr
    async for line in parent.stderr:
        told.append(json.loads(line))


def at_work(told: list[dict[str, Any]]) -> list[int]:
    """The processes that have begun to do the worker's duties."""
    return [each["process"] for each in told if "is at work" in each["message"]]


async def answers(http: httpx.AsyncClient) -> bool:
    with suppress(httpx.TransportError):
        return (await http.get("/ready")).status_code == 200
    return False


def children(parent: asyncio.subprocess.Process) -> set[int]:
    return {int(each) for each in Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()}


def lives(process: int) -> bool:
    with suppress(OSError):
        return "State:\tZ" not in Path(f"/proc/{process}/status").read_text()
    return False


async def test_a_process_killed_is_started_again_while_the_other_answers(
    sqlite_url: str, unused_tcp_port_factory: Callable[[], int]
) -> None:
    port, figures = unused_tcp_port_factory(), f"127.0.0.1:{unused_tcp_port_factory()}"
    async with several(sqlite_url, port, QIBAN_METRICS=figures) as (parent, http, told):
        await until(lambda: at_work(told), SECONDS)
        before, [killed] = children(parent), at_work(told)
        answered = [(await http.get("/health")).status_code for _ in range(20)]

        os.kill(killed, signal.SIGKILL)
        answered += [(await http.get("/health")).status_code for _ in range(20)]
        await until(lambda: len(at_work(told)) == 2, SECONDS)
        after = children(parent)
        counted = (await http.get(f"http://{figures}/metrics")).text

        parent.terminate()
        await asyncio.wait_for(parent.wait(), SECONDS)

    assert answered == [200] * 40
    assert 'qiban_requests_total{operation="health",outcome="ok"} 40.0' in counted, "of all, also of the one that died"
    assert len(before) == len(after) == 2 and before - after == {killed}
    assert at_work(told)[1:] == list(after - before), "and that one does the worker's duties, as the one before it"
    assert any("another takes its place" in each["message"] for each in told)
    assert parent.returncode == 0
    assert not any(lives(each) for each in before | after)


async def test_when_the_parent_is_killed_the_others_leave_the_address_free(
    sqlite_url: str, unused_tcp_port: int
) -> None:
    async with several(sqlite_url, unused_tcp_port) as (parent, _, _):
        await until(lambda: len(children(parent)) == 2)
        orphans = children(parent)

        parent.kill()
        await parent.wait()

        await until(lambda: not any(lives(each) for each in orphans))
        with socket.create_server(("127.0.0.1", unused_tcp_port)):
            pass


async def test_a_service_that_cannot_start_says_so_and_ends(sqlite_url: str, unused_tcp_port: int) -> None:
    environment = {**os.environ, "QIBAN_DATABASE_URL": sqlite_url, "QIBAN_FILES_URL": "ftp://nowhere"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "api.cli", "serve", "--workers", "2", "--port", str(unused_tcp_port),
        cwd=ROOT, env=environment, stderr=asyncio.subprocess.PIPE,
    )

    _, complaints = await asyncio.wait_for(process.communicate(), SECONDS)

    assert process.returncode == 1
    assert "QIBAN_FILES_URL" in complaints.decode()


async def test_leaving_is_told_before_it_is_done_and_nobodys_answer_is_lost(
    sqlite_url: str, unused_tcp_port: int
) -> None:
    async with storage.opened(sqlite_url):
        await a_person((await a_world()).zone, "分办员01", Role.DISPATCHER, login="officer01", password=PASSWORD)
    async with several(sqlite_url, unused_tcp_port, QIBAN_DRAIN_SECONDS="2") as (parent, http, _):
        token = (await Client(http).do("signIn", "accessToken", login="officer01", password=PASSWORD))["accessToken"]
        for _ in range(40):  # of several processes those wait that were asked
            await http.get("/ready")
        async with a_stream(http, token) as lines:
            # A password takes an eighth of a second to be checked, more when many are: these are under way.
            slow = [asyncio.create_task(Client(http).do("signIn", "accessToken", login="officer01", password=PASSWORD))
                    for _ in range(4)]
            await asyncio.sleep(0.05)

            parent.terminate()
            await asyncio.sleep(0.3)
            leaving = await http.get("/ready")
            served = await http.post("/graphql", json={"query": "{ __typename }"})
            signed_in = await asyncio.gather(*slow)
            told = "\n".join([line async for line in lines])
        await asyncio.wait_for(parent.wait(), SECONDS)

    assert (leaving.status_code, leaving.json()) == (503, {"status": "leaving"})
    assert served.json() == {"data": {"__typename": "Query"}}
    assert all(each["accessToken"] for each in signed_in)
    assert "STOPPING" in told and "event: complete" in told, "a stream is told to come again"
    assert parent.returncode == 0


@asynccontextmanager
async def a_stream(http: httpx.AsyncClient, token: str) -> AsyncIterator[AsyncIterator[str]]:
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
    asked = {"query": "subscription { casesChanged { kind } }"}
    async with http.stream("POST", "/graphql", json=asked, headers=headers) as stream:
        lines = stream.aiter_lines()
        assert "REFETCH" in await anext(lines) + await anext(lines)
        yield lines
