"""Applications 申报: an enterprise applies in a campaign, is recommended, and is recognised or not."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from domain.campaigns import Campaign
from domain.deadlines import LIT, Timed
from domain.departments import Department
from domain.enterprises import Enterprise, OfEnterprise
from domain.facts import FactStatus
from domain.words import Word
from domain.zones import Zone

if TYPE_CHECKING:
    from domain.agencies import Agency


class ApplicationState(Word):
    """申报状态"""

    DRAFT = "draft", "准备中", "Being prepared"
    SUBMITTED = "submitted", "已申报", "Complete and handed in"
    RECOMMENDED = "recommended", "已推荐", "Recommended to the level that decides"
    RECOGNISED = "recognised", "已认定", "Recognised"
    NOT_RECOGNISED = "not_recognised", "未认定", "Not recognised"
    WITHDRAWN = "withdrawn", "已撤回", "Withdrawn"


OPEN = (ApplicationState.DRAFT, ApplicationState.SUBMITTED, ApplicationState.RECOMMENDED)
UNDECIDED = (ApplicationState.SUBMITTED, ApplicationState.RECOMMENDED)


class Application(OfEnterprise, Timed):
    """One enterprise in one campaign. `department` is the campaign's; `first_time` says that the enterprise was never
    recognised as this before. A draft is due when the campaign closes; each later step by the zone's limit."""

    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="applications", on_delete=fields.RESTRICT
    )
    enterprise: fields.ForeignKeyRelation[Enterprise] = fields.ForeignKeyField(
        "qiban.Enterprise", related_name="applications", on_delete=fields.RESTRICT
    )
    campaign: fields.ForeignKeyRelation[Campaign] = fields.ForeignKeyField(
        "qiban.Campaign", related_name="applications", on_delete=fields.RESTRICT
    )
    department: fields.ForeignKeyNullableRelation[Department] = fields.ForeignKeyField(
        "qiban.Department", related_name="applications", null=True, on_delete=fields.RESTRICT
    )
    agency: fields.ForeignKeyNullableRelation[Agency] = fields.ForeignKeyField(
        "qiban.Agency", related_name="applications", null=True, on_delete=fields.RESTRICT
    )
    state = fields.CharEnumField(ApplicationState, max_length=20, description="ApplicationState")
    first_time = fields.BooleanField()
    title = fields.CharField(max_length=200, default="")
    submitted_on = fields.DateField(null=True)
    recommended_on = fields.DateField(null=True)
    decided_on = fields.DateField(null=True)
    status = fields.CharEnumField(FactStatus, max_length=20, description="FactStatus")
    source = fields.CharField(max_length=300, default="")
    zone_id: UUID
    enterprise_id: UUID
    campaign_id: UUID
    department_id: UUID | None
    agency_id: UUID | None

    class Meta:
        table = "application"
        constraints = (
            CheckConstraint(
                "state IN ('draft', 'withdrawn') OR submitted_on IS NOT NULL", name="application_was_submitted"
            ),
            CheckConstraint(
                "(decided_on IS NOT NULL) = (state IN ('recognised', 'not_recognised'))",
                name="decided_application_has_its_day",
            ),
            UniqueConstraint(
                ("enterprise", "campaign"), name="one_application_a_campaign", condition="state <> 'withdrawn'"
            ),
        )
        indexes = (
            ("enterprise_id", "id"),
            ("campaign_id", "state", "id"),
            ("department_id", "state", "id"),
            ("agency_id", "state", "id"),
            ("zone_id", "state", "id"),
            ("zone_id", "id"),
            LIT,
        )
