"""Rounds of visits 走访轮次: what a zone sets out to visit in a period, as a round of many or as a survey in strata."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q
from tortoise.migrations.constraints import CheckConstraint

from domain.kinds import RecognitionKind
from domain.records import Record
from domain.viewers import Viewer
from domain.words import Word
from domain.zones import Zone


class RoundState(Word):
    """轮次状态"""

    OPEN = "open", "进行中", "Visits count"
    CLOSED = "closed", "已结束", "Over"


class VisitRound(Record):
    """Enterprises of the zone and those below it are to be visited from `since` through `until` (KRM-09: three a year).

    `recognised_as` narrows who is eligible to those that hold such a certificate. `strata` lists [name, above scale or
    null, at least how many] (GZ-09: 157 above, 200 and more below); `departments` has the keys of those that must be
    present at each visit (GZ-15).
    """

    subject = "zone"
    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="visit_rounds", on_delete=fields.RESTRICT
    )
    name = fields.CharField(max_length=100)
    year = fields.IntField()
    number = fields.IntField(null=True)
    since: date = fields.DateField()
    until: date = fields.DateField()
    recognised_as = fields.CharEnumField(RecognitionKind, max_length=30, description="RecognitionKind", null=True)
    strata: list[list[Any]] = fields.JSONField(default=list)
    departments: list[str] = fields.JSONField(default=list)
    state = fields.CharEnumField(RoundState, max_length=20, description="RoundState")
    source = fields.CharField(max_length=300, default="")
    zone_id: UUID

    class Meta:
        table = "visit_round"
        unique_together = (("zone", "year", "name"),)
        constraints = (CheckConstraint("until >= since", name="round_begins_before_it_ends"),)
        indexes = (("zone_id", "year", "id"), ("zone_id", "id"))

    @classmethod
    def visible_to(cls, viewer: Viewer) -> Q:
        """Staff of the zone and of the zones below, who visit."""
        return Q(zone_id__in=viewer.directory)
