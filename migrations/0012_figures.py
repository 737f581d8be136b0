"""Exclusions from figures, and what figures of a period are counted by."""

from __future__ import annotations

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.db_defaults import SqlDefault
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint

from domain.figures import ExclusionState, Figure
from domain.records import new_id


class Migration(migrations.Migration):
    dependencies = [("qiban", "0011_trusted_documents")]
    operations = [
        ops.CreateModel(
            name="Exclusion",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("version", fields.IntField(default=1)),
                ("created_at", fields.DatetimeField()),
                ("changed_at", fields.DatetimeField(db_default=SqlDefault("'1970-01-01 00:00:00.000000+00:00'"))),
                (
                    "zone",
                    fields.ForeignKeyField(
                        "qiban.Zone", source_field="zone_id", related_name="exclusions", on_delete=OnDelete.RESTRICT
                    ),
                ),
                (
                    "case",
                    fields.ForeignKeyField(
                        "qiban.Case", source_field="case_id", related_name="exclusions", on_delete=OnDelete.RESTRICT
                    ),
                ),
                ("figure", fields.CharEnumField(description="Figure", enum_type=Figure, max_length=20)),
                ("state", fields.CharEnumField(description="ExclusionState", enum_type=ExclusionState, max_length=20)),
                ("reason", fields.TextField()),
                (
                    "author",
                    fields.ForeignKeyField(
                        "qiban.Person", source_field="author_id", related_name="exclusions",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
            ],
            options={
                "table": "exclusion",
                "app": "qiban",
                "constraints": [
                    UniqueConstraint(fields=("case", "figure"), name="excluded_once", condition="state = 'held'")
                ],
                "indexes": [Index(fields=["case_id", "state", "figure"]), Index(fields=["zone_id", "id"])],
                "pk_attr": "id",
            },
            bases=["Record"],
        ),
        ops.AddIndex(model_name="Case", index=Index(fields=["zone_id", "collected_at"])),
        ops.AddIndex(model_name="Case", index=Index(fields=["owner_id", "collected_at"])),
    ]
