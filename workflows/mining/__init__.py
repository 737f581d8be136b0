"""Event logs for process mining, written from the history: what is taken, and what of it is shown.

No personal value and no free text leaves the house this way: actors are keys, records show only what is counted,
chosen or dated. A record belongs to a period by when it began, so that every course is whole.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from tortoise.expressions import Q
from tortoise.fields import BooleanField, DateField, DatetimeField, IntField, UUIDField
from tortoise.fields.data import CharEnumFieldInstance

from domain.clock import OFFICE_ZONE
from domain.database import reads
from domain.history import Entry, plain
from domain.people import Person
from domain.records import Record
from domain.viewers import CLOCK, OPERATOR
from domain.zones import Zone
from workflows.timetable import FLOWS

AT_ONCE = 300
NAMES = {"case": "number", "department": "name", "zone": "code"}
"""The column by which offices call a record, where it is not its key."""
KINDS = {IntField: "integer", BooleanField: "boolean", DatetimeField: "time", DateField: "string"}


@dataclass(frozen=True)
class Scope:
    """What is taken: records of a zone and those below it, begun from one day to another (that day included)."""

    zones: frozenset[UUID] | None = None
    since: date | None = None
    until: date | None = None

    def of(self, model: type[Record], *, whenever: bool = False) -> Q:
        """The condition for records of a kind; `whenever` they began."""
        place = "zone_id" if "zone_id" in model.columns() else "id"
        inside: dict[str, Any] = {f"{place}__in": self.zones}
        conditions = [Q(**inside)] if self.zones is not None else []
        if self.since and not whenever:
            conditions.append(Q(created_at__gte=_midnight(self.since)))
        if self.until and not whenever:
            conditions.append(Q(created_at__lt=_midnight(self.until + timedelta(days=1))))
        return Q(*conditions)


async def scope(zone: Zone | None = None, since: date | None = None, until: date | None = None) -> Scope:
    if zone is None:
        return Scope(None, since, until)
    below = Zone.filter(Q(id=zone.id) | Q(path__startswith=f"{zone.path}/"))
    return Scope(frozenset(await below.using_db(reads()).values_list("id", flat=True)), since, until)  # type: ignore[arg-type]


async def batches(model: type[Record], wanted: Q) -> AsyncIterator[list[Any]]:
    """Rows in the order of their keys, some hundred at a time."""
    rows = model.filter(wanted).order_by("id").limit(AT_ONCE)
    last = UUID(int=0)
    while batch := await rows.filter(id__gt=last).using_db(reads()):
        yield list(batch)
        last = batch[-1].id


async def entries(column: str, keys: Iterable[UUID], *columns: str) -> Sequence[Mapping[str, Any]]:
    """The moves of some records (`record_id`) or of whole histories (`subject_id`), each in its order."""
    rows = Entry.filter(**{f"{column}__in": list(keys)}).order_by(column, "sequence").using_db(reads())
    found: list[dict[str, Any]] = await rows.values(*dict.fromkeys((column, *columns)))
    return found


def shown(model: type[Record]) -> dict[str, str]:
    """The columns that are shown of a kind of record, each with its type as OCEL names it."""
    found = {}
    for column, field in model._meta.fields_map.items():
        if column not in model._meta.fields_db_projection or column in {"id", *model.personal, *model.unrecorded}:
            continue
        if isinstance(field, (CharEnumFieldInstance, UUIDField)) or column == NAMES.get(model.kind()):
            found[column] = "string"
        elif kind := next((kind for each, kind in KINDS.items() if isinstance(field, each)), None):
            found[column] = kind
    return found


def relations(model: type[Record]) -> dict[str, type[Record]]:
    """What a kind of record refers to, by the name of the relation."""
    return {
        name: related
        for name in sorted(model._meta.fk_fields)
        if (related := getattr(model._meta.fields_map[name], "related_model")) in FLOWS  # noqa: B009
    }


def actor(person_id: UUID) -> str:
    return {CLOCK.person_id: "clock", OPERATOR.person_id: "operator"}.get(person_id, str(person_id))


async def departments_of_actors() -> dict[UUID, str]:
    placed = Person.filter(department_id__isnull=False).using_db(reads())
    return dict(await placed.values_list("id", "department__name"))


def kind_called(name: str) -> type[Record] | None:
    return next((model for model in FLOWS if model.kind() == name), None)


def text(value: Any) -> str:
    """A value as both formats write it."""
    value = plain(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=OFFICE_ZONE)
