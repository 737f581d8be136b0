"""Agencies: the four kinds, whom they coach, and who of them is subsidised in a year, each with the reason."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from api.nodes import global_id
from domain.agencies import Agency, AgencyKind, AgencyState
from domain.applications import Application
from domain.viewers import OPERATOR
from tests.graphql import served, signed_in
from tests.policy_texts import SUBSIDY, a_benefit, a_campaign, a_policy, an_application, an_enterprise
from tests.proofs import assert_whole, moved, refused
from tests.world import World, a_world, a_zone
from workflows.perform import create

ASK = """query($policy: ID!) { agencySubsidies(policyId: $policy, year: 2023, on: "2023-12-31") {
    benefit { code clause { number } } tieRule total provisional
    results { agency { name } completed passed passRate place amount reasons { code message } } } }"""


@pytest.fixture
async def world(database: str) -> World:
    return await a_world()


async def an_agency(world: World, name: str, **given: Any) -> Agency:
    given = {"kind_of": AgencyKind.CONSULTING, **given}
    return await create(await world.viewer(world.dispatcher), Agency, "enlist", within=world.zone, name=name, **given)


async def asked(world: World, policy: Any) -> dict[str, Any]:
    async with served() as http:
        leader = await signed_in(http, world.leader, "zh")
        [found] = (await leader.ask(ASK, policy=global_id(policy)))["agencySubsidies"]
    return found  # type: ignore[no-any-return]


async def test_a_tie_the_text_does_not_settle_leaves_the_sum_open_until_the_policy_says(world: World) -> None:
    small = {**SUBSIDY, "completed_at_least": 1, "prizes": ["50000", "30000"]}
    silent = await a_policy(world.zone, a_benefit("agencies", {"competition": small}))
    sharing = {"competition": {**small, "ties": ["share"]}}
    shared = await a_policy(world.zone, a_benefit("agencies", sharing), name="平分")
    leader, campaign = await world.viewer(world.leader), await a_campaign(world.zone)
    for name in ("甲", "乙"):
        agency = await an_agency(world, name)
        firm = await an_enterprise(world.zone, f"示例·{name}")
        await an_application(leader, firm, campaign, True, agency=agency)
    idle = await an_agency(world, "丙")

    found, settled = await asked(world, silent), await asked(world, shared)

    assert (found["total"], {each["amount"] for each in found["results"]}) == (None, {None, "0"})
    assert [each["reasons"][0]["code"] for each in found["results"]] == ["TIE_UNSETTLED"] * 2 + ["TOO_FEW_COMPLETED"]
    assert found["results"][-1]["agency"]["name"] == idle.name
    assert (settled["total"], settled["tieRule"]) == ("80000", "并列各家平分所占名次的奖金（舍至分）")


async def test_what_is_undecided_is_told_as_not_final_and_what_was_withdrawn_is_not_counted(world: World) -> None:
    policy = await a_policy(world.zone, a_benefit("agencies", {"competition": {**SUBSIDY, "completed_at_least": 1}}))
    leader, campaign = await world.viewer(world.leader), await a_campaign(world.zone)
    agency = await an_agency(world, "甲")
    for number, passed in enumerate((True, None, None)):
        firm = await an_enterprise(world.zone, f"示例·{number}")
        last = await an_application(leader, firm, campaign, passed, agency=agency)
    await moved(world, world.leader, last, "withdraw", reason="放弃")

    [result] = (found := await asked(world, policy))["results"]

    assert (result["completed"], result["passed"], found["provisional"]) == (2, 1, True)
    assert [no["code"] for no in result["reasons"]] == ["RATE_TOO_LOW"]


async def test_only_those_who_oversee_the_zone_see_how_it_comes_out(world: World) -> None:
    policy = await a_policy(world.zone, a_benefit("agencies", {"competition": SUBSIDY}))
    async with served() as http:
        for person in (world.contact, world.land_liaison):
            client = await signed_in(http, person)
            answer = await client.send(ASK, policy=global_id(policy))
            assert answer["errors"][0]["extensions"]["code"] == "NOT_ALLOWED"


async def test_the_list_is_kept_by_the_office_and_open_to_enterprises(world: World) -> None:
    for kind in AgencyKind:
        await an_agency(world, kind.zh, kind_of=kind)
    with refused("AGENCY_NAME_TAKEN"):
        await an_agency(world, AgencyKind.PATENT.zh)
    with refused("NOT_ALLOWED"):
        await create(
            await world.viewer(world.companion), Agency, "enlist", within=world.zone, name="丁", kind_of="patent"
        )
    struck = await moved(world, world.leader, await Agency.get(kind_of=AgencyKind.PATENT), "strike", reason="资质到期")
    contact = await world.viewer(world.contact)

    assert struck.state is AgencyState.STRUCK
    assert await Agency.seen_by(contact).count() == 3
    async with served() as http:
        client = await signed_in(http, world.contact)
        found = await client.ask("{ agencies(filter: {kindOf: [ACCOUNTING]}) { nodes { name kindOf } } }")
    assert found["agencies"]["nodes"] == [{"name": "会计师事务所", "kindOf": "ACCOUNTING"}]


async def test_who_coaches_an_application_is_on_the_list_of_its_zone(world: World) -> None:
    leader, campaign = await world.viewer(world.leader), await a_campaign(world.zone)
    application = await create(leader, Application, "draft", within=world.enterprise, campaign=campaign)
    agency, struck = await an_agency(world, "甲"), await an_agency(world, "乙")
    struck = await moved(world, world.leader, struck, "strike", reason="资质到期")
    elsewhere = await create(
        OPERATOR, Agency, "enlist", within=await a_zone("BY"), name="丙", kind_of=AgencyKind.CONSULTING
    )

    for other, code in ((struck, "STRUCK_OFF"), (elsewhere, "OTHER_ZONE")):
        with refused(code):
            await moved(world, world.leader, application, "name_agency", agency=other)
    with refused("NOT_ALLOWED"):
        await moved(world, world.contact, application, "name_agency", agency=agency)
    named = await moved(world, world.leader, application, "name_agency", agency=agency)
    assert named.agency_id == agency.id
    await moved(world, world.leader, application, "submit", submitted_on=date(2023, 8, 1))
    await moved(world, world.leader, application, "withdraw", reason="放弃")
    with refused("NOT_NOW"):
        await moved(world, world.leader, application, "name_agency")
    await assert_whole()
