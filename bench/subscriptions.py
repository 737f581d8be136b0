"""What watching costs: memory for every idle subscriber, and how late events come at so many a second.

    python -m bench.subscriptions
    python -m bench.subscriptions --engine sqlite --subscribers 200 --events 50 --seconds 5

One server process holds every socket; another process makes the moves, as a second server or the worker would. All
subscribers watch a board: a thousand companions to whom none of the moves is of concern, each signed in on their own,
and a few dispatchers who hear of every one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from bench.figures import Figure
from domain import clock, database
from domain.cases import Case
from domain.enterprises import Enterprise
from domain.people import Membership, Person, viewer_of
from domain.viewers import OPERATOR, Role
from domain.zones import Zone
from tests import postgres
from workflows import sign_in
from workflows.perform import changing, create, perform
from workflows.timetable import FLOWS

BOARD = "subscription { casesChanged { kind entries { at move } case { number title state } } }"
CASES, MORE = 50, 10
assert FLOWS


@dataclass
class Office:
    """Tokens of those who hear of every case and of those who hear of none."""

    busy: list[str]
    idle: list[str]


async def an_office(url: str, subscribers: int, watchers: int) -> Office:
    async with database.opened(url):
        await database.migrate()
        zone = await create(OPERATOR, Zone, "found", code="GL", name="示例高新区")
        dispatchers = await people(zone, Role.DISPATCHER, watchers)
        companions = await people(zone, Role.COMPANION, subscribers + 1)
        owner = await viewer_of(companions.pop().id, clock.now())
        enterprise = await create(
            OPERATOR, Enterprise, "create", zone=zone, name="示例企业", synthetic=True,
            companion=await Person.get(id=owner.person_id),
        )
        for n in range(CASES):
            await create(
                owner, Case, "collect", enterprise=enterprise, title=f"第{n}件", problems=[{"description": "用地"}]
            )
        return Office(await tokens(dispatchers), await tokens(companions))


async def people(zone: Zone, role: Role, many: int) -> list[Person]:
    made = []
    for start in range(0, many, 100):
        async with changing(OPERATOR):
            for n in range(start, min(start + 100, many)):
                person = await create(OPERATOR, Person, "create", zone=zone, name=f"{role.zh}{n:04}")
                await create(OPERATOR, Membership, "grant", within=person, role=role, zone=zone)
                made.append(person)
    return made


async def tokens(persons: Sequence[Person]) -> list[str]:
    return [(await sign_in.begin(each.id, clock.now())).access for each in persons]


@contextmanager
def a_server(url: str) -> Iterator[tuple[int, int]]:
    """Its process and its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program = [sys.executable, "-m", "api.cli", "serve", "--no-worker", "--port", str(port)]
    server = subprocess.Popen(
        program, env={**os.environ, "QIBAN_DATABASE_URL": url}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    try:
        while server.poll() is None:
            try:
                httpx.get(f"http://127.0.0.1:{port}/health").raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield server.pid, port
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)


