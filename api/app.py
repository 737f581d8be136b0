"""The application: GraphQL, files and the GraphiQL page over one database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import orjson
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.http import GraphQLHTTPResponse
from strawberry.types import ExecutionResult

from api import files, graphiql
from api.callers import BodyLimit, Callers
from api.context import Context
from api.faults import said
from api.limits import MOST_BYTES
from api.schema import schema
from domain import database
from domain.stores import file_limit, open_store
from workflows import timers


class Service(GraphQL[Context, None]):
    """Strawberry's view, with our context, our way of saying no, and one fast encoder."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET" and "text/html" in Request(scope).headers.get("accept", ""):
            await graphiql.page(Request(scope))(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        context: Context = request.state.context
        return context

    async def process_result(self, request: Request, result: ExecutionResult) -> GraphQLHTTPResponse:
        answer: GraphQLHTTPResponse = {"data": result.data}
        if result.errors:
            language = request.state.context.language
            answer["errors"] = [said(error, language) for error in result.errors]
        return answer

    def encode_json(self, data: object) -> bytes:
        return orjson.dumps(data, default=str)


async def health(request: Request) -> Response:
    await database.reads().execute_query("SELECT 1")
    return JSONResponse({"status": "ok"})


def application(url: str | None = None, *, with_timers: bool = True) -> Starlette:
    """The service over the database at `url`, or at `QIBAN_DATABASE_URL`; migrations run before the first request."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with database.opened(url):
            await database.migrate()
            app.state.store = open_store(database_file(url))
            async with timers.running(with_timers):
                yield

    return Starlette(
        routes=[
            Route("/graphql", Service(schema, graphql_ide=None, subscription_protocols=())),
            Route("/health", health),
            *files.routes,
            *graphiql.routes,
        ],
        middleware=[
            Middleware(GZipMiddleware, minimum_size=1_000),
            Middleware(BodyLimit, limits={"/graphql": MOST_BYTES, "/files": file_limit() + 64 * 1024}),
            Middleware(Callers),
        ],
        lifespan=lifespan,
    )


def database_file(url: str | None) -> Path | None:
    url = url or database.default_url()
    return Path(url.removeprefix("sqlite://")) if url.startswith("sqlite:") else None
