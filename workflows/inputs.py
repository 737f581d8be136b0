"""What a move asks for, as a dataclass, and how given values are read into it: every wrong field named at once."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Union, cast, get_args, get_origin, get_type_hints
from uuid import UUID

from domain import rows
from domain.exact import MOST
from domain.records import Record
from domain.refusals import BAD_INPUT, BAD_TEXT, NOT_FOUND, REQUIRED, TOO_LONG, Refusal, Refused
from domain.viewers import Viewer

NOT_EXACT = Refusal(
    "NOT_EXACT", "请以文本给出精确数值，如 \"300000.5\"；不接受浮点数。",
    "Give an exact number as text, such as \"300000.5\"; a float is not taken.",
)
MOST_IN_A_LIST = 100
EARLIEST, LATEST = date(1990, 1, 1), date(2100, 1, 1)


@dataclass(frozen=True)
class Words:
    """Said of an input: what it is called, for text how long it may be (characters) and whether it may be empty, for
    an exact number its decimals and whether it may be below zero."""

    zh: str
    en: str
    limit: int = 200
    empty: bool = False
    places: int = 2
    negative: bool = False


Reason = Annotated[str, Words("理由", "Reason", 2000)]


@dataclass
class WithReason:
    """A move that asks for nothing but why."""

    reason: Reason


@dataclass(frozen=True)
class Field:
    """One field of an input, as read off the dataclass."""

    name: str
    kind: Any
    words: Words
    many: bool
    required: bool

    @property
    def api_name(self) -> str:
        """As the API has it: a reference to a record is an id."""
        if not issubclass(self.kind, Record):
            return self.name
        return f"{self.name.removesuffix('s')}_ids" if self.many else f"{self.name}_id"

    @property
    def path(self) -> str:
        head, *rest = self.api_name.split("_")
        return head + "".join(part.title() for part in rest)


def _fields(input_type: Any) -> tuple[Field, ...]:
    hints = get_type_hints(input_type, include_extras=True)
    return tuple(_field(each, hints[each.name]) for each in dataclasses.fields(input_type))


fields_of: Callable[[Any], tuple[Field, ...]] = cache(_fields)
"""The fields of an input, in order."""


def _field(declared: dataclasses.Field[Any], hint: Any) -> Field:
    words, many = Words(declared.name, declared.name), False
    required = declared.default is dataclasses.MISSING and declared.default_factory is dataclasses.MISSING
    while not isinstance(hint, type) or get_origin(hint) is list:
        if get_origin(hint) is Annotated:
            hint, words = get_args(hint)[:2]
        elif get_origin(hint) is list:
            hint, many = get_args(hint)[0], True
        elif get_origin(hint) in (Union, types.UnionType):
            hint = next(arg for arg in get_args(hint) if arg is not type(None))
        else:
            raise TypeError(f"{declared.name}: an input cannot hold {hint!r}")
    return Field(declared.name, hint, words, many, required)


async def read_input(input_type: Any, given: Mapping[str, Any], viewer: Viewer, prefix: str = "") -> Any:
    """`given` as an instance of `input_type`, references turned into records the viewer may see.

    Raises `Refused` with one refusal for every field that is missing, too long, broken or unknown.
    """
    values: dict[str, Any] = {}
    refusals: list[Refusal] = []
    for field in fields_of(input_type):
        path = f"{prefix}{field.path}"
        try:
            value = given.get(field.name)
            if value is None:
                if field.required:
                    raise Refused(REQUIRED.about(path))
            elif field.many:
                values[field.name] = await _read_many(field, value, viewer, path)
            else:
                values[field.name] = await _read_one(field, value, viewer, path)
        except Refused as refused:
            refusals.extend(refused.refusals)
    if refusals:
        raise Refused(*refusals)
    return input_type(**values)


async def _read_many(field: Field, given: list[Any], viewer: Viewer, path: str) -> list[Any]:
    if field.required and not given:
        raise Refused(REQUIRED.about(path))
    if len(given) > MOST_IN_A_LIST:
        raise Refused(
            BAD_INPUT.about(
                path, problem_zh=f"一次最多{MOST_IN_A_LIST}项", problem_en=f"at most {MOST_IN_A_LIST} at once"
            )
        )
    values: list[Any] = []
    refusals: list[Refusal] = []
    for index, each in enumerate(given):
        try:
            values.append(await _read_one(field, each, viewer, f"{path}.{index}"))
        except Refused as refused:
            refusals.extend(refused.refusals)
    if refusals:
        raise Refused(*refusals)
    return values


async def _read_one(field: Field, value: Any, viewer: Viewer, path: str) -> Any:
    if issubclass(field.kind, Record):
        return await _read_record(field.kind, value, viewer, path)
    if dataclasses.is_dataclass(field.kind):
        given = value if isinstance(value, Mapping) else vars(value)
        return await read_input(field.kind, given, viewer, f"{path}.")
    if field.kind is str:
        return read_text(value, field.words, path)
    if field.kind is Decimal:
        return read_number(value, field.words, path)
    if field.kind is date and not EARLIEST <= value <= LATEST:
        raise Refused(BAD_INPUT.about(path, problem_zh="日期不在可用范围内", problem_en="the date is out of range"))
    if field.kind is datetime and value.tzinfo is None:
        raise Refused(BAD_INPUT.about(path, problem_zh="时间须带时区", problem_en="the time needs a time zone"))
    return field.kind(value) if not isinstance(value, field.kind) else value


async def _read_record(kind: type[Record], value: UUID | Record, viewer: Viewer, path: str) -> Record:
    """A record handed over by another move is taken as it is; a key must name one the viewer may see."""
    if isinstance(value, kind):
        return value
    record = await rows.seen(kind, cast(UUID, value), viewer)
    if record is None:
        raise Refused(NOT_FOUND.about(path))
    return record


def read_number(value: Any, words: Words, path: str) -> Decimal:
    """An exact number; refused when given as a float, with more decimals than are kept, or out of range."""
    if isinstance(value, float):
        raise Refused(NOT_EXACT.about(path))
    number = Decimal(value)
    if not number.is_finite() or abs(number) >= MOST or (number < 0 and not words.negative):
        raise Refused(BAD_INPUT.about(path, problem_zh="数值不在可用范围内", problem_en="the number is out of range"))
    if number.normalize().as_tuple().exponent < -words.places:  # type: ignore[operator]  # a finite number's is an int
        raise Refused(
            BAD_INPUT.about(
                path, problem_zh=f"最多{words.places}位小数", problem_en=f"at most {words.places} decimals"
            )
        )
    return number


def read_text(value: str, words: Words, path: str) -> str:
    """Text without surrounding space; refused when empty, too long, or holding control or broken characters."""
    if len(value) > words.limit:
        raise Refused(TOO_LONG.about(path, limit=words.limit, length=len(value)))
    if any(_broken(character) for character in value):
        raise Refused(BAD_TEXT.about(path))
    text = value.replace("\r\n", "\n").strip()
    if not text and not words.empty:
        raise Refused(REQUIRED.about(path))
    return text


def _broken(character: str) -> bool:
    point = ord(character)
    return (point < 32 and character not in "\n\r\t") or 0x7F <= point < 0xA0 or 0xD800 <= point < 0xE000
