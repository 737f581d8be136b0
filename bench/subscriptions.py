"""What watching costs: memory for every idle subscriber, and how late events come at so many a second.

One server process holds every socket; another process makes the moves, as a second server or the worker would. All
subscribers watch a board: SUBSCRIBERS=1000 companions to whom none of the moves is of concern, each signed in on their
own, and WATCHERS=2 dispatchers who hear of every one of EVENTS=100 a second.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from bench import data
from bench.figures import Figure
from bench.serving import process, service
from domain import clock, database
from domain.cases import Case
from domain.enterprises import Enterprise
from domain.people import Membership, Person, viewer_of
from domain.viewers import OPERATOR, Role
from domain.zones import Zone
from workflows import sign_in
from workflows.perform import changing, create, perform
from workflows.timetable import FLOWS

BOARD = "subscription { casesChanged { kind entries { at move } case { number title state } } }"
CASES, MORE, SECONDS = 50, 10, 20
SUBSCRIBERS, EVENTS = int(os.environ.get("SUBSCRIBERS", "1000")), int(os.environ.get("EVENTS", "100"))
WATCHERS = int(os.environ.get("WATCHERS", "2"))
CODE = "WATCHED"
assert FLOWS


@dataclass
class Office:
    """Tokens of those who hear of every case and of those who hear of none."""

    busy: list[str]
    idle: list[str]


async def an_office(url: str) -> Office:
    async with database.opened(url):
        zone = await create(OPERATOR, Zone, "found", code=CODE, name="示例高新区")
        dispatchers = await people(zone, Role.DISPATCHER, WATCHERS)
        companions = await people(zone, Role.COMPANION, SUBSCRIBERS + 1)
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
        cases = await Case.filter(zone__code=CODE)
        owner = await viewer_of(cases[0].owner_id or cases[0].id, clock.now())
        started, going = time.perf_counter(), []
        for n in range(rate * seconds):
            await asyncio.sleep(max(0.0, started + n / rate - time.perf_counter()))
            moved = perform(owner, Case, cases[n % CASES].id, "edit", title=f"第{n}次")
            going.append(asyncio.create_task(moved))
        await asyncio.gather(*going)
        print(len(going) / (time.perf_counter() - started))


async def measure(url: str, _: data.Office, engine: str, size: str) -> AsyncIterator[Figure]:
    office = await an_office(url)
    async with service(url) as port:
        pid = process(port).pid
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
            yield Figure("idle_socket", engine, size, (opened - before) / many, f"kB for each of {many}")
            yield Figure("idle_subscriber", engine, size, (watched - opened) / many, "kB each, beside its socket")
            yield Figure("second_subscription", engine, size, (more - watched) / (100 * MORE), "kB each")
            late: list[float] = []
            busy = await sockets_of(stack, port, office.busy)
            await watch(busy)
            listening = [asyncio.create_task(hear(each, late)) for each in busy]
            used = cpu_seconds(pid)
            writer = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bench.subscriptions", url, stdout=asyncio.subprocess.PIPE
            )
            told, _said = await writer.communicate()
            used = cpu_seconds(pid) - used
            await asyncio.sleep(2)
            for task in listening:
                task.cancel()
            cuts = statistics.quantiles(late, n=100)
            yield Figure("events", engine, size, float(told), "moves a second")
            yield Figure("events_heard", engine, size, len(late) / (EVENTS * SECONDS * len(busy)), "of those told")
            yield Figure("event_p50", engine, size, cuts[49], "ms")
            yield Figure("event_p99", engine, size, cuts[98], "ms")
            yield Figure("server_busy", engine, size, used / SECONDS, "of one core")


def cpu_seconds(pid: int) -> float:
    times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    asyncio.run(write(sys.argv[1], EVENTS, SECONDS))
