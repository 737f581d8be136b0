"""Policies, agencies, contracts and claims in every state they can be in."""

from __future__ import annotations

from typing import Any

from domain import clock
from domain.agencies import Agency, AgencyKind
from domain.applications import Application
from domain.appropriations import Appropriation
from domain.campaigns import Campaign
from domain.claims import Claim
from domain.contracts import Contract
from domain.policies import Benefit, Policy, PolicyVersion
from domain.viewers import OPERATOR
from domain.zones import Zone
from tests.policy_texts import a_benefit, a_draft, a_policy
from tests.world import World
from workflows.perform import create, perform

STEPS: tuple[tuple[str, ...], ...] = (
    (), ("check",), ("check", "grant"), ("check", "grant", "pay"), ("turn_down",), ("withdraw",),
)


async def all_sorts_of_claims(world: World, parent: Zone | None = None) -> None:
    leader, today = await world.viewer(world.leader), clock.today().date()
    if parent:
        await a_policy(parent, a_benefit("city", {"fixed": "1"}), name="市级政策")
    await a_policy(world.zone, a_benefit("old", {"fixed": "1"}), name="已废止")
    old = await PolicyVersion.get(policy__name="已废止", policy__zone_id=world.zone.id)
    await perform(OPERATOR, PolicyVersion, old.id, "repeal", holds_until=today, reason="废止")
    for agency in ("在册", "移出"):
        row = await create(
            OPERATOR, Agency, "enlist", within=world.zone, name=f"示例机构{agency}", kind_of=AgencyKind.PATENT
        )
    await perform(leader, Agency, row.id, "strike", reason="资质到期")
    listed = await Agency.get(name="示例机构在册", zone_id=world.zone.id)
    open_one = await Application.filter(enterprise_id=world.enterprise.id, state="draft").first()
    assert open_one
    await perform(leader, Application, open_one.id, "name_agency", agency=listed)
    policy = await create(OPERATOR, Policy, "create", zone=world.zone, name="兑现办法", department=world.land)
    steps = {f"b{number}": moves for number, moves in enumerate(STEPS)}
    version = await create(
        OPERATOR, PolicyVersion, "draft", within=policy, **a_draft(*(a_benefit(code, {"fixed": "1"}) for code in steps))
    )
    await perform(OPERATOR, PolicyVersion, version.id, "publish", holds_from=today)
    await create(OPERATOR, Appropriation, "make", within=policy, year=today.year, amount="9", source="示例预算")
    for code, moves in steps.items():
        benefit = await Benefit.get(version_of_id=version.id, code=code)
        companion = await world.viewer(world.companion)
        claim = await create(companion, Claim, "file", within=world.enterprise, benefit=benefit)
        for move in moves:
            judge = world.leader if move in ("grant", "turn_down") else world.dispatcher
            given: dict[str, Any] = {"reason": "示例"} if move in ("turn_down", "withdraw") else {}
            await perform(await world.viewer(judge), Claim, claim.id, move, **given)
    await all_sorts_of_contracts(world)
    for name in ("草稿", "弃用"):
        policy = await create(OPERATOR, Policy, "create", zone=world.zone, name=name)
        version = await create(
            OPERATOR, PolicyVersion, "draft", within=policy, **a_draft(a_benefit("x", {"unset": "未定"}))
        )
    await perform(OPERATOR, PolicyVersion, version.id, "drop")


async def all_sorts_of_contracts(world: World) -> None:
    leader, today = await world.viewer(world.leader), clock.today().date()
    given: dict[str, Any] = {"signed_on": today, "apply_by": today, "source": "示例合同", "apply_as": "other"}
    for name in ("待申报", "解除"):
        row = await create(leader, Contract, "record", within=world.enterprise, name=name, **given)
    await perform(leader, Contract, row.id, "lift", reason="变更")
    filed = await Application.filter(enterprise_id=world.enterprise.id, state="submitted").first()
    assert filed
    campaign = await Campaign.get(id=filed.campaign_id)
    met = {**given, "apply_as": campaign.recognised_as}
    await create(leader, Contract, "record", within=world.enterprise, name="已申报", **met)
