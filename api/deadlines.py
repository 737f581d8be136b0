"""Deadlines and their lights over GraphQL, alike for every record that is timed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry
from tortoise.expressions import Q

from api.calendar import CountedDay, counted_days
from api.context import Info, one_loader
from api.nodes import Reading, enum, for_reader
from domain.deadlines import (
    CLOCK,
    LIGHTS,
    Extension,
    Light,
    PauseCause,
    Span,
    light_of,
    lit,
    own_lights,
    pauses_in,
    spans_of,
)
from domain.people import Person as PersonRow
from domain.recounting import explained
from domain.viewers import Viewer
from domain.zones import Setting as SettingRow

if TYPE_CHECKING:
    from api.people import Person
    from api.zones import Setting

for words in (Light, PauseCause):
    enum(words)


@strawberry.type(description="A time in which the clock stood still 挂起.")
class DeadlinePause:
    since: datetime
    until: datetime | None = strawberry.field(description="Null while it still stands still.")
    cause: PauseCause
    reason: str
    by_id: strawberry.Private[UUID]

    @strawberry.field(description="Who paused it.")
    async def by(self, info: Info) -> Annotated[Person, strawberry.lazy("api.people")] | None:
        return await person(info, self.by_id)  # type: ignore[no-any-return]


@strawberry.type(description="A later day asked for 延期.")
class DeadlineExtension:
    asked_at: datetime
    until: date = strawberry.field(description="To the end of that day.")
    reason: str
    granted_at: datetime | None = strawberry.field(description="Null while nobody has decided.")
    by_id: strawberry.Private[UUID]
    granted_by_id: strawberry.Private[UUID | None]

    @strawberry.field(description="Who asked.")
    async def by(self, info: Info) -> Annotated[Person, strawberry.lazy("api.people")] | None:
        return await person(info, self.by_id)  # type: ignore[no-any-return]

    @strawberry.field(description="Who granted it.")
    async def granted_by(self, info: Info) -> Annotated[Person, strawberry.lazy("api.people")] | None:
        return await person(info, self.granted_by_id)  # type: ignore[no-any-return]


@strawberry.type(description="What a deadline was reckoned by.")
class DeadlineRule:
    name: str = strawberry.field(description='The limit, such as "sign" or "handle_land"; "agreed" for a promised day.')
    limit: str = strawberry.field(description='"3wd", "30d", "8wh" or "24h"; a promised day as a date.')
    source: str | None = strawberry.field(description="The document the zone's setting rests on; null for a default.")
    calendar_version: int | None
    setting_id: strawberry.Private[UUID | None]
    agreed_by: strawberry.Private[UUID | None]

    @strawberry.field(description="The zone's setting; null where the default holds, or a day was promised.")
    async def setting(self, info: Info) -> Annotated[Setting, strawberry.lazy("api.zones")] | None:
        return await one_loader(info.context, SettingRow).load((self.setting_id,)) if self.setting_id else None

    @strawberry.field(description="Who set the limit, or promised the day.")
    async def author(self, info: Info) -> Annotated[Person, strawberry.lazy("api.people")] | None:
        setting = await one_loader(info.context, SettingRow).load((self.setting_id,)) if self.setting_id else None
        return await person(info, setting.author_id if setting else self.agreed_by)  # type: ignore[no-any-return]


@strawberry.type(description="The running deadline 时限 of a record, or the last of one that is done.")
class Deadline:
    due_at: datetime
    warn_at: datetime | None = strawberry.field(description="From when on the light is yellow.")
    light: Light | None = strawberry.field(description="Its own light; null once it runs no more.")
    provisional: bool = strawberry.field(description="It needs a year whose working days are not published yet.")
    earliest: datetime | None = strawberry.field(description="The earliest it can become; else the same as dueAt.")
    latest: datetime | None = strawberry.field(description="The latest it can become.")
    explanation: list[CountedDay] = strawberry.field(description="Day by day, pauses and extensions included.")
    rule: DeadlineRule
    pauses: list[DeadlinePause]
    extensions: list[DeadlineExtension]


@dataclass(frozen=True)
class Told:
    """A row's deadline as one reader has it: worked out as far as it is asked for."""

    row: Any
    reading: Reading

    @property
    def due_at(self) -> datetime:
        return self.row.due_at  # type: ignore[no-any-return]

    @property
    def warn_at(self) -> datetime | None:
        return self.row.warn_at  # type: ignore[no-any-return]

    @property
    def provisional(self) -> bool:
        return bool(self.row.provisional)

    @property
    def earliest(self) -> datetime:
        return self.row.due_earliest or self.row.due_at  # type: ignore[no-any-return]

    @property
    def latest(self) -> datetime:
        return self.row.due_latest or self.row.due_at  # type: ignore[no-any-return]

    @property
    def light(self) -> Light | None:
        ended = self.row.grey is None and self.row.red_at is None
        return None if ended else light_of(_Lit(*own_lights(self.row)), self.reading.context.at)

    @cached_property
    def _spans(self) -> list[Span]:
        return spans_of(self.row)

    @property
    def explanation(self) -> list[CountedDay]:
        row, context = self.row, self.reading.context
        if row.clock_started_at is None or row.limit_text is None:
            return []
        calendar = context.rulebook.calendar_in(row.zone_id, row.calendar_version, row.clock_started_at)
        days = explained(calendar, row.clock_started_at, row.limit_text, self._spans, row.due_at)
        return counted_days(days, context.language)

    @property
    def rule(self) -> DeadlineRule:
        row, rules = self.row, self.reading.context.rulebook.rules.get(self.row.zone_id)
        name, source = rules.sources.get(row.rule_id, (None, None)) if rules else (None, None)
        return DeadlineRule(
            name=name or row.limit_name or "agreed", limit=row.limit_text or "", source=source,
            calendar_version=row.calendar_version, setting_id=row.rule_id, agreed_by=row.agreed_by,
        )

    @property
    def pauses(self) -> list[DeadlinePause]:
        return [
            DeadlinePause(since=each.since, until=each.until, cause=each.cause, reason=each.reason, by_id=each.by)
            for each in pauses_in(self._spans)
        ]

    @property
    def extensions(self) -> list[DeadlineExtension]:
        return [
            DeadlineExtension(
                asked_at=each.asked_at, until=each.until, reason=each.reason, by_id=each.by,
                granted_at=each.granted_at, granted_by_id=each.granted_by,
            )
            for each in self._spans if isinstance(each, Extension)
        ]


@dataclass(frozen=True)
class _Lit:
    yellow_at: datetime | None
    red_at: datetime | None
    grey: bool | None


def deadline() -> Any:
    """The deadline of a timed record; null where none runs."""
    return for_reader(
        lambda reading: Told(reading.row, reading) if reading.row.due_at else None, "zone_id", *CLOCK, *LIGHTS,
        description="The deadline 时限 that runs, or that it was done under; null where there is none.",
    )


def light() -> Any:
    """The light of a timed record and its parts."""
    return for_reader(
        lambda reading: light_of(reading.row, reading.context.at), *LIGHTS, rules=False,
        description="红黄绿灯: of the worst among its own deadline and those of its parts; null where none runs.",
    )


def shining(lights: Sequence[Light], viewer: Viewer, at: datetime) -> Q:
    """Records in any of some lights. What a viewer sees lies in the viewer's zones: said here for the index's sake."""
    wanted = Q(*(lit(each, at) for each in dict.fromkeys(lights)), join_type="OR")
    return wanted if viewer.sees_everything else wanted & Q(zone_id__in=viewer.zones)


async def person(info: Info, person_id: UUID | None) -> Any:
    return await one_loader(info.context, PersonRow).load((person_id,)) if person_id else None
