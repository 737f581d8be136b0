"""Rounds of visits and their coverage over GraphQL."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from api.context import Info
from api.filters import decimals_of, zones_under
from api.moves import MoveStanding, moves
from api.nodes import Node, computed, enum, key_of, node, one, paged
from api.pages import DEFAULT_PAGE, NEWEST, OLDEST, AsOf, Connection, Listing, listing
from domain import coverage
from domain.cadence import Cadence
from domain.clock import OFFICE_ZONE
from domain.coverage import Asked
from domain.database import reads
from domain.kinds import RecognitionKind
from domain.pass_rates import percent
from domain.people import Person as PersonRow
from domain.refusals import BAD_INPUT, NOT_FOUND, REQUIRED, Refusal, Refused
from domain.rounds import RoundState
from domain.rounds import VisitRound as VisitRoundRow
from domain.zones import Zone as ZoneRow
from domain.zones import rules_of

if TYPE_CHECKING:
    from api.enterprises import Enterprise
    from api.visits import Visit
    from api.zones import Zone

enum(RoundState)
NO_DUTY = Refusal(
    "NO_DUTY", "本区未设走访频次（visit_duty），无法计算。", "The zone has set no visit_duty to reckon by.", "zoneId"
)


@strawberry.type(description="A part of those to be visited; `atLeast` is what was set out to do.")
class Stratum:
    name: str
    above_scale: bool | None
    at_least: int


@node(VisitRoundRow)
class VisitRound(Node):
    """A round of visits 走访轮次, or a survey in strata; both days included."""

    version: int
    zone: Annotated[Zone, strawberry.lazy("api.zones")] | None = one()
    name: str
    year: int
    number: int | None
    since: date
    until: date
    recognised_as: RecognitionKind | None
    strata: list[Stratum] = computed(
        lambda row: [Stratum(name=name, above_scale=above, at_least=least) for name, above, least in row.strata],
        "strata",
    )
    state: RoundState
    source: str
    visits: Connection[Annotated[Visit, strawberry.lazy("api.visits")]] = paged(NEWEST)
    moves: list[MoveStanding] = moves()


@strawberry.type(description="How much of a stratum was visited.")
class StratumCoverage:
    name: str
    above_scale: bool | None
    at_least: int
    eligible: int
    visited: int
    met: bool = strawberry.field(description="As many as was set out to do, that number included.")


@strawberry.type(description="How many of those to be visited have been 走访覆盖.")
class VisitCoverage:
    asked: strawberry.Private[Asked]
    since: date
    until: date
    at_least: int = strawberry.field(description="So many visits each.")
    eligible: int
    visited: int
    complete: bool = strawberry.field(description="Nobody is left; never true by rounding.")
    strata: list[StratumCoverage]

    @strawberry.field(description="Rounded half up; null where nobody is eligible.")
    def percent(self, decimals: int = 1) -> str | None:
        return percent(self.visited, self.eligible, decimals_of(decimals))

    @strawberry.field(description="Those still to be visited.")
    async def unvisited(
        self, info: Info, companion_id: strawberry.ID | None = None, first: int = DEFAULT_PAGE, after: str | None = None
    ) -> Connection[Annotated[Enterprise, strawberry.lazy("api.enterprises")]]:
        rows = self.asked.unvisited()
        if companion_id:
            rows = rows.filter(companion_id=key_of(companion_id, PersonRow, "companionId"))
        listing = Listing(rows, OLDEST, first, after)
        await listing.found()
        return listing  # type: ignore[return-value]


@strawberry.input
class VisitRoundFilter:
    zone_id: strawberry.ID | None = None
    year: int | None = None
    state: list[RoundState] | None = None


@strawberry.type
class Query:
    @listing("Rounds of visits 走访轮次, newest first.")
    def visit_rounds(
        self, info: Info, filter: VisitRoundFilter | None = None, first: int = DEFAULT_PAGE, after: str | None = None
    ) -> Connection[VisitRound]:
        rows: Any = VisitRoundRow.seen_by(info.context.viewer)
        if filter:
            if filter.zone_id:
                rows = rows.filter(zone_id=key_of(filter.zone_id, ZoneRow, "zoneId"))
            if filter.year is not None:
                rows = rows.filter(year=filter.year)
            if filter.state is not None:
                rows = rows.filter(state__in=set(filter.state))
        return Listing(rows, NEWEST, first, after)  # type: ignore[return-value]

    @strawberry.field(
        description="Coverage of a round, of a period, or of the part of the year that the zone's `visit_duty` says.",
        extensions=[AsOf()],
    )
    async def visit_coverage(
        self,
        info: Info,
        round_id: strawberry.ID | None = None,
        zone_id: strawberry.ID | None = None,
        from_: Annotated[date | None, strawberry.argument(name="from")] = None,
        until: Annotated[date | None, strawberry.argument(description="That day included.")] = None,
        at_least: Annotated[int, strawberry.argument(description="So many visits each, in a period.")] = 1,
        on: Annotated[date | None, strawberry.argument(description="By the duty of that day, else today's.")] = None,
    ) -> VisitCoverage:
        if round_id:
            asked, strata = await _of_round(info, round_id)
        elif from_ and until:
            asked, strata = await _of_period(info, zone_id, from_, until, at_least), []
        else:
            asked, strata = await _by_duty(info, zone_id, on), []
        counted = await coverage.covered(asked)
        eligible, visited = counted.numbers()
        return VisitCoverage(
            asked=asked, since=asked.since, until=asked.until, at_least=asked.at_least, eligible=eligible,
            visited=visited, complete=0 < eligible == visited,
            strata=[_stratum(counted, *each) for each in strata],
        )


def _stratum(counted: coverage.Covered, name: str, above: bool | None, least: int) -> StratumCoverage:
    eligible, visited = counted.numbers(above)
    return StratumCoverage(
        name=name, above_scale=above, at_least=least, eligible=eligible, visited=visited, met=visited >= least
    )


async def _of_round(info: Info, given: strawberry.ID) -> tuple[Asked, list[list[Any]]]:
    viewer = info.context.viewer
    seen: Any = VisitRoundRow.seen_by(viewer).filter(id=key_of(given, VisitRoundRow, "roundId"))
    row = await seen.using_db(reads()).first()
    if row is None:
        raise Refused(NOT_FOUND.about("roundId"))
    zone = await ZoneRow.filter(id=row.zone_id).using_db(reads()).get()
    below: Any = ZoneRow.filter(path__startswith=f"{zone.path}/").using_db(reads())
    zones = [zone.id, *await below.values_list("id", flat=True)]
    asked = Asked(viewer, zones, row.since, row.until, round_id=row.id, recognised_as=row.recognised_as)
    return asked, row.strata


async def _of_period(info: Info, zone_id: strawberry.ID | None, since: date, until: date, at_least: int) -> Asked:
    if since > until:
        raise Refused(BAD_INPUT.about("until", problem_zh="早于起始日", problem_en="the period ends before it begins"))
    if not 1 <= at_least <= 366:
        raise Refused(BAD_INPUT.about("atLeast", problem_zh="次数为1至366", problem_en="1 to 366 visits"))
    zones = await zones_under(info, zone_id)
    if zones is None:
        raise Refused(REQUIRED.about("zoneId"))
    return Asked(info.context.viewer, zones, since, until, at_least)


async def _by_duty(info: Info, zone_id: strawberry.ID | None, on: date | None) -> Asked:
    """The part of the year a day lies in, by what the zone asked itself has set."""
    if zone_id is None:
        raise Refused(REQUIRED.about("zoneId"))
    zones = await zones_under(info, zone_id) or []
    day = on or info.context.at.astimezone(OFFICE_ZONE).date()
    rules = await rules_of(key_of(zone_id, ZoneRow, "zoneId"), day)
    if rules["visit_duty"] is None:
        raise Refused(NO_DUTY)
    duty = Cadence.of(rules["visit_duty"])
    return Asked(info.context.viewer, zones, *duty.period(day), duty.times)
