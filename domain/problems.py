"""The problem list 问题清单: what is wrong, one row a problem."""

from __future__ import annotations

from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q
from tortoise.migrations.constraints import CheckConstraint

from domain.cases import Case, Category
from domain.records import Record
from domain.viewers import Viewer
from domain.words import Word


class ProblemState(Word):
    OPEN = "open", "未解决", "Not yet solved"
    CLEARED = "cleared", "已销号", "Solved and struck off"
    DROPPED = "dropped", "不再办理", "Not pursued, with reason"


class Problem(Record):
    """One problem of a case. `open_responsibilities` counts those still answering for it."""

    subject = "case"
    zone: fields.ForeignKeyRelation[Record] = fields.ForeignKeyField(
        "qiban.Zone", related_name="problems", on_delete=fields.RESTRICT
    )
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "qiban.Case", related_name="problems", on_delete=fields.RESTRICT
    )
    state = fields.CharEnumField(ProblemState, max_length=20, description="ProblemState")
    category = fields.CharEnumField(Category, max_length=20, description="Category")
    description = fields.TextField()
    resolution = fields.TextField(default="")
    open_responsibilities = fields.IntField(default=0)
    zone_id: UUID
    case_id: UUID

    class Meta:
        table = "problem"
        constraints = (
            CheckConstraint(
                "state <> 'cleared' OR resolution <> ''",
                name="cleared_problem_says_how",
            ),
        )
        indexes = (("case_id", "id"),)

    @classmethod
    def visible_to(cls, viewer: Viewer) -> Q:
        return Case.seen_in(viewer, "case_id")
