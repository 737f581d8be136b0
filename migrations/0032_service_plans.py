"""Milestones on the lines of a service plan, and the cases they are worked on through."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops

from domain.roadmaps import PlanLine


class Migration(migrations.Migration):
    dependencies = [("qiban", "0031_needs")]

    operations = [
        ops.AddField(
            model_name='Milestone',
            name='case',
            field=fields.ForeignKeyField('qiban.Case', source_field='case_id', null=True, db_index=True, db_constraint=True, to_field='id', related_name='milestones', on_delete=OnDelete.RESTRICT),
        ),
        ops.AddField(
            model_name='Milestone',
            name='line',
            field=fields.CharEnumField(null=True, description='PlanLine', enum_type=PlanLine, max_length=20),
        ),
        ops.AddField(
            model_name='Roadmap',
            name='high_tech_reached',
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='Roadmap',
            name='high_tech_total',
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='Roadmap',
            name='policy_reached',
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='Roadmap',
            name='policy_total',
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='Roadmap',
            name='project_reached',
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='Roadmap',
            name='project_total',
            field=fields.IntField(default=0, db_default=0),
        ),
    ]
