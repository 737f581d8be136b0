"""Carriers, and what enterprises are known by: county, industry, carrier, source channel, tags."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.fields.db_defaults import SqlDefault
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from domain.carriers import CarrierKind, CarrierState
from domain.records import new_id


class Migration(migrations.Migration):
    dependencies = [("qiban", "0024_outcomes")]

    operations = [
        ops.CreateModel(
            name='Carrier',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('version', fields.IntField(default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_at', fields.DatetimeField(db_default=SqlDefault("'1970-01-01 00:00:00.000000+00:00'"), auto_now=False, auto_now_add=False)),
                ('zone', fields.ForeignKeyField('qiban.Zone', source_field='zone_id', db_constraint=True, to_field='id', related_name='carriers', on_delete=OnDelete.RESTRICT)),
                ('name', fields.CharField(max_length=100)),
                ('kind_of', fields.CharEnumField(description='CarrierKind', enum_type=CarrierKind, max_length=20)),
                ('place', fields.CharField(default='', max_length=100)),
                ('state', fields.CharEnumField(description='CarrierState', enum_type=CarrierState, max_length=20)),
                ('source', fields.CharField(default='', max_length=300)),
            ],
            options={'table': 'carrier', 'app': 'qiban', 'unique_together': (('zone', 'name'),), 'indexes': [Index(fields=['zone_id', 'id'])], 'pk_attr': 'id', 'table_description': 'One carrier of a zone; `place` is where it lies, for an enclave another city.'},
            bases=['Record'],
        ),
        ops.AddField(
            model_name='Enterprise',
            name='carrier',
            field=fields.ForeignKeyField('qiban.Carrier', source_field='carrier_id', null=True, db_constraint=True, to_field='id', related_name='enterprises', on_delete=OnDelete.RESTRICT),
        ),
        ops.AddField(
            model_name='Enterprise',
            name='county',
            field=fields.CharField(null=True, max_length=60),
        ),
        ops.AddField(
            model_name='Enterprise',
            name='industry',
            field=fields.CharField(null=True, max_length=60),
        ),
        ops.AddField(
            model_name='Enterprise',
            name='source_channel',
            field=fields.CharField(null=True, max_length=100),
        ),
        ops.AddField(
            model_name='Enterprise',
            name='tags',
            field=fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads),
        ),
        ops.AddIndex(
            model_name='Enterprise',
            index=Index(fields=['zone_id', 'county']),
        ),
        ops.AddIndex(
            model_name='Enterprise',
            index=Index(fields=['zone_id', 'industry']),
        ),
        ops.AddIndex(
            model_name='Enterprise',
            index=Index(fields=['carrier_id', 'id']),
        ),
    ]
