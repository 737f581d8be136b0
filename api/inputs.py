"""Inputs of mutations, declared from what a move asks for; and what is given in them, as the move wants it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import strawberry
from strawberry.types.arguments import InputContext
from strawberry.types.base import StrawberryOptional

from api.nodes import enum, key_of
from domain.records import Record
from domain.words import Word
from workflows.inputs import Field, fields_of

KEY = (
    "Same key and body: done once, for seven days, and answered with the record as it is by then, if it is in sight. "
    "Same key with another body is refused."
)
VERSION = "Refused as STALE unless the record still has this version."
AS_GIVEN = {strawberry.ID, str, int, bool, date, datetime, Decimal}
_nested_inputs: dict[type[Any], Any] = {}


@dataclass(frozen=True)
class Own:
    """A field of an input that is not the move's but every mutation's; with a `description` it may be left out."""

    name: str
    kind: Any
    description: str | None = None


ID_FIELD = Own("id", strawberry.ID)
KEY_FIELD = Own("idempotency_key", str, KEY)
VERSION_FIELD = Own("expected_version", int, VERSION)


def input_type(name: str, words: str, declared: Any, own: Iterable[Own]) -> Any:
    fields = {each.name: _input_field(each.kind, each.description is None, each.description) for each in own}
    for field in fields_of(declared) if declared else ():
        description = f"{field.words.zh}: {field.words.en}"
        fields[field.api_name] = _input_field(_kind(field), field.required, description)
    made = strawberry.input(class_of(name, words, fields), name=name, description=words)
    made.__strawberry_definition__.from_input = _made_of
    return made


def _made_of(kind: Any, given: Mapping[str, Any], context: InputContext) -> Any:
    """An input, as strawberry makes it, which looks up what each of its fields is for every request anew."""
    return kind(**{
        field: given[name] if plain else context.convert(given[name], of_kind, name)
        for field, name, of_kind, plain in _fields(kind, context.config.name_converter) if name in given
    })


@cache
def _fields(kind: Any, converter: Any) -> list[tuple[str, str, Any, bool]]:
    """Of each field its name, the name it is given by, its kind, and whether that is taken as it is given."""
    definition = kind.__strawberry_definition__
    kinds = {field: field.resolve_type(type_definition=definition) for field in definition.fields}
    return [
        (field.python_name, converter.from_field(field), of_kind, _bare(of_kind) in AS_GIVEN)
        for field, of_kind in kinds.items()
    ]


def _bare(kind: Any) -> Any:
    return kind.of_type if isinstance(kind, StrawberryOptional) else kind


def _input_field(kind: Any, required: bool, description: str | None) -> tuple[Any, Any]:
    if required:
        return kind, strawberry.field(description=description)
    return kind | None, strawberry.field(default=None, description=description)


def class_of(name: str, words: str, fields: Mapping[str, tuple[Any, Any]]) -> type[Any]:
    """A class as one would have written it: its words, an annotation and a value for each field."""
    annotations = {field: kind for field, (kind, _) in fields.items()}
    values = {field: value for field, (_, value) in fields.items()}
    return type(name, (), {"__doc__": words, "__annotations__": annotations, **values})


def _kind(field: Field) -> Any:
    kind: Any = field.kind
    if issubclass(kind, Record):
        kind = strawberry.ID
    elif issubclass(kind, Word):
        kind = enum(kind)
    elif dataclasses.is_dataclass(kind):
        kind = _nested(kind)
    return list[kind] if field.many else kind


def _nested(declared: Any) -> Any:
    if declared not in _nested_inputs:
        words = (declared.__doc__ or "").strip()
        described = declared.__name__ if words.startswith(f"{declared.__name__}(") else words
        _nested_inputs[declared] = input_type(f"{declared.__name__}Item", described, declared, [])
    return _nested_inputs[declared]


NAMES: dict[type[Any], str] = {
    str: "String", int: "Int", bool: "Boolean", date: "Date", datetime: "DateTime", Decimal: "Decimal",
}


def kind_name(field: Field) -> str:
    """What the schema calls the type of a field."""
    if issubclass(field.kind, Record):
        return "ID"
    name = str(field.kind.__name__)
    return f"{name}Item" if dataclasses.is_dataclass(field.kind) else NAMES.get(field.kind, name)


def given_to(input: Any, declared: Any, prefix: str = "") -> Mapping[str, Any]:
    """What a move is given: global ids as keys, nested inputs as mappings."""
    given: dict[str, Any] = {}
    for field in fields_of(declared):
        value = getattr(input, field.api_name)
        if value is None:
            continue
        path = f"{prefix}{field.path}"
        convert = _converter(field, path)
        given[field.name] = [convert(each) for each in value] if field.many else convert(value)
    return given


def _converter(field: Field, path: str) -> Callable[[Any], Any]:
    if issubclass(field.kind, Record):
        return lambda value: key_of(value, field.kind, path)
    if dataclasses.is_dataclass(field.kind):
        return lambda value: given_to(value, field.kind, f"{path}.")
    return lambda value: value
