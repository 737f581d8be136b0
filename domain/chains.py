"""Chains of responsibility: who stands above whom for an enterprise (GZ-05, HB-03)."""

from __future__ import annotations

from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q
from tortoise.migrations.constraints import UniqueConstraint

from domain.enterprises import Enterprise
from domain.people import Person
from domain.records import Kept, Record
from domain.viewers import Viewer
from domain.zones import Zone


class ChainLink(Record):
    """One level of a zone's chain: level 1 is nearest the enterprise. Without a person the level is vacant.

    A link that names an enterprise holds for it alone; one without holds for every enterprise of the zone.
    """

    subject = "zone"
    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="chain_links", on_delete=fields.RESTRICT
    )
    enterprise: fields.ForeignKeyNullableRelation[Enterprise] = fields.ForeignKeyField(
        "qiban.Enterprise", related_name="chain_links", null=True, on_delete=fields.RESTRICT
    )
    level = fields.IntField()
    title = fields.CharField(max_length=100)
    person: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "qiban.Person", related_name="chain_links", null=True, on_delete=fields.RESTRICT
    )
    zone_id: UUID
    enterprise_id: UUID | None
    person_id: UUID | None

    state = Kept.KEPT

    class Meta:
        table = "chain_link"
        constraints = (
            UniqueConstraint(("zone", "level"), name="one_link_a_level", condition="enterprise_id IS NULL"),
            UniqueConstraint(
                ("enterprise", "level"), name="one_own_link_a_level", condition="enterprise_id IS NOT NULL"
            ),
        )
        indexes = (("zone_id", "level"), ("enterprise_id", "level"))

    @classmethod
    def visible_to(cls, viewer: Viewer) -> Q:
        return Q(zone_id__in=viewer.staff_zones)


async def chain_of(zone_id: UUID, enterprise_id: UUID) -> list[ChainLink]:
    """The chain for an enterprise, lowest level first; its own link at a level wins over the zone's."""
    links = await ChainLink.filter(Q(enterprise_id=enterprise_id) | Q(enterprise_id__isnull=True), zone_id=zone_id)
    by_level = {link.level: link for link in sorted(links, key=lambda link: link.enterprise_id is not None)}
    return [by_level[level] for level in sorted(by_level)]
