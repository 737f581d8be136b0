"""The figures 三率 a zone is measured by, and the exclusions 剔除 by which a case does not count in them.

What each figure counts stands in docs/figures.md and, as SQL, in domain/rates.py.
"""

from __future__ import annotations

from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q
from tortoise.migrations.constraints import UniqueConstraint

from domain.cases import Case
from domain.people import Person
from domain.records import Record
from domain.viewers import Viewer
from domain.words import Word


class Figure(Word):
    """指标: what a zone is measured by (Beijing's regulation of 2021: response, resolution and satisfaction rate)."""

    RESPONSE = "response", "响应率", "Answered in time: enterprises first contacted, or departments that signed for"
    RESOLUTION = "resolution", "办结率", "Brought to an end, of what was taken on"
    SATISFACTION = "satisfaction", "满意率", "Satisfied, of those who answered the call-back (KRM-22)"
    ON_TIME = "on_time", "按时办结率", "Done by the day promised, of what is done or past that day"
    EVERY = "every", "各项指标", "All of them"


class ExclusionState(Word):
    HELD = "held", "剔除中", "The case does not count"
    LIFTED = "lifted", "已恢复", "It counts again"


class Exclusion(Record):
    """A case left out of a figure, by whom and why; the case itself goes on as before."""

    subject = "case"
    zone: fields.ForeignKeyRelation[Record] = fields.ForeignKeyField(
        "qiban.Zone", related_name="exclusions", on_delete=fields.RESTRICT
    )
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "qiban.Case", related_name="exclusions", on_delete=fields.RESTRICT
    )
    figure = fields.CharEnumField(Figure, max_length=20, description="Figure")
    state = fields.CharEnumField(ExclusionState, max_length=20, description="ExclusionState")
    reason = fields.TextField()
    author: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "qiban.Person", related_name="exclusions", on_delete=fields.RESTRICT
    )
    zone_id: UUID
    case_id: UUID
    author_id: UUID

    class Meta:
        table = "exclusion"
        constraints = (
            UniqueConstraint(("case", "figure"), name="excluded_once", condition="state = 'held'"),
        )
        indexes = (("case_id", "state", "figure"), ("zone_id", "id"))

    @classmethod
    def visible_to(cls, viewer: Viewer) -> Q:
        """The offices' own."""
        return Case.inside(viewer, "case_id")
