"""What every answer says to browsers, and what the access log does not say to its readers."""

from __future__ import annotations

import logging

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# An answer may set its own: the GraphiQL page needs its scripts, and its assets may be kept.
SAFE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
_SAFE = [(name.lower().encode(), value.encode()) for name, value in SAFE.items()]


class SafeHeaders:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(each for each in _SAFE if each[0] not in own)]
            await send(message)

        await self.app(scope, receive, safely)


class DiscreetAccessLog(logging.Filter):
    """uvicorn's access log without who called, what was asked in the URL, and the tokens in download links."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple) and len(record.args) == 5:
            _, method, path, version, status = record.args
            record.args = ("-", method, discreet(str(path)), version, status)
        return True


def discreet(path: str) -> str:
    path = path.partition("?")[0]
    return "/files/…" if path.startswith("/files/") else path
