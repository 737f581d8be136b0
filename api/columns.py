"""How each engine says in JSON what a column holds, in the very form the executor would give it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache, lru_cache
from itertools import groupby
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import orjson
from pypika_tortoise.terms import Parameterizer
from tortoise import fields
from tortoise.fields.data import CharEnumFieldInstance

from api.nodes import NODES, Computed
from domain.exact import Exact
from domain.words import Word


class Unread(Exception):
    """Raised when a function looks at a column that it never looked at before, and that was therefore not read."""


@dataclass
class LookedAt:
    """The columns a function over whole rows has been seen to look at. Only these are read for it; when it looks at
    another, the page is read again with that one too."""

    columns: set[str] = field(default_factory=set)

    def of(self, model: Any) -> tuple[str, ...]:
        """Those to be read: all as long as nothing is known."""
        every = model._meta.fields_db_projection
        return tuple(name for name in every if name in self.columns) if self.columns else tuple(every)


AS_NUMBERS = (fields.IntField, fields.BigIntField, fields.SmallIntField, fields.BooleanField)
"""Kinds of columns that PostgreSQL's text of is JSON."""
_looked_at: defaultdict[Any, LookedAt] = defaultdict(LookedAt)


def looked_at(function: Any, model: Any) -> LookedAt:
    return _looked_at[function, model]


class Values(Parameterizer):
    """What a statement is given. The house's own words, such as states, are written out: they are few, they are used
    unevenly, and a database that plans a statement once for all values should know them."""

    def should_parameterize(self, value: Any) -> bool:
        return not (isinstance(value, str) and value in _words()) and super().should_parameterize(value)


@cache
def _words() -> frozenset[str]:
    columns = (each for model in NODES for each in model._meta.fields_map.values())
    kinds = {each.enum_type for each in columns if isinstance(each, CharEnumFieldInstance)}
    return frozenset(str(word.value) for kind in kinds for word in kind)


class Json(str):
    """An expression whose value is the text of JSON already: it is put together as it stands. SQLite would read it
    again, and PostgreSQL's own functions look up for every row what kinds of values they are given."""


