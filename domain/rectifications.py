"""The rectification list 整改清单: what is done about it, measure by measure, with evidence."""

from __future__ import annotations

from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q
from tortoise.migrations.constraints import CheckConstraint

from domain.cases import Case
from domain.departments import Department
from domain.records import Record
from domain.responsibilities import Responsibility
from domain.viewers import Viewer
from domain.words import Word


class RectificationState(Word):
    PLANNED = "planned", "拟实施", "Planned, not begun"
    UNDER_WAY = "under_way", "整改中", "Being carried out"
    SUBMITTED = "submitted", "待核验", "Submitted with evidence"
    VERIFIED = "verified", "已核验", "Checked and found done"
    CANCELLED = "cancelled", "已取消", "No longer needed"


OPEN = (RectificationState.PLANNED, RectificationState.UNDER_WAY, RectificationState.SUBMITTED)


class Rectification(Record):
    """One measure of one responsibility, with what came of it."""

    subject = "case"
    zone: fields.ForeignKeyRelation[Record] = fields.ForeignKeyField(
        "qiban.Zone", related_name="rectifications", on_delete=fields.RESTRICT
    )
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "qiban.Case", related_name="rectifications", on_delete=fields.RESTRICT
    )
    responsibility: fields.ForeignKeyRelation[Responsibility] = fields.ForeignKeyField(
        "qiban.Responsibility", related_name="rectifications", on_delete=fields.RESTRICT
    )
    department: fields.ForeignKeyRelation[Department] = fields.ForeignKeyField(
        "qiban.Department", related_name="rectifications", on_delete=fields.RESTRICT, db_index=True
    )
    state = fields.CharEnumField(RectificationState, max_length=20, description="RectificationState")
    measure = fields.TextField()
    result = fields.TextField(default="")
    evidence_files = fields.IntField(default=0)
    submitted_at = fields.DatetimeField(null=True)
    zone_id: UUID
    case_id: UUID
    responsibility_id: UUID
    department_id: UUID

    class Meta:
        table = "rectification"
        constraints = (
            CheckConstraint(
                "state NOT IN ('submitted', 'verified') OR result <> ''",
                name="submitted_says_what_was_done",
            ),
        )
        indexes = (("case_id", "id"), ("responsibility_id", "id"))

    @classmethod
    def visible_to(cls, viewer: Viewer) -> Q:
        return Case.seen_in(viewer, "case_id")
