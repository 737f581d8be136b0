"""What a process costs: how soon it answers, the memory it takes, and whether that grows with what it is asked."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from itertools import islice, repeat
from pathlib import Path

import orjson

from bench.board import MOVES, ONE, PAGE
from bench.data import Office
from bench.figures import Figure
from bench.serving import Request, asked, once, process, service
from domain import clock, database
from workflows import sessions

REQUESTS = int(os.environ.get("REQUESTS", "100000"))


async def measure(url: str, office: Office, engine: str, size: str) -> AsyncIterator[Figure]:
    async with database.opened(url):
        token = (await sessions.begin(office.person(0, "dispatcher"), clock.now())).access
    headers = {"Authorization": f"Bearer {token}"}
    seconds = []
    for _ in range(3):
        begun = time.perf_counter()
        async with service(url):
            seconds.append(time.perf_counter() - begun)
    yield Figure("start", engine, size, sorted(seconds)[1], "seconds until it answers")
    async with service(url) as port:
        def body(document: str, **variables: object) -> bytes:
            return orjson.dumps({"query": document, "variables": variables})

        first = Request(port, "/graphql", body(PAGE, first=50), headers)
        case = orjson.loads(await once(first))["data"]["cases"]["nodes"][0]["id"]
        bodies = [body(PAGE, first=50), body(MOVES), body(ONE, id=case)]
        yield Figure("memory", engine, size, _megabytes(port), "MB after the first request")
        sizes = []
        for part in (REQUESTS // 10, REQUESTS - REQUESTS // 10):
            wanted = islice((each for _ in repeat(None) for each in bodies), part)
            await asked(Request(port, "/graphql", wanted, headers))
            sizes.append(_megabytes(port))
        before, after = sizes
        yield Figure(
            "memory_growth", engine, size, after / before, f"{before:.0f} MB after {REQUESTS // 10} requests, "
            f"{after:.0f} MB after {REQUESTS}",
        )


def _megabytes(port: int) -> float:
    status = Path(f"/proc/{process(port).pid}/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))
