"""A move with all it brings: responsibilities signed for by 1, 8 and 32 clients, as a share of the same by hand."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import orjson
from tortoise.connection import get_connection

from bench.data import Office, key, offered
from bench.figures import Figure
from bench.serving import Request, compared, once, running, service
from domain import clock, database
from workflows import sessions

SIGN = """mutation Sign($id: ID!) { signResponsibility(input: {id: $id}) { responsibility { id state }
  refusals { code message } } }"""
WRITTEN = ("entry", "span", "timer", "notice", "responsibility_past", "case_past")
CLIENTS = (1, 8, 32)
OFFERED = 40_000


async def measure(url: str, office: Office, engine: str, size: str) -> AsyncIterator[Figure]:
    liaison = office.person(0, "liaison")
    async with database.opened(url):
        token = (await sessions.begin(liaison, clock.now())).access
        duties = iter([str(each) for each in await offered(url, office, OFFERED)])
        headers = {"Authorization": f"Bearer {token}"}
        hand = running([sys.executable, "-m", "bench.limit"], url)
        async with hand as limit, service(url) as port:
            ours = Request(port, "/graphql", _asked(duties), headers)
            theirs = Request(limit, "/sign", _told(duties, str(key(1_000)), str(liaison)), {})
            by_hand, by_us = await _writes(theirs), await _writes(ours)
            assert by_hand == by_us, (by_hand, by_us)
            for clients in CLIENTS:
                rate, most = await compared(ours, theirs, connections=clients)
                yield Figure(f"move_{clients}", engine, size, rate / most, f"{rate:.0f}/s of {most:.0f}/s")


def _asked(duties: Iterator[str]) -> Iterator[bytes]:
    for duty in duties:
        yield orjson.dumps({"query": SIGN, "variables": {"id": f"Responsibility_{duty}"}})


def _told(duties: Iterator[str], zone: str, actor: str) -> Iterator[bytes]:
    for duty in duties:
        yield orjson.dumps({"zone": zone, "duty": duty, "actor": actor})


async def _writes(request: Request) -> dict[str, Any]:
    """How many rows of which table one move adds."""
    before = await _rows()
    answer = await once(request)
    assert b'"refusals":[]' in answer, answer
    after = await _rows()
    return {table: after[table] - before[table] for table in WRITTEN}


async def _rows() -> dict[str, int]:
    counts = ", ".join(f"(SELECT count(*) FROM {table}) AS {table}" for table in WRITTEN)
    return dict((await get_connection("default").execute_query_dict(f"SELECT {counts}"))[0])
