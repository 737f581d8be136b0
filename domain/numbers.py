"""Case numbers 编号 such as GL-2026-000123: one series a zone and year, without gaps."""

from __future__ import annotations

from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from domain import database
from domain.records import new_id
from domain.zones import Zone


class Numbering(Model):
    """How many numbers were taken in a zone and year; locked while the next is taken."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="numberings", on_delete=fields.RESTRICT
    )
    year = fields.IntField()
    taken = fields.IntField()

    class Meta:
        table = "numbering"
        unique_together = (("zone", "year"),)


async def next_number(zone_id: UUID, year: int) -> str:
    """The next number of the zone, taken within the transaction that is open."""
    zone = await Zone.get(id=zone_id)
    await Numbering.bulk_create([Numbering(zone_id=zone_id, year=year, taken=0)], ignore_conflicts=True)
    numbering = await database.lock(Numbering.filter(zone_id=zone_id, year=year)).get()
    numbering.taken += 1
    await numbering.save(update_fields=["taken"])
    return f"{zone.code}-{year}-{numbering.taken:06d}"
