"""Rounds, visits, outcomes and stated figures in every state they can be in."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from domain import clock
from domain.outcomes import Outcome
from domain.rounds import VisitRound
from domain.stated_figures import StatedFigure
from domain.visits import Visit, VisitDepartment
from tests.world import World
from workflows.perform import create, perform


async def all_sorts_of_visits(world: World) -> None:
    leader, today = await world.viewer(world.leader), clock.today().date()
    given: dict[str, Any] = {"year": today.year, "since": today - timedelta(days=9), "until": today}
    over = await create(leader, VisitRound, "announce", within=world.zone, name="第一轮", **given)
    await perform(leader, VisitRound, over.id, "close", reason="结束")
    both = [world.land, world.housing]
    joint = await create(
        leader, VisitRound, "announce", within=world.zone, name="第二轮", departments=both, **given
    )
    plan: dict[str, Any] = {"within": world.enterprise, "purposes": ["learn"], "planned_for": today}
    cancelled = await create(leader, Visit, "plan", **plan, visitor=world.companion)
    await perform(leader, Visit, cancelled.id, "cancel", reason="改期")
    cancelled = await create(leader, Visit, "plan", **plan, departments=[world.housing])
    await perform(leader, Visit, cancelled.id, "cancel", reason="改期")
    visit = await create(leader, Visit, "plan", **plan, round=joint, visitor=world.fallback_liaison)
    await perform(leader, VisitDepartment, (await _joining(visit, world.land)).id, "attend")
    await perform(leader, VisitDepartment, (await _joining(visit, world.housing)).id, "excuse", reason="另有会议")
    await create(leader, Visit, "plan", **plan, departments=[world.land])
    for _ in range(2):
        made = await create(leader, Visit, "record", within=world.enterprise, purposes=["policy"])
    await perform(leader, Visit, made.id, "void", reason="重复")


async def all_sorts_of_outcomes(world: World) -> None:
    leader, today = await world.viewer(world.leader), clock.today().date()
    for number in range(2):
        outcome = await create(
            leader, Outcome, "record", within=world.enterprise, outcome_kind="loan", happened_on=today, source="示例",
            amount=Decimal(number),
        )
        figure = await create(
            leader, StatedFigure, "state", within=world.zone, topic="贷款", unit="yuan", value=Decimal(1), until=today,
            source=f"示例{number}", status="ext",
        )
    await perform(leader, Outcome, outcome.id, "strike", reason="重复")
    await perform(leader, StatedFigure, figure.id, "strike", reason="重复")


async def _joining(visit: Visit, department: Any) -> VisitDepartment:
    return await VisitDepartment.get(visit_id=visit.id, department_id=department.id)
