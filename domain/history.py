"""The history 办理记录: one entry for every move, with what it changed, chained by hash to the entry before it.

An entry's hash is SHA-256 over its canonical bytes, which hold every column but `hash` itself: JSON with sorted
keys, no spaces, UTF-8, instants in UTC to the microsecond. Values of personal columns stand in `changes` only as
salted commitments; the values lie beside, in `personal_value`, where the law may have them blanked.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q
from tortoise.models import Model

from domain.exact import written
from domain.records import Seen, Subject, new_id, subjects
from domain.sight import among, either, near
from domain.viewers import Role, Viewer


class Entry(Seen, Model):
    """One move. `subject_kind`/`subject_id` name the chain, `record_kind`/`record_id` the row that moved;
    `caused_by` is the sequence of the entry whose move brought this one about."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    zone_id: UUID = fields.UUIDField()
    subject_kind = fields.CharField(max_length=40)
    subject_id: UUID = fields.UUIDField()
    sequence = fields.IntField()
    record_kind = fields.CharField(max_length=40)
    record_id: UUID = fields.UUIDField()
    move = fields.CharField(max_length=60)
    source = fields.CharField(max_length=20, null=True)
    target = fields.CharField(max_length=20, null=True)
    actor_id: UUID = fields.UUIDField()
    acting_id: UUID | None = fields.UUIDField(null=True)
    at = fields.DatetimeField()
    reason = fields.TextField(default="")
    caused_by = fields.IntField(null=True)
    changes = fields.TextField()
    previous = fields.CharField(max_length=64)
    hash = fields.CharField(max_length=64)

    class Meta:
        table = "entry"
        unique_together = (("subject_id", "sequence"),)
        indexes = (("zone_id", "id"), ("record_id",), ("actor_id", "id"))

    @classmethod
    def visible_to(cls, viewer: Viewer) -> Q:
        """Leaders and auditors see every entry of their zones, those inside a subject that subject's, administrators
        what no such rule is about; a contact the course of the enterprise's own, but not what departments say to
        each other; and whoever sees a record for itself, what became of that."""
        kinds = subjects()
        administered = [kind.kind() for kind in kinds if not kind.of_work]
        looked_for = either(
            Q(zone_id__in=viewer.overseen | viewer.zones_as(Role.ADMINISTRATOR)),
            near("subject_id", *(read for kind in kinds for read in kind.near(viewer))),
        )
        return looked_for & either(
            Q(zone_id__in=viewer.zones_as(Role.LEADER, Role.AUDITOR)),
            Q(subject_kind__in=administered, zone_id__in=viewer.zones_as(Role.ADMINISTRATOR)),
            *(kind.inside(viewer, "subject_id") & Q(subject_kind=kind.kind()) for kind in kinds),
            *(kind.ours(viewer, "subject_id") & _told(kind) for kind in kinds),
            among("record_id", *(read for kind in kinds for read in kind.beside(viewer))),
        )


def _told(kind: type[Subject]) -> Q:
    heard = Q(subject_kind=kind.kind(), record_kind__in=kind.told())
    return heard & ~Q(move__in=kind.among_offices) if kind.among_offices else heard


class PersonalValue(Model):
    """The value behind a commitment in an entry: SHA-256 over salt (hex) and canonical value."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    entry_id: UUID = fields.UUIDField(db_index=True)
    commitment = fields.CharField(max_length=64)
    salt = fields.CharField(max_length=64)
    value: str | None = fields.TextField(null=True)

    class Meta:
        table = "personal_value"


INSTANTS = 1_000
PLAIN = frozenset({str, int, bool, type(None)})


def canonical(value: object) -> str:
    """Canonical JSON: the same value is always the same text."""
    return in_one_spelling(plain(value))


in_one_spelling = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode
"""The canonical text of what is in JSON form already."""


def plain(value: object) -> Any:
    """A column's value as JSON has it."""
    if type(value) in PLAIN:
        return value
    match value:
        case Enum():
            return value.value
        case datetime():
            return _instant(value, value.fold)
        case Decimal():
            return written(value)
        case date() | UUID():
            return str(value)
        case dict():
            return {str(key): plain(each) for key, each in value.items()}
        case list() | tuple():
            return [plain(each) for each in value]
        case _:
            return value


@lru_cache(INSTANTS)
def _instant(value: datetime, fold: int) -> str:
    """A change has few instants, and each in many places. Two hours of one name are told apart by `fold`."""
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def entry_bytes(entry: Entry) -> bytes:
    """The bytes an entry's hash is taken over."""
    columns = {name: getattr(entry, name) for name in Entry._meta.fields_db_projection if name != "hash"}
    return canonical(columns).encode()


def entry_hash(entry: Entry) -> str:
    return hashlib.sha256(entry_bytes(entry)).hexdigest()


def commit_to(value: object, entry_id: UUID) -> tuple[dict[str, str], PersonalValue]:
    """A salted commitment to stand in the entry, and the row that keeps the value beside it."""
    salt, text = secrets.token_hex(32), canonical(value)
    commitment = hashlib.sha256(f"{salt}{text}".encode()).hexdigest()
    return {"commitment": commitment}, PersonalValue(entry_id=entry_id, commitment=commitment, salt=salt, value=text)
