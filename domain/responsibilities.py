"""The responsibility list 责任清单: which department must act, which person, by when."""

from __future__ import annotations

from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from domain.cases import Case
from domain.deadlines import LIT, Timed
from domain.departments import Department
from domain.people import Person
from domain.problems import Problem
from domain.records import Record
from domain.sight import either
from domain.viewers import Viewer
from domain.words import Word


class Part(Word):
    """办理方式: whether a department leads or joins (QT-06: one lead, several joint)."""

    LEAD = "lead", "主办", "Leads and answers for the whole"
    JOINT = "joint", "协办", "Takes part and answers to the lead"


class ResponsibilityState(Word):
    OFFERED = "offered", "待签收", "Offered to the department, not yet signed for"
    SIGNED = "signed", "已签收", "Signed for; time, person and measure not yet fixed"
    FIXED = "fixed", "已三定", "Time, person and measure are fixed"
    DONE = "done", "已办结", "Every measure verified"
    RETURNED = "returned", "已退回", "Returned with reason and basis"
    RELEASED = "released", "已解除", "No longer asked of the department"


ACTIVE = (ResponsibilityState.OFFERED, ResponsibilityState.SIGNED, ResponsibilityState.FIXED)


class Responsibility(Timed):
    """One department's duty in a case. `return_by` ends the return window; `due_at` is the moment by which it must be
    signed for, then fixed, then done, as its state has it."""

    subject = "case"
    zone: fields.ForeignKeyRelation[Record] = fields.ForeignKeyField(
        "qiban.Zone", related_name="responsibilities", on_delete=fields.RESTRICT
    )
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "qiban.Case", related_name="responsibilities", on_delete=fields.RESTRICT
    )
    problem: fields.ForeignKeyNullableRelation[Problem] = fields.ForeignKeyField(
        "qiban.Problem", related_name="responsibilities", null=True, on_delete=fields.RESTRICT, db_index=True
    )
    department: fields.ForeignKeyRelation[Department] = fields.ForeignKeyField(
        "qiban.Department", related_name="responsibilities", on_delete=fields.RESTRICT
    )
    person: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "qiban.Person", related_name="responsibilities", null=True, on_delete=fields.RESTRICT, db_index=True
    )
    part = fields.CharEnumField(Part, max_length=20, description="Part")
    state = fields.CharEnumField(ResponsibilityState, max_length=20, description="ResponsibilityState")
    designated = fields.BooleanField(default=False)
    returnable = fields.BooleanField(default=True)
    offered_at = fields.DatetimeField()
    return_by = fields.DatetimeField()
    provisional = fields.BooleanField(default=False)
    signed_at = fields.DatetimeField(null=True)
    extension_due_at = fields.DatetimeField(null=True)
    return_reason = fields.TextField(default="")
    return_basis = fields.TextField(default="")
    measures = fields.IntField(default=0)
    open_rectifications = fields.IntField(default=0)
    zone_id: UUID
    case_id: UUID
    problem_id: UUID | None
    department_id: UUID
    person_id: UUID | None

    class Meta:
        table = "responsibility"
        constraints = (
            CheckConstraint(
                "state NOT IN ('fixed', 'done') OR (person_id IS NOT NULL AND due_at IS NOT NULL AND measures > 0)",
                name="fixed_means_time_person_measure",
            ),
            CheckConstraint(
                "state <> 'returned' OR (returnable AND return_reason <> '' AND return_basis <> '')",
                name="returned_with_reason_and_basis",
            ),
            UniqueConstraint(
                ("case",),
                name="one_lead_at_a_time",
                condition="part = 'lead' AND state IN ('offered', 'signed', 'fixed')",
            ),
        )
        indexes = (
            ("case_id", "id"),
            ("department_id", "state", "id"),
            ("state", "return_by"),
            LIT,
        )

    @classmethod
    def of(cls, viewer: Viewer) -> list[Q]:
        """Those of the viewer's departments, and those the viewer is named in."""
        return [
            Q(department_id__in=viewer.departments, zone_id__in=viewer.staff_zones),
            Q(person_id=viewer.person_id, zone_id__in=viewer.named_zones),
        ]

    @classmethod
    def visible_to(cls, viewer: Viewer) -> Q:
        return either(Case.inside(viewer, "case_id"), cls.told_to(viewer))

    @classmethod
    def told_to(cls, viewer: Viewer) -> Q:
        """Those an enterprise's contact hears of. Who returned a case, and why, stays among the offices."""
        return Case.ours(viewer, "case_id") & ~Q(state=ResponsibilityState.RETURNED)
