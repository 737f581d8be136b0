"""Calendars: the arrangement of each year, and its days by edition, which nothing changes."""

from __future__ import annotations

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.fields.db_defaults import SqlDefault
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.migrations.schema_editor import BaseSchemaEditor

from domain.append_only import forbid_changes
from domain.calendar.days import DayKind
from domain.records import new_id


async def seal_days(apps: object, editor: BaseSchemaEditor) -> None:
    await forbid_changes(editor.client, "calendar_day", ("id",), ("year_id", "day", "edition"))


class Migration(migrations.Migration):
    dependencies = [('qiban', '0013_webhooks')]

    initial = False

    operations = [
        ops.CreateModel(
            name='CalendarYear',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('version', fields.IntField(default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_at', fields.DatetimeField(db_default=SqlDefault("'1970-01-01 00:00:00.000000+00:00'"), auto_now=False, auto_now_add=False)),
                ('sequence', fields.IntField(default=0)),
                ('head', fields.CharField(default='', max_length=64)),
                ('zone', fields.ForeignKeyField('qiban.Zone', source_field='zone_id', null=True, db_constraint=True, to_field='id', related_name='calendar_years', on_delete=OnDelete.RESTRICT)),
                ('year', fields.IntField()),
                ('days', fields.JSONField(default=list, encoder=JSON_DUMPS, decoder=loads)),
                ('source', fields.CharField(max_length=300)),
                ('author', fields.ForeignKeyField('qiban.Person', source_field='author_id', null=True, db_constraint=True, to_field='id', related_name='calendar_years', on_delete=OnDelete.RESTRICT)),
                ('published_edition', fields.IntField()),
                ('edition', fields.IntField(unique=True)),
            ],
            options={'table': 'calendar_year', 'app': 'qiban', 'unique_together': (('zone', 'year'),), 'constraints': [UniqueConstraint(fields=('year',), name='one_state_arrangement_a_year', condition='zone_id IS NULL')], 'pk_attr': 'id', 'table_description': "The arrangement of a year 年度放假安排: the state's where `zone` is empty, else what the zone and those below it"},
            bases=['Subject'],
        ),
        ops.CreateModel(
            name='CalendarDay',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('year', fields.ForeignKeyField('qiban.CalendarYear', source_field='year_id', db_constraint=True, to_field='id', related_name='calendar_days', on_delete=OnDelete.RESTRICT)),
                ('zone_id', fields.UUIDField(null=True)),
                ('day', fields.DateField()),
                ('kind', fields.CharEnumField(description='DayKind', enum_type=DayKind, max_length=20)),
                ('name', fields.CharField(default='', max_length=60)),
                ('edition', fields.IntField()),
                ('source', fields.CharField(max_length=300)),
                ('author_id', fields.UUIDField(null=True)),
            ],
            options={'table': 'calendar_day', 'app': 'qiban', 'unique_together': (('year', 'day', 'edition'),), 'pk_attr': 'id', 'table_description': 'A day as one edition has it; never changed, so that what was counted by an earlier version stays countable.'},
            bases=['Model'],
        ),
        ops.RunPython(seal_days),
    ]
