"""A process that collects and submits cases, saying each once it is done, until it is killed: see test_races.py."""

from __future__ import annotations

import asyncio
import sys
from uuid import UUID

from domain import clock, database
from domain.cases import Case
from domain.enterprises import Enterprise
from domain.people import viewer_of
from workflows.perform import create, perform
from workflows.timetable import FLOWS as FLOWS


async def write(url: str, person_id: UUID) -> None:
    async with database.opened(url):
        owner = await viewer_of(person_id, clock.now())
        enterprise = await Enterprise.get(companion_id=person_id)
        while True:
            case = await create(
                owner, Case, "collect", enterprise=enterprise, title="用地", problems=[{"description": "用地"}]
            )
            await perform(owner, Case, case.id, "submit")
            print(case.number, flush=True)


if __name__ == "__main__":
    asyncio.run(write(sys.argv[1], UUID(sys.argv[2])))
