"""Signing in, staying signed in and being out at once; through HTTP, on both databases."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from joserfc import jwt
from joserfc.jwk import OctKey

from api.nodes import global_id
from domain import clock
from domain.accounts import Account, Session, SignInAttempt
from domain.history import Entry
from domain.people import Membership, Person
from domain.refusals import Refused
from domain.secret import secret
from domain.viewers import Role
from tests import quick
from tests.graphql import Client, served, signed_in
from tests.world import World, a_person, a_world
from workflows import passwords, sessions, sign_in
from workflows.perform import perform

PASSWORD, OTHER = "走访-visit-2026", "核验-check-2026"
ME = "{ viewer { person { name } memberships { role } } }"
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


@pytest.fixture
async def world(database: str) -> World:
    return await a_world()


@pytest.fixture
async def http(database: str) -> AsyncIterator[httpx.AsyncClient]:
    async with served() as client:
        yield client


@pytest.fixture
async def officer(world: World) -> Person:
    return await a_person(world.zone, "企业伴员01", Role.COMPANION, login="officer01", password=PASSWORD)


async def test_a_login_and_its_password_give_a_session_that_knows_the_person(
    http: httpx.AsyncClient, officer: Person
) -> None:
    payload = await Client(http).do(
        "signIn", "accessToken refreshToken expiresAt person { name zone { code } }",
        login="officer01", password=PASSWORD,
    )

    assert payload["refusals"] == []
    assert payload["person"] == {"name": "企业伴员01", "zone": {"code": "GL"}}
    me = await Client(http, payload["accessToken"]).ask(ME)
    assert me["viewer"] == {"person": {"name": "企业伴员01"}, "memberships": [{"role": "COMPANION"}]}
    assert await codes(http, login=" Officer01 ") == []


async def test_passwords_and_tokens_are_kept_as_hashes_only(http: httpx.AsyncClient, officer: Person) -> None:
    tokens = await sign_in.sign_in("officer01", PASSWORD, "192.0.2.1")

    account, session = await Account.get(login="officer01"), await Session.get(person_id=officer.id)
    assert account.password_hash.startswith("$argon2id$")
    assert tokens.refresh not in (session.token_hash, session.previous_hash)
    entries = await Entry.filter(subject_id=officer.id)
    assert not [e for e in entries if PASSWORD in e.changes + e.reason or "argon2" in e.changes + e.reason]


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_an_unknown_login_hears_what_a_wrong_password_hears(
    http: httpx.AsyncClient, officer: Person, language: str
) -> None:
    wrong = await Client(http, language=language).do("signIn", login="officer01", password=OTHER)
    unknown = await Client(http, language=language).do("signIn", login="nobody", password=OTHER)

    assert wrong == unknown
    assert wrong["refusals"][0]["code"] == "WRONG_PASSWORD"
    assert ("登录名" in wrong["refusals"][0]["message"]) == (language == "zh")


async def test_an_unknown_login_costs_a_password_hash_too(
    officer: Person, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at = watched(monkeypatch)

    for login in ("officer01", "nobody"):
        with pytest.raises(Refused, match="WRONG_PASSWORD"):
            await sign_in.sign_in(login, OTHER, "192.0.2.1")

    assert len(looked_at) == 2
    assert len({hashed.rpartition("$")[0].rpartition("$")[0] for hashed in looked_at}) == 1


def test_the_hash_that_no_password_has_is_as_slow_as_any() -> None:
    hasher, decoy = quick.SHIPPED

    assert not hasher.check_needs_rehash(decoy)
    assert hasher.memory_cost >= 64 * 1024 and hasher.time_cost >= 3


@pytest.mark.parametrize(
    ("login", "password", "code", "field"),
    [
        ("", PASSWORD, "REQUIRED", "login"),
        ("x" * 61, PASSWORD, "TOO_LONG", "login"),
        ("officer01", "", "REQUIRED", "password"),
        ("officer01", "x" * 201, "TOO_LONG", "password"),
        ("officer\u000001", PASSWORD, "BAD_TEXT", "login"),
        ("㍿" * 60, PASSWORD, "WRONG_PASSWORD", None),
    ],
)
async def test_bad_sign_in_input_is_refused_naming_the_field(
    http: httpx.AsyncClient, database: str, login: str, password: str, code: str, field: str | None
) -> None:
    payload = await Client(http).do("signIn", login=login, password=password)

    assert [(no["code"], no["field"]) for no in payload["refusals"]] == [(code, field)]


async def test_after_five_wrong_passwords_from_one_address_the_right_one_waits_a_quarter_of_an_hour(
    officer: Person, database: str
) -> None:
    noon = clock.now()
    with clock.stopped(noon):
        for _ in range(5):
            assert await code_from("192.0.2.1", OTHER) == "WRONG_PASSWORD"
        assert await code_from("192.0.2.1", PASSWORD) == "TOO_MANY_ATTEMPTS"
        assert await code_from("198.51.100.7", PASSWORD) is None

    with clock.stopped(noon + 15 * MINUTE - SECOND):
        assert await code_from("192.0.2.1", PASSWORD) == "TOO_MANY_ATTEMPTS"
    with clock.stopped(noon + 15 * MINUTE):
        assert await code_from("192.0.2.1", PASSWORD) is None


async def test_signing_in_forgives_the_attempts_before_it(officer: Person, database: str) -> None:
    for _ in range(3):
        for _ in range(4):
            assert await code_from("192.0.2.1", OTHER) == "WRONG_PASSWORD"
        assert await code_from("192.0.2.1", PASSWORD) is None

    assert await SignInAttempt.all().count() == 0


async def test_one_address_may_not_guess_its_way_through_the_logins(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at = watched(monkeypatch)

    # of IPv6, all addresses of one household count as one
    told = [await code_from(f"2001:db8::{n:x}", OTHER, login=f"login{n}") for n in range(60)]

    assert told == ["WRONG_PASSWORD"] * 50 + ["TOO_MANY_ATTEMPTS"] * 10
    assert len(looked_at) == 50


async def test_of_32_attempts_at_once_no_more_than_five_get_their_password_looked_at(
    http: httpx.AsyncClient, officer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at = watched(monkeypatch)

    answers = await asyncio.gather(*(codes(http, password=OTHER) for _ in range(32)))

    assert len(looked_at) == sum(answer == ["WRONG_PASSWORD"] for answer in answers) <= 5
    assert all(answer in (["WRONG_PASSWORD"], ["TOO_MANY_ATTEMPTS"]) for answer in answers)


async def test_an_access_token_lasts_fifteen_minutes(http: httpx.AsyncClient, officer: Person) -> None:
    noon = clock.now().replace(microsecond=0)
    with clock.stopped(noon):
        tokens = await sign_in.sign_in("officer01", PASSWORD, "192.0.2.1")

    with clock.stopped(noon + 15 * MINUTE - SECOND):
        assert (await status(http, tokens.access)) == 200
    with clock.stopped(noon + 15 * MINUTE):
        assert (await status(http, tokens.access)) == 401


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_forged_or_broken_token_is_refused_in_the_readers_language(
    http: httpx.AsyncClient, officer: Person, language: str
) -> None:
    tokens = await sign_in.sign_in("officer01", PASSWORD, "192.0.2.1")
    genuine = json.loads(unpadded(tokens.access.split(".")[1]))
    key, at = OctKey.import_key(secret()), genuine["iat"]
    forged = [
        jwt.encode({"alg": "HS256"}, genuine, OctKey.import_key(b"another key, just as long as ours")),
        jwt.encode({"alg": "HS512"}, genuine, key, algorithms=["HS512"]),
        f"{padless({'alg': 'none'})}.{padless(genuine)}.",
        f"{padless({'alg': 'None'})}.{padless(genuine)}.{tokens.access.split('.')[2]}",
        jwt.encode({"alg": "HS256"}, {**genuine, "aud": "another"}, key),
        jwt.encode({"alg": "HS256"}, {**genuine, "iat": at + 3600}, key),
        *(
            jwt.encode({"alg": "HS256"}, {k: v for k, v in genuine.items() if k != left_out}, key)
            for left_out in ("exp", "iat", "sid", "aud")
        ),
        jwt.encode({"alg": "HS256"}, {**genuine, "sid": 5}, key),
        jwt.encode({"alg": "HS256"}, {**genuine, "exp": "soon"}, key),
        tokens.access[:-2],
        tokens.refresh,
        "garbage", "a.b.c", "....", "qbs_", "qbs_garbage", "x" * 50_000, tokens.access + "x" * 3_000,
    ]

    for token in forged:
        answer = await http.post(
            "/graphql", json={"query": ME}, headers={"Authorization": f"Bearer {token}", "Accept-Language": language}
        )
        assert answer.status_code == 401, token[:80]
        assert [no["code"] for no in answer.json()["refusals"]] == ["SESSION_ENDED"]
        assert answer.json()["errors"][0]["extensions"] == {"code": "SESSION_ENDED"}
        assert ("请" in answer.json()["errors"][0]["message"]) == (language == "zh")
    for header in ("Bearer", "Basic b2ZmaWNlcjAx", tokens.access):
        assert (await http.post("/graphql", json={"query": ME}, headers={"Authorization": header})).status_code == 401


async def test_a_refresh_token_is_good_once_and_using_it_again_ends_the_session(
    http: httpx.AsyncClient, officer: Person
) -> None:
    noon = clock.now()
    with clock.stopped(noon):
        first = await sign_in.sign_in("officer01", PASSWORD, "192.0.2.1")
        second = await renewed(http, first.refresh)
    assert second["refreshToken"] != first.refresh

    with clock.stopped(noon + sessions.GRACE):
        again = await renewed(http, first.refresh)

    assert [no["code"] for no in again["refusals"]] == ["SESSION_ENDED"]
    assert await status(http, second["accessToken"]) == 401
    assert [no["code"] for no in (await renewed(http, second["refreshToken"]))["refusals"]] == ["SESSION_ENDED"]


async def test_even_a_token_spent_long_ago_ends_the_session(http: httpx.AsyncClient, officer: Person) -> None:
    first = await sign_in.sign_in("officer01", PASSWORD, "192.0.2.1")
    second = await renewed(http, first.refresh)
    third = await renewed(http, second["refreshToken"])

    assert (await renewed(http, first.refresh))["refusals"]

    assert await status(http, third["accessToken"]) == 401


async def test_two_tabs_that_refresh_at_once_get_the_same_token_and_go_on(
    http: httpx.AsyncClient, officer: Person
) -> None:
    first = await sign_in.sign_in("officer01", PASSWORD, "192.0.2.1")

    tabs = await asyncio.gather(*(renewed(http, first.refresh) for _ in range(4)))

    assert [tab["refusals"] for tab in tabs] == [[]] * 4
    assert len({tab["refreshToken"] for tab in tabs}) == 1
    assert (await renewed(http, tabs[0]["refreshToken"]))["refusals"] == []


@pytest.mark.parametrize("token", ["", "garbage", "密" * 64, "A" * 64, "x" * 10_000])
async def test_a_refresh_token_of_no_session_is_refused_and_signs_nobody_out(
    http: httpx.AsyncClient, officer: Person, token: str
) -> None:
    tokens = await sign_in.sign_in("officer01", PASSWORD, "192.0.2.1")

    assert [no["code"] for no in (await renewed(http, token))["refusals"]] == ["SESSION_ENDED"]
    assert (await Client(http).do("signOut", "done", refreshToken=token))["done"]

    assert await status(http, tokens.access) == 200


async def test_a_session_unused_for_two_weeks_is_over(http: httpx.AsyncClient, officer: Person) -> None:
    noon = clock.now()
    with clock.stopped(noon):
        tokens = await sign_in.sign_in("officer01", PASSWORD, "192.0.2.1")

    with clock.stopped(noon + sessions.REFRESH_LIFE):
        assert (await renewed(http, tokens.refresh))["refusals"]
    with clock.stopped(noon + sessions.REFRESH_LIFE - SECOND):
        assert (await renewed(http, tokens.refresh))["refusals"] == []


async def test_signing_out_ends_the_access_token_too(http: httpx.AsyncClient, officer: Person) -> None:
    tokens = await sign_in.sign_in("officer01", PASSWORD, "192.0.2.1")

    assert await Client(http).do("signOut", "done", refreshToken=tokens.refresh) == {"done": True, "refusals": []}

    assert await status(http, tokens.access) == 401
    assert (await renewed(http, tokens.refresh))["refusals"]


async def test_changing_the_password_ends_every_session_and_is_in_the_history_without_it(
    http: httpx.AsyncClient, officer: Person
) -> None:
    here, there = [await sign_in.sign_in("officer01", PASSWORD, "192.0.2.1") for _ in range(2)]
    client = Client(http, here.access)

    wrong = await client.do("changePassword", "done", oldPassword=OTHER, newPassword=OTHER)
    weak = await client.do("changePassword", "done", oldPassword=PASSWORD, newPassword="1234567890")
    done = await client.do("changePassword", "done", oldPassword=PASSWORD, newPassword=OTHER)

    assert [(no["code"], no["field"]) for no in wrong["refusals"]] == [("WRONG_PASSWORD", "oldPassword")]
    assert [(no["code"], no["field"]) for no in weak["refusals"]] == [("WEAK_PASSWORD", "newPassword")]
    assert done == {"done": True, "refusals": []}
    assert [await status(http, each.access) for each in (here, there)] == [401, 401]
    assert await code_from("192.0.2.1", PASSWORD) == "WRONG_PASSWORD"
    assert await code_from("192.0.2.1", OTHER) is None
    entry = await Entry.filter(subject_id=officer.id).order_by("-sequence").first()
    assert entry and (entry.move, entry.actor_id, entry.changes) == ("change_password", officer.id, "{}")


async def test_guessing_the_old_password_is_limited_as_signing_in_is(
    http: httpx.AsyncClient, officer: Person
) -> None:
    tokens = await sign_in.sign_in("officer01", PASSWORD, "192.0.2.1")
    client = Client(http, tokens.access)

    told = [await client.do("changePassword", oldPassword=OTHER, newPassword=OTHER) for _ in range(6)]

    assert [each["refusals"][0]["code"] for each in told] == ["WRONG_PASSWORD"] * 5 + ["TOO_MANY_ATTEMPTS"]


async def test_nobody_changes_a_password_without_signing_in_or_without_having_one(
    http: httpx.AsyncClient, world: World
) -> None:
    anonymous = await Client(http).do("changePassword", oldPassword=PASSWORD, newPassword=OTHER)
    without = await (await signed_in(http, world.auditor)).do("changePassword", oldPassword=PASSWORD, newPassword=OTHER)

    assert anonymous["refusals"][0]["code"] == "UNAUTHENTICATED"
    assert without["refusals"][0]["code"] == "WRONG_PASSWORD"


@pytest.mark.parametrize(
    "weak", ["短密码-a1", "aaaaaaaaaaaa", "1234567890", "84610275930", "qwertyuiop", "Admin@123456", "officer01-xyz"]
)
def test_a_password_too_easily_guessed_is_weak(weak: str) -> None:
    assert passwords.is_weak(weak, "officer01")
    assert not passwords.is_weak(PASSWORD, "officer01")


async def test_an_administrator_makes_an_account_and_resets_its_password_at_once(
    http: httpx.AsyncClient, world: World
) -> None:
    administrator = await signed_in(http, world.administrator)
    given = {"zoneId": global_id(world.zone), "name": "企业伴员02", "login": "Officer02"}

    weak = await administrator.do("createPerson", "person { id }", **given, password="short")
    bad = await administrator.do("createPerson", "person { id }", **{**given, "login": "officer 02"}, password=PASSWORD)
    made = await administrator.do("createPerson", "person { id version }", **given, password=PASSWORD)
    taken = await administrator.do("createPerson", "person { id }", **given, password=PASSWORD)
    before = await sign_in.sign_in("officer02", PASSWORD, "192.0.2.1")
    person = made["person"]
    again = await administrator.do("setPassword", id=person["id"], expectedVersion=person["version"], password=OTHER)

    assert [(no["code"], no["field"]) for no in weak["refusals"]] == [("WEAK_PASSWORD", "password")]
    assert [(no["code"], no["field"]) for no in bad["refusals"]] == [("BAD_LOGIN", "login")]
    assert [(no["code"], no["field"]) for no in taken["refusals"]] == [("LOGIN_TAKEN", "login")]
    assert again["refusals"] == []
    assert await status(http, before.access) == 401
    assert await code_from("192.0.2.1", OTHER, login="officer02") is None


async def test_a_password_is_set_only_where_there_is_a_login(http: httpx.AsyncClient, world: World) -> None:
    administrator = await signed_in(http, world.administrator)

    payload = await administrator.do("setPassword", id=global_id(world.auditor), password=OTHER)

    assert [no["code"] for no in payload["refusals"]] == ["NO_LOGIN"]


async def test_a_deactivated_person_is_out_at_once_and_may_come_back(
    http: httpx.AsyncClient, world: World, officer: Person
) -> None:
    administrator = await signed_in(http, world.administrator)
    tokens = await sign_in.sign_in("officer01", PASSWORD, "192.0.2.1")
    given = {"id": global_id(officer), "reason": "调离"}

    assert (await administrator.do("deactivatePerson", **given))["refusals"] == []

    assert await status(http, tokens.access) == 401
    assert (await renewed(http, tokens.refresh))["refusals"][0]["code"] == "SESSION_ENDED"
    assert await codes(http) == ["WRONG_PASSWORD"]
    assert (await administrator.do("reactivatePerson", **given))["refusals"] == []
    assert await status(http, tokens.access) == 401
    assert await codes(http) == []


async def test_a_role_granted_or_revoked_holds_from_the_very_next_request(
    http: httpx.AsyncClient, world: World, officer: Person
) -> None:
    administrator = await signed_in(http, world.administrator)
    client = Client(http, (await sign_in.sign_in("officer01", PASSWORD, "192.0.2.1")).access)
    held = await Membership.get(person_id=officer.id)

    granted = await administrator.do(
        "grantRole", personId=global_id(officer), role="DISPATCHER", zoneId=global_id(world.zone)
    )
    after_grant = await client.ask(ME)
    revoked = await administrator.do("revokeRole", id=global_id(held), reason="轮岗")
    after_revoke = await client.ask(ME)

    assert granted["refusals"] == revoked["refusals"] == []
    assert [each["role"] for each in after_grant["viewer"]["memberships"]] == ["COMPANION", "DISPATCHER"]
    assert [each["role"] for each in after_revoke["viewer"]["memberships"]] == ["DISPATCHER"]


async def test_a_sign_in_and_a_deactivation_at_once_leave_no_session_behind(world: World, officer: Person) -> None:
    administrator = await world.viewer(world.administrator)

    async def deactivate() -> None:
        await asyncio.sleep(0.1)
        await perform(administrator, Person, officer.id, "deactivate", reason="调离")

    signing_in = (sign_in.sign_in("officer01", PASSWORD, f"192.0.2.{n}") for n in range(8))
    await asyncio.gather(deactivate(), *signing_in, return_exceptions=True)

    assert await Session.filter(person_id=officer.id, ended_at__isnull=True).count() == 0


async def test_what_is_long_over_is_forgotten(world: World, officer: Person) -> None:
    noon = clock.now()
    with clock.stopped(noon):
        tokens = await sign_in.sign_in("officer01", PASSWORD, "192.0.2.1")
        await sessions.sign_out(tokens.refresh)
        assert await code_from("192.0.2.1", OTHER) == "WRONG_PASSWORD"

    with clock.stopped(noon + sign_in.ATTEMPT_WINDOW - SECOND):
        await sign_in.forget_old()
    assert (await SignInAttempt.all().count(), await Session.all().count()) == (1, 1)
    with clock.stopped(noon + sign_in.SESSIONS_KEPT + SECOND):
        await sign_in.forget_old()
    assert (await SignInAttempt.all().count(), await Session.all().count()) == (0, 0)


async def test_nothing_of_one_caller_is_told_to_another_at_the_same_time(
    http: httpx.AsyncClient, world: World
) -> None:
    people = [world.companion, world.leader, world.auditor, world.contact]
    clients = [await signed_in(http, person, "zh" if n % 2 else "en") for n, person in enumerate(people)] * 8

    answers = await asyncio.gather(
        *(client.ask("{ viewer { language person { name } } }") for client in clients),
        *(Client(http).ask("{ viewer { language person { name } } }") for _ in range(8)),
    )

    told: list[Any] = [(answer["viewer"] or {}).get("person") for answer in answers]
    assert told == [{"name": person.name} for person in people] * 8 + [None] * 8
    assert [answer["viewer"]["language"] for answer in answers[:32]] == ["en", "zh"] * 16


async def test_nobody_signed_in_hears_so_as_an_error_or_as_a_refusal(http: httpx.AsyncClient, database: str) -> None:
    answer = await Client(http, language="zh").send("{ cases { totalCount } }")
    payload = await Client(http).do("createPerson", "person { id }", zoneId="x", name="x")

    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert answer["errors"][0]["message"] == "请先登录。"
    assert [no["code"] for no in payload["refusals"]] == ["UNAUTHENTICATED"]


async def codes(http: httpx.AsyncClient, login: str = "officer01", password: str = PASSWORD) -> list[str]:
    payload = await Client(http).do("signIn", "accessToken", login=login, password=password)
    return [no["code"] for no in payload["refusals"]]


async def code_from(address: str, password: str, login: str = "officer01") -> str | None:
    try:
        await sign_in.sign_in(login, password, address)
    except Refused as refused:
        return refused.refusals[0].code
    return None


async def renewed(http: httpx.AsyncClient, token: str) -> dict[str, Any]:
    return await Client(http).do("refreshSession", "accessToken refreshToken", refreshToken=token)


async def status(http: httpx.AsyncClient, token: str) -> int:
    answer = await http.post("/graphql", json={"query": ME}, headers={"Authorization": f"Bearer {token}"})
    return answer.status_code


def watched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hashes that passwords are really compared with."""
    looked_at: list[str] = []
    verify = PasswordHasher.verify

    def look(hasher: PasswordHasher, kept: str, given: str) -> bool:
        looked_at.append(kept)
        return verify(hasher, kept, given)

    monkeypatch.setattr(PasswordHasher, "verify", look)
    return looked_at


def padless(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def unpadded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


