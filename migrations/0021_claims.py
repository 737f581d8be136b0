"""Claims, the appropriations they are granted from, and contracts that they wait for."""

from decimal import Decimal

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.db_defaults import SqlDefault
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from domain.claims import ClaimState
from domain.contracts import ContractState
from domain.exact import Exact
from domain.kinds import RecognitionKind
from domain.records import new_id


class Migration(migrations.Migration):
    dependencies = [("qiban", "0020_policies")]

    operations = [
        ops.CreateModel(
            name='Appropriation',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('version', fields.IntField(default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_at', fields.DatetimeField(db_default=SqlDefault("'1970-01-01 00:00:00.000000+00:00'"), auto_now=False, auto_now_add=False)),
                ('zone', fields.ForeignKeyField('qiban.Zone', source_field='zone_id', db_constraint=True, to_field='id', related_name='appropriations', on_delete=OnDelete.RESTRICT)),
                ('policy', fields.ForeignKeyField('qiban.Policy', source_field='policy_id', db_constraint=True, to_field='id', related_name='appropriations', on_delete=OnDelete.RESTRICT)),
                ('year', fields.IntField()),
                ('amount', Exact(places=2)),
                ('granted', Exact(default=Decimal('0'), places=2)),
                ('paid', Exact(default=Decimal('0'), places=2)),
                ('source', fields.CharField(max_length=300)),
                ('author', fields.ForeignKeyField('qiban.Person', source_field='author_id', null=True, db_constraint=True, to_field='id', related_name='appropriations', on_delete=OnDelete.RESTRICT)),
            ],
            options={'table': 'appropriation', 'app': 'qiban', 'unique_together': (('policy', 'year'),), 'constraints': [CheckConstraint(check='granted >= 0 AND granted <= amount', name='no_appropriation_is_overdrawn'), CheckConstraint(check='paid >= 0 AND paid <= granted', name='no_more_is_paid_than_granted')], 'indexes': [Index(fields=['zone_id', 'year'])], 'pk_attr': 'id', 'table_description': 'Yuan of one policy in one year. What is granted is taken from it at once, and can never be more than there is.'},
            bases=['Record'],
        ),
        ops.CreateModel(
            name='Claim',
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
                ('zone', fields.ForeignKeyField('qiban.Zone', source_field='zone_id', db_constraint=True, to_field='id', related_name='claims', on_delete=OnDelete.RESTRICT)),
                ('enterprise', fields.ForeignKeyField('qiban.Enterprise', source_field='enterprise_id', db_constraint=True, to_field='id', related_name='claims', on_delete=OnDelete.RESTRICT)),
                ('policy', fields.ForeignKeyField('qiban.Policy', source_field='policy_id', db_constraint=True, to_field='id', related_name='claims', on_delete=OnDelete.RESTRICT)),
                ('benefit', fields.ForeignKeyField('qiban.Benefit', source_field='benefit_id', db_constraint=True, to_field='id', related_name='claims', on_delete=OnDelete.RESTRICT)),
                ('application', fields.ForeignKeyField('qiban.Application', source_field='application_id', null=True, db_constraint=True, to_field='id', related_name='claims', on_delete=OnDelete.RESTRICT)),
                ('department', fields.ForeignKeyField('qiban.Department', source_field='department_id', null=True, db_constraint=True, to_field='id', related_name='claims', on_delete=OnDelete.RESTRICT)),
                ('appropriation', fields.ForeignKeyField('qiban.Appropriation', source_field='appropriation_id', null=True, db_constraint=True, to_field='id', related_name='claims', on_delete=OnDelete.RESTRICT)),
                ('code', fields.CharField(max_length=40)),
                ('claimed_for', fields.CharField(default='', max_length=40)),
                ('note', fields.TextField(default='', unique=False)),
                ('quoted_low', Exact(null=True, places=2)),
                ('quoted_high', Exact(null=True, places=2)),
                ('amount', Exact(null=True, places=2)),
                ('basis', fields.TextField(default='', unique=False)),
                ('decision', fields.TextField(default='', unique=False)),
                ('voucher', fields.CharField(default='', max_length=100)),
                ('filed_on', fields.DateField()),
                ('granted_on', fields.DateField(null=True)),
                ('paid_on', fields.DateField(null=True)),
                ('state', fields.CharEnumField(description='ClaimState', enum_type=ClaimState, max_length=20)),
            ],
            options={'table': 'claim', 'app': 'qiban', 'constraints': [UniqueConstraint(fields=('enterprise', 'policy', 'code', 'claimed_for'), name='claimed_once', condition="state NOT IN ('turned_down', 'withdrawn')"), CheckConstraint(check="state NOT IN ('granted', 'paid') OR (amount > 0 AND appropriation_id IS NOT NULL AND granted_on IS NOT NULL)", name='granted_claim_has_amount_and_appropriation'), CheckConstraint(check="(paid_on IS NOT NULL) = (state = 'paid')", name='paid_claim_has_its_day')], 'indexes': [Index(fields=['enterprise_id', 'id']), Index(fields=['policy_id', 'state', 'id']), Index(fields=['benefit_id']), Index(fields=['application_id']), Index(fields=['department_id', 'state', 'id']), Index(fields=['zone_id', 'state', 'id']), Index(fields=['zone_id', 'paid_on']), Index(fields=['zone_id', 'id']), Index(fields=['zone_id', 'grey', 'red_at', 'yellow_at'])], 'pk_attr': 'id', 'table_description': 'One claim. `claimed_for` is what a benefit is claimed for once: a year, an application, or nothing; with the'},
            bases=['OfEnterprise', 'Timed'],
        ),
        ops.CreateModel(
            name='Contract',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('version', fields.IntField(default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_at', fields.DatetimeField(db_default=SqlDefault("'1970-01-01 00:00:00.000000+00:00'"), auto_now=False, auto_now_add=False)),
                ('zone', fields.ForeignKeyField('qiban.Zone', source_field='zone_id', db_constraint=True, to_field='id', related_name='contracts', on_delete=OnDelete.RESTRICT)),
                ('enterprise', fields.ForeignKeyField('qiban.Enterprise', source_field='enterprise_id', db_constraint=True, to_field='id', related_name='contracts', on_delete=OnDelete.RESTRICT)),
                ('name', fields.CharField(max_length=200)),
                ('signed_on', fields.DateField()),
                ('apply_as', fields.CharEnumField(description='RecognitionKind', enum_type=RecognitionKind, max_length=30)),
                ('apply_by', fields.DateField()),
                ('application', fields.ForeignKeyField('qiban.Application', source_field='application_id', null=True, db_constraint=True, to_field='id', related_name='contracts', on_delete=OnDelete.RESTRICT)),
                ('state', fields.CharEnumField(description='ContractState', enum_type=ContractState, max_length=20)),
                ('source', fields.CharField(max_length=300)),
            ],
            options={'table': 'contract', 'app': 'qiban', 'constraints': [CheckConstraint(check='apply_by >= signed_on', name='contract_is_signed_before_it_is_met'), CheckConstraint(check="(state = 'met') = (application_id IS NOT NULL)", name='met_contract_has_its_application')], 'indexes': [Index(fields=['enterprise_id', 'state', 'id']), Index(fields=['application_id']), Index(fields=['zone_id', 'state', 'apply_by'])], 'pk_attr': 'id', 'table_description': 'One contract and what it asks for: an application to be recognised as a kind, by a day.'},
            bases=['OfEnterprise'],
        ),
        ops.AddField(
            model_name='Enterprise',
            name='unmet_contracts',
            field=fields.IntField(default=0, db_default=0),
        ),
    ]
