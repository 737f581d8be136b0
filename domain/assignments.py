"""Assignments 任用: who was in which team, held which post, was whose mentor 师徒, or answered for which county or
industry, from which day until which (KRM-10, XY-01, XY-02, HB-03)."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from domain.people import Person
from domain.posts import Post
from domain.records import Record
from domain.teams import Team
from domain.viewers import Viewer
from domain.words import Word
from domain.zones import Zone


class AssignmentState(Word):
    """任用状态"""

    HELD = "held", "在任", "Holds"
    ENDED = "ended", "已卸任", "Ended, or handed over"


class Assignment(Record):
    """One person, to one of: a team, a post, a pupil, a county, an industry; from `since`. `ends_on` is the first day
    it holds no more."""

    subject = "zone"
    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="assignments", on_delete=fields.RESTRICT
    )
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "qiban.Person", related_name="assignments", on_delete=fields.RESTRICT
    )
    team: fields.ForeignKeyNullableRelation[Team] = fields.ForeignKeyField(
        "qiban.Team", related_name="assignments", null=True, on_delete=fields.RESTRICT
    )
    post: fields.ForeignKeyNullableRelation[Post] = fields.ForeignKeyField(
        "qiban.Post", related_name="assignments", null=True, on_delete=fields.RESTRICT
    )
    pupil: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "qiban.Person", related_name="mentors", null=True, on_delete=fields.RESTRICT
    )
    county = fields.CharField(max_length=60, null=True)
    industry = fields.CharField(max_length=60, null=True)
    title = fields.CharField(max_length=100, default="")
    since: date = fields.DateField()
    ends_on: date | None = fields.DateField(null=True)
    state = fields.CharEnumField(AssignmentState, max_length=20, description="AssignmentState")
    source = fields.CharField(max_length=300, default="")
    zone_id: UUID
    person_id: UUID
    team_id: UUID | None
    post_id: UUID | None
    pupil_id: UUID | None

    class Meta:
        table = "assignment"
        constraints = (
            CheckConstraint(
                "(CASE WHEN team_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN post_id IS NULL THEN 0 ELSE 1 END)"
                " + (CASE WHEN pupil_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN county IS NULL THEN 0 ELSE 1 END)"
                " + (CASE WHEN industry IS NULL THEN 0 ELSE 1 END) = 1",
                name="assigned_to_one_thing",
            ),
            CheckConstraint("ends_on IS NULL OR ends_on >= since", name="assignment_begins_before_it_ends"),
            CheckConstraint("(ends_on IS NULL) = (state = 'held')", name="ended_assignment_has_its_day"),
            CheckConstraint("pupil_id IS NULL OR pupil_id <> person_id", name="nobody_mentors_themselves"),
            UniqueConstraint(("post",), name="one_holder_a_post", condition="state = 'held'"),
            UniqueConstraint(("pupil",), name="one_mentor_a_pupil", condition="state = 'held'"),
            UniqueConstraint(("team", "person"), name="once_in_a_team", condition="state = 'held'"),
            UniqueConstraint(("zone", "county"), name="one_for_a_county", condition="state = 'held'"),
            UniqueConstraint(("zone", "industry"), name="one_for_an_industry", condition="state = 'held'"),
        )
        indexes = (
            ("team_id", "id"), ("post_id", "since"), ("pupil_id", "since"), ("person_id", "id"),
            ("zone_id", "county", "since"), ("zone_id", "industry", "since"), ("zone_id", "id"),
        )

    @classmethod
    def visible_to(cls, viewer: Viewer) -> Q:
        return Q(zone_id__in=viewer.staff_zones)


ALONE = ("post_id", "pupil_id", "county", "industry")
"""To each of these one person is assigned at a time; a team has many."""
