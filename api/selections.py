"""What an operation selects, fragments and directives resolved; and plain values completed by it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import (
    FragmentDefinitionNode,
    GraphQLList,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    get_argument_values,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
)
from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_fields, collect_subfields
from graphql.execution.values import VariableValues, get_variable_values

from api.nodes import Lasting

MOST_SHAPES = 1_000

Details = list[FieldDetails]
Shape = Callable[[Any], Any]


class Unplannable(Exception):
    """Raised where the ordinary executor has to answer."""


@dataclass(frozen=True)
class Selection:
    """An operation's selections, for its variables."""

    schema: GraphQLSchema
    operation: OperationDefinitionNode
    fragments: dict[str, FragmentDetails]
    variables: VariableValues

    def roots(self, query: GraphQLObjectType) -> dict[str, Details]:
        collected = collect_fields(self.schema, self.fragments, self.variables, query, self.operation)
        return collected.grouped_field_set

    def under(self, kind: GraphQLObjectType, details: Details) -> dict[str, Details]:
        collected = collect_subfields(self.schema, self.fragments, self.variables, self.operation, kind, details)
        return collected.grouped_field_set

    def arguments(self, kind: GraphQLObjectType, details: Details) -> dict[str, Any]:
        return get_argument_values(kind.fields[name_of(details)], details[0].node, self.variables)

    def shape(self, kind: Any, details: Details) -> Shape:
        """Completes a plain value as the executor would: enums by name, objects by what is selected of them."""
        kind = get_nullable_type(kind)
        if isinstance(kind, GraphQLList):
            item = self.shape(kind.of_type, details)
            return _unless_none(lambda value: [item(each) for each in value])
        if is_leaf_type(kind):
            return _unless_none(kind.serialize)
        members = [self._member(key, kind, each) for key, each in self.under(kind, details).items()]
        if issubclass(kind.extensions["strawberry-definition"].origin, Lasting):
            return _kept(lambda value: orjson.Fragment(orjson.dumps({key: shape(value) for key, shape in members})))
        return _unless_none(lambda value: {key: shape(value) for key, shape in members})

    def _member(self, key: str, kind: Any, details: Details) -> tuple[str, Shape]:
        name = name_of(details)
        if name == "__typename":
            return key, lambda _: kind.name
        if declared(kind, name).base_resolver is not None:
            raise Unplannable
        attribute, shape = declared(kind, name).python_name, self.shape(kind.fields[name].type, details)
        return key, lambda value: shape(getattr(value, attribute))


def selection(
    schema: GraphQLSchema, definitions: Iterable[Any], operation_name: str | None,
    variables: dict[str, Any] | VariableValues, of_kind: OperationType = OperationType.QUERY,
) -> Selection:
    """What an operation of a valid document selects for its variables, which may be read already. Raises `Unplannable`
    for anything but one of its kind."""
    defined = list(definitions)
    operations = [each for each in defined if isinstance(each, OperationDefinitionNode)]
    named = [each for each in operations if operation_name is None or (each.name and each.name.value == operation_name)]
    if len(named) != 1 or named[0].operation is not of_kind:
        raise Unplannable
    values: Any = variables
    if not isinstance(variables, VariableValues):
        values = get_variable_values(schema, named[0].variable_definitions or (), variables)
    if not isinstance(values, VariableValues):
        raise Unplannable
    fragments = {each.name.value: FragmentDetails(each) for each in defined if isinstance(each, FragmentDefinitionNode)}
    return Selection(schema, named[0], fragments, values)


def name_of(details: Details) -> str:
    return details[0].node.name.value


def kind_under(kind: GraphQLObjectType, details: Details) -> Any:
    return get_named_type(kind.fields[name_of(details)].type)


def declared(kind: GraphQLObjectType, name: str) -> Any:
    """How a field was declared in Python."""
    try:
        return kind.fields[name].extensions["strawberry-definition"]
    except KeyError:
        raise Unplannable from None


def _kept(shape: Shape) -> Shape:
    """Shapes each lasting value once, as long as there is room."""
    shapes: dict[Any, Any] = {}

    def shaped(value: Any) -> Any:
        found = shapes.get(value)
        if found is None:
            if len(shapes) >= MOST_SHAPES:
                shapes.clear()
            found = shapes[value] = shape(value)
        return found

    return shaped


def _unless_none(shape: Shape) -> Shape:
    return lambda value: None if value is None else shape(value)
