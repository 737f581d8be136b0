"""A process that works off the outbox once, and may not live to note it: see tests/test_webhooks.py."""

from __future__ import annotations

import asyncio
import sys

from domain import database
from workflows.deliveries import deliver_due
from workflows.timetable import FLOWS as FLOWS


async def deliver(url: str) -> None:
    async with database.opened(url):
        await deliver_due()


if __name__ == "__main__":
    asyncio.run(deliver(sys.argv[1]))
