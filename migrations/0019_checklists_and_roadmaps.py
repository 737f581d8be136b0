"""Checklists with their items, roadmaps with their milestones."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.fields.db_defaults import SqlDefault
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from domain.checklists import ChecklistState, ItemState, Link, TemplateState
from domain.records import new_id
from domain.roadmaps import MilestoneState, RoadmapState


class Migration(migrations.Migration):
    dependencies = [("qiban", "0018_libraries")]

    operations = [
        ops.CreateModel(
            name='ChecklistTemplate',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('version', fields.IntField(default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_at', fields.DatetimeField(db_default=SqlDefault("'1970-01-01 00:00:00.000000+00:00'"), auto_now=False, auto_now_add=False)),
                ('zone', fields.ForeignKeyField('qiban.Zone', source_field='zone_id', db_constraint=True, to_field='id', related_name='checklist_templates', on_delete=OnDelete.RESTRICT)),
                ('library', fields.ForeignKeyField('qiban.Library', source_field='library_id', null=True, db_constraint=True, to_field='id', related_name='checklist_templates', on_delete=OnDelete.RESTRICT)),
                ('name', fields.CharField(max_length=100)),
                ('link', fields.CharEnumField(description='Link', enum_type=Link, max_length=20)),
                ('items', fields.JSONField(default=list, encoder=JSON_DUMPS, decoder=loads)),
                ('state', fields.CharEnumField(description='TemplateState', enum_type=TemplateState, max_length=20)),
                ('source', fields.CharField(default='', max_length=300)),
            ],
            options={'table': 'checklist_template', 'app': 'qiban', 'unique_together': (('zone', 'name'),), 'indexes': [Index(fields=['zone_id', 'id']), Index(fields=['library_id', 'id'])], 'pk_attr': 'id', 'table_description': 'The items a zone wants done, in order; of a library where it is for those inside that one.'},
            bases=['Record'],
        ),
        ops.CreateModel(
            name='Checklist',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('version', fields.IntField(default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_at', fields.DatetimeField(db_default=SqlDefault("'1970-01-01 00:00:00.000000+00:00'"), auto_now=False, auto_now_add=False)),
                ('zone', fields.ForeignKeyField('qiban.Zone', source_field='zone_id', db_constraint=True, to_field='id', related_name='checklists', on_delete=OnDelete.RESTRICT)),
                ('enterprise', fields.ForeignKeyField('qiban.Enterprise', source_field='enterprise_id', db_constraint=True, to_field='id', related_name='checklists', on_delete=OnDelete.RESTRICT)),
                ('template', fields.ForeignKeyField('qiban.ChecklistTemplate', source_field='template_id', db_constraint=True, to_field='id', related_name='checklists', on_delete=OnDelete.RESTRICT)),
                ('entry', fields.ForeignKeyField('qiban.LibraryEntry', source_field='entry_id', null=True, db_constraint=True, to_field='id', related_name='checklists', on_delete=OnDelete.RESTRICT)),
                ('name', fields.CharField(max_length=100)),
                ('link', fields.CharEnumField(description='Link', enum_type=Link, max_length=20)),
                ('state', fields.CharEnumField(description='ChecklistState', enum_type=ChecklistState, max_length=20)),
                ('total', fields.IntField(default=0)),
                ('done', fields.IntField(default=0)),
                ('to_do', fields.IntField(default=0)),
            ],
            options={'table': 'checklist', 'app': 'qiban', 'constraints': [CheckConstraint(check="state <> 'complete' OR to_do = 0", name='complete_checklist_has_nothing_to_do'), UniqueConstraint(fields=('enterprise', 'template'), name='one_open_checklist', condition="state = 'open'")], 'indexes': [Index(fields=['enterprise_id', 'id']), Index(fields=['entry_id', 'id']), Index(fields=['template_id', 'state', 'id']), Index(fields=['zone_id', 'id'])], 'pk_attr': 'id', 'table_description': 'A template begun for one enterprise; `done` of `total` items are done, `to_do` are open.'},
            bases=['OfEnterprise'],
        ),
        ops.CreateModel(
            name='ChecklistItem',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('version', fields.IntField(default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_at', fields.DatetimeField(db_default=SqlDefault("'1970-01-01 00:00:00.000000+00:00'"), auto_now=False, auto_now_add=False)),
                ('zone', fields.ForeignKeyField('qiban.Zone', source_field='zone_id', db_constraint=True, to_field='id', related_name='checklist_items', on_delete=OnDelete.RESTRICT)),
                ('enterprise', fields.ForeignKeyField('qiban.Enterprise', source_field='enterprise_id', db_constraint=True, to_field='id', related_name='checklist_items', on_delete=OnDelete.RESTRICT)),
                ('checklist', fields.ForeignKeyField('qiban.Checklist', source_field='checklist_id', db_constraint=True, to_field='id', related_name='items', on_delete=OnDelete.RESTRICT)),
                ('place', fields.IntField()),
                ('name', fields.CharField(max_length=200)),
                ('state', fields.CharEnumField(description='ItemState', enum_type=ItemState, max_length=20)),
                ('evidence', fields.TextField(default='', unique=False)),
            ],
            options={'table': 'checklist_item', 'app': 'qiban', 'unique_together': (('checklist', 'place'),), 'constraints': [CheckConstraint(check="state <> 'done' OR evidence <> ''", name='done_item_has_its_evidence')], 'indexes': [Index(fields=['checklist_id', 'id']), Index(fields=['enterprise_id', 'id']), Index(fields=['zone_id', 'id'])], 'pk_attr': 'id', 'table_description': 'One item; what was done stands in `evidence`.'},
            bases=['OfEnterprise'],
        ),
        ops.CreateModel(
            name='Roadmap',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('version', fields.IntField(default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_at', fields.DatetimeField(db_default=SqlDefault("'1970-01-01 00:00:00.000000+00:00'"), auto_now=False, auto_now_add=False)),
                ('zone', fields.ForeignKeyField('qiban.Zone', source_field='zone_id', db_constraint=True, to_field='id', related_name='roadmaps', on_delete=OnDelete.RESTRICT)),
                ('enterprise', fields.ForeignKeyField('qiban.Enterprise', source_field='enterprise_id', db_constraint=True, to_field='id', related_name='roadmaps', on_delete=OnDelete.RESTRICT)),
                ('title', fields.CharField(max_length=200)),
                ('aim', fields.TextField(default='', unique=False)),
                ('edition', fields.IntField()),
                ('state', fields.CharEnumField(description='RoadmapState', enum_type=RoadmapState, max_length=20)),
                ('total', fields.IntField(default=0)),
                ('reached', fields.IntField(default=0)),
            ],
            options={'table': 'roadmap', 'app': 'qiban', 'unique_together': (('enterprise', 'edition'),), 'constraints': [UniqueConstraint(fields=('enterprise',), name='one_roadmap_holds', condition="state = 'active'")], 'indexes': [Index(fields=['enterprise_id', 'id']), Index(fields=['zone_id', 'id'])], 'pk_attr': 'id', 'table_description': "`edition` counts the enterprise's roadmaps from 1; `reached` of `total` milestones are reached."},
            bases=['OfEnterprise'],
        ),
        ops.CreateModel(
            name='Milestone',
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
                ('zone', fields.ForeignKeyField('qiban.Zone', source_field='zone_id', db_constraint=True, to_field='id', related_name='milestones', on_delete=OnDelete.RESTRICT)),
                ('enterprise', fields.ForeignKeyField('qiban.Enterprise', source_field='enterprise_id', db_constraint=True, to_field='id', related_name='milestones', on_delete=OnDelete.RESTRICT)),
                ('roadmap', fields.ForeignKeyField('qiban.Roadmap', source_field='roadmap_id', db_constraint=True, to_field='id', related_name='milestones', on_delete=OnDelete.RESTRICT)),
                ('title', fields.CharField(max_length=200)),
                ('due_on', fields.DateField()),
                ('reached_on', fields.DateField(null=True)),
                ('result', fields.TextField(default='', unique=False)),
                ('state', fields.CharEnumField(description='MilestoneState', enum_type=MilestoneState, max_length=20)),
            ],
            options={'table': 'milestone', 'app': 'qiban', 'constraints': [CheckConstraint(check="(reached_on IS NOT NULL) = (state = 'reached')", name='reached_milestone_has_its_day')], 'indexes': [Index(fields=['roadmap_id', 'due_on']), Index(fields=['enterprise_id', 'id']), Index(fields=['zone_id', 'state', 'id']), Index(fields=['zone_id', 'id']), Index(fields=['zone_id', 'grey', 'red_at', 'yellow_at'])], 'pk_attr': 'id', 'table_description': 'Something to be reached by the end of a day, and what came of it.'},
            bases=['OfEnterprise', 'Timed'],
        ),
    ]
