"""What a model declares is so in the database, from the first migration on."""

from __future__ import annotations

import re
from typing import cast

import pytest
from tortoise import fields
from tortoise.apps import Apps
from tortoise.connection import get_connection
from tortoise.context import require_context
from tortoise.exceptions import IntegrityError
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.migrations.schema_editor import BaseSchemaEditor
from tortoise.models import Model

from domain import schema
from domain.database import engine, opened, reads, transaction

NAMED = re.compile(r'(?:INDEX|CONSTRAINT) "(\w+)"')


async def test_the_migrations_build_all_that_the_models_declare(database: str) -> None:
    for model in cast(Apps, require_context().apps).get_models_iterable():
        table, declared = model._meta.db_table, an_editor()._get_model_sql_data(model).table_sql

        assert await columns(table) == set(model._meta.fields_db_projection.values()), table
        assert set(NAMED.findall(declared)) <= await named(table), table


class Drawer(Model):
    """A drawer; with what's said about it holding all that once cut a script in two."""

    id = fields.IntField(primary_key=True)
    label = fields.CharField(max_length=10, description="红; 黄; 绿")
    papers = fields.IntField(default=0)
    open = fields.BooleanField(default=False)

    class Meta:
        table = "drawer"
        constraints = (
            CheckConstraint(name="no_negative_papers", check="papers >= 0"),
            UniqueConstraint(name="one_open_drawer", fields=("label",), condition="open"),
        )


@pytest.mark.parametrize(
    ("refused", "values"),
    [
        (False, "(2, 'red', 0, false)"),
        (False, "(2, 'green', 0, true)"),
        (True, "(2, 'red', 0, true)"),
        (True, "(2, 'green', -1, true)"),
    ],
)
async def test_a_table_has_the_constraints_of_its_model(database: str, refused: bool, values: str) -> None:
    async with transaction():
        await an_editor().create_model(Drawer)
    await insert("(1, 'red', 0, true)")

    if refused:
        with pytest.raises(IntegrityError):
            await insert(values)
    else:
        await insert(values)


async def test_a_column_is_not_forgotten_because_its_table_comes_later(database: str) -> None:
    early = type("Early", (Model,), {"later": fields.ForeignKeyField("qiban.Later")})

    async with transaction():
        with pytest.raises(ValueError, match=r"Early\.later refers to a table that is not there yet"):
            await an_editor().create_model(early)


async def test_on_sqlite_no_migration_rebuilds_a_table(sqlite_url: str) -> None:
    async with opened(sqlite_url), transaction():
        editor = an_editor()
        await editor.create_model(Drawer)

        with pytest.raises(NotImplementedError, match="its triggers and the rows that refer to it"):
            await editor.remove_field(Drawer, Drawer._meta.fields_map["papers"])


def an_editor() -> BaseSchemaEditor:
    return schema.Migrations(get_connection("default"), {})._schema_editor()


async def insert(values: str) -> None:
    columns = "id, label, papers, open"
    await get_connection("default").execute_query(f"INSERT INTO drawer ({columns}) VALUES {values}")


async def columns(table: str) -> set[str]:
    if engine() == "sqlite":
        query = f"SELECT name FROM pragma_table_info('{table}')"
    else:
        query = f"SELECT column_name AS name FROM information_schema.columns WHERE table_name = '{table}'"
    return {row["name"] for row in await reads().execute_query_dict(query)}


async def named(table: str) -> set[str]:
    """The indexes and constraints of a table."""
    if engine() == "sqlite":
        query = f"SELECT sql AS text FROM sqlite_master WHERE tbl_name = '{table}'"
    else:
        query = (
            f"""SELECT format('INDEX "%s"', indexname) AS text FROM pg_indexes WHERE tablename = '{table}'"""
            f""" UNION SELECT format('CONSTRAINT "%s"', conname) FROM pg_constraint"""
            f""" WHERE conrelid = '"{table}"'::regclass"""
        )
    return {
        name for row in await reads().execute_query_dict(query) for name in NAMED.findall(row["text"] or "")
    }
