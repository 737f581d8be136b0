"""High-tech zones 高新区, their parents, and the numbers by which they differ."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q

from domain.calendar import OFFICE_HOURS
from domain.clock import OFFICE_ZONE
from domain.database import reads
from domain.records import Kept, Record, Subject
from domain.viewers import Viewer

# What holds where a zone has set nothing. Each is a published practice (seeds.md part F), not a law of ours.
# A limit that is None is not set: where published practice gives no number that would fit every zone, nothing is
# promised until the zone says so.
DEFAULTS: Mapping[str, Any] = {
    "first_contact": "24h",  # KRM-05 may be read so (seeds.md W3)
    "dispatch": "1wd",  # Jiaozuo 13710: dispatched within a day
    "sign": "1wd",  # Tianjin: an ordinary case is signed for within one working day
    "return_window": "1wd",  # Tianjin, Quanzhou: return or object within one working day
    "designate_after_returns": 3,  # Bayannur: passed on three times, then raised
    "fix": "3wd",  # Zhuzhou: contact and check within three working days
    "handle": None,
    "handle_project": None,
    "handle_land": None,
    "handle_funding": None,
    "handle_talent": None,
    "handle_policy": None,
    "handle_other": None,
    "joint_answer": None,
    "call_back": None,
    "supervision_answer": "3wd",  # no text gives a number
    "visit_duty": None,  # "3/year" (KRM-09), "1/month" (GL-03), "1/2months" (ext QT); see domain/cadence.py
    "need_review": None,  # XY-11 says 定期, "from time to time"
    "application_recommend": None,
    "application_decide": None,
    "claim_check": None,
    "claim_grant": None,
    "claim_pay": None,
    "reopen_window": "30d",
    "call_back_attempts": 3,
    "extension_notice": "1wd",  # Quanzhou: asked at least one working day before due
    "extension_max_count": 2,  # no text gives a number
    "extension_max_length": None,  # Shandong and Zaozhuang allow 15 working days more; their presets set it
    "warn_before": "1wd",  # no text gives a threshold (seeds.md W5)
    "warn_before_hours": "2h",
    "escalate_after": None,
    "chain_required": False,  # Ganzhou GZ-05 sets it: three named levels before handling
    "evidence_files": 0,
    "office_hours": OFFICE_HOURS,
    "fairly_is_satisfied": True,  # whether 基本满意 counts in the satisfaction rate; no text says (seeds.md W5)
}

MAY_BE_UNSET = {name for name, value in DEFAULTS.items() if value is None} | {
    "first_contact", "dispatch", "sign", "fix", "supervision_answer",
}


class Zone(Subject):
    """A zone; `path` lists the codes from the root zone down, so that a parent zone reads its children."""

    code = fields.CharField(max_length=20, unique=True)
    name = fields.CharField(max_length=100)
    parent: fields.ForeignKeyNullableRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="children", null=True, on_delete=fields.RESTRICT
    )
    path = fields.CharField(max_length=200, unique=True)
    parent_id: UUID | None
    departments: fields.ReverseRelation[Record]
    settings: fields.ReverseRelation[Setting]

    state = Kept.KEPT

    class Meta:
        table = "zone"

    @classmethod
    def visible_to(cls, viewer: Viewer) -> Q:
        return Q(id__in=viewer.zones)


class Setting(Record):
    """One number or choice of a zone, from a day on, with the person and the document it comes from."""

    subject = "zone"
    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="settings", on_delete=fields.RESTRICT
    )
    name = fields.CharField(max_length=60)
    value = fields.TextField(description="JSON")
    holds_from = fields.DateField()
    source = fields.CharField(max_length=300)
    author: fields.ForeignKeyNullableRelation[Any] = fields.ForeignKeyField(
        "qiban.Person", related_name="settings", null=True, on_delete=fields.RESTRICT
    )
    zone_id: UUID
    author_id: UUID | None

    state = Kept.KEPT

    class Meta:
        table = "setting"
        unique_together = (("zone", "name", "holds_from"),)

    @classmethod
    def visible_to(cls, viewer: Viewer) -> Q:
        return Q(zone_id__in=viewer.staff_zones)


_lineages: dict[UUID, tuple[UUID, ...]] = {}


async def lineage(zone_id: UUID) -> tuple[UUID, ...]:
    """The zone and those above it, nearest first. Where a zone stands is settled when it is founded, so it is read
    once for each process."""
    if zone_id not in _lineages:
        above: list[UUID] = []
        next_up: UUID | None = zone_id
        while next_up is not None:
            above.append(next_up)
            next_up = (await Zone.get(id=next_up)).parent_id
        _lineages[zone_id] = tuple(above)
    return _lineages[zone_id]


class Rules(dict[str, Any]):
    """Every rule of a zone by its name; `settings` has the setting each was set by, where it is no default, and
    `sources` the document behind every setting there has been."""

    def __init__(self) -> None:
        super().__init__(DEFAULTS)
        self.settings: dict[str, UUID] = {}
        self.sources: dict[UUID, tuple[str, str]] = {}
        self._set: list[tuple[str, date, datetime, Any]] = []

    def enter(self, row: Mapping[str, Any]) -> None:
        """One setting more, which began to hold no earlier than those before it."""
        name, value = row["name"], json.loads(row["value"])
        self[name], self.settings[name] = value, row["id"]
        self.sources[row["id"]] = (name, row["source"])
        self._set.append((name, row["holds_from"], row["created_at"], value))

    def stood(self, name: str, at: datetime) -> Any:
        """A rule as it was at an earlier instant, whatever has been set since: by it runs what began then."""
        day = at.astimezone(OFFICE_ZONE).date()
        values = [value for other, since, made, value in self._set if other == name and since <= day and made <= at]
        return values[-1] if values else DEFAULTS[name]


async def rules_of(zone_id: UUID, on: date) -> Rules:
    """Every rule of a zone as it holds on a day: the defaults under what the zone has set."""
    return (await rules_in([zone_id], on))[zone_id]


async def rules_in(zones: Iterable[UUID], on: date) -> Mapping[UUID, Rules]:
    """The same for several zones, in one read."""
    rules = {zone: Rules() for zone in zones}
    rows = Setting.filter(zone_id__in=list(rules), holds_from__lte=on).order_by("holds_from")
    for row in await rows.using_db(reads()).values(
        "id", "zone_id", "name", "value", "source", "holds_from", "created_at"
    ):
        rules[row["zone_id"]].enter(row)
    return rules
