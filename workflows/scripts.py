"""Scripts: the moves of one case line by line, on which working day and by whom; and how they are played."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from domain import clock
from domain.calendar import shipped
from domain.cases import Case, Category, Channel
from domain.people import viewer_of
from domain.responsibilities import Responsibility
from domain.viewers import Viewer
from workflows.demo_zones import Cast
from workflows.perform import perform

OPENING = time(9)
BETWEEN_LINES = timedelta(minutes=5)


@dataclass(frozen=True)
class Line:
    """One move: `day` counts working days from the first line, `what` names it, `by` says who makes it."""

    day: int
    what: str
    by: Callable[[Showing], UUID]
    act: Callable[[Showing, Viewer], Awaitable[object]]


@dataclass(frozen=True)
class Script:
    """A case as it goes. `fact` is what the text at row `source` prints; all the rest is `made_up` and says so."""

    zone: str
    enterprise: str
    title: str
    problems: tuple[str, ...]
    lines: tuple[Line, ...]
    category: Category = Category.OTHER
    channel: Channel = Channel.VISIT
    fact: str = ""
    source: str = ""
    made_up: str = "人员、日期、部门与经过均为演示而设。"

    @property
    def description(self) -> str:
        printed = f"{self.fact}（来源：{self.source}）\n" if self.fact else ""
        return f"{printed}【示例】{self.made_up}"

    def days_until(self, what: str | None) -> int:
        """The working day of the line after which a showing stops: the last one, or the first called `what`."""
        return self.lines[self.count_until(what) - 1].day

    def count_until(self, what: str | None) -> int:
        return [line.what for line in self.lines].index(what) + 1 if what else len(self.lines)


class Showing:
    """A script being played in a zone since a working day, as far as it has come."""

    def __init__(self, script: Script, cast: Cast, begins: date) -> None:
        self.script, self.cast, self.begins = script, cast, begins
        self.enterprise = cast.enterprises[script.enterprise]
        self.case_id: UUID | None = None
        self.played = 0

    def moment(self, day: int, line: int) -> datetime:
        on = shipped().add_working_days(self.begins, day)
        return datetime.combine(on, OPENING, clock.OFFICE_ZONE) + line * BETWEEN_LINES

    async def until(self, what: str) -> Case:
        """Play on to the end of the next line of that name."""
        while await self.next() != what:
            pass
        return await self.case()

    async def to_the_end(self) -> Case:
        while self.played < len(self.script.lines):
            await self.next()
        return await self.case()

    async def next(self) -> str:
        line = self.script.lines[self.played]
        await self.say(line)
        self.played += 1
        return line.what

    async def say(self, line: Line) -> None:
        """Play a line, in the script or not, at the moment it falls on."""
        with clock.stopped(self.moment(line.day, self.played)):
            await line.act(self, await viewer_of(line.by(self), clock.now()))

    async def case(self) -> Case:
        return await Case.get(id=self.case_id)

    async def duty(self, department: str) -> Responsibility:
        """The newest responsibility of a department."""
        found = Responsibility.filter(case_id=self.case_id, department_id=self.cast.departments[department].id)
        return (await found.order_by("-id").limit(1))[0]

    async def move(self, viewer: Viewer, move: str, **given: Any) -> Case:
        assert self.case_id is not None
        return await perform(viewer, Case, self.case_id, move, **given)

    def person(self, name: str) -> UUID:
        return self.cast.people[name].id
