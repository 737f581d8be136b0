"""Notices, and what a person does not want to hear."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from domain.records import new_id


class Migration(migrations.Migration):
    dependencies = [('qiban', '0004_spans')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Notice',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('person_id', fields.UUIDField()),
                ('entry_id', fields.UUIDField()),
                ('zone_id', fields.UUIDField()),
                ('subject_id', fields.UUIDField()),
                ('record_kind', fields.CharField(max_length=40)),
                ('record_id', fields.UUIDField()),
                ('move', fields.CharField(max_length=60)),
                ('asked', fields.BooleanField()),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('read_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'notice', 'app': 'qiban', 'unique_together': (('entry_id', 'person_id'),), 'indexes': [Index(fields=['person_id', 'id']), Index(fields=['person_id', 'read_at']), Index(fields=['at'])], 'pk_attr': 'id', 'table_description': 'One person told of one entry, written in its transaction. `asked`: something is now up to this person.'},
            bases=['Seen', 'Model'],
        ),
        ops.CreateModel(
            name='Silence',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('person', fields.ForeignKeyField('qiban.Person', source_field='person_id', db_constraint=True, to_field='id', related_name='silences', on_delete=OnDelete.RESTRICT)),
                ('record_kind', fields.CharField(max_length=40)),
                ('move', fields.CharField(max_length=60)),
            ],
            options={'table': 'silence', 'app': 'qiban', 'unique_together': (('person', 'record_kind', 'move'),), 'pk_attr': 'id', 'table_description': 'A move that a person does not want to be told of, unless something is asked of them by it.'},
            bases=['Model'],
        ),
    ]
