"""The clock of cases and responsibilities: one running deadline each, and what its light is derived from."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


def clock() -> dict[str, fields.Field]:  # type: ignore[type-arg]
    instants = ("due_at", "warn_at", "due_earliest", "due_latest", "clock_started_at", "yellow_at", "red_at")
    return {
        **{name: fields.DatetimeField(null=True) for name in instants},
        "limit_name": fields.CharField(max_length=60, null=True),
        "limit_text": fields.CharField(max_length=20, null=True),
        "rule_id": fields.UUIDField(null=True),
        "calendar_version": fields.IntField(null=True),
        "clock_spans": fields.TextField(null=True),
        "grey": fields.BooleanField(null=True),
    }


CASE = {
    **clock(),
    "provisional": fields.BooleanField(default=False, db_default=False),
    "contacted_at": fields.DatetimeField(null=True),
    "escalate_at": fields.DatetimeField(null=True),
}
RESPONSIBILITY = {name: field for name, field in clock().items() if name != "due_at"}
LIT = ("zone_id", "grey", "red_at", "yellow_at")


class Migration(migrations.Migration):
    dependencies = [("qiban", "0007_seals")]
    operations = [
        *(ops.AddField("Case", name, field) for name, field in CASE.items()),
        *(ops.AddField("Responsibility", name, field) for name, field in RESPONSIBILITY.items()),
        ops.AddIndex("Case", Index(fields=LIT)),
        ops.AddIndex("Responsibility", Index(fields=LIT)),
    ]
