"""Which carrier housed an enterprise from when until when."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.db_defaults import SqlDefault
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from domain.records import new_id
from domain.stays import StayState


class Migration(migrations.Migration):
    dependencies = [("qiban", "0032_service_plans")]

    operations = [
        ops.CreateModel(
            name='Stay',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('version', fields.IntField(default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_at', fields.DatetimeField(db_default=SqlDefault("'1970-01-01 00:00:00.000000+00:00'"), auto_now=False, auto_now_add=False)),
                ('zone', fields.ForeignKeyField('qiban.Zone', source_field='zone_id', db_constraint=True, to_field='id', related_name='stays', on_delete=OnDelete.RESTRICT)),
                ('enterprise', fields.ForeignKeyField('qiban.Enterprise', source_field='enterprise_id', db_constraint=True, to_field='id', related_name='stays', on_delete=OnDelete.RESTRICT)),
                ('carrier', fields.ForeignKeyField('qiban.Carrier', source_field='carrier_id', db_constraint=True, to_field='id', related_name='stays', on_delete=OnDelete.RESTRICT)),
                ('since', fields.DateField()),
                ('ends_on', fields.DateField(null=True)),
                ('state', fields.CharEnumField(description='StayState', enum_type=StayState, max_length=20)),
                ('source', fields.CharField(default='', max_length=300)),
            ],
            options={'table': 'stay', 'app': 'qiban', 'constraints': [CheckConstraint(check='ends_on IS NULL OR ends_on >= since', name='stay_begins_before_it_ends'), CheckConstraint(check="state <> 'inside' OR ends_on IS NULL", name='whoever_is_inside_has_not_left'), CheckConstraint(check="state <> 'left' OR ends_on IS NOT NULL", name='ended_stay_has_its_day'), UniqueConstraint(fields=('enterprise',), name='housed_once', condition="state = 'inside'")], 'indexes': [Index(fields=['enterprise_id', 'since']), Index(fields=['carrier_id', 'since']), Index(fields=['zone_id', 'since']), Index(fields=['zone_id', 'ends_on']), Index(fields=['zone_id', 'id'])], 'pk_attr': 'id', 'table_description': 'One stay in one carrier from `since`; `ends_on` is the first day it is not housed there any more.'},
            bases=['OfEnterprise'],
        ),
    ]
