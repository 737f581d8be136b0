"""Stays 入驻: which carrier housed an enterprise from when until when (LYG-07)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q
from tortoise.functions import Count
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from domain.carriers import Carrier
from domain.database import reads
from domain.enterprises import Enterprise, OfEnterprise
from domain.viewers import Viewer
from domain.words import Word
from domain.zones import Zone


class StayState(Word):
    """入驻状态"""

    INSIDE = "inside", "在驻", "Housed there"
    LEFT = "left", "已迁出", "Moved out"
    STRUCK = "struck", "已作废", "Entered in error; counts no more"


class Stay(OfEnterprise):
    """One stay in one carrier from `since`; `ends_on` is the first day it is not housed there any more."""

    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="stays", on_delete=fields.RESTRICT
    )
    enterprise: fields.ForeignKeyRelation[Enterprise] = fields.ForeignKeyField(
        "qiban.Enterprise", related_name="stays", on_delete=fields.RESTRICT
    )
    carrier: fields.ForeignKeyRelation[Carrier] = fields.ForeignKeyField(
        "qiban.Carrier", related_name="stays", on_delete=fields.RESTRICT
    )
    since: date = fields.DateField()
    ends_on: date | None = fields.DateField(null=True)
    state = fields.CharEnumField(StayState, max_length=20, description="StayState")
    source = fields.CharField(max_length=300, default="")
    zone_id: UUID
    enterprise_id: UUID
    carrier_id: UUID

    class Meta:
        table = "stay"
        constraints = (
            CheckConstraint("ends_on IS NULL OR ends_on >= since", name="stay_begins_before_it_ends"),
            CheckConstraint("state <> 'inside' OR ends_on IS NULL", name="whoever_is_inside_has_not_left"),
            CheckConstraint("state <> 'left' OR ends_on IS NOT NULL", name="ended_stay_has_its_day"),
            UniqueConstraint(("enterprise",), name="housed_once", condition="state = 'inside'"),
        )
        indexes = (
            ("enterprise_id", "since"), ("carrier_id", "since"), ("zone_id", "since"), ("zone_id", "ends_on"),
            ("zone_id", "id"),
        )


@dataclass
class CarrierCount:
    """One carrier: how many enterprises it housed on the last day, how many came and how many left in the period."""

    carrier: UUID
    inside: int = 0
    gained: int = 0
    left: int = 0


async def carrier_counts(
    viewer: Viewer, zones: Collection[UUID] | None, since: date, until: date
) -> list[CarrierCount]:
    """Of the stays in sight. Who moved within the days from one carrier to another is gained there and left here."""
    rows: Any = Stay.seen_by(viewer).exclude(state=StayState.STRUCK)
    if zones is not None:
        rows = rows.filter(zone_id__in=list(zones))
    wanted = {
        "inside": Q(since__lte=until) & (Q(ends_on__isnull=True) | Q(ends_on__gt=until)),
        "gained": Q(since__gte=since, since__lte=until),
        "left": Q(ends_on__gte=since, ends_on__lte=until),
    }
    counts: dict[UUID, CarrierCount] = {}
    for name, condition in wanted.items():
        counted = rows.filter(condition).annotate(n=Count("enterprise_id", distinct=True)).group_by("carrier_id")
        for row in await counted.using_db(reads()).values("carrier_id", "n"):
            setattr(counts.setdefault(row["carrier_id"], CarrierCount(row["carrier_id"])), name, row["n"])
    return [counts[key] for key in sorted(counts)]
