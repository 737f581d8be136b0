"""Agencies 中介机构 that coach enterprises' applications."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q

from domain.records import Record
from domain.sight import either
from domain.viewers import Viewer
from domain.words import Word
from domain.zones import Zone

if TYPE_CHECKING:
    from domain.applications import Application


class AgencyKind(Word):
    """机构类别: the four kinds of help from outside (GZ-08)."""

    CONSULTING = "consulting", "科技咨询机构", "Technology consulting"
    PATENT = "patent", "知识产权代理机构", "Patent and trade mark agency"
    ACCOUNTING = "accounting", "会计师事务所", "Accounting firm"
    INCUBATOR = "incubator", "企业孵化机构", "Incubator"


class AgencyState(Word):
    """机构状态"""

    LISTED = "listed", "在册", "On the list; may coach applications"
    STRUCK = "struck", "已移出", "Struck off the list; what it coached stays"


class Agency(Record):
    """One agency on a zone's list."""

    subject = "zone"
    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="agencies", on_delete=fields.RESTRICT
    )
    name = fields.CharField(max_length=200)
    kind_of = fields.CharEnumField(AgencyKind, max_length=20, description="AgencyKind")
    synthetic = fields.BooleanField(default=False)
    source = fields.CharField(max_length=300, default="")
    state = fields.CharEnumField(AgencyState, max_length=20, description="AgencyState")
    zone_id: UUID
    applications: fields.ReverseRelation[Application]

    class Meta:
        table = "agency"
        unique_together = (("zone", "name"),)
        indexes = (("zone_id", "state", "id"),)

    @classmethod
    def visible_to(cls, viewer: Viewer) -> Q:
        """The list is public to the zone's enterprises; who was struck off is seen by the offices alone."""
        return either(
            Q(zone_id__in=viewer.staff_zones), Q(zone_id__in=viewer.contact_zones, state=AgencyState.LISTED)
        )
