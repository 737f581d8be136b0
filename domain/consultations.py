"""Consultations 会商: departments and outside parties around one table, at once (LYG-05)."""

from __future__ import annotations

from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q

from domain.cases import Case
from domain.records import Kept, Record
from domain.viewers import Viewer


class Consultation(Record):
    """A consultation held about a case: where, with whom (banks, institutes …), and what it came to."""

    subject = "case"
    zone: fields.ForeignKeyRelation[Record] = fields.ForeignKeyField(
        "qiban.Zone", related_name="consultations", on_delete=fields.RESTRICT
    )
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "qiban.Case", related_name="consultations", on_delete=fields.RESTRICT
    )
    held_on = fields.DateField()
    place = fields.CharField(max_length=200)
    parties = fields.TextField()
    outcome = fields.TextField()
    zone_id: UUID
    case_id: UUID

    state = Kept.KEPT

    class Meta:
        table = "consultation"
        indexes = (("case_id", "id"),)

    @classmethod
    def visible_to(cls, viewer: Viewer) -> Q:
        """The offices' own: the enterprise hears what came of it, not who said what."""
        return Case.inside(viewer, "case_id")
