"""graphql-transport-ws: who it is comes first, every operation asks for it anew, and all of it is bounded."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from typing import Any

from graphql import GraphQLError
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect, WebSocketState
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.exceptions import ConnectionRejectionError
from strawberry.http.exceptions import NonJsonMessageReceived, WebSocketDisconnected
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler, Operation
from strawberry.types.execution import ExecutionResult, PreExecutionError

from api.callers import SHOWN, context_of, let_in, preferred
from api.context import Context
from api.faults import FAULT, logged, refusal_error, told_error
from api.limits import MOST_BYTES
from api.persisted import document_of
from domain.refusals import Refusal, Refused
from workflows.sessions import SESSION_ENDED

FORBIDDEN = 4403
"""How a client is told that its token is over: as graphql-ws has it, so that it connects again with another."""
LONGEST_ID = 200
LONGEST_REASON = 40
"""Characters; a close frame has room for 123 bytes."""


class Sockets:
    """Takes sockets past all that is for requests: they last, and every layer would be kept for each of them."""

    def __init__(self, app: ASGIApp, path: str, service: ASGIApp) -> None:
        self.app, self.path, self.service = app, path, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
        elif scope["path"] != self.path:
            await send({"type": "websocket.close", "code": 1008})
        else:
            # Who it is says its first message, to which these headers are added: browsers can set none.
            connection = HTTPConnection(scope)
            context = context_of(connection)
            context.shown = {name: connection.headers[name] for name in SHOWN if name in connection.headers}
            connection.state.context = context
            await self.service(scope, receive, send)


class Socket(ASGIWebSocketAdapter):
    """Text frames of JSON objects, none longer than a request may be."""

    async def iter_json(self, *, ignore_parsing_errors: bool = False) -> AsyncGenerator[object, None]:
        while self.ws.application_state is WebSocketState.CONNECTED:
            try:
                text = await self.ws.receive_text()
                message = self.view.decode_json(text) if text and len(text) <= MOST_BYTES else None
            except WebSocketDisconnect:
                return
            except (ValueError, KeyError):  # KeyError: bytes instead of text
                message = None
            if not isinstance(message, dict):
                raise NonJsonMessageReceived
            yield message

    async def send_json(self, message: Mapping[str, object]) -> None:
        encoded: Any = self.view.encode_json(message)
        try:
            await self.ws.send_text(encoded.decode())
        except (WebSocketDisconnect, RuntimeError) as error:  # closed here or there since
            raise WebSocketDisconnected from error

    async def close(self, code: int, reason: str) -> None:
        with suppress(WebSocketDisconnect, RuntimeError):
            await self.ws.close(code, reason[:LONGEST_REASON])


class Connection(BaseGraphQLTransportWSHandler[Context, None]):
    """One socket: who it is comes first, in `connection_init`; a session that ends closes it."""

    async def handle_connection_init(self, message: Any) -> None:
        payload = message.get("payload") or {}
        if isinstance(payload, dict):
            said = {str(name).lower(): value for name, value in payload.items() if isinstance(value, str)}
            self.context.shown = {**self.context.shown, **said}
        await super().handle_connection_init({"type": "connection_init", "payload": payload})

    async def handle_message(self, message: Any) -> None:
        if not isinstance(message.get("id", ""), str):
            await self.handle_invalid_message("Failed to parse message")
        elif message.get("type") != "subscribe" or not self.connection_acknowledged:
            await super().handle_message(message)
        elif not _is_readable(message):
            await self.handle_invalid_message("Failed to parse message")
        else:
            await self._subscribe(message)

    async def _subscribe(self, message: Any) -> None:
        payload = message["payload"]
        try:
            payload = {**payload, "query": await document_of(payload) or ""}
        except Refused as refused:
            errors = [told_error(refusal_error(refused), self.context.language).formatted]
            await self.send_message({"type": "error", "id": message["id"], "payload": errors})
        else:
            message["payload"] = payload
            await super().handle_message(message)

    async def run_operation(self, operation: Operation[Context, None]) -> None:
        try:
            assert self.context.caller
            # Whoever it was when the socket was opened may be someone else by now.
            context = self.context.anew(await self.context.caller.viewer())
            results: Any = await self.schema.stream(
                operation.query, operation.variables, context, None, operation.operation_name
            )
            async with aclosing(results):
                async for result in results:
                    if _says(result, SESSION_ENDED):
                        raise Refused(SESSION_ENDED)
                    if isinstance(result, PreExecutionError):
                        await operation.send_initial_errors(result.errors or [])
                        return
                    await operation.send_next(result)
                    del result  # or each idle socket would hold on to its last event
            await operation.send_operation_message({"id": operation.id, "type": "complete"})
        except Refused as refused:
            await self.websocket.close(FORBIDDEN, refused.refusals[0].message(self.context.language))
        except WebSocketDisconnected:
            pass
        except Exception as error:
            fault = GraphQLError(FAULT.code, extensions={"code": FAULT.code, "fault": logged(error)})
            with suppress(WebSocketDisconnected):
                await operation.send_initial_errors([fault])


async def greet(context: Context) -> None:
    """Let in whoever `connection_init` says it is; its payload holds what are headers over HTTP."""
    if language := context.shown.get("accept-language"):
        context.language = preferred(language)
    try:
        await let_in(context, context.shown)
    except Refused:
        raise ConnectionRejectionError from None
    if context.caller is None:
        raise ConnectionRejectionError


def _is_readable(message: Mapping[str, Any]) -> bool:
    key, payload = message.get("id"), message.get("payload")
    if not isinstance(key, str) or len(key) > LONGEST_ID or not isinstance(payload, dict):
        return False
    query, name, variables = (payload.get(each) for each in ("query", "operationName", "variables"))
    named = isinstance(query, str) or (query is None and not payload.keys().isdisjoint(("documentId", "extensions")))
    return named and isinstance(name, str | None) and isinstance(variables, dict | None)


def _says(result: ExecutionResult, refusal: Refusal) -> bool:
    return any((each.extensions or {}).get("code") == refusal.code for each in result.errors or ())
