"""What the texts print comes out of queries over the demonstration: each total by its number in the sources' list."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from api.nodes import global_id
from domain.people import Person
from domain.policies import Policy
from domain.zones import Zone
from tests.demonstration import Loaded
from tests.graphql import Client, served, signed_in
from workflows.demo import NATION

PASSED = """query($zone: ID!, $year: Int!, $of: PassBase!, $decimals: Int!, $kind: RecognitionKind = HIGH_TECH) {
    passRates(zoneId: $zone, recognisedAs: $kind, year: $year) {
        applied recommended recognised percent(of: $of, decimals: $decimals) } }"""
STOCK = """query($zone: ID!, $from: Date!, $until: Date!) {
    recognitionStock(zoneId: $zone, recognisedAs: HIGH_TECH, from: $from, until: $until) { enterprises
        registered { start { value } recognised { value } ended { value } net { value } end { value } holds
            growthPercent }
        filed { start { value } recognised { value } ended { value } net { value } end { value status } holds
            growthPercent } } }"""
TOTAL = """query($zone: ID, $policy: ID!) { quoteTotal(zoneId: $zone, policyId: $policy, year: 2023) {
    applications granted low high refused { code } } }"""
SUBSIDY = """query($policy: ID!) { agencySubsidies(policyId: $policy, year: 2023) { tieRule total provisional
    results { agency { name } completed passed passRate place amount reasons { code message } } } }"""

ROUNDS = """query($zone: ID!, $year: Int!) { visitRounds(filter: {zoneId: $zone, year: $year}) {
    nodes { id name number } } }"""
COVERED = """query($round: ID!) { visitCoverage(roundId: $round) { eligible visited percent complete
    strata { name atLeast visited met } unvisited { totalCount } } }"""


@pytest.fixture
async def leader(loaded: Loaded) -> AsyncIterator[Client]:
    """Of the zone above all others, who oversees every one of them."""
    async with served() as http:
        yield await signed_in(http, await Person.get(zone__code=NATION.code, name=NATION.leader), "zh")


async def zone(code: str) -> str:
    return global_id(await Zone.get(code=code))


async def policy(words: str) -> str:
    return global_id(await Policy.get(zone__code="GZ", name__contains=words))


async def passed(leader: Client, code: str, year: int, of: str, decimals: int) -> dict[str, Any]:
    given = {"zone": await zone(code), "year": year, "of": of, "decimals": decimals}
    [rate] = (await leader.ask(PASSED, **given))["passRates"]
    return rate  # type: ignore[no-any-return]


async def stock(leader: Client, code: str, year: int) -> dict[str, Any]:
    given = {"zone": await zone(code), "from": f"{year}-01-01", "until": f"{year}-12-31"}
    return (await leader.ask(STOCK, **given))["recognitionStock"]  # type: ignore[no-any-return]


async def covered(leader: Client, code: str, year: int) -> dict[str, dict[str, Any]]:
    """How the rounds of a year came out, by name, newest first."""
    rounds = await leader.ask(ROUNDS, zone=await zone(code), year=year)
    return {
        each["name"]: {**each, **(await leader.ask(COVERED, round=each["id"]))["visitCoverage"]}
        for each in rounds["visitRounds"]["nodes"]
    }


async def test_t01_ganzhou_45_applied_39_recognised_86_7_percent(leader: Client) -> None:
    """GZ-01."""
    rate = await passed(leader, "GZ", 2023, "APPLIED", 1)

    assert (rate["applied"], rate["recognised"], rate["percent"]) == (45, 39, "86.7")


async def test_t02_ganzhou_aid_for_six_that_failed_and_rewards_of_792_to_1182_with_it(leader: Client) -> None:
    """GZ-11: 6 × 20,000 for those that failed; 39 × 200,000 to 300,000, since who came first is not printed."""
    aid, reward = [
        (await leader.ask(TOTAL, zone=await zone("GZ"), policy=await policy(words)))["quoteTotal"]
        for words in ("申报补助", "认定奖励")
    ]

    everywhere = (await leader.ask(TOTAL, policy=await policy("申报补助")))["quoteTotal"]

    assert aid == everywhere == {"applications": 45, "granted": 6, "low": "120000", "high": "120000", "refused": []}
    assert (reward["granted"], reward["low"], reward["high"]) == (39, "7800000", "11700000")
    assert [int(aid[end]) + int(reward[end]) for end in ("low", "high")] == [7_920_000, 11_820_000]


async def test_t03_ganzhou_agencies_get_100_000_and_each_of_the_seven_hears_why(leader: Client) -> None:
    """GZ-07."""
    [found] = (await leader.ask(SUBSIDY, policy=await policy("竞争性补贴")))["agencySubsidies"]

    told = {
        each["agency"]["name"][-1]: (
            each["completed"], each["passed"], each["place"], each["amount"], [no["code"] for no in each["reasons"]],
        )
        for each in found["results"]
    }
    assert told == {
        "A": (12, 11, 1, "50000", ["WON"]), "B": (9, 9, 2, "30000", ["WON"]), "C": (7, 7, 3, "20000", ["WON"]),
        "D": (5, 3, 4, "0", ["BEYOND_THE_PRIZES"]), "G": (5, 2, None, "0", ["RATE_TOO_LOW"]),
        "E": (4, 4, None, "0", ["TOO_FEW_COMPLETED"]), "F": (3, 3, None, "0", ["TOO_FEW_COMPLETED"]),
    }
    assert (found["total"], found["provisional"], found["tieRule"]) == ("100000", False, "条文未规定")
    by_rate = next(each for each in found["results"] if each["reasons"][0]["code"] == "RATE_TOO_LOW")
    assert (by_rate["passRate"], by_rate["reasons"][0]["message"]) == ("40.0", "通过率40.0%，低于60%。")


async def test_t04_ganzhou_surveys_157_above_scale_and_200_and_more_below(leader: Client) -> None:
    """GZ-09."""
    found = await covered(leader, "GZ", 2023)

    [above, below] = found["摸底走访"]["strata"]
    assert (above["atLeast"], above["visited"], above["met"]) == (157, 157, True)
    assert below["visited"] >= below["atLeast"] == 200 and below["met"]


async def test_t05_xinyi_108_applied_86_passed_79_63_percent_183_valid(leader: Client) -> None:
    """XY-05."""
    rate, held = await passed(leader, "XY", 2023, "APPLIED", 2), await stock(leader, "XY", 2023)

    assert (rate["applied"], rate["recognised"], rate["percent"]) == (108, 86, "79.63")
    assert held["registered"]["end"] == {"value": 183} and held["enterprises"] == 183
    assert held["filed"]["end"] == {"value": 183, "status": "PRINTED"}


async def test_t06_xinyi_eight_helps_with_what_each_came_to(leader: Client) -> None:
    """XY-09, XY-10: 54 filed, 32 approved with 36.58 million; 35 contracts, 13 bounties; 65 firms with 84 needs."""
    given = {"zone": await zone("XY"), "year": 2023, "of": "APPLIED", "decimals": 2, "kind": "PROJECT"}
    [filed] = (await leader.ask(PASSED, **given))["passRates"]
    found = await leader.ask(
        """query($zone: ID!) { checklists(filter: {zoneId: $zone, link: [HELP]}) { nodes { total items { name } } }
        outcomeSums(zoneId: $zone, from: "2023-01-01", until: "2023-12-31") { outcomeKind enterprises amount }
        figureStatements(zoneId: $zone) { value statements { topic source } } }""",
        zone=given["zone"],
    )

    assert {each["total"] for each in found["checklists"]["nodes"]} == {8}
    assert (filed["applied"], filed["recognised"], filed["percent"]) == (54, 32, "59.26")
    assert {each["outcomeKind"]: (each["enterprises"], each["amount"]) for each in found["outcomeSums"]} == {
        "GRANT": (32, "36580000"), "CONTRACT": (35, "68810000"), "OTHER": (13, "56300000"),
    }
    assert {each["statements"][0]["topic"]: each["value"] for each in found["figureStatements"]} == {
        "有产学研需求的企业": "65", "产学研需求": "84",
    }


async def test_t07_xinyi_54_posts_in_18_towns_and_165_staff(leader: Client) -> None:
    """XY-01."""
    found = await leader.ask(
        """query($zone: ID!) { staffing(zoneId: $zone) { total filled byTitle { title total } }
        teams(filter: {zoneId: $zone}) { nodes { name assignments { totalCount } } } }""",
        zone=await zone("XY"),
    )

    assert (found["staffing"]["total"], found["staffing"]["filled"]) == (54, 54)
    assert {each["title"]: each["total"] for each in found["staffing"]["byTitle"]} == {
        "分管领导": 18, "科技助理": 18, "科技专员": 18,
    }
    assert [each["assignments"]["totalCount"] for each in found["teams"]["nodes"]] == [165]


async def test_t08_hebi_62_recommended_48_passed_77_4_percent_90_in_all_23_more_34_percent(leader: Client) -> None:
    """HB-12: 67 + 48 - 25 = 90, of which 67 and 25 follow."""
    rate, held = await passed(leader, "HB", 2021, "RECOMMENDED", 1), await stock(leader, "HB", 2021)

    assert (rate["recommended"], rate["recognised"], rate["percent"]) == (62, 48, "77.4")
    for way in ("registered", "filed"):
        told = {part: held[way][part]["value"] for part in ("start", "recognised", "ended", "net", "end")}
        assert told == {"start": 67, "recognised": 48, "ended": 25, "net": 23, "end": 90}, way
        assert (held[way]["holds"], held[way]["growthPercent"]) == (True, "34"), way


async def test_t12_guilin_hears_110_firms_and_more_and_200_issues_and_more_in_five_categories(leader: Client) -> None:
    """GL-07, GL-11; “余” and “多” are lower bounds (W4)."""
    found = await leader.ask(
        """query($zone: ID!) {
        caseCounts(filter: {zoneId: $zone, raisedFrom: "2023-01-01", raisedUntil: "2023-12-31"}) {
            total categories { category count } }
        figureStatements(zoneId: $zone) { value statements { topic } } }""",
        zone=await zone("GL"),
    )
    [survey] = (await covered(leader, "GL", 2023)).values()

    assert survey["strata"][0]["visited"] >= 110 and survey["strata"][0]["met"]
    assert found["caseCounts"]["total"] >= 200
    assert len([each for each in found["caseCounts"]["categories"] if each["count"]]) == 5
    assert {each["statements"][0]["topic"]: each["value"] for each in found["figureStatements"]} == {
        "新建项目投资": "2600000000", "预计年产值": "5000000000",
    }


async def test_t13_karamay_16_prizes_5_150_000_20_projects_40_050_000_41_passed_97_percent(leader: Client) -> None:
    """KRM-22, KRM-23, KRM-24, KRM-26."""
    found = await leader.ask(
        """query($zone: ID!) { grades: outcomeSums(zoneId: $zone, by: GRADE, outcomeKind: [PRIZE]) { grade count }
        kinds: outcomeSums(zoneId: $zone) { outcomeKind count amount }
        satisfaction: figureStatements(zoneId: $zone, topic: "公众满意度") { statements { value bound } } }""",
        zone=await zone("KRM"),
    )

    assert {each["grade"]: each["count"] for each in found["grades"]} == {"一等奖": 4, "二等奖": 5, "三等奖": 7}
    assert {each["outcomeKind"]: (each["count"], each["amount"]) for each in found["kinds"]} == {
        "PRIZE": (16, "5150000"), "GRANT": (20, "40050000"),
    }
    assert (await stock(leader, "KRM", 2021))["registered"]["recognised"] == {"value": 41}
    assert found["satisfaction"] == [{"statements": [{"value": "97", "bound": "AT_LEAST"}]}]


async def test_t14_karamay_visits_everyone_in_each_of_three_rounds(leader: Client) -> None:
    """KRM-09."""
    found = await covered(leader, "KRM", 2021)

    assert [each["number"] for each in found.values()] == [3, 2, 1]
    assert {(each["percent"], each["complete"], each["unvisited"]["totalCount"]) for each in found.values()} == {
        ("100.0", True, 0)
    }


async def test_t15_karamay_95_percent_more_comes_back_with_two_bases(leader: Client) -> None:
    """KRM-23, W2."""
    asked = """query($zone: ID!) { figureStatements(zoneId: $zone, topic: "高新技术企业增长") {
        disputed value statements { value base source } } }"""
    [found] = (await leader.ask(asked, zone=await zone("KRM")))["figureStatements"]

    assert (found["disputed"], found["value"]) == (True, None)
    assert found["statements"] == [
        {"value": "95", "base": "2019年", "source": "KRM-23，S0"},
        {"value": "95", "base": "此前三年", "source": "KRM-23，S1"},
    ]


async def test_t16_lianyungang_29_more_373_10_and_17_and_a_loan_of_5_000_000(leader: Client) -> None:
    """LYG-05, LYG-06."""
    found = await leader.ask(
        """query($zone: ID!) { filedCounts(filter: {zoneId: $zone}) { nodes { recognisedAs measure count status } }
        outcomeSums(zoneId: $zone, outcomeKind: [LOAN]) { count amount } }""",
        zone=await zone("LYG"),
    )

    assert {each["recognisedAs"]: (each["measure"], each["count"]) for each in found["filedCounts"]["nodes"]} == {
        "HIGH_TECH": ("NET", 29), "TECH_SME": ("RECOGNISED", 373), "ABOVE_SCALE": ("RECOGNISED", 10),
        "SPECIALISED": ("RECOGNISED", 17),
    }
    assert {each["status"] for each in found["filedCounts"]["nodes"]} == {"PRINTED"}
    assert found["outcomeSums"] == [{"count": 1, "amount": "5000000"}]
