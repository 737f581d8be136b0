"""Lists page by page: every row once, counted only when asked, narrowed by each filter."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from tortoise.connection import get_connection

from api.nodes import global_id
from domain import clock
from domain.carriers import Carrier
from domain.cases import STAGES, Case, CaseState, Stage
from domain.enterprises import Enterprise
from domain.history import Entry
from domain.people import Person
from domain.records import THE_STATE
from domain.responsibilities import ACTIVE, Responsibility
from domain.viewers import OPERATOR, Role
from tests.graphql import Client, served, signed_in
from tests.walk import SCHEMA
from tests.world import (
    World,
    a_case,
    a_closed_case,
    a_department,
    a_dispatched_case,
    a_handled_case,
    a_person,
    a_world,
    a_zone,
    the_responsibility,
)
from workflows.perform import create, perform


@dataclass
class Office:
    world: World
    client: Client

    async def ids(self, listed: str, filter: str = "", **variables: Any) -> set[str]:
        """The ids of a list, all on one page."""
        narrowed = f"(filter: {{{filter}}}, first: 200)" if filter else "(first: 200)"
        answer = await self.client.ask(f"{{ {listed}{narrowed} {{ nodes {{ id }} }} }}", **variables)
        return {node["id"] for node in answer[listed]["nodes"]}


@pytest.fixture
async def office(database: str) -> AsyncIterator[Office]:
    """A leader's desk: sees every case of the zone and its whole history."""
    async with an_office() as found:
        yield found


@asynccontextmanager
async def an_office() -> AsyncIterator[Office]:
    world = await a_world()
    async with served() as http:
        yield Office(world, await signed_in(http, world.leader))


PAGE = """query($after: String, $first: Int!) {
  %s(first: $first, after: $after%s) { nodes { id } edges { cursor node { id } } pageInfo { hasNextPage endCursor } }
}"""


async def pages(office: Office, listed: str, order: str = "", first: int = 3) -> AsyncIterator[list[str]]:
    after, document = None, PAGE % (listed, f", orderBy: {order}" if order else "")
    while True:
        page = (await office.client.ask(document, after=after, first=first))[listed]
        assert [edge["node"] for edge in page["edges"]] == page["nodes"]
        yield [node["id"] for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]
        assert after == page["edges"][-1]["cursor"]


