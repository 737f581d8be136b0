"""Claims 兑现申请: what an enterprise asks of a benefit, what was found, granted and paid."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.expressions import RawSQL
from tortoise.functions import Count
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from domain.applications import Application
from domain.appropriations import Appropriation
from domain.database import reads
from domain.deadlines import LIT, Timed
from domain.departments import Department
from domain.enterprises import Enterprise, OfEnterprise
from domain.exact import Exact
from domain.policies import Benefit, Policy
from domain.viewers import Viewer
from domain.words import Word
from domain.zones import Zone


class ClaimState(Word):
    """兑现状态"""

    FILED = "filed", "待审核", "Filed; to be checked"
    CHECKED = "checked", "已审核", "Checked; to be decided"
    GRANTED = "granted", "已核准", "Granted; to be paid"
    PAID = "paid", "已兑现", "Paid"
    TURNED_DOWN = "turned_down", "不予兑现", "Turned down"
    WITHDRAWN = "withdrawn", "已撤回", "Withdrawn"


OPEN = (ClaimState.FILED, ClaimState.CHECKED, ClaimState.GRANTED)
PLACES = 2


class Claim(OfEnterprise, Timed):
    """One claim. `claimed_for` is what a benefit is claimed for once: a year, an application, or nothing; with the
    policy and the benefit's code it keeps anyone from claiming twice, over all versions. `quoted_low` and `quoted_high`
    are what the rules came to when it was filed, null where they came to nothing; `basis` what the amount rests on
    where no rule gives it."""

    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="claims", on_delete=fields.RESTRICT
    )
    enterprise: fields.ForeignKeyRelation[Enterprise] = fields.ForeignKeyField(
        "qiban.Enterprise", related_name="claims", on_delete=fields.RESTRICT
    )
    policy: fields.ForeignKeyRelation[Policy] = fields.ForeignKeyField(
        "qiban.Policy", related_name="claims", on_delete=fields.RESTRICT
    )
    benefit: fields.ForeignKeyRelation[Benefit] = fields.ForeignKeyField(
        "qiban.Benefit", related_name="claims", on_delete=fields.RESTRICT
    )
    application: fields.ForeignKeyNullableRelation[Application] = fields.ForeignKeyField(
        "qiban.Application", related_name="claims", null=True, on_delete=fields.RESTRICT
    )
    department: fields.ForeignKeyNullableRelation[Department] = fields.ForeignKeyField(
        "qiban.Department", related_name="claims", null=True, on_delete=fields.RESTRICT
    )
    appropriation: fields.ForeignKeyNullableRelation[Appropriation] = fields.ForeignKeyField(
        "qiban.Appropriation", related_name="claims", null=True, on_delete=fields.RESTRICT
    )
    code = fields.CharField(max_length=40)
    claimed_for = fields.CharField(max_length=40, default="")
    note = fields.TextField(default="")
    quoted_low = Exact(places=PLACES, null=True)
    quoted_high = Exact(places=PLACES, null=True)
    amount = Exact(places=PLACES, null=True)
    basis = fields.TextField(default="")
    decision = fields.TextField(default="")
    voucher = fields.CharField(max_length=100, default="")
    filed_on: date = fields.DateField()
    granted_on: date | None = fields.DateField(null=True)
    paid_on: date | None = fields.DateField(null=True)
    state = fields.CharEnumField(ClaimState, max_length=20, description="ClaimState")
    zone_id: UUID
    enterprise_id: UUID
    policy_id: UUID
    benefit_id: UUID
    application_id: UUID | None
    department_id: UUID | None
    appropriation_id: UUID | None

    class Meta:
        table = "claim"
        constraints = (
            UniqueConstraint(
                ("enterprise", "policy", "code", "claimed_for"), name="claimed_once",
                condition="state NOT IN ('turned_down', 'withdrawn')",
            ),
            CheckConstraint(
                "state NOT IN ('granted', 'paid') OR (amount > 0 AND appropriation_id IS NOT NULL"
                " AND granted_on IS NOT NULL)", name="granted_claim_has_amount_and_appropriation",
            ),
            CheckConstraint("(paid_on IS NOT NULL) = (state = 'paid')", name="paid_claim_has_its_day"),
        )
        indexes = (
            ("enterprise_id", "id"), ("policy_id", "state", "id"), ("benefit_id",), ("application_id",),
            ("department_id", "state", "id"), ("zone_id", "state", "id"), ("zone_id", "paid_on"), ("zone_id", "id"),
            LIT,
        )


class ClaimGrouping(Word):
    """分组"""

    POLICY = "policy", "政策", "By policy"
    ZONE = "zone", "高新区", "By zone; a zone below another counts for itself"
    YEAR = "year", "年度", "By the year in which it was paid"


@dataclass(frozen=True)
class Paid:
    """What was paid to one group: how many claims, how many yuan."""

    group: str
    claims: int
    amount: Decimal


async def paid(
    viewer: Viewer, by: ClaimGrouping, zones: Collection[UUID] | None = None, policy: UUID | None = None,
    since: date | None = None, until: date | None = None,
) -> list[Paid]:
    """Sums of what was paid in a period, in the zones the viewer oversees (ORD-07)."""
    rows: Any = Claim.filter(state=ClaimState.PAID)
    if not viewer.sees_everything:
        rows = rows.filter(zone_id__in=viewer.overseen)
    narrowed: dict[str, Any] = {"policy_id": policy, "paid_on__gte": since, "paid_on__lte": until}
    rows = rows.filter(**{name: value for name, value in narrowed.items() if value is not None})
    if zones is not None:
        rows = rows.filter(zone_id__in=list(zones))
    group = {ClaimGrouping.YEAR: "substr(CAST(paid_on AS VARCHAR(10)), 1, 4)"}.get(by, f"{by.value}_id")
    summed = rows.annotate(
        grp=RawSQL(group), n=Count("id"), total=RawSQL("CAST(SUM(amount) AS BIGINT)")
    ).group_by("grp")
    found = await summed.using_db(reads()).values("grp", "n", "total")
    told = [Paid(str(row["grp"]), row["n"], Decimal(row["total"]).scaleb(-PLACES)) for row in found]
    return sorted(told, key=lambda each: each.group)
