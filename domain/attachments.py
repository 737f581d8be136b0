"""Attachments 附件: evidence and papers kept with a case. The bytes live in a store; this is what is known of them."""

from __future__ import annotations

from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q

from domain.cases import Case
from domain.people import Person
from domain.records import Record
from domain.rectifications import Rectification
from domain.viewers import Viewer
from domain.words import Word


class AttachmentState(Word):
    KEPT = "kept", "有效", "Kept with the case"
    REMOVED = "removed", "已删除", "Struck from the case; no longer served, its bytes and its digest are kept"


class Attachment(Record):
    """One file: its name as given, size in bytes, SHA-256 in hex, and the key it is stored under."""

    subject = "case"
    zone: fields.ForeignKeyRelation[Record] = fields.ForeignKeyField(
        "qiban.Zone", related_name="attachments", on_delete=fields.RESTRICT
    )
    case: fields.ForeignKeyRelation[Case] = fields.ForeignKeyField(
        "qiban.Case", related_name="attachments", on_delete=fields.RESTRICT
    )
    rectification: fields.ForeignKeyNullableRelation[Rectification] = fields.ForeignKeyField(
        "qiban.Rectification", related_name="attachments", null=True, on_delete=fields.RESTRICT, db_index=True
    )
    uploaded_by: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "qiban.Person", related_name="uploads", on_delete=fields.RESTRICT
    )
    state = fields.CharEnumField(AttachmentState, max_length=20, description="AttachmentState")
    file_name = fields.CharField(max_length=200)
    content_type = fields.CharField(max_length=120)
    size = fields.BigIntField()
    sha256 = fields.CharField(max_length=64)
    store_key = fields.CharField(max_length=200)
    zone_id: UUID
    case_id: UUID
    rectification_id: UUID | None
    uploaded_by_id: UUID

    class Meta:
        table = "attachment"
        indexes = (("case_id", "id"),)

    @classmethod
    def visible_to(cls, viewer: Viewer) -> Q:
        return Case.seen_in(viewer, "case_id")
