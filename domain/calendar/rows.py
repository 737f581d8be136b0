"""The calendars as the database has them: the arrangement of a year by the state, and what a zone has otherwise.

Every publication and every correction has the next number of one count, its edition; a calendar's version is the
latest edition that concerns its zone, and what it was at any earlier version can still be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.models import Model

from domain.calendar.arrangements import is_whole
from domain.calendar.counting import Calendar
from domain.calendar.days import Day, DayKind
from domain.database import reads
from domain.records import Kept, Subject, new_id
from domain.sight import either
from domain.viewers import Viewer
from domain.zones import Zone


class CalendarYear(Subject):
    """The arrangement of a year 年度放假安排: the state's where `zone` is empty, else what the zone and those below it
    have otherwise. `days` lists [day, kind, name] of each day that is not what its weekday says."""

    zone: fields.ForeignKeyNullableRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="calendar_years", null=True, on_delete=fields.RESTRICT
    )
    year = fields.IntField()
    days: list[list[str]] = fields.JSONField(default=list)
    source = fields.CharField(max_length=300)
    author: fields.ForeignKeyNullableRelation[Any] = fields.ForeignKeyField(
        "qiban.Person", related_name="calendar_years", null=True, on_delete=fields.RESTRICT
    )
    published_edition = fields.IntField()
    edition = fields.IntField(unique=True)
    zone_id: UUID | None
    author_id: UUID | None

    state = Kept.KEPT

    class Meta:
        table = "calendar_year"
        unique_together = (("zone", "year"),)
        constraints = (UniqueConstraint(("year",), name="one_state_arrangement_a_year", condition="zone_id IS NULL"),)

    @classmethod
    def visible_to(cls, viewer: Viewer) -> Q:
        """The state's arrangements are public."""
        return either(Q(zone_id__isnull=True), Q(zone_id__in=viewer.zones | viewer.zones_above))


class CalendarDay(Model):
    """A day as one edition has it; never changed, so that what was counted by an earlier version stays countable.

    Kept beside the years in the change that publishes or corrects them; their history holds the same.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    year: fields.ForeignKeyRelation[CalendarYear] = fields.ForeignKeyField(
        "qiban.CalendarYear", related_name="calendar_days", on_delete=fields.RESTRICT
    )
    zone_id: UUID | None = fields.UUIDField(null=True)
    day = fields.DateField()
    kind = fields.CharEnumField(DayKind, max_length=20, description="DayKind")
    name = fields.CharField(max_length=60, default="")
    edition = fields.IntField()
    source = fields.CharField(max_length=300)
    author_id: UUID | None = fields.UUIDField(null=True)
    year_id: UUID

    class Meta:
        table = "calendar_day"
        unique_together = (("year", "day", "edition"),)


class Given(NamedTuple):
    """One row of `calendar_day`, as counting needs it."""

    edition: int
    zone_id: UUID | None
    day: date
    what: Day
    source: str


class Published(NamedTuple):
    """A year, and the edition that published it."""

    edition: int
    zone_id: UUID | None
    year: int


@dataclass(frozen=True, eq=False)
class Book:
    """Every arrangement of the state and the zones at one moment; `paths` are those of the zones that have one."""

    years: tuple[Published, ...] = ()
    days: tuple[Given, ...] = ()
    paths: tuple[tuple[UUID, str], ...] = ()

    def calendar(self, path: str | None = None, version: int | None = None) -> Calendar:
        """That of the zone at a path, of the state if there is none, as of a version or now."""
        chain = (None, *(zone for zone, above in self.paths if path and f"{path}/".startswith(f"{above}/")))
        return _counted(self, chain, version)

    def with_days(self, zone: Zone | None, year: int, days: Mapping[date, Day], source: str) -> Book:
        """The book once these days are published or corrected; it gets the next edition."""
        zone_id = zone.id if zone else None
        edition = self.edition + 1
        years = self.years
        if not any((each.zone_id, each.year) == (zone_id, year) for each in years):
            years = (*years, Published(edition, zone_id, year))
        given = tuple(Given(edition, zone_id, day, what, source) for day, what in days.items())
        paths = self.paths if zone is None or (zone.id, zone.path) in self.paths else _ordered(self.paths, zone)
        return replace(self, years=years, days=(*self.days, *given), paths=paths)

    def before_latest(self) -> Book:
        """The book as it was before its latest edition."""
        years = tuple(each for each in self.years if each.edition < self.edition)
        return replace(self, years=years, days=tuple(each for each in self.days if each.edition < self.edition))

    def listed(self, zone_id: UUID | None, year: int) -> list[list[str]]:
        """The days of an arrangement as its year keeps them."""
        days = {each.day: each.what for each in self.days if each.zone_id == zone_id and each.day.year == year}
        return [[str(day), what.kind.value, what.name] for day, what in sorted(days.items())]

    @cached_property
    def edition(self) -> int:
        return max((each.edition for each in self.days), default=0)


@lru_cache(64)
def _counted(book: Book, chain: tuple[UUID | None, ...], version: int | None) -> Calendar:
    """A zone's own days stand over those of the zone above, and these over the state's, whichever came first. A zone
    that has published a whole arrangement waits for no other."""
    special: dict[date, Day] = {}
    known = [each for each in book.days if version is None or each.edition <= version]
    for zone_id in chain:
        special |= {each.day: each.what for each in known if each.zone_id == zone_id}
    years = frozenset(
        each.year for each in book.years
        if each.zone_id in chain and (version is None or each.edition <= version)
        and (each.zone_id is None or is_whole(_days_of(known, each), each.year))
    )
    latest = max((each.edition for each in known if each.zone_id in chain), default=0)
    return Calendar(latest, years, special)


def _days_of(known: Iterable[Given], published: Published) -> dict[date, Day]:
    """The days of one arrangement, as latest given."""
    own = (each for each in known if (each.zone_id, each.day.year) == (published.zone_id, published.year))
    return {each.day: each.what for each in own}


async def calendar_of(zone_id: UUID | None, version: int | None = None) -> Calendar:
    """The calendar of a zone, or the state's: as published now, or as it was at a version."""
    book = await the_book()
    return book.calendar(await path_in(book, zone_id), version)


