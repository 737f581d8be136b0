"""Vouchers, quarterly reviews, needs and stays in every state they can be in, and a milestone worked on by a case."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from domain import clock
from domain.carriers import Carrier
from domain.cases import Case
from domain.needs import Need
from domain.reviews import TOPICS, Review
from domain.roadmaps import Milestone, Roadmap
from domain.stays import Stay
from domain.vouchers import Voucher
from tests.world import World
from workflows.perform import create, perform

STANDINGS: dict[str, Any] = dict(
    zip(TOPICS, ("on_course", "behind", "stuck", "not_concerned", "on_course"), strict=True)
)


async def all_sorts_of_help(world: World) -> None:
    leader, today, within = await world.viewer(world.leader), clock.today().date(), {"within": world.enterprise}
    for number, steps in enumerate(((), ("use",), ("use", "redeem"), ("void",))):
        voucher = await create(
            leader, Voucher, "issue", **within, number=f"券{number}", amount=Decimal(5000), source="示例办法"
        )
        for step in steps:
            given: Any = {"use": {"provider": "示例检测机构"}, "void": {"reason": "误发"}}.get(step, {})
            await perform(leader, Voucher, voucher.id, step, **given)
    year = today.year - 1
    for quarter in (1, 2):
        review = await create(leader, Review, "record", **within, year=year, quarter=quarter, **STANDINGS)
    await perform(leader, Review, review.id, "strike", reason="重复")
    for number in range(4):
        await create(leader, Need, "list", **within, title=f"需求{number}", need_kind="technology")
    met, dropped, taken_up = await Need.filter(enterprise_id=world.enterprise.id).order_by("id").limit(3)
    await perform(leader, Need, met.id, "meet", result="已对接")
    await perform(leader, Need, dropped.id, "drop", reason="不再需要")
    companion, problems = await world.viewer(world.companion), [{"description": "缺检测设备"}]
    case = await create(
        companion, Case, "collect", enterprise=world.enterprise, title="检测", need=taken_up, problems=problems
    )
    await all_sorts_of_stays(world)
    point: dict[str, Any] = {"title": "立项", "due_on": today + timedelta(days=9), "line": "project", "case": case}
    roadmap = await Roadmap.filter(enterprise_id=world.enterprise.id, state="active").first()
    if roadmap:
        await create(leader, Milestone, "plan", **within, roadmap=roadmap, **point)
    else:
        await create(leader, Roadmap, "draw", **within, title="服务方案", milestones=[point])


async def all_sorts_of_stays(world: World) -> None:
    leader, today, within = await world.viewer(world.leader), clock.today().date(), {"within": world.enterprise}
    parks = [
        await create(leader, Carrier, "open", within=world.zone, name=f"园区{number}", kind_of="incubator")
        for number in range(3)
    ]
    for park in parks:
        stay = await create(leader, Stay, "move_in", **within, carrier=park, since=today)
    await perform(leader, Stay, stay.id, "strike", reason="误登")
    await create(leader, Stay, "move_in", **within, carrier=parks[0], since=today)
