"""Service tokens: who hands them out, whom a front-end server acts for with them, and how they end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest

from api.nodes import global_id
from domain import clock
from domain.accounts import ServiceToken
from domain.answers import Answer
from domain.history import Entry
from domain.people import Membership, Person
from domain.viewers import OPERATOR, Role
from tests.graphql import Client, served, signed_in
from tests.world import World, a_person, a_world, a_zone
from workflows import service_tokens
from workflows.perform import create, perform

PASSWORD = "走访-visit-2026"
ME = "{ viewer { person { name } memberships { role } } }"


@pytest.fixture
async def world(database: str) -> World:
    return await a_world(parent=await a_zone("CN"))


@pytest.fixture
async def http(database: str) -> AsyncIterator[httpx.AsyncClient]:
    async with served() as client:
        yield client


@pytest.fixture
async def service(world: World) -> Person:
    return await a_person(world.zone, "前端服务器")


@pytest.fixture
async def token(service: Person) -> str:
    return (await service_tokens.create(OPERATOR, service.id, "门户网站"))[1]


@pytest.fixture
async def officer(world: World) -> Person:
    return await a_person(world.zone, "分办员01", Role.DISPATCHER, login="分办员01", password=PASSWORD)


async def test_a_token_is_shown_once_kept_as_a_hash_and_entered_without_its_text(
    http: httpx.AsyncClient, world: World, service: Person
) -> None:
    administrator = await signed_in(http, world.administrator)

    made = await administrator.do(
        "createServiceToken", "token serviceToken { id name person { name } }",
        personId=global_id(service), name="门户网站",
    )

    row = await ServiceToken.get()
    assert made["serviceToken"] == {"id": str(row.id), "name": "门户网站", "person": {"name": "前端服务器"}}
    assert row.token_hash == service_tokens.hash_of(made["token"]) != made["token"]
    listed = await administrator.ask("{ serviceTokens { id name createdAt expiresAt revokedAt person { name } } }")
    assert [each["revokedAt"] for each in listed["serviceTokens"]] == [None]
    assert made["token"] not in str(listed)
    entry = await Entry.get(subject_id=service.id, move="issue_token")
    assert (entry.actor_id, entry.reason, entry.changes) == (world.administrator.id, "门户网站", "{}")


async def test_whoever_repeats_the_request_gets_the_token_again_which_nobody_can_read_from_the_database(
    http: httpx.AsyncClient, world: World, service: Person
) -> None:
    administrator = await signed_in(http, world.administrator)
    other = await signed_in(http, await a_person(world.zone, "管理员02", Role.ADMINISTRATOR))
    asked = {"personId": global_id(service), "name": "门户网站", "idempotencyKey": "换发-1"}
    wanted = "token serviceToken { id } refusals { code }"

    made = await administrator.do("createServiceToken", wanted, **asked)
    again = await administrator.do("createServiceToken", wanted, **{**asked, "idempotencyKey": " 换发-1 "})
    reused = await administrator.do("createServiceToken", wanted, **{**asked, "name": "另一个"})
    of_another = await other.do("createServiceToken", wanted, **asked)
    bad = await administrator.do("createServiceToken", wanted, **{**asked, "idempotencyKey": "\ufffe\x00"})

    assert made == again and made["token"].startswith("qbs_")
    assert [each["code"] for each in reused["refusals"]] == ["KEY_REUSED"]
    assert of_another["token"] not in (None, made["token"])
    assert bad["token"] is None and bad["refusals"]
    assert await ServiceToken.all().count() == 2
    kept = [each.answer for each in await Answer.all()]
    assert len(kept) == 2 and made["token"] not in str(kept)


async def test_only_administrators_of_the_zone_hand_out_see_and_revoke_tokens(
    http: httpx.AsyncClient, world: World, service: Person, token: str
) -> None:
    elsewhere = await a_world("QT")
    row = await ServiceToken.get()

    for person in (world.leader, world.auditor, world.companion, world.contact, service, elsewhere.administrator):
        client = await signed_in(http, person)
        made = await client.do("createServiceToken", "token", personId=global_id(service), name="门户网站")
        ended = await client.do("revokeServiceToken", "serviceToken { id }", id=str(row.id), reason="泄露")
        listed = await client.ask("{ serviceTokens { id } }")

        assert made["token"] is None
        assert made["refusals"][0]["code"] in ("NOT_ALLOWED", "NOT_FOUND")
        assert [no["code"] for no in ended["refusals"]] == ["NOT_FOUND"]
        assert listed == {"serviceTokens": []}
    assert await ServiceToken.filter(revoked_at__isnull=True).count() == 1


async def test_a_person_with_a_login_gets_no_token_that_would_act_as_them(
    http: httpx.AsyncClient, world: World, officer: Person
) -> None:
    administrator = await signed_in(http, world.administrator)

    payload = await administrator.do("createServiceToken", "token", personId=global_id(officer), name="门户网站")

    assert [(no["code"], no["field"]) for no in payload["refusals"]] == [("HAS_LOGIN", "personId")]


async def test_an_administrator_gets_no_token_of_an_account_with_roles_higher_up(
    http: httpx.AsyncClient, world: World, service: Person
) -> None:
    above = await a_zone("BJ")
    await create(OPERATOR, Membership, "grant", within=service, role=Role.LEADER, zone=above)
    administrator = await signed_in(http, world.administrator)

    payload = await administrator.do("createServiceToken", "token", personId=global_id(service), name="门户网站")

    assert [no["code"] for no in payload["refusals"]] == ["HIGHER_UP"]


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"name": ""}, "REQUIRED", "name"),
        ({"name": "x" * 101}, "TOO_LONG", "name"),
        ({"days": 0}, "BAD_INPUT", "days"),
        ({"days": 367}, "BAD_INPUT", "days"),
        ({"personId": "garbage"}, "BAD_INPUT", "personId"),
        ({"personId": None}, "NOT_FOUND", "personId"),
    ],
)
async def test_bad_input_for_a_token_is_refused_naming_the_field(
    http: httpx.AsyncClient, world: World, service: Person, given: dict[str, Any], code: str, field: str
) -> None:
    administrator = await signed_in(http, world.administrator)
    unknown = global_id(Person(id=uuid4()))
    asked = {"personId": global_id(service), "name": "门户网站", **given}
    asked["personId"] = asked["personId"] or unknown

    payload = await administrator.do("createServiceToken", "token", **asked)

    assert [(no["code"], no["field"]) for no in payload["refusals"]] == [(code, field)]
    assert await ServiceToken.all().count() == 0


async def test_without_naming_anyone_a_service_has_its_own_roles_only(
    http: httpx.AsyncClient, world: World, service: Person, token: str
) -> None:
    me = await Client(http, token).ask(ME)

    assert me == {"viewer": {"person": {"name": "前端服务器"}, "memberships": []}}
    assert await Client(http, token).ask("{ cases { totalCount } }") == {"cases": {"totalCount": 0}}


async def test_a_service_acts_for_a_person_and_the_history_names_both(
    http: httpx.AsyncClient, world: World, service: Person, token: str, officer: Person
) -> None:
    problems = [{"description": "厂区供电容量不足"}]
    given = {"enterpriseId": global_id(world.enterprise), "title": "用电增容", "problems": problems}
    document = "mutation($input: CreateCaseInput!) { createCase(input: $input) { refusals { code message } } }"

    answer = await asked(http, token, "分办员01", document, input=given)

    assert answer.json() == {"data": {"createCase": {"refusals": []}}}
    entries = await Entry.filter(subject_kind="case")
    assert {(entry.actor_id, entry.acting_id) for entry in entries} == {(officer.id, service.id)}


async def test_for_whom_a_service_may_not_act_it_hears_one_and_the_same_no(
    http: httpx.AsyncClient, world: World, token: str
) -> None:
    elsewhere = await a_zone("QT")
    above = await a_zone("BJ")
    await a_person(world.zone, "管理员02", Role.ADMINISTRATOR, login="administrator", password=PASSWORD)
    await a_person(elsewhere, "分办员02", Role.DISPATCHER, login="elsewhere", password=PASSWORD)
    gone = await a_person(world.zone, "分办员03", Role.DISPATCHER, login="gone", password=PASSWORD)
    await perform(await world.viewer(world.administrator), Person, gone.id, "deactivate", reason="调离")
    reaching = await a_person(world.zone, "领导02", Role.LEADER, login="reaching", password=PASSWORD)
    await create(OPERATOR, Membership, "grant", within=reaching, role=Role.LEADER, zone=above)

    for login in ("administrator", "elsewhere", "gone", "reaching", "nobody", "", "%00", "%ff", "x" * 5_000):
        answer = await asked(http, token, login, ME)
        assert answer.status_code == 403, login
        assert answer.json()["refusals"][0]["code"] == "NO_BEHALF"
        assert answer.json()["refusals"][0]["field"] == "Qiban-On-Behalf-Of"


async def test_only_services_act_for_others(http: httpx.AsyncClient, world: World, officer: Person) -> None:
    client = await signed_in(http, world.leader)

    assert (await asked(http, client.token or "", "分办员01", ME)).status_code == 403


async def test_a_revoked_token_is_dead_at_once_and_the_reason_is_in_the_history(
    http: httpx.AsyncClient, world: World, service: Person, token: str
) -> None:
    administrator = await signed_in(http, world.administrator)
    given = {"id": str((await ServiceToken.get()).id), "reason": "泄露"}

    ended = await administrator.do("revokeServiceToken", "serviceToken { revokedAt }", **given)
    again = await administrator.do("revokeServiceToken", "serviceToken { revokedAt }", **given)

    assert ended["serviceToken"]["revokedAt"] and ended["refusals"] == []
    assert [no["code"] for no in again["refusals"]] == ["REVOKED"]
    assert (await asked(http, token, None, ME)).status_code == 401
    assert (await Entry.get(subject_id=service.id, move="revoke_token")).reason == "泄露"


async def test_a_token_expires_on_its_day(http: httpx.AsyncClient, world: World, service: Person) -> None:
    noon = clock.now()
    with clock.stopped(noon):
        _, token = await service_tokens.create(OPERATOR, service.id, "门户网站", days=1)

    with clock.stopped(noon + timedelta(days=1, seconds=-1)):
        assert (await asked(http, token, None, ME)).status_code == 200
    with clock.stopped(noon + timedelta(days=1)):
        assert (await asked(http, token, None, ME)).status_code == 401


async def test_the_tokens_of_a_deactivated_service_stay_dead_when_it_comes_back(
    http: httpx.AsyncClient, world: World, service: Person, token: str
) -> None:
    administrator = await world.viewer(world.administrator)

    await perform(administrator, Person, service.id, "deactivate", reason="停用")
    assert (await asked(http, token, None, ME)).status_code == 401
    await perform(administrator, Person, service.id, "reactivate", reason="恢复")

    assert (await asked(http, token, None, ME)).status_code == 401


async def asked(
    http: httpx.AsyncClient, token: str, behalf: str | None, document: str, **variables: Any
) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    if behalf is not None:
        # HTTP headers are Latin; a Chinese login comes percent-encoded.
        headers["Qiban-On-Behalf-Of"] = behalf if "%" in behalf else quote(behalf)
    return await http.post("/graphql", json={"query": document, "variables": variables}, headers=headers)
