"""History refuses to be changed, in the database itself."""

from __future__ import annotations

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.migrations.schema_editor import BaseSchemaEditor

from domain.append_only import forbid_changes


async def seal_history(apps: object, editor: BaseSchemaEditor) -> None:
    await forbid_changes(editor.client, "entry", ("id",), ("subject_id", "sequence"))


class Migration(migrations.Migration):
    dependencies = [("qiban", "0001_spine")]
    operations = [ops.RunPython(seal_history)]
