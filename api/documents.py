"""Documents known to be valid, and the plans made of them: parsing, validation and planning are paid once."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from graphql import (
    DocumentNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    get_operation_ast,
    parse,
)
from strawberry import Schema
from strawberry.extensions import SchemaExtension
from tortoise.exceptions import BaseORMException

from api.asked import note
from api.context import Context, Made
from api.faults import logged
from api.limits import MOST_TOKENS, paged_fields, size
from api.payloads import MovePlan, move_plan
from api.plans import Outdated, Plan, plan
from api.selections import Unplannable
from domain.database import default_url
from domain.recent import Recent
from domain.refusals import Refused
from workflows import replicas

MOST_DOCUMENTS = 500
MOST_PLANS = 2_000
LONGEST_DOCUMENT = 20_000  # characters; longer ones, and larger variables, are executed but not kept
LARGEST_VARIABLES = 4_000  # bytes
log = logging.getLogger("qiban.plans")


_documents: Recent[DocumentNode] = Recent(MOST_DOCUMENTS)
_plans: Recent[Plan | None] = Recent(MOST_PLANS)
_moves: Recent[MovePlan | None] = Recent(MOST_PLANS)


class KnownDocuments(SchemaExtension):
    """A document that passed validation and the limits is neither parsed nor validated again."""

    def on_parse(self) -> Iterator[None]:
        if known := _documents.get(self.execution_context.query):
            self.execution_context.graphql_document = known
        yield

    def on_validate(self) -> Iterator[None]:
        context = self.execution_context
        known = context.graphql_document is not None and context.graphql_document is _documents.get(context.query)
        if known and context.pre_execution_errors is None:
            context.pre_execution_errors = []
        yield
        if context.graphql_document and not context.pre_execution_errors:
            note(_kind(context.graphql_document, context.operation_name))
        if known or not context.graphql_document or context.pre_execution_errors or not context.query:
            return
        if len(context.query) <= LONGEST_DOCUMENT and _tells_nothing(context.query, context.graphql_document):
            _documents.put(context.query, context.graphql_document)


async def planned(
    schema: Schema, query: str | None, operation: str | None, variables: Mapping[str, Any] | None, context: Context
) -> dict[str, Any] | None:
    """The answer by plan; None where the ordinary executor has to give it."""
    document = _documents.get(query)
    if document is None or context.someone is None or _kind(document, operation) != OperationType.QUERY.value:
        return None
    given = orjson.dumps(variables, option=orjson.OPT_SORT_KEYS)
    if len(given) > LARGEST_VARIABLES:
        return None
    key = (query, operation, given, context.someone.standing, default_url())
    if key not in _plans.kept:
        _plans.put(key, _plan(schema, document, operation, variables, context))
    made = _plans.get(key)
    if made is None:
        return None
    note(OperationType.QUERY.value)
    try:
        return await made.answer(context)
    except Outdated:
        return await planned(schema, query, operation, variables, context)
    except BaseORMException as error:
        log.error("a plan failed; the executor answers, now and from now on: %s", type(error).__name__)
        _plans.put(key, None)
        return None


async def performed(
    schema: Schema, query: str | None, operation: str | None, variables: Mapping[str, Any] | None, context: Context
) -> dict[str, Any] | None:
    """The answer to a mutation by plan. None where the executor has to give it: nothing has been done then, or what
    came of it is in `context.made`."""
    document, given = _documents.get(query), variables or {}
    if document is None or context.someone is None or len(orjson.dumps(given)) > LARGEST_VARIABLES:
        return None
    key = (query, operation, context.someone.standing, default_url())
    if key not in _moves.kept:
        _moves.put(key, _move_plan(schema, document, operation, context))
    plan = _moves.get(key)
    if plan is None:
        return None
    note(OperationType.MUTATION.value)
    try:
        async with replicas.changing(context.caller):
            return await plan.answer(given, context)
    except Unplannable:
        return None
    except Exception as error:
        if context.made is None:
            context.made = Made(error=error)
        else:
            log.error("the executor tells of this move, now and from now on: fault %s", logged(error))
            _moves.put(key, None)
        return None


def read(query: str) -> DocumentNode:
    """A document, known or not. Raises `GraphQLError` when it is none."""
    return _documents.get(query) or parse(query, max_tokens=MOST_TOKENS)


def subscribes(query: str | None, operation_name: str | None) -> bool:
    """Whether a document that can be read asks for a subscription."""
    return _asks_for(OperationType.SUBSCRIPTION, query, operation_name)


def known_to_change(query: str | None, operation_name: str | None) -> bool:
    """Whether a document that has been asked before asks for a change."""
    document = _documents.get(query)
    return document is not None and _kind(document, operation_name) == OperationType.MUTATION.value


def changes(query: str | None, operation_name: str | None) -> bool:
    """Whether a document that can be read asks for a change."""
    return _asks_for(OperationType.MUTATION, query, operation_name)


def _asks_for(kind: OperationType, query: str | None, operation_name: str | None) -> bool:
    try:
        return _kind(read(query or ""), operation_name) == kind.value
    except GraphQLError:
        return False


def _kind(document: DocumentNode, operation_name: str | None) -> str | None:
    operation = get_operation_ast(document, operation_name)
    return operation.operation.value if operation else None


def _tells_nothing(text: str, document: DocumentNode) -> bool:
    """Whether a document may be kept: what a mutation is given may be a password and is kept nowhere. One that has it
    all in its variables has no text in it."""
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    return '"' not in text or all(each.operation is not OperationType.MUTATION for each in operations)


def _plan(
    schema: Schema, document: DocumentNode, operation: str | None, variables: Mapping[str, Any] | None, context: Context
) -> Plan | None:
    if size(document, variables or {}, paged_fields(schema._schema)).refusal():
        return None
    try:
        return plan(schema, document, operation, variables, context)
    except (Unplannable, Refused):
        return None


def _move_plan(
    schema: Schema, document: DocumentNode, operation: str | None, context: Context
) -> MovePlan | None:
    if size(document, {}, paged_fields(schema._schema)).refusal():
        return None
    try:
        return move_plan(schema, document, operation, context)
    except Unplannable:
        return None
