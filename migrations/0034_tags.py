"""An index by which PostgreSQL finds enterprises by their tags; SQLite has none of the kind and reads the tags."""

from __future__ import annotations

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.migrations.schema_editor import BaseSchemaEditor


async def find_by_tags(apps: object, editor: BaseSchemaEditor) -> None:
    if editor.client.capabilities.dialect == "postgres":
        await editor.client.execute_script(
            'CREATE INDEX IF NOT EXISTS "idx_enterprise_tags" ON "enterprise" USING gin ("tags" jsonb_path_ops)'
        )


class Migration(migrations.Migration):
    dependencies = [("qiban", "0033_stays")]
    operations = [ops.RunPython(find_by_tags)]
