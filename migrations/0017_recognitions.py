"""Campaigns, applications, recognitions, and counts filed of them."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.db_defaults import SqlDefault
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from domain.applications import ApplicationState
from domain.campaigns import CampaignState
from domain.facts import FactStatus
from domain.filed_counts import FiledCountState, Measure
from domain.kinds import Level, RecognitionKind
from domain.recognitions import RecognitionState
from domain.records import new_id


class Migration(migrations.Migration):
    dependencies = [("qiban", "0016_session_changes")]

    operations = [
        ops.CreateModel(
            name='Campaign',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('version', fields.IntField(default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_at', fields.DatetimeField(db_default=SqlDefault("'1970-01-01 00:00:00.000000+00:00'"), auto_now=False, auto_now_add=False)),
                ('zone', fields.ForeignKeyField('qiban.Zone', source_field='zone_id', db_constraint=True, to_field='id', related_name='campaigns', on_delete=OnDelete.RESTRICT)),
                ('department', fields.ForeignKeyField('qiban.Department', source_field='department_id', null=True, db_constraint=True, to_field='id', related_name='campaigns', on_delete=OnDelete.RESTRICT)),
                ('name', fields.CharField(max_length=100)),
                ('year', fields.IntField()),
                ('recognised_as', fields.CharEnumField(description='RecognitionKind', enum_type=RecognitionKind, max_length=30)),
                ('level', fields.CharEnumField(description='Level', enum_type=Level, max_length=20)),
                ('opens_on', fields.DateField()),
                ('closes_on', fields.DateField()),
                ('state', fields.CharEnumField(description='CampaignState', enum_type=CampaignState, max_length=20)),
                ('source', fields.CharField(default='', max_length=300)),
            ],
            options={'table': 'campaign', 'app': 'qiban', 'unique_together': (('zone', 'year', 'name'),), 'constraints': [CheckConstraint(check='closes_on >= opens_on', name='campaign_opens_before_it_closes')], 'indexes': [Index(fields=['zone_id', 'year', 'recognised_as']), Index(fields=['zone_id', 'id'])], 'pk_attr': 'id', 'table_description': 'Enterprises apply from `opens_on` through `closes_on`, in this zone and the zones below it.'},
            bases=['Record'],
        ),
        ops.CreateModel(
            name='Application',
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
                ('zone', fields.ForeignKeyField('qiban.Zone', source_field='zone_id', db_constraint=True, to_field='id', related_name='applications', on_delete=OnDelete.RESTRICT)),
                ('enterprise', fields.ForeignKeyField('qiban.Enterprise', source_field='enterprise_id', db_constraint=True, to_field='id', related_name='applications', on_delete=OnDelete.RESTRICT)),
                ('campaign', fields.ForeignKeyField('qiban.Campaign', source_field='campaign_id', db_constraint=True, to_field='id', related_name='applications', on_delete=OnDelete.RESTRICT)),
                ('department', fields.ForeignKeyField('qiban.Department', source_field='department_id', null=True, db_constraint=True, to_field='id', related_name='applications', on_delete=OnDelete.RESTRICT)),
                ('state', fields.CharEnumField(description='ApplicationState', enum_type=ApplicationState, max_length=20)),
                ('first_time', fields.BooleanField()),
                ('title', fields.CharField(default='', max_length=200)),
                ('submitted_on', fields.DateField(null=True)),
                ('recommended_on', fields.DateField(null=True)),
                ('decided_on', fields.DateField(null=True)),
                ('status', fields.CharEnumField(description='FactStatus', enum_type=FactStatus, max_length=20)),
                ('source', fields.CharField(default='', max_length=300)),
            ],
            options={'table': 'application', 'app': 'qiban', 'constraints': [CheckConstraint(check="state IN ('draft', 'withdrawn') OR submitted_on IS NOT NULL", name='application_was_submitted'), CheckConstraint(check="(decided_on IS NOT NULL) = (state IN ('recognised', 'not_recognised'))", name='decided_application_has_its_day'), UniqueConstraint(fields=('enterprise', 'campaign'), name='one_application_a_campaign', condition="state <> 'withdrawn'")], 'indexes': [Index(fields=['enterprise_id', 'id']), Index(fields=['campaign_id', 'state', 'id']), Index(fields=['department_id', 'state', 'id']), Index(fields=['zone_id', 'state', 'id']), Index(fields=['zone_id', 'id']), Index(fields=['zone_id', 'grey', 'red_at', 'yellow_at'])], 'pk_attr': 'id', 'table_description': "One enterprise in one campaign. `department` is the campaign's; `first_time` says that the enterprise was never"},
            bases=['OfEnterprise', 'Timed'],
        ),
        ops.CreateModel(
            name='FiledCount',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('version', fields.IntField(default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_at', fields.DatetimeField(db_default=SqlDefault("'1970-01-01 00:00:00.000000+00:00'"), auto_now=False, auto_now_add=False)),
                ('zone', fields.ForeignKeyField('qiban.Zone', source_field='zone_id', db_constraint=True, to_field='id', related_name='filed_counts', on_delete=OnDelete.RESTRICT)),
                ('recognised_as', fields.CharEnumField(description='RecognitionKind', enum_type=RecognitionKind, max_length=30)),
                ('level', fields.CharEnumField(description='Level', enum_type=Level, max_length=20)),
                ('measure', fields.CharEnumField(description='Measure', enum_type=Measure, max_length=20)),
                ('since', fields.DateField(null=True)),
                ('until', fields.DateField()),
                ('count', fields.IntField()),
                ('state', fields.CharEnumField(description='FiledCountState', enum_type=FiledCountState, max_length=20)),
                ('status', fields.CharEnumField(description='FactStatus', enum_type=FactStatus, max_length=20)),
                ('source', fields.CharField(max_length=300)),
            ],
            options={'table': 'filed_count', 'app': 'qiban', 'constraints': [CheckConstraint(check="(since IS NULL) = (measure = 'stock')", name='only_a_stock_is_of_one_day'), CheckConstraint(check='since IS NULL OR since <= until', name='filed_period_begins_before_it_ends'), CheckConstraint(check="count >= 0 OR measure = 'net'", name='only_a_net_count_is_negative')], 'indexes': [Index(fields=['zone_id', 'recognised_as', 'until']), Index(fields=['zone_id', 'id'])], 'pk_attr': 'id', 'table_description': 'One number of one kind, through `until`; from `since` where it is of a period. Two that differ are both kept.'},
            bases=['Record'],
        ),
        ops.CreateModel(
            name='Recognition',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('version', fields.IntField(default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_at', fields.DatetimeField(db_default=SqlDefault("'1970-01-01 00:00:00.000000+00:00'"), auto_now=False, auto_now_add=False)),
                ('zone', fields.ForeignKeyField('qiban.Zone', source_field='zone_id', db_constraint=True, to_field='id', related_name='recognitions', on_delete=OnDelete.RESTRICT)),
                ('enterprise', fields.ForeignKeyField('qiban.Enterprise', source_field='enterprise_id', db_constraint=True, to_field='id', related_name='recognitions', on_delete=OnDelete.RESTRICT)),
                ('application', fields.ForeignKeyField('qiban.Application', source_field='application_id', null=True, db_constraint=True, to_field='id', related_name='recognitions', on_delete=OnDelete.RESTRICT)),
                ('renews', fields.ForeignKeyField('qiban.Recognition', source_field='renews_id', null=True, db_constraint=True, to_field='id', related_name='renewals', on_delete=OnDelete.RESTRICT)),
                ('recognised_as', fields.CharEnumField(description='RecognitionKind', enum_type=RecognitionKind, max_length=30)),
                ('level', fields.CharEnumField(description='Level', enum_type=Level, max_length=20)),
                ('title', fields.CharField(default='', max_length=200)),
                ('certificate_number', fields.CharField(default='', max_length=60)),
                ('recognised_on', fields.DateField()),
                ('valid_from', fields.DateField()),
                ('valid_until', fields.DateField(null=True)),
                ('ends_on', fields.DateField(null=True)),
                ('state', fields.CharEnumField(description='RecognitionState', enum_type=RecognitionState, max_length=20)),
                ('status', fields.CharEnumField(description='FactStatus', enum_type=FactStatus, max_length=20)),
                ('source', fields.CharField(default='', max_length=300)),
            ],
            options={'table': 'recognition', 'app': 'qiban', 'constraints': [CheckConstraint(check='valid_until IS NULL OR valid_until >= valid_from', name='recognition_begins_before_it_expires'), CheckConstraint(check='ends_on IS NULL OR ends_on >= valid_from', name='recognition_begins_before_it_ends'), UniqueConstraint(fields=('application',), name='recognised_once_an_application'), UniqueConstraint(fields=('renews',), name='renewed_once'), UniqueConstraint(fields=('zone', 'recognised_as', 'certificate_number'), name='one_certificate_a_number', condition="certificate_number <> '' AND state = 'valid'")], 'indexes': [Index(fields=['enterprise_id', 'recognised_as', 'valid_from']), Index(fields=['zone_id', 'recognised_as', 'valid_from']), Index(fields=['zone_id', 'recognised_as', 'ends_on']), Index(fields=['zone_id', 'id'])], 'pk_attr': 'id', 'table_description': 'One certificate, or one entry in a list of those recognised.'},
            bases=['OfEnterprise'],
        ),
    ]
