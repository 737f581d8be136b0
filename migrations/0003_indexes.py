"""Indexes for what sight and the registers ask."""

from tortoise import migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

INDEXES = (
    ("Case", "escalated_to_id"),
    ("Case", "zone_id", "raised_on", "id"),
    ("Case", "zone_id", "id"),
    ("Enterprise", "zone_id", "id"),
    ("Membership", "person_id"),
    ("Membership", "zone_id", "role"),
    ("Membership", "department_id"),
    ("Membership", "enterprise_id"),
    ("Person", "enterprise_id"),
    ("Person", "department_id"),
)


class Migration(migrations.Migration):
    dependencies = [("qiban", "0002_append_only")]
    operations = [ops.AddIndex(model_name=model, index=Index(fields=columns)) for model, *columns in INDEXES]
