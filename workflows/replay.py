"""The conformance replay: every history is folded through the flows, and what it comes to compared with the rows.

A batch of histories is read in one snapshot and then forgotten, so that it may run beside the service and over any
number of cases; several processes share them out. What is found names the entry where it began.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from multiprocessing import get_context
from typing import Any
from uuid import UUID

from domain import database
from domain.raw import Asked
from domain.records import subjects
from domain.snapshots import snapshot
from workflows.batches import AT_ONCE, Stretch, read
from workflows.changes import subject_model
from workflows.conformance import Difference, Wrong
from workflows.timetable import FLOWS

SHARE = 1_000
"""Histories that a process takes at a time."""
MOST_STRAY = 1_000
Progress = Callable[[int, int], None]


@dataclass
class Replayed:
    """How much was replayed."""

    histories: int = 0
    entries: int = 0


async def replay(
    zones: Collection[UUID] | None = None, since: datetime | None = None, *, jobs: int = 1,
    replayed: Replayed | None = None, progress: Progress = lambda done, total: None,
) -> AsyncIterator[Difference]:
    """Every difference in the histories of some zones, or of all; `since` leaves out those unchanged since then. With
    more `jobs` than one as many processes share them, if there are many; they open the database by its setting."""
    replayed = replayed or Replayed()
    kinds = [Stretch(model, zones=zones, since=since) for model in subjects()]
    total = sum([await each.count() for each in kinds])
    found = _alone(kinds) if jobs == 1 or total <= SHARE else _shared_out(kinds, jobs)
    async for histories, entries, differences in found:
        for difference in differences:
            yield difference
        replayed.histories += histories
        replayed.entries += entries
        progress(replayed.histories, max(total, replayed.histories))
    if since is None:
        async for difference in _strays(zones):
            yield difference


Part = tuple[int, int, list[Difference]]
"""How many histories and entries, and what was found in them."""


async def _alone(stretches: Collection[Stretch]) -> AsyncIterator[Part]:
    for stretch in stretches:
        async for each in _cut(stretch, AT_ONCE):
            yield await _part(each)


async def _shared_out(kinds: Collection[Stretch], jobs: int) -> AsyncIterator[Part]:
    """In the order of the histories, each process a little ahead of what is told."""
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        waiting: deque[asyncio.Future[Part]] = deque()
        try:
            for kind in kinds:
                async for share in _cut(kind, SHARE):
                    waiting.append(asyncio.wrap_future(pool.submit(_in_a_process, share)))
                    if len(waiting) > 2 * jobs:
                        yield await waiting.popleft()
            while waiting:
                yield await waiting.popleft()
        finally:
            pool.shutdown(cancel_futures=True)


def _in_a_process(share: Stretch) -> Part:
    return asyncio.run(_replay_share(share))


async def _replay_share(share: Stretch) -> Part:
    histories, entries, differences = 0, 0, list[Difference]()
    async with database.opened():
        async for part in _alone([share]):
            histories, entries = histories + part[0], entries + part[1]
            differences += part[2]
    return histories, entries, differences


async def _part(stretch: Stretch) -> Part:
    async with snapshot():
        batch = await read(stretch)
    differences = [each for history in batch.histories() for each in history.differences()]
    return len(batch.subjects), sum(map(len, batch.entries.values())), differences


async def _cut(stretch: Stretch, size: int) -> AsyncIterator[Stretch]:
    """A stretch in pieces of so many rows; the last has no end but that of the whole."""
    after = stretch.after
    while end := await replace(stretch, after=after).keys(1, but=size - 1):
        yield replace(stretch, after=after, upto=end[0])
        after = end[0]
    yield replace(stretch, after=after)


async def _strays(zones: Collection[UUID] | None) -> AsyncIterator[Difference]:
    """What belongs to no history at all: rows, states, stays and timers of a subject that has none, and entries of
    subjects of no kind."""
    every = tuple(model.kind() for model in subjects())
    tables: list[tuple[str, str, str, Sequence[str]]] = [(each, "subject_id", "", every) for each in ("span", "timer")]
    for model in FLOWS:
        if model.subject:
            above = [subject_model(model).kind()]
            tables += [(f"{model.kind()}{past}", f"{model.subject}_id", model.kind(), above) for past in ("", "_past")]
    for table, column, kind, kinds in tables:
        told = f'SELECT 1 FROM entry e WHERE e.subject_id = t."{column}" AND e.subject_kind IN {_listed(kinds)}'
        for row in await _stray(table, f"NOT EXISTS ({told})", zones):
            key = kind or row["record_kind"], str(row["id"])
            yield Difference(Wrong.UNTOLD, (table, str(row[column])), key)
    for row in await _stray("entry", f"subject_kind NOT IN {_listed(every)}", zones):
        key = row["subject_kind"], str(row["subject_id"])
        yield Difference(Wrong.MOVE, key, (row["record_kind"], str(row["record_id"])), row["sequence"], row["move"])


async def _stray(table: str, where: str, zones: Collection[UUID] | None) -> list[dict[str, Any]]:
    asked = Asked()
    ways = [where, *([asked.among("zone_id", zones)] if zones is not None else [])]
    found: list[dict[str, Any]] = await database.reads().execute_query_dict(
        f'SELECT * FROM "{table}" t WHERE {" AND ".join(ways)} LIMIT {MOST_STRAY}', asked.values
    )
    return found


def _listed(kinds: Sequence[str]) -> str:
    return "({})".format(", ".join(f"'{kind}'" for kind in kinds))
