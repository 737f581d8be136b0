"""Whatever is sent, the answer is a code and a sentence, and nothing has changed."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
from graphql import GraphQLInputObjectType, GraphQLList, get_named_type, get_nullable_type

from api.limits import MOST_BYTES
from api.nodes import NODES, global_id
from domain import clock
from domain import database as storage
from domain.attachments import Attachment
from domain.cases import Case
from domain.chains import ChainLink
from domain.figures import Exclusion
from domain.people import Person
from domain.supervisions import Supervision
from domain.viewers import OPERATOR, Role
from domain.zones import Setting
from tests import postgres
from tests.claiming import all_sorts_of_claims
from tests.graphql import Client, served, signed_in
from tests.helping import all_sorts_of_help
from tests.profiling import all_sorts_of_profiles
from tests.recognising import all_sorts_of_applications
from tests.visiting import all_sorts_of_outcomes, all_sorts_of_visits
from tests.walk import SCHEMA, dump, kind_of, mutations, plausible
from tests.world import World, a_case, a_handled_case, a_person, a_webhook, a_world
from workflows.perform import create, perform


class Plainly(Client):
    """A caller whose JSON is pure ASCII, so that broken characters can be sent at all."""

    async def send(self, query: str, **variables: Any) -> dict[str, Any]:
        headers = {"Accept-Language": self.language, "Content-Type": "application/json"}
        headers |= {"Authorization": f"Bearer {self.token}"} if self.token else {}
        body = json.dumps({"query": query, "variables": variables}).encode("ascii")
        response = await self.http.post("/graphql", content=body, headers=headers)
        assert response.status_code < 500, response.text
        answer: dict[str, Any] = response.json()
        return answer


KEPT_ASIDE = ("session", "sign_in_attempt", "answer")
"""Sign-ins, attempts at them, and answers already given are no part of the zone's records."""
BROKEN_TEXTS = ("nul\0", "bell\a", "\x7f", "\x85", "\ud800", "好\udfff", "长" * 25_000, "x" * 500_000)
BROKEN_IDS = (
    "",
    " ",
    "0",
    "\0",
    "\ud800",
    "不是编号",
    "Q2FzZTo",
    "=" * 9,
    "A" * 300_000,
    "Q2FzZTpub3QtYS1rZXk",
)
FAR_DAYS = ("0001-01-01", "1899-12-31", "9999-12-31")


assert SCHEMA.mutation_type
PAYLOADS: dict[str, Any] = {name: get_named_type(each.type) for name, each in SCHEMA.mutation_type.fields.items()}


@dataclass
class Place:
    """One field of a mutation's input: the way to it and what it takes."""

    mutation: str
    way: tuple[str | int, ...]
    kind: str
    required: bool

    @property
    def name(self) -> str:
        return [each for each in self.way if isinstance(each, str)][-1]

    def holding(self, value: object, given: Mapping[str, Any]) -> dict[str, Any]:
        changed = deepcopy(dict(given))
        at: Any = changed
        for each in self.way[:-1]:
            at = at[each]
        at[self.way[-1]] = value
        return changed


def places(mutation: str, declared: GraphQLInputObjectType, before: tuple[str | int, ...] = ()) -> Iterator[Place]:
    for name, each in declared.fields.items():
        way, kind = (*before, name), get_nullable_type(each.type)
        if isinstance(kind, GraphQLList):
            way, kind = (*way, 0), get_nullable_type(kind.of_type)
        if isinstance(kind, GraphQLInputObjectType):
            yield from places(mutation, kind, way)
        else:
            yield Place(mutation, way, kind.name, kind is not each.type and not isinstance(way[-1], int))


@dataclass
class Desk:
    """Someone with every role of a zone, who is refused for the input alone, and the rows there are."""

    client: Client
    world: World
    other: World
    rows: Mapping[str, Sequence[Any]]

    async def send(self, mutation: str, given: Mapping[str, Any], language: str = "en") -> dict[str, Any]:
        self.client.language = language
        payload = PAYLOADS[mutation]
        wanted = "refusals { code message field }"
        results = f"results {{ {wanted} }}" if "results" in payload.fields else ""
        title = mutation[0].upper() + mutation[1:]
        query = f"mutation($input: {title}Input!) {{ {mutation}(input: $input) {{ {results} {wanted} }} }}"
        return await self.client.send(query, input=given)


