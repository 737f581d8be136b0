"""Servers in processes of their own, and callers that ask them as fast as they answer."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from itertools import repeat

CONNECTIONS = 8
ROUNDS = 15
SECONDS = 0.4
"""Many short turns: a machine may be twice as fast for some seconds as for the next."""
STARTING_SECONDS = 60
_servers: dict[int, asyncio.subprocess.Process] = {}


@dataclass
class Request:
    """One request, as it goes over the wire."""

    port: int
    path: str
    body: bytes | Iterator[bytes]
    """The same each time, or another."""
    headers: Mapping[str, str]

    def wires(self) -> Iterator[bytes]:
        head = [f"POST {self.path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", "Content-Type: application/json",
                *(f"{name}: {value}" for name, value in self.headers.items())]
        for body in repeat(self.body) if isinstance(self.body, bytes) else self.body:
            yield "\r\n".join([*head, f"Content-Length: {len(body)}", "", ""]).encode() + body


@asynccontextmanager
async def running(command: Sequence[str], database: str, **given: str) -> AsyncIterator[int]:
    """A server started by a command that is given its port last; the value is that port."""
    port = _free_port()
    surroundings = {**os.environ, "QIBAN_DATABASE_URL": database, **given}
    server = await asyncio.create_subprocess_exec(
        *command, str(port), env=surroundings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _servers[port] = server
    try:
        await _answering(server, port)
        yield port
    finally:
        server.terminate()
        await asyncio.wait_for(server.wait(), STARTING_SECONDS)


def service(database: str, **given: str) -> AbstractAsyncContextManager[int]:
    """The service itself, without a worker."""
    serve = [sys.executable, "-m", "api.cli", "serve", "--no-worker", "--no-access-log", "--port"]
    return running(serve, database, **given)


def process(port: int) -> asyncio.subprocess.Process:
    """The server at a port."""
    return _servers[port]


async def asked(request: Request, connections: int = CONNECTIONS) -> None:
    """Everything a request has to ask, by so many connections."""
    wires = request.wires()

    async def asking() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", request.port)
        for wire in wires:
            await _ask(reader, writer, wire)
        writer.close()

    await asyncio.gather(*(asking() for _ in range(connections)))


async def once(request: Request) -> bytes:
    """The body of one answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", request.port)
    try:
        return await _ask(reader, writer, next(request.wires()))
    finally:
        writer.close()


async def compared(*requests: Request, connections: int = CONNECTIONS) -> list[float]:
    """Answers a second to each of several requests, asked in turns so that all meet the same machine."""
    rates: list[list[float]] = [[] for _ in requests]
    for turn in range(ROUNDS + 1):
        for rate, request in zip(rates, requests, strict=True):
            found = await _rate(request, connections, SECONDS)
            rate += [found] if turn else []  # the first turn only warms up
    return [sum(rate) / len(rate) for rate in rates]


async def _rate(request: Request, connections: int, seconds: float) -> float:
    until = time.perf_counter() + seconds
    counts = await asyncio.gather(*(_asking(request, until) for _ in range(connections)))
    return sum(counts) / seconds


async def _asking(request: Request, until: float) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", request.port)
    count = 0
    for wire in request.wires():
        if time.perf_counter() >= until:
            break
        await _ask(reader, writer, wire)
        count += 1
    else:
        raise RuntimeError("there is nothing left to ask")
    writer.close()
    return count


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wire: bytes) -> bytes:
    writer.write(wire)
    head = await reader.readuntil(b"\r\n\r\n")
    status, _, _ = head.partition(b"\r\n")
    length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    body = await reader.readexactly(length)
    if b" 200" not in status or b"\"errors\"" in body[:40]:
        raise RuntimeError(f"{status!r}: {body[:300]!r}")
    return body


async def _answering(server: asyncio.subprocess.Process, port: int) -> None:
    until = time.monotonic() + STARTING_SECONDS
    while time.monotonic() < until and server.returncode is None:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
    raise RuntimeError("the server did not start")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
