"""Campaigns, applications, recognitions and counts in every state they can be in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from domain import clock
from domain.applications import Application
from domain.campaigns import Campaign
from domain.enterprises import Enterprise
from domain.filed_counts import FiledCount
from domain.kinds import RecognitionKind
from domain.recognitions import Recognition
from domain.viewers import OPERATOR
from tests.world import World
from workflows.perform import create, perform

STEPS: tuple[tuple[str, ...], ...] = (
    (), ("submit",), ("submit", "recommend"), ("submit", "recognise"), ("submit", "turn_down"), ("withdraw",)
)


async def all_sorts_of_applications(world: World) -> None:
    leader, today = await world.viewer(world.leader), clock.today().date()
    window = {"year": today.year, "opens_on": today, "closes_on": today + timedelta(days=30)}
    given: dict[str, Any] = {
        "submit": {}, "recommend": {}, "recognise": {"recognised_on": today}, "turn_down": {"reason": "指标不足"},
        "withdraw": {"reason": "放弃"},
    }
    for number, steps in enumerate(STEPS):
        campaign = await create(
            leader, Campaign, "announce", within=world.zone, name=f"批次{number}", department=world.land,
            recognised_as=list(RecognitionKind)[number], **window,
        )
        application = await create(leader, Application, "draft", within=world.enterprise, campaign=campaign)
        for step in steps:
            await perform(leader, Application, application.id, step, **given[step])
    await perform(leader, Campaign, campaign.id, "close", reason="结束")
    await all_sorts_of_recognitions(world)


async def all_sorts_of_recognitions(world: World) -> None:
    leader, today = await world.viewer(world.leader), clock.today().date()
    lately: dict[str, Any] = {"recognised_on": today - timedelta(days=30)}
    ends: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("gazelle", "renew", {"recognised_on": today}),
        ("unicorn", "revoke", {"revoked_on": today, "reason": "不再符合条件"}),
    )
    for kind, move, given in ends:
        held = await create(leader, Recognition, "record", within=world.enterprise, recognised_as=kind, **lately)
        await perform(leader, Recognition, held.id, move, **given)
    count: dict[str, Any] = {"recognised_as": "gazelle", "measure": "stock", "until": today, "count": 1}
    count |= {"source": "示例", "status": "ext"}
    struck = await create(leader, FiledCount, "file", within=world.zone, **count)
    await perform(leader, FiledCount, struck.id, "strike", reason="重复")
    await create(leader, FiledCount, "file", within=world.zone, **count)


async def an_application_of(world: World, enterprise: Enterprise) -> Application:
    """Of another enterprise, in a campaign that no department is in charge of."""
    today = clock.today().date()
    campaign = await create(
        OPERATOR, Campaign, "announce", within=world.zone, name="无主管批次", year=today.year,
        recognised_as=RecognitionKind.HIGH_TECH, opens_on=today, closes_on=today,
    )
    leader = await world.viewer(world.leader)
    return await create(leader, Application, "draft", within=enterprise, campaign=campaign)