def memory_kb(pid: int) -> int:
    """What is the process's alone."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))


@asynccontextmanager
async def a_socket(port: int, token: str) -> AsyncIterator[ClientConnection]:
    address = f"ws://127.0.0.1:{port}/graphql"
    protocol = [Subprotocol("graphql-transport-ws")]
    async with connect(address, subprotocols=protocol, compression=None, ping_interval=None) as opened:
        await opened.send(json.dumps({"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"}}))
        assert json.loads(await opened.recv())["type"] == "connection_ack"
        yield opened


async def watch(sockets: Sequence[ClientConnection], key: str = "1") -> None:
    for each in sockets:
        await each.send(json.dumps({"type": "subscribe", "id": key, "payload": {"query": BOARD}}))
        assert json.loads(await each.recv())["type"] == "next"


async def sockets_of(stack: AsyncExitStack, port: int, who: Sequence[str]) -> list[ClientConnection]:
    return [await stack.enter_async_context(a_socket(port, each)) for each in who]


async def hear(watching: ClientConnection, late: list[float]) -> None:
    """How late every event comes after the instant its move bears, in milliseconds."""
    async for message in watching:
        told = json.loads(message)["payload"]["data"]["casesChanged"]
        late += [(time.time() - datetime.fromisoformat(each["at"]).timestamp()) * 1_000 for each in told["entries"]]


async def write(url: str, rate: int, seconds: int) -> None:
    """So many moves a second, evenly; says how many a second it came to."""
    async with database.opened(url):
        cases = await Case.all()
        owner = await viewer_of(cases[0].owner_id or cases[0].id, clock.now())
        started, going = time.perf_counter(), []
        for n in range(rate * seconds):
            await asyncio.sleep(max(0.0, started + n / rate - time.perf_counter()))
            moved = perform(owner, Case, cases[n % CASES].id, "edit", title=f"第{n}次")
            going.append(asyncio.create_task(moved))
        await asyncio.gather(*going)
        print(len(going) / (time.perf_counter() - started))


async def measure(url: str, engine: str, given: argparse.Namespace) -> None:
    def say(name: str, size: int, value: float, unit: str) -> None:
        print(Figure(name, engine, str(size), value, unit), flush=True)

    office = await an_office(url, given.subscribers, given.watchers)
    with a_server(url) as (pid, port):
        async with AsyncExitStack() as warm:
            await watch(await sockets_of(warm, port, office.idle[:100]))
        await asyncio.sleep(1)
        async with AsyncExitStack() as stack:
            many, before = len(office.idle), memory_kb(pid)
            idle = await sockets_of(stack, port, office.idle)
            opened = memory_kb(pid)
            await watch(idle)
            watched = memory_kb(pid)
            for n in range(MORE):
                await watch(idle[:100], f"more {n}")
            more = memory_kb(pid)
            say("idle-socket", many, (opened - before) / many, "kB each")
            say("idle-subscriber", many, (watched - opened) / many, "kB each, beside its socket")
            say("second-subscription", 100 * MORE, (more - watched) / (100 * MORE), "kB each")
            late: list[float] = []
            busy = await sockets_of(stack, port, office.busy)
            await watch(busy)
            listening = [asyncio.create_task(hear(each, late)) for each in busy]
            writing = [sys.executable, "-m", "bench.subscriptions", "--write", url]
            writing += ["--events", str(given.events), "--seconds", str(given.seconds)]
            used = cpu_seconds(pid)
            writer = await asyncio.create_subprocess_exec(*writing, stdout=asyncio.subprocess.PIPE)
            told, _ = await writer.communicate()
            used = cpu_seconds(pid) - used
            await asyncio.sleep(2)
            for task in listening:
                task.cancel()
            cuts = statistics.quantiles(late, n=100)
            say("events", given.events, float(told), "a second")
            say("events-heard", len(busy), len(late) / (given.events * given.seconds * len(busy)), "of those told")
            say("event-p50", given.events, cuts[49], "ms")
            say("event-p99", given.events, cuts[98], "ms")
            say("server-busy", given.events, used / given.seconds, "of one core")


def cpu_seconds(pid: int) -> float:
    times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")


async def main(given: argparse.Namespace) -> None:
    if given.write:
        await write(given.write, given.events, given.seconds)
        return
    with tempfile.TemporaryDirectory() as folder:
        os.environ["QIBAN_SECRET_FILE"] = f"{folder}/secret"
        if given.engine in (None, "sqlite"):
            await measure(f"sqlite://{folder}/qiban.sqlite3", "sqlite", given)
        if given.engine in (None, "postgres"):
            with postgres.running() as server:
                async with postgres.created(server) as url:
                    await measure(url, "postgres", given)


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--engine", choices=["sqlite", "postgres"])
    asked.add_argument("--subscribers", type=int, default=1_000)
    asked.add_argument("--events", type=int, default=100, help="a second")
    asked.add_argument("--seconds", type=int, default=20)
    asked.add_argument("--watchers", type=int, default=2, help="who hear of every event")
    asked.add_argument("--write", help=argparse.SUPPRESS)
    asyncio.run(main(asked.parse_args()))
