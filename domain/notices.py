"""Notices 通知: what a person was told of a move, and what a person would rather not hear.

They are made from the history and may be forgotten without loss: the entry stays.
"""

from __future__ import annotations

from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q
from tortoise.models import Model

from domain.people import Person
from domain.records import Seen, new_id
from domain.viewers import Viewer


class Notice(Seen, Model):
    """One person told of one entry, written in its transaction. `asked`: something is now up to this person."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    person_id: UUID = fields.UUIDField()
    entry_id: UUID = fields.UUIDField()
    zone_id: UUID = fields.UUIDField()
    subject_id: UUID = fields.UUIDField()
    record_kind = fields.CharField(max_length=40)
    record_id: UUID = fields.UUIDField()
    move = fields.CharField(max_length=60)
    asked = fields.BooleanField()
    at = fields.DatetimeField()
    read_at = fields.DatetimeField(null=True)

    class Meta:
        table = "notice"
        unique_together = (("entry_id", "person_id"),)
        indexes = (("person_id", "id"), ("person_id", "read_at"), ("at",))

    @classmethod
    def visible_to(cls, viewer: Viewer) -> Q:
        """One's own, and nobody else's."""
        return Q(person_id=viewer.person_id)


class Silence(Model):
    """A move that a person does not want to be told of, unless something is asked of them by it."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "qiban.Person", related_name="silences", on_delete=fields.RESTRICT
    )
    record_kind = fields.CharField(max_length=40)
    move = fields.CharField(max_length=60)
    person_id: UUID

    class Meta:
        table = "silence"
        unique_together = (("person", "record_kind", "move"),)
