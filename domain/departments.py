"""Departments 部门 that must act, with the short names by which offices write them."""

from __future__ import annotations

from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q

from domain.records import Kept, Subject
from domain.sight import among, either
from domain.viewers import Viewer
from domain.zones import Zone


class Department(Subject):
    """A department of a zone. The fallback department 兜底 takes what no other accepts and returns nothing."""

    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="departments", on_delete=fields.RESTRICT
    )
    name = fields.CharField(max_length=100)
    aliases: list[str] = fields.JSONField(default=list)
    is_fallback = fields.BooleanField(default=False)
    zone_id: UUID

    state = Kept.KEPT

    class Meta:
        table = "department"
        unique_together = (("zone", "name"),)

    @classmethod
    def visible_to(cls, viewer: Viewer) -> Q:
        """Staff see all departments of their zones; a contact sees those that work on the enterprise's cases."""
        from domain.responsibilities import Responsibility

        named = Responsibility.filter(Responsibility.told_to(viewer)).values("department_id")
        return either(Q(zone_id__in=viewer.staff_zones), among("id", named))
