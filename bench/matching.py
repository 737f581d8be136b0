"""The service finds the enterprise, among 33,000 (QT-03): `python -m bench.matching`, ENGINES=postgres,sqlite.

Milliseconds for a page of fifty that many meet, one that few do, the counts of all, and one enterprise's own matches.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from tortoise.connection import get_connection
from tortoise.expressions import Q

from bench.__main__ import _chosen, _server
from bench.figures import Figure
from domain import database, quotes
from domain.applications import Application, ApplicationState
from domain.eligibility import Standing
from domain.enterprises import Enterprise
from domain.facts import FactStatus
from domain.kinds import Level, RecognitionKind
from domain.known import OWN
from domain.policies import Benefit
from domain.recognitions import Recognition, RecognitionState
from domain.records import new_id
from domain.viewers import OPERATOR
from domain.zones import Zone
from tests.policy_texts import a_benefit, a_campaign, a_policy
from tests.world import a_zone
from workflows.founding import bring_up

FIRMS, RUNS, ON = 33_000, 5, date(2024, 1, 1)
AT = datetime(2023, 12, 1, tzinfo=UTC)
HNTE = RecognitionKind.HIGH_TECH


async def fill() -> Zone:
    """Every third firm above scale, every second recognised, every tenth applied; one in a thousand is a gazelle."""
    zone = await a_zone("QT")
    campaign = await a_campaign(zone)
    common: dict[str, Any] = {"zone_id": zone.id, "created_at": AT, "changed_at": AT}
    firms = [
        Enterprise(id=new_id(), name=f"示例企业·钱塘·{n:05}", above_scale=n % 3 == 0, synthetic=True, **common)
        for n in range(FIRMS)
    ]
    held = [(firm, HNTE) for firm in firms[::2]] + [(firm, RecognitionKind.GAZELLE) for firm in firms[::1000]]
    recognitions = [
        Recognition(
            id=new_id(), enterprise_id=firm.id, recognised_as=kind, level=Level.CITY, recognised_on=date(2023, 1, 1),
            valid_from=date(2023, 1, 1), state=RecognitionState.VALID, status=FactStatus.REPORTED, **common,
        )
        for firm, kind in held
    ]
    applications = [
        Application(
            id=new_id(), enterprise_id=firm.id, campaign_id=campaign.id, state=ApplicationState.SUBMITTED,
            first_time=True, submitted_on=date(2023, 8, 1), status=FactStatus.REPORTED, **common,
        )
        for firm in firms[::10]
    ]
    every: list[tuple[Any, list[Any]]] = [
        (Enterprise, firms), (Recognition, recognitions), (Application, applications)
    ]
    for kind, rows in every:
        await kind.bulk_create(rows, batch_size=1_000)
    await a_policy(
        zone,
        a_benefit("many", {"fixed": "1"}, {"recognition": "high_tech"}, {"enterprise": "above_scale", "is": True}),
        a_benefit("few", {"fixed": "1"}, {"recognition": "gazelle"}, {"application": "high_tech", "year": 2023}),
    )
    return zone


async def measure(engine: str) -> None:
    benefits = await quotes.benefits_on(OPERATOR, ON, Q())
    rows: Any = Enterprise.all()
    [firm] = await Enterprise.all().order_by("-id").limit(1).values(*OWN)

    async def page(benefit: Benefit) -> Any:
        return await quotes.enterprises_matched(rows, [benefit], ON, {Standing.HOLDS}, 51)

    works: dict[str, Callable[[], Awaitable[Any]]] = {
        "first page of many": lambda: page(benefits[0]),
        "page of the 33 there are": lambda: page(benefits[1]),
        "counts of two benefits": lambda: quotes.counts(rows, benefits, ON),
        "one enterprise": lambda: quotes.quotes_for(firm, benefits, ON),
    }
    for name, work in works.items():
        print(Figure(f"matching {name}", engine, "33k", await _best(work), "ms"), flush=True)


async def _best(work: Callable[[], Awaitable[Any]]) -> float:
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        await work()
        times.append((time.perf_counter() - began) * 1000)
    return min(times)


async def main() -> None:
    for engine in _chosen("ENGINES", "postgres,sqlite"):
        with tempfile.TemporaryDirectory(prefix="qiban-bench-") as folder, _server(engine, Path(folder)) as url:
            async with database.opened(url):
                await bring_up()
                await fill()
                if engine == "postgres":
                    await get_connection("default").execute_query("ANALYZE")
                await measure(engine)


if __name__ == "__main__":
    asyncio.run(main())
