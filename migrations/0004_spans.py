"""Spans: one row for every stay of a record in a state; those of records that are there come from the history."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from tortoise import fields, migrations
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.schema_editor import BaseSchemaEditor

from domain.spans import spans_of

HISTORIES_AT_ONCE = 200
COLUMNS = (
    "id", "zone_id", "subject_kind", "subject_id", "record_kind", "record_id", "state", "entered_at", "left_at",
    "due_at", "met_at", "department_id", "person_id",
)


async def fill_from_history(apps: object, editor: BaseSchemaEditor) -> None:
    client = editor.client
    sqlite = client.capabilities.dialect == "sqlite"
    places = ", ".join("?" if sqlite else f"${place}" for place in range(1, len(COLUMNS) + 1))
    insert = f"INSERT INTO span ({', '.join(COLUMNS)}) VALUES ({places})"
    async for histories in _histories(client, "?" if sqlite else "$1"):
        for span in spans_of(histories):
            values = [getattr(span, name) for name in COLUMNS]
            await client.execute_insert(
                insert, [str(each) if sqlite and isinstance(each, UUID) else each for each in values]
            )


async def _histories(client: BaseDBAsyncClient, place: str) -> AsyncIterator[list[Any]]:
    """Whole histories, some at a time."""
    last = str(UUID(int=0))
    while subjects := await client.execute_query_dict(
        f"SELECT DISTINCT subject_id FROM entry WHERE subject_id > {place} ORDER BY subject_id"
        f" LIMIT {HISTORIES_AT_ONCE}", [last],
    ):
        first, last = subjects[0]["subject_id"], subjects[-1]["subject_id"]
        second = place if place == "?" else "$2"
        rows = await client.execute_query_dict(
            f"SELECT * FROM entry WHERE subject_id BETWEEN {place} AND {second} ORDER BY subject_id, sequence",
            [first, last],
        )
        yield [_read(row) for row in rows]


def _read(row: dict[str, Any]) -> SimpleNamespace:
    keys = {name: UUID(str(row[name])) for name in ("id", "zone_id", "subject_id", "record_id")}
    return SimpleNamespace(**{**row, **keys, "at": datetime.fromisoformat(str(row["at"]))})


class Migration(migrations.Migration):
    dependencies = [("qiban", "0003_indexes")]
    operations = [
        ops.CreateModel(
            name="Span",
            fields=[
                ("id", fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ("zone_id", fields.UUIDField()),
                ("subject_kind", fields.CharField(max_length=40)),
                ("subject_id", fields.UUIDField()),
                ("record_kind", fields.CharField(max_length=40)),
                ("record_id", fields.UUIDField()),
                ("state", fields.CharField(max_length=20)),
                ("entered_at", fields.DatetimeField()),
                ("left_at", fields.DatetimeField(null=True)),
                ("due_at", fields.DatetimeField(null=True)),
                ("met_at", fields.DatetimeField(null=True)),
                ("department_id", fields.UUIDField(null=True)),
                ("person_id", fields.UUIDField(null=True)),
            ],
            options={
                "table": "span",
                "app": "qiban",
                "indexes": [
                    Index(fields=["record_id", "left_at"]),
                    Index(fields=["subject_id", "record_kind", "state"]),
                    Index(fields=["left_at", "due_at"]),
                ],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.RunPython(fill_from_history),
    ]
