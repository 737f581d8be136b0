"""The schema: tortoise's migrations, made to keep all that a model declares and to lose nothing on SQLite; then the
past of every table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cache
from pkgutil import iter_modules
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.migrations.executor import MigrationExecutor
from tortoise.migrations.schema_editor import AsyncpgSchemaEditor, BaseSchemaEditor, SqliteSchemaEditor
from tortoise.migrations.schema_editor.data import ModelSqlData
from tortoise.migrations.schema_generator.state import State
from tortoise.models import Model

import migrations
from domain import past


class IndexWhere(Index):
    """An index of some of the rows only: those for which `where` holds, in SQL that both engines read."""

    def __init__(self, *, fields: Sequence[str], where: str, name: str | None = None) -> None:
        super().__init__(fields=tuple(fields), name=name)
        self.where, self.extra = where, f" WHERE {where}"

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        path, given, named = super().deconstruct()
        return path, given, {**named, "where": self.where}


class Editor(BaseSchemaEditor):
    """tortoise's editors forget `Meta.constraints` of a new table, and the index of a new column."""

    _checks: list[str]

    def _get_model_sql_data(self, model: type[Model]) -> ModelSqlData:
        constraints = model._meta.constraints
        self._checks = [
            self.CHECK_CONSTRAINT_CREATE_TEMPLATE.format(name=each.name, check=each.check)
            for each in constraints
            if isinstance(each, CheckConstraint)
        ]
        indexes = [
            self._unique_index(model, each) for each in constraints if isinstance(each, UniqueConstraint)
        ]
        data = super()._get_model_sql_data(model)
        return replace(data, table_sql="\n".join([data.table_sql, *indexes]))

    def _get_inner_statements(self) -> list[str]:
        return self._checks

    async def create_model(self, model: type[Model]) -> None:
        # tortoise would leave the columns out and say nothing.
        for name in model._meta.fk_fields | model._meta.o2o_fields:
            if getattr(model._meta.fields_map[name], "related_model", None) is None:
                raise ValueError(
                    f"{model.__name__}.{name} refers to a table that is not there yet: create that first;"
                    " where two tables refer to each other, add one of the fields afterwards by AddField"
                )
        await super().create_model(model)

    async def add_field(self, model: type[Model], field_name: str) -> None:
        await super().add_field(model, field_name)
        # tortoise makes the column without its index.
        field = model._meta.fields_map[field_name]
        if field.index and not field.unique:
            await self._run_sql(self._get_index_sql(model, [field.source_field or field_name]))

    async def add_constraint(
        self, model: type[Model], constraint: UniqueConstraint | CheckConstraint
    ) -> None:
        if isinstance(constraint, UniqueConstraint):
            await self._run_sql(self._unique_index(model, constraint))
        else:
            await super().add_constraint(model, constraint)

    def _unique_index(self, model: type[Model], constraint: UniqueConstraint) -> str:
        columns = self._resolve_fields_to_columns(model, constraint.fields)
        named = replace(constraint, fields=tuple(columns))
        return self.UNIQUE_INDEX_CREATE_TEMPLATE.format(
            index_name=self._constraint_name_for_model(model, named),
            table_name=self._qualify_table_name(model._meta.db_table, model._meta.schema),
            fields=", ".join(self.quote(column) for column in columns),
            index_type="",
            extra=f" WHERE {constraint.condition}" if constraint.condition else "",
        )


class SqliteEditor(Editor, SqliteSchemaEditor):
    async def _remake_table(self, *arguments: Any, **options: Any) -> None:
        raise NotImplementedError(
            "On SQLite this would drop the table, and with it its indexes, its triggers and the rows that"
            " refer to it. Add a column or a table instead."
        )


class PostgresEditor(Editor, AsyncpgSchemaEditor):
    pass


class Migrations(MigrationExecutor):
    def _schema_editor(self, atomic: bool = True, collect_sql: bool = False) -> BaseSchemaEditor:
        # Already in a transaction; an atomic editor would cut SQLite scripts at every semicolon.
        kind = SqliteEditor if self.connection.capabilities.dialect == "sqlite" else PostgresEditor
        return kind(self.connection, atomic=False, collect_sql=collect_sql)


async def migrate(connection: BaseDBAsyncClient, apps: dict[str, dict[str, Any]]) -> bool:
    """Run what has not run yet; the connection is in a transaction nobody else can be in. Whether there are rows
    whose past is still to be made of their history."""
    pending = Migrations(connection, apps)
    # tortoise reads its table before it makes it, which would break the transaction on PostgreSQL.
    await pending.recorder.ensure_schema(pending._schema_editor())
    with _growing():
        await pending.migrate(direction="forward")
    return await past.keep(connection)


@cache
def known() -> frozenset[str]:
    """Every migration this version of the service brings along."""
    return frozenset(name for _, name, _ in iter_modules(migrations.__path__))


async def is_current(connection: BaseDBAsyncClient) -> bool:
    """Whether the database has seen every migration there is here; it may have seen others too."""
    ran = await connection.execute_query_dict("SELECT name FROM tortoise_migrations")
    return known() <= {row["name"] for row in ran}


@contextmanager
def _growing() -> Iterator[None]:
    """tortoise copies every model before every operation and makes all models anew that one is related to, however far
    away, which makes most of the time a new database takes. Both are for operations that take away or alter, and there
    are none: migrations only add, and what is added needs its own model and those it refers to."""
    light = {
        "clone": lambda self: self,
        "reload_model": lambda self, app, name: _reload(self, {(app, name)}),
        "reload_models": _reload,
        "validate_relations_initialized": lambda self: None,  # of all models at once; these come a few at a time
    }
    with ExitStack() as stack:
        for name, does in light.items():
            stack.callback(setattr, State, name, getattr(State, name))
            setattr(State, name, does)
        yield


def _reload(state: State, wanted: Iterable[tuple[str, str]]) -> None:
    named = {each for each in wanted if each in state.models}
    fields = [field for each in named for field in state.models[each].fields.values()]
    others = {state.apps.split_reference(field.model_name) for field in fields if hasattr(field, "model_name")}
    state.apps.apps.clear()
    state._reload(named | others & state.models.keys())
