"""A plan answers what the ordinary executor answers: for random selections, random viewers, on both engines."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import timedelta
from typing import Any

import orjson
import pytest
from graphql import parse

from api.columns import LookedAt
from api.context import Context
from api.nodes import NODES, global_id
from api.plans import Plan, plan
from api.schema import schema
from api.selections import Unplannable
from domain import clock
from domain.cases import Case
from domain.notices import Notice
from domain.people import Person
from domain.problems import Problem
from domain.rectifications import Rectification
from domain.viewers import Viewer
from domain.zones import Setting
from tests.asking import Asking
from tests.world import (
    World,
    a_case,
    a_closed_case,
    a_dispatched_case,
    a_handled_case,
    a_reported_case,
    a_world,
    a_zone,
)
from workflows import notices
from workflows.perform import create, perform

DOCUMENTS = 60


async def a_busy_world() -> World:
    world = await a_world("GL", await a_zone("CN"))
    await a_closed_case(world)
    await a_handled_case(world)
    offered = await a_dispatched_case(world, world.land, world.housing, contact_name="联系人", contact_phone="0773-1")
    other = await a_case(world)
    dispatcher = await world.viewer(world.dispatcher)
    await perform(dispatcher, Case, other.id, "merge", into=offered.id, reason="同一事项")
    return world


def everyone(world: World) -> list[Person]:
    return [each for each in vars(world).values() if isinstance(each, Person)]


async def both(document: str, viewer: Viewer) -> tuple[Any, Any]:
    """What the plan answers and what the executor answers; the executor's alone where there is no plan."""
    told = await schema.execute(document, context_value=Context(viewer, "en", ""))
    assert not told.errors, (document, told.errors)
    context = Context(viewer, "en", "")
    try:
        planned = await plan(schema, parse(document), None, None, context).answer(context)
    except Unplannable:
        return None, told.data
    return _plain(planned), _plain(told.data)


def _plain(answer: Any) -> Any:
    return orjson.loads(orjson.dumps(answer, default=str))


async def some_ids() -> list[str]:
    return [str(global_id(row)) for model in NODES for row in await model.all().limit(3)]


async def test_a_plan_answers_what_the_executor_answers(database: str) -> None:
    world = await a_busy_world()
    ids, chance = await some_ids(), random.Random(1)
    asking, planned = Asking(20_190_417, ids), 0

    for _ in range(DOCUMENTS):
        document, viewer = asking.document(), await world.viewer(chance.choice(everyone(world)))
        by_plan, by_executor = await both(document, viewer)
        assert by_plan is None or by_plan == by_executor, document
        planned += by_plan is not None

    assert planned > DOCUMENTS * 0.7


BOARD_PAGE = """{ cases(first: 50) {
  nodes { id number title state stage raisedOn collectedAt enterprise { name } owner { name }
  responsibilities { part state dueAt department { name } person { name } } problems { description state }
  latestEntry { move at label actor { name } } moves { name allowed reason { code } } }
  pageInfo { hasNextPage endCursor } totalCount } }"""


@pytest.mark.parametrize("role", ["dispatcher", "companion", "land_liaison", "contact", "auditor", "administrator"])
async def test_the_board_page_is_planned_for_every_role(database: str, role: str) -> None:
    world = await a_busy_world()

    by_plan, by_executor = await both(BOARD_PAGE, await world.viewer(getattr(world, role)))

    assert by_plan is not None and by_plan == by_executor


async def test_a_list_in_a_list_is_limited_for_each_parent(database: str) -> None:
    world = await a_busy_world()
    document = "{ cases { nodes { history(first: 2) { nodes { sequence } pageInfo { hasNextPage } } } } }"

    by_plan, by_executor = await both(document, await world.viewer(world.auditor))

    assert by_plan == by_executor
    assert {len(case["history"]["nodes"]) for case in by_plan["cases"]["nodes"]} == {2}


INBOX = """{ me: viewer { __typename language person { id name zone { name } } memberships { id role since }
  unreadNotices asking: notices(asked: true, first: 2) { nodes { id } totalCount pageInfo { hasNextPage } }
  notices(first: 20, unreadOnly: true) { edges { cursor node { id asked at readAt move recordKind recordId label
    case { number title state } entry { reason actor { name } } } } } }
  cases(first: 1) { nodes { number } } }"""


@pytest.mark.parametrize("role", ["dispatcher", "companion", "land_liaison", "contact", "auditor", "administrator"])
async def test_the_inbox_is_planned_for_every_role(database: str, role: str) -> None:
    world = await a_busy_world()
    read = await Notice.filter(person_id=world.contact.id).order_by("id").first()
    assert read
    await notices.mark_read(await world.viewer(world.contact), [read.id])

    by_plan, by_executor = await both(INBOX, await world.viewer(getattr(world, role)))

    assert by_plan is not None and by_plan == by_executor
    assert list(by_plan["me"]) == list(by_executor["me"])
    assert (by_plan["me"]["unreadNotices"] > 0) == (role not in ("auditor", "administrator"))


