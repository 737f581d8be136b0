"""The request being answered, as logs, figures and traces know it: a number, what kind it is, what came of it.

Nothing in here is of a person, and nothing of what was asked.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.headers import discreet
from domain import meters

PLACES = frozenset({"graphql", "files", "log", "health", "ready"})
HEADER = b"x-request-id"
# A proxy's own number is taken over if it can be nothing else: 32 digits of hexadecimal, as nginx and Envoy make them.
_A_NUMBER = re.compile(rb"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")
log = logging.getLogger("qiban.access")
log.setLevel(logging.WARNING)  # until api/logs.py says otherwise


@dataclass(slots=True)
class Asked:
    """`operation` is query, mutation or subscription for GraphQL, else the first part of the path."""

    number: str
    operation: str
    outcome: str = "ok"


asked: ContextVar[Asked | None] = ContextVar("asked", default=None)


def note(operation: str | None = None, outcome: str | None = None) -> None:
    """What has become known of the request being answered, if there is one."""
    if found := asked.get():
        found.operation, found.outcome = operation or found.operation, outcome or found.outcome


def refusing(codes: Iterable[str]) -> None:
    """The caller is told no."""
    for code in codes:
        note(outcome="refused")
        meters.tell("refusal", code)


class Requests:
    """Gives every request its number, tells it in the answer, and logs what came of it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        place = scope["path"].split("/")[1]
        this = Asked(_number(scope), place if place in PLACES else "other")
        status, began = 500, time.perf_counter()

        async def numbered(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = this.number
            await send(message)

        before = asked.set(this)
        try:
            with meters.span("request", Headers(scope=scope)) as span:
                await self.app(scope, receive, numbered)
                if span is not None:
                    span.update_name(this.operation)
                    span.set_attributes({"http.response.status_code": status, "qiban.outcome": this.outcome})
        finally:
            asked.reset(before)
            meters.tell("request", this.operation, this.outcome, value=time.perf_counter() - began)
            if log.isEnabledFor(logging.INFO):
                _log(scope, this, status, time.perf_counter() - began)


def _number(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == HEADER and _A_NUMBER.fullmatch(value):
            return str(value.decode())
    return secrets.token_hex(16)


def _log(scope: Scope, this: Asked, status: int, seconds: float) -> None:
    path = discreet(scope["path"])
    told = {
        "request": this.number, "method": scope["method"], "path": path, "status": status,
        "operation": this.operation, "outcome": this.outcome, "ms": round(seconds * 1000, 1),
    }
    log.info("%s %s %d", scope["method"], path, status, extra={"told": told})
