"""Webhooks, how each is reached, and what is to be told there."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.fields.db_defaults import SqlDefault
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from domain.records import new_id
from domain.webhooks import DeliveryState, Format, WebhookState


class Migration(migrations.Migration):
    dependencies = [("qiban", "0012_figures")]

    initial = False

    operations = [
        ops.CreateModel(
            name='Webhook',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('version', fields.IntField(default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('changed_at', fields.DatetimeField(db_default=SqlDefault("'1970-01-01 00:00:00.000000+00:00'"), auto_now=False, auto_now_add=False)),
                ('zone', fields.ForeignKeyField('qiban.Zone', source_field='zone_id', db_constraint=True, to_field='id', related_name='webhooks', on_delete=OnDelete.RESTRICT)),
                ('name', fields.CharField(max_length=100)),
                ('state', fields.CharEnumField(description='WebhookState', enum_type=WebhookState, max_length=20)),
                ('format', fields.CharEnumField(description='Format', enum_type=Format, max_length=20)),
                ('host', fields.CharField(max_length=260)),
                ('told', fields.JSONField(default=list, encoder=JSON_DUMPS, decoder=loads)),
            ],
            options={'table': 'webhook', 'app': 'qiban', 'indexes': [Index(fields=['zone_id', 'state'])], 'pk_attr': 'id', 'table_description': 'A place outside that hears of the moves of a zone and the zones below: `told` as "kind.move", all when empty.'},
            bases=['Record'],
        ),
        ops.CreateModel(
            name='Delivery',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('webhook', fields.ForeignKeyField('qiban.Webhook', source_field='webhook_id', db_constraint=True, to_field='id', related_name='deliveries', on_delete=OnDelete.RESTRICT)),
                ('zone_id', fields.UUIDField()),
                ('entry_id', fields.UUIDField()),
                ('record_kind', fields.CharField(max_length=40)),
                ('move', fields.CharField(max_length=60)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('state', fields.CharEnumField(description='DeliveryState', enum_type=DeliveryState, max_length=20)),
                ('attempts', fields.IntField(default=0)),
                ('next_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('delivered_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('last_status', fields.CharField(default='', max_length=200)),
            ],
            options={'table': 'delivery', 'app': 'qiban', 'unique_together': (('entry_id', 'webhook'),), 'indexes': [Index(fields=['webhook_id', 'state', 'id']), Index(fields=['zone_id', 'state', 'id']), Index(fields=['state', 'next_at']), Index(fields=['at']), Index(fields=['webhook_id', 'delivered_at'])], 'pk_attr': 'id', 'table_description': 'One entry to be told at one webhook; its id is the idempotency key its receiver knows it by.'},
            bases=['Seen', 'Model'],
        ),
        ops.CreateModel(
            name='Outlet',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('webhook', fields.OneToOneField('qiban.Webhook', source_field='webhook_id', db_constraint=True, to_field='id', related_name='outlet', on_delete=OnDelete.RESTRICT)),
                ('address', fields.TextField(unique=False)),
                ('secret', fields.TextField(default='', unique=False)),
                ('next_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('failures', fields.IntField(default=0)),
            ],
            options={'table': 'outlet', 'app': 'qiban', 'pk_attr': 'id', 'table_description': 'How a webhook is reached, sealed and shown to nobody; and how it fares: whoever works it off holds it until'},
            bases=['Model'],
        ),
    ]
