"""The figures in SQL: each is one statement that counts, whatever there is to count.

Two things are counted. By zone, officer or month it is cases, of a department its responsibilities; the on-time rate
counts responsibilities either way. A case belongs to the period in which it was collected, and its responsibilities
with it. Whoever asks counts what they oversee, and else only what they answer for in person: a companion the cases
they own, a liaison the responsibilities of their department. A total by zone is for those who oversee it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from domain.clock import OFFICE_ZONE
from domain.database import engine, reads
from domain.figures import Figure
from domain.viewers import Role, Viewer
from domain.words import Word


class Grouping(Word):
    """分组: by what figures are told."""

    ZONE = "zone", "高新区", "By zone; a zone below another counts for itself"
    DEPARTMENT = "department", "部门", "By department: its responsibilities"
    OFFICER = "officer", "企业伴员", "By the companion who owns the case"
    MONTH = "month", "月份", "By the month in which cases were collected, in the offices' time"


@dataclass(frozen=True)
class Asked:
    """What figures are asked for: collected on `since` or later, and on `until` or before; as it stands `at`."""

    viewer: Viewer
    at: datetime
    by: Grouping
    zones: Sequence[UUID] | None = None
    department: UUID | None = None
    officer: UUID | None = None
    since: date | None = None
    until: date | None = None
    fairly_counts: Sequence[UUID] = ()

    @property
    def of_departments(self) -> bool:
        return self.by is Grouping.DEPARTMENT or self.department is not None


@dataclass(frozen=True)
class Rate:
    """A figure of one group: `met` of `counted`. `excluded` were left out by someone; `others` are not to be counted,
    as cases declined, or not yet, as what is not due."""

    group: str | None
    met: int
    counted: int
    excluded: int
    others: int

    def percent(self, decimals: int) -> str | None:
        """As texts print it (GZ-01: 39 of 45 is 86.7; XY-05: 86 of 108 is 79.63); None where nothing is counted."""
        if not self.counted:
            return None
        exact = Decimal(self.met) * 100 / Decimal(self.counted)
        return str(exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP))


@dataclass(frozen=True)
class Stayed:
    """How long stays in one state lasted that have ended, in whole seconds of the clock, day and night."""

    group: str | None
    state: str
    stays: int
    seconds: int
    longest: int
    median: Decimal

    @property
    def mean(self) -> Decimal:
        return Decimal(self.seconds) / self.stays


@dataclass(frozen=True)
class Rule:
    """A figure: what is looked at, what of it is counted, what of that is met. In SQL over `c`, `r` and `s`."""

    stay: str
    looked_at: str
    counted: str
    met: str


LEFT, MET = (f"(CASE WHEN s.{each} <= {{at}} THEN s.{each} END)" for each in ("left_at", "met_at"))
"""When the state was left, and when its deadline was met before that; by the instant that is asked for."""
CALLED = f"""COALESCE({MET}, CASE WHEN c.contacted_at <= COALESCE({LEFT}, c.contacted_at) THEN c.contacted_at END,
    CASE WHEN NOT EXISTS (SELECT 1 FROM span e WHERE e.record_id = c.id AND e.entered_at = s.left_at
        AND e.state IN ('declined', 'withdrawn', 'merged')) THEN {LEFT} END)"""
"""When the enterprise had its first answer: it was contacted, or the case submitted or solved. To end is no answer."""
TAKEN = f"(CASE WHEN r.state <> 'released' OR r.signed_at IS NOT NULL THEN COALESCE({MET}, {LEFT}) END)"
"""When a department signed for what it was offered, or returned it. To be released is no answer either."""
DUE = "COALESCE(s.due_at, r.return_by)"
OF_CASES = {
    Figure.RESPONSE: Rule("collected", "1 = 1", f"{CALLED} IS NOT NULL OR s.due_at < {LEFT} OR c.red_at < {{at}}",
                          f"{CALLED} <= COALESCE(s.due_at, {CALLED})"),
    Figure.RESOLUTION: Rule("", "1 = 1", "c.state NOT IN ('declined', 'withdrawn', 'merged')", "c.state = 'closed'"),
    Figure.SATISFACTION: Rule("", "c.state = 'closed'", "c.satisfaction IS NOT NULL", "{satisfied}"),
}
OF_DUTIES = {
    Figure.RESPONSE: Rule("offered", "s.id IS NOT NULL",
                          f"{TAKEN} IS NOT NULL OR {DUE} < {LEFT} OR r.red_at < {{at}}", f"{TAKEN} <= {DUE}"),
    Figure.RESOLUTION: Rule("", "1 = 1", "r.state NOT IN ('returned', 'released')", "r.state = 'done'"),
    Figure.SATISFACTION: Rule("", "c.state = 'closed' AND r.state = 'done'", "c.satisfaction IS NOT NULL",
                              "{satisfied}"),
    Figure.ON_TIME: Rule(
        "fixed", "s.id IS NOT NULL AND r.state IN ('fixed', 'done')",
        "r.state = 'done' OR r.red_at < {at}",
        "r.state = 'done' AND s.left_at <= s.due_at",
    ),
}


async def rates(figure: Figure, asked: Asked) -> list[Rate]:
    """One figure, group by group."""
    duties = asked.of_departments or figure is Figure.ON_TIME
    rule = (OF_DUTIES if duties else OF_CASES)[figure]
    said = _Statement(asked, duties)
    counted, met = said.filled(rule.counted), said.filled(rule.met)
    rows = await said.answered(
        f"WITH unit AS (SELECT {said.group} AS grp, CASE WHEN {said.excluded(figure)} THEN 1 ELSE 0 END AS excluded,"
        f" CASE WHEN {counted} THEN 1 ELSE 0 END AS counted, CASE WHEN {met} THEN 1 ELSE 0 END AS met"
        f" FROM {said.units(rule.stay)} WHERE {said.scope} AND {rule.looked_at})"
        " SELECT grp, SUM((1 - excluded) * counted * met) AS met, SUM((1 - excluded) * counted) AS counted,"
        " SUM(excluded) AS excluded, SUM((1 - excluded) * (1 - counted)) AS others FROM unit GROUP BY grp ORDER BY grp"
    )
    return [
        Rate(_text(row["grp"]), int(row["met"]), int(row["counted"]), int(row["excluded"]), int(row["others"]))
        for row in rows
    ]


async def overdue(asked: Asked) -> dict[str | None, int]:
    """How many cases, or responsibilities of departments, show the red light, by group."""
    said = _Statement(asked, asked.of_departments)
    unit = "r" if said.duties else "c"
    rows = await said.answered(
        f"SELECT {said.group} AS grp, COUNT(*) AS n FROM {said.units('')}"
        f" WHERE {said.scope} AND {unit}.red_at < {said.place(asked.at)} GROUP BY 1 ORDER BY 1"
    )
    return {_text(row["grp"]): row["n"] for row in rows}


async def stays(asked: Asked) -> list[Stayed]:
    """How long cases, or responsibilities of departments, stayed in each state they have left."""
    said = _Statement(asked, asked.of_departments)
    seconds = f"{_seconds('s.left_at')} - {_seconds('s.entered_at')}"
    rows = await said.answered(
        f"WITH stay AS (SELECT {said.group} AS grp, s.state, {seconds} AS seconds FROM {said.units(None)}"
        f" WHERE {said.scope} AND s.left_at <= {said.place(asked.at)} AND NOT {said.excluded(Figure.EVERY)}),"
        " placed AS (SELECT grp, state, seconds, ROW_NUMBER() OVER (PARTITION BY grp, state ORDER BY seconds) AS place,"
        " COUNT(*) OVER (PARTITION BY grp, state) AS stays FROM stay)"
        " SELECT grp, state, MAX(stays) AS stays, SUM(seconds) AS seconds, MAX(seconds) AS longest,"
        " MIN(CASE WHEN place >= (stays + 1) / 2 THEN seconds END) AS low,"
        " MIN(CASE WHEN place >= (stays + 2) / 2 THEN seconds END) AS high"
        " FROM placed GROUP BY grp, state ORDER BY grp, state"
    )
    return [
        Stayed(
            _text(row["grp"]), row["state"], row["stays"], int(row["seconds"]), row["longest"],
            Decimal(row["low"] + row["high"]) / 2,
        )
        for row in rows
    ]


@dataclass
class _Statement:
    """One statement being written, its values numbered as they come."""

    asked: Asked
    duties: bool
    values: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.group = {
            Grouping.ZONE: "c.zone_id",
            Grouping.DEPARTMENT: "r.department_id",
            Grouping.OFFICER: "c.owner_id",
            Grouping.MONTH: _month("c.collected_at"),
        }[self.asked.by]
        self.scope = " AND ".join(self._scope())

    def place(self, value: Any) -> str:
        postgres = engine() == "postgres"
        self.values.append(str(value) if isinstance(value, UUID) and not postgres else value)
        cast = "::timestamptz" if isinstance(value, datetime) else "::uuid" if isinstance(value, UUID) else ""
        return f"${len(self.values)}{cast}" if postgres else f"?{len(self.values)}"

    def filled(self, condition: str) -> str:
        """A condition of a rule with the values it names, and no others: each that is handed over must be used."""
        if "{at}" in condition:
            condition = condition.replace("{at}", self.place(self.asked.at))
        if "{satisfied}" in condition:
            fairly = self.among("c.zone_id", self.asked.fairly_counts)
            condition = f"c.satisfaction = 'satisfied' OR (c.satisfaction = 'fairly' AND {fairly})"
        return condition

    def among(self, column: str, keys: Iterable[UUID]) -> str:
        places = [self.place(key) for key in sorted(keys)]
        return f"{column} IN ({', '.join(places)})" if places else "1 = 0"

    def units(self, stay: str | None) -> str:
        """What is counted, with its stays in one state, or (None) in every state."""
        tables = '"case" c JOIN responsibility r ON r.case_id = c.id' if self.duties else '"case" c'
        if stay == "":
            return tables
        unit, kind = ("r", "responsibility") if self.duties else ("c", "case")
        state = f" AND s.state = '{stay}'" if stay else ""
        joined = "LEFT JOIN" if stay else "JOIN"
        return f"{tables} {joined} span s ON s.record_id = {unit}.id AND s.record_kind = '{kind}'{state}"

    def excluded(self, figure: Figure) -> str:
        figures = ", ".join(f"'{each}'" for each in dict.fromkeys((figure.value, Figure.EVERY.value)))
        return (
            "EXISTS (SELECT 1 FROM exclusion x WHERE x.case_id = c.id AND x.state = 'held'"
            f" AND x.figure IN ({figures}))"
        )

    async def answered(self, sql: str) -> list[dict[str, Any]]:
        return await reads().execute_query_dict(sql, self.values)

    def _scope(self) -> Iterable[str]:
        yield self._sight()
        if self.asked.zones is not None:
            yield self.among("c.zone_id", self.asked.zones)
        if self.asked.department:
            yield f"r.department_id = {self.place(self.asked.department)}"
        if self.asked.officer:
            yield f"c.owner_id = {self.place(self.asked.officer)}"
        if self.asked.since:
            yield f"c.collected_at >= {self.place(midnight(self.asked.since))}"
        if self.asked.until:
            yield f"c.collected_at < {self.place(midnight(self.asked.until, days=1))}"

    def _sight(self) -> str:
        viewer = self.asked.viewer
        if viewer.sees_everything:
            return "1 = 1"
        ways = [self.among("c.zone_id", viewer.overseen)]
        if self.asked.of_departments:
            ways.append(self.among("r.department_id", viewer.departments))
        elif self.asked.by is not Grouping.ZONE:
            companion = self.among("c.zone_id", viewer.zones_as(Role.COMPANION))
            ways.append(f"(c.owner_id = {self.place(viewer.person_id)} AND {companion})")
        return f"({' OR '.join(way for way in ways)})"


def midnight(day: date, *, days: int = 0) -> datetime:
    """When a day begins in the offices, or one some days after it."""
    return datetime(day.year, day.month, day.day, tzinfo=OFFICE_ZONE) + timedelta(days=days)


def _seconds(column: str) -> str:
    if engine() == "postgres":
        return f"CAST(FLOOR(EXTRACT(EPOCH FROM {column})) AS BIGINT)"
    return f"CAST(strftime('%s', {column}) AS INTEGER)"


def _month(column: str) -> str:
    if engine() == "postgres":
        return f"to_char({column} AT TIME ZONE '{OFFICE_ZONE.key}', 'YYYY-MM')"
    return f"strftime('%Y-%m', {column}, '+8 hours')"


def _text(group: object) -> str | None:
    return None if group is None else str(group)
