"""Ladders over GraphQL: the rung of an enterprise on a day, how many stand on each, and who moved in a year."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry
from strawberry.dataloader import DataLoader

from api.context import Context, Info, one_loader
from api.filters import zones_under
from api.moves import MoveStanding, moves
from api.nodes import Node, computed, enum, key_of, node, one
from api.pages import DEFAULT_PAGE, NEWEST, AsOf, Connection, Listing, listing
from domain.clock import OFFICE_ZONE
from domain.database import reads
from domain.enterprises import Enterprise as EnterpriseRow
from domain.kinds import Level, RecognitionKind
from domain.known import whole_to
from domain.ladders import Climbing, LadderState, rungs_on
from domain.ladders import Ladder as LadderRow
from domain.refusals import BAD_INPUT, NOT_FOUND, Refused
from domain.zones import Zone as ZoneRow
from domain.zones import lineage

if TYPE_CHECKING:
    from api.enterprises import Enterprise
    from api.people import Person
    from api.zones import Zone

for words in (LadderState, Level, RecognitionKind):
    enum(words)


@strawberry.type(description="A rung of a ladder; numbers begin with 1, and 0 is below the first.")
class Rung:
    number: int
    title: str | None
    recognised_as: RecognitionKind | None
    level: Level | None


def rung_of(ladder: Any, number: int) -> Rung:
    if not number:
        return Rung(number=0, title=None, recognised_as=None, level=None)
    each = ladder.rungs[number - 1]
    level = Level.of(each["level"]) if each["level"] else None
    kind = RecognitionKind.of(each["recognised_as"])
    return Rung(number=number, title=each["title"], recognised_as=kind, level=level)


@node(LadderRow)
class Ladder(Node):
    """In which order a zone's enterprises climb 梯度培育."""

    version: int
    zone: Annotated[Zone, strawberry.lazy("api.zones")] | None = one()
    name: str
    rungs: list[Rung] = computed(
        lambda row: [rung_of(row, number) for number in range(1, len(row.rungs) + 1)], "rungs"
    )
    state: LadderState
    source: str
    author: Annotated[Person, strawberry.lazy("api.people")] | None = one()
    moves: list[MoveStanding] = moves()


@strawberry.type(description="Where an enterprise stands on a ladder on a day.")
class LadderStanding:
    ladder: Ladder
    rung: Rung


def ladder_standings() -> Any:
    """A field of an enterprise; of many of them in a few reads."""

    async def load(parent: strawberry.Parent[Any], info: Info, on: date | None = None) -> list[LadderStanding] | None:
        return await _loader(info.context, on or _today(info)).load(parent.id)  # type: ignore[no-any-return]

    description = (
        "On every ladder of its zone and of zones above; null for those who may not know all it is recognised as."
    )
    return strawberry.field(resolver=load, description=description)


def _loader(context: Context, day: date) -> DataLoader[UUID, Any]:
    async def load(keys: list[UUID]) -> list[Any]:
        sight = [] if context.viewer.sees_everything else [whole_to(context.viewer)]
        known: Any = EnterpriseRow.filter(*sight, id__in=keys).using_db(reads())
        zones = dict(await known.values_list("id", "zone_id"))
        lines = {zone: await lineage(zone) for zone in set(zones.values())}
        above = {zone for line in lines.values() for zone in line}
        seen: Any = LadderRow.seen_by(context.viewer).filter(zone_id__in=above, state=LadderState.HOLDS)
        ladders = list(await seen.order_by("id").using_db(reads()))
        found = await rungs_on(ladders, zones.keys(), day) if ladders else {}
        return [_standings(ladders, lines[zones[key]], found.get(key, {})) if key in zones else None for key in keys]

    return context.loaders.setdefault((LadderRow, day), DataLoader(load))


def _standings(ladders: list[Any], line: Any, rungs: dict[UUID, int]) -> list[LadderStanding]:
    return [
        LadderStanding(ladder=each, rung=rung_of(each, rungs.get(each.id, 0)))
        for each in ladders if each.zone_id in line
    ]


