"""Library entries 入库: an enterprise, or its project, on its way through a library's stages."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from domain.departments import Department
from domain.enterprises import Enterprise, OfEnterprise
from domain.exact import Exact
from domain.libraries import Library
from domain.recognitions import Recognition
from domain.words import Word
from domain.zones import Zone


class LibraryEntryState(Word):
    """在库状态"""

    INSIDE = "inside", "在库", "Being cultivated"
    GRADUATED = "graduated", "认定出库", "Left by being recognised as what the library cultivates for"
    EXITED = "exited", "退出", "Left otherwise, for a stated reason"


class LibraryEntry(OfEnterprise):
    """`stage` is the place of `stage_name` among the library's stages, from 0; `stages` how many these were when it
    entered, `fast_track` whether there was a fast track. `applied_on` is the first application since it entered."""

    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="library_entries", on_delete=fields.RESTRICT
    )
    enterprise: fields.ForeignKeyRelation[Enterprise] = fields.ForeignKeyField(
        "qiban.Enterprise", related_name="library_entries", on_delete=fields.RESTRICT
    )
    library: fields.ForeignKeyRelation[Library] = fields.ForeignKeyField(
        "qiban.Library", related_name="entries", on_delete=fields.RESTRICT
    )
    department: fields.ForeignKeyNullableRelation[Department] = fields.ForeignKeyField(
        "qiban.Department", related_name="library_entries", null=True, on_delete=fields.RESTRICT
    )
    recognition: fields.ForeignKeyNullableRelation[Recognition] = fields.ForeignKeyField(
        "qiban.Recognition", related_name="library_entries", null=True, on_delete=fields.RESTRICT
    )
    title = fields.CharField(max_length=200, default="")
    stage = fields.IntField()
    stage_name = fields.CharField(max_length=40)
    stages = fields.IntField()
    fast_track = fields.BooleanField()
    fast_tracked = fields.BooleanField(default=False)
    state = fields.CharEnumField(LibraryEntryState, max_length=20, description="LibraryEntryState")
    plan = fields.TextField(default="")
    scores: list[dict[str, Any]] = fields.JSONField(default=list)
    score: Any = Exact(2, null=True)
    entered_on: date = fields.DateField()
    applied_on: date | None = fields.DateField(null=True)
    left_on: date | None = fields.DateField(null=True)
    left_because = fields.TextField(default="")
    source = fields.CharField(max_length=300, default="")
    zone_id: UUID
    enterprise_id: UUID
    library_id: UUID
    department_id: UUID | None
    recognition_id: UUID | None

    class Meta:
        table = "library_entry"
        constraints = (
            CheckConstraint("stage >= 0 AND stage < stages", name="entry_is_in_a_stage"),
            CheckConstraint("(left_on IS NULL) = (state = 'inside')", name="whoever_left_has_the_day"),
            CheckConstraint("state <> 'exited' OR left_because <> ''", name="exit_has_its_reason"),
            UniqueConstraint(("enterprise", "library", "title"), name="inside_once", condition="state = 'inside'"),
        )
        indexes = (
            ("enterprise_id", "state", "id"),
            ("library_id", "state", "stage"),
            ("department_id", "state", "id"),
            ("zone_id", "id"),
        )


def days_to_application(row: Any) -> int | None:
    """From entry to the first application since (GZ-10: 申报不及时)."""
    return (row.applied_on - row.entered_on).days if row.applied_on else None
