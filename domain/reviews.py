"""Quarterly reviews 季度会商研判: how an enterprise stands on five topics, once a quarter (HB-05)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q, Subquery
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from domain.enterprises import Enterprise, OfEnterprise
from domain.library_entries import LibraryEntry
from domain.sight import among, either
from domain.viewers import Viewer
from domain.words import Word
from domain.zones import Zone


class TopicStanding(Word):
    """研判状态: how an enterprise stands on a topic. The text names the topics and no states; these are ours."""

    ON_COURSE = "on_course", "进展正常", "On course"
    BEHIND = "behind", "有待推进", "Behind; to be pushed on"
    STUCK = "stuck", "存在堵点", "Stuck; needs help"
    NOT_CONCERNED = "not_concerned", "不涉及", "Does not concern it"


class ReviewState(Word):
    """研判记录状态"""

    RECORDED = "recorded", "已登记", "Counts"
    STRUCK = "struck", "已作废", "Entered in error; counts no more"


TOPICS = ("rd_spending", "platforms", "projects", "institutions", "talent")
"""研发投入、创新平台建设、科技项目申报、研发机构培育、创新人才引育"""


class Review(OfEnterprise):
    """One enterprise in one quarter: its standing on each of the five topics, what was held, and by whom."""

    internal = True
    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="reviews", on_delete=fields.RESTRICT
    )
    enterprise: fields.ForeignKeyRelation[Enterprise] = fields.ForeignKeyField(
        "qiban.Enterprise", related_name="reviews", on_delete=fields.RESTRICT
    )
    year = fields.IntField()
    quarter = fields.IntField()
    held_on: date = fields.DateField()
    rd_spending = fields.CharEnumField(TopicStanding, max_length=20, description="TopicStanding")
    platforms = fields.CharEnumField(TopicStanding, max_length=20, description="TopicStanding")
    projects = fields.CharEnumField(TopicStanding, max_length=20, description="TopicStanding")
    institutions = fields.CharEnumField(TopicStanding, max_length=20, description="TopicStanding")
    talent = fields.CharEnumField(TopicStanding, max_length=20, description="TopicStanding")
    note = fields.TextField(default="")
    state = fields.CharEnumField(ReviewState, max_length=20, description="ReviewState")
    zone_id: UUID
    enterprise_id: UUID

    class Meta:
        table = "review"
        constraints = (
            CheckConstraint("quarter BETWEEN 1 AND 4", name="review_is_of_a_quarter"),
            UniqueConstraint(
                ("enterprise", "year", "quarter"), name="one_review_a_quarter", condition="state = 'recorded'"
            ),
        )
        indexes = (("enterprise_id", "year", "quarter"), ("zone_id", "year", "quarter"), ("zone_id", "id"))


def days_of(year: int, quarter: int) -> tuple[date, date]:
    """The first and the last day of a quarter."""
    following = date(year + quarter // 4, quarter % 4 * 3 + 1, 1)
    return date(year, quarter * 3 - 2, 1), following - timedelta(days=1)


@dataclass(frozen=True)
class Asked:
    """Which enterprises are to be reviewed in a quarter: those of `zones`, or those that came into `library` by its
    last day and had not left before it. Whoever oversees a zone counts all of it, a companion the own ones."""

    viewer: Viewer
    zones: Collection[UUID]
    year: int
    quarter: int
    library: UUID | None = None

    def eligible(self) -> Any:
        rows: Any = Enterprise.filter(zone_id__in=list(self.zones))
        if not self.viewer.sees_everything:
            own = Enterprise.filter(Enterprise.accompanied_by(self.viewer)).values("id")
            rows = rows.filter(either(Q(zone_id__in=self.viewer.overseen), among("id", own)))
        if self.library:
            _, last = days_of(self.year, self.quarter)
            inside = LibraryEntry.filter(
                Q(left_on__isnull=True) | Q(left_on__gt=last), library_id=self.library, entered_on__lte=last
            )
            rows = rows.filter(id__in=Subquery(inside.values("enterprise_id")))
        return rows

    def reviewed(self) -> Any:
        return self.eligible().filter(id__in=self._on_record())

    def unreviewed(self) -> Any:
        return self.eligible().filter(~Q(id__in=self._on_record()))

    def _on_record(self) -> Any:
        found = Review.filter(
            year=self.year, quarter=self.quarter, state=ReviewState.RECORDED, zone_id__in=list(self.zones)
        )
        return Subquery(found.values("enterprise_id"))
