"""How scalars are written out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from graphql import FloatValueNode, GraphQLError, IntValueNode, StringValueNode, ValueNode
from strawberry.schema.types.base_scalars import DateTimeDefinition, DecimalDefinition

from domain.exact import written


def instant(value: datetime) -> str:
    """In UTC, always to the microsecond, so that the database can write the very same text (`api/columns.py`)."""
    return value.astimezone(UTC).isoformat(timespec="microseconds")


INSTANT = replace(
    DateTimeDefinition, serialize=instant, description="An instant in ISO 8601, given with its offset, answered in UTC."
)


def number(value: Any) -> Any:
    """An exact number as it was given. A float is handed on as it is: whoever reads the input refuses it, by name."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise GraphQLError("a number is given as text")
    if "_" in str(value):  # which Python takes, and no office writes
        raise GraphQLError("this is no number")
    try:
        return value if isinstance(value, float) else Decimal(value)
    except InvalidOperation:
        raise GraphQLError("this is no number") from None


def _literal(node: ValueNode, variables: Any = None) -> Any:
    if isinstance(node, FloatValueNode):
        return float(node.value)
    if not isinstance(node, StringValueNode | IntValueNode):
        raise GraphQLError("a number is given as text")
    return number(node.value)


EXACT = replace(
    DecimalDefinition, serialize=written, parse_value=number, parse_literal=_literal,
    description='An exact number such as money in yuan, given and answered as text: "300000.5". A float is refused.',
)
