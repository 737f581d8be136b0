"""The past: every state a row was in before its present one, kept by the database itself whenever the row changes.

Beside every table of records stands another, `<table>_past`, with the same columns, the instant the state was
replaced, and the `fork`. A trigger writes it, so whoever changes a row by whatever way keeps its past; nothing reads
it but the views by which the service is asked as of an instant (domain/as_of.py). All of it follows from the history
and can be made anew (domain/rebuilding.py). A new kind of record gets its past when the schema is brought up.

The fork is what finds the few states that held at an instant among all there ever were, on either engine by a plain
index: the node of a binary tree over the seconds at which a state's interval lies (the RI-tree of Kriegel, Pötke and
Seidl, VLDB 2000). An instant is met only by intervals on its way from the root, so by one of some thirty nodes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import cast
from uuid import UUID

from tortoise.apps import Apps
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection
from tortoise.context import require_context
from tortoise.indexes import Index

from domain.records import Record

LEVELS = 33  # of the tree: seconds since 1970 up to the year 2242
OWN = ("replaced_at", "fork")


def tables() -> list[type[Record]]:
    """Every kind of record."""
    models = cast(Apps, require_context().apps).get_models_iterable()
    return sorted((each for each in models if issubclass(each, Record)), key=lambda model: model._meta.db_table)


def forks(at: datetime) -> list[int]:
    """Every fork at which a state that held at an instant may lie; 0 for those that last."""
    second = int(at.timestamp())
    return [0, second, *(((second >> level) | 1) << level for level in range(LEVELS))]


def fork(first: str, last: str) -> str:
    """In SQL, where the interval from one second to another lies: the number between them, after the first, that ends
    in the most zeros in binary."""
    smeared = f"SELECT {last} AS l, ({first} | {last}) - ({first} & {last}) AS y"
    for bits in (1, 2, 4, 8, 16, 32):
        smeared = f"SELECT l, y | (y >> {bits}) AS y FROM ({smeared}) s{bits}"
    return f"(SELECT l & ~(y >> 1) FROM ({smeared}) s)"


def fork_of(since: datetime, until: datetime) -> int:
    """The same as `fork`, of two instants."""
    first, last = int(since.timestamp()), int(until.timestamp())
    return last >> (level := (first ^ last).bit_length() - 1) << level if first != last else last


def period(model: type[Record]) -> list[str]:
    """The columns by which readings begin, each of which with the fork finds what held at an instant."""
    meta = model._meta
    together = [*meta.unique_together, *(each.fields if isinstance(each, Index) else each for each in meta.indexes)]
    declared = [columns[0] for columns in together]
    names = {*declared, *(name for name, each in meta.fields_map.items() if each.index and name in meta.db_fields)}
    return sorted({f"{name}_id" if name in meta.fk_fields else name for name in names} - {"id"})


def shown(table: str, columns: Iterable[str], schema: str, at: str, last_id: str, known: str) -> str:
    """The rows of a table as of an instant: those that are still as they were then, and what was kept of the others."""
    names = ", ".join(columns)
    return (
        f'SELECT {names} FROM {schema}."{table}" WHERE changed_at <= {at} AND id <= {last_id} UNION ALL '
        f'SELECT {names} FROM {schema}."{table}_past" WHERE changed_at <= {at} AND replaced_at > {at} AND {known}'
    )


def told(schema: str, at: str, last_id: str) -> str:
    """The history as of an instant."""
    return f"SELECT * FROM {schema}.entry WHERE at <= {at} AND id <= {last_id}"


async def blank(model: type[Record], record_id: UUID, columns: Iterable[str], word: str) -> None:
    """Put a word in the place of what stood in columns of a row, in every state it was in before its present one."""
    client = get_connection("default")
    first, second = ("?", "?") if client.capabilities.dialect == "sqlite" else ("$1", "$2")
    key = str(record_id) if client.capabilities.dialect == "sqlite" else record_id
    for name in columns:
        await client.execute_query(
            f'UPDATE "{model.kind()}_past" SET "{name}" = {first} WHERE "id" = {second} AND "{name}" <> \'\'',
            [word, key],
        )


async def keep(connection: BaseDBAsyncClient) -> bool:
    """Keep the past of every table there is, in the transaction that brings the schema up. Whether any held rows
    already, whose past is still to be made of their history."""
    keeper = OnSqlite if connection.capabilities.dialect == "sqlite" else OnPostgres
    return await keeper(connection).keep()


class Keeper:
    """Brings the past of every table up to what the tables are; what is so already is left alone."""

    def __init__(self, connection: BaseDBAsyncClient) -> None:
        self.connection = connection

    async def keep(self) -> bool:
        """What is found here without a past was there before there was one: its keys may be of any instant. Nothing is
        touched that was made so before, since that would wait for whoever is at work and keep them waiting."""
        await self._run([
            'CREATE TABLE IF NOT EXISTS "past_before" ("id" CHAR(36) NOT NULL)',
            'CREATE TABLE IF NOT EXISTS "past_made" ("digest" CHAR(64) NOT NULL)',
        ])
        digest = self._digest()
        if await self.connection.execute_query_dict(f"SELECT digest FROM past_made WHERE digest = '{digest}'"):
            return False
        begun = await self._keep()
        await self._run(["DELETE FROM past_made", f"INSERT INTO past_made VALUES ('{digest}')"])
        return begun

    def _digest(self) -> str:
        """Of all that is to be made for the records there are."""
        made = sha256("\n".join(self.before).encode())
        for model in tables():
            names = sorted(model._meta.db_fields)
            for make in (self._found, self._watched, self._shown):
                made.update("\n".join(make(model.kind(), names)).encode())
        return made.hexdigest()

    async def _keep(self) -> bool:
        await self._run(self.before)
        begun = False
        for model in tables():
            columns = await self.columns(model.kind())
            past = {name for name, _ in await self.columns(f"{model.kind()}_past")}
            names = [f'"{name}"' for name, _ in columns]
            if not past.issuperset(name for name, _ in columns):
                await self._run(self._grown(model.kind(), columns, past) if past else self._made(model, columns))
                await self._run(self._watched(model.kind(), names))
            await self._run(self._found(model.kind(), [name for name, _ in columns]))
            await self._run(self._shown(model.kind(), names))
            begun = begun or (not past and bool(
                await self.connection.execute_query_dict(f'SELECT id FROM "{model.kind()}" LIMIT 1')
            ))
        return begun

    async def columns(self, table: str) -> list[tuple[str, str]]:
        """The columns of a table as the database has them, each with how it was declared."""
        raise NotImplementedError

    def _made(self, model: type[Record], columns: Sequence[tuple[str, str]]) -> Iterable[str]:
        table = f"{model.kind()}_past"
        own = f'"replaced_at" {self.instant} NOT NULL, "fork" BIGINT NOT NULL'
        yield f'CREATE TABLE "{table}" ({", ".join(declared for _, declared in columns)}, {own})'
        yield f'CREATE UNIQUE INDEX "{table}_once" ON "{table}" ("id", "changed_at")'
        for column in (each for each in period(model) if each != "zone_id"):
            # With the instants, so that only what held then is read: a fork also has what began or ended otherwise.
            yield f'CREATE INDEX "{table}_{column}" ON "{table}" ("{column}", "fork", "changed_at", "replaced_at")'
        for known in (model.kind(), "entry"):
            yield f'INSERT INTO "past_before" SELECT CAST("id" AS TEXT) FROM "{known}" ORDER BY "id" DESC LIMIT 1'

    def _found(self, table: str, columns: Sequence[str]) -> Iterable[str]:
        """The index by which boards and registers of a zone find, sort and count what held then without reading it."""
        if "zone_id" in columns:
            state = ', "state"' if "state" in columns else ""
            found = f'"zone_id", "fork", "changed_at", "replaced_at", "id"{state}'
            yield f'CREATE INDEX IF NOT EXISTS "{table}_past_board" ON "{table}_past" ({found})'
            yield f'DROP INDEX IF EXISTS "{table}_past_zone_id"'
            if self.with_board(table):
                yield f'CREATE INDEX IF NOT EXISTS "{table}_board" ON "{table}" ("zone_id", "id", "changed_at"{state})'

    def with_board(self, table: str) -> bool:
        """Whether what is still as it was then is found in an index too."""
        raise NotImplementedError

    def _grown(self, table: str, columns: Sequence[tuple[str, str]], past: set[str]) -> Iterable[str]:
        for name, declared in columns:
            if name not in past:
                yield f'ALTER TABLE "{table}_past" ADD COLUMN {declared}'

    instant = ""
    before: tuple[str, ...] = ()
    """What all of it stands on."""

    def _watched(self, table: str, columns: Sequence[str]) -> Iterable[str]:
        """The trigger. A state replaced in the very instant it began never held, and is not kept."""
        raise NotImplementedError

    def _shown(self, table: str, columns: Sequence[str]) -> Iterable[str]:
        return ()

    async def _run(self, statements: Iterable[str]) -> None:
        for statement in statements:
            await self.connection.execute_query(statement)


class OnSqlite(Keeper):
    instant = "TIMESTAMP"

    def with_board(self, table: str) -> bool:
        return True

    async def columns(self, table: str) -> list[tuple[str, str]]:
        rows = await self.connection.execute_query_dict(f"SELECT * FROM pragma_table_info('{table}')")
        return [
            (row["name"], " ".join((
                f'"{row["name"]}" {row["type"]}',
                *(["NOT NULL"] if row["notnull"] else []),
                *([f"DEFAULT {row['dflt_value']}"] if row["dflt_value"] is not None else []),
            )))
            for row in rows
        ]

    def _watched(self, table: str, columns: Sequence[str]) -> Iterable[str]:
        names, old = ", ".join(columns), ", ".join(f"OLD.{each}" for each in columns)
        first, last = (f"CAST(strftime('%s', {row}.changed_at) AS INTEGER)" for row in ("OLD", "NEW"))
        yield f'DROP TRIGGER IF EXISTS "{table}_keep_past"'
        yield (
            f'CREATE TRIGGER "{table}_keep_past" AFTER UPDATE ON "{table}" WHEN OLD.changed_at < NEW.changed_at BEGIN '
            f'INSERT INTO "{table}_past" ({names}, "replaced_at", "fork") '
            f"VALUES ({old}, NEW.changed_at, {fork(first, last)}); END"
        )


SECONDS = "floor(extract(epoch FROM {}))::bigint"
ASKED = "CREATE OR REPLACE FUNCTION past.{}() RETURNS {} LANGUAGE sql STABLE AS $$ SELECT {} $$"
SCHEMA = (
    "CREATE SCHEMA IF NOT EXISTS past",
    "CREATE OR REPLACE FUNCTION past.fork(since timestamptz, until timestamptz) RETURNS bigint LANGUAGE sql IMMUTABLE "
    f"AS $$ SELECT {fork('a', 'b')} FROM (SELECT {SECONDS.format('since')} AS a, {SECONDS.format('until')} AS b) i $$",
    ASKED.format("at", "timestamptz", "current_setting('qiban.as_of')::timestamptz"),
    ASKED.format("last_id", "uuid", "current_setting('qiban.last_id')::uuid"),
    ASKED.format("forks", "bigint[]", "current_setting('qiban.forks')::bigint[]"),
    f"CREATE OR REPLACE VIEW past.entry AS {told('public', '(SELECT past.at())', '(SELECT past.last_id())')}",
)


class OnPostgres(Keeper):
    instant = "TIMESTAMPTZ"
    before = SCHEMA

    def with_board(self, table: str) -> bool:
        """An index with the instant makes each change of a row one of all its indexes, as a change of an indexed state
        does anyway."""
        model = next(each for each in tables() if each.kind() == table)
        return any("state" in each for each in model._meta.indexes if not isinstance(each, Index))

    async def columns(self, table: str) -> list[tuple[str, str]]:
        rows = await self.connection.execute_query_dict(
            "SELECT attname, format_type(atttypid, atttypmod) AS type, attnotnull, pg_get_expr(adbin, adrelid) AS said"
            " FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum"
            " WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            [f'"{table}"'],
        )
        return [
            (row["attname"], " ".join((
                f'"{row["attname"]}" {row["type"]}',
                *(["NOT NULL"] if row["attnotnull"] else []),
                *([f"DEFAULT {row['said']}"] if row["said"] is not None else []),
            )))
            for row in rows
        ]

    def _watched(self, table: str, columns: Sequence[str]) -> Iterable[str]:
        names, old = ", ".join(columns), ", ".join(f"OLD.{each}" for each in columns)
        yield (
            f'CREATE OR REPLACE FUNCTION past."keep_{table}"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN '
            f'INSERT INTO public."{table}_past" ({names}, "replaced_at", "fork") '
            f"VALUES ({old}, NEW.changed_at, past.fork(OLD.changed_at, NEW.changed_at)); RETURN NULL; END $$"
        )
        yield (
            f'CREATE OR REPLACE TRIGGER "{table}_keep_past" AFTER UPDATE ON "{table}" FOR EACH ROW '
            f'WHEN (OLD.changed_at < NEW.changed_at) EXECUTE FUNCTION past."keep_{table}"()'
        )

    def _shown(self, table: str, columns: Sequence[str]) -> Iterable[str]:
        """As `shown`, but that all conditions stand outside of the union, whose parts are then read like tables: each
        by its own index and in order where one is asked for. What still is has no end, and the fork 0, which belongs
        to every instant. What the instant is is a subselect, read once for a statement and not once for a row."""
        names = ", ".join(columns)
        yield (
            f'CREATE OR REPLACE VIEW past."{table}" AS SELECT {names} FROM ('
            f"SELECT {names}, 'infinity'::timestamptz AS replaced_at, 0::bigint AS fork FROM public.\"{table}\" "
            f'UNION ALL SELECT {names}, replaced_at, fork FROM public."{table}_past") AS every '
            "WHERE changed_at <= (SELECT past.at()) AND replaced_at > (SELECT past.at())"
            " AND id <= (SELECT past.last_id()) AND fork = ANY ((SELECT past.forks())::bigint[])"
        )
