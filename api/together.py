"""What several want at the same time is made once, for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

V = TypeVar("V")
_being_made: dict[Hashable, asyncio.Task[Any]] = {}


async def together(key: Hashable, make: Callable[[], Awaitable[V]]) -> V:
    """What `make` gives; from whoever is making it under this key already. Not for use within a transaction, which the
    task would keep."""
    task = _being_made.get(key)
    if task is None:
        task = _being_made[key] = asyncio.create_task(_made(make))
        task.add_done_callback(lambda _: _being_made.pop(key, None))
    found: V = await asyncio.shield(task)
    return found


async def _made(make: Callable[[], Awaitable[V]]) -> V:
    return await make()
