"""Vouchers 科技创新券: issued to an enterprise, used for a service, redeemed in money (HB-10)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tortoise import fields
from tortoise.expressions import RawSQL
from tortoise.functions import Count
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from domain.database import reads
from domain.enterprises import Enterprise, OfEnterprise
from domain.exact import Exact
from domain.words import Word
from domain.zones import Zone

if TYPE_CHECKING:
    from domain.outcomes import Outcome


class VoucherState(Word):
    """创新券状态"""

    ISSUED = "issued", "已发放", "Issued; to be used"
    USED = "used", "已使用", "Used for a service; to be redeemed"
    REDEEMED = "redeemed", "已兑付", "Redeemed in money"
    VOID = "void", "已作废", "Taken back or entered in error; counts no more"


class Voucher(OfEnterprise):
    """One voucher of `amount` yuan; `valid_until` is the last day it can be used on, null where none is set. Of the
    amount `used_amount` was used with `provider`; its redemption stands in the ledger of outcomes."""

    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="vouchers", on_delete=fields.RESTRICT
    )
    enterprise: fields.ForeignKeyRelation[Enterprise] = fields.ForeignKeyField(
        "qiban.Enterprise", related_name="vouchers", on_delete=fields.RESTRICT
    )
    number = fields.CharField(max_length=60)
    amount: Any = Exact(2)
    issued_on: date = fields.DateField()
    valid_until: date | None = fields.DateField(null=True)
    used_on: date | None = fields.DateField(null=True)
    used_amount: Any = Exact(2, null=True)
    provider = fields.CharField(max_length=200, default="")
    redeemed_on: date | None = fields.DateField(null=True)
    state = fields.CharEnumField(VoucherState, max_length=20, description="VoucherState")
    source = fields.CharField(max_length=300)
    zone_id: UUID
    enterprise_id: UUID
    outcomes: fields.ReverseRelation[Outcome]

    class Meta:
        table = "voucher"
        constraints = (
            CheckConstraint("amount > 0", name="voucher_is_worth_something"),
            CheckConstraint(
                "used_amount IS NULL OR (used_amount > 0 AND used_amount <= amount)", name="voucher_is_not_overused"
            ),
            CheckConstraint(
                "state NOT IN ('used', 'redeemed') OR (used_on IS NOT NULL AND used_amount IS NOT NULL)",
                name="used_voucher_has_its_day",
            ),
            CheckConstraint("(redeemed_on IS NOT NULL) = (state = 'redeemed')", name="redeemed_voucher_has_its_day"),
            UniqueConstraint(("zone", "number"), name="one_voucher_a_number", condition="state <> 'void'"),
        )
        indexes = (("enterprise_id", "id"), ("zone_id", "state", "issued_on"), ("zone_id", "id"))


@dataclass(frozen=True)
class Summed:
    """The vouchers in one state: how many, of how many enterprises, the yuan on them and of them used."""

    state: VoucherState
    count: int
    enterprises: int
    amount: Decimal
    used: Decimal


async def sums(rows: Any) -> list[Summed]:
    """Of these vouchers, in one statement; those void are left out."""
    summed = rows.exclude(state=VoucherState.VOID).annotate(
        n=Count("id"), firms=Count("enterprise_id", distinct=True), fen=RawSQL("CAST(SUM(amount) AS BIGINT)"),
        used=RawSQL("CAST(COALESCE(SUM(used_amount), 0) AS BIGINT)"),
    )
    found = {
        VoucherState.of(str(row["state"])): row
        for row in await summed.group_by("state").using_db(reads()).values("state", "n", "firms", "fen", "used")
    }
    return [
        Summed(state, row["n"], row["firms"], Decimal(row["fen"]).scaleb(-2), Decimal(row["used"]).scaleb(-2))
        for state in VoucherState if (row := found.get(state))
    ]
