"""Mutations planned once: a move is made without the executor, and what is selected of its record is read by one
statement. Whatever a plan cannot say is left to the executor, which does not make again what is made already."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from graphql import DocumentNode, FragmentDefinitionNode, OperationType, Visitor, get_argument_values, visit
from graphql.execution.values import VariableValues, get_variable_values
from strawberry import Schema
from strawberry.types.arguments import convert_arguments
from tortoise.expressions import Q

from api.context import Context
from api.mutations import Moving
from api.pages import SUBJECT, Lookup
from api.plans import Part, Plan
from api.refusals import told
from api.selections import Details, Selection, Unplannable, declared, kind_under, name_of, selection
from api.statements import Statement
from domain.database import first_hand

NO_VALUES = VariableValues({}, {})


@dataclass(frozen=True)
class MovePlan:
    """A mutation of one record for viewers of one standing. It keeps nothing of what the move was given."""

    key: str
    moving: Moving
    given: Callable[[Mapping[str, Any]], Any]
    payload: Plan

    async def answer(self, variables: Mapping[str, Any], context: Context) -> dict[str, Any]:
        """What came of the move is in `context.made` as soon as it is made. Raises `Unplannable` where the executor has
        to tell it, or to say what is wrong with the variables; then nothing is done."""
        context.made = await self.moving.make(context, self.given(variables))
        if context.made.again and self.moving.creates:
            raise Unplannable  # the plan shows what has just been made
        key = context.made.key
        context.named = {SUBJECT: key, str(SUBJECT): key and str(key)}
        with first_hand():
            return {self.key: await self.payload.answer(context)}


def move_plan(schema: Schema, document: DocumentNode, operation_name: str | None, context: Context) -> MovePlan:
    """The plan for a mutation in a valid document. Raises `Unplannable`."""
    source = schema._schema
    assert source.mutation_type
    try:
        chosen = selection(source, document.definitions, operation_name, NO_VALUES, OperationType.MUTATION)
        ((key, details),) = chosen.roots(source.mutation_type).items()
        moving = declared(source.mutation_type, name_of(details)).metadata["move"]
        if len(details) > 1 or _varies(document, details):
            raise Unplannable
        # A plan is kept, so it is shown nothing of the request but the viewer.
        bare = Context(context.someone, "", "")
        payload = Plan(partial(_written, chosen, kind_under(source.mutation_type, details), details, moving, bare))
        return MovePlan(key, moving, partial(_given, schema, chosen, details), payload)
    except Exception as error:  # whatever is wrong with the request, the executor says it
        raise Unplannable from error


def _written(
    chosen: Selection, payload: Any, details: Details, moving: Moving, context: Context
) -> tuple[list[Part], bool]:
    """What stands in the payload, and whether more is to be known once the record has been read."""
    parts: list[Part] = []
    learning = False
    for key, under in chosen.under(payload, details).items():
        name = name_of(under)
        if name == "__typename":
            parts.append(Part(None, key, said=lambda _: payload.name))
        elif name == "refusals":
            shape = chosen.shape(payload.fields[name].type, under)
            parts.append(Part(None, key, said=partial(_refused, shape)))
        else:
            statement = Statement(chosen, context)
            found = Lookup(moving.model, Q(id=SUBJECT), moving.seen_as(context.viewer))
            parts.append(Part(None, key, statement.lookup(key, found, kind_under(payload, under), under)))
            learning |= statement.learning
    return parts, learning


def _refused(shape: Callable[[Any], Any], context: Context) -> Any:
    assert context.made
    return shape(told(context.made.refusals, context.language))


def _given(schema: Schema, chosen: Selection, details: Details, variables: Mapping[str, Any]) -> Any:
    """The input of the mutation as its resolver takes it."""
    source, node = schema._schema, details[0].node
    values = get_variable_values(source, chosen.operation.variable_definitions or (), dict(variables))
    assert source.mutation_type
    if not isinstance(values, VariableValues):
        raise Unplannable
    field = source.mutation_type.fields[name_of(details)]
    try:
        given = get_argument_values(field, node, values)
        arguments = declared(source.mutation_type, name_of(details)).arguments
        return convert_arguments(given, arguments, schema.schema_converter.scalar_registry, schema.config)["input"]
    except Exception as error:
        raise Unplannable from error


class _Variables(Visitor):
    found = False

    def enter_variable(self, *_: Any) -> None:
        self.found = True


def _varies(document: DocumentNode, details: Details) -> bool:
    """Whether what is selected depends on the variables."""
    looking = _Variables()
    node = details[0].node
    fragments = [each for each in document.definitions if isinstance(each, FragmentDefinitionNode)]
    for each in (node.selection_set, *(node.directives or ()), *fragments):
        if each is not None:
            visit(each, looking)
    return looking.found
