"""Policies: drafted with clauses and benefits as data, published from a day on, superseded, repealed, never changed."""

from __future__ import annotations

import json
from datetime import date

import pytest

from api.nodes import global_id
from domain.policies import Benefit, Clause, ContentState, Policy, PolicyVersion, VersionState
from domain.viewers import OPERATOR
from tests.graphql import served, signed_in
from tests.policy_texts import GANZHOU_REWARD, YEAR_BEGINS, a_benefit, a_draft, a_policy
from tests.proofs import assert_whole, moved, refused
from tests.world import World, a_person, a_world, a_zone
from workflows.perform import create

S, C = VersionState, ContentState


@pytest.fixture
async def world(database: str) -> World:
    return await a_world()


async def drafted(world: World, policy: Policy, *benefits: dict[str, str]) -> PolicyVersion:
    viewer = await world.viewer(world.leader)
    return await create(viewer, PolicyVersion, "draft", within=policy, **a_draft(*benefits))


async def test_a_policy_is_drafted_by_the_office_and_published_with_all_that_stands_in_it(world: World) -> None:
    leader = await world.viewer(world.leader)
    policy = await create(leader, Policy, "create", zone=world.zone, name="高企奖励办法")
    version = await drafted(world, policy, a_benefit("hnte", GANZHOU_REWARD), a_benefit("finance", {"unset": "无金额"}))

    published = await moved(world, world.leader, version, "publish", holds_from=YEAR_BEGINS)

    assert (published.state, published.number, published.holds_from) == (S.PUBLISHED, 1, YEAR_BEGINS)
    assert published.author_id == world.leader.id
    states = {str(row.state) for kind in (Policy, Clause, Benefit) for row in await kind.all()}
    assert states == {"published"}
    benefit = await Benefit.get(code="hnte")
    assert json.loads(benefit.amount) == GANZHOU_REWARD and benefit.clause_id == (await Clause.get()).id
    await assert_whole()


async def test_the_next_version_takes_the_place_of_the_last_from_its_day_on(world: World) -> None:
    policy = await a_policy(world.zone)
    second = await drafted(world, policy)

    with refused("NOT_AFTER_THE_LAST"):
        await moved(world, world.leader, second, "publish", holds_from=YEAR_BEGINS)
    await moved(world, world.leader, second, "publish", holds_from=date(2024, 3, 1))

    spans = {row.number: (row.state, row.holds_from, row.holds_until) for row in await PolicyVersion.all()}
    assert spans == {
        1: (S.ENDED, YEAR_BEGINS, date(2024, 2, 29)), 2: (S.PUBLISHED, date(2024, 3, 1), None),
    }
    for day, number in ((date(2024, 2, 29), 1), (date(2024, 3, 1), 2)):
        assert (await PolicyVersion.get(PolicyVersion.in_force(day))).number == number
    assert not await PolicyVersion.filter(PolicyVersion.in_force(date(2022, 12, 31))).exists()
    await assert_whole()


async def test_a_version_is_repealed_with_its_reason_and_not_before_it_began(world: World) -> None:
    await a_policy(world.zone)
    version = await PolicyVersion.get()

    with refused("ENDS_BEFORE_IT_BEGINS"):
        await moved(world, world.leader, version, "repeal", holds_until=date(2022, 12, 31), reason="废止")
    ended = await moved(world, world.leader, version, "repeal", holds_until=date(2025, 12, 31), reason="废止")

    assert (ended.state, ended.holds_until) == (S.ENDED, date(2025, 12, 31))
    assert await PolicyVersion.filter(PolicyVersion.in_force(date(2025, 12, 31))).exists()
    assert not await PolicyVersion.filter(PolicyVersion.in_force(date(2026, 1, 1))).exists()


async def test_a_version_without_clauses_is_not_published(world: World) -> None:
    policy = await create(OPERATOR, Policy, "create", zone=world.zone, name="高企奖励办法")
    version = await drafted(world, policy)
    await moved(world, world.leader, await Clause.get(), "drop")

    with refused("NO_CLAUSES"):
        await moved(world, world.leader, version, "publish", holds_from=YEAR_BEGINS)


async def test_what_is_published_is_never_changed(world: World) -> None:
    await a_policy(world.zone, a_benefit("hnte", GANZHOU_REWARD))
    leader, version, clause = await world.viewer(world.leader), await PolicyVersion.get(), await Clause.get()
    policy = await Policy.get()

    with refused("NOT_NOW"):
        await moved(world, world.leader, await Benefit.get(), "revise", name="改", amount='{"fixed": "1"}')
    with refused("NO_DRAFT"):
        await create(leader, Clause, "write", within=policy, version=version, number="第九条", text="补充")
    with refused("NO_DRAFT"):
        given = {"code": "x", "name": "x", "amount": '{"fixed": "1"}'}
        await create(leader, Benefit, "offer", within=policy, clause=clause, **given)
    with refused("NOT_NOW"):
        await moved(world, world.leader, version, "drop")


