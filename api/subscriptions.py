"""Subscriptions carried out: each event read as its watcher may see it by then, once for all who ask the same."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

import orjson
from graphql import DocumentNode, ExecutionResult, Executor, GraphQLError, create_source_event_stream
from strawberry.types.execution import ExecutionResult as Result
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType
from strawberry.utils.await_maybe import await_maybe
from tortoise.exceptions import BaseORMException

from api.as_of import answering
from api.context import Context
from api.events import Read, event_plan, forget
from api.faults import FAULT, QuietSchema, refusal_error, told_error
from api.streams import Happening
from api.together import together
from domain import database
from domain.refusals import Refused
from workflows import replicas

Answer = tuple[Result | None, bool]
"""What is told of a happening, if anything, and whether it is the last."""
log = logging.getLogger("qiban.plans")


class LiveSchema(QuietSchema):
    """Streams subscriptions; whatever else comes over a stream is executed as ever."""

    async def stream(  # type: ignore[override]
        self, query: str | None, variable_values: dict[str, Any] | None = None, context_value: Any = None,
        root_value: Any = None, operation_name: str | None = None, operation_extensions: dict[str, Any] | None = None,
        allowed_operation_types: Iterable[OperationType] = frozenset(OperationType),
    ) -> AsyncGenerator[Result, None]:
        document = await self._subscription(query, variable_values, context_value, operation_name)
        if document is not None and OperationType.SUBSCRIPTION in allowed_operation_types:
            return self._events(Asked(str(query), document, variable_values or {}, operation_name, context_value))
        given = (query, variable_values, context_value, root_value, operation_name, operation_extensions)
        return self._answered(*given, allowed_operation_types)

    async def _answered(
        self, query: str | None, variables: dict[str, Any] | None, context: Context, root_value: Any,
        operation_name: str | None, *given: Any,
    ) -> AsyncGenerator[Result, None]:
        try:
            async with replicas.changing(context.caller), answering(self, query, operation_name, variables, context):
                results = await super().stream(query, variables, context, root_value, operation_name, *given)
                answers: list[Any] = [each async for each in results]
        except Refused as refused:
            answers = [PreExecutionError(None, [refusal_error(refused)])]
        for answer in answers:
            errors = [told_error(each, context.language) for each in answer.errors or ()]
            yield replace(answer, errors=errors or None)

    async def _subscription(
        self, query: str | None, variables: dict[str, Any] | None, context: Context, operation_name: str | None
    ) -> DocumentNode | None:
        """The document, if it is a valid subscription within the limits; None leaves the answer to the executor."""
        execution = self._create_execution_context(
            query, frozenset(OperationType), variables, context, None, operation_name
        )
        extensions = self.get_extensions()
        for each in extensions:
            each.execution_context = execution
        try:
            runner = self.create_extensions_runner(execution, extensions)
            async with runner.operation():
                error = await self._prepare_operation_async(execution, runner)
        except Exception:
            return None
        wanted = error is None and execution.operation_type is OperationType.SUBSCRIPTION
        return execution.graphql_document if wanted else None

    async def _events(self, asked: Asked) -> AsyncGenerator[Result, None]:
        # The first event says "read again": what there was until then is to be found on a replica too.
        await replicas.noted(asked.context.caller)
        source = await asked.source(self)
        if isinstance(source, ExecutionResult):
            self.process_errors(source.errors or [])
            yield PreExecutionError(None, [told_error(each, asked.context.language) for each in source.errors or ()])
            return
        async with aclosing(source):
            told: type[Result] = PreExecutionError  # which says that it never began
            try:
                async for happening in source:
                    answer, is_last = await self._shared(asked, happening)
                    told = Result
                    if answer is not None:
                        yield answer
                    del answer, happening  # or each idle stream would hold on to its last event
                    if is_last:
                        return
            except Refused as refused:
                yield told(None, [told_error(refusal_error(refused), asked.context.language)])

    async def _shared(self, asked: Asked, happening: Happening) -> Answer:
        """The answer; those who ask the same and see the same while it is being made get the same."""
        key = (asked.key, happening.viewer.standing, happening.viewer.language, happening.note)
        return await together(key, lambda: self._answer(asked, happening))

    async def _answer(self, asked: Asked, happening: Happening) -> Answer:
        try:
            with database.first_hand():
                return await self._read(asked, happening)
        except Exception as error:
            errors = [GraphQLError(FAULT.code, original_error=error)]
            self.process_errors(errors)
            return Result(None, [told_error(each, asked.context.language) for each in errors]), False

    async def _read(self, asked: Asked, happening: Happening) -> Answer:
        context = asked.context.anew(happening.viewer)
        read = await self._by_plan(asked, happening, context)
        if read is not None and read.event is not None:
            return Result(_encoded(read.event), None), False
        if happening.note and read is not None and not read.watched:
            event = await happening.watch.gone(happening.viewer, happening.note)
        else:
            event = await happening.watch.event(happening)
        if event is None:
            return None, False
        result: Any = asked.executor(self, context, event).execute_operation(False)
        result = await await_maybe(result)
        self.process_errors(result.errors or [])
        errors = [told_error(each, context.language) for each in result.errors or ()]
        return Result(_encoded(result.data), errors or None), happening.watch.is_last(event)

    async def _by_plan(self, asked: Asked, happening: Happening, context: Context) -> Read | None:
        """What a plan reads of a case that moved; None where the executor has to read."""
        if not happening.watch.planned or happening.note is None or happening.note.kind != "case":
            return None
        plan = event_plan(self, asked.key, asked.document, asked.variables, happening)
        try:
            return await plan.read(happening.note, context) if plan else None
        except BaseORMException as error:
            assert plan
            log.error("a plan failed; the executor answers, now and from now on: %s", type(error).__name__)
            forget(plan)
            return None


def _encoded(data: Any) -> Any:
    """Encoded once, however many are told."""
    return orjson.Fragment(orjson.dumps(data, default=str))


@dataclass(frozen=True, slots=True)
class Asked:
    """A subscription as it was asked for."""

    query: str
    document: DocumentNode
    variables: dict[str, Any]
    operation_name: str | None
    context: Context

    @property
    def key(self) -> tuple[str, str | None, bytes]:
        return self.query, self.operation_name, orjson.dumps(self.variables, option=orjson.OPT_SORT_KEYS)

    async def source(self, schema: QuietSchema) -> Any:
        """What happens, one by one; or a result that says why not."""
        try:
            return await await_maybe(create_source_event_stream(self.executor(schema, self.context)))
        except GraphQLError as error:
            return ExecutionResult(None, [error])

    def executor(self, schema: QuietSchema, context: Context, event: Any = None) -> Any:
        built = Executor.build(
            schema._schema, self.document, event, context, self.variables, self.operation_name, hide_suggestions=True
        )
        if isinstance(built, list):
            raise built[0]
        return built
