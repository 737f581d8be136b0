"""Vouchers: issued, used, redeemed."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.db_defaults import SqlDefault
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from domain.exact import Exact
from domain.records import new_id
from domain.vouchers import VoucherState


class Migration(migrations.Migration):
    dependencies = [("qiban", "0028_teams")]

    operations = [
        ops.CreateModel(
            name='Voucher',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('version', fields.IntField(default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_at', fields.DatetimeField(db_default=SqlDefault("'1970-01-01 00:00:00.000000+00:00'"), auto_now=False, auto_now_add=False)),
                ('zone', fields.ForeignKeyField('qiban.Zone', source_field='zone_id', db_constraint=True, to_field='id', related_name='vouchers', on_delete=OnDelete.RESTRICT)),
                ('enterprise', fields.ForeignKeyField('qiban.Enterprise', source_field='enterprise_id', db_constraint=True, to_field='id', related_name='vouchers', on_delete=OnDelete.RESTRICT)),
                ('number', fields.CharField(max_length=60)),
                ('amount', Exact(places=2)),
                ('issued_on', fields.DateField()),
                ('valid_until', fields.DateField(null=True)),
                ('used_on', fields.DateField(null=True)),
                ('used_amount', Exact(null=True, places=2)),
                ('provider', fields.CharField(default='', max_length=200)),
                ('redeemed_on', fields.DateField(null=True)),
                ('state', fields.CharEnumField(description='VoucherState', enum_type=VoucherState, max_length=20)),
                ('source', fields.CharField(max_length=300)),
            ],
            options={'table': 'voucher', 'app': 'qiban', 'constraints': [CheckConstraint(check='amount > 0', name='voucher_is_worth_something'), CheckConstraint(check='used_amount IS NULL OR (used_amount > 0 AND used_amount <= amount)', name='voucher_is_not_overused'), CheckConstraint(check="state NOT IN ('used', 'redeemed') OR (used_on IS NOT NULL AND used_amount IS NOT NULL)", name='used_voucher_has_its_day'), CheckConstraint(check="(redeemed_on IS NOT NULL) = (state = 'redeemed')", name='redeemed_voucher_has_its_day'), UniqueConstraint(fields=('zone', 'number'), name='one_voucher_a_number', condition="state <> 'void'")], 'indexes': [Index(fields=['enterprise_id', 'id']), Index(fields=['zone_id', 'state', 'issued_on']), Index(fields=['zone_id', 'id'])], 'pk_attr': 'id', 'table_description': 'One voucher of `amount` yuan; `valid_until` is the last day it can be used on, null where none is set. Of the'},
            bases=['OfEnterprise'],
        ),
        ops.AddField(
            model_name='Outcome',
            name='voucher',
            field=fields.ForeignKeyField('qiban.Voucher', source_field='voucher_id', null=True, db_index=True, db_constraint=True, to_field='id', related_name='outcomes', on_delete=OnDelete.RESTRICT),
        ),
    ]
