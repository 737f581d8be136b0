"""Figures over GraphQL: rates, what is overdue, how long states last, and what was left out of them and why."""

from __future__ import annotations

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry
from tortoise.expressions import Subquery

from api.context import Info, one_loader
from api.filters import decimals_of, zones_under
from api.moves import MoveStanding, moves
from api.nodes import Node, enum, key_of, node, one
from api.pages import DEFAULT_PAGE, OLDEST, AsOf, Connection, Listing
from domain import rates
from domain.departments import Department as DepartmentRow
from domain.figures import Exclusion as ExclusionRow
from domain.figures import ExclusionState
from domain.figures import Figure as FigureName
from domain.people import Person as PersonRow
from domain.rates import Asked, Grouping
from domain.refusals import BAD_INPUT, Refused
from domain.responsibilities import Responsibility
from domain.zones import Zone as ZoneRow

if TYPE_CHECKING:
    from api.cases import Case
    from api.departments import Department
    from api.people import Person
    from api.zones import Zone

for words in (FigureName, ExclusionState, Grouping):
    enum(words)

SECONDS_IN_AN_HOUR = 3_600


@node(ExclusionRow)
class Exclusion(Node):
    """A case left out of a figure 剔除: by whom, when and why."""

    version: int
    case: Annotated[Case, strawberry.lazy("api.cases")] | None = one()
    figure: FigureName
    state: ExclusionState
    reason: str
    author: Annotated[Person, strawberry.lazy("api.people")] | None = one()
    created_at: datetime
    moves: list[MoveStanding] = moves()


@strawberry.type(description="What a figure is of: one of these, as was asked for.")
class FigureGroup:
    by: strawberry.Private[Grouping]
    key: strawberry.Private[str | None]

    @strawberry.field
    async def zone(self, info: Info) -> Annotated[Zone, strawberry.lazy("api.zones")] | None:
        return await self._row(info, Grouping.ZONE, ZoneRow)  # type: ignore[no-any-return]

    @strawberry.field
    async def department(self, info: Info) -> Annotated[Department, strawberry.lazy("api.departments")] | None:
        return await self._row(info, Grouping.DEPARTMENT, DepartmentRow)  # type: ignore[no-any-return]

    @strawberry.field
    async def officer(self, info: Info) -> Annotated[Person, strawberry.lazy("api.people")] | None:
        return await self._row(info, Grouping.OFFICER, PersonRow)  # type: ignore[no-any-return]

    @strawberry.field(description="As 2026-03, in the offices' time.")
    def month(self) -> str | None:
        return self.key if self.by is Grouping.MONTH else None

    async def _row(self, info: Info, by: Grouping, model: Any) -> Any:
        if self.by is not by or self.key is None:
            return None
        return await one_loader(info.context, model).load((UUID(self.key),))


@strawberry.type(description="A rate: numerator of denominator. What each counts stands in docs/figures.md.")
class Rate:
    group: FigureGroup
    numerator: int
    denominator: int
    excluded: int = strawberry.field(description="Left out by someone; see `exclusions`.")
    others: int = strawberry.field(description="Not to be counted, or not yet: declined, not due, not answered.")
    rate: strawberry.Private[rates.Rate]

    @strawberry.field(description="As texts print it, rounded half up; null where nothing is counted.")
    def percent(self, decimals: int = 1) -> str | None:
        return self.rate.percent(decimals_of(decimals))


@strawberry.type
class Overdue:
    group: FigureGroup
    count: int


@strawberry.type(description="How long stays in a state lasted that have ended, by the clock, nights and holidays too.")
class StateTime:
    group: FigureGroup
    kind: str = strawberry.field(description="Of what: case or responsibility.")
    state: str
    count: int
    stayed: strawberry.Private[rates.Stayed]

    @strawberry.field
    def median_hours(self, decimals: int = 1) -> str:
        return _hours(self.stayed.median, decimals)

    @strawberry.field
    def mean_hours(self, decimals: int = 1) -> str:
        return _hours(self.stayed.mean, decimals)

    @strawberry.field
    def longest_hours(self, decimals: int = 1) -> str:
        return _hours(Decimal(self.stayed.longest), decimals)


