"""Filed counts 上报数: what a text or a report prints of recognitions as a mere number."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q
from tortoise.migrations.constraints import CheckConstraint

from domain.facts import FactStatus
from domain.kinds import Level, RecognitionKind
from domain.records import Record
from domain.viewers import Viewer
from domain.words import Word
from domain.zones import Zone


class Measure(Word):
    """口径: what is counted. A stock is of one day, everything else of a period."""

    STOCK = "stock", "有效总数", "Valid on the day"
    APPLIED = "applied", "申报数", "Applied in the period"
    RECOMMENDED = "recommended", "推荐数", "Recommended in the period"
    RECOGNISED = "recognised", "认定数", "Recognised in the period"
    ENDED = "ended", "到期及撤销数", "Expired, renewed or revoked in the period"
    NET = "net", "净增数", "Recognised less ended in the period"


class FiledCountState(Word):
    """上报状态"""

    FILED = "filed", "已上报", "Counts"
    STRUCK = "struck", "已作废", "Filed in error; counts no more"


class FiledCount(Record):
    """One number of one kind, through `until`; from `since` where it is of a period. Two that differ are both kept."""

    subject = "zone"
    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="filed_counts", on_delete=fields.RESTRICT
    )
    recognised_as = fields.CharEnumField(RecognitionKind, max_length=30, description="RecognitionKind")
    level = fields.CharEnumField(Level, max_length=20, description="Level")
    measure = fields.CharEnumField(Measure, max_length=20, description="Measure")
    since: date | None = fields.DateField(null=True)
    until: date = fields.DateField()
    count: int = fields.IntField()
    state = fields.CharEnumField(FiledCountState, max_length=20, description="FiledCountState")
    status = fields.CharEnumField(FactStatus, max_length=20, description="FactStatus")
    source = fields.CharField(max_length=300)
    zone_id: UUID

    class Meta:
        table = "filed_count"
        constraints = (
            CheckConstraint("(since IS NULL) = (measure = 'stock')", name="only_a_stock_is_of_one_day"),
            CheckConstraint("since IS NULL OR since <= until", name="filed_period_begins_before_it_ends"),
            CheckConstraint("count >= 0 OR measure = 'net'", name="only_a_net_count_is_negative"),
        )
        indexes = (("zone_id", "recognised_as", "until"), ("zone_id", "id"))

    @classmethod
    def visible_to(cls, viewer: Viewer) -> Q:
        """Staff of the zone and of the zones below, who reckon their share of it."""
        return Q(zone_id__in=viewer.directory)
