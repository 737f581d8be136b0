"""Cultivation libraries and the entries in them."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.fields.db_defaults import SqlDefault
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from domain.exact import Exact
from domain.kinds import RecognitionKind
from domain.libraries import LibraryState, Members
from domain.library_entries import LibraryEntryState
from domain.records import new_id


class Migration(migrations.Migration):
    dependencies = [("qiban", "0017_recognitions")]

    operations = [
        ops.CreateModel(
            name='Library',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('version', fields.IntField(default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_at', fields.DatetimeField(db_default=SqlDefault("'1970-01-01 00:00:00.000000+00:00'"), auto_now=False, auto_now_add=False)),
                ('zone', fields.ForeignKeyField('qiban.Zone', source_field='zone_id', db_constraint=True, to_field='id', related_name='libraries', on_delete=OnDelete.RESTRICT)),
                ('department', fields.ForeignKeyField('qiban.Department', source_field='department_id', null=True, db_constraint=True, to_field='id', related_name='libraries', on_delete=OnDelete.RESTRICT)),
                ('name', fields.CharField(max_length=100)),
                ('members', fields.CharEnumField(description='Members', enum_type=Members, max_length=20)),
                ('recognised_as', fields.CharEnumField(null=True, description='RecognitionKind', enum_type=RecognitionKind, max_length=30)),
                ('stages', fields.JSONField(default=list, encoder=JSON_DUMPS, decoder=loads)),
                ('criteria', fields.JSONField(default=list, encoder=JSON_DUMPS, decoder=loads)),
                ('passing', Exact(null=True, places=2)),
                ('plan_required', fields.BooleanField()),
                ('fast_track', fields.CharField(default='', max_length=500)),
                ('entitlements', fields.JSONField(default=list, encoder=JSON_DUMPS, decoder=loads)),
                ('state', fields.CharEnumField(description='LibraryState', enum_type=LibraryState, max_length=20)),
                ('source', fields.CharField(default='', max_length=300)),
            ],
            options={'table': 'library', 'app': 'qiban', 'unique_together': (('zone', 'name'),), 'indexes': [Index(fields=['zone_id', 'id'])], 'pk_attr': 'id', 'table_description': "`stages` are the zone's own words, first to last (优选、培育、成熟、申报; 储备、培育、提升). `criteria` is the entry"},
            bases=['Record'],
        ),
        ops.CreateModel(
            name='LibraryEntry',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('version', fields.IntField(default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_at', fields.DatetimeField(db_default=SqlDefault("'1970-01-01 00:00:00.000000+00:00'"), auto_now=False, auto_now_add=False)),
                ('zone', fields.ForeignKeyField('qiban.Zone', source_field='zone_id', db_constraint=True, to_field='id', related_name='library_entries', on_delete=OnDelete.RESTRICT)),
                ('enterprise', fields.ForeignKeyField('qiban.Enterprise', source_field='enterprise_id', db_constraint=True, to_field='id', related_name='library_entries', on_delete=OnDelete.RESTRICT)),
                ('library', fields.ForeignKeyField('qiban.Library', source_field='library_id', db_constraint=True, to_field='id', related_name='entries', on_delete=OnDelete.RESTRICT)),
                ('department', fields.ForeignKeyField('qiban.Department', source_field='department_id', null=True, db_constraint=True, to_field='id', related_name='library_entries', on_delete=OnDelete.RESTRICT)),
                ('recognition', fields.ForeignKeyField('qiban.Recognition', source_field='recognition_id', null=True, db_constraint=True, to_field='id', related_name='library_entries', on_delete=OnDelete.RESTRICT)),
                ('title', fields.CharField(default='', max_length=200)),
                ('stage', fields.IntField()),
                ('stage_name', fields.CharField(max_length=40)),
                ('stages', fields.IntField()),
                ('fast_track', fields.BooleanField()),
                ('fast_tracked', fields.BooleanField(default=False)),
                ('state', fields.CharEnumField(description='LibraryEntryState', enum_type=LibraryEntryState, max_length=20)),
                ('plan', fields.TextField(default='', unique=False)),
                ('scores', fields.JSONField(default=list, encoder=JSON_DUMPS, decoder=loads)),
                ('score', Exact(null=True, places=2)),
                ('entered_on', fields.DateField()),
                ('applied_on', fields.DateField(null=True)),
                ('left_on', fields.DateField(null=True)),
                ('left_because', fields.TextField(default='', unique=False)),
                ('source', fields.CharField(default='', max_length=300)),
            ],
            options={'table': 'library_entry', 'app': 'qiban', 'constraints': [CheckConstraint(check='stage >= 0 AND stage < stages', name='entry_is_in_a_stage'), CheckConstraint(check="(left_on IS NULL) = (state = 'inside')", name='whoever_left_has_the_day'), CheckConstraint(check="state <> 'exited' OR left_because <> ''", name='exit_has_its_reason'), UniqueConstraint(fields=('enterprise', 'library', 'title'), name='inside_once', condition="state = 'inside'")], 'indexes': [Index(fields=['enterprise_id', 'state', 'id']), Index(fields=['library_id', 'state', 'stage']), Index(fields=['department_id', 'state', 'id']), Index(fields=['zone_id', 'id'])], 'pk_attr': 'id', 'table_description': "`stage` is the place of `stage_name` among the library's stages, from 0; `stages` how many these were when it"},
            bases=['OfEnterprise'],
        ),
    ]
