"""The page every screen asks for: 50 cases with enterprise, owner, departments, problems and latest entry."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator

import orjson

from bench.data import Office, key
from bench.figures import Figure
from bench.serving import Request, compared, once, running, service
from domain import clock, database
from domain.documents import hash_of
from workflows import documents, sessions

PAGE = """query Board($first: Int!) { cases(first: $first) { nodes { id number title state raisedOn collectedAt
  enterprise { name } owner { name } responsibilities { part department { name } } problems { description state }
  latestEntry { move at } } pageInfo { hasNextPage endCursor } } }"""
ONE = """query One($id: ID!) { case(id: $id) { id number title state raisedOn collectedAt
  enterprise { name } owner { name } responsibilities { part department { name } } problems { description state }
  latestEntry { move at } history { nodes { sequence move at reason actor { name } } } } }"""
MOVES = "query Moves { cases { nodes { id moves { name label allowed reason { code message } } } } }"
WITHOUT = "query Without { cases { nodes { id state } } }"
COUNTS = "query Counts { caseCounts { states { state count } } }"


async def measure(url: str, office: Office, engine: str, size: str) -> AsyncIterator[Figure]:
    zone = str(key(1_000))
    async with database.opened(url):
        token = (await sessions.begin(office.person(0, "dispatcher"), clock.now())).access
        await documents.trust({"Board": PAGE})
    headers = {"Authorization": f"Bearer {token}"}
    hand = running([sys.executable, "-m", "bench.limit"], url)
    async with hand as limit, service(url) as port:
        def ours(document: str, **variables: object) -> Request:
            return Request(port, "/graphql", orjson.dumps({"query": document, "variables": variables}), headers)

        def trusted(document: str, **variables: object) -> Request:
            body = {"documentId": hash_of(document), "variables": variables}
            return Request(port, "/graphql", orjson.dumps(body), headers)

        def theirs(path: str, **given: object) -> Request:
            return Request(limit, path, orjson.dumps({"zone": zone, **given}), {})

        page, bare = ours(PAGE, first=50), theirs("/board", first=50)
        asked, told = orjson.loads(await once(page)), orjson.loads(await once(bare))
        assert len(asked["data"]["cases"]["nodes"]) == len(told["data"]["cases"]["nodes"]) == 50
        wide, plain, both = ours(PAGE, first=200), ours(WITHOUT), ours(MOVES)
        known = trusted(PAGE, first=50)
        assert orjson.loads(await once(known)) == asked
        rate, most, large, by_hash = await compared(page, bare, wide, known)
        yield Figure("board_page", engine, size, rate / most, f"{rate:.0f}/s of {most:.0f}/s")
        yield Figure("board_page_trusted", engine, size, by_hash / most, f"{by_hash:.0f}/s of {most:.0f}/s")
        if office.cases // office.zones >= 200:
            yield Figure("board_page_200", engine, size, rate / large, "times the cost of 50")
        with_moves, without = await compared(both, plain)
        yield Figure("moves_of_50", engine, size, 1000 / with_moves - 1000 / without, "ms beside the page without")
        case = asked["data"]["cases"]["nodes"][0]["id"]
        rate, most = await compared(ours(ONE, id=case), theirs("/detail", case=case.removeprefix("Case_")))
        yield Figure("case_detail", engine, size, rate / most, f"{rate:.0f}/s of {most:.0f}/s")
        rate, most = await compared(ours(COUNTS), theirs("/counts"))
        yield Figure("counts", engine, size, rate / most, f"{rate:.0f}/s of {most:.0f}/s")
