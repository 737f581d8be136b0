"""Campaigns of application 申报批次: one kind of recognition in one year, in whose charge, from when until when."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q
from tortoise.migrations.constraints import CheckConstraint

from domain.departments import Department
from domain.kinds import Level, RecognitionKind
from domain.records import Record
from domain.viewers import Viewer
from domain.words import Word
from domain.zones import Zone


class CampaignState(Word):
    """批次状态"""

    ANNOUNCED = "announced", "已发布", "Applications are taken while its window is open"
    CLOSED = "closed", "已结束", "Over, whatever its window says"


class Campaign(Record):
    """Enterprises apply from `opens_on` through `closes_on`, in this zone and the zones below it."""

    subject = "zone"
    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="campaigns", on_delete=fields.RESTRICT
    )
    department: fields.ForeignKeyNullableRelation[Department] = fields.ForeignKeyField(
        "qiban.Department", related_name="campaigns", null=True, on_delete=fields.RESTRICT
    )
    name = fields.CharField(max_length=100)
    year = fields.IntField()
    recognised_as = fields.CharEnumField(RecognitionKind, max_length=30, description="RecognitionKind")
    level = fields.CharEnumField(Level, max_length=20, description="Level")
    opens_on: date = fields.DateField()
    closes_on: date = fields.DateField()
    state = fields.CharEnumField(CampaignState, max_length=20, description="CampaignState")
    source = fields.CharField(max_length=300, default="")
    zone_id: UUID
    department_id: UUID | None

    class Meta:
        table = "campaign"
        constraints = (CheckConstraint("closes_on >= opens_on", name="campaign_opens_before_it_closes"),)
        unique_together = (("zone", "year", "name"),)
        indexes = (("zone_id", "year", "recognised_as"), ("zone_id", "id"))

    @classmethod
    def visible_to(cls, viewer: Viewer) -> Q:
        """Whoever has to do with the zone, and staff of the zones below: they take part."""
        return Q(zone_id__in=viewer.directory | viewer.contact_zones)
