"""Enterprises and their one companion, departments and zones: what the books refuse to hold."""

from __future__ import annotations

from typing import Any

import pytest

from api.nodes import global_id
from domain import clock
from domain.carriers import Carrier, CarrierKind
from domain.cases import Case
from domain.chains import ChainLink
from domain.departments import Department
from domain.enterprise_codes import code_of
from domain.enterprises import Enterprise
from domain.viewers import OPERATOR, Role
from domain.zones import Zone
from tests.graphql import served, signed_in
from tests.profiling import all_sorts_of_profiles
from tests.proofs import assert_whole, moved, refused
from tests.recognising import all_sorts_of_applications
from tests.test_pages import listen
from tests.world import World, a_case, a_person, a_world, a_zone
from workflows.founding import found_zone, zone_called
from workflows.perform import create

USCC = "91350100M000100Y43"  # the example printed in GB 32100-2015


async def test_an_enterprise_has_one_companion_at_a_time(database: str) -> None:
    world = await a_world()
    second = await a_person(world.zone, "GL伴员02", Role.COMPANION)

    with refused("NOT_A_COMPANION"):
        await moved(world, world.leader, world.enterprise, "assign_companion", companion=world.leader, reason="轮岗")
    with refused("NOT_ALLOWED"):
        await moved(world, world.companion, world.enterprise, "assign_companion", companion=second, reason="轮岗")
    changed = await moved(world, world.leader, world.enterprise, "assign_companion", companion=second, reason="轮岗")

    assert changed.companion_id == second.id
    assert not await Enterprise.seen_by(await world.viewer(world.companion)).exists()
    case = await create(await world.viewer(second), Case, "collect", enterprise=world.enterprise.id, title="用地")
    assert case.owner_id == second.id


async def test_a_credit_code_must_check_and_is_known_once_in_a_zone(database: str) -> None:
    world = await a_world()

    with refused("BAD_USCC"):
        await entered(world, uscc=f"{USCC[:-1]}4")
    first = await entered(world, uscc=USCC.lower())
    with refused("USCC_TAKEN"):
        await entered(world, uscc=USCC)

    assert first.uscc == USCC


async def test_who_may_not_enter_an_enterprise_learns_nothing_of_those_there(database: str) -> None:
    world = await a_world()
    await entered(world, uscc=USCC)

    with refused("NOT_ALLOWED"):
        await create(
            await world.viewer(world.contact), Enterprise, "create", zone=world.zone, name="示例·GL·002", uscc=USCC
        )


async def test_a_department_has_a_name_of_its_own_in_its_zone(database: str) -> None:
    world, other = await a_world("GL"), await a_world("GZ")
    administrator = await world.viewer(world.administrator)

    with refused("NAME_TAKEN"):
        await create(administrator, Department, "create", zone=world.zone, name="住建局")
    with refused("NAME_TAKEN"):
        await moved(world, world.administrator, world.land, "edit", name="住建局")
    with refused("NOT_ALLOWED"):
        await create(await world.viewer(world.dispatcher), Department, "create", zone=world.zone, name="金融办")

    assert await Department.filter(name="住建局", zone_id__in=[world.zone.id, other.zone.id]).count() == 2


async def test_a_zone_is_known_by_a_short_code_and_lies_below_its_parent(database: str) -> None:
    world = await a_world()

    for code in ("g", "GUILIN-1", "桂林"):
        with refused("BAD_CODE"):
            await create(OPERATOR, Zone, "found", code=code, name="示例高新区")
    below = await create(OPERATOR, Zone, "found", code="GLA", name="示例园区", parent=world.zone)

    assert below.path == "GL/GLA"


async def test_an_operator_is_told_which_zones_there_are_and_which_code_is_taken(database: str) -> None:
    await a_world()

    with refused("NO_SUCH_ZONE"):
        await zone_called("GZ")
    with refused("CODE_TAKEN"):
        await found_zone("GL", "又一高新区", admin="gl-admin", password="Wo-xiang-qu-Guilin-7")

    assert (await zone_called(" gl ")).code == "GL"


