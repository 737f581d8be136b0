"""Indicators: dated figures of enterprises."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.db_defaults import SqlDefault
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from domain.exact import Exact
from domain.facts import FactStatus
from domain.indicators import IndicatorKind, IndicatorState, IndicatorUnit
from domain.records import new_id


class Migration(migrations.Migration):
    dependencies = [("qiban", "0025_carriers")]

    operations = [
        ops.CreateModel(
            name='Indicator',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('version', fields.IntField(default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_at', fields.DatetimeField(db_default=SqlDefault("'1970-01-01 00:00:00.000000+00:00'"), auto_now=False, auto_now_add=False)),
                ('zone', fields.ForeignKeyField('qiban.Zone', source_field='zone_id', db_constraint=True, to_field='id', related_name='indicators', on_delete=OnDelete.RESTRICT)),
                ('enterprise', fields.ForeignKeyField('qiban.Enterprise', source_field='enterprise_id', db_constraint=True, to_field='id', related_name='indicators', on_delete=OnDelete.RESTRICT)),
                ('corrects', fields.ForeignKeyField('qiban.Indicator', source_field='corrects_id', null=True, db_constraint=True, to_field='id', related_name='corrections', on_delete=OnDelete.RESTRICT)),
                ('kind_of', fields.CharEnumField(description='IndicatorKind', enum_type=IndicatorKind, max_length=30)),
                ('title', fields.CharField(default='', max_length=100)),
                ('unit', fields.CharEnumField(description='IndicatorUnit', enum_type=IndicatorUnit, max_length=20)),
                ('since', fields.DateField()),
                ('until', fields.DateField()),
                ('value', Exact(places=4)),
                ('preferred', fields.BooleanField(default=False)),
                ('state', fields.CharEnumField(description='IndicatorState', enum_type=IndicatorState, max_length=20)),
                ('status', fields.CharEnumField(description='FactStatus', enum_type=FactStatus, max_length=20)),
                ('source', fields.CharField(max_length=300)),
            ],
            options={'table': 'indicator', 'app': 'qiban', 'constraints': [CheckConstraint(check='since <= until', name='indicator_period_begins_before_it_ends'), CheckConstraint(check="(kind_of = 'other') = (title <> '')", name='only_other_indicators_have_a_title'), UniqueConstraint(fields=('enterprise', 'kind_of', 'title', 'since', 'until', 'source'), name='one_statement_a_source', condition="state = 'filed'"), UniqueConstraint(fields=('enterprise', 'kind_of', 'title', 'since', 'until'), name='one_preferred_a_period', condition="preferred AND state = 'filed'"), UniqueConstraint(fields=('corrects',), name='corrected_once')], 'indexes': [Index(fields=['enterprise_id', 'kind_of', 'until']), Index(fields=['zone_id', 'kind_of', 'until']), Index(fields=['zone_id', 'id'])], 'pk_attr': 'id', 'table_description': 'One figure, of the days `since` through `until`; of one day where it is what there was on that day. `value` is in'},
            bases=['OfEnterprise'],
        ),
    ]
