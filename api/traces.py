"""Traces for OpenTelemetry: requests, moves, duties and statements. QIBAN_TRACES=on, the rest by the usual OTEL_…
variables; `pip install qiban[tracing]`. Off without it.

A statement is named by its verb and table, a request by its kind: no values, no texts, no names of persons.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from contextvars import ContextVar
from typing import Any

from api.metrics import NOT_INSTALLED
from domain import meters
from domain.refusals import Refused

STATEMENTS = ("execute_query", "execute_query_dict", "execute_insert", "execute_many")
_asking: ContextVar[str | None] = ContextVar("asking", default=None)
_TABLE = re.compile(r'\b(?:FROM|INTO|UPDATE)\s+"?([a-z_]+)', re.IGNORECASE)


def begin(exporter: Any = None) -> None:
    """Trace this process, if it is wanted, to the collector of OTEL_EXPORTER_OTLP_ENDPOINT or to `exporter`."""
    if os.environ.get("QIBAN_TRACES") != "on":
        return
    try:
        from opentelemetry import propagate
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
    except ImportError as error:
        raise Refused(NOT_INSTALLED.about(setting="QIBAN_TRACES", extra="tracing")) from error

    named = {} if "OTEL_SERVICE_NAME" in os.environ else {"service.name": "qiban"}
    provider = TracerProvider(resource=Resource.create(named))
    processor = SimpleSpanProcessor(exporter) if exporter else BatchSpanProcessor(OTLPSpanExporter())
    provider.add_span_processor(processor)
    tracer = provider.get_tracer("qiban")

    def spans(name: str, headers: Mapping[str, str] | None) -> AbstractContextManager[Any]:
        context = propagate.extract(headers) if headers is not None else None
        # The message of an error may quote values; that it failed is told all the same.
        return tracer.start_as_current_span(name, context, record_exception=False)

    meters.trace(spans)
    _watch_statements()


def _watch_statements() -> None:
    from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
    from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionWrapper

    from domain import postgres, sqlite

    ours = (postgres.Client, postgres.Transaction, sqlite.Client, sqlite.Transaction)
    clients: tuple[Any, ...] = (AsyncpgDBClient, TransactionWrapper, SqliteClient, SqliteTransactionWrapper, *ours)
    for client in clients:
        for name in STATEMENTS:
            if (method := vars(client).get(name)) and not hasattr(method, "__wrapped_by_qiban__"):
                setattr(client, name, _timed(method))
        if (method := vars(client).get("execute_batch")) and not hasattr(method, "__wrapped_by_qiban__"):
            client.execute_batch = _timed_together(method)


def _timed(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(method)
    async def timed(self: Any, query: str, *given: Any) -> Any:
        if _asking.get() == query:  # one way of asking may go on to another
            return await method(self, query, *given)
        token = _asking.set(query)
        try:
            with meters.span(statement(query)):
                return await method(self, query, *given)
        finally:
            _asking.reset(token)

    timed.__wrapped_by_qiban__ = True  # type: ignore[attr-defined]
    return timed


def _timed_together(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Statements that go in one round trip take the same time."""

    @functools.wraps(method)
    async def timed(self: Any, statements: Sequence[tuple[str, Sequence[Any]]]) -> Any:
        with ExitStack() as all_of_them:
            for query, _ in statements:
                all_of_them.enter_context(meters.span(statement(query)))
            return await method(self, statements)

    timed.__wrapped_by_qiban__ = True  # type: ignore[attr-defined]
    return timed


def statement(sql: str) -> str:
    """Verb and first table, such as `SELECT case`."""
    table = _TABLE.search(sql)
    verb = sql.split(None, 1)[0].upper()
    return f"{verb} {table[1]}" if table else verb