async def test_a_draft_is_revised_completed_and_dropped(world: World) -> None:
    policy = await create(OPERATOR, Policy, "create", zone=world.zone, name="高企奖励办法")
    version = await drafted(world, policy, a_benefit("hnte", {"fixed": "1"}))
    leader = await world.viewer(world.leader)

    revised = await moved(world, world.leader, await Benefit.get(), "revise", name="首次", amount='{"fixed": "300000"}')
    clause = await create(leader, Clause, "write", within=policy, version=version, number="第二条", text="再次认定")
    await create(
        leader, Benefit, "offer", within=policy, clause=clause, code="again", name="再次", amount='{"fixed": "200000"}'
    )

    assert revised.amount == '{"fixed":"300000"}'
    assert await Benefit.filter(version_of_id=version.id, state=C.DRAFTED).count() == 2
    await moved(world, world.leader, version, "drop")
    assert {str(row.state) for kind in (PolicyVersion, Clause, Benefit) for row in await kind.all()} == {"dropped"}
    await assert_whole()


async def test_every_fault_of_a_draft_is_named_by_its_place(world: World) -> None:
    policy = await create(OPERATOR, Policy, "create", zone=world.zone, name="高企奖励办法")
    leader = await world.viewer(world.leader)
    wrong = a_draft(
        a_benefit("a", {"fixed": 0.5}, {"tag": ""}), a_benefit("a", {"fixed": "1"}), a_benefit("b", {"fixed": "1"}),
        a_benefit("c", {"percent": 5, "of": {"over": [1, 0]}}),
    )
    wrong["benefits"][2]["clause"] = "第八条"
    wrong["clauses"] *= 2

    with pytest.raises(Exception) as caught:
        await create(leader, PolicyVersion, "draft", within=policy, **wrong)

    assert [(each.code, each.field) for each in caught.value.refusals] == [  # type: ignore[attr-defined]
        ("CLAUSE_TAKEN", "clauses.1.number"), ("BAD_RULE", "benefits.0.eligibility.0.tag"),
        ("BAD_RULE", "benefits.0.amount.fixed"), ("BENEFIT_TAKEN", "benefits.1.code"),
        ("NO_SUCH_CLAUSE", "benefits.2.clause"), ("BAD_RULE", "benefits.3.amount.of.over.1"),
    ]
    assert await PolicyVersion.all().count() == 0


async def test_policies_are_kept_by_the_office_and_drafts_are_its_own(world: World) -> None:
    elsewhere = await a_zone("BY")
    policy = await create(OPERATOR, Policy, "create", zone=world.zone, name="高企奖励办法")
    for person in (world.companion, world.land_liaison, world.auditor):
        with refused("NOT_ALLOWED"):
            await create(await world.viewer(person), PolicyVersion, "draft", within=policy, **a_draft())
    contact = await world.viewer(world.contact)
    with refused("NOT_FOUND"):
        await create(contact, PolicyVersion, "draft", within=policy, **a_draft())
    stranger = await world.viewer(await a_person(elsewhere, "BY领导"))

    await a_policy(world.zone, name="已发布的")

    assert {each.name for each in await Policy.seen_by(contact)} == {"已发布的"}
    assert await Policy.seen_by(stranger).count() == 0
    assert await Policy.seen_by(await world.viewer(world.land_liaison)).count() == 2
    with refused("POLICY_NAME_TAKEN"):
        await create(await world.viewer(world.leader), Policy, "create", zone=world.zone, name="已发布的")


async def test_the_library_of_policies_over_the_api(world: World) -> None:
    async with served() as http:
        leader, contact = await signed_in(http, world.leader), await signed_in(http, world.contact)
        made = await leader.do("createPolicy", "policy { id }", zoneId=global_id(world.zone), name="高企奖励办法")
        drafted = await leader.do(
            "draftPolicyVersion", "policyVersion { id benefits { amount moves { name allowed } } }",
            policyId=made["policy"]["id"], source="示例文件", documentNumber="示例〔2023〕1号",
            clauses=[{"number": "第三条", "text": "首次认定奖励30万元"}],
            benefits=[{"clause": "第三条", "code": "first", "name": "首次认定", "amount": '{"fixed": "300000"}'}],
        )
        version = drafted["policyVersion"]["id"]
        before = await contact.ask("{ policies { totalCount } }")
        await leader.do("publishPolicyVersion", id=version, holdsFrom="2023-01-01")
        ask = """{ policies(first: 5, filter: {inForceOn: "2023-06-01"}) { totalCount nodes { name state
            versions(first: 1) { nodes { number documentNumber holdsFrom holdsUntil clauses { number text }
            benefits { code amount eligibility clause { number } } } } } } }"""
        found = await contact.ask(ask)
        none = await contact.ask('{ policies(filter: {inForceOn: "2022-06-01"}) { totalCount } }')

    benefit = {"code": "first", "amount": {"fixed": "300000"}, "eligibility": [], "clause": {"number": "第三条"}}
    assert made["refusals"] == drafted["refusals"] == []
    assert (before["policies"]["totalCount"], none["policies"]["totalCount"]) == (0, 0)
    [policy] = found["policies"]["nodes"]
    [version] = policy["versions"]["nodes"]
    assert (version["holdsFrom"], version["holdsUntil"]) == ("2023-01-01", None)
    assert version["clauses"] == [{"number": "第三条", "text": "首次认定奖励30万元"}]
    assert version["benefits"] == [benefit]
