"""Logs as one JSON object a line: found by the number of a request, and nothing in them of a person."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from api import logs
from tests.graphql import Client, served, signed_in
from tests.world import a_case, a_world

NUMBER = "0f" * 16
NAME, TELEPHONE = "张三", "13800000000"


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """Everything logged, at every level a service logs at, as it would be written."""
    written: list[str] = []

    class Written(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(self.format(record))

    handler, root, access = Written(), logging.getLogger(), logging.getLogger("qiban.access")
    handler.setFormatter(logs.Lines())
    root.addHandler(handler)
    level = access.level
    access.setLevel(logging.INFO)
    yield written
    access.setLevel(level)
    root.removeHandler(handler)


def last(lines: list[str]) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(lines[-1])
    return told


async def test_a_request_is_one_line_with_its_number_and_what_came_of_it(database: str, lines: list[str]) -> None:
    world = await a_world()
    async with served() as http:
        client = await signed_in(http, world.companion)
        answer = await http.post(
            "/graphql", json={"query": "{ viewer { person { name } } }"},
            headers={"Authorization": f"Bearer {client.token}", "X-Request-Id": NUMBER},
        )

    told = last(lines)
    assert answer.headers["X-Request-Id"] == told["request"] == NUMBER
    assert (told["method"], told["path"], told["status"]) == ("POST", "/graphql", 200)
    assert (told["operation"], told["outcome"]) == ("query", "ok")
    assert told["ms"] > 0
    assert told["logger"] == "qiban.access"


@pytest.mark.parametrize("given", ["", "13800000000", "110101199003070000", "a" * 32 + "\t", "张三", "0F" * 16])
async def test_a_number_that_might_be_of_a_person_is_not_taken_over(database: str, given: str) -> None:
    async with served() as http:
        headers = [(b"x-request-id", given.encode())]
        first = (await http.get("/health", headers=headers)).headers["X-Request-Id"]
        second = (await http.get("/health", headers=headers)).headers["X-Request-Id"]

    assert len(first) == len(second) == 32
    assert len({first, second, given}) == 3


@pytest.mark.parametrize(
    ("query", "operation", "outcome"),
    [
        ("{ __typename }", "query", "ok"),
        ("{ nothing }", "graphql", "error"),
        ("{ cases { nodes { number } } }", "query", "refused"),
        ('mutation { signOut(input: {refreshToken: "x"}) { done } }', "mutation", "ok"),
        ('mutation { signIn(input: {login: "nobody", password: "nothing-good"}) { refusals { code } } }',
         "mutation", "refused"),
        ("nonsense", "graphql", "error"),
    ],
)
async def test_what_came_of_it_is_told_apart(
    database: str, lines: list[str], query: str, operation: str, outcome: str
) -> None:
    async with served() as http:
        await Client(http).send(query)

    assert (last(lines)["operation"], last(lines)["outcome"]) == (operation, outcome)


async def test_nothing_of_a_person_is_in_any_line(
    database: str, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError(NAME, TELEPHONE)

    world = await a_world()
    case = await a_case(world, contact_name=NAME, contact_phone=TELEPHONE)
    async with served() as http:
        client = await signed_in(http, world.companion)
        await client.send("query($text: String) { cases(filter: {text: $text}) { nodes { number } } }", text=TELEPHONE)
        await http.get(f"/files/{client.token}?{TELEPHONE}")
        await client.do("editCase", id=str(case.id), title=NAME)
        with monkeypatch.context() as broken:
            broken.setattr("api.app.planned", fail)
            await client.send("{ cases { nodes { number } } }")
    logging.getLogger("asyncio").error("Task exception was never retrieved\nfuture: %s", TELEPHONE)
    logging.getLogger("httpx").warning("POST %s", "https://robot.example/send?key=secret")

    text = "\n".join(lines)
    assert "fault" in text and "RuntimeError" in text
    for secret in (TELEPHONE, NAME, str(client.token), "key=secret"):
        assert secret not in text
    assert all(json.loads(each)["at"] for each in lines)


def test_an_error_is_told_by_its_kind_and_place() -> None:
    record = None
    try:
        raise ValueError(TELEPHONE)
    except ValueError as error:
        record = logging.LogRecord("qiban", logging.ERROR, __file__, 1, "broken", (), (ValueError, error, None))

    line = json.loads(logs.Lines().format(record))

    assert line["error"][0] == "builtins.ValueError" and "test_logs.py" in line["error"][1]
    assert TELEPHONE not in json.dumps(line)
