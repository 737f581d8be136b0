"""One SQL statement for one root field: every relation a subselect, every level with its own condition of sight."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Any

from graphql import GraphQLInterfaceType, GraphQLObjectType
from tortoise.expressions import RawSQL
from tortoise.queryset import QuerySet

from api.columns import Dialect, Values, looked_at
from api.connections import Connected, Part
from api.context import Context
from api.counts import Counted, Counting, Numbers
from api.holes import computing, telling
from api.nodes import NODES, Computed, GlobalId, Many, One, Paged, Told
from api.pages import Amount, Listing, Lookup, Order, behind, counting, page_size, require_a_past
from api.places import Place
from api.roots import Hole, Root
from api.selections import Details, Selection, Unplannable, declared, kind_under, name_of
from domain.database import engine
from domain.sights import condition, in_sight
from domain.viewers import Viewer
from workflows import rulebooks
from workflows.admissions import stamp

BRACKET = re.compile(r"[()]")
MOST_FIELDS = 50
"""Of one object, within others that have as many: PostgreSQL takes no more than some thousands of parts in one text."""


@dataclass
class Statement:
    """Writes one statement. Its parameters are numbered, so that its parts may be written in any order."""

    selection: Selection
    context: Context
    dialect: Dialect = field(default_factory=lambda: Dialect(engine()))
    holes: list[Hole] = field(default_factory=list)
    aliases: int = 0
    learning: bool = False

    def __post_init__(self) -> None:
        self.parameters = Values(self.dialect.placeholder)

    def lookup(self, key: str, wanted: Lookup, kind: Any, details: Details) -> Root:
        # By another name: what a part of its sight says of a row would be taken for the rows of its own table in there.
        row = replace(_top(wanted.model, kind, self.selection), table=self._alias())
        node = self._object(row, details)
        holds = condition(row.model, row.table, wanted.holds, self.parameters)
        sql = f"SELECT {node} AS node, CAST({row.column('id')} AS TEXT) AS key, CAST(NULL AS TEXT) AS place "
        sql = f"{sql}FROM {_named(row)} WHERE {holds}{self._sight(row, wanted.viewer)} LIMIT 1"
        return self._root(key, self._shallow(sql), lambda rows, _: rows[0][0] if rows else None)

    def listing(self, key: str, wanted: Listing, kind: Any, details: Details) -> Root:
        node = self._object(_top(wanted.rows.model, kind, self.selection), details)
        sql = self._written(wanted.query(), node, wanted.order)
        return self._root(key, sql, lambda rows, _: [node for node, _, _ in rows[: wanted.size]])

    def connection(self, key: str, wanted: Listing, kind: Any, details: Details) -> Root:
        node, connected = self._connection(_top(wanted.rows.model, kind, self.selection), details, wanted.order)
        sql = self._written(wanted.query(), node, wanted.order)
        counted = counting(wanted.rows) if connected.counts else None
        return self._root(key, sql, lambda rows, count: connected.made(rows, wanted.size, count), counted)

    def amount(self, key: str, wanted: Amount) -> Root:
        counted, _ = counting(wanted.rows, given=self.parameters)
        sql = f"SELECT CAST(({counted}) AS TEXT) AS node, '' AS key, NULL AS place"
        return self._root(key, sql, lambda rows, _: rows[0][0])

    def numbers(self, key: str, wanted: Numbers, kind: Any, details: Details) -> Root:
        selected = self.selection.under(kind, details)
        pairs = {name: self._counted(kind, wanted, name, each) for name, each in selected.items()}
        sql = f"SELECT {self.dialect.object(pairs)} AS node, '' AS key, NULL AS place"
        return self._root(key, self._shallow(sql), lambda rows, _: rows[0][0])

    def _counted(self, kind: Any, wanted: Numbers, key: str, details: Details) -> str:
        if name_of(details) == "__typename":
            return self.dialect.word(kind.name)
        counted = declared(kind, name_of(details)).metadata.get("read")
        if not isinstance(counted, Counted):
            raise Unplannable
        shape = self.selection.shape(kind.fields[name_of(details)].type, details)
        self.holes.append(Hole((key,), lambda found, _: shape(counted.made(found))))
        return self.dialect.list(self.dialect.nested(self._rows(each)) for each in counted.countings(wanted))

    def _rows(self, counting_of: Counting) -> str:
        rows, (sql, _) = self._alias(), counting(counting_of.rows, counting_of.by, self.parameters)
        item = self.dialect.object({name: f'{rows}."{name}"' for name in counting_of.columns})
        return f"(SELECT {self.dialect.array(item)} FROM ({sql}) {rows})"

    def _root(
        self, key: str, sql: str, finish: Callable[[list[Any], int | None], Any],
        count: tuple[str, Sequence[Any]] | None = None,
    ) -> Root:
        values = self.parameters.values
        mine = stamp(self.dialect.placeholder(len(values) + 1))
        told = any(hole.rules for hole in self.holes)
        rules = rulebooks.stamp(self.context.viewer.zones) if told else "NULL"
        stamped = (
            f"SELECT {self.dialect.bytes(mine)} AS node, NULL AS key, {rules} AS place "
            f"UNION ALL SELECT {self.dialect.bytes('node')}, key, place FROM ({sql}) page"
        )
        return Root(key, sql, stamped, values, self.holes, finish, count)

    def _written(self, rows: QuerySet[Any], node: str, order: Order | None = None, place: str = "NULL") -> str:
        """The rows' own statement, selecting of each its JSON, its key and its place, in the order if there is one."""
        rows._choose_db_if_not_chosen()
        rows._make_query()
        row = Place(rows.model, _table(rows), None, ())
        place = row.column(order.column) if order else place
        selected = f"{node} AS node, CAST({row.column('id')} AS TEXT) AS key, CAST({place} AS TEXT) AS place"
        if order is None or self.context.as_of is None:
            sql = self._selecting(rows, selected)
        else:
            # Its keys first, by index alone: else all that has changed since would be read, if not made nodes of.
            page = self._selecting(rows, row.columns(order.column))
            sorted_by = row.columns(order.column, " DESC" if order.descending else "")
            among = self.dialect.among(row.column("id"), 'SELECT "id" FROM page')
            of_page = f"{selected}, {row.columns(order.column)} FROM {row.table} WHERE {among} ORDER BY {sorted_by}"
            sql = f"WITH page AS MATERIALIZED ({page}) SELECT {of_page}"
        return self._shallow(sql)

    def _shallow(self, sql: str) -> str:
        if _nesting(sql) > self.dialect.deepest:
            raise Unplannable
        return sql

    def _selecting(self, rows: QuerySet[Any], selected: str) -> str:
        """Its limit is written out: a database that knows it before the values plans a statement once for them all."""
        query: Any = rows.query
        query._selects, limit, query._limit = [RawSQL(selected)], query._limit, None
        sql = query.get_sql(query.QUERY_CLS.SQL_CONTEXT.copy(parameterizer=self.parameters))
        return f"{sql} LIMIT {limit.value}" if limit else str(sql)

    def _object(self, at: Place, details: Details) -> str:
        if not isinstance(at.kind, GraphQLObjectType):
            raise Unplannable
        selected = self.selection.under(at.kind, details)
        pairs = {
            key: self._field(replace(at, path=(*at.path, key)), each)
            for key, each in selected.items()
        }
        if len(pairs) > MOST_FIELDS:
            raise Unplannable
        return self.dialect.object(pairs)

    def _field(self, at: Place, details: Details) -> str:
        name = name_of(details)
        if name == "__typename":
            return self.dialect.word(at.kind.name)
        known = declared(at.kind, name)
        match known.metadata.get("read"):
            case GlobalId():
                return self.dialect.global_id(at.model.__name__, at.column("id"))
            case One() as one:
                return self._one(at, one.target(at.model, known.python_name), details)
            case Many() as many:
                return self._many(at, many.target(at.model, known.python_name), many.order, details)
            case Paged() as paged:
                return self._paged(at, paged, known.python_name, details)
            case Computed() as computed if (told := self.dialect.table_of(computed, at.model, at.table)) is not None:
                return told
            case Computed() | Told() as function:
                return self._hole(at, function, details)
            case None if known.base_resolver is None and known.python_name in at.model._meta.fields_db_projection:
                return self.dialect.column(at.model, known.python_name, at.table)
        raise Unplannable

    def _one(self, at: Place, target: tuple[Any, Sequence[tuple[str, str]]], details: Details) -> str:
        model, matched = target
        row = self._below(at, model, details)
        joined = " AND ".join(f"{row.column(theirs)} = {at.column(ours)}" for theirs, ours in matched)
        return self.dialect.found(
            f"(SELECT {self._object(row, details)} FROM {_named(row)} WHERE {joined}{self._sight(row)})"
        )

    def _many(self, at: Place, target: tuple[Any, str], order: str, details: Details) -> str:
        first = page_size(self.selection.arguments(at.kind, details)["first"])
        model, column = target
        row = self._below(at, model, details, "*")
        rows = self._alias()
        return self.dialect.nested(
            f"(SELECT {self.dialect.array(self.dialect.nested(f'{rows}.node'))} FROM ("
            f"SELECT {self._object(row, details)} AS node, {row.columns(order)} FROM {_named(row)} "
            f"WHERE {row.column(column)} = {at.column('id')}{self._sight(row)} "
            f"ORDER BY {row.columns(order)} LIMIT {first}) {rows})"
        )

    def _paged(self, at: Place, paged: Paged, name: str, details: Details) -> str:
        given = self.selection.arguments(at.kind, details)
        size, after, order = page_size(given["first"]), given.get("after"), paged.order
        model, column = paged.target(at.model, name)
        row = self._below(at, model, details, "rows", "*", "node")
        rows = self._alias()
        node, connected = self._connection(row, details, order)
        where = f"{row.column(column)} = {at.column('id')}{self._sight(row)}"
        beyond = f" AND ({condition(row.model, row.table, behind(after, order), self.parameters)})" if after else ""
        sorted_by = row.columns(order.column, " DESC" if order.descending else "")
        item = {"node": self.dialect.nested(f"{rows}.node"), "key": f"{rows}.key", "place": f"{rows}.place"}
        listed = (
            f"(SELECT {self.dialect.array(self.dialect.object(item))} FROM (SELECT {node} AS node, "
            f"CAST({row.column('id')} AS TEXT) AS key, CAST({row.column(order.column)} AS TEXT) AS place, "
            f"{row.columns(order.column)} "
            f"FROM {_named(row)} WHERE {where}{beyond} ORDER BY {sorted_by} LIMIT {size + 1}) {rows})"
        )
        pairs = {"rows": self.dialect.nested(listed)}
        if connected.counts:
            pairs["count"] = f"(SELECT count(*) FROM {_named(row)} WHERE {where})"
        self.holes.append(Hole(at.path, lambda found, _: connected.of(found, size)))
        return self.dialect.object(pairs)

    def _connection(self, at: Place, details: Details, order: Order) -> tuple[str, Connected]:
        """The node that a connection's selection wants of each row, and how the connection is made of the rows."""
        nodes: list[str] = []
        parts: list[Part] = []
        for key, each in self.selection.under(at.kind, details).items():
            name = name_of(each)
            inner = at.kind if name == "__typename" else kind_under(at.kind, each)
            under = self.selection.under(inner, each) if name in ("edges", "pageInfo") else {}
            chosen = [each] if name == "nodes" else [each for each in under.values() if name_of(each) == "node"]
            holder = at.kind if name == "nodes" else inner
            nodes += [self._object(replace(at, kind=kind_under(holder, n)), n) for n in chosen]
            parts.append(Part(key, name, inner.name, {k: name_of(d) for k, d in under.items()}))
        if len(nodes) > 1:
            raise Unplannable
        return (nodes[0] if nodes else self.dialect.object({})), Connected(parts, order)

    def _hole(self, at: Place, function: Computed | Told, details: Details) -> str:
        """The columns a function needs, in place of its answer, and the hole where that will be put."""
        row, read = self._read(at, function, function.needs)
        pairs, read_above = {"row": row}, None
        if isinstance(function, Told) and function.subject and at.model.subject:
            above = Place(at.model._meta.fields_map[at.model.subject].related_model, self._alias(), None, ())
            every, read_above = self._read(above, function, ("*",))
            matched = f"{above.column('id')} = {at.column(f'{at.model.subject}_id')}"
            pairs["subject"] = self.dialect.found(
                f"(SELECT {every} FROM {_named(above)} WHERE {matched}{self._sight(above)})"
            )
        shape = self.selection.shape(at.kind.fields[name_of(details)].type, details)
        if isinstance(function, Told):
            fill = telling(at.model, function, read, read_above, shape)
            self.holes.append(Hole(at.path, fill, function.rules))
        else:
            self.holes.append(Hole(at.path, computing(function, read, shape)))
        return self.dialect.object(pairs)

    def _read(
        self, at: Place, function: Computed | Told, needs: tuple[str, ...]
    ) -> tuple[str, Callable[[Any], Any]]:
        """The columns a function is given of a row, and what makes a row of them."""
        seen = looked_at(function.function, at.model)
        if needs == ("*",):
            self.learning |= not seen.columns
            needs = seen.of(at.model)
        return self.dialect.raw(at.model, needs, at.table), self.dialect.reader(at.model, needs, seen)

    def _below(self, at: Place, model: Any, details: Details, *steps: str) -> Place:
        return Place(model, self._alias(), kind_under(at.kind, details), (*at.path, *steps))

    def _alias(self) -> str:
        self.aliases += 1
        return f"t{self.aliases}"

    def _sight(self, row: Place, viewer: Viewer | None = None) -> str:
        require_a_past(row.model, self.context.as_of)
        return in_sight(row.model, viewer or self.context.viewer, row.table, self._placed)

    def _placed(self, value: Any) -> str:
        self.parameters.values.append(value)
        return self.dialect.placeholder(len(self.parameters.values))


def _table(rows: QuerySet[Any]) -> str:
    return f'"{rows.model._meta.db_table}"'


def _top(model: Any, kind: Any, selection: Selection) -> Place:
    if isinstance(kind, GraphQLInterfaceType):
        kind = selection.schema.type_map[NODES[model].__name__]
    return Place(model, f'"{model._meta.db_table}"', kind, ())


def _named(row: Place) -> str:
    return f'"{row.model._meta.db_table}" {row.table}'


def _nesting(sql: str) -> int:
    """How deep brackets stand in brackets; those in texts are counted too, which errs on the safe side."""
    return max(accumulate(1 if bracket == "(" else -1 for bracket in BRACKET.findall(sql)), default=0)
