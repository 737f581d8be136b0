"""Needs 企业创新需求清单: what an enterprise needs to innovate, reviewed from time to time (XY-11)."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from tortoise import fields

from domain.cases import Case
from domain.deadlines import LIT, Timed
from domain.enterprises import Enterprise, OfEnterprise
from domain.words import Word
from domain.zones import Zone


class NeedKind(Word):
    """需求类别"""

    TECHNOLOGY = "technology", "技术攻关", "A technical problem to be solved"
    RESULTS = "results", "成果转化", "Results of research to be taken over"
    TALENT = "talent", "人才", "Talent"
    PLATFORM = "platform", "创新平台", "A platform or an institution"
    FUNDING = "funding", "资金", "Money"
    OTHER = "other", "其他", "Anything else"


class NeedState(Word):
    """需求状态"""

    LISTED = "listed", "在册", "On the list, to be looked at again from time to time"
    TAKEN_UP = "taken_up", "已转诉求", "Became a case, whose course tells the rest"
    MET = "met", "已满足", "Met"
    DROPPED = "dropped", "已撤销", "No longer needed"


class Need(OfEnterprise, Timed):
    """One need. While it is listed it is due to be reviewed by what the zone has set as `need_review`: overdue it is
    stale, unset it never is. `case` is the one it became."""

    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="needs", on_delete=fields.RESTRICT
    )
    enterprise: fields.ForeignKeyRelation[Enterprise] = fields.ForeignKeyField(
        "qiban.Enterprise", related_name="needs", on_delete=fields.RESTRICT
    )
    case: fields.ForeignKeyNullableRelation[Case] = fields.ForeignKeyField(
        "qiban.Case", related_name="needs", null=True, on_delete=fields.RESTRICT
    )
    need_kind = fields.CharEnumField(NeedKind, max_length=20, description="NeedKind")
    title = fields.CharField(max_length=200)
    description = fields.TextField(default="")
    listed_on: date = fields.DateField()
    reviewed_on: date = fields.DateField()
    result = fields.TextField(default="")
    state = fields.CharEnumField(NeedState, max_length=20, description="NeedState")
    source = fields.CharField(max_length=300, default="")
    zone_id: UUID
    enterprise_id: UUID
    case_id: UUID | None

    class Meta:
        table = "need"
        indexes = (("enterprise_id", "id"), ("zone_id", "state", "id"), ("case_id", "id"), ("zone_id", "id"), LIT)
