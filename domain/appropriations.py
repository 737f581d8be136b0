"""Appropriations 预算安排: how much a policy may grant in a year, how much of it is granted, how much paid."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q
from tortoise.migrations.constraints import CheckConstraint

from domain.exact import Exact
from domain.people import Person
from domain.policies import Policy
from domain.records import Kept, Record
from domain.viewers import Role, Viewer
from domain.zones import Zone


class Appropriation(Record):
    """Yuan of one policy in one year. What is granted is taken from it at once, and can never be more than there is."""

    subject = "policy"
    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="appropriations", on_delete=fields.RESTRICT
    )
    policy: fields.ForeignKeyRelation[Policy] = fields.ForeignKeyField(
        "qiban.Policy", related_name="appropriations", on_delete=fields.RESTRICT
    )
    year = fields.IntField()
    amount = Exact(places=2)
    granted = Exact(places=2, default=Decimal(0))
    paid = Exact(places=2, default=Decimal(0))
    source = fields.CharField(max_length=300)
    author: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "qiban.Person", related_name="appropriations", null=True, on_delete=fields.RESTRICT
    )
    zone_id: UUID
    policy_id: UUID
    author_id: UUID | None

    state = Kept.KEPT

    class Meta:
        table = "appropriation"
        unique_together = (("policy", "year"),)
        constraints = (
            CheckConstraint("granted >= 0 AND granted <= amount", name="no_appropriation_is_overdrawn"),
            CheckConstraint("paid >= 0 AND paid <= granted", name="no_more_is_paid_than_granted"),
        )
        indexes = (("zone_id", "year"),)

    @classmethod
    def visible_to(cls, viewer: Viewer) -> Q:
        return Q(zone_id__in=viewer.overseen | viewer.zones_as(Role.ADMINISTRATOR))
