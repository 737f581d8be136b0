"""Sessions count what they change, so that a replica can be asked whether it has seen all of it."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("qiban", "0015_supervisions")]
    operations = [ops.AddField("Session", "changes", fields.IntField(default=0, db_default=0))]