ORDERS = {
    "NEWEST": lambda case: (-case.id.int,),
    "OLDEST": lambda case: (case.id.int,),
    "RAISED_LATEST": lambda case: (-case.raised_on.toordinal(), -case.id.int),
    "RAISED_EARLIEST": lambda case: (case.raised_on.toordinal(), case.id.int),
    "NUMBER": lambda case: (case.number, case.id.int),
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("first", [1, 2, 7, 8])
async def test_page_by_page_every_case_comes_once_in_order(office: Office, order: str, first: int) -> None:
    for days in (0, 3, 0, 1, 3, 0, 1):
        await a_case(office.world, raised_on=(clock.today() - timedelta(days=days)).date())
    expected = [global_id(case) for case in sorted(await Case.all(), key=ORDERS[order])]

    found = [each async for page in pages(office, "cases", order, first) for each in page]

    assert found == expected


@pytest.mark.parametrize("order", ORDERS)
async def test_rows_that_come_meanwhile_neither_hide_nor_repeat_one(office: Office, order: str) -> None:
    before = {global_id(await a_case(office.world)) for _ in range(7)}
    found: list[str] = []

    async for page in pages(office, "cases", order, 2):
        found += page
        if len(found) < 10:
            await a_case(office.world)

    assert len(found) == len(set(found)) and before <= set(found)


@pytest.mark.parametrize("listed", ["enterprises", "departments", "persons", "responsibilities", "history"])
async def test_every_list_gives_each_row_once(office: Office, listed: str) -> None:
    await a_closed_case(office.world)
    kinds: dict[str, Any] = {
        "enterprises": Enterprise,
        "departments": type(office.world.land),
        "persons": Person,
        "responsibilities": Responsibility,
        "history": Entry,
    }
    arranged = await Entry.filter(zone_id=THE_STATE).count() if listed == "history" else 0

    found = [each async for page in pages(office, listed) for each in page]

    assert len(found) == len(set(found)) == await kinds[listed].all().count() - arranged


async def test_a_cursor_belongs_to_its_list(office: Office) -> None:
    await a_case(office.world)
    answer = await office.client.ask("{ cases(orderBy: NUMBER) { pageInfo { endCursor } } }")

    wrong = await office.client.send(
        "query($after: String) { cases(after: $after) { nodes { id } } }",
        after=answer["cases"]["pageInfo"]["endCursor"],
    )

    assert wrong["errors"][0]["extensions"] == {"code": "BAD_INPUT", "field": "after"}


@pytest.mark.parametrize(
    "cursor",
    [
        "\ud800",
        "\0",
        ["name", "\ud800", "x"],
        ["id", 5, 5],
        {"a": 1, "b": 2, "c": 3},
        ["raised_on", "2026-13-01", "x"],
    ],
)
async def test_a_broken_cursor_is_refused(office: Office, cursor: object) -> None:
    made = base64.urlsafe_b64encode(json.dumps(cursor).encode()).decode()
    for listed in ("cases", "cases(orderBy: RAISED_LATEST)", "departments"):
        name, _, order = listed.partition("(")
        arguments = f"after: {json.dumps(made)}{', ' + order.rstrip(')') if order else ''}"

        answer = await office.client.send(f"{{ {name}({arguments}) {{ nodes {{ id }} }} }}")

        assert answer["errors"][0]["extensions"] == {"code": "BAD_INPUT", "field": "after"}, (cursor, listed)


async def test_a_list_is_counted_only_when_asked(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        await a_case(office.world)
    said: list[str] = []
    listen(monkeypatch, said)

    await office.client.ask("{ cases(first: 2) { nodes { id } } }")
    without = [each for each in said if each.upper().startswith("SELECT COUNT(")]
    answer = await office.client.ask("{ cases(first: 2) { totalCount } }")

    assert without == []
    assert len([each for each in said if each.upper().startswith("SELECT COUNT(")]) == 1
    assert answer["cases"]["totalCount"] == 3


def listen(monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    """Hear every statement that is sent to be read."""
    kind = type(get_connection("reads"))
    for name in ("execute_query", "execute_query_dict"):
        monkeypatch.setattr(kind, name, heard(getattr(kind, name), said))


def heard(execute: Any, said: list[str]) -> Any:
    async def hear(self: Any, query: str, *given: Any, **named: Any) -> Any:
        said.append(query)
        return await execute(self, query, *given, **named)

    return hear


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("用", {"扩建用地未批", "用水不足50%"}),
        ("用地", {"扩建用地未批"}),
        ("地未批", {"扩建用地未批"}),
        ("%", {"用水不足50%"}),
        ("_", {"接口api_v2"}),
        ("0%", {"用水不足50%"}),
        ("API", {"接口api_v2"}),
        ("用%", set()),
        ("a_i", set()),
        ("\\", {"路径C:\\厂"}),
        ("'", {"企业's"}),
        ("　用地 ", {"扩建用地未批"}),
        ("贷款", {"只在说明里"}),
        ("", {"扩建用地未批", "用水不足50%", "接口api_v2", "路径C:\\厂", "企业's", "只在说明里"}),
    ],
)
async def test_text_is_found_as_it_stands(office: Office, text: str, found: set[str]) -> None:
    for title in ("扩建用地未批", "用水不足50%", "接口api_v2", "路径C:\\厂", "企业's"):
        await a_case(office.world, title=title)
    await a_case(office.world, title="只在说明里", description="缺流动资金，申请贷款")

    answer = await office.client.ask(
        "query($text: String) { cases(filter: {text: $text}) { nodes { title } } }", text=text
    )

    assert {node["title"] for node in answer["cases"]["nodes"]} == found


async def test_each_filter_of_cases_keeps_one_and_drops_one(database: str) -> None:
    parent = await a_zone("GX")
    world, other = await a_world("GL", parent), await a_world("BY", parent)
    leader = await a_person(parent, "上级领导", Role.LEADER)
    dispatched, closed, elsewhere = (
        await a_dispatched_case(world, world.land),
        await a_closed_case(world),
        await a_case(other),
    )
    week_ago = (clock.today() - timedelta(days=7)).date()
    old = await a_case(world, category="land", channel="phone", raised_on=week_ago, title="旧案")
    await perform(
        await world.viewer(world.companion),
        Case,
        closed.id,
        "reopen",
        reason="反复",
        problems=[each.id for each in await closed.problems.all()],
    )
    kept = {
        f'zoneId: "{global_id(other.zone)}"': {elsewhere},
        f'ownerId: "{global_id(other.companion)}"': {elsewhere},
        f'enterpriseId: "{global_id(other.enterprise)}"': {elsewhere},
        "stage: [COLLECT]": {elsewhere, old},
        f'departmentId: "{global_id(world.land)}"': {dispatched},
        "state: [COLLECTED]": {elsewhere, old},
        "category: [LAND]": {old},
        "channel: [PHONE]": {old},
        f'number: "{old.number}"': {old},
        'number: "by-"': {elsewhere},
        'text: "旧案"': {old},
        f'raisedUntil: "{week_ago}"': {old},
        "reopened: true": {closed},
        f'raisedFrom: "{week_ago + timedelta(days=1)}"': {dispatched, closed, elsewhere},
        "reopened: false": {dispatched, elsewhere, old},
        "mine: true": set(),
        "light: [RED]": set(),
        "light: [GREEN, YELLOW, GREY]": {dispatched, closed, elsewhere, old},
        "": {dispatched, closed, elsewhere, old},
    }
    async with served() as http:
        office = Office(world, await signed_in(http, leader))
        for filter, cases in kept.items():
            assert await office.ids("cases", filter) == {global_id(case) for case in cases}, filter

    assert fields_of("CaseFilter") == named_in(kept)


async def test_each_filter_of_enterprises_keeps_one_and_drops_one(database: str) -> None:
    parent = await a_zone("GX")
    world, other = await a_world("GL", parent), await a_world("BY", parent)
    leader = await a_person(parent, "上级领导", Role.LEADER)
    park = await create(OPERATOR, Carrier, "open", within=world.zone, name="示例载体", kind_of="incubator")
    large = await create(
        OPERATOR,
        Enterprise,
        "create",
        zone=world.zone,
        name="示例·规上",
        uscc="91110000600037341L",
        above_scale=True,
        county="灵川县",
        industry="装备制造",
        carrier=park,
        source_channel="招商",
        tags=["高成长"],
    )
    small = await create(
        OPERATOR, Enterprise, "create", zone=world.zone, name="示例·100%_小", above_scale=False
    )
    kept = {
        f'zoneId: "{global_id(other.zone)}"': {other.enterprise},
        f'companionId: "{global_id(world.companion)}"': {world.enterprise},
        'text: "规上"': {large},
        'text: "600037341l"': {large},
        'text: "0%_"': {small},
        "aboveScale: true": {large},
        "aboveScale: false": {small},
        'county: ["灵川县"]': {large},
        'industry: ["装备制造"]': {large},
        'sourceChannel: ["招商"]': {large},
        f'carrierId: "{global_id(park)}"': {large},
        'tag: "高成长"': {large},
        "accompanied: true": {world.enterprise, other.enterprise},
    }
    async with served() as http:
        office = Office(world, await signed_in(http, leader))
        for filter, enterprises in kept.items():
            assert await office.ids("enterprises", filter) == {global_id(each) for each in enterprises}, (
                filter
            )

    assert fields_of("EnterpriseFilter") == named_in(kept)


async def test_each_filter_of_responsibilities_keeps_one_and_drops_one(database: str) -> None:
    world = await a_world()
    case, handled = await a_dispatched_case(world, world.housing, world.land), await a_handled_case(world)
    lead, joint = await the_responsibility(case, world.housing), await the_responsibility(case, world.land)
    fixed = await the_responsibility(handled)
    kept = {
        f'departmentId: "{global_id(world.housing)}"': {lead},
        f'personId: "{global_id(world.land_liaison)}"': {fixed},
        "state: [OFFERED]": {lead, joint},
        "state: [FIXED]": {fixed},
        "part: JOINT": {joint},
        "part: LEAD": {lead, fixed},
        "mine: true": {joint, fixed},
        "mine: false": {lead, joint, fixed},
        "light: [RED]": set(),
        "light: [GREEN, YELLOW, GREY]": {lead, joint, fixed},
    }
    async with served() as http:
        office = Office(world, await signed_in(http, world.land_liaison))
        for filter, duties in kept.items():
            assert await office.ids("responsibilities", filter) == {global_id(each) for each in duties}, (
                filter
            )

    assert fields_of("ResponsibilityFilter") == named_in(kept)


async def test_each_filter_of_history_keeps_one_and_drops_one(office: Office) -> None:
    early = await a_case(office.world)
    other = await create(OPERATOR, Enterprise, "create", zone=office.world.zone, name="另一企业")
    theirs = await Entry.filter(subject_id=other.id)
    start = clock.now() + timedelta(hours=1)
    with clock.stopped(start):
        late = await a_dispatched_case(office.world)
    all_of = {each.id: await Entry.filter(subject_id=each.id) for each in (early, late)}
    (collected,) = [each for each in all_of[early.id] if each.move == "collect"]
    offers = [each for each in all_of[late.id] if each.move in ("dispatch", "offer")]
    before = await Entry.filter(at__lt=start).exclude(zone_id=THE_STATE)
    kept = {
        f'caseId: "{global_id(early)}"': all_of[early.id],
        f'recordId: "{global_id(early)}"': [collected],
        f'actorId: "{global_id(office.world.dispatcher)}"': offers,
        f'enterpriseId: "{global_id(other)}"': theirs,
        'move: ["offer", "dispatch"]': offers,
        f'until: "{start.isoformat()}"': before,
        f'from: "{start.isoformat()}"': all_of[late.id],
    }
    for filter, entries in kept.items():
        assert await office.ids("history", filter) == {global_id(each) for each in entries}, filter

    assert fields_of("HistoryFilter") == named_in(kept)


def named_in(kept: dict[str, Any]) -> set[str]:
    return {filter.partition(":")[0] for filter in kept if filter}


def fields_of(filter: str) -> set[str]:
    return set(SCHEMA.type_map[filter].fields)  # type: ignore[attr-defined]


async def test_a_boards_numbers_are_those_of_a_recount(office: Office) -> None:
    world = office.world
    joint = await a_department(world.zone, "协办局")
    await a_case(world, category="land")
    await a_dispatched_case(world, world.land, joint)
    await a_dispatched_case(world, world.housing, joint)
    await a_handled_case(world)
    await a_closed_case(world)

    counts = (
        await office.client.ask(
            "{ caseCounts { total stages { stage count } states { state count } categories { category count } "
            "departments { department { id } count } } }"
        )
    )["caseCounts"]

    cases, duties = await Case.all(), await Responsibility.filter(state__in=ACTIVE)
    assert counts["total"] == len(cases)
    assert {each["stage"]: each["count"] for each in counts["stages"]} == {
        stage.name: sum(STAGES[case.state] is stage for case in cases) for stage in Stage
    }
    assert {each["state"]: each["count"] for each in counts["states"]} == {
        state.name: sum(case.state is state for case in cases) for state in CaseState
    }
    by_department: dict[str, set[Any]] = {
        global_id(type(joint)(id=duty.department_id)): set() for duty in duties
    }
    for duty in duties:
        by_department[global_id(type(joint)(id=duty.department_id))].add(duty.case_id)
    assert {each["department"]["id"]: each["count"] for each in counts["departments"]} == {
        key: len(held) for key, held in by_department.items()
    }
    assert sum(each["count"] for each in counts["categories"]) == len(cases)
