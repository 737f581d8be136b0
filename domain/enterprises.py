"""Enterprises 企业 and the one companion officer each has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self
from uuid import UUID

from pypika_tortoise.context import SqlContext
from pypika_tortoise.terms import Term, ValueWrapper
from tortoise import fields
from tortoise.expressions import Q
from tortoise.queryset import QuerySet, ValuesQuery

from domain.carriers import Carrier
from domain.database import engine
from domain.records import Kept, Record, Subject
from domain.sight import among, either
from domain.viewers import Role, Viewer
from domain.zones import Zone

if TYPE_CHECKING:
    from domain.cases import Case
    from domain.people import Person


class Enterprise(Subject):
    """A firm of a zone, known by its unified social credit code 统一社会信用代码.

    `companion` is a column, so that two companions at once cannot be (GL-02: one firm, one officer).
    What nobody has said is null: `county`, `industry`, `source_channel` (by which team it came, ZH-03), and `tags`,
    which is empty only where it is known to have none. `synthetic` marks firms made up for demonstration.
    """

    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="enterprises", on_delete=fields.RESTRICT
    )
    name = fields.CharField(max_length=200)
    uscc = fields.CharField(max_length=18, null=True)
    above_scale = fields.BooleanField(null=True)
    county = fields.CharField(max_length=60, null=True)
    industry = fields.CharField(max_length=60, null=True)
    carrier: fields.ForeignKeyNullableRelation[Carrier] = fields.ForeignKeyField(
        "qiban.Carrier", related_name="enterprises", null=True, on_delete=fields.RESTRICT
    )
    source_channel = fields.CharField(max_length=100, null=True)
    tags: list[str] | None = fields.JSONField(null=True)
    companion: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "qiban.Person", related_name="accompanies", null=True, on_delete=fields.RESTRICT, db_index=True
    )
    synthetic = fields.BooleanField(default=False)
    source = fields.CharField(max_length=300, default="")
    unmet_contracts = fields.IntField(default=0, db_default=0)
    zone_id: UUID
    carrier_id: UUID | None
    companion_id: UUID | None
    cases: fields.ReverseRelation[Case]
    contacts: fields.ReverseRelation[Person]

    state = Kept.KEPT

    class Meta:
        table = "enterprise"
        unique_together = (("zone", "uscc"),)
        indexes = (
            ("zone_id", "name"), ("zone_id", "id"), ("zone_id", "county"), ("zone_id", "industry"),
            ("carrier_id", "id"),
        )

    @classmethod
    def visible_to(cls, viewer: Viewer) -> Q:
        from domain.cases import Case

        return either(
            Q(zone_id__in=viewer.overseen | viewer.zones_as(Role.ADMINISTRATOR)),
            Q(id__in=viewer.enterprises),
            among(
                "id",
                cls.filter(cls.accompanied_by(viewer)).values("id"),
                *Case.worked_on_by(viewer, "enterprise_id"),
                *(rows.values("enterprise_id") for kind in kept() for rows in kind.worked_on_by(viewer)),
            ),
        )

    @classmethod
    def inside(cls, viewer: Viewer, key: str = "id") -> Q:
        """The history of a firm is for those who oversee its zone and for its companion."""
        accompanied = cls.filter(cls.accompanied_by(viewer)).values("id")
        return either(Q(zone_id__in=viewer.overseen), among(key, accompanied))

    @classmethod
    def ours(cls, viewer: Viewer, key: str = "id") -> Q:
        own: dict[str, Any] = {f"{key}__in": viewer.enterprises}
        return Q(**own)

    @classmethod
    def told(cls) -> list[str]:
        """A contact reads what became of what is kept of the enterprise; how the offices keep the enterprise itself,
        and hand it over, is for them."""
        return [kind.kind() for kind in kept() if not kind.internal]

    @classmethod
    def near(cls, viewer: Viewer) -> list[ValuesQuery[Any]]:
        its = [cls.filter(way).values("id") for way in (cls.accompanied_by(viewer), Q(id__in=viewer.enterprises))]
        return [*its, *(kind.filter(way).values("enterprise_id") for kind in kept() for way in kind.named_to(viewer))]

    @classmethod
    def beside(cls, viewer: Viewer) -> list[ValuesQuery[Any]]:
        return [kind.filter(way).values("id") for kind in kept() for way in kind.named_to(viewer)]

    @classmethod
    def accompanied_by(cls, viewer: Viewer) -> Q:
        return Q(companion_id=viewer.person_id, zone_id__in=viewer.zones_as(Role.COMPANION))


def tagged(tag: str) -> Q:
    """Enterprises that have a tag."""
    named: dict[str, Any] = {"id__in": Tagged(tag)}
    return Q(**named)


class Tagged(Term):
    """The keys of those that have a tag, in the words of either engine."""

    def __init__(self, tag: str) -> None:
        super().__init__()
        self.tag = tag

    def get_sql(self, ctx: SqlContext) -> str:
        value = ValueWrapper(self.tag).get_sql(ctx)
        if engine() == "postgres":
            return f'(SELECT "id" FROM "enterprise" WHERE "tags" @> jsonb_build_array(CAST({value} AS TEXT)))'
        return f'(SELECT e."id" FROM "enterprise" e, json_each(e."tags") t WHERE t."value" = {value})'


class OfEnterprise(Record):
    """A row about one enterprise, kept in the enterprise's own history.

    Seen by those who oversee its zone, by the enterprise's companion, by the liaisons of the `department` in charge,
    where it has that column, and by the enterprise's contacts, unless it is `internal` to the offices.
    """

    subject = "enterprise"
    internal: ClassVar[bool] = False
    zone_id: UUID
    enterprise_id: UUID

    class Meta:
        abstract = True

    @classmethod
    def visible_to(cls, viewer: Viewer) -> Q:
        accompanied = Enterprise.filter(Enterprise.accompanied_by(viewer)).values("id")
        return either(
            Q(zone_id__in=viewer.overseen),
            *cls.named_to(viewer),
            Q(enterprise_id__in=() if cls.internal else viewer.enterprises),
            among("enterprise_id", accompanied),
        )

    @classmethod
    def named_to(cls, viewer: Viewer) -> list[Q]:
        """The ways by which a row is seen for itself, whoever else sees the enterprise: its department is the
        viewer's."""
        return [Q(department_id__in=viewer.departments)] if "department_id" in cls.columns() else []

    @classmethod
    def worked_on_by(cls, viewer: Viewer) -> list[QuerySet[Self]]:
        """Those through which the viewer sees the enterprise: a department of theirs is in charge of them."""
        return [cls.filter(department_id__in=viewer.departments)] if "department_id" in cls.columns() else []


def kept() -> list[type[OfEnterprise]]:
    """Every kind of row that is kept about an enterprise."""
    return sorted(OfEnterprise.__subclasses__(), key=lambda kind: kind.kind())
