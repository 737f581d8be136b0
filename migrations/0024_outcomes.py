"""The ledger of outcomes, and figures as sources state them."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.db_defaults import SqlDefault
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint

from domain.exact import Exact
from domain.facts import FactStatus
from domain.kinds import Level
from domain.outcomes import OutcomeKind, OutcomeState
from domain.records import new_id
from domain.stated_figures import Bound, StatedFigureState, StatedUnit


class Migration(migrations.Migration):
    dependencies = [("qiban", "0023_visits")]

    operations = [
        ops.CreateModel(
            name='Outcome',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('version', fields.IntField(default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_at', fields.DatetimeField(db_default=SqlDefault("'1970-01-01 00:00:00.000000+00:00'"), auto_now=False, auto_now_add=False)),
                ('zone', fields.ForeignKeyField('qiban.Zone', source_field='zone_id', db_constraint=True, to_field='id', related_name='outcomes', on_delete=OnDelete.RESTRICT)),
                ('enterprise', fields.ForeignKeyField('qiban.Enterprise', source_field='enterprise_id', db_constraint=True, to_field='id', related_name='outcomes', on_delete=OnDelete.RESTRICT)),
                ('case', fields.ForeignKeyField('qiban.Case', source_field='case_id', null=True, db_constraint=True, to_field='id', related_name='outcomes', on_delete=OnDelete.RESTRICT)),
                ('outcome_kind', fields.CharEnumField(description='OutcomeKind', enum_type=OutcomeKind, max_length=20)),
                ('level', fields.CharEnumField(description='Level', enum_type=Level, max_length=20)),
                ('title', fields.CharField(default='', max_length=200)),
                ('grade', fields.CharField(default='', max_length=40)),
                ('counterpart', fields.CharField(default='', max_length=200)),
                ('amount', Exact(null=True, places=2)),
                ('happened_on', fields.DateField()),
                ('state', fields.CharEnumField(description='OutcomeState', enum_type=OutcomeState, max_length=20)),
                ('status', fields.CharEnumField(description='FactStatus', enum_type=FactStatus, max_length=20)),
                ('source', fields.CharField(max_length=300)),
            ],
            options={'table': 'outcome', 'app': 'qiban', 'constraints': [CheckConstraint(check="outcome_kind <> 'other' OR title <> ''", name='other_outcome_has_its_title'), CheckConstraint(check='amount IS NULL OR amount >= 0', name='outcome_is_not_below_nothing')], 'indexes': [Index(fields=['enterprise_id', 'state', 'happened_on']), Index(fields=['zone_id', 'state', 'happened_on']), Index(fields=['case_id', 'id']), Index(fields=['zone_id', 'id'])], 'pk_attr': 'id', 'table_description': 'One outcome. `amount` is in yuan, unknown where no source tells it; `grade` is that of a prize; `counterpart` who'},
            bases=['OfEnterprise'],
        ),
        ops.CreateModel(
            name='StatedFigure',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('version', fields.IntField(default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_at', fields.DatetimeField(db_default=SqlDefault("'1970-01-01 00:00:00.000000+00:00'"), auto_now=False, auto_now_add=False)),
                ('zone', fields.ForeignKeyField('qiban.Zone', source_field='zone_id', db_constraint=True, to_field='id', related_name='stated_figures', on_delete=OnDelete.RESTRICT)),
                ('topic', fields.CharField(max_length=100)),
                ('unit', fields.CharEnumField(description='StatedUnit', enum_type=StatedUnit, max_length=10)),
                ('bound', fields.CharEnumField(description='Bound', enum_type=Bound, max_length=10)),
                ('value', Exact(places=4)),
                ('since', fields.DateField(null=True)),
                ('until', fields.DateField()),
                ('base', fields.CharField(default='', max_length=100)),
                ('state', fields.CharEnumField(description='StatedFigureState', enum_type=StatedFigureState, max_length=20)),
                ('status', fields.CharEnumField(description='FactStatus', enum_type=FactStatus, max_length=20)),
                ('source', fields.CharField(max_length=300)),
            ],
            options={'table': 'stated_figure', 'app': 'qiban', 'constraints': [CheckConstraint(check='since IS NULL OR since <= until', name='stated_period_begins_before_it_ends')], 'indexes': [Index(fields=['zone_id', 'topic', 'until']), Index(fields=['zone_id', 'id'])], 'pk_attr': 'id', 'table_description': 'A figure of the zone called `topic`, of the days from `since` (of one day where that is empty) through `until`.'},
            bases=['Record'],
        ),
    ]
