"""Visits 走访: who went to an enterprise, when, what for, with whom, and what came of it."""

from __future__ import annotations

from datetime import date
from typing import Self
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.queryset import QuerySet

from domain.departments import Department
from domain.enterprises import Enterprise, OfEnterprise
from domain.people import Person
from domain.rounds import VisitRound
from domain.sight import among
from domain.viewers import Viewer
from domain.words import Word
from domain.zones import Zone


class VisitPurpose(Word):
    """走访目的 (KRM-11)"""

    LEARN = "learn", "了解情况", "Learn how the enterprise fares"
    POLICY = "policy", "政策宣传", "Tell it of policies"
    RESOURCES = "resources", "资源链接", "Link it with resources"
    DEMANDS = "demands", "对接协调解决诉求", "Take up, coordinate and solve what it asks"


class VisitState(Word):
    """走访状态"""

    PLANNED = "planned", "已安排", "To be made"
    MADE = "made", "已走访", "Made; counts"
    CANCELLED = "cancelled", "已取消", "Not made after all"
    VOID = "void", "已作废", "Entered in error; counts no more"


class Visit(OfEnterprise):
    """One visit to one enterprise by `visitor`. `awaited` counts the departments of a joint visit 联合走访 that are
    neither marked present nor excused."""

    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="visits", on_delete=fields.RESTRICT
    )
    enterprise: fields.ForeignKeyRelation[Enterprise] = fields.ForeignKeyField(
        "qiban.Enterprise", related_name="visits", on_delete=fields.RESTRICT
    )
    round: fields.ForeignKeyNullableRelation[VisitRound] = fields.ForeignKeyField(
        "qiban.VisitRound", related_name="visits", null=True, on_delete=fields.RESTRICT
    )
    visitor: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "qiban.Person", related_name="visits", on_delete=fields.RESTRICT
    )
    state = fields.CharEnumField(VisitState, max_length=20, description="VisitState")
    planned_for: date | None = fields.DateField(null=True)
    visited_on: date | None = fields.DateField(null=True)
    purposes: list[str] = fields.JSONField(default=list)
    findings = fields.TextField(default="")
    on_site_result = fields.TextField(default="")
    awaited = fields.IntField(default=0)
    source = fields.CharField(max_length=300, default="")
    zone_id: UUID
    enterprise_id: UUID
    round_id: UUID | None
    visitor_id: UUID

    class Meta:
        table = "visit"
        constraints = (
            CheckConstraint("state NOT IN ('made', 'void') OR visited_on IS NOT NULL", name="made_visit_has_its_day"),
            CheckConstraint("state <> 'made' OR awaited = 0", name="nobody_is_awaited_after_a_visit"),
        )
        indexes = (
            ("enterprise_id", "state", "visited_on"),
            ("round_id", "state", "enterprise_id"),
            ("zone_id", "state", "visited_on"),
            ("visitor_id", "id"),
            ("zone_id", "id"),
        )

    @classmethod
    def named_to(cls, viewer: Viewer) -> list[Q]:
        """By whoever makes it, and by the liaisons of departments that join."""
        joined = VisitDepartment.filter(department_id__in=viewer.departments).values("visit_id")
        return [cls._made_by(viewer), among("id", joined)]

    @classmethod
    def worked_on_by(cls, viewer: Viewer) -> list[QuerySet[Self]]:
        """Whoever is to visit an enterprise sees it."""
        return [cls.filter(cls._made_by(viewer))]

    @classmethod
    def _made_by(cls, viewer: Viewer) -> Q:
        return Q(visitor_id=viewer.person_id, zone_id__in=viewer.named_zones - viewer.overseen)


class AttendanceState(Word):
    """参加情况"""

    EXPECTED = "expected", "应到", "Is to be present"
    PRESENT = "present", "已到", "Was present"
    EXCUSED = "excused", "未到（已说明）", "Was not present, for a stated reason"
    RELEASED = "released", "不再需要", "Is not needed: the visit is not made after all"


class VisitDepartment(OfEnterprise):
    """A department of a joint visit (GZ-15: 税务、统计、科技、市监)."""

    internal = True
    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="visit_departments", on_delete=fields.RESTRICT
    )
    enterprise: fields.ForeignKeyRelation[Enterprise] = fields.ForeignKeyField(
        "qiban.Enterprise", related_name="visit_departments", on_delete=fields.RESTRICT
    )
    visit: fields.ForeignKeyRelation[Visit] = fields.ForeignKeyField(
        "qiban.Visit", related_name="departments", on_delete=fields.RESTRICT
    )
    department: fields.ForeignKeyRelation[Department] = fields.ForeignKeyField(
        "qiban.Department", related_name="visit_departments", on_delete=fields.RESTRICT
    )
    state = fields.CharEnumField(AttendanceState, max_length=20, description="AttendanceState")
    zone_id: UUID
    enterprise_id: UUID
    visit_id: UUID
    department_id: UUID

    class Meta:
        table = "visit_department"
        constraints = (UniqueConstraint(("visit", "department"), name="a_department_joins_once"),)
        indexes = (("enterprise_id", "id"), ("department_id", "id"), ("zone_id", "id"))
