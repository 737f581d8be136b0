"""Asking the service over HTTP as someone, in a test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from api.app import application
from domain import clock
from domain.accounts import Session
from domain.people import Person
from workflows import sign_in


class Client:
    """One caller: a person signed in, or nobody."""

    def __init__(self, http: httpx.AsyncClient, token: str | None = None, language: str = "en") -> None:
        self.http, self.token, self.language = http, token, language

    async def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The data of an answer without errors."""
        answer = await self.send(query, **variables)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    async def send(self, query: str, **variables: Any) -> dict[str, Any]:
        headers = {"Accept-Language": self.language}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        response = await self.http.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
        answer: dict[str, Any] = response.json()
        return answer

    async def do(self, mutation: str, want: str = "", **given: Any) -> dict[str, Any]:
        """A mutation's payload, with its refusals and what else is wanted of it."""
        title = mutation[0].upper() + mutation[1:]
        document = (
            f"mutation($input: {title}Input!) {{ {mutation}(input: $input) "
            f"{{ {want} refusals {{ code message field }} }} }}"
        )
        payload: dict[str, Any] = (await self.ask(document, input=given))[mutation]
        return payload


@asynccontextmanager
async def served() -> AsyncIterator[httpx.AsyncClient]:
    """The application over the database a test has open, without its own lifespan."""
    app = application()
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as http:
        yield http


async def signed_in(http: httpx.AsyncClient, person: Person, language: str = "en") -> Client:
    tokens = await sign_in.begin(person.id, clock.now())
    assert await Session.filter(person_id=person.id).exists()
    return Client(http, tokens.access, language)
