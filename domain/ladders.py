"""Ladders 梯度: in which order a zone's enterprises climb, rung by rung, each met by a recognition (LYG-02, HB-21).

The rung of an enterprise on a day is the highest of which it holds the recognition on that day, whatever it holds
below; nothing of it is stored.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from pypika_tortoise.context import SqlContext
from pypika_tortoise.terms import Term
from tortoise import fields
from tortoise.expressions import Q

from domain.database import reads
from domain.enterprises import Enterprise
from domain.kinds import Level, RecognitionKind
from domain.people import Person
from domain.recognitions import Recognition, valid_on
from domain.records import Record
from domain.viewers import Viewer
from domain.words import Word
from domain.zones import Zone


class LadderState(Word):
    """梯度状态"""

    HOLDS = "holds", "在用", "Enterprises are told by it"
    RETIRED = "retired", "停用", "No longer used"


class Ladder(Record):
    """`rungs`, lowest first, are a list of {title, recognised_as, level}: met by a recognition of that kind, at that
    level or (null) at any. Rungs are counted from 1; 0 is below the first."""

    subject = "zone"
    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="ladders", on_delete=fields.RESTRICT
    )
    name = fields.CharField(max_length=100)
    rungs: list[dict[str, Any]] = fields.JSONField(default=list)
    state = fields.CharEnumField(LadderState, max_length=20, description="LadderState")
    source = fields.CharField(max_length=300)
    author: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "qiban.Person", related_name="ladders", null=True, on_delete=fields.RESTRICT
    )
    zone_id: UUID
    author_id: UUID | None

    class Meta:
        table = "ladder"
        unique_together = (("zone", "name"),)
        indexes = (("zone_id", "state", "id"),)

    @classmethod
    def visible_to(cls, viewer: Viewer) -> Q:
        """All who have to do with the zone, and staff of the zones below, whose enterprises climb it too."""
        return Q(zone_id__in=viewer.directory | viewer.contact_zones)

    def rung(self, kind: str, level: str) -> int:
        """Which rung a recognition meets; 0 for none."""
        met = [
            number for number, each in enumerate(self.rungs, 1)
            if each["recognised_as"] == kind and each["level"] in (None, level)
        ]
        return max(met, default=0)

    def title(self, rung: int) -> str | None:
        return self.rungs[rung - 1]["title"] if rung else None


async def rungs_on(
    ladders: Sequence[Ladder], enterprises: Collection[UUID], day: date
) -> dict[UUID, dict[UUID, int]]:
    """By enterprise and ladder, the rung on a day; those below the first are left out."""
    kinds = {each["recognised_as"] for ladder in ladders for each in ladder.rungs}
    held: Any = Recognition.filter(valid_on(day), enterprise_id__in=list(enterprises), recognised_as__in=kinds)
    found: defaultdict[UUID, dict[UUID, int]] = defaultdict(dict)
    for row in await held.using_db(reads()).values("enterprise_id", "recognised_as", "level"):
        of = found[row["enterprise_id"]]
        for ladder in ladders:
            if rung := ladder.rung(row["recognised_as"], row["level"]):
                of[ladder.id] = max(rung, of.get(ladder.id, 0))
    return found


@dataclass(frozen=True)
class Climbing:
    """A ladder as climbed by the enterprises of some zones."""

    ladder: Ladder
    zones: Collection[UUID]

    async def counts(self, day: date) -> dict[int, int]:
        """How many stand on each rung on a day, 0 being those below the first."""
        found = await reads().execute_query_dict(
            f"SELECT rung, count(*) AS n FROM ({self.standing(rung=day)}) s WHERE rung > 0 GROUP BY rung"
        )
        counts = dict.fromkeys(range(len(self.ladder.rungs) + 1), 0) | {row["rung"]: row["n"] for row in found}
        every: Any = Enterprise.filter(zone_id__in=list(self.zones)).using_db(reads())
        counts[0] = await every.count() - sum(counts.values())
        return counts

    async def transitions(self, since: date, until: date) -> dict[tuple[int, int], int]:
        """How many stand on another rung on the later day than on the earlier, by both; not what lay in between."""
        standing = self.standing(before=since, after=until)
        found = await reads().execute_query_dict(
            f'SELECT "before", "after", count(*) AS n FROM ({standing}) s WHERE "before" <> "after" '
            'GROUP BY "before", "after" ORDER BY "before", "after"'
        )
        return {(row["before"], row["after"]): row["n"] for row in found}

    def moved(self, since: date, until: date, before: int, after: int) -> Q:
        """The enterprises of one transition."""
        named: dict[str, Any] = {"id__in": _Moved(self, since, until, before, after)}
        return Q(**named)

    def standing(self, **days: date) -> str:
        """In SQL, by enterprise the rung on each of some days, read by the index of a zone's recognitions. What stands
        in it are days, keys and words of ours."""
        held = {
            name: f"(valid_from <= '{day.isoformat()}' AND (ends_on IS NULL OR ends_on > '{day.isoformat()}'))"
            for name, day in days.items()
        }
        rungs = ", ".join(f'max(CASE WHEN {it} THEN {self._highest()} ELSE 0 END) AS "{n}"' for n, it in held.items())
        met = {RecognitionKind.of(each["recognised_as"]).value for each in self.ladder.rungs}
        kinds = ", ".join(f"'{each}'" for each in sorted(met))
        zones = ", ".join(f"'{UUID(str(zone))}'" for zone in self.zones) or "NULL"
        return (
            f"SELECT enterprise_id, {rungs} FROM recognition WHERE zone_id IN ({zones}) "
            f"AND recognised_as IN ({kinds}) AND ({' OR '.join(held.values())}) GROUP BY enterprise_id"
        )

    def _highest(self) -> str:
        """The highest rung that a certificate meets."""
        numbered = reversed(list(enumerate(self.ladder.rungs, 1)))
        return f"CASE {' '.join(f'WHEN {_met(each)} THEN {number}' for number, each in numbered)} ELSE 0 END"


class _Moved(Term):
    def __init__(self, climbing: Climbing, since: date, until: date, before: int, after: int) -> None:
        super().__init__()
        self.sql = (
            f"(SELECT enterprise_id FROM ({climbing.standing(before=since, after=until)}) s "
            f'WHERE "before" = {int(before)} AND "after" = {int(after)})'
        )

    def get_sql(self, ctx: SqlContext) -> str:
        return self.sql


def _met(rung: dict[str, Any]) -> str:
    kind = f"recognised_as = '{RecognitionKind.of(rung['recognised_as']).value}'"
    return kind if rung["level"] is None else f"{kind} AND level = '{Level.of(rung['level']).value}'"
