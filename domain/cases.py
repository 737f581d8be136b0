"""The case 诉求: what an enterprise asked, who owns it, where it stands, and what is still open on its three lists."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q, Subquery
from tortoise.migrations.constraints import CheckConstraint

from domain.deadlines import LIT, Timed
from domain.departments import Department
from domain.enterprises import Enterprise
from domain.people import Person
from domain.records import Record, Subject
from domain.sight import among, either
from domain.viewers import Role, Viewer
from domain.words import Word
from domain.zones import Zone

if TYPE_CHECKING:
    from domain.problems import Problem
    from domain.rectifications import Rectification
    from domain.responsibilities import Responsibility


class Stage(Word):
    """阶段: the four columns of a board."""

    COLLECT = "collect", "收集", "Taken in from the enterprise"
    ASSIGN = "assign", "分办", "Being offered to departments"
    HANDLE = "handle", "办理", "Being worked on"
    CLOSE = "close", "销号", "Checked, closed, or ended otherwise"


class CaseState(Word):
    """状态: where a case stands."""

    COLLECTED = "collected", "已收集", "Taken in, not yet submitted"
    ASSIGNING = "assigning", "待分办", "Waiting until every department has fixed time, person and measure"
    HANDLING = "handling", "办理中", "Departments are carrying out their measures"
    PAUSED = "paused", "挂起", "The clock stands still for a stated cause"
    CHECKING = "checking", "待核验", "Reported done; results are checked and the enterprise is called back"
    CLOSED = "closed", "已销号", "All three lists clear and the call-back recorded"
    DECLINED = "declined", "不予受理", "Not taken on, with reason"
    WITHDRAWN = "withdrawn", "已撤回", "Taken back by the enterprise"
    MERGED = "merged", "已并案", "Carried on in another case"


STAGES = {
    CaseState.COLLECTED: Stage.COLLECT,
    CaseState.ASSIGNING: Stage.ASSIGN,
    CaseState.HANDLING: Stage.HANDLE,
    CaseState.PAUSED: Stage.HANDLE,
    CaseState.CHECKING: Stage.CLOSE,
    CaseState.CLOSED: Stage.CLOSE,
    CaseState.DECLINED: Stage.CLOSE,
    CaseState.WITHDRAWN: Stage.CLOSE,
    CaseState.MERGED: Stage.CLOSE,
}
ENDED = (CaseState.CLOSED, CaseState.DECLINED, CaseState.WITHDRAWN, CaseState.MERGED)


class Category(Word):
    """问题类别: Guilin's three hardships (GL-05), what surveys add to them, and the fallback 兜底 (QT-04)."""

    PROJECT = "project", "项目落地", "Getting a project built"
    LAND = "land", "征地拆迁", "Land acquisition and relocation"
    FUNDING = "funding", "资金筹措", "Raising funds"
    TALENT = "talent", "人才用工", "Talent and labour"
    POLICY = "policy", "政策申报", "Policies and applications"
    OTHER = "other", "其他", "Anything else; must be taken on all the same"


class Channel(Word):
    """来源渠道: how a case reached the zone."""

    VISIT = "visit", "走访", "Collected on a visit"
    ON_SITE = "on_site", "上门", "Raised at the enterprise's door"
    PHONE = "phone", "电话", "By telephone"
    ONLINE = "online", "线上", "Raised by the enterprise in the service itself"
    SURVEY = "survey", "调研", "From a survey workbook"
    MEETING = "meeting", "会议", "From a meeting"


class Satisfaction(Word):
    """满意度: what the enterprise said when called back."""

    SATISFIED = "satisfied", "满意", "Satisfied"
    FAIRLY = "fairly", "基本满意", "Fairly satisfied"
    DISSATISFIED = "dissatisfied", "不满意", "Dissatisfied"


