"""The board, one of its columns, its counts and one case: now, and as they were halfway through the years made up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import orjson
from tortoise.connection import get_connection

from bench.data import Office
from bench.figures import Figure
from bench.serving import Request, compared, once, service
from domain import clock, database, past
from domain.cases import Case
from domain.problems import Problem
from domain.responsibilities import Responsibility
from workflows import sessions

ROW = """id number title state raisedOn collectedAt enterprise { name } owner { name } problems { description state }
  responsibilities { part department { name } } latestEntry { move at }"""
ASKED = {
    "as_of_page": "query($first: Int!) { cases(first: $first %s) { nodes { ROW } pageInfo { endCursor } } }",
    "as_of_column": "query($first: Int!) { cases(first: $first, filter: {stage: [HANDLE]} %s) { nodes { ROW } } }",
    "as_of_counts": "{ caseCounts(filter: {} %s) { states { state count } } }",
    "as_of_case": "query($id: ID!) { case(id: $id %s) { ROW history { nodes { sequence move at reason } } } }",
}
DAYS = 12
"""That a case takes: in data made in bulk every row has always been what it is."""
STATES = {Case: 12, Problem: 3, Responsibility: 4}
"""That a row of each kind was in meanwhile."""


async def measure(url: str, office: Office, engine: str, size: str) -> AsyncIterator[Figure]:
    async with database.opened(url):
        first, last = [
            (await Case.all().order_by(order).first().values("collected_at"))["collected_at"] for order in ("id", "-id")
        ]
        middle: datetime = first + (last - first) / 2
        await give_a_past(middle)
        token = (await sessions.begin(office.person(0, "dispatcher"), clock.now())).access
    async with service(url) as port:
        def asked(name: str, at: str, **variables: object) -> Request:
            query = ASKED[name].replace("ROW", ROW) % at
            body = orjson.dumps({"query": query, "variables": variables})
            return Request(port, "/graphql", body, {"Authorization": f"Bearer {token}"})

        then = f', asOf: "{middle.isoformat()}"'
        page = orjson.loads(await once(asked("as_of_page", then, first=50)))["data"]["cases"]["nodes"]
        assert len(page) == 50, page
        for name in ASKED:
            given: dict[str, object] = {"id": page[0]["id"]} if "$id" in ASKED[name] else {}
            given |= {"first": 50} if "$first" in ASKED[name] else {}
            now, back = await compared(asked(name, "", **given), asked(name, then, **given))
            yield Figure(name, engine, size, now / back, f"times the cost of now ({now:.0f}/s and {back:.0f}/s)")


async def give_a_past(middle: datetime) -> None:
    """Every case and what belongs to it as it was from day to day, since it was collected; of a million, those
    collected near the instant that is asked for, since only these are read."""
    sqlite = database.engine() == "sqlite"
    near = timedelta(days=2 * DAYS)
    since_then, until_then = middle - near, middle + near
    connection = get_connection("default")
    for model, states_of_each in STATES.items():
        days = f"WITH RECURSIVE days(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM days WHERE n < {states_of_each - 1})"
        table, of_case = model.kind(), "id" if model is Case else "case_id"
        if sqlite:
            await connection.execute_script(f'DROP TRIGGER "{table}_keep_past"')
            at = "strftime('%Y-%m-%d %H:%M:%f000+00:00', c.collected_at, '+' || ({}) || ' days')"
            second = "CAST(strftime('%s', {}) AS INTEGER)"
        else:
            await connection.execute_script(f'ALTER TABLE "{table}" DISABLE TRIGGER USER')
            at = "c.collected_at + ({}) * interval '1 day'"
            second = "floor(extract(epoch FROM {}))::bigint"
        since, until = (at.format(f"{each} * {DAYS // states_of_each}") for each in ("n", "(n + 1)"))
        names = [f'"{name}"' for name in model.columns() if name not in ("changed_at", "state")]
        state = "CASE WHEN n < 2 THEN 'collected' WHEN n < 5 THEN 'assigning' ELSE 'handling' END"
        states = state if model is Case else "t.state"
        fork = past.fork(second.format(since), second.format(until))
        columns, read = ", ".join(names), ", ".join(f"t.{name}" for name in names)
        await connection.execute_script(
            f'INSERT INTO "{table}_past" ({columns}, state, changed_at, replaced_at, fork) {days} '
            f'SELECT {read}, {states}, {since}, {until}, {fork} '
            f'FROM days, "{table}" t JOIN "case" c ON c.id = t.{of_case} '
            f"WHERE c.collected_at BETWEEN '{since_then.isoformat(' ')}' AND '{until_then.isoformat(' ')}'"
        )
        await connection.execute_script(
            f'UPDATE "{table}" SET changed_at = {at.format(DAYS)} FROM "case" c WHERE c.id = "{table}".{of_case}'
        )
    await connection.execute_script("ANALYZE" if sqlite else "VACUUM ANALYZE")
