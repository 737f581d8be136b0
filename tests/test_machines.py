"""Two servers and two workers over one PostgreSQL, any of them killed under load: what was acknowledged is there, once.

QIBAN_SOAK_SECONDS makes it long (`make soak`); QIBAN_SOAK_SEED repeats one order of blows.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.nodes import global_id, key_of
from domain import clock
from domain import database as storage
from domain.cases import Case
from domain.enterprises import Enterprise
from domain.history import Entry
from domain.viewers import Role
from domain.zones import Zone
from tests.replication import SYNCHRONOUS, Node, a_pair, url_of
from tests.test_backups import green
from tests.test_worker import each_once, lapsed
from tests.waiting import until
from tests.world import a_dispatched_case, a_person, a_world
from workflows.founding import bring_up
from workflows.log_keys import create_key
from workflows.seals import seal

ROOT = Path(__file__).parent.parent
SOAK = float(os.environ.get("QIBAN_SOAK_SECONDS", "8"))
SEED = int(os.environ.get("QIBAN_SOAK_SEED", str(random.randrange(10**6))))
CALLERS, BLOWS_APART = 4, 1.5
TIMERS = int(os.environ.get("QIBAN_SOAK_CASES", "10"))
PASSWORD = "走访-visit-2026"
STARTING_SECONDS = 300
CREATE = """mutation($input: CreateCaseInput!) { createCase(input: $input) {
    case { id number } refusals { code } } }"""
EDIT = """mutation($input: EditCaseInput!) { editCase(input: $input) { case { title } refusals { code } } }"""
TITLE = "query($id: ID!) { node(id: $id) { ... on Case { title } } }"
SIGN_IN = """mutation($input: SignInInput!) { signIn(input: $input) { accessToken refusals { code } } }"""
Process = asyncio.subprocess.Process


@dataclass
class Office:
    """Machines that serve and work, and what they have acknowledged: cases by their title, edits by theirs."""

    ports: list[int]
    environment: dict[str, str]
    created: dict[str, str] = field(default_factory=dict)
    edited: dict[str, str] = field(default_factory=dict)
    stale: list[str] = field(default_factory=list)
    processes: dict[str, Process] = field(default_factory=dict)
    over: bool = False

    async def start(self, name: str) -> None:
        kind, _, place = name.partition(" ")
        # One of them is a single process, the other a parent and two.
        command = ["serve", "--workers", str(int(place) + 1), "--no-worker", "--port", str(self.ports[int(place)])]
        self.processes[name] = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "api.cli", *(command if kind == "server" else ["worker"]),
            cwd=ROOT, env=self.environment, stderr=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
        )

    async def ready(self) -> None:
        async with httpx.AsyncClient(timeout=5) as http, asyncio.timeout(STARTING_SECONDS):
            for port in self.ports:
                status = 0
                while status != 200:
                    with suppress(httpx.TransportError):
                        status = (await http.get(f"http://127.0.0.1:{port}/ready")).status_code
                    await asyncio.sleep(0.1)

    async def killed(self, blows: random.Random) -> str:
        """Any process of all that serve and work, the parents included; a parent that died is started again."""
        name = blows.choice(sorted(self.processes))
        parent = self.processes[name]
        family = [parent.pid, *children(parent.pid)]
        victim = blows.choice(family)
        with suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
        if victim == parent.pid:
            await parent.wait()
            await asyncio.sleep(0.3)  # its children leave the address free
            await self.start(name)
        return name

    async def call(self, enterprise: str) -> None:
        """One caller: collect a case, rename it, look; each asked again, by its key, until it is answered."""
        async with httpx.AsyncClient(timeout=10) as http:
            token = ""
            while not self.over:
                title, renamed = f"诉求 {uuid4()}", f"改 {uuid4()}"
                token = token or await self._signed_in(http)
                made = await self._insist(http, token, CREATE, {"enterpriseId": enterprise, "title": title})
                if made is None:
                    return
                case = made["createCase"]["case"]
                self.created[title] = case["id"]
                if await self._insist(http, token, EDIT, {"id": case["id"], "title": renamed}) is None:
                    return
                self.edited[case["id"]] = renamed
                seen = await self._asked(http, token, TITLE, {"id": case["id"]})
                if seen and seen["node"]["title"] != renamed:
                    self.stale.append(renamed)

    async def _signed_in(self, http: httpx.AsyncClient) -> str:
        while True:
            given = {"input": {"login": "officer01", "password": PASSWORD}}
            answer = await self._asked(http, "", SIGN_IN, given)
            if answer and answer["signIn"]["accessToken"]:
                return str(answer["signIn"]["accessToken"])

    async def _insist(self, http: httpx.AsyncClient, token: str, document: str, given: dict[str, str]) -> Any:
        given = {**given, "idempotencyKey": str(uuid4())}
        while True:
            answer = await self._asked(http, token, document, {"input": given})
            if answer is None:
                if self.over:
                    return None  # nobody was told anything
                continue
            refusals = [each["code"] for payload in answer.values() for each in payload["refusals"]]
            if not refusals:
                return answer
            assert refusals == ["CONFLICT"], refusals

    async def _asked(self, http: httpx.AsyncClient, token: str, document: str, variables: Any) -> Any:
        """The data of an answer without errors; None for any other, and for none at all."""
        url = f"http://127.0.0.1:{random.choice(self.ports)}/graphql"
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        with suppress(httpx.TransportError):
            answer = (await http.post(url, json={"query": document, "variables": variables}, headers=headers)).json()
            if "errors" not in answer:
                return answer["data"]
        await asyncio.sleep(0.05)
        return None


@asynccontextmanager
async def an_office(ports: list[int], monkeypatch: pytest.MonkeyPatch, **given: str) -> AsyncIterator[Office]:
    """Two servers and two workers."""
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    office = Office(ports, dict(os.environ))
    names = ["server 0", "server 1", "worker 0", "worker 1"]
    try:
        for name in names:
            await office.start(name)
        await office.ready()
        yield office
    finally:
        for each in office.processes.values():
            if each.returncode is None:
                each.terminate()
        for each in office.processes.values():
            try:
                await asyncio.wait_for(each.wait(), 60)
            except TimeoutError:
                each.kill()


def children(pid: int) -> list[int]:
    with suppress(OSError):
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


async def an_officer() -> None:
    """Someone who signs in, in the zone there is, and the log begun."""
    zone = await Zone.all().first()
    assert zone
    await create_key()
    await a_person(zone, "企业伴员01", Role.COMPANION, Role.DISPATCHER, login="officer01", password=PASSWORD)


async def all_is_there_once(office: Office) -> None:
    """Every acknowledged move, one entry each, in chains that are whole, in a log that is consistent."""
    rows = {case.id: case for case in await Case.all()}
    moves = Counter([(entry.subject_id, entry.move) for entry in await Entry.filter(subject_kind="case")])
    for key in office.created.values():
        case_id = key_of(key, Case, "id")
        assert moves[case_id, "collect"] == 1
        assert moves[case_id, "edit"] <= 1, "an edit that was asked again was made again"
    for key, title in office.edited.items():
        case_id = key_of(key, Case, "id")
        assert moves[case_id, "edit"] == 1 and rows[case_id].title == title
    collected = [case.title for case in rows.values() if case.title.startswith("诉求")]
    assert len(set(collected)) == len(collected), "what was asked again was collected again"
    assert len({case.number for case in rows.values()}) == len(rows)
    assert office.stale == [], "whoever changed something did not find it"
    await seal()
    assert await green()


async def enterprise_id() -> str:
    return str(global_id(await Enterprise.all().get()))


async def test_any_process_may_be_killed_at_any_moment(
    postgres_url: str, log_key: Path, unused_tcp_port_factory: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = [unused_tcp_port_factory(), unused_tcp_port_factory()]
    blows, told = random.Random(SEED), []
    async with storage.opened(postgres_url):
        with clock.stopped(clock.now() - timedelta(days=30)):
            world = await a_world()
            for _ in range(TIMERS):
                await a_dispatched_case(world)  # which the department lets pass
        await an_officer()
        async with an_office(ports, monkeypatch, QIBAN_DATABASE_URL=postgres_url) as office:
            enterprise = await enterprise_id()
            calling = [asyncio.create_task(office.call(enterprise)) for _ in range(CALLERS)]
            end = time.monotonic() + SOAK
            while time.monotonic() < end or len(office.edited) < CALLERS:
                await asyncio.sleep(BLOWS_APART)
                told.append(await office.killed(blows))
            await office.ready()
            office.over = True
            await asyncio.gather(*calling)
            await until(all_fired)

        print(f"seed {SEED}: {len(told)} killed; {len(office.created)} cases, {len(office.edited)} edits acknowledged")
        assert len(office.created) >= 3 and told
        await all_is_there_once(office)
        await each_once(TIMERS)


async def test_a_replica_is_promoted_and_nothing_acknowledged_is_missing(
    log_key: Path, unused_tcp_port_factory: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = [unused_tcp_port_factory(), unused_tcp_port_factory()]
    with a_pair(**SYNCHRONOUS) as (primary, replica):
        await primary.ask("CREATE DATABASE qiban")
        both = url_of("qiban", primary, replica)
        async with storage.opened(url_of("qiban", primary)):
            await bring_up()
            await a_world()
            await an_officer()
            enterprise = await enterprise_id()
        await synchronous(primary)
        given = {"QIBAN_DATABASE_URL": both, "QIBAN_READS_URL": url_of("qiban", replica)}
        async with an_office(ports, monkeypatch, **given) as office:
            calling = [asyncio.create_task(office.call(enterprise)) for _ in range(CALLERS)]
            await until(lambda: len(office.edited) >= CALLERS)
            await asyncio.sleep(SOAK / 2)
            before = len(office.edited)

            primary.kill()
            await replica.ask("SELECT pg_promote()")

            await until(lambda: len(office.edited) >= before + CALLERS)
            await asyncio.sleep(SOAK / 4)
            office.over = True
            await asyncio.gather(*calling)
        print(f"{before} edits acknowledged before, {len(office.edited) - before} after the promotion")
        async with storage.opened(url_of("qiban", replica)):
            assert before >= CALLERS
            await all_is_there_once(office)


async def synchronous(primary: Node) -> None:
    """From here on a commit is answered when the replica has written it down."""
    await primary.ask("ALTER SYSTEM SET synchronous_standby_names = '*'")
    await primary.ask("SELECT pg_reload_conf()")
    await until(lambda: primary.ask("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"))


async def all_fired() -> bool:
    return not await lapsed().filter(fired_at=None).exists()
