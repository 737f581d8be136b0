"""The register searched: cases whose title or description holds a text, newest first, with their enterprise."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator

import orjson

from bench.data import Office, key
from bench.figures import Figure
from bench.serving import Request, compared, once, running, service
from domain import clock, database
from workflows import sessions

REGISTER = """query Register($text: String!) { cases(first: 50, filter: {text: $text}) { nodes { id number title state
  enterprise { name } } pageInfo { hasNextPage endCursor } } }"""
TEXT = "第99"


async def measure(url: str, office: Office, engine: str, size: str) -> AsyncIterator[Figure]:
    async with database.opened(url):
        token = (await sessions.begin(office.person(0, "dispatcher"), clock.now())).access
    async with running([sys.executable, "-m", "bench.limit"], url) as limit, service(url) as port:
        body = orjson.dumps({"query": REGISTER, "variables": {"text": TEXT}})
        ours = Request(port, "/graphql", body, {"Authorization": f"Bearer {token}"})
        theirs = Request(limit, "/register", orjson.dumps({"zone": str(key(1_000)), "text": TEXT}), {})
        found, told = orjson.loads(await once(ours)), orjson.loads(await once(theirs))
        assert len(found["data"]["cases"]["nodes"]) == len(told["data"]["cases"]["nodes"]) > 0
        rate, most = await compared(ours, theirs)
        yield Figure("register", engine, size, rate / most, f"{rate:.0f}/s of {most:.0f}/s")
