"""Roadmaps 成长路线图: for each enterprise one that holds 一企一策, with dated milestones (LYG-04); the tailor-made
service plan 量身定制方案 with its three lines (KRM-01/02) is the same, by edition."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from domain.cases import Case
from domain.deadlines import LIT, Timed
from domain.enterprises import Enterprise, OfEnterprise
from domain.words import Word
from domain.zones import Zone


class RoadmapState(Word):
    """路线图状态"""

    ACTIVE = "active", "执行中", "Holds"
    REPLACED = "replaced", "已修订", "Another took its place"
    ENDED = "ended", "已结束", "Came to its end"


class PlanLine(Word):
    """服务主线: the services of the plan (KRM-01)."""

    HIGH_TECH = "high_tech", "高企认定", "Recognition as a high-tech enterprise"
    PROJECT = "project", "项目申报", "Applications for projects, at every level"
    POLICY = "policy", "政策解读", "Policies read and made known"


class Roadmap(OfEnterprise):
    """`edition` counts the enterprise's roadmaps from 1; `reached` of `total` milestones are reached, and so of each
    line those that are on it."""

    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="roadmaps", on_delete=fields.RESTRICT
    )
    enterprise: fields.ForeignKeyRelation[Enterprise] = fields.ForeignKeyField(
        "qiban.Enterprise", related_name="roadmaps", on_delete=fields.RESTRICT
    )
    title = fields.CharField(max_length=200)
    aim = fields.TextField(default="")
    edition = fields.IntField()
    state = fields.CharEnumField(RoadmapState, max_length=20, description="RoadmapState")
    total = fields.IntField(default=0)
    reached = fields.IntField(default=0)
    high_tech_total = fields.IntField(default=0, db_default=0)
    high_tech_reached = fields.IntField(default=0, db_default=0)
    project_total = fields.IntField(default=0, db_default=0)
    project_reached = fields.IntField(default=0, db_default=0)
    policy_total = fields.IntField(default=0, db_default=0)
    policy_reached = fields.IntField(default=0, db_default=0)
    zone_id: UUID
    enterprise_id: UUID

    class Meta:
        table = "roadmap"
        constraints = (UniqueConstraint(("enterprise",), name="one_roadmap_holds", condition="state = 'active'"),)
        unique_together = (("enterprise", "edition"),)
        indexes = (("enterprise_id", "id"), ("zone_id", "id"))


class MilestoneState(Word):
    """里程碑状态"""

    PLANNED = "planned", "计划中", "To be reached by its day"
    REACHED = "reached", "已达成", "Reached"
    DROPPED = "dropped", "已取消", "No longer aimed at"


class Milestone(OfEnterprise, Timed):
    """Something to be reached by the end of a day, on a line of the plan or on none, and what came of it; `case` is the
    one through which it is worked on."""

    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="milestones", on_delete=fields.RESTRICT
    )
    enterprise: fields.ForeignKeyRelation[Enterprise] = fields.ForeignKeyField(
        "qiban.Enterprise", related_name="milestones", on_delete=fields.RESTRICT
    )
    roadmap: fields.ForeignKeyRelation[Roadmap] = fields.ForeignKeyField(
        "qiban.Roadmap", related_name="milestones", on_delete=fields.RESTRICT
    )
    case: fields.ForeignKeyNullableRelation[Case] = fields.ForeignKeyField(
        "qiban.Case", related_name="milestones", null=True, on_delete=fields.RESTRICT, db_index=True
    )
    line = fields.CharEnumField(PlanLine, max_length=20, description="PlanLine", null=True)
    title = fields.CharField(max_length=200)
    due_on: date = fields.DateField()
    reached_on: date | None = fields.DateField(null=True)
    result = fields.TextField(default="")
    state = fields.CharEnumField(MilestoneState, max_length=20, description="MilestoneState")
    zone_id: UUID
    enterprise_id: UUID
    roadmap_id: UUID
    case_id: UUID | None

    class Meta:
        table = "milestone"
        constraints = (
            CheckConstraint("(reached_on IS NOT NULL) = (state = 'reached')", name="reached_milestone_has_its_day"),
        )
        indexes = (
            ("roadmap_id", "due_on"),
            ("enterprise_id", "id"),
            ("zone_id", "state", "id"),
            ("zone_id", "id"),
            LIT,
        )