async def entered(world: World, **given: Any) -> Enterprise:
    viewer = await world.viewer(world.administrator)
    return await create(viewer, Enterprise, "create", zone=world.zone, name="示例·GL·002", synthetic=True, **given)


async def test_a_chain_is_of_its_own_zones_enterprises_and_of_staff(database: str) -> None:
    world = await a_world()
    other = await a_world("XY")
    leader = await world.viewer(world.leader)

    with refused("OTHER_ZONE"):
        await create(
            leader, ChainLink, "add", within=world.zone, level=1, title="专员", enterprise=other.enterprise
        )
    with refused("NOT_STAFF"):
        await create(leader, ChainLink, "add", within=world.zone, level=1, title="专员", person=world.contact)


async def a_carrier(world: World, name: str = "国家大学科技园", **given: Any) -> Carrier:
    given = {"kind_of": CarrierKind.UNIVERSITY_PARK, **given}
    return await create(await world.viewer(world.dispatcher), Carrier, "open", within=world.zone, name=name, **given)


async def test_enterprises_are_found_by_county_industry_carrier_channel_and_tag(database: str) -> None:
    world = await a_world()
    park = await a_carrier(world)
    known = {"county": "灵川县", "industry": "装备制造", "carrier": park, "source_channel": "驻深圳招商办"}
    firm = await entered(world, **known, tags=["党建成效显著", "高成长", "高成长"])
    await moved(world, world.dispatcher, world.enterprise, "edit", name=world.enterprise.name, county="灵川", tags=[])

    async with served() as http:
        client = await signed_in(http, world.leader)

        async def found(**filter: Any) -> list[str]:
            ask = "query($f: EnterpriseFilter) { enterprises(filter: $f) { totalCount nodes { name } } }"
            page = (await client.ask(ask, f=filter))["enterprises"]
            assert page["totalCount"] == len(page["nodes"])
            return [each["name"] for each in page["nodes"]]

        narrowed: tuple[dict[str, Any], ...] = (
            {"county": ["灵川县", "阳朔县"]}, {"industry": ["装备制造"]}, {"carrierId": global_id(park)},
            {"sourceChannel": ["驻深圳招商办"]}, {"tag": "高成长"}, {"accompanied": False},
            {"tag": "党建成效显著", "county": ["灵川县"]},
        )
        for filter in narrowed:
            assert await found(**filter) == [firm.name], filter
        nobody: tuple[dict[str, Any], ...] = (
            {"tag": "高成"}, {"tag": "%"}, {"county": []}, {"tag": "高成长", "county": ["灵川"]},
        )
        for filter in nobody:
            assert await found(**filter) == [], filter
        told = await client.ask("{ carriers { nodes { name enterprises { totalCount nodes { tags county } } } } }")
    [carrier] = told["carriers"]["nodes"]
    assert carrier["enterprises"] == {
        "totalCount": 1, "nodes": [{"tags": ["党建成效显著", "高成长"], "county": "灵川县"}]
    }
    await assert_whole()


async def test_tags_that_nobody_has_given_are_not_the_same_as_none(database: str) -> None:
    world = await a_world()
    assert world.enterprise.tags is None

    none = await moved(world, world.dispatcher, world.enterprise, "edit", name="示例·GL·001", tags=[])
    assert none.tags == []
    with refused("REQUIRED", "TOO_LONG"):
        await moved(world, world.dispatcher, world.enterprise, "edit", name="示例·GL·001", tags=[" ", "长" * 41])
    unsaid = await moved(world, world.dispatcher, world.enterprise, "edit", name="示例·GL·001")
    assert unsaid.tags is None


