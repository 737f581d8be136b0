"""Carriers 载体: the parks, incubators and enclaves in which enterprises are housed (LYG-07)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q

from domain.records import Record
from domain.viewers import Viewer
from domain.words import Word
from domain.zones import Zone

if TYPE_CHECKING:
    from domain.enterprises import Enterprise


class CarrierKind(Word):
    """载体类别"""

    UNIVERSITY_PARK = "university_park", "大学科技园", "University science park"
    INDUSTRIAL_PARK = "industrial_park", "产业园区", "Industrial park"
    INCUBATOR = "incubator", "孵化器", "Incubator"
    MAKER_SPACE = "maker_space", "众创空间", "Maker space"
    ACCELERATOR = "accelerator", "加速器", "Accelerator"
    INNOVATION_CENTRE = "innovation_centre", "科创中心", "Innovation centre"
    ENCLAVE = "enclave", "科创飞地", "Enclave in another city"
    OTHER = "other", "其他", "Anything else"


class CarrierState(Word):
    """载体状态"""

    OPEN = "open", "运营", "Takes enterprises"
    CLOSED = "closed", "停运", "Takes none; those housed there stay on record"


class Carrier(Record):
    """One carrier of a zone; `place` is where it lies, for an enclave another city."""

    subject = "zone"
    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="carriers", on_delete=fields.RESTRICT
    )
    name = fields.CharField(max_length=100)
    kind_of = fields.CharEnumField(CarrierKind, max_length=20, description="CarrierKind")
    place = fields.CharField(max_length=100, default="")
    state = fields.CharEnumField(CarrierState, max_length=20, description="CarrierState")
    source = fields.CharField(max_length=300, default="")
    zone_id: UUID
    enterprises: fields.ReverseRelation[Enterprise]

    class Meta:
        table = "carrier"
        unique_together = (("zone", "name"),)
        indexes = (("zone_id", "id"),)

    @classmethod
    def visible_to(cls, viewer: Viewer) -> Q:
        return Q(zone_id__in=viewer.zones)
