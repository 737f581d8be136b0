"""How an enterprise stands on five topics, quarter by quarter."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.db_defaults import SqlDefault
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from domain.records import new_id
from domain.reviews import ReviewState, TopicStanding


class Migration(migrations.Migration):
    dependencies = [("qiban", "0029_vouchers")]

    operations = [
        ops.CreateModel(
            name='Review',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('version', fields.IntField(default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_at', fields.DatetimeField(db_default=SqlDefault("'1970-01-01 00:00:00.000000+00:00'"), auto_now=False, auto_now_add=False)),
                ('zone', fields.ForeignKeyField('qiban.Zone', source_field='zone_id', db_constraint=True, to_field='id', related_name='reviews', on_delete=OnDelete.RESTRICT)),
                ('enterprise', fields.ForeignKeyField('qiban.Enterprise', source_field='enterprise_id', db_constraint=True, to_field='id', related_name='reviews', on_delete=OnDelete.RESTRICT)),
                ('year', fields.IntField()),
                ('quarter', fields.IntField()),
                ('held_on', fields.DateField()),
                ('rd_spending', fields.CharEnumField(description='TopicStanding', enum_type=TopicStanding, max_length=20)),
                ('platforms', fields.CharEnumField(description='TopicStanding', enum_type=TopicStanding, max_length=20)),
                ('projects', fields.CharEnumField(description='TopicStanding', enum_type=TopicStanding, max_length=20)),
                ('institutions', fields.CharEnumField(description='TopicStanding', enum_type=TopicStanding, max_length=20)),
                ('talent', fields.CharEnumField(description='TopicStanding', enum_type=TopicStanding, max_length=20)),
                ('note', fields.TextField(default='', unique=False)),
                ('state', fields.CharEnumField(description='ReviewState', enum_type=ReviewState, max_length=20)),
            ],
            options={'table': 'review', 'app': 'qiban', 'constraints': [CheckConstraint(check='quarter BETWEEN 1 AND 4', name='review_is_of_a_quarter'), UniqueConstraint(fields=('enterprise', 'year', 'quarter'), name='one_review_a_quarter', condition="state = 'recorded'")], 'indexes': [Index(fields=['enterprise_id', 'year', 'quarter']), Index(fields=['zone_id', 'year', 'quarter']), Index(fields=['zone_id', 'id'])], 'pk_attr': 'id', 'table_description': 'One enterprise in one quarter: its standing on each of the five topics, what was held, and by whom.'},
            bases=['OfEnterprise'],
        ),
    ]
