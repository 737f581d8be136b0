"""Enterprises' lists of what they need to innovate."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.db_defaults import SqlDefault
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from domain.needs import NeedKind, NeedState
from domain.records import new_id


class Migration(migrations.Migration):
    dependencies = [("qiban", "0030_reviews")]

    operations = [
        ops.CreateModel(
            name='Need',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('version', fields.IntField(default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_at', fields.DatetimeField(db_default=SqlDefault("'1970-01-01 00:00:00.000000+00:00'"), auto_now=False, auto_now_add=False)),
                ('due_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('warn_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('provisional', fields.BooleanField(default=False, db_default=False)),
                ('due_earliest', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('due_latest', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('limit_name', fields.CharField(null=True, max_length=60)),
                ('limit_text', fields.CharField(null=True, max_length=20)),
                ('rule_id', fields.UUIDField(null=True)),
                ('agreed_by', fields.UUIDField(null=True)),
                ('calendar_version', fields.IntField(null=True)),
                ('clock_started_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('clock_spans', fields.TextField(null=True, unique=False)),
                ('yellow_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('red_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('grey', fields.BooleanField(null=True)),
                ('zone', fields.ForeignKeyField('qiban.Zone', source_field='zone_id', db_constraint=True, to_field='id', related_name='needs', on_delete=OnDelete.RESTRICT)),
                ('enterprise', fields.ForeignKeyField('qiban.Enterprise', source_field='enterprise_id', db_constraint=True, to_field='id', related_name='needs', on_delete=OnDelete.RESTRICT)),
                ('case', fields.ForeignKeyField('qiban.Case', source_field='case_id', null=True, db_constraint=True, to_field='id', related_name='needs', on_delete=OnDelete.RESTRICT)),
                ('need_kind', fields.CharEnumField(description='NeedKind', enum_type=NeedKind, max_length=20)),
                ('title', fields.CharField(max_length=200)),
                ('description', fields.TextField(default='', unique=False)),
                ('listed_on', fields.DateField()),
                ('reviewed_on', fields.DateField()),
                ('result', fields.TextField(default='', unique=False)),
                ('state', fields.CharEnumField(description='NeedState', enum_type=NeedState, max_length=20)),
                ('source', fields.CharField(default='', max_length=300)),
            ],
            options={'table': 'need', 'app': 'qiban', 'indexes': [Index(fields=['enterprise_id', 'id']), Index(fields=['zone_id', 'state', 'id']), Index(fields=['case_id', 'id']), Index(fields=['zone_id', 'id']), Index(fields=['zone_id', 'grey', 'red_at', 'yellow_at'])], 'pk_attr': 'id', 'table_description': 'One need. While it is listed it is due to be reviewed by what the zone has set as `need_review`: overdue it is'},
            bases=['OfEnterprise', 'Timed'],
        ),
    ]
