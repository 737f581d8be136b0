"""Timers, which the worker makes from the records at its first start; kept answers are found by age."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from domain.records import new_id
from domain.schema import IndexWhere


class Migration(migrations.Migration):
    dependencies = [("qiban", "0009_agreed_by")]

    operations = [
        ops.CreateModel(
            name="Timer",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("zone_id", fields.UUIDField()),
                ("subject_id", fields.UUIDField()),
                ("record_kind", fields.CharField(max_length=40)),
                ("record_id", fields.UUIDField()),
                ("move", fields.CharField(max_length=60)),
                ("due_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("wake_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("fired_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("refusal", fields.CharField(null=True, max_length=60)),
                ("attempts", fields.IntField(default=0)),
                ("last_error", fields.CharField(default="", max_length=300)),
            ],
            options={"table": "timer", "app": "qiban", "unique_together": (("record_id", "move"),), "indexes": [IndexWhere(fields=["wake_at", "id"], where="wake_at IS NOT NULL"), IndexWhere(fields=["subject_id", "wake_at"], where="wake_at IS NOT NULL"), IndexWhere(fields=["due_at"], where="wake_at IS NULL AND fired_at IS NULL")], "pk_attr": "id", "table_description": "One alarm of one record. It is due once `due_at`, an instant that stands in the record, has passed."},
            bases=["Model"],
        ),
        ops.AddIndex(
            model_name="Answer",
            index=Index(fields=["at"]),
        ),
    ]
