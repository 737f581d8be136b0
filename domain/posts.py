"""Posts 岗位: whom each unit of a zone must have, by title, whether it has anyone or not (XY-01: 18 towns, 3 each)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from domain.database import reads
from domain.records import Record
from domain.viewers import Viewer
from domain.words import Word
from domain.zones import Zone

if TYPE_CHECKING:
    from domain.assignments import Assignment


class PostState(Word):
    """岗位状态"""

    OPEN = "open", "设置", "To be held by someone"
    ABOLISHED = "abolished", "已撤销", "No longer asked for"


class Post(Record):
    """One post of a unit 镇街, from `since`; `ends_on` is the first day it is asked for no more."""

    subject = "zone"
    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="posts", on_delete=fields.RESTRICT
    )
    unit = fields.CharField(max_length=100)
    title = fields.CharField(max_length=100)
    since: date = fields.DateField()
    ends_on: date | None = fields.DateField(null=True)
    state = fields.CharEnumField(PostState, max_length=20, description="PostState")
    source = fields.CharField(max_length=300, default="")
    zone_id: UUID
    assignments: fields.ReverseRelation[Assignment]

    class Meta:
        table = "post"
        constraints = (
            CheckConstraint("ends_on IS NULL OR ends_on >= since", name="post_begins_before_it_ends"),
            CheckConstraint("(ends_on IS NULL) = (state = 'open')", name="abolished_post_has_its_day"),
            UniqueConstraint(("zone", "unit", "title"), name="one_post_a_title", condition="state = 'open'"),
        )
        indexes = (("zone_id", "since"), ("zone_id", "id"))

    @classmethod
    def visible_to(cls, viewer: Viewer) -> Q:
        return Q(zone_id__in=viewer.staff_zones)


@dataclass
class Staffing:
    """How complete a zone's posts are on a day. By title: how many there are, how many are held."""

    total: int = 0
    filled: int = 0
    titles: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    vacant: list[UUID] = field(default_factory=list)


def on_day(day: date) -> Q:
    """What holds on a day, of rows with `since` and `ends_on`."""
    return Q(since__lte=day) & (Q(ends_on__isnull=True) | Q(ends_on__gt=day))


async def staffing_on(zones: Collection[UUID], day: date) -> Staffing:
    """In two statements: the posts there are, and which of them are held."""
    from domain.assignments import Assignment

    posts: Any = Post.filter(on_day(day), zone_id__in=list(zones)).order_by("title", "unit", "id").using_db(reads())
    held: Any = Assignment.filter(on_day(day), zone_id__in=list(zones), post_id__isnull=False).using_db(reads())
    holding = set(await held.values_list("post_id", flat=True))
    found = Staffing()
    for key, title in await posts.values_list("id", "title"):
        filled = key in holding
        found.total, found.filled = found.total + 1, found.filled + filled
        found.titles[title] = [found.titles[title][0] + 1, found.titles[title][1] + filled]
        if not filled:
            found.vacant.append(key)
    return found

