"""Outcomes 成效台账: what came of serving an enterprise, in one dated ledger: grants, loans, prizes, tax reliefs …"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q, RawSQL
from tortoise.functions import Count
from tortoise.migrations.constraints import CheckConstraint

from domain.cases import Case
from domain.database import reads
from domain.enterprises import Enterprise, OfEnterprise
from domain.exact import Exact
from domain.facts import FactStatus
from domain.kinds import Level
from domain.viewers import Viewer
from domain.vouchers import Voucher
from domain.words import Word
from domain.zones import Zone


class OutcomeKind(Word):
    """成效类别"""

    GRANT = "grant", "项目资金", "Money for a science and technology project (KRM-24, ORD-06)"
    LOAN = "loan", "贷款", "A loan, such as on intellectual property (KRM-25, LYG-05, HB-09)"
    INSURANCE = "insurance", "科技保险", "Insurance of technology (HB-09)"
    VOUCHER = "voucher", "创新券", "An innovation voucher (HB-10)"
    PRIZE = "prize", "大赛奖项", "A prize of a competition (KRM-26)"
    TAX_RELIEF = "tax_relief", "税收优惠", "Tax deducted or reduced (XY-10)"
    CONTRACT = "contract", "产学研合同", "A contract with a university or institute (XY-10)"
    INVESTMENT = "investment", "投资", "Investment, by the enterprise or in it (GL-06)"
    OUTPUT = "output", "新增产值", "Output added by what was solved (GL-06)"
    OTHER = "other", "其他", "Anything else, as its title says"


class OutcomeState(Word):
    """成效状态"""

    RECORDED = "recorded", "已登记", "Counts"
    STRUCK = "struck", "已作废", "Entered in error; counts no more"


class Outcome(OfEnterprise):
    """One outcome. `amount` is in yuan, unknown where no source tells it; `grade` is that of a prize; `counterpart` who
    gave it: a bank, a ministry, a university; `voucher` the one it is the redemption of."""

    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="outcomes", on_delete=fields.RESTRICT
    )
    enterprise: fields.ForeignKeyRelation[Enterprise] = fields.ForeignKeyField(
        "qiban.Enterprise", related_name="outcomes", on_delete=fields.RESTRICT
    )
    case: fields.ForeignKeyNullableRelation[Case] = fields.ForeignKeyField(
        "qiban.Case", related_name="outcomes", null=True, on_delete=fields.RESTRICT
    )
    voucher: fields.ForeignKeyNullableRelation[Voucher] = fields.ForeignKeyField(
        "qiban.Voucher", related_name="outcomes", null=True, on_delete=fields.RESTRICT, db_index=True
    )
    outcome_kind = fields.CharEnumField(OutcomeKind, max_length=20, description="OutcomeKind")
    level = fields.CharEnumField(Level, max_length=20, description="Level")
    title = fields.CharField(max_length=200, default="")
    grade = fields.CharField(max_length=40, default="")
    counterpart = fields.CharField(max_length=200, default="")
    amount: Any = Exact(2, null=True)
    happened_on: date = fields.DateField()
    state = fields.CharEnumField(OutcomeState, max_length=20, description="OutcomeState")
    status = fields.CharEnumField(FactStatus, max_length=20, description="FactStatus")
    source = fields.CharField(max_length=300)
    zone_id: UUID
    enterprise_id: UUID
    case_id: UUID | None
    voucher_id: UUID | None

    class Meta:
        table = "outcome"
        constraints = (
            CheckConstraint("outcome_kind <> 'other' OR title <> ''", name="other_outcome_has_its_title"),
            CheckConstraint("amount IS NULL OR amount >= 0", name="outcome_is_not_below_nothing"),
        )
        indexes = (
            ("enterprise_id", "state", "happened_on"),
            ("zone_id", "state", "happened_on"),
            ("case_id", "id"),
            ("zone_id", "id"),
        )


class OutcomeGrouping(Word):
    """分组"""

    KIND = "outcome_kind", "类别", "By kind"
    LEVEL = "level", "级别", "By level"
    GRADE = "grade", "等次", "By the grade of a prize"
    ZONE = "zone_id", "高新区", "By zone; a zone below another counts for itself"


@dataclass(frozen=True)
class Summed:
    """One group: how many outcomes of how many enterprises, the yuan of those whose amount is known, and how many are
    without one."""

    group: str
    count: int
    enterprises: int
    amount: Any
    unstated: int


@dataclass(frozen=True)
class Asked:
    """Which outcomes are summed: of these zones, kinds and days; of what the viewer may see."""

    viewer: Viewer
    by: OutcomeGrouping
    zones: Collection[UUID] | None = None
    kinds: Collection[OutcomeKind] | None = None
    since: date | None = None
    until: date | None = None

    def rows(self) -> Any:
        wanted = Q(state=OutcomeState.RECORDED)
        if self.zones is not None:
            wanted &= Q(zone_id__in=list(self.zones))
        if self.kinds is not None:
            wanted &= Q(outcome_kind__in=list(self.kinds))
        if self.since:
            wanted &= Q(happened_on__gte=self.since)
        if self.until:
            wanted &= Q(happened_on__lte=self.until)
        return Outcome.seen_by(self.viewer).filter(wanted)


async def sums(asked: Asked) -> list[Summed]:
    """In one statement."""
    column = asked.by.value
    rows = asked.rows().annotate(
        n=Count("id"), firms=Count("enterprise_id", distinct=True), known=Count("amount"),
        fen=RawSQL("CAST(SUM(amount) AS BIGINT)"),
    )
    found = await rows.group_by(column).using_db(reads()).values(column, "n", "firms", "known", "fen")
    return [
        Summed(
            str(row[column]), row["n"], row["firms"],
            None if row["fen"] is None else Decimal(row["fen"]).scaleb(-2), row["n"] - row["known"],
        )
        for row in sorted(found, key=lambda row: str(row[column]))
    ]