@strawberry.type(description="Figures of a period, of what the viewer oversees or answers for.")
class Figures:
    asked: strawberry.Private[Asked]

    @strawberry.field(description="响应率")
    async def response(self) -> list[Rate]:
        return await self._rates(FigureName.RESPONSE)

    @strawberry.field(description="办结率")
    async def resolution(self) -> list[Rate]:
        return await self._rates(FigureName.RESOLUTION)

    @strawberry.field(description="满意率")
    async def satisfaction(self) -> list[Rate]:
        return await self._rates(FigureName.SATISFACTION)

    @strawberry.field(description="按时办结率")
    async def on_time(self) -> list[Rate]:
        return await self._rates(FigureName.ON_TIME)

    @strawberry.field(description="With the red light.")
    async def overdue(self) -> list[Overdue]:
        counts = await rates.overdue(self.asked)
        return [Overdue(group=self._group(key), count=count) for key, count in counts.items()]

    @strawberry.field
    async def times(self) -> list[StateTime]:
        kind = "responsibility" if self.asked.of_departments else "case"
        return [
            StateTime(group=self._group(each.group), kind=kind, state=each.state, count=each.stays, stayed=each)
            for each in await rates.stays(self.asked)
        ]

    @strawberry.field(description="What was left out of these figures, by whom and why.")
    async def exclusions(
        self, info: Info, first: int = DEFAULT_PAGE, after: str | None = None
    ) -> Connection[Exclusion]:
        listing = Listing(_left_out(self.asked), OLDEST, first, after)
        await listing.found()
        return listing  # type: ignore[return-value]

    async def _rates(self, figure: FigureName) -> list[Rate]:
        return [
            Rate(
                group=self._group(each.group), numerator=each.met, denominator=each.counted, excluded=each.excluded,
                others=each.others, rate=each,
            )
            for each in await rates.rates(figure, self.asked)
        ]

    def _group(self, key: str | None) -> FigureGroup:
        return FigureGroup(by=self.asked.by, key=key)


@strawberry.type
class Query:
    @strawberry.field(
        description="The figures a zone is measured by 三率, of cases collected in a period.", extensions=[AsOf()]
    )
    async def figures(
        self,
        info: Info,
        by: Grouping = Grouping.ZONE,
        zone_id: strawberry.ID | None = None,
        department_id: strawberry.ID | None = None,
        officer_id: strawberry.ID | None = None,
        from_: Annotated[date | None, strawberry.argument(name="from")] = None,
        until: Annotated[date | None, strawberry.argument(description="That day included.")] = None,
    ) -> Figures:
        if from_ and until and from_ > until:
            raise Refused(
                BAD_INPUT.about("until", problem_zh="早于起始日", problem_en="the period ends before it begins")
            )
        context = info.context
        await context.prepare()
        counting = [zone for zone, rules in context.rulebook.rules.items() if rules["fairly_is_satisfied"]]
        return Figures(
            asked=Asked(
                context.viewer, context.at, by, await zones_under(info, zone_id),
                key_of(department_id, DepartmentRow, "departmentId") if department_id else None,
                key_of(officer_id, PersonRow, "officerId") if officer_id else None,
                from_, until, counting,
            )
        )


def _left_out(asked: Asked) -> Any:
    rows: Any = ExclusionRow.seen_by(asked.viewer).filter(state=ExclusionState.HELD)
    if asked.zones is not None:
        rows = rows.filter(zone_id__in=asked.zones)
    if asked.officer:
        rows = rows.filter(case__owner_id=asked.officer)
    if asked.department:
        asked_of = Responsibility.filter(department_id=asked.department).values("case_id")
        rows = rows.filter(case_id__in=Subquery(asked_of))
    if asked.since:
        rows = rows.filter(case__collected_at__gte=rates.midnight(asked.since))
    if asked.until:
        rows = rows.filter(case__collected_at__lt=rates.midnight(asked.until, days=1))
    return rows


def _hours(seconds: Decimal, decimals: int) -> str:
    return str((seconds / SECONDS_IN_AN_HOUR).quantize(Decimal(1).scaleb(-decimals_of(decimals)), ROUND_HALF_UP))
