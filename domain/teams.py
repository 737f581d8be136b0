"""Teams 队伍 of a zone: officers 科技专员服务队, task forces 专班, pools of companions and the like (KRM-10, GL-01)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q

from domain.departments import Department
from domain.records import Record
from domain.viewers import Viewer
from domain.words import Word
from domain.zones import Zone

if TYPE_CHECKING:
    from domain.assignments import Assignment


class TeamKind(Word):
    """队伍类别"""

    OFFICERS = "officers", "科技专员服务队", "Technology officers who visit and serve enterprises"
    TASK_FORCE = "task_force", "专班", "Task force"
    COMPANIONS = "companions", "企业伴员队伍", "Pool of companion officers"
    SIGNING = "signing", "招商队伍", "Team that brings enterprises in"
    OTHER = "other", "其他", "Anything else"


class TeamState(Word):
    """队伍状态"""

    ACTIVE = "active", "在岗", "At work"
    DISBANDED = "disbanded", "已解散", "Disbanded; who was in it stays on record"


class Team(Record):
    """One team. Who is in it, and when, is told by assignments."""

    subject = "zone"
    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="teams", on_delete=fields.RESTRICT
    )
    department: fields.ForeignKeyNullableRelation[Department] = fields.ForeignKeyField(
        "qiban.Department", related_name="teams", null=True, on_delete=fields.RESTRICT
    )
    name = fields.CharField(max_length=100)
    kind_of = fields.CharEnumField(TeamKind, max_length=20, description="TeamKind")
    state = fields.CharEnumField(TeamState, max_length=20, description="TeamState")
    source = fields.CharField(max_length=300, default="")
    zone_id: UUID
    department_id: UUID | None
    assignments: fields.ReverseRelation[Assignment]

    class Meta:
        table = "team"
        unique_together = (("zone", "name"),)
        indexes = (("zone_id", "id"),)

    @classmethod
    def visible_to(cls, viewer: Viewer) -> Q:
        return Q(zone_id__in=viewer.staff_zones)
