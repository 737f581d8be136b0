"""Investment contracts 招商合同 that say by when the enterprise will have applied for a recognition (GZ-13)."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint

from domain.applications import Application
from domain.enterprises import Enterprise, OfEnterprise
from domain.kinds import RecognitionKind
from domain.words import Word
from domain.zones import Zone


class ContractState(Word):
    """合同约定状态"""

    AGREED = "agreed", "待申报", "The enterprise has yet to apply; what it claims waits for that"
    MET = "met", "已申报", "The enterprise has applied"
    LIFTED = "lifted", "已解除", "No longer asked for"


class Contract(OfEnterprise):
    """One contract and what it asks for: an application to be recognised as a kind, by a day."""

    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="contracts", on_delete=fields.RESTRICT
    )
    enterprise: fields.ForeignKeyRelation[Enterprise] = fields.ForeignKeyField(
        "qiban.Enterprise", related_name="contracts", on_delete=fields.RESTRICT
    )
    name = fields.CharField(max_length=200)
    signed_on: date = fields.DateField()
    apply_as = fields.CharEnumField(RecognitionKind, max_length=30, description="RecognitionKind")
    apply_by: date = fields.DateField()
    application: fields.ForeignKeyNullableRelation[Application] = fields.ForeignKeyField(
        "qiban.Application", related_name="contracts", null=True, on_delete=fields.RESTRICT
    )
    state = fields.CharEnumField(ContractState, max_length=20, description="ContractState")
    source = fields.CharField(max_length=300)
    zone_id: UUID
    enterprise_id: UUID
    application_id: UUID | None

    class Meta:
        table = "contract"
        constraints = (
            CheckConstraint("apply_by >= signed_on", name="contract_is_signed_before_it_is_met"),
            CheckConstraint("(state = 'met') = (application_id IS NOT NULL)", name="met_contract_has_its_application"),
        )
        indexes = (("enterprise_id", "state", "id"), ("application_id",), ("zone_id", "state", "apply_by"))
