"""What changed between two instants, by whom and why, and who could see it then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.nodes import global_id
from domain import clock
from domain.cases import Case
from domain.people import Membership, Person
from domain.viewers import Role
from tests.graphql import served, signed_in
from tests.world import World, a_case, a_dispatched_case, a_person, a_world, a_zone, the_responsibility
from workflows import comparisons
from workflows.perform import perform

MONDAY = datetime(2026, 3, 2, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
CHANGES = """query($id: ID!, $from: DateTime!, $until: DateTime) { changes(id: $id, from: $from, until: $until) {
  id kind made columns { column before after entries { move reason actor { name } acting { name } } } } }"""
SEERS = """query($id: ID!, $at: DateTime, $first: Int! = 50, $after: ID) {
  whoCouldSee(id: $id, asOf: $at, first: $first, after: $after) { persons { name } endCursor } }"""


async def ask(person: Person, query: str, language: str = "zh", **variables: Any) -> Any:
    async with served() as http:
        client = await signed_in(http, person, language)
        return await client.send(query, **variables)


async def a_returned_case() -> tuple[World, Case]:
    """Collected and dispatched on Monday at 2, returned at 3, retitled at 4 and 5."""
    with clock.stopped(MONDAY):
        world = await a_world()
        case = await a_dispatched_case(world, world.land, contact_name="示例联系人", title="二期用地")
    with clock.stopped(MONDAY + HOUR):
        duty, liaison = await the_responsibility(case), await world.viewer(world.land_liaison)
        await perform(liaison, type(duty), duty.id, "return", reason="非本部门职责", basis="三定方案")
    for hours, title in ((2, "三期用地"), (3, "二期用地")):
        with clock.stopped(MONDAY + hours * HOUR):
            await perform(await world.viewer(world.companion), Case, case.id, "edit", title=title)
    return world, case


async def test_what_changed_is_told_in_words_with_who_did_it_and_why(database: str) -> None:
    world, case = await a_returned_case()
    until = (MONDAY + HOUR).isoformat()

    with clock.stopped(MONDAY + 4 * HOUR):
        told = await ask(world.auditor, CHANGES, id=global_id(case), **{"from": MONDAY.isoformat()}, until=until)

    by_kind = {each["kind"]: each for each in told["data"]["changes"]}
    state = next(each for each in by_kind["责任"]["columns"] if each["column"] == "state")
    assert (state["before"], state["after"]) == ("待签收", "已退回")
    assert state["entries"] == [
        {"move": "return", "reason": "非本部门职责", "actor": {"name": world.land_liaison.name}, "acting": None}
    ]
    assert not by_kind["责任"]["made"]
    assert {"returns", "open_responsibilities"} <= {each["column"] for each in by_kind["诉求"]["columns"]}


async def test_what_was_put_back_has_not_changed(database: str) -> None:
    world, case = await a_returned_case()

    with clock.stopped(MONDAY + 4 * HOUR):
        since = (MONDAY + HOUR).isoformat()
        whole = await ask(world.leader, CHANGES, id=global_id(case), **{"from": since})
        half = await ask(
            world.leader, CHANGES, id=global_id(case), **{"from": since}, until=(MONDAY + 2 * HOUR).isoformat()
        )

    assert whole["data"]["changes"] == []
    columns = half["data"]["changes"][0]["columns"]
    assert [(each["column"], each["before"], each["after"]) for each in columns] == [("title", "二期用地", "三期用地")]


async def test_names_stand_for_keys_and_personal_values_only_for_those_who_see_them(database: str) -> None:
    world, case = await a_returned_case()
    since = (MONDAY - HOUR).isoformat()

    with clock.stopped(MONDAY + 4 * HOUR):
        of_case = await ask(world.companion, CHANGES, id=global_id(case), **{"from": since})
        by_stranger = await ask(world.housing_liaison, CHANGES, id=global_id(case), **{"from": since})

    case_told = next(each for each in of_case["data"]["changes"] if each["kind"] == "诉求")
    after = {each["column"]: each["after"] for each in case_told["columns"]}
    assert case_told["made"]
    assert (after["enterprise_id"], after["contact_name"]) == (world.enterprise.name, "示例联系人")
    assert by_stranger["data"]["changes"] == []


async def test_a_time_in_which_too_much_changed_is_refused(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, case = await a_returned_case()
    monkeypatch.setattr(comparisons, "MOST_ENTRIES", 3)

    with clock.stopped(MONDAY + 4 * HOUR):
        told = await ask(world.leader, CHANGES, id=global_id(case), **{"from": (MONDAY - HOUR).isoformat()})

    assert told["errors"][0]["extensions"] == {"code": "TOO_MUCH_CHANGED", "field": "from"}


async def test_who_could_see_a_case_is_told_as_of_then(database: str) -> None:
    with clock.stopped(MONDAY):
        world = await a_world("GL", await a_zone("GX"))
        case = await a_case(world)
    with clock.stopped(MONDAY + HOUR):
        await perform(await world.viewer(world.companion), Case, case.id, "submit")
        offers = [{"department": world.land, "part": "lead"}]
        await perform(await world.viewer(world.dispatcher), Case, case.id, "dispatch", offers=offers)
        held = await Membership.get(person_id=world.dispatcher.id)
        await perform(await world.viewer(world.administrator), Membership, held.id, "revoke", reason="轮岗")
        await a_person(world.zone, "新审计员", Role.AUDITOR)

    with clock.stopped(MONDAY + 2 * HOUR):
        then = await seers(world.leader, case, MONDAY)
        now = await seers(world.leader, case, None)
        refused = await ask(world.companion, SEERS, id=global_id(case))
        stranger = await ask(world.leader, SEERS, id="Problem_1")

    inside = {each.name for each in (world.companion, world.leader, world.auditor, world.contact)}
    assert then == inside | {world.dispatcher.name}
    assert now == inside | {world.land_liaison.name, "新审计员"}
    assert refused["errors"][0]["extensions"]["code"] == "NOT_ALLOWED"
    assert stranger["errors"][0]["extensions"]["code"] == "BAD_INPUT"


async def seers(person: Person, case: Case, at: datetime | None) -> set[str]:
    """Whoever could see a case, asked three at a time."""
    named: set[str] = set()
    after = None
    while True:
        given: dict[str, Any] = {"id": global_id(case), "at": at and at.isoformat(), "first": 3, "after": after}
        told = (await ask(person, SEERS, **given))["data"]["whoCouldSee"]
        named |= {each["name"] for each in told["persons"]}
        after = told["endCursor"]
        if after is None:
            return named


async def test_the_timeline_of_an_enterprise_is_that_of_all_it_has_to_do_with(database: str) -> None:
    with clock.stopped(MONDAY):
        world = await a_world()
        await a_case(world)
        await a_case(world)
    with clock.stopped(MONDAY + HOUR):
        told = await ask(
            world.auditor, "query($filter: HistoryFilter) { history(filter: $filter) { nodes { subjectKind move } } }",
            filter={"enterpriseId": global_id(world.enterprise)},
        )

    moves = [(each["subjectKind"], each["move"]) for each in told["data"]["history"]["nodes"]]
    assert moves == [
        *[("case", "raise"), ("case", "collect")] * 2, ("person", "grant"), ("person", "create"),
        ("enterprise", "create"),
    ]
