"""A move that is planned is made once and told as the executor tells it, whatever goes wrong on the way."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import httpx
import orjson
import pytest
from graphql import parse
from tortoise.exceptions import OperationalError

from api.context import Context
from api.faults import FAULT
from api.payloads import MovePlan, move_plan
from api.plans import Plan
from api.schema import schema
from api.selections import Unplannable
from domain import clock
from domain.accounts import Session
from domain.cases import Case
from domain.history import Entry
from domain.people import Membership
from domain.recent import Recent
from domain.responsibilities import Responsibility, ResponsibilityState
from domain.viewers import Viewer
from tests.asking import Asking
from tests.graphql import served, signed_in
from tests.proofs import everything
from tests.world import World, a_case, a_dispatched_case, a_world, the_responsibility
from workflows.perform import perform

SELECTIONS = 25
SIGN = """mutation Sign($input: SignResponsibilityInput!) { signed: signResponsibility(input: $input) {
  __typename responsibility { id state case { number title } department { name } moves { name allowed } }
  refusals { code message field } } }"""


async def an_offer(world: World) -> Responsibility:
    return await the_responsibility(await a_dispatched_case(world))


def id_of(duty: Responsibility) -> str:
    return f"Responsibility_{duty.id}"


async def signings(duty: Responsibility) -> int:
    return await Entry.filter(record_id=duty.id, move="sign").count()


async def by_plan_and_executor(document: str, given: dict[str, Any], viewer: Viewer) -> tuple[Any, Any]:
    """What the plan tells of the move that it makes, and what the executor tells of the very same."""
    context = Context(viewer, "en", "")
    planned = await move_plan(schema, parse(document), None, context).answer({"input": given}, context)
    again = Context(viewer, "en", "", made=context.made)
    told = await schema.execute(document, {"input": given}, again)
    assert not told.errors, (document, told.errors)
    return _plain(planned), _plain(told.data)


def _plain(answer: Any) -> Any:
    return orjson.loads(orjson.dumps(answer, default=str))


@pytest.mark.parametrize("move", ["signResponsibility", "submitCase"])
async def test_a_planned_move_is_told_as_the_executor_tells_it_whatever_is_selected(database: str, move: str) -> None:
    world, asking, planned = await a_world(), Asking(7, []), 0
    companion, liaison = await world.viewer(world.companion), await world.viewer(world.land_liaison)
    kind, field = ("Responsibility", "responsibility") if move == "signResponsibility" else ("Case", "case")

    for _ in range(SELECTIONS):
        document = f"""mutation M($input: {move[0].upper()}{move[1:]}Input!) {{ {move}(input: $input) {{
            refusals {{ code }} {field} {{ {asking.of_a(kind)} }} }} }}"""
        made: Any = await an_offer(world) if kind == "Responsibility" else await a_case(world)
        viewer = liaison if kind == "Responsibility" else companion
        with suppress(Unplannable):
            by_plan, by_executor = await by_plan_and_executor(document, {"id": f"{kind}_{made.id}"}, viewer)
            assert by_plan == by_executor, document
            assert list(by_plan[move]) == ["refusals", field] and by_plan[move][field]
            planned += 1

    assert planned > SELECTIONS * 0.6
    assert await Entry.filter(move__in=("sign", "submit"), actor_id=viewer.person_id).count() == planned


async def test_what_one_has_just_made_one_is_shown(database: str) -> None:
    world = await a_world()
    document = """mutation M($input: CreateCaseInput!) { createCase(input: $input) {
        case { id state owner { name } } refusals { code } } }"""
    given = {"enterpriseId": f"Enterprise_{world.enterprise.id}", "title": "用电"}

    by_plan, by_executor = await by_plan_and_executor(document, given, await world.viewer(world.dispatcher))

    assert by_plan == by_executor and by_plan["createCase"]["case"]["id"]


@pytest.fixture
async def http(database: str) -> Any:
    async with served() as client:
        yield client


async def test_a_document_asked_before_is_planned_over_http(http: httpx.AsyncClient, monkeypatch: Any) -> None:
    world = await a_world()
    liaison = await signed_in(http, world.land_liaison)
    first, second = await an_offer(world), await an_offer(world)
    executed = await liaison.ask(SIGN, input={"id": id_of(first)})

    async def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("the executor was asked")

    monkeypatch.setattr("api.app.Service.run", never)
    planned = await liaison.ask(SIGN, input={"id": id_of(second)})

    assert _known(planned, second) == _known(executed, first)
    assert (await Responsibility.get(id=second.id)).state is ResponsibilityState.SIGNED


def _known(answer: Any, duty: Responsibility) -> Any:
    answer["signed"]["responsibility"]["case"] = None
    return orjson.loads(orjson.dumps(answer).replace(str(duty.id).encode(), b""))


async def test_a_refused_move_is_told_in_the_language_asked_for_and_changes_nothing(http: httpx.AsyncClient) -> None:
    world = await a_world()
    duty = await an_offer(world)
    told = []
    for language in ("en", "zh"):
        outsider = await signed_in(http, world.housing_liaison, language)
        dispatcher = await signed_in(http, world.dispatcher, language)
        before = await everything()
        for _ in range(2):  # by the executor first, then by plan
            unseen = await outsider.ask(SIGN, input={"id": id_of(duty)})
            barred = await dispatcher.ask(SIGN, input={"id": id_of(duty)})
            told.append((unseen["signed"], barred["signed"]))
        assert await everything() == before

    assert told[0] == told[1] and told[2] == told[3] and told[0] != told[2]
    assert [each["refusals"][0]["code"] for each in told[0]] == ["NOT_FOUND", "NOT_ALLOWED"]
    assert all(each["responsibility"] is None for each in told[0])


async def test_a_planned_move_obeys_its_key_and_the_version_expected(http: httpx.AsyncClient) -> None:
    world = await a_world()
    liaison, duty = await signed_in(http, world.land_liaison), await an_offer(world)
    await liaison.ask(SIGN, input={"id": id_of(await an_offer(world))})

    stale = await liaison.ask(SIGN, input={"id": id_of(duty), "expectedVersion": 7})
    once = await liaison.ask(SIGN, input={"id": id_of(duty), "idempotencyKey": "k"})
    again = await liaison.ask(SIGN, input={"id": id_of(duty), "idempotencyKey": "k"})
    other = await liaison.ask(SIGN, input={"id": id_of(duty), "idempotencyKey": "k", "expectedVersion": 1})

    assert stale["signed"]["refusals"][0]["code"] == "STALE"
    assert once == again and once["signed"]["responsibility"]["state"] == "SIGNED"
    assert other["signed"]["refusals"][0]["code"] == "KEY_REUSED"
    assert await signings(duty) == 1


async def test_what_was_made_long_ago_is_shown_by_its_key_to_those_alone_who_see_it(http: httpx.AsyncClient) -> None:
    world = await a_world()
    companion = await signed_in(http, world.companion)
    given = {"enterpriseId": f"Enterprise_{world.enterprise.id}", "title": "用电"}
    made = [await companion.do("createCase", "case { title }", **given, idempotencyKey=key) for key in ("j", "k", "k")]
    assert [each["case"] for each in made] == [{"title": "用电"}] * 3

    held = await Membership.get(person_id=world.companion.id)
    await perform(await world.viewer(world.administrator), Membership, held.id, "revoke", reason="调岗")
    await Case.all().update(owner_id=world.dispatcher.id, title="事后改的题")

    again = await companion.do("createCase", "case { title }", **given, idempotencyKey="k")
    assert again == {"case": None, "refusals": []}


@pytest.mark.parametrize("given", [{}, {"id": 3.5}, {"id": "x"}, {"id": None}, {"id": "Case_1", "no": 1}, [], "x"])
async def test_wrong_variables_are_told_as_the_executor_tells_them(http: httpx.AsyncClient, given: Any) -> None:
    world = await a_world()
    liaison = await signed_in(http, world.land_liaison)
    new = await liaison.send(SIGN, input=given)
    await liaison.ask(SIGN, input={"id": id_of(await an_offer(world))})
    before = await everything()

    known = await liaison.send(SIGN, input=given)

    assert known == new and ("errors" in known or known["data"]["signed"]["refusals"])
    assert await everything() == before


async def test_a_session_that_has_ended_makes_no_move(http: httpx.AsyncClient) -> None:
    world = await a_world()
    liaison, duty = await signed_in(http, world.land_liaison), await an_offer(world)
    await liaison.ask(SIGN, input={"id": id_of(await an_offer(world))})
    await Session.filter(person_id=world.land_liaison.id).update(ended_at=clock.now())

    answer = await liaison.send(SIGN, input={"id": id_of(duty)})

    assert answer["errors"][0]["extensions"]["code"] == "SESSION_ENDED"
    assert await signings(duty) == 0


async def test_a_record_that_no_plan_can_read_is_told_by_the_executor_and_the_move_is_made_once(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await a_world()
    liaison, duty = await signed_in(http, world.land_liaison), await an_offer(world)
    before = await liaison.ask(SIGN, input={"id": id_of(await an_offer(world))})

    async def broken(*_: Any) -> Any:
        raise OperationalError("parser stack overflow")

    monkeypatch.setattr(Plan, "answer", broken)
    answer = await liaison.ask(SIGN, input={"id": id_of(duty)})

    assert answer["signed"]["responsibility"]["id"] == id_of(duty)
    assert answer["signed"].keys() == before["signed"].keys()
    assert await signings(duty) == 1


async def test_what_goes_wrong_in_a_move_is_told_by_its_number_alone_and_nothing_is_tried_again(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await a_world()
    liaison, duty = await signed_in(http, world.land_liaison), await an_offer(world)
    await liaison.ask(SIGN, input={"id": id_of(await an_offer(world))})
    tried = []

    async def broken(*_: Any, **__: Any) -> Any:
        tried.append(1)
        raise RuntimeError("secret")

    monkeypatch.setattr("api.mutations.perform", broken)
    answer = await liaison.send(SIGN, input={"id": id_of(duty)})

    (error,) = answer["errors"]
    assert answer["data"] is None and error["path"] == ["signed"]
    assert error["extensions"]["code"] == FAULT.code and "secret" not in str(answer)
    assert len(tried) == 1 and await signings(duty) == 0


async def test_what_is_selected_by_a_variable_is_told_by_it(http: httpx.AsyncClient) -> None:
    world = await a_world()
    liaison = await signed_in(http, world.land_liaison)
    document = """mutation Sign($input: SignResponsibilityInput!, $all: Boolean!) { signResponsibility(input: $input) {
        responsibility { id state @include(if: $all) } } }"""

    told = [
        await liaison.ask(document, input={"id": id_of(await an_offer(world))}, all=wanted)
        for wanted in (True, True, False)
    ]

    states = [each["signResponsibility"]["responsibility"].get("state", "-") for each in told]
    assert states == ["SIGNED", "SIGNED", "-"]


@pytest.mark.parametrize(
    "document",
    ["mutation M($a: SignResponsibilityInput!, $b: SignResponsibilityInput!) { a: signResponsibility(input: $a) "
     "{ refusals { code } } b: signResponsibility(input: $b) { refusals { code } } }",
     'mutation M { signOut(input: {refreshToken: "x"}) { refusals { code } } }',
     "mutation M($a: SignResponsibilitiesInput!) { signResponsibilities(input: $a) { refusals { code } } }"],
)
async def test_what_is_no_single_move_is_left_to_the_executor(database: str, document: str) -> None:
    world = await a_world()
    context = Context(await world.viewer(world.land_liaison), "en", "")

    with pytest.raises(Unplannable):
        move_plan(schema, parse(document), None, context)


async def test_one_plan_serves_whatever_a_move_is_given(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: Recent[MovePlan | None] = Recent(10)
    monkeypatch.setattr("api.documents._moves", kept)
    world = await a_world()
    liaison = await signed_in(http, world.land_liaison)
    for key in (None, "k-3141", "k-2718", "k-1618"):
        await liaison.ask(SIGN, input={"id": id_of(await an_offer(world)), "idempotencyKey": key})

    (plan,) = kept.kept.values()

    assert plan and plan.key == "signed" and "k-" not in repr(kept.kept.keys())


@pytest.mark.parametrize(
    "wanted", ["refusals { code }", "responsibility { id }", "a: refusals { code } b: refusals { code }"]
)
async def test_a_refused_move_is_counted_once_whatever_is_selected(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    told: list[tuple[str, ...]] = []
    monkeypatch.setattr("domain.meters._heard", lambda what, labels, value: told.append((what, *labels)))
    world = await a_world()
    dispatcher, duty = await signed_in(http, world.dispatcher), await an_offer(world)
    document = f"""mutation M($input: SignResponsibilityInput!) {{
        signResponsibility(input: $input) {{ {wanted} }} }}"""

    for _ in range(2):  # by the executor, and by plan
        told.clear()
        await dispatcher.send(document, input={"id": id_of(duty)})
        assert [each for each in told if each[0] == "refusal"] == [("refusal", "NOT_ALLOWED")]
        assert ("request", "mutation", "refused") in told