async def test_a_carrier_houses_enterprises_of_its_zone_and_takes_none_once_closed(database: str) -> None:
    world = await a_world()
    park, elsewhere = await a_carrier(world), await create(
        OPERATOR, Carrier, "open", within=await a_zone("BY"), name="科创中心", kind_of=CarrierKind.ENCLAVE, place="北京"
    )
    with refused("CARRIER_NAMED"):
        await a_carrier(world)
    with refused("OTHER_ZONE"):
        await entered(world, carrier=elsewhere)
    housed = await entered(world, carrier=park)
    park = await moved(world, world.leader, park, "close", reason="搬迁")

    with refused("CARRIER_CLOSED"):
        await moved(world, world.dispatcher, world.enterprise, "edit", name="示例·GL·001", carrier=park)
    with refused("NOT_NOW"):
        await moved(world, world.leader, park, "edit", name="新名", kind_of=CarrierKind.OTHER)
    stayed = await moved(world, world.dispatcher, housed, "edit", name="示例·GL·002", carrier=park)
    assert stayed.carrier_id == park.id
    with refused("NOT_ALLOWED"):
        await create(
            await world.viewer(world.companion), Carrier, "open", within=world.zone, name="众创", kind_of="maker_space"
        )


async def test_a_profile_is_one_query_and_the_timeline_is_one_history(database: str) -> None:
    """QT-03: 画像."""
    world = await a_world()
    await all_sorts_of_applications(world)
    await all_sorts_of_profiles(world)
    year = clock.today().year - 1
    ask = """query($id: ID!, $year: Int!) {
        enterprises { nodes { name county industry tags carrier { name } companion { name } ladder { rung { number } }
            indicator(kindOf: RD_SPEND, year: $year) { value disputed counts { source } }
            indicators { totalCount } recognitions { nodes { recognisedAs validity } } applications { totalCount }
            libraryEntries { nodes { stageName } } claims { totalCount } contacts { nodes { name } } } }
        history(filter: {enterpriseId: $id}, first: 200) { nodes { recordKind } } }"""
    async with served() as http:
        client = await signed_in(http, world.leader)
        found = await client.ask(ask, id=global_id(world.enterprise), year=year)

    [profile] = found["enterprises"]["nodes"]
    assert (profile["county"], profile["tags"], profile["ladder"]) == ("灵川县", ["高成长"], [{"rung": {"number": 0}}])
    assert profile["indicator"] == {"value": "1", "disputed": True, "counts": {"source": "甲"}}
    assert profile["indicators"]["totalCount"] == 4
    kinds = {each["recordKind"] for each in found["history"]["nodes"]}
    assert kinds >= {"enterprise", "indicator", "recognition", "application", "library_entry", "roadmap", "checklist"}


async def test_a_page_of_profiles_takes_no_more_reads_for_more_enterprises(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await a_world()
    await all_sorts_of_profiles(world)
    ask = "{ enterprises { nodes { indicator(kindOf: RD_SPEND, year: 2020) { value } ladder { rung { number } } } } }"
    said: list[str] = []
    async with served() as http:
        client = await signed_in(http, world.leader)
        await client.ask(ask)
        listen(monkeypatch, said)
        await client.ask(ask)
        of_one = len(said)
        for number in range(9):
            await create(OPERATOR, Enterprise, "create", zone=world.zone, name=f"示例·{number}")
        said.clear()
        found = await client.ask(ask)
    assert (len(found["enterprises"]["nodes"]), len(said)) == (10, of_one)


async def test_an_enterprise_code_opens_the_enterprise_for_whoever_may_see_it(database: str) -> None:
    """QT-02: 一个码."""
    world, other = await a_world(), await a_world("BY")
    case = await a_case(world)
    ask = "query($code: String!) { enterpriseByCode(code: $code) { name code cases { nodes { number } } } }"
    code = code_of(world.enterprise.id)
    async with served() as http:
        contact, stranger = await signed_in(http, world.contact), await signed_in(http, other.contact)
        typed = f" {code[:13].lower()}-{code[13:].replace('0', 'O').replace('1', 'l')} "
        opened = await contact.ask(ask, code=typed)
        shut = await stranger.ask(ask, code=code)
        nothing = await contact.ask(ask, code=code[:-1])

    assert opened["enterpriseByCode"] == {
        "name": world.enterprise.name, "code": code, "cases": {"nodes": [{"number": case.number}]}
    }
    assert (shut, nothing) == ({"enterpriseByCode": None}, {"enterpriseByCode": None})
