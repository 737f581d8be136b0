"""How the books of a demonstration zone are filled: row by row, by the service's own moves, several in one change."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from domain import clock
from domain.applications import Application
from domain.cases import Case, Category
from domain.enterprises import Enterprise
from domain.people import viewer_of
from domain.records import Record
from domain.viewers import Viewer
from workflows.demo_zones import DISPATCHER, Cast
from workflows.perform import changing, create, perform

AT_ONCE = 8
MADE_UP = "【示例】专项调研收集的问题，内容为演示而设。"


@dataclass
class Office:
    """A zone whose books are filled by `viewer`; `named` has what was entered under a name, for what comes after."""

    cast: Cast
    viewer: Viewer
    named: dict[str, Any]

    def filled_in(self, given: Mapping[str, Any]) -> dict[str, Any]:
        return {key: self.named[value.name] if isinstance(value, Named) else value for key, value in given.items()}


@dataclass(frozen=True)
class Named:
    """What was entered under a name, as an input of a later row."""

    name: str


Row = Callable[[Office], Awaitable[None]]
Part = Callable[[Office, Enterprise], Awaitable[None]]


@dataclass(frozen=True)
class Chapter:
    """Rows of a zone, entered `by` one of its people. What a row names can be read by the chapters after it."""

    zone: str
    rows: Sequence[Row]
    by: str = DISPATCHER

    @property
    def portions(self) -> list[Sequence[Row]]:
        """What is entered in one change each."""
        return [self.rows[start : start + AT_ONCE] for start in range(0, len(self.rows), AT_ONCE)]


@dataclass
class Books:
    """The books of zones, filled chapter by chapter."""

    casts: Mapping[str, Cast]
    named: dict[str, dict[str, Any]] = field(default_factory=dict)

    async def write(self, chapter: Chapter, step: Callable[[], None]) -> None:
        cast = self.casts[chapter.zone]
        viewer = await viewer_of(cast.people[chapter.by].id, clock.now())
        office = Office(cast, viewer, self.named.setdefault(chapter.zone, {}))
        for portion in chapter.portions:
            async with changing(viewer):
                for row in portion:
                    await row(office)
            step()


def entered(model: type[Record], move: str, name: str = "", /, *, within: str = "", **given: Any) -> Row:
    """A record of the zone, or of what was named before."""

    async def row(office: Office) -> None:
        owner = office.named[within] if within else office.cast.zone
        record = await create(office.viewer, model, move, within=owner, **office.filled_in(given))
        if name:
            office.named[name] = record

    return row


def in_the_zone(model: type[Record], move: str, name: str, /, **given: Any) -> Row:
    """A record with a history of its own, which is told its zone."""

    async def row(office: Office) -> None:
        office.named[name] = await create(
            office.viewer, model, move, zone=office.cast.zone, **office.filled_in(given)
        )

    return row


def moved(name: str, move: str, **given: Any) -> Row:
    """A move of what was named before."""

    async def row(office: Office) -> None:
        record = office.named[name]
        await perform(office.viewer, type(record), record.id, move, **office.filled_in(given))

    return row


def firm(place: str, number: int, *parts: Part, **given: Any) -> Row:
    """A made-up enterprise with what belongs to it."""

    async def row(office: Office) -> None:
        enterprise = await create(
            office.viewer, Enterprise, "create", zone=office.cast.zone, name=f"示例企业·{place}·{number:03d}",
            synthetic=True, source="示例", **given,
        )
        for part in parts:
            await part(office, enterprise)

    return row


def known(name: str, *parts: Part) -> Row:
    """What belongs to an enterprise that a text names."""

    async def row(office: Office) -> None:
        for part in parts:
            await part(office, office.cast.enterprises[name])

    return row


def its(model: type[Record], move: str, **given: Any) -> Part:
    """A record of an enterprise."""

    async def part(office: Office, enterprise: Enterprise) -> None:
        await create(office.viewer, model, move, within=enterprise, **office.filled_in(given))

    return part


def asked(title: str, category: Category, raised_on: date) -> Part:
    """A case heard on a survey's visit, and with that contacted."""

    async def part(office: Office, enterprise: Enterprise) -> None:
        case = await create(
            office.viewer, Case, "collect", enterprise=enterprise, title=title, description=MADE_UP, category=category,
            raised_on=raised_on,
        )
        await perform(office.viewer, Case, case.id, "contact")

    return part


@dataclass(frozen=True)
class Season:
    """The days on which those who apply in a campaign hand in, are recommended (if so) and are decided upon."""

    campaign: str
    submitted: date
    decided: date
    valid_until: date | None = None
    recommended: date | None = None

    def applied(self, passed: bool, agency: str = "", **given: Any) -> Part:
        """An application, the enterprise's first unless told, all the way to what came of it."""
        steps: list[tuple[str, dict[str, Any]]] = [("submit", {"submitted_on": self.submitted})]
        if agency:
            steps.insert(0, ("name_agency", {"agency": Named(agency)}))
        if self.recommended:
            steps.append(("recommend", {"recommended_on": self.recommended}))
        if passed:
            steps.append(("recognise", {"recognised_on": self.decided, "valid_until": self.valid_until}))
        else:
            steps.append(("turn_down", {"decided_on": self.decided, "reason": "示例：指标不足"}))

        async def part(office: Office, enterprise: Enterprise) -> None:
            campaign = office.named[self.campaign]
            drafted = {"campaign": campaign, "first_time": True, **given}
            row = await create(office.viewer, Application, "draft", within=enterprise, **drafted)
            for move, more in steps:
                await perform(office.viewer, Application, row.id, move, **office.filled_in(more))

        return part