async def the_book() -> Book:
    """Every arrangement; read anew only after a publication, in whichever process that was."""
    latest = await CalendarYear.all().using_db(reads()).order_by("-edition").limit(1).values_list("edition", "head")
    if not latest:
        return Book()
    # The head is a hash over the whole history of that year, so that it names this edition in any database.
    if latest[0] not in _books:
        if len(_books) >= MOST_BOOKS:
            _books.pop(next(iter(_books)))
        _books[latest[0]] = await _read(latest[0][0])
    return _books[latest[0]]


async def _read(latest: int) -> Book:
    years = CalendarYear.all().using_db(reads()).order_by("edition")
    # What came after `latest` is there too when the past is read, where only the years are as they were then.
    days = CalendarDay.filter(edition__lte=latest).using_db(reads()).order_by("edition", "day")
    zones = Zone.filter(calendar_years__id__isnull=False).using_db(reads()).distinct().order_by("path")
    return Book(
        tuple([Published(*row) for row in await years.values_list("published_edition", "zone_id", "year")]),
        tuple([
            Given(edition, zone_id, day, Day(DayKind.of(kind), name), source)
            for edition, zone_id, day, kind, name, source in await days.values_list(
                "edition", "zone_id", "day", "kind", "name", "source"
            )
        ]),
        tuple([(key, path) for key, path in await zones.values_list("id", "path")]),
    )


async def path_in(book: Book, zone_id: UUID | None) -> str | None:
    """Where a zone stands, if that makes a difference to its calendar."""
    if zone_id is None or not book.paths:
        return None
    if zone_id not in _paths:
        found = await Zone.filter(id=zone_id).using_db(reads()).values_list("path", flat=True)
        if not found:
            return None
        if len(_paths) >= MOST_PATHS:
            _paths.clear()
        _paths[zone_id] = str(found[0])
    return _paths[zone_id]


def _ordered(paths: tuple[tuple[UUID, str], ...], zone: Zone) -> tuple[tuple[UUID, str], ...]:
    return tuple(sorted((*paths, (zone.id, zone.path)), key=lambda each: each[1]))


MOST_BOOKS, MOST_PATHS = 8, 10_000
_books: dict[tuple[Any, ...], Book] = {}
_paths: dict[UUID, str] = {}  # a zone stays where it was founded
