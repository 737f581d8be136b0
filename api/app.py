"""The application: GraphQL, files and the GraphiQL page over one database."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
from cross_web import AsyncHTTPRequestAdapter, HTTPException
from graphql import GraphQLError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.http import GraphQLHTTPResponse, GraphQLRequestData
from strawberry.subscriptions import GRAPHQL_SSE_PROTOCOL, GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types import ExecutionResult
from strawberry.types.unset import UNSET

from api import files, graphiql, health, metrics, seals, streams, traces
from api.as_of import answering
from api.asked import Requests
from api.callers import BodyLimit, Callers, refusal_answer, turned_away
from api.context import Context
from api.documents import changes, known_to_change, performed, planned, subscribes
from api.faults import UNREADABLE, Faults, said
from api.headers import DiscreetAccessLog, SafeHeaders
from api.limits import MOST_BYTES
from api.persisted import ABOUT_DOCUMENTS, document_of
from api.schema import schema
from api.sockets import Connection, Socket, Sockets, greet
from domain import database
from domain.refusals import Refusal, Refused
from domain.stores import file_limit, open_store
from workflows import parties, replicas
from workflows.announce import announcing
from workflows.duties import DUTIES as DUTIES
from workflows.founding import bring_up
from workflows.service_tokens import HEADER
from workflows.worker import running

PROTOCOLS = (GRAPHQL_TRANSPORT_WS_PROTOCOL, GRAPHQL_SSE_PROTOCOL)
SILENT = timedelta(seconds=10)
MOST_OPERATIONS = 50
FORM_BYTES = 64 * 1024
IS_A_STREAM = Refusal(
    "IS_A_STREAM", "订阅是数据流：请用 Accept: text/event-stream 或 WebSocket 请求。",
    "A subscription is a stream: ask with Accept: text/event-stream, or by WebSocket.",
)
# The highest level takes three times as long over a page, to make it a seventh smaller.
COMPRESSED: Any = {"minimum_size": 1_000, "compresslevel": 3, "exclude_content_types": ("text/event-stream",)}


class Service(GraphQL[Context, None]):
    """Strawberry's view, with our context, our way of saying no, and one fast encoder.

    A POST must say application/json and a GET may only ask, so that no other site's form can act for a reader here.
    """

    websocket_adapter_class = Socket
    graphql_transport_ws_handler_class = Connection

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self.run(WebSocket(scope, receive, send))
            return
        request = Request(scope, receive)
        if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
            answer = graphiql.page(request)
        else:
            answer = await self._answer(request)
        await answer(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        context: Context = request.state.context
        try:
            asked = await _asked(request)
            if asked and accepts_json(request):
                answer = await _planned(asked, context)
                if answer is not None:
                    return Response(b'{"data":' + self.encode_json(answer) + b"}", media_type="application/json")
            await context.confirm()
            return await self.run(request)
        except Refused as refused:
            if ABOUT_DOCUMENTS.issuperset(each.code for each in refused.refusals):
                return refusal_answer(refused.refusals, context.language, 200)
            if refused.refusals == (IS_A_STREAM,):
                return refusal_answer(refused.refusals, context.language, 406)
            return turned_away(refused, context)
        except HTTPException as no:
            refusal = UNREADABLE.about(reason=no.reason)
            return refusal_answer([refusal], context.language, no.status_code)

    async def on_ws_connect(self, context: Context) -> Any:
        await greet(context)
        return UNSET

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        context: Context = request.state.context
        return context

    async def parse_http_body(self, request: AsyncHTTPRequestAdapter) -> Any:
        data = await super().parse_http_body(request)
        if not isinstance(data, list) and not isinstance(data.operation_name, str | None):
            raise HTTPException(400, "operationName must be a string")
        return data

    def parse_json(self, data: str | bytes) -> Any:
        parsed = super().parse_json(data)
        if not isinstance(parsed, dict | list):
            raise HTTPException(400, "JSON here must be an object")
        return parsed

    def decode_json(self, data: str | bytes) -> object:
        # Unlike json it takes neither half a surrogate pair nor nesting without end.
        return orjson.loads(data)

    async def execute_operation(self, request: Request, **given: Any) -> Any:  # type: ignore[override]
        asked = given["request_data"]
        if not isinstance(asked, list) and (document := getattr(request.state, "document", None)):
            asked = given["request_data"] = replace(asked, query=document)
        at_once = not isinstance(asked, list) and asked.protocol == "http" and "subscription" in (asked.query or "")
        if at_once and subscribes(asked.query, asked.operation_name):
            raise Refused(IS_A_STREAM)
        # Some clients say with every request that they could read a stream.
        either = asked.protocol == "sse" and "application/json" in request.headers["accept"]
        if either and not subscribes(asked.query, asked.operation_name):
            given["request_data"] = replace(asked, protocol="http")
        return await super().execute_operation(request, **given)

    async def execute_single(self, request: Request, **given: Any) -> ExecutionResult:  # type: ignore[override]
        asked, context = given["request_data"], given["context"]
        operation = (asked.query, asked.operation_name, asked.variables, context)
        try:
            async with answering(schema, *operation):
                answer = await planned(schema, *operation)
                if answer is not None:
                    return ExecutionResult(data=answer, errors=None)
                if database.replicated() and changes(asked.query, asked.operation_name):
                    async with replicas.changing(context.caller):
                        return await super().execute_single(request, **given)
                return await super().execute_single(request, **given)
        except Refused as refused:
            return ExecutionResult(data=None, errors=[GraphQLError(refused.refusals[0].en, original_error=refused)])

    async def process_result(self, request: Request, result: ExecutionResult) -> GraphQLHTTPResponse:
        answer: GraphQLHTTPResponse = {"data": result.data}
        if result.errors:
            language = request.state.context.language
            answer["errors"] = [said(error, language) for error in result.errors]
        return answer

    def encode_json(self, data: object) -> bytes:
        return orjson.dumps(data, default=str)


class Shortcut:
    """Hands requests for one path to its service before the routes are tried in turn, and past starlette's own answers
    to its exceptions."""

    def __init__(self, app: ASGIApp, path: str, service: ASGIApp) -> None:
        self.app, self.path, self.service = app, path, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        short = scope["type"] == "http" and scope["path"].removeprefix(scope.get("root_path", "")) == self.path
        await (self.service if short else self.app)(scope, receive, send)


async def _planned(asked: GraphQLRequestData, context: Context) -> dict[str, Any] | None:
    """The answer by plan, as of the instant asked for; None where `run` has to give it, or has to say no."""
    operation = (asked.query, asked.operation_name, asked.variables, context)
    if known_to_change(asked.query, asked.operation_name):
        await context.confirm()
        return await performed(schema, *operation)
    if "asOf" not in (asked.query or ""):
        return await planned(schema, *operation)
    await context.confirm()  # today's standing comes before that of then
    with suppress(Refused):
        async with answering(schema, *operation):
            return await planned(schema, *operation)
    return None


async def _asked(request: Request) -> GraphQLRequestData | None:
    """What a POST asks for, its document found where it names only the hash; None for what strawberry has to read.
    Raises `Refused` for a document that is not answered here."""
    if request.method != "POST" or not request.headers.get("content-type", "").startswith("application/json"):
        return None
    try:
        asked = orjson.loads(await request.body())
    except ValueError:
        return None
    document = request.state.document = await document_of(asked) if isinstance(asked, dict) else None
    if document is None:
        return None
    name, variables = asked.get("operationName"), asked.get("variables")
    readable = isinstance(name, str | None) and isinstance(variables, dict | None)
    return GraphQLRequestData(document, variables, name, None) if readable else None


def accepts_json(request: Request) -> bool:
    accepted = request.headers.get("accept", "*/*").replace(" ", "").split(",")
    return not {"application/json", "*/*"}.isdisjoint(accepted)


def application(url: str | None = None, *, with_worker: bool = True) -> Starlette:
    """The service over the database at `url`, or at `QIBAN_DATABASE_URL`; migrations run before the first request."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        logging.getLogger("uvicorn.access").addFilter(DiscreetAccessLog())
        async with database.opened(url):
            await bring_up()
            app.state.store = open_store(database_file(url))
            health.stay()
            traces.begin()
            async with metrics.counting(), announcing(url), streams.checking(), parties.routing(), running(with_worker):
                yield

    service = Service(
        schema, graphql_ide=None, subscription_protocols=PROTOCOLS, allowed_origins=allowed_origins(),
        connection_init_wait_timeout=SILENT, max_subscriptions_per_connection=MOST_OPERATIONS,
    )
    return Starlette(
        routes=[
            Route("/graphql", service),  # not reached, but for its redirect from /graphql/
            Route("/", lambda request: RedirectResponse("/graphql")),
            *health.routes,
            *files.routes,  # as they lie in the store: their length is told, and most are compressed already
            *(_compressed(each) for each in (*seals.routes, *graphiql.routes)),
        ],
        middleware=[
            Middleware(Sockets, path="/graphql", service=service),
            Middleware(Requests),
            Middleware(SafeHeaders),
            *_other_origins(),
            Middleware(Faults),
            Middleware(BodyLimit, limits={"/graphql": MOST_BYTES, "/files": file_limit() + FORM_BYTES}),
            Middleware(Callers),
            Middleware(Shortcut, path="/graphql", service=GZipMiddleware(service, **COMPRESSED)),
        ],
        lifespan=lifespan,
    )


def _compressed(route: Route) -> Route:
    middleware = [Middleware(GZipMiddleware, **COMPRESSED)]
    return Route(route.path, route.endpoint, methods=route.methods, middleware=middleware)


def database_file(url: str | None) -> Path | None:
    file = database.config(url)["connections"]["default"]["credentials"].get("file_path")
    return Path(file) if file else None


def allowed_origins() -> list[str]:
    return [each.strip() for each in os.environ.get("QIBAN_ALLOWED_ORIGINS", "").split(",") if each.strip()]


def _other_origins() -> list[Middleware]:
    """Front ends served from elsewhere: none, unless `QIBAN_ALLOWED_ORIGINS` names them, separated by commas."""
    origins = allowed_origins()
    if not origins:
        return []
    headers = ["Authorization", "Content-Type", "Accept-Language", HEADER]
    return [
        Middleware(
            CORSMiddleware, allow_origins=origins, allow_methods=["GET", "POST"], allow_headers=headers,
            expose_headers=["Content-Disposition"],
        )
    ]
