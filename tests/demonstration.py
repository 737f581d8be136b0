"""The demonstration as loaded, once on each engine for all the tests that only look at it."""

from __future__ import annotations

from dataclasses import dataclass

from domain import database as storage
from workflows import demo


@dataclass
class Loaded:
    """A database with the demonstration in it, which several tests look at."""

    url: str
    accounts: list[demo.DemoAccount]
    progress: list[tuple[int, int]]


async def a_load(url: str) -> Loaded:
    progress: list[tuple[int, int]] = []
    async with storage.opened(url):
        accounts = await demo.load(lambda done, total: progress.append((done, total)))
    return Loaded(url, accounts, progress)
