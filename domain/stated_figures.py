"""Stated figures 统计陈述: one figure as one source states it. Two that differ are both kept, and shown in dispute."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q
from tortoise.migrations.constraints import CheckConstraint

from domain.exact import Exact
from domain.facts import FactStatus
from domain.records import Record
from domain.viewers import Viewer
from domain.words import Word
from domain.zones import Zone


class StatedUnit(Word):
    """单位"""

    COUNT = "count", "个", "A number of things"
    YUAN = "yuan", "元", "Yuan"
    PERCENT = "percent", "%", "Percent"


class Bound(Word):
    """Whether a figure is exact or an end of a range (seeds W4: 110余家, 200多条)."""

    EXACT = "exact", "等于", "Just so much"
    AT_LEAST = "at_least", "不低于", "So much or more"


class StatedFigureState(Word):
    """陈述状态"""

    FILED = "filed", "已收录", "Counts"
    STRUCK = "struck", "已作废", "Filed in error"


class StatedFigure(Record):
    """A figure of the zone called `topic`, of the days from `since` (of one day where that is empty) through `until`.
    `base` says against what it is compared, as the source words it: +95 % against 2019 is another statement than +95 %
    against the three years before (W2)."""

    subject = "zone"
    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="stated_figures", on_delete=fields.RESTRICT
    )
    topic = fields.CharField(max_length=100)
    unit = fields.CharEnumField(StatedUnit, max_length=10, description="StatedUnit")
    bound = fields.CharEnumField(Bound, max_length=10, description="Bound")
    value: Any = Exact(4)
    since: date | None = fields.DateField(null=True)
    until: date = fields.DateField()
    base = fields.CharField(max_length=100, default="")
    state = fields.CharEnumField(StatedFigureState, max_length=20, description="StatedFigureState")
    status = fields.CharEnumField(FactStatus, max_length=20, description="FactStatus")
    source = fields.CharField(max_length=300)
    zone_id: UUID

    class Meta:
        table = "stated_figure"
        constraints = (CheckConstraint("since IS NULL OR since <= until", name="stated_period_begins_before_it_ends"),)
        indexes = (("zone_id", "topic", "until"), ("zone_id", "id"))

    @classmethod
    def visible_to(cls, viewer: Viewer) -> Q:
        """Staff of the zone and of the zones below."""
        return Q(zone_id__in=viewer.directory)


@dataclass(frozen=True)
class Stated:
    """All that is stated of one figure in one period: its value where they agree, else none."""

    statements: tuple[Any, ...]

    @property
    def disputed(self) -> bool:
        """Whether sources differ in the figure or in what it is compared with."""
        return len({(each.value, each.bound, each.base) for each in self.statements}) > 1

    @property
    def value(self) -> Any:
        return None if self.disputed else self.statements[0].value


def together(rows: Iterable[Any]) -> list[Stated]:
    """Statements of one figure, in one zone, unit and period, put together; in the order of the first of each."""
    figures: defaultdict[tuple[Any, ...], list[Any]] = defaultdict(list)
    for row in rows:
        figures[row.zone_id, row.topic, row.unit, row.since, row.until].append(row)
    return [Stated(tuple(each)) for each in figures.values()]
