"""Recognitions 认定: what an enterprise has been recognised as, by which certificate, from when until when."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from domain.applications import Application
from domain.enterprises import Enterprise, OfEnterprise
from domain.facts import FactStatus
from domain.kinds import Level, RecognitionKind
from domain.words import Word
from domain.zones import Zone


class RecognitionState(Word):
    """认定状态: whether a certificate still stands. That it has expired is told by the day, not stored."""

    VALID = "valid", "在册", "Stands; whether it has expired is told by the day"
    RENEWED = "renewed", "已换证", "Another certificate took its place"
    REVOKED = "revoked", "已撤销", "Taken back before its time"


class Validity(Word):
    """有效性: a certificate as seen on one day."""

    UPCOMING = "upcoming", "未生效", "Not valid yet"
    VALID = "valid", "有效", "Valid on that day"
    EXPIRED = "expired", "已到期", "Ran out and was not renewed in time"
    RENEWED = "renewed", "已换证", "Another certificate has taken its place"
    REVOKED = "revoked", "已撤销", "Taken back"


class Recognition(OfEnterprise):
    """One certificate, or one entry in a list of those recognised.

    It holds from `valid_from` through `valid_until`, without end where that is null. `ends_on` is the first day on
    which it holds no more, whether it ran out, was renewed or was revoked: kept so that stocks are counted by it.
    """

    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="recognitions", on_delete=fields.RESTRICT
    )
    enterprise: fields.ForeignKeyRelation[Enterprise] = fields.ForeignKeyField(
        "qiban.Enterprise", related_name="recognitions", on_delete=fields.RESTRICT
    )
    application: fields.ForeignKeyNullableRelation[Application] = fields.ForeignKeyField(
        "qiban.Application", related_name="recognitions", null=True, on_delete=fields.RESTRICT
    )
    renews: fields.ForeignKeyNullableRelation[Recognition] = fields.ForeignKeyField(
        "qiban.Recognition", related_name="renewals", null=True, on_delete=fields.RESTRICT
    )
    recognised_as = fields.CharEnumField(RecognitionKind, max_length=30, description="RecognitionKind")
    level = fields.CharEnumField(Level, max_length=20, description="Level")
    title = fields.CharField(max_length=200, default="")
    certificate_number = fields.CharField(max_length=60, default="")
    recognised_on = fields.DateField()
    valid_from: date = fields.DateField()
    valid_until: date | None = fields.DateField(null=True)
    ends_on: date | None = fields.DateField(null=True)
    state = fields.CharEnumField(RecognitionState, max_length=20, description="RecognitionState")
    status = fields.CharEnumField(FactStatus, max_length=20, description="FactStatus")
    source = fields.CharField(max_length=300, default="")
    zone_id: UUID
    enterprise_id: UUID
    application_id: UUID | None
    renews_id: UUID | None

    class Meta:
        table = "recognition"
        constraints = (
            CheckConstraint(
                "valid_until IS NULL OR valid_until >= valid_from", name="recognition_begins_before_it_expires"
            ),
            CheckConstraint("ends_on IS NULL OR ends_on >= valid_from", name="recognition_begins_before_it_ends"),
            UniqueConstraint(("application",), name="recognised_once_an_application"),
            UniqueConstraint(("renews",), name="renewed_once"),
            UniqueConstraint(
                ("zone", "recognised_as", "certificate_number"), name="one_certificate_a_number",
                condition="certificate_number <> '' AND state = 'valid'",
            ),
        )
        indexes = (
            ("enterprise_id", "recognised_as", "valid_from"),
            ("zone_id", "recognised_as", "valid_from"),
            ("zone_id", "recognised_as", "ends_on"),
            ("zone_id", "id"),
        )


def ending(valid_until: date | None, *ends: date | None) -> date | None:
    """The first day on which a certificate holds no more."""
    after = valid_until + timedelta(days=1) if valid_until else None
    return min((each for each in (after, *ends) if each), default=None)


def valid_on(day: date) -> Q:
    """Certificates that hold on a day."""
    return Q(valid_from__lte=day) & (Q(ends_on__isnull=True) | Q(ends_on__gt=day))


def validity(row: Any, day: date) -> Validity:
    """How a certificate stands on a day."""
    if day < row.valid_from:
        return Validity.UPCOMING
    if row.ends_on is None or day < row.ends_on:
        return Validity.VALID
    ended = {RecognitionState.RENEWED: Validity.RENEWED, RecognitionState.REVOKED: Validity.REVOKED}
    ran_out = row.valid_until is not None and row.ends_on > row.valid_until
    return Validity.EXPIRED if ran_out else ended.get(row.state, Validity.EXPIRED)
