"""Supervisions 督办: a leader demands an answer about a case, from a department or a person at work on it, by a day."""

from __future__ import annotations

from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q
from tortoise.migrations.constraints import CheckConstraint

from domain.cases import Case
from domain.deadlines import LIT, Timed
from domain.departments import Department
from domain.people import Person
from domain.records import Record
from domain.viewers import Viewer
from domain.words import Word


class SupervisionState(Word):
    """督办状态: where a demand stands."""

    DEMANDED = "demanded", "待回复", "An answer is due"
    ANSWERED = "answered", "已回复", "Answered; waits for whoever demanded it"
    ACCEPTED = "accepted", "已办结", "The answer was accepted"
    LIFTED = "lifted", "已撤销", "No longer demanded"


OPEN = (SupervisionState.DEMANDED, SupervisionState.ANSWERED)


class Supervision(Timed):
    """One demand: what is to be answered, by whom, and the answer as it stands. The person is answered for first; where
    only a department is named, any liaison of it answers. While the case is paused the answer stays due."""

    subject = "case"
    zone: fields.ForeignKeyRelation[Record] = fields.ForeignKeyField(
        "qiban.Zone", related_name="supervisions", on_delete=fields.RESTRICT
    )
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "qiban.Case", related_name="supervisions", on_delete=fields.RESTRICT
    )
    department: fields.ForeignKeyNullableRelation[Department] = fields.ForeignKeyField(
        "qiban.Department", related_name="supervisions", null=True, on_delete=fields.RESTRICT
    )
    person: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "qiban.Person", related_name="supervisions", null=True, on_delete=fields.RESTRICT
    )
    supervisor: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "qiban.Person", related_name="supervised", on_delete=fields.RESTRICT
    )
    state = fields.CharEnumField(SupervisionState, max_length=20, description="SupervisionState")
    demand = fields.TextField()
    answer = fields.TextField(default="")
    sent_back = fields.IntField(default=0)
    zone_id: UUID
    case_id: UUID
    department_id: UUID | None
    person_id: UUID | None
    supervisor_id: UUID

    class Meta:
        table = "supervision"
        constraints = (
            CheckConstraint("department_id IS NOT NULL OR person_id IS NOT NULL", name="supervision_names_somebody"),
            CheckConstraint(
                "state NOT IN ('answered', 'accepted') OR answer <> ''", name="answered_supervision_has_its_answer"
            ),
        )
        indexes = (
            ("case_id", "id"),
            ("department_id", "state", "id"),
            ("person_id", "state", "id"),
            ("zone_id", "state", "id"),
            LIT,
        )

    @classmethod
    def asked_of(cls, viewer: Viewer) -> Q:
        """Those that the viewer, or a department of theirs, is to answer."""
        return Q(department_id__in=viewer.departments) | Q(person_id=viewer.person_id)

    @classmethod
    def visible_to(cls, viewer: Viewer) -> Q:
        """The offices' own: the enterprise hears what comes of it."""
        return Case.inside(viewer, "case_id")
