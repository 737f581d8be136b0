"""Agencies, and which of them coached an application."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.db_defaults import SqlDefault
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from domain.agencies import AgencyKind, AgencyState
from domain.records import new_id


class Migration(migrations.Migration):
    dependencies = [("qiban", "0021_claims")]

    operations = [
        ops.CreateModel(
            name='Agency',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('version', fields.IntField(default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_at', fields.DatetimeField(db_default=SqlDefault("'1970-01-01 00:00:00.000000+00:00'"), auto_now=False, auto_now_add=False)),
                ('zone', fields.ForeignKeyField('qiban.Zone', source_field='zone_id', db_constraint=True, to_field='id', related_name='agencies', on_delete=OnDelete.RESTRICT)),
                ('name', fields.CharField(max_length=200)),
                ('kind_of', fields.CharEnumField(description='AgencyKind', enum_type=AgencyKind, max_length=20)),
                ('synthetic', fields.BooleanField(default=False)),
                ('source', fields.CharField(default='', max_length=300)),
                ('state', fields.CharEnumField(description='AgencyState', enum_type=AgencyState, max_length=20)),
            ],
            options={'table': 'agency', 'app': 'qiban', 'unique_together': (('zone', 'name'),), 'indexes': [Index(fields=['zone_id', 'state', 'id'])], 'pk_attr': 'id', 'table_description': "One agency on a zone's list."},
            bases=['Record'],
        ),
        ops.AddField(
            model_name='Application',
            name='agency',
            field=fields.ForeignKeyField('qiban.Agency', source_field='agency_id', null=True, db_constraint=True, to_field='id', related_name='applications', on_delete=OnDelete.RESTRICT),
        ),
        ops.AddIndex(
            model_name='Application',
            index=Index(fields=['agency_id', 'state', 'id']),
        ),
    ]
