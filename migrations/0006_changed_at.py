"""Every row says since when it is as it is."""

from tortoise import fields, migrations
from tortoise.fields.db_defaults import SqlDefault
from tortoise.migrations import operations as ops

RECORDS = (
    "Attachment", "Case", "ChainLink", "Consultation", "Department", "Enterprise", "Membership", "Person", "Problem",
    "Rectification", "Responsibility", "Setting", "Zone",
)


class Migration(migrations.Migration):
    dependencies = [("qiban", "0005_notices")]
    operations = [
        ops.AddField(
            model_name=model,
            name="changed_at",
            field=fields.DatetimeField(db_default=SqlDefault("'1970-01-01 00:00:00.000000+00:00'")),
        )
        for model in RECORDS
    ]