class Dialect:
    """The words of one engine, "postgres" or "sqlite"."""

    def __init__(self, engine: str) -> None:
        self.postgres = engine == "postgres"
        # Brackets within brackets: SQLite's parser has a stack of 100 and was seen to overflow from 15 on.
        self.deepest = 200 if self.postgres else 14

    def placeholder(self, number: int) -> str:
        return f"${number}" if self.postgres else f"?{number}"

    def word(self, text: str) -> str:
        """A word of ours."""
        return Json(_quoted(f'"{text}"')) if self.postgres else _quoted(text)

    def global_id(self, kind: str, key: str) -> str:
        if self.postgres:
            return Json(f"""'"{kind}_' || CAST({key} AS TEXT) || '"'""")
        return f"'{kind}_' || CAST({key} AS TEXT)"

    def among(self, value: str, page: str) -> str:
        """Whether a value is one of the few in a column; PostgreSQL may take the few of a subselect for many, and then
        reads a whole table to sort it beside them."""
        return f"{value} = ANY (ARRAY({page}))" if self.postgres else f"{value} IN ({page})"

    def object(self, pairs: Mapping[str, str]) -> str:
        if not self.postgres:
            return _object(pairs)
        sql = ""
        for key, value in pairs.items():
            sql += f"""'{"," if sql else "{"}"{key}":' || {self._said(value)} || """
        return Json(f"{sql}'}}'" if pairs else "'{}'")

    def bytes(self, text: str) -> str:
        """Text as it goes over the wire: else the driver would decode it, and whoever sends it encode it again."""
        return f"convert_to(CAST({text} AS TEXT), 'UTF8')" if self.postgres else f"CAST({text} AS BLOB)"

    def list(self, items: Iterable[str]) -> str:
        several = list(items)
        if not self.postgres and not any(isinstance(each, Json) for each in several):
            return Json(f"json_array({', '.join(several)})")
        return Json("'[' || " + "".join(f"{each} || " for each in self._between(several)) + "']'")

    def nested(self, json: str) -> str:
        """JSON from below."""
        return Json(json)

    def found(self, json: str) -> str:
        """JSON from below, of a row that may be missing."""
        return Json(f"COALESCE({json}, 'null')")

    def array(self, item: str) -> str:
        joined = f"string_agg({self._said(item)}, ',')" if self.postgres else f"group_concat({self._said(item)})"
        return Json(f"'[' || COALESCE({joined}, '') || ']'")

    def column(self, model: Any, name: str, table: str) -> str:
        """A column as the response has it: enums by name, instants to the microsecond with their offset."""
        column = f'{table}."{name}"'
        field = model._meta.fields_map[name]
        if isinstance(field, CharEnumFieldInstance):
            return self._cases(column, {member.value: member.name for member in field.enum_type})
        if isinstance(field, fields.DatetimeField):
            return self._instant(column)
        if isinstance(field, AS_NUMBERS) and self.postgres:
            return self.found(f"CAST({column} AS TEXT)")
        if isinstance(field, fields.BooleanField):
            return Json(f"CASE {column} WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE 'null' END")
        if isinstance(field, fields.JSONField):
            return self.found(f"CAST({column} AS TEXT)")
        if isinstance(field, Exact):
            return self._exact(column, field.places)
        return column

    def raw(self, model: Any, names: Sequence[str], table: str) -> str:
        """Several columns as an array, to be made into a row again by `reader`."""
        return self.list(self._raw(model, name, table) for name in names)

    def reader(self, model: Any, names: Sequence[str], looked_at: LookedAt) -> Callable[[Sequence[Any]], Any]:
        """Makes what Python sees of a row: the columns named, as the model has them, each read when it is asked for."""
        places = {name: (place, _reader(model._meta.fields_map[name])) for place, name in enumerate(names)}
        # A record whose state never changes has it on the class, not in a column.
        fixed = {} if "state" in model._meta.fields_db_projection else {"state": getattr(model, "state", None)}

        class Row:
            def __init__(self, values: Sequence[Any]) -> None:
                self.__dict__.update(fixed)
                self._values = values

            def __getattr__(self, name: str) -> Any:
                if name not in model._meta.fields_db_projection:
                    raise AttributeError(name)
                looked_at.columns.add(name)
                if name not in places:
                    raise Unread(name)
                place, read = places[name]
                value = self._values[place]
                value = self.__dict__[name] = value if value is None or read is None else read(value)
                return value

        return Row

    def table_of(self, computed: Computed, model: Any, table: str) -> str | None:
        """A function of one enum column, told member by member; None for any other function."""
        field = model._meta.fields_map.get(computed.needs[0])
        if len(computed.needs) != 1 or not isinstance(field, CharEnumFieldInstance):
            return None
        told = {each.value: computed.function(SimpleNamespace(**{computed.needs[0]: each})) for each in field.enum_type}
        if not all(isinstance(value, Word) for value in told.values()):
            return None
        return self._cases(f'{table}."{computed.needs[0]}"', {key: value.name for key, value in told.items()})

    def _cases(self, column: str, told: Mapping[str, str]) -> str:
        whens = " ".join(f"WHEN {_quoted(key)} THEN {self.word(name)}" for key, name in told.items())
        return Json(f"CASE {column} {whens} ELSE 'null' END") if self.postgres else f"CASE {column} {whens} END"

    def _instant(self, column: str) -> str:
        if not self.postgres:
            return f"replace({column}, ' ', 'T')"
        said = f"""to_char({column} AT TIME ZONE 'UTC', '\\"YYYY-MM-DD"T"HH24:MI:SS.US"+00:00\\"')"""
        return self.found(said)

    def _exact(self, column: str, places: int) -> str:
        """As `domain.exact.written`: the whole part, the decimals, no zeros at the end."""
        whole, part = f"abs({column}) / {10**places}", f"abs({column}) % {10**places}"
        padded = f"substr('{'0' * places}' || ({part}), -{places})"
        if self.postgres:
            padded = f"lpad(({part})::text, {places}, '0')"
        number = f"({whole}) || '.' || {padded}"
        return f"CASE WHEN {column} < 0 THEN '-' ELSE '' END || rtrim(rtrim({number}, '0'), '.')"

    def _raw(self, model: Any, name: str, table: str) -> str:
        field = model._meta.fields_map[name]
        if isinstance(field, fields.DatetimeField):
            return self._instant(f'{table}."{name}"')
        if isinstance(field, fields.JSONField):
            return f'CAST({table}."{name}" AS TEXT)'
        return f'{table}."{name}"'

    def _said(self, value: str) -> str:
        if isinstance(value, Json):
            return value
        return f"COALESCE(CAST(to_json({value}) AS TEXT), 'null')" if self.postgres else f"json_quote({value})"

    def _between(self, items: Iterable[str]) -> Iterator[str]:
        """Items as JSON with commas between them."""
        for place, item in enumerate(items):
            yield from ["','"] if place else []
            yield self._said(item)


def _object(pairs: Mapping[str, str]) -> Json:
    """SQLite's own function for the values between what is JSON already. Of what it makes the braces are taken off:
    text ends with a quote and a number with a digit, so that the brace at the end is the object's."""
    flat = [(key, value) for key, value in pairs.items() if not isinstance(value, Json)]
    if len(flat) == len(pairs):
        return Json(_flat(flat))
    sql = ""
    for nested, some in groupby(pairs.items(), lambda pair: isinstance(pair[1], Json)):
        if nested:
            for key, value in some:
                sql += f"""'{"," if sql else "{"}"{key}":' || {value} || """
        else:
            sql += f"""'{"," if sql else "{"}' || trim({_flat(some)}, '{{}}') || """
    return Json(f"{sql}'}}'")


def _flat(pairs: Iterable[tuple[str, str]]) -> str:
    values = ", ".join(f"'{key}', {value}" for key, value in pairs)
    return f"json_object({values})"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_READERS: dict[type[Any], Callable[[Any], Any]] = {
    fields.UUIDField: lru_cache(10_000)(UUID),
    fields.DatetimeField: datetime.fromisoformat,
    fields.DateField: date.fromisoformat,
    fields.BooleanField: bool,
    fields.JSONField: orjson.loads,
}


@cache
def _members(words: Any) -> dict[str, Any]:
    return {member.value: member for member in words}


def _reader(field: Any) -> Callable[[Any], Any] | None:
    if isinstance(field, CharEnumFieldInstance):
        return _members(field.enum_type).__getitem__
    if isinstance(field, Exact):
        return field.to_python_value
    return _READERS.get(type(field))