@dataclass
class Made:
    """A database with all sorts of records in it, which every test gets a copy of."""

    url: str
    world: World
    other: World
    everyone: Person
    rows: Mapping[str, Sequence[Any]]


@pytest.fixture(scope="module")
async def made_sqlite(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    return await made(f"sqlite://{shutil.copy(sqlite_template, tmp_path_factory.mktemp('desk') / 'desk.sqlite3')}")


@pytest.fixture(scope="module")
async def made_postgres(postgres_server: str, postgres_template: str) -> AsyncIterator[Made]:
    async with postgres.created(postgres_server, postgres_template) as url:
        yield await made(url)


@pytest.fixture
async def sqlite_desk(made_sqlite: Made, tmp_path: Path) -> AsyncIterator[Desk]:
    copied = shutil.copy(urlsplit(made_sqlite.url).path, tmp_path / "desk.sqlite3")
    async with at_the_desk(made_sqlite, f"sqlite://{copied}") as desk:
        yield desk


@pytest.fixture
async def postgres_desk(made_postgres: Made, postgres_server: str) -> AsyncIterator[Desk]:
    async with (
        postgres.created(postgres_server, urlsplit(made_postgres.url).path[1:]) as url,
        at_the_desk(made_postgres, url) as desk,
    ):
        yield desk


@pytest.fixture(params=["sqlite", "postgres"])
def desk(request: pytest.FixtureRequest) -> Desk:
    found: Desk = request.getfixturevalue(f"{request.param}_desk")
    return found


@asynccontextmanager
async def at_the_desk(made: Made, url: str) -> AsyncIterator[Desk]:
    async with storage.opened(url), served() as http:
        token = (await signed_in(http, made.everyone)).token
        yield Desk(Plainly(http, token), made.world, made.other, made.rows)


async def made(url: str) -> Made:
    async with storage.opened(url):
        return Made(url, *await all_sorts())


async def all_sorts() -> tuple[World, World, Person, Mapping[str, Sequence[Any]]]:
    world, other = await a_world("GL"), await a_world("BY")
    roles = (Role.DISPATCHER, Role.LEADER, Role.COMPANION, Role.ADMINISTRATOR, Role.LIAISON)
    everyone = await a_person(world.zone, "GL多面手", *roles, department=world.land)
    await a_webhook(world.zone)
    handled = await a_handled_case(world)
    await a_case(world)
    await create(
        await world.viewer(world.land_liaison),
        Attachment,
        "attach",
        within=handled,
        file_name="佐证.pdf",
        size=9,
        content_type="application/pdf",
        sha256="0" * 64,
        store_key="k",
    )
    await create(OPERATOR, ChainLink, "add", within=world.zone, level=1, title="专员")
    await create(await world.viewer(world.leader), Exclusion, "exclude", within=handled, reason="企业失联")
    for _ in range(2):
        asked = await create(
            await world.viewer(world.leader), Supervision, "order", within=handled, department=world.land, demand="进展"
        )
    await perform(await world.viewer(world.land_liaison), Supervision, asked.id, "answer", answer="在办")
    await a_case(other)
    given: dict[str, Any] = {"holds_from": clock.today().date(), "source": "示例"}
    await create(OPERATOR, Setting, "set", within=world.zone, name="evidence_files", value="0", **given)
    await all_sorts_of_applications(world)
    await all_sorts_of_claims(world)
    await all_sorts_of_visits(world)
    await all_sorts_of_outcomes(world)
    await all_sorts_of_profiles(world)
    await all_sorts_of_help(world)
    return world, other, everyone, {model.__name__: list(await model.all()) for model in NODES}


def noes(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every "no" of an answer, wherever it stands, as {code, message, field}."""
    found = [
        {"message": each["message"], "field": None, **each.get("extensions", {})} for each in answer.get("errors") or ()
    ]
    for payload in (answer.get("data") or {}).values():
        found += (payload or {}).get("refusals") or []
        found += [no for each in (payload or {}).get("results") or () for no in each["refusals"]]
    return found


OF_ONE_FIELD = {"BAD_TEXT", "TOO_LONG", "REQUIRED", "BAD_INPUT", "NOT_FOUND"}


def assert_refused(answer: Mapping[str, Any], place: Place, value: object) -> None:
    told = noes(answer)
    assert told, (place, value)
    for no in told:
        assert no["code"] and no["message"] and no["code"] != "FAULT", (place, str(value)[:50], no)
        if no["code"] in OF_ONE_FIELD:
            assert no["field"], (place, str(value)[:50], no)


BAD = {
    "String": BROKEN_TEXTS,
    "ID": BROKEN_IDS,
    "Date": (*FAR_DAYS, "2026-02-30", "昨天", "", 5, "\ud800"),
    "Int": (2**31, -(2**31) - 1, 10**30, 1.5, "1", True),
    "Boolean": ("true", 1),
    "Decimal": ("NaN", "Infinity", "1e400", "1_000", "许多", "", 1.5, True, "0.123456789"),
}


async def test_no_mutation_takes_a_broken_value_in_any_field(desk: Desk) -> None:
    before, turns = await dump(*KEPT_ASIDE), count()
    for mutation, declared in mutations().items():
        given = plausible(mutation, declared, desk.rows)
        for place in places(mutation, declared):
            for value in some_of(BAD.get(place.kind, ("NO_SUCH_WORD", "", 1, "\ud800")), next(turns)):
                if place.name in ("oldPassword", "newPassword", "password", "refreshToken", "login"):
                    continue
                assert_refused(await desk.send(mutation, place.holding(value, given)), place, value)

    assert await dump(*KEPT_ASIDE) == before


def some_of(values: Sequence[Any], turn: int) -> list[Any]:
    """Three of the values, others at each turn: a mutation is tried with all, a field with some."""
    return [values[(turn + step) % len(values)] for step in (0, 3, 5)]


async def test_no_mutation_takes_an_id_it_may_not_have(desk: Desk) -> None:
    before = await dump(*KEPT_ASIDE)
    for mutation, declared in mutations().items():
        given = plausible(mutation, declared, desk.rows)
        for place in places(mutation, declared):
            if place.kind == "ID":
                for value in foreign_ids(desk, kind_of(mutation, place.name.split(".")[-1])):
                    assert_refused(await desk.send(mutation, place.holding(value, given)), place, value)

    assert await dump(*KEPT_ASIDE) == before


def foreign_ids(desk: Desk, wanted: str) -> list[str]:
    """An unknown row of the kind that is wanted and of the next, a zone, and what another zone has of the kind."""
    kinds = sorted(NODES, key=lambda model: model.__name__ != wanted)[:2]
    zone = desk.other.zone
    others = [row for row in desk.rows[wanted] if getattr(row, "zone_id", None) == zone.id][:3]
    return [*(global_id(model(id=uuid4())) for model in kinds), global_id(zone), *map(global_id, others)]


async def test_required_text_is_never_only_space_and_required_fields_are_never_missing(desk: Desk) -> None:
    before = await dump(*KEPT_ASIDE)
    for mutation, declared in mutations().items():
        given = plausible(mutation, declared, desk.rows)
        for place in places(mutation, declared):
            if not place.required:
                continue
            if place.kind == "String" and mutation != "signOut":  # whatever the token, nobody is signed in after
                assert_refused(await desk.send(mutation, place.holding(" \u3000\n", given)), place, "space")
            missing = await desk.send(mutation, place.holding(None, given))
            assert_refused(missing, place, None)
            assert noes(missing)[0]["field"], (place, missing)

    assert await dump(*KEPT_ASIDE) == before


async def test_every_no_is_said_in_both_languages(desk: Desk) -> None:
    for mutation, declared in mutations().items():
        if "title" in declared.fields or "reason" in declared.fields:
            given = plausible(mutation, declared, desk.rows)
            broken = given | {"title" if "title" in declared.fields else "reason": "\ud800"}
            zh, en = (
                noes(await desk.send(mutation, broken, "zh")),
                noes(await desk.send(mutation, broken, "en")),
            )

            assert [no["code"] for no in zh] == [no["code"] for no in en]
            assert all(is_chinese(no["message"]) for no in zh) and not any(is_chinese(no["message"]) for no in en)


def is_chinese(text: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in text)


@pytest.mark.parametrize("mutation", ["signIn", "refreshSession", "signOut", "changePassword"])
async def test_signing_in_with_anything_odd_is_refused(desk: Desk, mutation: str) -> None:
    declared = mutations()[mutation]
    given = plausible(mutation, declared, desk.rows)
    for place in places(mutation, declared):
        for value in ("\0", "\ud800", "", " ", "x" * 500_000):
            answer = await desk.send(mutation, place.holding(value, given))

            assert all(no["code"] != "FAULT" for no in noes(answer)), (place, value[:9], answer)
            assert noes(answer) or mutation == "signOut"


async def test_a_key_used_again_gives_the_same_answer_and_is_done_once(desk: Desk) -> None:
    given = {"enterpriseId": global_id(desk.world.enterprise), "title": "用水", "idempotencyKey": "k1"}
    first = await desk.client.do("createCase", "case { id number }", **given)
    cases = await Case.all().count()

    again = await desk.client.do("createCase", "case { id number }", **given)
    other = await desk.client.do("createCase", "case { id }", **{**given, "title": "用电"})

    assert again == first and await Case.all().count() == cases
    assert [(no["code"], no["field"]) for no in other["refusals"]] == [("KEY_REUSED", "idempotencyKey")]


async def test_a_stale_version_is_refused_and_the_present_one_taken(desk: Desk) -> None:
    case = await a_case(desk.world)
    edit = {"id": global_id(case), "title": "改题"}

    stale = await desk.client.do("editCase", **edit, expectedVersion=case.version + 1)
    done = await desk.client.do("editCase", **edit, expectedVersion=case.version)

    assert [(no["code"], no["field"]) for no in stale["refusals"]] == [("STALE", "expectedVersion")]
    assert done["refusals"] == []


QUERIES = [
    "{ cases(first: 0) { totalCount } }",
    "{ cases(first: -1) { totalCount } }",
    "{ cases(first: 201) { totalCount } }",
    "{ cases(first: 1000000000) { totalCount } }",
    "{ cases(first: 99999999999) { totalCount } }",
    "{ cases(first: null) { totalCount } }",
    '{ cases(first: "1") { totalCount } }',
    "{ cases { nodes { problems(first: 0) { id } } } }",
    *(
        f"{{ {listed}(after: {json.dumps(cursor)}) {{ nodes {{ id }} }} }}"
        for listed in ("cases", "cases(orderBy: NUMBER)", "departments", "history", "persons")
        for cursor in (
            "x",
            " ",
            "W10=",
            "WzFd",
            "bnVsbA==",
            "W1siYSJdXQ==",
            "游标",
            "W" * 4_000,
            "A" * 90_000,
        )
        if "(" not in listed
    ),
    '{ cases(filter: {zoneId: "x"}) { nodes { id } } }',
    '{ cases(filter: {ownerId: ""}) { nodes { id } } }',
    '{ cases(filter: {raisedFrom: "2026-13-01"}) { nodes { id } } }',
    '{ cases(filter: {text: "' + "长" * 101 + '"}) { nodes { id } } }',
    '{ cases(filter: {text: "\\u0000"}) { nodes { id } } }',
    '{ cases(filter: {number: "\\u0000"}) { nodes { id } } }',
    '{ cases(filter: {text: "\\ud800"}) { nodes { id } } }',
    '{ case(number: "\\u0000") { id } }',
    '{ history(filter: {move: ["\\u0000"]}) { nodes { id } } }',
    '{ history(filter: {recordId: "x"}) { nodes { id } } }',
    '{ history(filter: {from: "2026-01-01T00:00:00"}) { nodes { id } } }',
    '{ history(filter: {from: "0001-01-01T00:00:00+14:00"}) { nodes { id } } }',
    '{ history(filter: {until: "9999-12-31T23:59:59-12:00"}) { nodes { id } } }',
    '{ enterprises(filter: {zoneId: "x"}) { nodes { id } } }',
    '{ responsibilities(filter: {departmentId: "x"}) { nodes { id } } }',
    "",
    "{",
    "{ nothing }",
    "query A { zones { id } } query B { zones { id } }",
    "subscription { cases }",
    "\0",
    "{ \ud800 }",
    "{ cases" + "{ nodes { merged" * 9 + "{ totalCount }" + "} }" * 9 + "}",
    "{" * 2_000,
    "{ a(b: " + "[" * 1_400,
    "{" + "a" * 500_000 + "}",
    "{ zones { id } } " * 2_000,
    "{ " + " ".join(f"a{n}: zones {{ id }}" for n in range(31)) + " }",
    "{ zones { " + "id " * 2_900 + "} }",
    "{ " + "zones { id } " * 500 + "}",
    "{ cases(first: 200) { nodes { responsibilities(first: 200) { rectifications(first: 200) { id } } } } }",
    "query($n: Int! = 200) { cases(first: $n) { nodes { history(first: $n) { nodes { actor { id } } } } } }",
    "{ ...F0 } "
    + " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(150))
    + " fragment F150 on Query { zones { id "
    + "id " * 40
    + "} }",
    "{ ...F } fragment F on Query { ...F }",
    "{ __schema { types " + "{ fields { type " * 5 + "{ name }" + "} }" * 5 + "} }",
]


@pytest.mark.parametrize("query", QUERIES, ids=[f"{n}: {query[:40]!r}" for n, query in enumerate(QUERIES)])
async def test_a_bad_query_is_told_what_is_wrong_with_it(desk: Desk, query: str) -> None:
    for language in ("zh", "en"):
        desk.client.language = language

        answer = await desk.client.send(query)

        told = noes(answer)
        assert told and all(no["code"] and no["code"] != "FAULT" for no in told), answer
        assert all(is_chinese(no["message"]) for no in told) or language == "en"


@pytest.mark.parametrize("query", ["%", "_", "\\", "'", '"', "';--", "😀", "％"])
async def test_odd_search_texts_find_what_holds_them_and_nothing_else(desk: Desk, query: str) -> None:
    await a_case(desk.world, title=f"甲{query}乙")

    found = await desk.client.ask(
        "query($text: String) { cases(filter: {text: $text}) { nodes { title } totalCount } }", text=query
    )

    assert found["cases"] == {"nodes": [{"title": f"甲{query}乙"}], "totalCount": 1}


BODIES = [
    (b"", 400),
    (b"{", 400),
    (b"null", 400),
    (b"5", 400),
    (b'"text"', 400),
    (b"[]", 400),
    (b'[{"query": "{ zones { id } }"}]', 400),
    (b"[1]", 400),
    (b"\xff\xfe{}", 400),
    (b'{"query": "\xff"}', 400),
    (b"{}", 400),
    (b'{"query": null}', 400),
    (b'{"query": 5}', 400),
    (b'{"query": "{ zones { id } }", "variables": []}', 400),
    (b'{"query": "{ zones { id } }", "extensions": 5}', 400),
    (b'{"query": "{ zones { id } }", "operationName": 5}', 400),
    (b'{"query": "{ zones { id } }", "operationName": "Nobody"}', 400),
    (b"[" * 100_000, 400),
    (b'{"query": "{ zones { id } }", "variables": ' + b'{"a":' * 50_000, 400),
    (b"{" + b" " * 10_000_000 + b"}", 413),
    (json.dumps({"query": "x" * 10_000_000}).encode(), 413),
]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("body", "status"), BODIES, ids=[f"{body[:30]!r}" for body, _ in BODIES])
async def test_a_body_that_is_no_request_is_told_so(desk: Desk, body: bytes, status: int, language: str) -> None:
    headers = {
        "Authorization": f"Bearer {desk.client.token}",
        "Content-Type": "application/json",
        "Accept-Language": language,
    }

    response = await desk.client.http.post("/graphql", content=body, headers=headers)

    assert response.status_code == status, response.text[:300]
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] and is_chinese(error["message"]) == (language == "zh")


async def test_a_body_that_grows_beyond_the_limit_is_stopped(desk: Desk) -> None:
    async def pieces() -> Any:
        for _ in range(MOST_BYTES // 100_000 + 2):
            yield b" " * 100_000

    response = await desk.client.http.post(
        "/graphql", content=pieces(), headers={"Content-Type": "application/json"}
    )

    assert response.status_code == 413
    assert response.json()["errors"][0]["extensions"]["code"] == "TOO_LARGE"


@pytest.mark.parametrize(
    ("method", "given"),
    [
        ("GET", {"params": {"query": 'mutation { signOut(input: {refreshToken: "x"}) { done } }'}}),
        ("GET", {"params": {"query": "{ zones { id } }", "variables": "{"}}),
        ("GET", {"params": {"query": "{ zones { id } }", "variables": "5"}}),
        ("GET", {}),
        ("PUT", {}),
        ("DELETE", {}),
        ("POST", {"content": b"query=x", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}),
        ("POST", {"content": b"{}"}),
        ("POST", {"content": b"x", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}),
    ],
)
async def test_other_ways_of_asking_are_told_how(desk: Desk, method: str, given: Any) -> None:
    response: httpx.Response = await desk.client.http.request(method, "/graphql", **given)

    assert 400 <= response.status_code < 500
    assert response.json()["errors"][0]["extensions"]["code"]
