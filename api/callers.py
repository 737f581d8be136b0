"""Who calls, and how much they may send: found out once, before anything else is done."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import lru_cache

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.asked import refusing
from api.context import Context
from domain.refusals import Refusal, Refused
from workflows import replicas
from workflows.admissions import admit, recalled
from workflows.leases import Caller
from workflows.service_tokens import HEADER, NO_BEHALF

TOO_LARGE = Refusal("TOO_LARGE", "请求过大，上限{limit}字节。", "The request is too large; the limit is {limit} bytes.")
SHOWN = ("authorization", HEADER.lower())
"""The headers by which a caller shows who they are."""


class Callers:
    """Puts a `Context` on every request. A token that no longer holds is answered with 401."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        context = context_of(request)
        request.state.context = context
        try:
            await let_in(context, request.headers, later=scope["method"] == "POST" and scope["path"] == "/graphql")
        except Refused as refused:
            await turned_away(refused, context)(scope, receive, send)
            return
        async with replicas.reading(context.caller):
            await self.app(scope, receive, send)


def context_of(connection: HTTPConnection) -> Context:
    language = preferred(connection.headers.get("accept-language", ""))
    return Context(None, language, connection.client.host if connection.client else "")


async def let_in(context: Context, headers: Mapping[str, str], *, later: bool = False) -> None:
    """Find out who is asking, if they say so. Raises `Refused` when what they show does not hold. With `later` one who
    was let in before is taken to be the same, to be confirmed by whoever answers."""
    if authorization := headers.get("authorization"):
        context.caller = Caller(authorization, headers.get(HEADER.lower()), context.language)
        context.admission = recalled(context.caller) if later else None
        context.someone = context.admission.viewer if context.admission else await admit(context.caller)


def turned_away(refused: Refused, context: Context) -> JSONResponse:
    """The answer to one whose credential does not hold, or does not reach as far."""
    return refusal_answer(refused.refusals, context.language, 403 if refused.refusals == (NO_BEHALF,) else 401)


class BodyLimit:
    """Refuses bodies larger than the limit of their path, as soon as that shows."""

    def __init__(self, app: ASGIApp, limits: Mapping[str, int]) -> None:
        self.app, self.limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        limit = self.limits.get(scope.get("path", ""))
        if scope["type"] != "http" or limit is None:
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        length = headers.get("content-length", "0")
        try:
            if not length.isascii() or not length.isdigit() or int(length[:20]) > limit:
                raise BodyTooLarge
            await self.app(scope, Counted(receive, limit), send)
        except BodyTooLarge:
            language = preferred(headers.get("accept-language", ""))
            await refusal_answer([TOO_LARGE.about(limit=limit)], language, 413)(scope, receive, send)


class BodyTooLarge(Exception):
    pass


class Counted:
    """A body being received, stopped once it is longer than it may be."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self.receive, self.left = receive, limit

    async def __call__(self) -> Message:
        message = await self.receive()
        self.left -= len(message.get("body", b""))
        if self.left < 0:
            raise BodyTooLarge
        return message


@lru_cache
def preferred(accept_language: str) -> str:
    """ "zh" or "en", whichever an Accept-Language header would rather have; Chinese when it says nothing."""
    best, best_weight = "zh", 0.0
    for each in accept_language[:500].split(","):
        tag, _, parameter = each.strip().partition(";")
        weight = _weight(parameter)
        language = tag.strip().lower().partition("-")[0]
        if language in ("zh", "en") and weight > best_weight:
            best, best_weight = language, weight
    return best


def refusal_answer(refusals: Iterable[Refusal], language: str, status: int) -> JSONResponse:
    """Refusals that come before or beside a GraphQL answer: as its `errors`, and as payloads have them."""
    told = as_json(refusals, language)
    errors = [{"message": each["message"], "extensions": {"code": each["code"]}} for each in told]
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return JSONResponse({"data": None, "errors": errors, "refusals": told}, status, headers)


def as_json(refusals: Iterable[Refusal], language: str) -> list[dict[str, str | None]]:
    told = [{"code": each.code, "message": each.message(language), "field": each.field} for each in refusals]
    refusing(str(each["code"]) for each in told)
    return told


def _weight(parameter: str) -> float:
    try:
        weight = float(parameter.replace(" ", "").removeprefix("q=")) if parameter.strip() else 1.0
    except ValueError:
        return 0.0
    return weight if math.isfinite(weight) else 0.0
