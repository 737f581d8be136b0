"""Supervisions, and how many of them are open in a case."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.db_defaults import SqlDefault
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint

from domain.records import new_id
from domain.supervisions import SupervisionState


class Migration(migrations.Migration):
    dependencies = [('qiban', "0014_calendar")]

    operations = [
        ops.CreateModel(
            name='Supervision',
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
                ('zone', fields.ForeignKeyField('qiban.Zone', source_field='zone_id', db_constraint=True, to_field='id', related_name='supervisions', on_delete=OnDelete.RESTRICT)),
                ('case', fields.ForeignKeyField('qiban.Case', source_field='case_id', db_constraint=True, to_field='id', related_name='supervisions', on_delete=OnDelete.RESTRICT)),
                ('department', fields.ForeignKeyField('qiban.Department', source_field='department_id', null=True, db_constraint=True, to_field='id', related_name='supervisions', on_delete=OnDelete.RESTRICT)),
                ('person', fields.ForeignKeyField('qiban.Person', source_field='person_id', null=True, db_constraint=True, to_field='id', related_name='supervisions', on_delete=OnDelete.RESTRICT)),
                ('supervisor', fields.ForeignKeyField('qiban.Person', source_field='supervisor_id', db_constraint=True, to_field='id', related_name='supervised', on_delete=OnDelete.RESTRICT)),
                ('state', fields.CharEnumField(description='SupervisionState', enum_type=SupervisionState, max_length=20)),
                ('demand', fields.TextField(unique=False)),
                ('answer', fields.TextField(default='', unique=False)),
                ('sent_back', fields.IntField(default=0)),
            ],
            options={'table': 'supervision', 'app': 'qiban', 'constraints': [CheckConstraint(check='department_id IS NOT NULL OR person_id IS NOT NULL', name='supervision_names_somebody'), CheckConstraint(check="state NOT IN ('answered', 'accepted') OR answer <> ''", name='answered_supervision_has_its_answer')], 'indexes': [Index(fields=['case_id', 'id']), Index(fields=['department_id', 'state', 'id']), Index(fields=['person_id', 'state', 'id']), Index(fields=['zone_id', 'state', 'id']), Index(fields=['zone_id', 'grey', 'red_at', 'yellow_at'])], 'pk_attr': 'id', 'table_description': 'One demand: what is to be answered, by whom, and the answer as it stands. The person is answered for first; where'},
            bases=['Timed'],
        ),
        ops.AddField(
            model_name='Case',
            name='open_supervisions',
            field=fields.IntField(default=0, db_default=0),
        ),
    ]
