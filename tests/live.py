"""A real server on loopback, and callers that watch it over WebSocket and SSE, in a test."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from api import streams
from api.app import application
from api.server import Server, server
from domain import clock
from domain.people import Person
from workflows import sign_in
from workflows.announce import announcing
from workflows.parties import routing

SECONDS = 10
EVENT = "{ kind caseId entries { move label } case { title state owner { name } } }"
BOARD = f"subscription($filter: CaseFilter) {{ casesChanged(filter: $filter) {EVENT} }}"
TASKS = f"subscription {{ myTasks {EVENT} }}"
ONE = f"subscription($id: ID!) {{ caseChanged(id: $id) {EVENT} }}"


Told = tuple[str, Any]
"""An event over SSE: its name and its data."""


@dataclass
class Live:
    """A server under test: where it listens, and the server itself."""

    port: int
    server: Server

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/graphql"


@asynccontextmanager
async def serving(url: str) -> AsyncIterator[Live]:
    """The application on a port of its own, over the database a test has open."""
    listening = socket.create_server(("127.0.0.1", 0))
    made = server(application(), lifespan="off", log_level="warning", access_log=False)
    made.capture_signals = nullcontext  # type: ignore[method-assign, assignment]
    async with announcing(url), streams.checking(), routing():
        task = asyncio.create_task(made.serve([listening]))
        try:
            yield Live(listening.getsockname()[1], made)
        finally:
            made.should_exit = True
            await task


async def token_of(person: Person) -> str:
    return (await sign_in.begin(person.id, clock.now())).access


@dataclass
class Watcher:
    """One who watches over a socket; `closed` is the code and the reason it was closed with."""

    socket: ClientConnection
    operations: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)

    async def say(self, **message: Any) -> None:
        await self.socket.send(json.dumps(message))

    async def hear(self) -> dict[str, Any]:
        async with asyncio.timeout(SECONDS):
            message: dict[str, Any] = json.loads(await self.socket.recv())
            return message

    async def subscribe(self, query: str, **variables: Any) -> str:
        self.operations += 1
        key = str(self.operations)
        await self.say(type="subscribe", id=key, payload={"query": query, "variables": variables})
        return key

    async def watch(self, query: str, **variables: Any) -> dict[str, Any]:
        """Subscribe and wait until watching has begun; the first event."""
        await self.subscribe(query, **variables)
        return await self.event()

    async def event(self) -> dict[str, Any]:
        """The next event, which must come without errors."""
        message = await self.hear()
        assert message["type"] == "next", message
        assert "errors" not in message["payload"], message
        (event,) = message["payload"]["data"].values()
        found: dict[str, Any] = event
        return found

    async def nothing(self, seconds: float = 0.7) -> bool:
        """Whether nothing comes for a while: longer than another process's change takes to be read."""
        try:
            async with asyncio.timeout(seconds):
                await self.socket.recv()
        except TimeoutError:
            return True
        return False

    async def closed(self) -> tuple[int, str]:
        async with asyncio.timeout(SECONDS):
            try:
                while True:
                    self.errors += json.loads(await self.socket.recv()).get("payload", {}).get("errors", [])
            except ConnectionClosed as closed:
                assert closed.rcvd
                return closed.rcvd.code, closed.rcvd.reason


@asynccontextmanager
async def connected(live: Live, payload: dict[str, Any] | None = None, **options: Any) -> AsyncIterator[Watcher]:
    """A socket that has said who it is, and was let in."""
    async with opened(live, **options) as watcher:
        await watcher.say(type="connection_init", payload=payload or {})
        assert await watcher.hear() == {"type": "connection_ack"}
        yield watcher


@asynccontextmanager
async def opened(live: Live, protocol: str = "graphql-transport-ws", **options: Any) -> AsyncIterator[Watcher]:
    address = live.url.replace("http", "ws")
    async with connect(address, subprotocols=[Subprotocol(protocol)], compression=None, **options) as open_socket:
        yield Watcher(open_socket)


@asynccontextmanager
async def watching(live: Live, person: Person, query: str, **variables: Any) -> AsyncIterator[Watcher]:
    """Someone who watches, from the first event on."""
    payload = {"Authorization": f"Bearer {await token_of(person)}", "Accept-Language": "en"}
    async with connected(live, payload) as watcher:
        first = await watcher.watch(query, **variables)
        assert first["kind"] == "REFETCH"
        yield watcher


@asynccontextmanager
async def stream_of(live: Live, token: str, query: str, **variables: Any) -> AsyncIterator[AsyncIterator[Told]]:
    """The events of a subscription over SSE: name and data."""
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream", "Accept-Language": "en"}
    async with (
        httpx.AsyncClient(timeout=SECONDS) as http,
        http.stream("POST", live.url, json={"query": query, "variables": variables}, headers=headers) as response,
    ):
        assert response.headers["content-type"].startswith("text/event-stream")
        yield _events(response)


async def _events(response: httpx.Response) -> AsyncIterator[Told]:
    name = ""
    async for line in response.aiter_lines():
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field in ("data", "data:"):
            yield name, json.loads(value) if value else None
