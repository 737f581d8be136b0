"""Teams, posts, and who was assigned to them from when until when."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.db_defaults import SqlDefault
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from domain.assignments import AssignmentState
from domain.posts import PostState
from domain.records import new_id
from domain.teams import TeamKind, TeamState


class Migration(migrations.Migration):
    dependencies = [("qiban", "0027_ladders")]

    operations = [
        ops.CreateModel(
            name='Post',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('version', fields.IntField(default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_at', fields.DatetimeField(db_default=SqlDefault("'1970-01-01 00:00:00.000000+00:00'"), auto_now=False, auto_now_add=False)),
                ('zone', fields.ForeignKeyField('qiban.Zone', source_field='zone_id', db_constraint=True, to_field='id', related_name='posts', on_delete=OnDelete.RESTRICT)),
                ('unit', fields.CharField(max_length=100)),
                ('title', fields.CharField(max_length=100)),
                ('since', fields.DateField()),
                ('ends_on', fields.DateField(null=True)),
                ('state', fields.CharEnumField(description='PostState', enum_type=PostState, max_length=20)),
                ('source', fields.CharField(default='', max_length=300)),
            ],
            options={'table': 'post', 'app': 'qiban', 'constraints': [CheckConstraint(check='ends_on IS NULL OR ends_on >= since', name='post_begins_before_it_ends'), CheckConstraint(check="(ends_on IS NULL) = (state = 'open')", name='abolished_post_has_its_day'), UniqueConstraint(fields=('zone', 'unit', 'title'), name='one_post_a_title', condition="state = 'open'")], 'indexes': [Index(fields=['zone_id', 'since']), Index(fields=['zone_id', 'id'])], 'pk_attr': 'id', 'table_description': 'One post of a unit 镇街, from `since`; `ends_on` is the first day it is asked for no more.'},
            bases=['Record'],
        ),
        ops.CreateModel(
            name='Team',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('version', fields.IntField(default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_at', fields.DatetimeField(db_default=SqlDefault("'1970-01-01 00:00:00.000000+00:00'"), auto_now=False, auto_now_add=False)),
                ('zone', fields.ForeignKeyField('qiban.Zone', source_field='zone_id', db_constraint=True, to_field='id', related_name='teams', on_delete=OnDelete.RESTRICT)),
                ('department', fields.ForeignKeyField('qiban.Department', source_field='department_id', null=True, db_constraint=True, to_field='id', related_name='teams', on_delete=OnDelete.RESTRICT)),
                ('name', fields.CharField(max_length=100)),
                ('kind_of', fields.CharEnumField(description='TeamKind', enum_type=TeamKind, max_length=20)),
                ('state', fields.CharEnumField(description='TeamState', enum_type=TeamState, max_length=20)),
                ('source', fields.CharField(default='', max_length=300)),
            ],
            options={'table': 'team', 'app': 'qiban', 'unique_together': (('zone', 'name'),), 'indexes': [Index(fields=['zone_id', 'id'])], 'pk_attr': 'id', 'table_description': 'One team. Who is in it, and when, is told by assignments.'},
            bases=['Record'],
        ),
        ops.CreateModel(
            name='Assignment',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('version', fields.IntField(default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_at', fields.DatetimeField(db_default=SqlDefault("'1970-01-01 00:00:00.000000+00:00'"), auto_now=False, auto_now_add=False)),
                ('zone', fields.ForeignKeyField('qiban.Zone', source_field='zone_id', db_constraint=True, to_field='id', related_name='assignments', on_delete=OnDelete.RESTRICT)),
                ('person', fields.ForeignKeyField('qiban.Person', source_field='person_id', db_constraint=True, to_field='id', related_name='assignments', on_delete=OnDelete.RESTRICT)),
                ('team', fields.ForeignKeyField('qiban.Team', source_field='team_id', null=True, db_constraint=True, to_field='id', related_name='assignments', on_delete=OnDelete.RESTRICT)),
                ('post', fields.ForeignKeyField('qiban.Post', source_field='post_id', null=True, db_constraint=True, to_field='id', related_name='assignments', on_delete=OnDelete.RESTRICT)),
                ('pupil', fields.ForeignKeyField('qiban.Person', source_field='pupil_id', null=True, db_constraint=True, to_field='id', related_name='mentors', on_delete=OnDelete.RESTRICT)),
                ('county', fields.CharField(null=True, max_length=60)),
                ('industry', fields.CharField(null=True, max_length=60)),
                ('title', fields.CharField(default='', max_length=100)),
                ('since', fields.DateField()),
                ('ends_on', fields.DateField(null=True)),
                ('state', fields.CharEnumField(description='AssignmentState', enum_type=AssignmentState, max_length=20)),
                ('source', fields.CharField(default='', max_length=300)),
            ],
            options={'table': 'assignment', 'app': 'qiban', 'constraints': [CheckConstraint(check='(CASE WHEN team_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN post_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN pupil_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN county IS NULL THEN 0 ELSE 1 END) + (CASE WHEN industry IS NULL THEN 0 ELSE 1 END) = 1', name='assigned_to_one_thing'), CheckConstraint(check='ends_on IS NULL OR ends_on >= since', name='assignment_begins_before_it_ends'), CheckConstraint(check="(ends_on IS NULL) = (state = 'held')", name='ended_assignment_has_its_day'), CheckConstraint(check='pupil_id IS NULL OR pupil_id <> person_id', name='nobody_mentors_themselves'), UniqueConstraint(fields=('post',), name='one_holder_a_post', condition="state = 'held'"), UniqueConstraint(fields=('pupil',), name='one_mentor_a_pupil', condition="state = 'held'"), UniqueConstraint(fields=('team', 'person'), name='once_in_a_team', condition="state = 'held'"), UniqueConstraint(fields=('zone', 'county'), name='one_for_a_county', condition="state = 'held'"), UniqueConstraint(fields=('zone', 'industry'), name='one_for_an_industry', condition="state = 'held'")], 'indexes': [Index(fields=['team_id', 'id']), Index(fields=['post_id', 'since']), Index(fields=['pupil_id', 'since']), Index(fields=['person_id', 'id']), Index(fields=['zone_id', 'county', 'since']), Index(fields=['zone_id', 'industry', 'since']), Index(fields=['zone_id', 'id'])], 'pk_attr': 'id', 'table_description': 'One person, to one of: a team, a post, a pupil, a county, an industry; from `since`. `ends_on` is the first day'},
            bases=['Record'],
        ),
    ]
