"""Persons 人员, the roles they hold and since when, and how a person becomes a viewer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.expressions import Q
from tortoise.migrations.constraints import CheckConstraint

from domain.departments import Department
from domain.enterprises import Enterprise
from domain.records import Record, Subject
from domain.sight import among, either
from domain.viewers import Role, Viewer
from domain.words import Word
from domain.zones import Zone


class PersonState(Word):
    ACTIVE = "active", "在用", "May sign in and act"
    DEACTIVATED = "deactivated", "停用", "May neither sign in nor act"
    ERASED = "erased", "已删除", "A contact whose personal data the law had erased"


class Person(Subject):
    """A person or a service account. What an account needs to sign in is kept apart, in `accounts`."""

    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="persons", on_delete=fields.RESTRICT
    )
    department: fields.ForeignKeyNullableRelation[Department] = fields.ForeignKeyField(
        "qiban.Department", related_name="persons", null=True, on_delete=fields.RESTRICT
    )
    enterprise: fields.ForeignKeyNullableRelation[Enterprise] = fields.ForeignKeyField(
        "qiban.Enterprise", related_name="contacts", null=True, on_delete=fields.RESTRICT
    )
    name = fields.CharField(max_length=100)
    title = fields.CharField(max_length=100, default="")
    state = fields.CharEnumField(PersonState, max_length=20, description="PersonState", default=PersonState.ACTIVE)
    zone_id: UUID
    department_id: UUID | None
    enterprise_id: UUID | None
    memberships: fields.ReverseRelation[Membership]

    personal = frozenset({"name"})

    class Meta:
        table = "person"
        indexes = (("zone_id", "name"), ("enterprise_id",), ("department_id",))

    @classmethod
    def visible_to(cls, viewer: Viewer) -> Q:
        """Staff see the staff of their zones, whoever holds or held a role there, and the contacts of enterprises
        they may see; a contact sees the companion, the owners of the enterprise's cases and who answers for them."""
        from domain.cases import Case
        from domain.responsibilities import Responsibility

        colleagues = Q(zone_id__in=viewer.directory, enterprise_id__isnull=True)
        firms = Enterprise.visible_to(viewer)
        contacts = among("enterprise_id", Enterprise.filter(firms).values("id"))
        staff = Q(zone_id__in=viewer.staff_zones, enterprise_id__isnull=True)
        holders = Membership.filter(either(staff, contacts)).values("person_id")
        mine = viewer.enterprises
        owners = Case.filter(enterprise_id__in=mine, owner_id__isnull=False).values("owner_id")
        companions = Enterprise.filter(id__in=mine, companion_id__isnull=False).values("companion_id")
        handlers = Responsibility.filter(Responsibility.told_to(viewer), person_id__isnull=False).values("person_id")
        return either(
            Q(id=viewer.person_id), colleagues, contacts, among("id", holders, owners, companions, handlers)
        )


class MembershipState(Word):
    HELD = "held", "在任", "Held"
    ENDED = "ended", "卸任", "Ended"


class Membership(Record):
    """A role held in a zone from one instant until another; a liaison's names a department, a contact's an
    enterprise."""

    subject = "person"
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "qiban.Person", related_name="memberships", on_delete=fields.RESTRICT
    )
    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="memberships", on_delete=fields.RESTRICT
    )
    role = fields.CharEnumField(Role, max_length=20, description="Role")
    department: fields.ForeignKeyNullableRelation[Department] = fields.ForeignKeyField(
        "qiban.Department", related_name="memberships", null=True, on_delete=fields.RESTRICT
    )
    enterprise: fields.ForeignKeyNullableRelation[Enterprise] = fields.ForeignKeyField(
        "qiban.Enterprise", related_name="memberships", null=True, on_delete=fields.RESTRICT
    )
    since = fields.DatetimeField()
    until = fields.DatetimeField(null=True)
    state = fields.CharEnumField(MembershipState, max_length=20, description="MembershipState")
    person_id: UUID
    zone_id: UUID
    department_id: UUID | None
    enterprise_id: UUID | None

    class Meta:
        table = "membership"
        constraints = (
            CheckConstraint(
                "role <> 'liaison' OR department_id IS NOT NULL",
                name="liaison_of_a_department",
            ),
            CheckConstraint(
                "role <> 'contact' OR enterprise_id IS NOT NULL",
                name="contact_of_an_enterprise",
            ),
        )
        indexes = (("person_id",), ("zone_id", "role"), ("department_id",), ("enterprise_id",))

    @classmethod
    def visible_to(cls, viewer: Viewer) -> Q:
        return Q(person_id=viewer.person_id) | Q(zone_id__in=viewer.zones_as(Role.ADMINISTRATOR, Role.AUDITOR))


async def viewer_of(
    person_id: UUID, at: datetime, *, language: str = "zh", acting: UUID | None = None,
    db: BaseDBAsyncClient | None = None,
) -> Viewer:
    """The person's standing at an instant; without any role once deactivated, which `db` may know as of then."""
    held: list[dict[str, Any]] = await (
        Membership.filter(held_at(at), person_id=person_id, person__state=PersonState.ACTIVE)
        .using_db(db)
        .values("role", "department_id", "enterprise_id", "zone_id", "zone__path")
    )
    zones: list[dict[str, Any]] = await Zone.all().values("id", "path") if held else []
    return standing_of(person_id, held, zones, language=language, acting=acting)


def standing_of(
    person_id: UUID, held: Sequence[Mapping[str, Any]], zones: Sequence[Mapping[str, Any]], *,
    language: str = "zh", acting: UUID | None = None,
) -> Viewer:
    """The standing that memberships give, among all zones there are."""
    roles: defaultdict[Role, set[UUID]] = defaultdict(set)
    above: set[UUID] = set()
    for row in held:
        roles[Role.of(row["role"])] |= {zone["id"] for zone in zones if within(zone["path"], row["zone__path"])}
        if row["role"] != Role.CONTACT:
            above |= {zone["id"] for zone in zones if within(row["zone__path"], zone["path"])}
    return Viewer(
        person_id=person_id,
        roles={role: frozenset(covered) for role, covered in roles.items() if role is not Role.CONTACT},
        departments=frozenset(row["department_id"] for row in held if row["department_id"]),
        enterprises=frozenset(row["enterprise_id"] for row in held if row["enterprise_id"]),
        contact_zones=frozenset(row["zone_id"] for row in held if row["role"] == Role.CONTACT),
        zones_above=frozenset(above),
        acting=acting,
        language=language,
    )


def held_at(at: datetime) -> Q:
    """Memberships that are held at an instant."""
    return (Q(until__isnull=True) | Q(until__gt=at)) & Q(since__lte=at)


def within(path: str, other: str) -> bool:
    """Whether the zone at `path` is the zone at `other` or lies below it."""
    return f"{path}/".startswith(f"{other}/")