@pytest.mark.parametrize(
    "document",
    ["{ viewer { language } }",
     "{ viewer { language @skip(if: true) } cases { nodes { id } } }", "{ viewer { noticeChoices { move } } }",
     "{ __schema { queryType { name } } }", "{ caseCounts { departments { count } } }",
     "{ cases(first: 0) { nodes { id } } }", '{ cases(after: "x") { nodes { id } } }',
     "{ cases { nodes { id } edges { node { id } } } }"],
)
async def test_what_a_plan_cannot_say_is_left_to_the_executor(database: str, document: str) -> None:
    world = await a_world()
    context = Context(await world.viewer(world.auditor), "en", "")

    with pytest.raises(Unplannable):
        plan(schema, parse(document), None, None, context)


async def test_the_first_of_a_list_are_the_first_for_each_parent_without_a_plan_too(database: str) -> None:
    world = await a_busy_world()
    document = "{ cases { nodes { responsibilities(first: 1) { id } all: responsibilities { id } } } }"

    by_plan, by_executor = await both(document, await world.viewer(world.auditor))

    assert by_plan == by_executor
    found = by_executor["cases"]["nodes"]
    assert max(len(case["all"]) for case in found) > 1
    assert all(case["responsibilities"] == case["all"][:1] for case in found)


async def test_moves_read_only_what_their_rules_look_at_and_more_when_they_look_at_more(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.columns._looked_at", defaultdict(LookedAt))
    world = await a_world()
    case = await a_case(world)
    viewer = await world.viewer(world.dispatcher)
    context = Context(viewer, "en", "")
    document = parse("{ cases { nodes { state moves { name allowed reason { code } } } } }")
    made = plan(schema, document, None, None, context)

    # Given a page of collected cases, their rules' columns become known, and from then on only these are read.
    await made.answer(context)
    assert '"description"' not in asked_by(made) and '"open_rectifications"' not in asked_by(made)

    # When one comes to a state whose rules look at more, the answer is whole all the same.
    await perform(viewer, Case, case.id, "submit")
    await a_reported_case(world)
    answer = _plain(await made.answer(Context(viewer, "en", "")))
    told = await schema.execute("{ cases { nodes { state moves { name allowed reason { code } } } } }",
                                context_value=Context(viewer, "en", ""))
    assert answer == _plain(told.data)
    assert '"open_rectifications"' in asked_by(made)


def asked_by(plan: Plan) -> str:
    (part,) = plan.roots
    assert part.root
    return part.root.sql


@pytest.mark.parametrize("role", ["dispatcher", "companion", "land_liaison", "contact", "administrator"])
async def test_the_numbers_of_a_board_are_one_statement_for_every_role(database: str, role: str) -> None:
    world = await a_busy_world()
    document = """{ caseCounts(filter: {text: "用地"}) { total stages { stage count } states { count state }
      lights { light count } categories { count } again: total } }"""

    by_plan, by_executor = await both(document, await world.viewer(getattr(world, role)))

    assert by_plan is not None and by_plan == by_executor


MOVES = "{ cases { nodes { number moves { name allowed reason { code message } } } } }"


async def test_moves_are_judged_anew_at_another_instant(database: str) -> None:
    world = await a_world()
    case = await a_closed_case(world)
    contact = await world.viewer(world.contact)
    assert case.reopen_until

    made = plan(schema, parse(MOVES), None, None, Context(contact, "en", ""))

    before = [await made.answer(Context(contact, "en", "")) for _ in range(2)]
    with clock.stopped(case.reopen_until + timedelta(seconds=1)):
        after = await made.answer(Context(contact, "en", ""))

    assert [_reasons(each, "reopenCase") for each in (*before, after)] == [[None], [None], ["REOPEN_LAPSED"]]


async def test_moves_are_judged_anew_by_another_rule(database: str) -> None:
    world = await a_world()
    case = await a_reported_case(world)
    owner = await world.viewer(world.companion)
    for measure in await Rectification.filter(case_id=case.id):
        await perform(owner, Rectification, measure.id, "verify")
    for problem in await Problem.filter(case_id=case.id):
        await perform(owner, Problem, problem.id, "clear", resolution="用地已批复")
    await perform(owner, Case, case.id, "call_back")

    made = plan(schema, parse(MOVES), None, None, Context(owner, "en", ""))

    before = [await made.answer(Context(owner, "en", "")) for _ in range(2)]
    await create(
        await world.viewer(world.administrator), Setting, "set", within=world.zone, name="call_back_attempts",
        value="1", holds_from=clock.today().date(), source="示例",
    )
    after = await made.answer(Context(owner, "en", ""))

    reasons = [_reasons(each, "closeCase") for each in (*before, after)]
    assert reasons == [["NOT_CALLED_BACK"], ["NOT_CALLED_BACK"], [None]]


def _reasons(answer: Any, name: str) -> list[str | None]:
    moves = [move for case in _plain(answer)["cases"]["nodes"] for move in case["moves"] if move["name"] == name]
    return [move["reason"] and move["reason"]["code"] for move in moves]
