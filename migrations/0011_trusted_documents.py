"""Documents an operator trusts."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("qiban", "0010_timers")]
    operations = [
        ops.CreateModel(
            name="TrustedDocument",
            fields=[
                ("hash", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("name", fields.CharField(max_length=200)),
                ("text", fields.TextField(unique=False)),
                ("added_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={"table": "trusted_document", "app": "qiban", "pk_attr": "hash"},
            bases=["Model"],
        ),
    ]
