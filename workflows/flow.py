"""A flow is a table of moves: from where, to where, who may, what must hold. No I/O happens here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from transitions import Machine

from domain.calendar import Calendar
from domain.records import Record, zone_of
from domain.refusals import NOT_ALLOWED, NOT_NOW, Refusal
from domain.viewers import CLOCK, Role, Viewer
from domain.words import Word
from workflows.audiences import Audience

if TYPE_CHECKING:
    from workflows.perform import Step


@dataclass(frozen=True)
class NoInput:
    """A move that asks for nothing."""


@dataclass
class Situation:
    """All that a rule may look at: the record, the subject it belongs to, who asks, the zone's rules and calendar, the
    instant. Once a rule has looked `at` that, what it said is `timed`: at another it might say otherwise."""

    record: Any
    subject: Any
    viewer: Viewer
    rules: Mapping[str, Any]
    calendar: Calendar
    instant: datetime
    timed: bool = False

    @property
    def at(self) -> datetime:
        self.timed = True
        return self.instant

    @cached_property
    def zone_id(self) -> Any:
        return zone_of(self.subject)


@dataclass(frozen=True)
class Who:
    """Someone who may make a move: the words for them, and the test."""

    zh: str
    en: str
    holds: Callable[[Situation], bool]


def role(*roles: Role) -> Who:
    """Whoever holds one of the roles in the zone of the record."""
    return Who(
        "、".join(each.zh for each in roles),
        " or ".join(each.value for each in roles),
        lambda s: s.zone_id in s.viewer.zones_as(*roles),
    )


THE_CLOCK = Who("时钟", "the clock", lambda s: s.viewer is CLOCK)
Guard = Callable[[Situation], Refusal | None]
Act = Callable[["Step"], Awaitable[None]]


async def nothing(step: Step) -> None:
    """A move that changes no more than the state."""


async def no_look(viewer: Viewer, given: Mapping[str, Any]) -> None:
    """A move that wants to know nothing of the world outside."""


@dataclass(frozen=True, eq=False)
class Move:
    """One line of the timetable.

    `source` is empty for a move that creates the record, whose `act` first says where it belongs (its zone, its
    enterprise), then objects; `target` is None for one that stays where it is. Without
    `who` a move is made by the rules alone, inside another move. `act` changes columns, and its changes stand in the
    move's own history entry; what `then` brings about stands in entries after it. Of those in `asks` the move demands
    something, those in `tells` only hear of it; the actor hears nothing. `ahead` asks the world outside, before a
    transaction is opened that would wait for it, and refuses nothing. `mutation` is the name in the API
    where verb and record do not make a good one; `bulk` offers the move for many records at once.
    """

    name: str
    zh: str
    en: str
    source: tuple[Word, ...]
    target: Word | None
    who: tuple[Who, ...] = ()
    guards: tuple[Guard, ...] = ()
    input: type[Any] = NoInput
    act: Act = nothing
    then: Act = nothing
    ahead: Callable[[Viewer, Mapping[str, Any]], Awaitable[None]] = no_look
    asks: tuple[Audience, ...] = ()
    tells: tuple[Audience, ...] = ()
    mutation: str | None = None
    bulk: bool = False

    @cached_property
    def not_allowed(self) -> Refusal:
        """What is said to whoever may not make it."""
        who_zh = "、".join(who.zh for who in self.who) or "系统"
        who_en = " or ".join(who.en for who in self.who) or "the service itself"
        return NOT_ALLOWED.about(who=who_zh, who_en=who_en)


class Held(Enum):
    """Deadlines that come from no limit."""

    AGREED = "a day that the move itself sets"
    KEPT = "no longer running, but still to be read"


Limit = str | tuple[str, ...] | Held | None
"""The setting that says how long a state may last; of several names the first that the zone has set, and the last is
what the limit is called in general ("handle_land", "handle")."""


@dataclass(frozen=True)
class Tally:
    """A column of the record a row belongs to that counts the rows in certain states, `when` they are of a kind."""

    relation: str
    column: str
    states: tuple[Word, ...]
    when: Callable[[Any], bool] = lambda record: True


@dataclass(frozen=True)
class Alarm:
    """The clock makes `move` once the instant in `column` has passed, for as long as the record is in one of `states`:
    unless told otherwise, those from which the move goes."""

    column: str
    move: str
    states: tuple[Word, ...] = ()


@dataclass(frozen=True)
class Window:
    """Something may be done until the instant in `column`: so long after that in `since` as the rule said then. While
    the record is in one of `states` the window moves with the calendar, as a deadline does."""

    column: str
    since: str
    rule: str
    states: tuple[Word, ...]


class Standing(NamedTuple):
    """What a viewer hears about one move: open, or the reason why not."""

    move: Move
    refusal: Refusal | None


NO_LIMITS: Mapping[Word, Limit] = {}


class Flow:
    """The moves of one kind of record, held as a `transitions` machine that serves as the table.

    `limits` says which states may last how long, of a record that is `Timed`.
    """

    def __init__(
        self,
        record: type[Record],
        states: type[Word],
        moves: Sequence[Move],
        *,
        tallies: Sequence[Tally] = (),
        limits: Mapping[Word, Limit | Callable[[Any], Limit]] = NO_LIMITS,
        alarms: Sequence[Alarm] = (),
        windows: Sequence[Window] = (),
        zh: str,
        en: str,
    ) -> None:
        self.record, self.states, self.tallies, self.zh, self.en = record, states, tallies, zh, en
        self.limits, self.windows = limits, windows
        self.moves = {move.name: move for move in moves}
        assert len(self.moves) == len(moves), f"{record.__name__}: a move is named twice"
        self.alarms = tuple(replace(each, states=each.states or self.moves[each.move].source) for each in alarms)
        self.machine = Machine(
            model=None, states=[state.value for state in states], initial=next(iter(states)).value,
            transitions=self.table(), auto_transitions=False,
        )
        self._leaving = {
            state: tuple(move for move in self.moves.values() if self.mutation(move) and state in move.source)
            for state in states
        }
        FLOWS[record] = self

    def table(self) -> list[dict[str, str]]:
        return [
            {"trigger": move.name, "source": source.value, "dest": (move.target or source).value}
            for move in self.moves.values()
            for source in move.source
        ]

    def target(self, move: Move, state: Word | None) -> Word | None:
        if state is None:
            return move.target
        return self.states.of(str(self.machine.events[move.name].transitions[state.value][0].dest))

    def limit(self, record: Any) -> tuple[str, ...] | Held | None:
        """What limits the state a record is in, which may depend on the record."""
        limit = self.limits.get(record.state)
        limit = limit(record) if callable(limit) else limit
        return (limit,) if isinstance(limit, str) else limit

    def mutation(self, move: Move) -> str | None:
        """The name of a move in the API; None where it has none."""
        if not move.who or move.mutation == "":
            return None
        head, *rest = move.name.split("_")
        return move.mutation or head + "".join(part.title() for part in rest) + self.record.__name__

    def due(self, columns: Mapping[str, Any]) -> dict[str, datetime]:
        """When the clock is to make which moves of a record with these columns."""
        return {
            each.move: columns[each.column]
            for each in self.alarms
            if columns.get("state") in each.states and columns[each.column] is not None
        }

    def judge(self, move: Move, situation: Situation, *, by_rule: bool = False) -> Refusal | None:
        """The first reason against a move: the state, then the person, then what must hold."""
        state: Any = getattr(situation.record, "state", None)
        if move.source and state not in move.source:
            return NOT_NOW.about(state=state.zh, state_en=state.value)
        return (None if by_rule else self.barred(move, situation)) or _hindered(move, situation)

    def barred(self, move: Move, situation: Situation) -> Refusal | None:
        """Why this viewer may not make the move at all, whatever its input."""
        for who in move.who:
            if who.holds(situation):
                return None
        return move.not_allowed

    def open_moves(self, situation: Situation) -> list[Standing]:
        """Every move that leaves the record's present state and that a person could make, each with the reason why
        this viewer may not: as `judge` has it, but for the state."""
        return [
            Standing(move, self.barred(move, situation) or _hindered(move, situation))
            for move in self._leaving[situation.record.state]
        ]


def _hindered(move: Move, situation: Situation) -> Refusal | None:
    for guard in move.guards:
        if refusal := guard(situation):
            return refusal
    return None


FLOWS: dict[type[Record], Flow] = {}
"""Every flow of the house, by the kind of record it moves."""