class Case(Subject, Timed):
    """One request of one enterprise, owned by one companion from collect to close.

    The `open_…`, `unfixed_…` and `unsubmitted_…` columns count what is still to do on the three lists. They are
    kept by the flows of those lists in the same change, so that the rules of a page of cases need no further read
    and the database itself refuses a closed case with an open list.
    """

    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="cases", on_delete=fields.RESTRICT
    )
    number = fields.CharField(max_length=40, unique=True)
    enterprise: fields.ForeignKeyRelation[Enterprise] = fields.ForeignKeyField(
        "qiban.Enterprise", related_name="cases", on_delete=fields.RESTRICT
    )
    owner: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "qiban.Person", related_name="owned_cases", null=True, on_delete=fields.RESTRICT
    )
    state = fields.CharEnumField(CaseState, max_length=20, description="CaseState")
    title = fields.CharField(max_length=200)
    description = fields.TextField(default="")
    category = fields.CharEnumField(Category, max_length=20, description="Category")
    channel = fields.CharEnumField(Channel, max_length=20, description="Channel")
    contact_name = fields.CharField(max_length=100, default="")
    contact_phone = fields.CharField(max_length=40, default="")
    raised_on = fields.DateField()
    collected_at = fields.DatetimeField()
    contacted_at: datetime | None = fields.DatetimeField(null=True)
    closed_at = fields.DatetimeField(null=True)
    reopen_until = fields.DatetimeField(null=True)
    reopened = fields.IntField(default=0)
    paused_at = fields.DatetimeField(null=True)
    escalation_level = fields.IntField(default=0)
    escalate_at: datetime | None = fields.DatetimeField(null=True)
    escalated_to: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "qiban.Person", related_name="escalated_cases", null=True, on_delete=fields.RESTRICT
    )
    ended_because = fields.TextField(default="")
    ended_basis = fields.TextField(default="")
    merged_into: fields.ForeignKeyNullableRelation[Case] = fields.ForeignKeyField(
        "qiban.Case", related_name="merged", null=True, on_delete=fields.RESTRICT
    )
    satisfaction = fields.CharEnumField(Satisfaction, max_length=20, description="Satisfaction", null=True)
    call_back_attempts = fields.IntField(default=0)
    suggested_department: fields.ForeignKeyNullableRelation[Department] = fields.ForeignKeyField(
        "qiban.Department", related_name="suggested_for", null=True, on_delete=fields.RESTRICT
    )
    visit: fields.ForeignKeyNullableRelation[Record] = fields.ForeignKeyField(
        "qiban.Visit", related_name="cases", null=True, on_delete=fields.RESTRICT, db_index=True
    )
    source = fields.CharField(max_length=300, default="")
    survey_fingerprint = fields.CharField(max_length=64, null=True)
    problems_raised = fields.IntField(default=0)
    open_problems = fields.IntField(default=0)
    returns = fields.IntField(default=0)
    open_responsibilities = fields.IntField(default=0)
    unfixed_responsibilities = fields.IntField(default=0)
    lead_responsibilities = fields.IntField(default=0)
    whole_responsibilities = fields.IntField(default=0)
    open_rectifications = fields.IntField(default=0)
    open_supervisions = fields.IntField(default=0, db_default=0)
    unsubmitted_rectifications = fields.IntField(default=0)
    zone_id: UUID
    enterprise_id: UUID
    owner_id: UUID | None
    escalated_to_id: UUID | None
    merged_into_id: UUID | None
    suggested_department_id: UUID | None
    visit_id: UUID | None
    problems: fields.ReverseRelation[Problem]
    responsibilities: fields.ReverseRelation[Responsibility]
    rectifications: fields.ReverseRelation[Rectification]

    personal = frozenset({"contact_name", "contact_phone"})
    of_work = True
    among_offices = ("dispatch", "designate", "escalate", "send_back", "cancel")

    class Meta:
        table = "case"
        constraints = (
            CheckConstraint(
                "state <> 'closed' OR (open_problems = 0 AND open_responsibilities = 0 AND open_rectifications = 0)",
                name="closed_case_is_clear",
            ),
            CheckConstraint(
                "state <> 'closed' OR satisfaction IS NOT NULL OR call_back_attempts > 0",
                name="closed_case_was_called_back",
            ),
            CheckConstraint(
                "owner_id IS NOT NULL OR state IN ('collected', 'declined', 'withdrawn', 'merged')",
                name="case_has_an_owner",
            ),
            CheckConstraint(
                "unfixed_responsibilities = 0 OR state NOT IN ('handling', 'paused', 'checking', 'closed')",
                name="handled_case_is_fixed",
            ),
            CheckConstraint(
                "(merged_into_id IS NOT NULL) = (state = 'merged')",
                name="merged_case_says_into_which",
            ),
        )
        unique_together = (("zone", "survey_fingerprint"),)
        indexes = (
            ("zone_id", "state", "id"),
            ("enterprise_id", "id"),
            ("owner_id", "state", "id"),
            ("merged_into_id",),
            LIT,
            ("escalated_to_id",),
            ("zone_id", "raised_on", "id"),
            ("zone_id", "id"),
            ("zone_id", "collected_at"),
            ("owner_id", "collected_at"),
        )

    @classmethod
    def visible_to(cls, viewer: Viewer) -> Q:
        """Those seen from inside the offices, and for a contact the enterprise's own."""
        return cls.seen_in(viewer, "id")

    @classmethod
    def seen_in(cls, viewer: Viewer, key: str) -> Q:
        """Rows of a case the viewer may see, `key` being their column that names it."""
        return either(cls.inside(viewer, key), cls.ours(viewer, key))

    @classmethod
    def inside(cls, viewer: Viewer, key: str = "id") -> Q:
        """Cases the viewer oversees, accompanies or works on. What departments say to each other in a case is
        for these eyes only, and not for those who see it as the enterprise's contact."""
        return either(Q(zone_id__in=viewer.overseen), among(key, *cls._from_inside(viewer)))

    @classmethod
    def _from_inside(cls, viewer: Viewer) -> list[Any]:
        accompanied = cls.filter(enterprise_id__in=Subquery(accompanied_by(viewer))).values("id")
        companion = viewer.zones_as(Role.COMPANION) - viewer.overseen
        return [*cls.worked_on_by(viewer), *([accompanied] if companion else [])]

    @classmethod
    def ours(cls, viewer: Viewer, key: str = "id") -> Q:
        """For a contact, cases of the enterprise."""
        if key == "id":
            return Q(enterprise_id__in=viewer.enterprises)
        return among(key, cls.filter(enterprise_id__in=viewer.enterprises).values("id"))

    @classmethod
    def told(cls) -> tuple[str, ...]:
        return ("case", "problem", "rectification", "attachment")

    @classmethod
    def near(cls, viewer: Viewer) -> list[Any]:
        return [*cls._from_inside(viewer), cls.filter(enterprise_id__in=viewer.enterprises).values("id")]

    @classmethod
    def worked_on_by(cls, viewer: Viewer, column: str = "id") -> list[Any]:
        """A column of the cases the viewer owns, that were escalated to the viewer, or that the viewer's department
        or the viewer in person was made responsible for, in zones the viewer does not oversee anyway; one read for
        each of these ways."""
        from domain.responsibilities import Responsibility

        elsewhere = viewer.staff_zones - viewer.overseen
        owned = Q(owner_id=viewer.person_id, zone_id__in=viewer.zones_as(Role.COMPANION) - viewer.overseen)
        escalated = Q(escalated_to_id=viewer.person_id, zone_id__in=viewer.named_zones - viewer.overseen)
        asked = [Responsibility.filter(way, zone_id__in=elsewhere) for way in Responsibility.of(viewer)]
        through = "case_id" if column == "id" else f"case__{column}"
        return [
            cls.filter(owned).values(column), cls.filter(escalated).values(column),
            *(rows.values(through) for rows in asked),
        ]


def accompanied_by(viewer: Viewer) -> Any:
    return Enterprise.filter(
        companion_id=viewer.person_id, zone_id__in=viewer.zones_as(Role.COMPANION)
    ).values("id")
