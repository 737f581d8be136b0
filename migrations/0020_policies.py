"""Policies, their versions, clauses and benefits."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.db_defaults import SqlDefault
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from domain.policies import ContentState, Per, PolicyState, VersionState
from domain.records import new_id


class Migration(migrations.Migration):
    dependencies = [("qiban", "0019_checklists_and_roadmaps")]

    initial = False

    operations = [
        ops.CreateModel(
            name='Policy',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('version', fields.IntField(default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_at', fields.DatetimeField(db_default=SqlDefault("'1970-01-01 00:00:00.000000+00:00'"), auto_now=False, auto_now_add=False)),
                ('sequence', fields.IntField(default=0)),
                ('head', fields.CharField(default='', max_length=64)),
                ('zone', fields.ForeignKeyField('qiban.Zone', source_field='zone_id', db_constraint=True, to_field='id', related_name='policies', on_delete=OnDelete.RESTRICT)),
                ('name', fields.CharField(max_length=200)),
                ('department', fields.ForeignKeyField('qiban.Department', source_field='department_id', null=True, db_constraint=True, to_field='id', related_name='policies', on_delete=OnDelete.RESTRICT)),
                ('state', fields.CharEnumField(description='PolicyState', enum_type=PolicyState, max_length=20)),
            ],
            options={'table': 'policy', 'app': 'qiban', 'unique_together': (('zone', 'name'),), 'indexes': [Index(fields=['zone_id', 'state', 'id'])], 'pk_attr': 'id', 'table_description': 'One policy document, over all its versions.'},
            bases=['_Published', 'Subject'],
        ),
        ops.CreateModel(
            name='PolicyVersion',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('version', fields.IntField(default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_at', fields.DatetimeField(db_default=SqlDefault("'1970-01-01 00:00:00.000000+00:00'"), auto_now=False, auto_now_add=False)),
                ('zone', fields.ForeignKeyField('qiban.Zone', source_field='zone_id', db_constraint=True, to_field='id', related_name='policy_versions', on_delete=OnDelete.RESTRICT)),
                ('policy', fields.ForeignKeyField('qiban.Policy', source_field='policy_id', db_constraint=True, to_field='id', related_name='versions', on_delete=OnDelete.RESTRICT)),
                ('number', fields.IntField()),
                ('document_number', fields.CharField(default='', max_length=100)),
                ('source', fields.CharField(max_length=300)),
                ('author', fields.ForeignKeyField('qiban.Person', source_field='author_id', null=True, db_constraint=True, to_field='id', related_name='policy_versions', on_delete=OnDelete.RESTRICT)),
                ('state', fields.CharEnumField(description='VersionState', enum_type=VersionState, max_length=20)),
                ('holds_from', fields.DateField(null=True)),
                ('holds_until', fields.DateField(null=True)),
            ],
            options={'table': 'policy_version', 'app': 'qiban', 'unique_together': (('policy', 'number'), ('policy', 'holds_from')), 'constraints': [CheckConstraint(check="state NOT IN ('published', 'ended') OR holds_from IS NOT NULL", name='published_version_has_its_day'), CheckConstraint(check='holds_until IS NULL OR holds_until >= holds_from', name='version_ends_after_its_day')], 'indexes': [Index(fields=['zone_id', 'state', 'holds_from'])], 'pk_attr': 'id', 'table_description': 'A version of a policy. It holds from a day on, up to the day before the next one does or it is repealed.'},
            bases=['_Published', 'Record'],
        ),
        ops.CreateModel(
            name='Clause',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('version', fields.IntField(default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_at', fields.DatetimeField(db_default=SqlDefault("'1970-01-01 00:00:00.000000+00:00'"), auto_now=False, auto_now_add=False)),
                ('zone', fields.ForeignKeyField('qiban.Zone', source_field='zone_id', db_constraint=True, to_field='id', related_name='clauses', on_delete=OnDelete.RESTRICT)),
                ('policy', fields.ForeignKeyField('qiban.Policy', source_field='policy_id', db_constraint=True, to_field='id', related_name='clauses', on_delete=OnDelete.RESTRICT)),
                ('version_of', fields.ForeignKeyField('qiban.PolicyVersion', source_field='version_of_id', db_constraint=True, to_field='id', related_name='clauses', on_delete=OnDelete.RESTRICT)),
                ('number', fields.CharField(max_length=40)),
                ('text', fields.TextField(unique=False)),
                ('state', fields.CharEnumField(description='ContentState', enum_type=ContentState, max_length=20)),
            ],
            options={'table': 'clause', 'app': 'qiban', 'constraints': [UniqueConstraint(fields=('version_of', 'number'), name='one_clause_a_number', condition="state <> 'dropped'")], 'indexes': [Index(fields=['version_of_id', 'id']), Index(fields=['policy_id', 'id']), Index(fields=['zone_id', 'id'])], 'pk_attr': 'id', 'table_description': "A clause of a version, in the text's own words."},
            bases=['_Published', 'Record'],
        ),
        ops.CreateModel(
            name='Benefit',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('version', fields.IntField(default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_at', fields.DatetimeField(db_default=SqlDefault("'1970-01-01 00:00:00.000000+00:00'"), auto_now=False, auto_now_add=False)),
                ('zone', fields.ForeignKeyField('qiban.Zone', source_field='zone_id', db_constraint=True, to_field='id', related_name='benefits', on_delete=OnDelete.RESTRICT)),
                ('policy', fields.ForeignKeyField('qiban.Policy', source_field='policy_id', db_constraint=True, to_field='id', related_name='benefits', on_delete=OnDelete.RESTRICT)),
                ('version_of', fields.ForeignKeyField('qiban.PolicyVersion', source_field='version_of_id', db_constraint=True, to_field='id', related_name='benefits', on_delete=OnDelete.RESTRICT)),
                ('clause', fields.ForeignKeyField('qiban.Clause', source_field='clause_id', db_constraint=True, to_field='id', related_name='benefits', on_delete=OnDelete.RESTRICT)),
                ('code', fields.CharField(max_length=40)),
                ('name', fields.CharField(max_length=200)),
                ('per', fields.CharEnumField(description='Per', enum_type=Per, max_length=20)),
                ('eligibility', fields.TextField(description='JSON', unique=False)),
                ('amount', fields.TextField(description='JSON', unique=False)),
                ('state', fields.CharEnumField(description='ContentState', enum_type=ContentState, max_length=20)),
            ],
            options={'table': 'benefit', 'app': 'qiban', 'constraints': [UniqueConstraint(fields=('version_of', 'code'), name='one_benefit_a_code', condition="state <> 'dropped'")], 'indexes': [Index(fields=['version_of_id', 'id']), Index(fields=['clause_id']), Index(fields=['policy_id', 'id']), Index(fields=['zone_id', 'id'])], 'pk_attr': 'id', 'table_description': 'What a clause grants, to whom: `eligibility` is a list of conditions that must all hold, `amount` how much, both'},
            bases=['_Published', 'Record'],
        ),
    ]
