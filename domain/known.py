"""Reading what is known of many enterprises at once: one statement for each kind of fact that a rule asks for."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from tortoise.expressions import Q

from domain.applications import Application, ApplicationState
from domain.database import reads
from domain.eligibility import Applied, Condition, Facts, Figure, Held, Member
from domain.eligibility.conditions import COLUMNS, Column, Has, Tagged
from domain.enterprises import Enterprise, tagged
from domain.indicators import Indicator, IndicatorState, Reading, in_base, is_year, of_year, readings
from domain.library_entries import LibraryEntry
from domain.policies import Benefit
from domain.recognitions import Recognition
from domain.sight import among, either
from domain.viewers import Viewer

NOT_FILED = (ApplicationState.DRAFT, ApplicationState.WITHDRAWN)
OWN = ("id", "zone_id", "tags", *COLUMNS)
"""The columns of an enterprise that rules are judged by."""
OF_APPLICATION = ("campaign__recognised_as", "state", "campaign__year", "first_time")
Found = Mapping[UUID, Any]


def whole_to(viewer: Viewer) -> Q:
    """Enterprises of which the viewer may know all that rules look at: what only a part of is seen is not judged."""
    return either(Enterprise.inside(viewer), Q(id__in=viewer.enterprises))


def applied(row: Mapping[str, Any]) -> Applied:
    """An application, given as its columns `OF_APPLICATION`."""
    kind, state, year, first = (row[name] for name in OF_APPLICATION)
    return Applied(str(kind), str(state), year, first)


async def facts_of(
    enterprises: Sequence[Mapping[str, Any]], benefits: Iterable[Benefit], on: date
) -> dict[UUID, Facts]:
    """What the rules of some benefits ask for, of enterprises given as their `OWN` columns."""
    wanted, keys = _wanted(benefits), [each["id"] for each in enterprises]
    found = {name: await read(keys, on) for name, (asked_by, read) in SOURCES.items() if wanted & asked_by}
    return {
        each["id"]: Facts(on, each, _tags(each), **{name: rows.get(each["id"], ()) for name, rows in found.items()})
        for each in enterprises
    }


def _tags(enterprise: Mapping[str, Any]) -> frozenset[str] | None:
    return None if enterprise["tags"] is None else frozenset(enterprise["tags"])


def may_hold(benefits: Iterable[Benefit], on: date) -> Q:
    """What an enterprise must at least have so that one of the benefits could hold, as far as SQL can tell by an index;
    the evaluator says the rest."""
    needed = [[q for each in benefit.conditions if (q := _needed(each, on))] for benefit in benefits]
    return either(*(Q(*each) for each in needed)) if all(needed) else Q()


def _needed(condition: Condition, on: date) -> Q | None:
    if isinstance(condition, Tagged):
        return tagged(condition.tag)
    if isinstance(condition, Column) and not condition.of_application:
        among_these: dict[str, Any] = {f"{condition.name}__in": condition.allowed}
        return Q(**among_these)
    if isinstance(condition, Has) and condition.what == "recognitions":
        held: Any = Recognition.filter(recognised_as=condition.kind, valid_from__lte=on)
        good = held if condition.ever else held.filter(Q(ends_on__isnull=True) | Q(ends_on__gt=on))
        return among("id", good.values("enterprise_id"))
    if isinstance(condition, Has) and condition.what == "applications":
        year = {"campaign__year": condition.year} if condition.year else {}
        filed: Any = Application.filter(campaign__recognised_as=condition.kind, submitted_on__lte=on, **year)
        filed = filed.filter(state__in=condition.states) if condition.states else filed
        return among("id", filed.exclude(state__in=NOT_FILED).values("enterprise_id"))
    return None


def _wanted(benefits: Iterable[Benefit]) -> set[str]:
    """Every key, and every word after `count`, that stands in the rules."""
    found: set[str] = set()
    open_parts: list[Any] = [json.loads(text) for each in benefits for text in (each.eligibility, each.amount)]
    while open_parts:
        part = open_parts.pop()
        if isinstance(part, dict):
            found |= {*part, *([part["count"]] if "count" in part else [])}
            open_parts += part.values()
        elif isinstance(part, list):
            open_parts += part
    return found


async def _recognitions(keys: Collection[UUID], on: date) -> Found:
    rows: Any = Recognition.filter(enterprise_id__in=keys, valid_from__lte=on)
    found: defaultdict[UUID, list[Held]] = defaultdict(list)
    columns = ("enterprise_id", "recognised_as", "valid_from", "ends_on")
    for key, kind, since, ends in await rows.using_db(reads()).values_list(*columns):
        found[key].append(Held(str(kind), since, ends - timedelta(days=1) if ends else None))
    return found


async def _applications(keys: Collection[UUID], on: date) -> Found:
    rows: Any = Application.filter(enterprise_id__in=keys, submitted_on__lte=on).exclude(state__in=NOT_FILED)
    found: defaultdict[UUID, list[Applied]] = defaultdict(list)
    for row in await rows.using_db(reads()).values("enterprise_id", *OF_APPLICATION):
        found[row["enterprise_id"]].append(applied(row))
    return found


async def _indicators(keys: Collection[UUID], on: date) -> Found:
    """By enterprise and by every name an indicator goes by. What sources differ about is not known."""
    rows: Any = Indicator.filter(enterprise_id__in=keys, until__lte=on, state=IndicatorState.FILED)
    by_name: defaultdict[UUID, defaultdict[str, list[Indicator]]] = defaultdict(lambda: defaultdict(list))
    for row in await rows.using_db(reads()):
        for name in (row.title,) if row.title else (row.kind_of.value, row.kind_of.zh):
            by_name[row.enterprise_id][name].append(row)
    return {key: {name: _figures(readings(found)) for name, found in by_name[key].items()} for key in keys}


def _figures(known: Sequence[Reading]) -> list[Figure]:
    years = {each.since.year for each in known if each.since.year == each.until.year}
    yearly = [(str(year), each) for year in sorted(years) if (each := of_year(known, year))]
    others = [(each.period, each) for each in known if not is_year(each)]
    return [
        Figure(period, each.until, in_base(each.counts)[1], named is yearly)
        for named in (yearly, others) for period, each in named if each.counts
    ]


async def _memberships(keys: Collection[UUID], on: date) -> Found:
    rows: Any = LibraryEntry.filter(enterprise_id__in=keys, entered_on__lte=on)
    found: defaultdict[UUID, list[Member]] = defaultdict(list)
    columns = ("enterprise_id", "library__name", "stage_name", "entered_on", "left_on")
    for key, library, stage, since, left in await rows.using_db(reads()).values_list(*columns):
        found[key].append(Member(library, stage, since, left - timedelta(days=1) if left else None))
    return found


Source = tuple[set[str], Callable[[Collection[UUID], date], Awaitable[Found]]]
SOURCES: Mapping[str, Source] = {
    "recognitions": ({"recognition", "recognitions"}, _recognitions),
    "applications": ({"application", "applications"}, _applications),
    "memberships": ({"library", "memberships"}, _memberships),
    "indicators": ({"indicator"}, _indicators),
}
"""By the fact, what in a rule asks for it, and how it is read."""
