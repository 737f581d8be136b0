"""Ladders: rungs met by recognitions."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.fields.db_defaults import SqlDefault
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from domain.ladders import LadderState
from domain.records import new_id


class Migration(migrations.Migration):
    dependencies = [("qiban", "0026_indicators")]

    operations = [
        ops.CreateModel(
            name='Ladder',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('version', fields.IntField(default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_at', fields.DatetimeField(db_default=SqlDefault("'1970-01-01 00:00:00.000000+00:00'"), auto_now=False, auto_now_add=False)),
                ('zone', fields.ForeignKeyField('qiban.Zone', source_field='zone_id', db_constraint=True, to_field='id', related_name='ladders', on_delete=OnDelete.RESTRICT)),
                ('name', fields.CharField(max_length=100)),
                ('rungs', fields.JSONField(default=list, encoder=JSON_DUMPS, decoder=loads)),
                ('state', fields.CharEnumField(description='LadderState', enum_type=LadderState, max_length=20)),
                ('source', fields.CharField(max_length=300)),
                ('author', fields.ForeignKeyField('qiban.Person', source_field='author_id', null=True, db_constraint=True, to_field='id', related_name='ladders', on_delete=OnDelete.RESTRICT)),
            ],
            options={'table': 'ladder', 'app': 'qiban', 'unique_together': (('zone', 'name'),), 'indexes': [Index(fields=['zone_id', 'state', 'id'])], 'pk_attr': 'id', 'table_description': '`rungs`, lowest first, are a list of {title, recognised_as, level}: met by a recognition of that kind, at that'},
            bases=['Record'],
        ),
    ]
