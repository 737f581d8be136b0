"""What every row is: a key made in Python, a version, a zone, and a rule for who may see it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar, Self
from uuid import UUID

from tortoise import fields, models
from tortoise.expressions import Q
from tortoise.fields.db_defaults import SqlDefault
from tortoise.models import Model
from tortoise.queryset import QuerySet, ValuesQuery
from uuid_utils.compat import uuid7

from domain.sight import NONE
from domain.words import Word

if TYPE_CHECKING:
    from domain.viewers import Viewer


# It reads the source of every model, for comments in a form that is not used here.
models._get_comments = lambda cls: {}

THE_STATE = UUID(int=0)
"""In place of the key of a zone, for what the state arranges for all of them."""
_made = count(secrets.randbits(20))


def new_id() -> UUID:
    """A time-ordered key (UUIDv7), made here so that rows can refer to each other before they are written."""
    return uuid7()


def id_at(at: datetime) -> UUID:
    """A UUIDv7 of an instant, greater than those made before it in the same millisecond. That the keys of records are
    of the instant they were made at lets readings of the past leave out all that came later (domain/past.py)."""
    made = next(_made)
    order = (made >> 14 & 0xFFF) << 64 | (made & 0x3FFF) << 48
    return UUID(int=int(at.timestamp() * 1000) << 80 | 7 << 76 | 2 << 62 | order | secrets.randbits(48))


def last_id_at(at: datetime) -> UUID:
    """The greatest key there can be of an instant."""
    return UUID(int=int(at.timestamp() * 1000) << 80 | (1 << 80) - 1)


class Seen:
    """Something that says who may see it."""

    @classmethod
    def visible_to(cls, viewer: Viewer) -> Q:
        """The condition under which `viewer` may see a row; every read starts from it."""
        raise NotImplementedError(f"{cls.__name__} does not say who may see it")

    @classmethod
    def seen_by(cls, viewer: Viewer) -> QuerySet[Self]:  # type: ignore[type-var]
        rows: QuerySet[Self] = cls.all()  # type: ignore[attr-defined, type-var]
        return rows if viewer.sees_everything else rows.filter(cls.visible_to(viewer))


class Record(Seen, Model):
    """A row that moves under a flow. `subject` names the relation to the record whose history it belongs to."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    version = fields.IntField(default=1)
    created_at = fields.DatetimeField()
    # Since when the row is as it is; its states before that are kept by the database (domain/past.py).
    changed_at = fields.DatetimeField(db_default=SqlDefault("'1970-01-01 00:00:00.000000+00:00'"))

    subject: ClassVar[str | None] = None
    personal: ClassVar[frozenset[str]] = frozenset()
    unrecorded: ClassVar[frozenset[str]] = frozenset({"version", "changed_at", "sequence", "head"})

    class Meta:
        abstract = True

    @classmethod
    def kind(cls) -> str:
        return cls._meta.db_table

    @classmethod
    def columns(cls) -> Sequence[str]:
        return tuple(cls._meta.fields_db_projection)


class Subject(Record):
    """A record with a history of its own: how many entries it has and the hash of the last one.

    `of_work` says that its history is no business of those who merely administer the zone; `among_offices` names moves
    whose reasons the offices write for each other, and not for contacts.
    """

    sequence = fields.IntField(default=0)
    head = fields.CharField(max_length=64, default="")

    of_work: ClassVar[bool] = False
    among_offices: ClassVar[tuple[str, ...]] = ()

    class Meta:
        abstract = True

    @classmethod
    def inside(cls, viewer: Viewer, key: str = "id") -> Q:
        """Rows, `key` being their column that names a subject of this kind, whose history the viewer may read;
        leaders and auditors of its zone may anyway."""
        return NONE

    @classmethod
    def ours(cls, viewer: Viewer, key: str = "id") -> Q:
        """For a contact, rows of subjects of this kind that are the enterprise's own."""
        return NONE

    @classmethod
    def told(cls) -> Sequence[str]:
        """The kinds of records whose moves in such a history a contact of the enterprise hears of."""
        return ()

    @classmethod
    def near(cls, viewer: Viewer) -> Sequence[ValuesQuery[Any]]:
        """The keys of subjects of this kind in whose histories there may be something for the viewer that roles in
        their zone do not show anyway: what `inside`, `ours` and `beside` are then asked about, found by an index."""
        return ()

    @classmethod
    def beside(cls, viewer: Viewer) -> Sequence[ValuesQuery[Any]]:
        """The keys of records in histories of this kind that the viewer sees for themselves: what became of these they
        may read, without the rest of the history."""
        return ()


def zone_of(subject: Any) -> UUID:
    """The zone a subject is in; a zone is in itself, and what is in none is the state's."""
    zone_id: UUID | None = getattr(subject, "zone_id", THE_STATE)
    return subject.id if zone_id is THE_STATE else zone_id or THE_STATE


def subjects() -> list[type[Subject]]:
    """Every kind of record that has a history of its own."""
    return sorted(Subject.__subclasses__(), key=lambda kind: kind.kind())


class Kept(Word):
    """The state of records that only have one."""

    KEPT = "kept", "在册", "On the books"
