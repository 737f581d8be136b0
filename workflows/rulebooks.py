"""What fields told to a reader go by: the rules and the calendar of every zone in sight, kept beside the stamp of what
they were read from, as workflows/admissions.py keeps viewers. A page and the stamp are read in one statement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from domain.calendar import Calendar
from domain.calendar.rows import Book, path_in, the_book
from domain.database import reads, reads_from
from domain.recent import Recent
from domain.zones import Rules, rules_in

MOST_KEPT = 200


@dataclass(frozen=True, eq=False)
class Rulebook:
    """The rules of some zones on a day, and every calendar; what is worked out by it may be kept as long as it is."""

    rules: Mapping[UUID, Rules]
    book: Book
    paths: Mapping[UUID, str | None]
    stamp: str
    calendars: dict[Any, Calendar] = field(default_factory=dict)

    def calendar_in(
        self, zone_id: UUID | None, version: int | None = None, started: datetime | None = None
    ) -> Calendar:
        """The calendar of a zone of these, else the state's: now or as of a version, with the hours the office keeps
        today, or kept when something `started`."""
        rules = self.rules.get(zone_id) if zone_id else None
        hours = (rules.stood("office_hours", started) if started else rules["office_hours"]) if rules else None
        key = (zone_id, version, hours)
        if key not in self.calendars:
            calendar = self.book.calendar(self.paths.get(zone_id) if zone_id else None, version)
            self.calendars[key] = calendar.open_at(hours) if hours else calendar
        return self.calendars[key]


# By where they were read, so that no database is answered by the rules of another.
_kept: WeakKeyDictionary[Any, Recent[Rulebook]] = WeakKeyDictionary()


def stamp(zones: frozenset[UUID]) -> str:
    """The expression for all that the rulebook of some zones is made of: the latest edition of the calendars, and the
    histories of the zones, where their settings are."""
    these = ", ".join(f"'{zone}'" for zone in sorted(zones)) or "NULL"
    return (
        "COALESCE((SELECT head FROM calendar_year ORDER BY edition DESC LIMIT 1), '') || '/' || "
        f"(SELECT COALESCE(sum(sequence), 0) || '/' || COALESCE(max(head), '') FROM zone WHERE id IN ({these}))"
    )


async def rulebook_of(zones: frozenset[UUID], on: date, known: str | None = None) -> Rulebook:
    """The rulebook of some zones on a day: that kept if the stamp, `known` or asked for, is the same still."""
    kept = _kept.setdefault(reads_from(), Recent(MOST_KEPT))
    found = kept.get((zones, on))
    if found and found.stamp == (known or await _stamped(zones)):
        return found
    stamped = await _stamped(zones)  # before the rules: what changes in between makes it another
    book = await the_book()
    paths = {zone: await path_in(book, zone) for zone in zones}
    found = Rulebook(await rules_in(zones, on), book, paths, stamped)
    kept.put((zones, on), found)
    return found


async def _stamped(zones: frozenset[UUID]) -> str:
    found = await reads().execute_query_dict(f"SELECT {stamp(zones)} AS stamp")
    return str(found[0]["stamp"])
