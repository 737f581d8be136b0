"""What policies grant: money or a range with its clause, or why not; the service finds the enterprise."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from api.nodes import global_id
from domain.applications import Application
from domain.policies import Policy, PolicyVersion
from domain.viewers import OPERATOR
from tests.graphql import served, signed_in
from tests.policy_texts import (
    GANZHOU_REWARD,
    RECOGNISED,
    SUBSIDY,
    a_benefit,
    a_campaign,
    a_draft,
    a_policy,
    an_application,
    an_enterprise,
)
from tests.world import World, a_world, a_zone
from workflows.perform import create, perform

QUOTE = """query($policy: ID!, $subject: ID!, $on: Date) { quote(policyId: $policy, subjectId: $subject, on: $on) {
    benefit { code clause { number } } standing low high refusal { code message } } }"""
MATCH = """query($id: ID!, $on: Date) { matchPolicies(enterpriseId: $id, on: $on) {
    benefit { code policy { name } } standing conditions(standing: [FAILS, UNKNOWN]) { standing words } } }"""
FOUND = """query($after: String, $standing: [Standing!]) { policyMatches(first: 2, after: $after, standing: $standing) {
    nodes { enterprise { name } quotes { benefit { code } low } } pageInfo { hasNextPage endCursor } } }"""


@pytest.fixture
async def world(database: str) -> World:
    return await a_world()


async def test_a_reward_depends_on_what_came_of_the_application(world: World) -> None:
    policy = await a_policy(world.zone, a_benefit("hnte", GANZHOU_REWARD, clause="第三条", per="application"))
    leader, campaign = await world.viewer(world.leader), await a_campaign(world.zone)
    told: dict[str, Any] = {}
    async with served() as http:
        client = await signed_in(http, world.leader)
        outcomes = (("首次", True, True), ("再次", True, False), ("未过", False, True), ("待定", None, True))
        for name, passed, first in outcomes:
            firm = await an_enterprise(world.zone, f"示例·{name}")
            applied = await an_application(leader, firm, campaign, passed, first_time=first)
            found = await client.ask(QUOTE, policy=global_id(policy), subject=global_id(applied))
            [told[name]] = found["quote"]

    amounts = {name: (each["low"], each["high"]) for name, each in told.items()}
    assert amounts == {
        "首次": ("300000", "300000"), "再次": ("200000", "200000"), "未过": ("20000", "20000"), "待定": (None, None),
    }
    assert told["待定"]["refusal"]["code"] == "NO_CASE_APPLIES"
    assert {each["benefit"]["clause"]["number"] for each in told.values()} == {"第三条"}


async def test_a_range_is_a_range_and_what_has_no_amount_is_refused(world: World) -> None:
    policy = await a_policy(
        world.zone, a_benefit("gazelle", {"range": ["100000", "500000"]}), a_benefit("finance", {"unset": "未载明"}),
        a_benefit("big", {"fixed": "1"}, {"enterprise": "above_scale", "is": True}),
    )
    async with served() as http:
        contact = await signed_in(http, world.contact)
        found = await contact.ask(QUOTE, policy=global_id(policy), subject=global_id(world.enterprise))

    by_code = {each["benefit"]["code"]: each for each in found["quote"]}
    assert (by_code["gazelle"]["low"], by_code["gazelle"]["high"]) == ("100000", "500000")
    assert by_code["finance"]["refusal"]["code"] == "AMOUNT_UNSET"
    assert (by_code["big"]["standing"], by_code["big"]["refusal"]["code"]) == ("UNKNOWN", "NOT_KNOWN")
    assert "above scale: yes; it is not on record" in by_code["big"]["refusal"]["message"]


async def test_an_enterprise_hears_which_policies_it_meets_and_why_not_the_others(world: World) -> None:
    other_zone = await a_zone("BY")
    await a_policy(other_zone, a_benefit("elsewhere", {"fixed": "1"}))
    await a_policy(
        world.zone, a_benefit("all", {"fixed": "1"}), a_benefit("hnte", {"fixed": "1"}, {"recognition": "high_tech"}),
        a_benefit("both", {"fixed": "1"}, {"application": "high_tech", "year": 2023}, {"recognition": "high_tech"}),
    )
    applied = await an_application(
        await world.viewer(world.leader), world.enterprise, await a_campaign(world.zone), False
    )
    async with served() as http:
        contact = await signed_in(http, world.contact)
        found = await contact.ask(MATCH, id=global_id(world.enterprise))
        liaison = await signed_in(http, world.land_liaison)
        unseen = await liaison.send(MATCH, id=global_id(world.enterprise))

    by_code = {each["benefit"]["code"]: each for each in found["matchPolicies"]}
    standings = {code: each["standing"] for code, each in by_code.items()}
    assert standings == {"all": "HOLDS", "hnte": "FAILS", "both": "FAILS"}
    words = "recognised as: High and new technology enterprise; it is not"
    assert by_code["both"]["conditions"] == [{"standing": "FAILS", "words": words}]
    assert applied.enterprise_id == world.enterprise.id
    assert unseen["errors"][0]["extensions"]["code"] == "NOT_FOUND"


async def test_a_quote_goes_by_the_version_and_the_facts_of_its_day(world: World) -> None:
    policy = await a_policy(world.zone, a_benefit("hnte", {"fixed": "200000"}, {"recognition": "high_tech"}))
    await an_application(await world.viewer(world.leader), world.enterprise, await a_campaign(world.zone), True)
    version = await create(
        OPERATOR, PolicyVersion, "draft", within=policy, **a_draft(a_benefit("hnte", {"fixed": "300000"}))
    )
    await perform(OPERATOR, PolicyVersion, version.id, "publish", holds_from=date(2024, 1, 1))
    told = {}
    async with served() as http:
        leader = await signed_in(http, world.leader)
        for day in ("2022-12-31", "2023-11-19", "2023-11-20", "2024-01-01"):
            found = await leader.ask(QUOTE, policy=global_id(policy), subject=global_id(world.enterprise), on=day)
            told[day] = [(each["standing"], each["low"]) for each in found["quote"]]

    assert told == {
        "2022-12-31": [], "2023-11-19": [("FAILS", None)], "2023-11-20": [("HOLDS", "200000")],
        "2024-01-01": [("HOLDS", "300000")],
    }


async def test_the_service_finds_the_enterprises_page_by_page(world: World) -> None:
    await a_policy(world.zone, a_benefit("big", {"fixed": "5"}, {"enterprise": "above_scale", "is": True}))
    await a_policy(world.zone, a_benefit("agencies", {"competition": SUBSIDY}), name="补贴")  # of no enterprise
    for number, above in enumerate((True, False, True, None, True)):
        await an_enterprise(world.zone, f"示例·{number}", above_scale=above)
    async with served() as http:
        leader, stranger = await signed_in(http, world.leader), await signed_in(http, world.administrator)
        first = (await leader.ask(FOUND))["policyMatches"]
        second = (await leader.ask(FOUND, after=first["pageInfo"]["endCursor"]))["policyMatches"]
        failing = (await leader.ask(FOUND, standing=["FAILS"]))["policyMatches"]
        counts = await leader.ask("{ policyMatchCounts { benefit { code } holds fails unknown } }")
        nothing = (await stranger.ask(FOUND))["policyMatches"]

    assert [each["enterprise"]["name"] for each in first["nodes"]] == ["示例·0", "示例·2"]
    assert [each["enterprise"]["name"] for each in second["nodes"]] == ["示例·4"]
    assert (first["pageInfo"]["hasNextPage"], second["pageInfo"]["hasNextPage"]) == (True, False)
    assert first["nodes"][0]["quotes"] == [{"benefit": {"code": "big"}, "low": "5"}]
    assert [each["enterprise"]["name"] for each in failing["nodes"]] == ["示例·1"]
    assert counts["policyMatchCounts"] == [{"benefit": {"code": "big"}, "holds": 3, "fails": 1, "unknown": 2}]
    assert nothing["nodes"] == []


async def test_who_is_found_is_just_who_meets_all_conditions(world: World) -> None:
    conditions = [
        {"enterprise": "above_scale", "in": [True]}, {"recognition": "high_tech"},
        {"application": "high_tech", "year": 2023, "state": ["recognised"]},
        {"not": {"application": "high_tech", "year": 2022}},
    ]
    await a_policy(world.zone, a_benefit("all", {"fixed": "1"}, *conditions))
    await a_policy(world.zone, a_benefit("any", {"fixed": "1"}, {"any": conditions[1:2]}), name="另一政策")
    leader = await world.viewer(world.leader)
    first, second = await a_campaign(world.zone, 2022), await a_campaign(world.zone)
    for name, above, years in (
        ("合", True, (second,)), ("小", False, (second,)), ("未报", True, ()), ("两年", True, (first, second)),
        ("未知", None, (second,)),
    ):
        firm = await an_enterprise(world.zone, f"示例·{name}", above_scale=above)
        for campaign in years:
            await an_application(leader, firm, campaign, campaign is second)
    ask = """query($id: ID) { policyMatches(policyId: $id) { nodes { enterprise { name } quotes { benefit { code } } } }
        policyMatchCounts(policyId: $id) { benefit { code } holds fails unknown } }"""
    async with served() as http:
        client = await signed_in(http, world.leader)
        policy = await Policy.get(name="高企奖励办法")
        one = await client.ask(ask, id=global_id(policy))
        both = (await client.ask(ask))["policyMatches"]["nodes"]

    assert [each["enterprise"]["name"] for each in one["policyMatches"]["nodes"]] == ["示例·合"]
    [count] = one["policyMatchCounts"]
    assert (count["holds"], count["fails"], count["unknown"]) == (1, 4, 1)
    found = {each["enterprise"]["name"]: [quote["benefit"]["code"] for quote in each["quotes"]] for each in both}
    assert found == {"示例·合": ["all", "any"], "示例·小": ["any"], "示例·两年": ["any"], "示例·未知": ["any"]}


async def test_a_sum_over_the_applications_of_a_year_is_a_range_where_something_is_not_known(world: World) -> None:
    failed = {"this_application": "state", "is": "not_recognised"}
    repeat_unknown = {"choose": [
        {"when": [RECOGNISED, {"tag": "首次认定"}], "amount": {"fixed": "300000"}},
        {"when": [RECOGNISED], "amount": {"fixed": "200000"}}, {"when": [failed], "amount": {"fixed": "20000"}},
    ]}
    aid = await a_policy(world.zone, a_benefit("aid", {"fixed": "20000"}, failed, per="application"), name="未过补助")
    whole = await a_policy(world.zone, a_benefit("hnte", repeat_unknown, per="application"), name="奖励，不知是否首次")
    known = await a_policy(world.zone, a_benefit("hnte", GANZHOU_REWARD, per="application"), name="奖励")
    leader, campaign = await world.viewer(world.leader), await a_campaign(world.zone)
    for name, passed in (("甲", True), ("乙", True), ("丙", False)):
        await an_application(leader, await an_enterprise(world.zone, f"示例·{name}"), campaign, passed)
    ask = """query($id: ID!) { quoteTotal(policyId: $id, year: 2023, recognisedAs: HIGH_TECH) {
        applications granted low high refused { code count } } }"""
    async with served() as http:
        client = await signed_in(http, world.leader)
        told = [(await client.ask(ask, id=global_id(each)))["quoteTotal"] for each in (aid, whole, known)]
        liaison = await signed_in(http, world.land_liaison)
        unseen = (await liaison.ask(ask, id=global_id(aid)))["quoteTotal"]

    assert told[0] == {"applications": 3, "granted": 1, "low": "20000", "high": "20000", "refused": []}
    assert [(each["low"], each["high"]) for each in told[1:]] == [("420000", "620000"), ("620000", "620000")]
    assert unseen["applications"] == 0


async def test_a_policy_of_the_city_holds_in_its_zones(database: str) -> None:
    parent = await a_zone("GX")
    world = await a_world("GL", parent)
    await a_policy(parent, a_benefit("city", {"fixed": "1"}))
    async with served() as http:
        leader = await signed_in(http, world.leader)
        found = await leader.ask(MATCH, id=global_id(world.enterprise))
        past = (world.enterprise.created_at - timedelta(days=1)).isoformat()
        before = await leader.send(
            f'{{ matchPolicies(asOf: "{past}", enterpriseId: "{global_id(world.enterprise)}") {{ standing }} }}'
        )

    assert [each["benefit"]["code"] for each in found["matchPolicies"]] == ["city"]
    assert before["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    assert await Policy.all().count() == 1 and await Application.all().count() == 0
