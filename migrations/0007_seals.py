"""The log: leaves, hashes over them, checkpoints, keys; and the queue of entries that are not in it yet."""

from __future__ import annotations

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.schema_editor import BaseSchemaEditor

from domain.append_only import forbid_changes, queue_new
from domain.records import new_id


async def keep(apps: object, editor: BaseSchemaEditor) -> None:
    await queue_new(editor.client, "entry", "unsealed", "entry_id", order=("at", "sequence"))
    await forbid_changes(editor.client, "leaf", ("id",), ("entry_id",))
    for table in ("subtree", "checkpoint", "log_key"):
        await forbid_changes(editor.client, table)


class Migration(migrations.Migration):
    dependencies = [('qiban', '0006_changed_at')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Checkpoint',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('size', fields.BigIntField()),
                ('root', fields.CharField(max_length=64)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('note', fields.TextField(unique=False)),
            ],
            options={'table': 'checkpoint', 'app': 'qiban', 'indexes': [Index(fields=['size'])], 'pk_attr': 'id', 'table_description': 'A signed head of the log, as given to the world; the last is the one of the greatest `id`.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Leaf',
            fields=[
                ('id', fields.BigIntField(generated=False, primary_key=True, unique=True, db_index=True)),
                ('entry_id', fields.UUIDField(unique=True)),
                ('data', fields.CharField(max_length=96)),
            ],
            options={'table': 'leaf', 'app': 'qiban', 'pk_attr': 'id', 'table_description': 'An entry in the log; `id` is its index, from 0, and `data` its bytes in hexadecimal.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='LogKey',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('public', fields.CharField(max_length=300)),
                ('statement', fields.TextField(default='', unique=False)),
                ('note', fields.TextField(default='', unique=False)),
            ],
            options={'table': 'log_key', 'app': 'qiban', 'pk_attr': 'id', 'table_description': 'A key that signs from `at` on: the first, one handed over to, or one in place of a lost one.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Subtree',
            fields=[
                ('id', fields.BigIntField(generated=False, primary_key=True, unique=True, db_index=True)),
                ('hash', fields.CharField(max_length=64)),
            ],
            options={'table': 'subtree', 'app': 'qiban', 'pk_attr': 'id', 'table_description': 'The hash over 256**level leaves; `id` is made of level and number, so that a tile is a run of them.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Unsealed',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('entry_id', fields.UUIDField(unique=True)),
            ],
            options={'table': 'unsealed', 'app': 'qiban', 'pk_attr': 'id', 'table_description': 'An entry that is not in the log yet. The database puts it here in the transaction that writes the entry, so'},
            bases=['Model'],
        ),
        ops.RunPython(keep),
    ]