@strawberry.type(description="How many enterprises stand on a rung.")
class RungCount:
    rung: Rung
    count: int


@strawberry.type(description="Enterprises that stand on another rung at the end than at the beginning.")
class Transition:
    before: Rung
    after: Rung
    count: int
    climbing: strawberry.Private[Climbing]
    days: strawberry.Private[tuple[date, date]]

    @strawberry.field(description="Which they are.")
    async def enterprises(
        self, info: Info, first: int = DEFAULT_PAGE, after: str | None = None
    ) -> Connection[Annotated[Enterprise, strawberry.lazy("api.enterprises")]]:
        moved = self.climbing.moved(*self.days, self.before.number, self.after.number)
        found = Listing(EnterpriseRow.seen_by(info.context.viewer).filter(moved), NEWEST, first, after)
        await found.found()
        return found  # type: ignore[return-value]


@strawberry.input
class LadderFilter:
    zone_id: strawberry.ID | None = None
    state: list[LadderState] | None = None


@strawberry.type
class Query:
    @listing("Ladders 梯度, newest first.")
    def ladders(
        self, info: Info, filter: LadderFilter | None = None, first: int = DEFAULT_PAGE, after: str | None = None
    ) -> Connection[Ladder]:
        rows: Any = LadderRow.seen_by(info.context.viewer)
        if filter and filter.zone_id:
            rows = rows.filter(zone_id=key_of(filter.zone_id, ZoneRow, "zoneId"))
        if filter and filter.state is not None:
            rows = rows.filter(state__in=set(filter.state))
        return Listing(rows, NEWEST, first, after)  # type: ignore[return-value]

    @strawberry.field(
        description="Enterprises one oversees by the rung they stand on, on a day; those below the first first.",
        extensions=[AsOf()],
    )
    async def rung_counts(
        self, info: Info, ladder_id: strawberry.ID, zone_id: strawberry.ID | None = None, on: date | None = None
    ) -> list[RungCount]:
        climbing = await _climbing(info, ladder_id, zone_id)
        counts = await climbing.counts(on or _today(info))
        return [RungCount(rung=rung_of(climbing.ladder, each), count=counts[each]) for each in sorted(counts)]

    @strawberry.field(
        description="Who of the enterprises one oversees stands on another rung at the end of a year than at its"
        " beginning; of a year that is running, than today. What came and went in between is not told.",
        extensions=[AsOf()],
    )
    async def rung_transitions(
        self, info: Info, ladder_id: strawberry.ID, year: int, zone_id: strawberry.ID | None = None
    ) -> list[Transition]:
        today = _today(info)
        if not 1991 <= year <= today.year:
            raise Refused(BAD_INPUT.about("year", problem_zh="没有该年度", problem_en="there is no such year yet"))
        climbing = await _climbing(info, ladder_id, zone_id)
        days = date(year - 1, 12, 31), min(date(year, 12, 31), today)
        found = await climbing.transitions(*days)
        return [
            Transition(
                before=rung_of(climbing.ladder, before), after=rung_of(climbing.ladder, after), count=count,
                climbing=climbing, days=days,
            )
            for (before, after), count in found.items()
        ]


async def _climbing(info: Info, ladder_id: strawberry.ID, zone_id: strawberry.ID | None) -> Climbing:
    """A ladder in sight, and the zones below it that are asked about, as far as the viewer oversees them."""
    viewer = info.context.viewer
    ladder = await one_loader(info.context, LadderRow).load((key_of(ladder_id, LadderRow, "ladderId"),))
    if ladder is None:
        raise Refused(NOT_FOUND.about("ladderId"))
    zones = await zones_under(info, zone_id)
    if zones is None:
        every: Any = ZoneRow.all().using_db(reads())
        zones = list(await every.values_list("id", flat=True))
    overseen = [each for each in zones if viewer.sees_everything or each in viewer.overseen]
    return Climbing(ladder, [each for each in overseen if ladder.zone_id in await lineage(each)])


def _today(info: Info) -> date:
    return info.context.at.astimezone(OFFICE_ZONE).date()
