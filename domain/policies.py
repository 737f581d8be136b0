"""Policies 政策: a zone's policy documents, their versions, the clauses of each, and what they grant, as data."""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import ClassVar
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from domain.departments import Department
from domain.eligibility import Amount, Condition, read_amount, read_conditions
from domain.people import Person
from domain.records import Record, Subject
from domain.sight import either
from domain.viewers import Viewer
from domain.words import Word
from domain.zones import Zone


class PolicyState(Word):
    """政策状态: whether any version of a policy is out."""

    DRAFTED = "drafted", "草拟", "Being drafted; seen by staff of the zone alone"
    PUBLISHED = "published", "已发布", "Published"


class VersionState(Word):
    """版本状态"""

    DRAFTED = "drafted", "草拟", "Being drafted; seen by staff of the zone alone"
    PUBLISHED = "published", "已发布", "Published; it holds from its day on"
    ENDED = "ended", "已终止", "Superseded or repealed; it holds up to its last day"
    DROPPED = "dropped", "已弃", "Never published"


class ContentState(Word):
    """条款状态: of what stands in a version."""

    DRAFTED = "drafted", "草拟", "Being drafted"
    PUBLISHED = "published", "已发布", "Published with its version, and holds as long as that does"
    DROPPED = "dropped", "已弃", "Never published"


OUT = (VersionState.PUBLISHED, VersionState.ENDED)


class Per(Word):
    """兑现频次: how often an enterprise may claim a benefit."""

    ENTERPRISE = "enterprise", "一企一次", "Once"
    YEAR = "year", "每年一次", "Once a year"
    APPLICATION = "application", "每次申报一次", "Once for each application"


class _Published:
    """What is drafted is for staff of the zone; what is `out` also for staff below it and for its enterprises."""

    out: ClassVar[tuple[Word, ...]]

    @classmethod
    def visible_to(cls, viewer: Viewer) -> Q:
        reached = viewer.zones_above | viewer.contact_zones
        return either(Q(zone_id__in=viewer.staff_zones), Q(zone_id__in=reached, state__in=cls.out))


class Policy(_Published, Subject):
    """One policy document, over all its versions. `department` is in charge of what is claimed under it."""

    out = (PolicyState.PUBLISHED,)
    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="policies", on_delete=fields.RESTRICT
    )
    name = fields.CharField(max_length=200)
    department: fields.ForeignKeyNullableRelation[Department] = fields.ForeignKeyField(
        "qiban.Department", related_name="policies", null=True, on_delete=fields.RESTRICT
    )
    state = fields.CharEnumField(PolicyState, max_length=20, description="PolicyState")
    zone_id: UUID
    department_id: UUID | None
    versions: fields.ReverseRelation[PolicyVersion]

    class Meta:
        table = "policy"
        unique_together = (("zone", "name"),)
        indexes = (("zone_id", "state", "id"),)

    @classmethod
    def inside(cls, viewer: Viewer, key: str = "id") -> Q:
        return Q(zone_id__in=viewer.overseen)


class PolicyVersion(_Published, Record):
    """A version of a policy. It holds from a day on, up to the day before the next one does or it is repealed."""

    subject = "policy"
    out = OUT
    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="policy_versions", on_delete=fields.RESTRICT
    )
    policy: fields.ForeignKeyRelation[Policy] = fields.ForeignKeyField(
        "qiban.Policy", related_name="versions", on_delete=fields.RESTRICT
    )
    number = fields.IntField()
    document_number = fields.CharField(max_length=100, default="")
    source = fields.CharField(max_length=300)
    author: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "qiban.Person", related_name="policy_versions", null=True, on_delete=fields.RESTRICT
    )
    state = fields.CharEnumField(VersionState, max_length=20, description="VersionState")
    holds_from: date | None = fields.DateField(null=True)
    holds_until: date | None = fields.DateField(null=True)
    zone_id: UUID
    policy_id: UUID
    author_id: UUID | None

    class Meta:
        table = "policy_version"
        unique_together = (("policy", "number"), ("policy", "holds_from"))
        constraints = (
            CheckConstraint(
                "state NOT IN ('published', 'ended') OR holds_from IS NOT NULL", name="published_version_has_its_day"
            ),
            CheckConstraint("holds_until IS NULL OR holds_until >= holds_from", name="version_ends_after_its_day"),
        )
        indexes = (("zone_id", "state", "holds_from"),)

    @classmethod
    def in_force(cls, on: date) -> Q:
        ended = Q(holds_until__isnull=True) | Q(holds_until__gte=on)
        return Q(state__in=OUT, holds_from__lte=on) & ended


class Clause(_Published, Record):
    """A clause of a version, in the text's own words."""

    subject = "policy"
    out = (ContentState.PUBLISHED,)
    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="clauses", on_delete=fields.RESTRICT
    )
    policy: fields.ForeignKeyRelation[Policy] = fields.ForeignKeyField(
        "qiban.Policy", related_name="clauses", on_delete=fields.RESTRICT
    )
    version_of: fields.ForeignKeyRelation[PolicyVersion] = fields.ForeignKeyField(
        "qiban.PolicyVersion", related_name="clauses", on_delete=fields.RESTRICT
    )
    number = fields.CharField(max_length=40)
    text = fields.TextField()
    state = fields.CharEnumField(ContentState, max_length=20, description="ContentState")
    zone_id: UUID
    policy_id: UUID
    version_of_id: UUID

    class Meta:
        table = "clause"
        constraints = (
            UniqueConstraint(("version_of", "number"), name="one_clause_a_number", condition="state <> 'dropped'"),
        )
        indexes = (("version_of_id", "id"), ("policy_id", "id"), ("zone_id", "id"))


class Benefit(_Published, Record):
    """What a clause grants, to whom: `eligibility` is a list of conditions that must all hold, `amount` how much, both
    JSON in the language of domain/eligibility. `code` names the benefit over all versions of the policy."""

    subject = "policy"
    out = (ContentState.PUBLISHED,)
    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="benefits", on_delete=fields.RESTRICT
    )
    policy: fields.ForeignKeyRelation[Policy] = fields.ForeignKeyField(
        "qiban.Policy", related_name="benefits", on_delete=fields.RESTRICT
    )
    version_of: fields.ForeignKeyRelation[PolicyVersion] = fields.ForeignKeyField(
        "qiban.PolicyVersion", related_name="benefits", on_delete=fields.RESTRICT
    )
    clause: fields.ForeignKeyRelation[Clause] = fields.ForeignKeyField(
        "qiban.Clause", related_name="benefits", on_delete=fields.RESTRICT
    )
    code = fields.CharField(max_length=40)
    name = fields.CharField(max_length=200)
    per = fields.CharEnumField(Per, max_length=20, description="Per")
    eligibility = fields.TextField(description="JSON")
    amount = fields.TextField(description="JSON")
    state = fields.CharEnumField(ContentState, max_length=20, description="ContentState")
    zone_id: UUID
    policy_id: UUID
    version_of_id: UUID
    clause_id: UUID

    class Meta:
        table = "benefit"
        constraints = (
            UniqueConstraint(("version_of", "code"), name="one_benefit_a_code", condition="state <> 'dropped'"),
        )
        indexes = (("version_of_id", "id"), ("clause_id",), ("policy_id", "id"), ("zone_id", "id"))

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        return read_conditions(self.eligibility, "eligibility")

    @cached_property
    def grants(self) -> Amount:
        return read_amount(self.amount, "amount")
