"""The board's page from PostGraphile over the same rows: a peer that plans its SQL too, without sight or moves.

Needs npm; what it needs beside, the node it is made for too, is installed into its folder at the first run.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import orjson

from bench.board import PAGE
from bench.data import Office, key
from bench.figures import Figure
from bench.serving import Request, compared, once, running, service
from domain import clock, database
from workflows import sessions

FOLDER = Path(__file__).parent / "postgraphile"
LATEST = """CREATE FUNCTION case_latest_entry(asked "case") RETURNS entry LANGUAGE sql STABLE AS
'SELECT * FROM entry WHERE subject_id = asked.id AND sequence = asked.sequence'"""
THEIRS = """query Board($zone: UUID!, $first: Int!) {
  allCases(condition: {zoneId: $zone}, first: $first, orderBy: PRIMARY_KEY_DESC) { nodes {
  id number title state raisedOn collectedAt
  enterpriseByEnterpriseId { name } personByOwnerId { name }
  responsibilitiesByCaseId(first: 50, orderBy: PRIMARY_KEY_ASC) { nodes { part departmentByDepartmentId { name } } }
  problemsByCaseId(first: 50, orderBy: PRIMARY_KEY_ASC) { nodes { description state } }
  latestEntry { move at } } pageInfo { hasNextPage endCursor } } }"""


async def measure(url: str, office: Office, engine: str, size: str) -> AsyncIterator[Figure]:
    if engine != "postgres" or not shutil.which("npm"):
        return
    installing = await asyncio.create_subprocess_exec("npm", "ci", "--silent", cwd=FOLDER)
    assert await installing.wait() == 0
    async with database.opened(url):
        token = (await sessions.begin(office.person(0, "dispatcher"), clock.now())).access
    connection = await asyncpg.connect(url)
    await connection.execute(LATEST)
    try:
        peers = [str(FOLDER / "node_modules/.bin/node"), str(FOLDER / "server.mjs")]
        async with running(peers, url) as peer, service(url) as port:
            page = orjson.dumps({"query": PAGE, "variables": {"first": 50}})
            ours = Request(port, "/graphql", page, {"Authorization": f"Bearer {token}"})
            asked = orjson.dumps({"query": THEIRS, "variables": {"zone": str(key(1_000)), "first": 50}})
            theirs = Request(peer, "/graphql", asked, {"Accept": "application/json"})
            told = orjson.loads(await once(ours))["data"]["cases"]["nodes"]
            found = orjson.loads(await once(theirs))["data"]["allCases"]["nodes"]
            assert [each["number"] for each in told] == [each["number"] for each in found]
            rate, beside = await compared(ours, theirs)
            said = f"times as many: {rate:.0f}/s of {beside:.0f}/s"
            yield Figure("board_page_postgraphile", engine, size, rate / beside, said)
    finally:
        await connection.execute("DROP FUNCTION case_latest_entry")
        await connection.close()
