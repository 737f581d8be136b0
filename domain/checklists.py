"""Checklists 清单: what is to be done for an enterprise, item by item, each done with its evidence (KRM-16, XY-10)."""

from __future__ import annotations

from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from domain.enterprises import Enterprise, OfEnterprise
from domain.libraries import Library
from domain.library_entries import LibraryEntry
from domain.records import Record
from domain.viewers import Viewer
from domain.words import Word
from domain.zones import Zone


class Link(Word):
    """环节: which part of the work a checklist is of."""

    ADMISSION = "admission", "入库", "Admission to a library"
    SERVICE = "service", "服务", "Service to those inside"
    SUPERVISION = "supervision", "监管", "Supervision of those inside"
    HELP = "help", "帮扶", "Help for an enterprise"


class TemplateState(Word):
    """清单模板状态"""

    IN_USE = "in_use", "使用中", "Checklists are begun from it"
    RETIRED = "retired", "停用", "None are begun any more"


class ChecklistTemplate(Record):
    """The items a zone wants done, in order; of a library where it is for those inside that one."""

    subject = "zone"
    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="checklist_templates", on_delete=fields.RESTRICT
    )
    library: fields.ForeignKeyNullableRelation[Library] = fields.ForeignKeyField(
        "qiban.Library", related_name="checklist_templates", null=True, on_delete=fields.RESTRICT
    )
    name = fields.CharField(max_length=100)
    link = fields.CharEnumField(Link, max_length=20, description="Link")
    items: list[str] = fields.JSONField(default=list)
    state = fields.CharEnumField(TemplateState, max_length=20, description="TemplateState")
    source = fields.CharField(max_length=300, default="")
    zone_id: UUID
    library_id: UUID | None

    class Meta:
        table = "checklist_template"
        unique_together = (("zone", "name"),)
        indexes = (("zone_id", "id"), ("library_id", "id"))

    @classmethod
    def visible_to(cls, viewer: Viewer) -> Q:
        return Q(zone_id__in=viewer.zones)


class ChecklistState(Word):
    """清单状态"""

    OPEN = "open", "进行中", "Items are still to be done"
    COMPLETE = "complete", "已完成", "Every item is done or does not apply"
    DROPPED = "dropped", "已终止", "No longer pursued"


class Checklist(OfEnterprise):
    """A template begun for one enterprise; `done` of `total` items are done, `to_do` are open."""

    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="checklists", on_delete=fields.RESTRICT
    )
    enterprise: fields.ForeignKeyRelation[Enterprise] = fields.ForeignKeyField(
        "qiban.Enterprise", related_name="checklists", on_delete=fields.RESTRICT
    )
    template: fields.ForeignKeyRelation[ChecklistTemplate] = fields.ForeignKeyField(
        "qiban.ChecklistTemplate", related_name="checklists", on_delete=fields.RESTRICT
    )
    entry: fields.ForeignKeyNullableRelation[LibraryEntry] = fields.ForeignKeyField(
        "qiban.LibraryEntry", related_name="checklists", null=True, on_delete=fields.RESTRICT
    )
    name = fields.CharField(max_length=100)
    link = fields.CharEnumField(Link, max_length=20, description="Link")
    state = fields.CharEnumField(ChecklistState, max_length=20, description="ChecklistState")
    total = fields.IntField(default=0)
    done = fields.IntField(default=0)
    to_do = fields.IntField(default=0)
    zone_id: UUID
    enterprise_id: UUID
    template_id: UUID
    entry_id: UUID | None

    class Meta:
        table = "checklist"
        constraints = (
            CheckConstraint("state <> 'complete' OR to_do = 0", name="complete_checklist_has_nothing_to_do"),
            UniqueConstraint(("enterprise", "template"), name="one_open_checklist", condition="state = 'open'"),
        )
        indexes = (("enterprise_id", "id"), ("entry_id", "id"), ("template_id", "state", "id"), ("zone_id", "id"))


class ItemState(Word):
    """清单事项状态"""

    TO_DO = "to_do", "待办", "To be done"
    DONE = "done", "已办", "Done, with its evidence"
    WAIVED = "waived", "不适用", "Does not apply, for a stated reason"


class ChecklistItem(OfEnterprise):
    """One item; what was done stands in `evidence`."""

    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="checklist_items", on_delete=fields.RESTRICT
    )
    enterprise: fields.ForeignKeyRelation[Enterprise] = fields.ForeignKeyField(
        "qiban.Enterprise", related_name="checklist_items", on_delete=fields.RESTRICT
    )
    checklist: fields.ForeignKeyRelation[Checklist] = fields.ForeignKeyField(
        "qiban.Checklist", related_name="items", on_delete=fields.RESTRICT
    )
    place = fields.IntField()
    name = fields.CharField(max_length=200)
    state = fields.CharEnumField(ItemState, max_length=20, description="ItemState")
    evidence = fields.TextField(default="")
    zone_id: UUID
    enterprise_id: UUID
    checklist_id: UUID

    class Meta:
        table = "checklist_item"
        constraints = (CheckConstraint("state <> 'done' OR evidence <> ''", name="done_item_has_its_evidence"),)
        unique_together = (("checklist", "place"),)
        indexes = (("checklist_id", "id"), ("enterprise_id", "id"), ("zone_id", "id"))
