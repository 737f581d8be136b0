"""Who promised the day that a deadline runs to."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("qiban", "0008_deadlines")]
    operations = [
        ops.AddField(model, "agreed_by", fields.UUIDField(null=True)) for model in ("Case", "Responsibility")
    ]
