"""What watching costs: memory for every idle subscriber, and how late events come at so many a second.

    python bench/subscriptions.py                       # SQLite, and a PostgreSQL of its own
    python bench/subscriptions.py --engine sqlite --subscribers 200 --events 50 --seconds 5

One server process holds everything: all sockets, and the mutations that cause the events. Prints one line a figure:
name, engine, size, value.
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
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from api.nodes import global_id  # noqa: E402
from domain import clock, database  # noqa: E402
from domain.cases import Case  # noqa: E402
from domain.enterprises import Enterprise  # noqa: E402
from domain.people import Membership, Person, viewer_of  # noqa: E402
from domain.viewers import OPERATOR, Role  # noqa: E402
from domain.zones import Zone  # noqa: E402
from tests import postgres  # noqa: E402
from workflows import sign_in  # noqa: E402
from workflows.perform import changing, create  # noqa: E402
from workflows.timetable import FLOWS  # noqa: E402

BOARD = "subscription { casesChanged { kind entries { at move } case { number title state } } }"
EDIT = "mutation($input: EditCaseInput!) { editCase(input: $input) { refusals { code } } }"
DISPATCHERS, CASES, EXTRA = 10, 50, 10
assert FLOWS


@dataclass
class Office:
    """Tokens of those who hear of every case, of those who hear of none, and the cases that move."""

    busy: list[str]
    idle: list[str]
    cases: list[str]


async def an_office(url: str, subscribers: int) -> Office:
    async with database.opened(url):
        await database.migrate()
        zone = await create(OPERATOR, Zone, "found", code="GL", name="示例高新区")
        dispatchers = await people(zone, Role.DISPATCHER, DISPATCHERS)
        companions = await people(zone, Role.COMPANION, subscribers + 1)
        owner = await viewer_of(companions.pop().id, clock.now())
        enterprise = await create(
            OPERATOR, Enterprise, "create", zone=zone, name="示例企业", synthetic=True,
            companion=await Person.get(id=owner.person_id),
        )
        cases = [
            await create(
                owner, Case, "collect", enterprise=enterprise, title=f"第{n}件", problems=[{"description": "用地"}]
            )
            for n in range(CASES)
        ]
        return Office(await tokens(dispatchers), await tokens(companions), [str(global_id(each)) for each in cases])


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
    program = [sys.executable, "-m", "api.cli", "serve", "--port", str(port)]
    server = subprocess.Popen(
        program, cwd=ROOT, env={**os.environ, "QIBAN_DATABASE_URL": url},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
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


async def edit(port: int, office: Office, rate: int, seconds: int) -> float:
    """So many moves a second, evenly; how many a second it came to."""
    headers = {"Authorization": f"Bearer {office.busy[0]}"}
    async with httpx.AsyncClient(headers=headers, timeout=60) as http:
        started, going = time.perf_counter(), []
        for n in range(rate * seconds):
            await asyncio.sleep(max(0.0, started + n / rate - time.perf_counter()))
            given = {"id": office.cases[n % CASES], "title": f"第{n}次"}
            asked = {"query": EDIT, "variables": {"input": given}}
            going.append(asyncio.create_task(http.post(f"http://127.0.0.1:{port}/graphql", json=asked)))
        for answer in await asyncio.gather(*going):
            assert not answer.json()["data"]["editCase"]["refusals"]
        return len(going) / (time.perf_counter() - started)


async def measure(url: str, engine: str, given: argparse.Namespace) -> None:
    say: Any = lambda name, size, value: print(f"{name:34} {engine:9} {size:>6} {value}", flush=True)  # noqa: E731
    office = await an_office(url, given.subscribers)
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
            for n in range(EXTRA):
                await watch(idle[:100], f"more {n}")
            extra = memory_kb(pid)
            say("idle socket kB", many, f"{(opened - before) / many:.1f}")
            say("idle subscriber on its socket kB", many, f"{(watched - opened) / many:.1f}")
            say("another subscription kB", 100 * EXTRA, f"{(extra - watched) / (100 * EXTRA):.1f}")
            late: list[float] = []
            busy = await sockets_of(stack, port, office.busy)
            await watch(busy)
            listening = [asyncio.create_task(hear(each, late)) for each in busy]
            rate = await edit(port, office, given.events, given.seconds)
            await asyncio.sleep(1)
            for task in listening:
                task.cancel()
            cuts = statistics.quantiles(late, n=100)
            say("events a second", given.events, f"{rate:.0f}")
            told = given.events * given.seconds * len(busy)
            say("events heard of those told", len(busy), f"{len(late) / told:.3f}")
            say("event p50 ms", given.events, f"{cuts[49]:.1f}")
            say("event p99 ms", given.events, f"{cuts[98]:.1f}")


async def main(given: argparse.Namespace) -> None:
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
    asyncio.run(main(asked.parse_args()))
