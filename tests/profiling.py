"""Carriers, indicators, ladders, teams, posts and assignments in every state they can be in."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from domain import clock
from domain.assignments import Assignment
from domain.carriers import Carrier
from domain.enterprises import Enterprise
from domain.indicators import Indicator
from domain.ladders import Ladder
from domain.posts import Post
from domain.teams import Team
from tests.world import World
from workflows.perform import create, perform


async def all_sorts_of_profiles(world: World) -> None:
    leader, firm, zone = await world.viewer(world.leader), world.enterprise, {"within": world.zone}
    dispatcher, today = await world.viewer(world.dispatcher), clock.today().date()
    for number in range(2):
        park = await create(leader, Carrier, "open", **zone, name=f"载体{number}", kind_of="incubator")
    known: dict[str, Any] = {"county": "灵川县", "industry": "装备制造", "tags": ["高成长"], "carrier": park}
    await perform(dispatcher, Enterprise, firm.id, "edit", name=firm.name, **known)
    await perform(leader, Carrier, park.id, "close", reason="搬迁")
    figure: dict[str, Any] = {"within": firm, "kind_of": "rd_spend", "unit": "yuan", "year": today.year - 1}
    for source in ("甲", "乙", "丙"):
        filed = await create(leader, Indicator, "file", **figure, value=Decimal(1), source=source)
        if source == "甲":
            await perform(leader, Indicator, filed.id, "prefer", reason="经审计")
        if source == "乙":
            await perform(leader, Indicator, filed.id, "correct", value=Decimal(2), unit="yuan", reason="笔误")
    await perform(leader, Indicator, filed.id, "strike", reason="重复")
    rungs = [{"title": "一级", "recognised_as": "tech_sme"}, {"title": "二级", "recognised_as": "high_tech"}]
    for number in range(2):
        ladder = await create(leader, Ladder, "lay_out", **zone, name=f"梯度{number}", rungs=rungs, source="示例")
    await perform(leader, Ladder, ladder.id, "retire", reason="改版")
    await all_sorts_of_assignments(world)


async def all_sorts_of_assignments(world: World) -> None:
    leader, since, zone = await world.viewer(world.leader), clock.today().date() - timedelta(days=9), world.zone
    for number in range(2):
        team = await create(leader, Team, "form", within=zone, name=f"队伍{number}", kind_of="officers")
        post = await create(leader, Post, "set_up", within=zone, unit=f"示例镇{number}", title="科技专员", since=since)
        for thing in ({"team": team}, {"post": post}):
            await create(leader, Assignment, "assign", within=zone, person=world.companion, since=since, **thing)
    await perform(leader, Team, team.id, "disband", on=since, reason="任务完成")
    await perform(leader, Post, post.id, "abolish", ends_on=since, reason="撤并")
    others: tuple[dict[str, Any], ...] = (
        {"county": "灵川县"}, {"industry": "装备制造"}, {"pupil": world.land_liaison},
    )
    for other in others:
        await create(leader, Assignment, "assign", within=zone, person=world.companion, since=since, **other)
