"""`make bench`: ONLY=board,… chooses what is measured, SIZES=1k,100k,1m how many cases, ENGINES=postgres,sqlite."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from bench import as_of, board, data, imports, moves, plans, postgraphile, process, register, subscriptions
from domain import database
from tests import postgres
from workflows.founding import bring_up

SIZES = {"1k": 1_000, "10k": 10_000, "100k": 100_000, "1m": 1_000_000}
ON = {"postgres": ("1k", "100k", "1m"), "sqlite": ("100k",)}
# Those in a group share one database: what is asked of the past and what changes things do not.
GROUPS = ((board, postgraphile, register, plans, process), (moves, imports), (subscriptions,), (as_of,))
NAMES = {each.__name__.removeprefix("bench."): each for group in GROUPS for each in group}


async def main() -> None:
    chosen = [NAMES[each] for each in _chosen("ONLY", ",".join(NAMES))]
    for engine in _chosen("ENGINES", "postgres,sqlite"):
        for size in _chosen("SIZES", ",".join(ON[engine])):
            for group in GROUPS:
                if together := [each for each in group if each in chosen]:
                    async with filled(engine, SIZES[size]) as (url, office):
                        for bench in together:
                            async for figure in bench.measure(url, office, engine, size):
                                print(figure, flush=True)


@asynccontextmanager
async def filled(engine: str, cases: int) -> AsyncIterator[tuple[str, data.Office]]:
    with tempfile.TemporaryDirectory(prefix="qiban-bench-") as folder, _server(engine, Path(folder)) as url:
        async with database.opened(url):
            await bring_up()
        yield url, await data.fill(url, cases)


@contextmanager
def _server(engine: str, folder: Path) -> Iterator[str]:
    if engine == "sqlite":
        yield f"sqlite://{folder / 'qiban.sqlite3'}"
    else:
        with postgres.running(postgres.DURABLE) as url:
            yield url


def _chosen(name: str, otherwise: str) -> list[str]:
    return [each for each in os.environ.get(name, otherwise).split(",") if each]


if __name__ == "__main__":
    asyncio.run(main())
