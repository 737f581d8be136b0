"""Waiting in a test for what other processes do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any


async def until(held: Callable[[], Awaitable[Any] | object], seconds: float = 60) -> None:
    """Ask again and again until the answer is yes. Raises `TimeoutError` where it never is."""
    async with asyncio.timeout(seconds):
        while True:
            found = held()
            if await found if isinstance(found, Awaitable) else found:
                return
            await asyncio.sleep(0.05)
