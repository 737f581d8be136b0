"""Cultivation libraries 培育库: each with its own stages, what it asks of who enters, and what it entitles to."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q

from domain.departments import Department
from domain.exact import Exact
from domain.kinds import RecognitionKind
from domain.records import Record
from domain.viewers import Viewer
from domain.words import Word
from domain.zones import Zone


class Members(Word):
    """入库对象: what a library holds."""

    ENTERPRISES = "enterprises", "企业", "Enterprises, each once at a time"
    PROJECTS = "projects", "项目", "Projects of enterprises, each by its title"


class LibraryState(Word):
    """培育库状态"""

    OPEN = "open", "开放", "Takes new entries"
    CLOSED = "closed", "停止入库", "Takes none; those inside go on"


class Library(Record):
    """`stages` are the zone's own words, first to last (优选、培育、成熟、申报; 储备、培育、提升). `criteria` is the
    entry scorecard: a list of {name, weight}, the weights adding up to 100, or all null where the zone has set none and
    no total is told. `fast_track` states on what condition an entry goes straight to the last stage; empty: on none."""

    subject = "zone"
    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="libraries", on_delete=fields.RESTRICT
    )
    department: fields.ForeignKeyNullableRelation[Department] = fields.ForeignKeyField(
        "qiban.Department", related_name="libraries", null=True, on_delete=fields.RESTRICT
    )
    name = fields.CharField(max_length=100)
    members = fields.CharEnumField(Members, max_length=20, description="Members")
    recognised_as = fields.CharEnumField(RecognitionKind, max_length=30, null=True, description="RecognitionKind")
    stages: list[str] = fields.JSONField(default=list)
    criteria: list[dict[str, Any]] = fields.JSONField(default=list)
    passing: Any = Exact(2, null=True)
    plan_required = fields.BooleanField()
    fast_track = fields.CharField(max_length=500, default="")
    entitlements: list[str] = fields.JSONField(default=list)
    state = fields.CharEnumField(LibraryState, max_length=20, description="LibraryState")
    source = fields.CharField(max_length=300, default="")
    zone_id: UUID
    department_id: UUID | None

    class Meta:
        table = "library"
        unique_together = (("zone", "name"),)
        indexes = (("zone_id", "id"),)

    @classmethod
    def visible_to(cls, viewer: Viewer) -> Q:
        return Q(zone_id__in=viewer.zones)


def total_of(criteria: list[dict[str, Any]], scores: list[dict[str, Any]]) -> Decimal | None:
    """The weighted total of scores of 0 to 100; None where the zone has set no weights."""
    if not criteria or any(each["weight"] is None for each in criteria):
        return None
    by_name = {each["name"]: Decimal(each["score"]) for each in scores}
    total = sum((Decimal(each["weight"]) * by_name[each["name"]] for each in criteria), Decimal())
    return (total / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
