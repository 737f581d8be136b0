"""Rounds of visits, visits, who joins them, and the visit a case was heard on."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.fields.db_defaults import SqlDefault
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from domain.kinds import RecognitionKind
from domain.records import new_id
from domain.rounds import RoundState
from domain.visits import AttendanceState, VisitState


class Migration(migrations.Migration):
    dependencies = [("qiban", "0022_agencies")]

    operations = [
        ops.CreateModel(
            name='VisitRound',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('version', fields.IntField(default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_at', fields.DatetimeField(db_default=SqlDefault("'1970-01-01 00:00:00.000000+00:00'"), auto_now=False, auto_now_add=False)),
                ('zone', fields.ForeignKeyField('qiban.Zone', source_field='zone_id', db_constraint=True, to_field='id', related_name='visit_rounds', on_delete=OnDelete.RESTRICT)),
                ('name', fields.CharField(max_length=100)),
                ('year', fields.IntField()),
                ('number', fields.IntField(null=True)),
                ('since', fields.DateField()),
                ('until', fields.DateField()),
                ('recognised_as', fields.CharEnumField(null=True, description='RecognitionKind', enum_type=RecognitionKind, max_length=30)),
                ('strata', fields.JSONField(default=list, encoder=JSON_DUMPS, decoder=loads)),
                ('departments', fields.JSONField(default=list, encoder=JSON_DUMPS, decoder=loads)),
                ('state', fields.CharEnumField(description='RoundState', enum_type=RoundState, max_length=20)),
                ('source', fields.CharField(default='', max_length=300)),
            ],
            options={'table': 'visit_round', 'app': 'qiban', 'unique_together': (('zone', 'year', 'name'),), 'constraints': [CheckConstraint(check='until >= since', name='round_begins_before_it_ends')], 'indexes': [Index(fields=['zone_id', 'year', 'id']), Index(fields=['zone_id', 'id'])], 'pk_attr': 'id', 'table_description': 'Enterprises of the zone and those below it are to be visited from `since` through `until` (KRM-09: three a year).'},
            bases=['Record'],
        ),
        ops.CreateModel(
            name='Visit',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('version', fields.IntField(default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_at', fields.DatetimeField(db_default=SqlDefault("'1970-01-01 00:00:00.000000+00:00'"), auto_now=False, auto_now_add=False)),
                ('zone', fields.ForeignKeyField('qiban.Zone', source_field='zone_id', db_constraint=True, to_field='id', related_name='visits', on_delete=OnDelete.RESTRICT)),
                ('enterprise', fields.ForeignKeyField('qiban.Enterprise', source_field='enterprise_id', db_constraint=True, to_field='id', related_name='visits', on_delete=OnDelete.RESTRICT)),
                ('round', fields.ForeignKeyField('qiban.VisitRound', source_field='round_id', null=True, db_constraint=True, to_field='id', related_name='visits', on_delete=OnDelete.RESTRICT)),
                ('visitor', fields.ForeignKeyField('qiban.Person', source_field='visitor_id', db_constraint=True, to_field='id', related_name='visits', on_delete=OnDelete.RESTRICT)),
                ('state', fields.CharEnumField(description='VisitState', enum_type=VisitState, max_length=20)),
                ('planned_for', fields.DateField(null=True)),
                ('visited_on', fields.DateField(null=True)),
                ('purposes', fields.JSONField(default=list, encoder=JSON_DUMPS, decoder=loads)),
                ('findings', fields.TextField(default='', unique=False)),
                ('on_site_result', fields.TextField(default='', unique=False)),
                ('awaited', fields.IntField(default=0)),
                ('source', fields.CharField(default='', max_length=300)),
            ],
            options={'table': 'visit', 'app': 'qiban', 'constraints': [CheckConstraint(check="state NOT IN ('made', 'void') OR visited_on IS NOT NULL", name='made_visit_has_its_day'), CheckConstraint(check="state <> 'made' OR awaited = 0", name='nobody_is_awaited_after_a_visit')], 'indexes': [Index(fields=['enterprise_id', 'state', 'visited_on']), Index(fields=['round_id', 'state', 'enterprise_id']), Index(fields=['zone_id', 'state', 'visited_on']), Index(fields=['visitor_id', 'id']), Index(fields=['zone_id', 'id'])], 'pk_attr': 'id', 'table_description': 'One visit to one enterprise by `visitor`. `awaited` counts the departments of a joint visit 联合走访 that are neither'},
            bases=['OfEnterprise'],
        ),
        ops.CreateModel(
            name='VisitDepartment',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('version', fields.IntField(default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_at', fields.DatetimeField(db_default=SqlDefault("'1970-01-01 00:00:00.000000+00:00'"), auto_now=False, auto_now_add=False)),
                ('zone', fields.ForeignKeyField('qiban.Zone', source_field='zone_id', db_constraint=True, to_field='id', related_name='visit_departments', on_delete=OnDelete.RESTRICT)),
                ('enterprise', fields.ForeignKeyField('qiban.Enterprise', source_field='enterprise_id', db_constraint=True, to_field='id', related_name='visit_departments', on_delete=OnDelete.RESTRICT)),
                ('visit', fields.ForeignKeyField('qiban.Visit', source_field='visit_id', db_constraint=True, to_field='id', related_name='departments', on_delete=OnDelete.RESTRICT)),
                ('department', fields.ForeignKeyField('qiban.Department', source_field='department_id', db_constraint=True, to_field='id', related_name='visit_departments', on_delete=OnDelete.RESTRICT)),
                ('state', fields.CharEnumField(description='AttendanceState', enum_type=AttendanceState, max_length=20)),
            ],
            options={'table': 'visit_department', 'app': 'qiban', 'constraints': [UniqueConstraint(fields=('visit', 'department'), name='a_department_joins_once')], 'indexes': [Index(fields=['enterprise_id', 'id']), Index(fields=['department_id', 'id']), Index(fields=['zone_id', 'id'])], 'pk_attr': 'id', 'table_description': 'A department of a joint visit (GZ-15: 税务、统计、科技、市监).'},
            bases=['OfEnterprise'],
        ),
        ops.AddField(
            model_name='Case',
            name='visit',
            field=fields.ForeignKeyField('qiban.Visit', source_field='visit_id', null=True, db_index=True, db_constraint=True, to_field='id', related_name='cases', on_delete=OnDelete.RESTRICT),
        ),
    ]
