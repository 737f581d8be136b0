"""The moves of time: a clock that stands still and goes on, a later day asked for, granted or refused."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Annotated, Any

from domain.calendar import Calendar, Moment, end_of
from domain.clock import OFFICE_ZONE
from domain.deadlines import (
    Extension,
    Pause,
    PauseCause,
    asked_in,
    granted_in,
    pauses_in,
    reckoned,
    spans_of,
    stands_still,
    written,
)
from domain.refusals import Refusal, Refused
from domain.words import Word
from domain.zones import Setting
from workflows.audiences import Audience
from workflows.flow import FLOWS, THE_CLOCK, Alarm, Move, Situation, Window
from workflows.inputs import Reason, Words
from workflows.perform import Step
from workflows.timing import adopt, promise, recount

DUE_PAST = Refusal("DUE_PAST", "办理时限须在今天以后。", "The due date must lie ahead.", "dueOn")
DUE_TOO_FAR = Refusal("DUE_TOO_FAR", "办理时限不能超过三年。", "A due date lies at most three years ahead.", "dueOn")
DUE_BEYOND_LIMIT = Refusal(
    "DUE_BEYOND_LIMIT", "本区时限{name}为{limit}（{source}），最迟至{latest}。",
    "The zone's limit {name} is {limit} ({source}): {latest} at the latest.", "dueOn",
)
TOO_LATE_TO_ASK = Refusal(
    "TOO_LATE_TO_ASK", "延期须在到期前至少{notice}提出，最迟{latest}。",
    "An extension is asked {notice} before due, by {latest} at the latest.",
)
NOT_LATER = Refusal("NOT_LATER", "新时限须晚于现时限。", "The new date must be later than the present one.", "dueOn")
STANDS_STILL = Refusal(
    "STANDS_STILL", "挂起期间不计时，恢复后再申请延期。", "Its clock stands still; ask once the case has been resumed."
)
NOT_ASKED = Refusal("NOT_ASKED", "没有待审的延期申请。", "No extension has been asked for.")
ASKED_ALREADY = Refusal("ASKED_ALREADY", "已有待审的延期申请。", "An extension has been asked for already.")
EXTENDED_ENOUGH = Refusal(
    "EXTENDED_ENOUGH", "最多延期{most}次，已延期{most}次。", "It may be extended {most} times, and has been."
)
EXTENSION_TOO_LONG = Refusal(
    "EXTENSION_TOO_LONG", "一次最多延期{length}，最迟至{latest}。",
    "One extension is for {length} at most, until {latest} at the latest.", "dueOn",
)
EXTENSION_PAST = Refusal(
    "EXTENSION_PAST", "申请延至的日期（{until}）已过，不能再同意。",
    "The day asked for ({until}) has passed; it cannot be granted any more.",
)

NOT_NEAR = Refusal("NOT_NEAR", "未到提醒时间，或时限已停表。", "It is not near due, or its clock stands still.")
NOT_OVERDUE = Refusal("NOT_OVERDUE", "尚未逾期，或时限已停表。", "It is not overdue, or its clock stands still.")
Hearers = tuple[Audience, ...]
CLOCK_ALARMS = (Alarm("yellow_at", "remind"), Alarm("red_at", "overdue"))
"""When the clock makes its moves: with the light, so not while it stands still nor of a deadline nobody knows yet."""


@dataclass
class StandStill:
    """Why the clock stands still, and what it waits for."""

    reason: Reason
    cause: Annotated[PauseCause, Words("挂起原因", "Waiting for")] = PauseCause.OTHER


@dataclass
class AskExtension:
    due_on: Annotated[date, Words("申请延至", "Asked until, to the end of that day")]
    reason: Reason


@dataclass
class Extended:
    due_on: Annotated[date, Words("延至", "Until, to the end of that day")]
    reason: Reason


async def stand_still(step: Step) -> None:
    """From now on the time does not count. The deadline stays as it is until the clock goes on."""
    record, given = step.record, step.input
    adopt(record, step.at)
    span = Pause(step.at, None, given.cause, given.reason, step.viewer.person_id)
    record.clock_spans = written([*spans_of(record), span])


async def go_on(step: Step) -> None:
    """The clock stood still: the deadline moves on by the time that did not count, and so does one asked for."""
    record, since = step.record, step.subject.paused_at
    adopt(record, since)
    spans = spans_of(record)
    if not any(isinstance(each, Pause) and each.until is None for each in spans):
        spans.append(Pause(since, None, PauseCause.OTHER, "", step.viewer.person_id))
    record.clock_spans = written([
        replace(each, until=step.at) if isinstance(each, Pause) and each.until is None else each for each in spans
    ])
    await _recount(step)


async def agree(step: Step, due_on: date, *within: str) -> None:
    """A day that a person promises, who is the author of that rule. The first of the limits `within` that the zone has
    set is the longest it may be."""
    _ahead(due_on, step.at)
    if name := next((each for each in within if step.rules[each]), None):
        latest = step.calendar.after(step.at, step.rules[name]).latest
        if due_on > _day(latest):
            raise Refused(await _beyond(step, name, _day(latest)))
    await promise(step.change, step.record, due_on.isoformat())


async def ask_extension(step: Step) -> None:
    record, until = step.record, step.input.due_on
    adopt(record, step.at)
    _ahead(until, step.at)
    if end_of(until) <= record.due_at:
        raise Refused(NOT_LATER)
    length = step.rules["extension_max_length"]
    if length and end_of(until) > (latest := step.calendar.after(record.due_at, length).latest):
        raise Refused(EXTENSION_TOO_LONG.about(length=length, latest=_day(latest)))
    span = Extension(step.at, until, step.input.reason, step.viewer.person_id)
    record.clock_spans = written([*spans_of(record), span])
    record.extension_due_at = end_of(until)


async def grant_extension(step: Step) -> None:
    record, until = step.record, step.record.extension_due_at
    adopt(record, step.at)
    if until <= step.at:
        raise Refused(EXTENSION_PAST.about(until=_day(until)))
    record.clock_spans = written([
        replace(each, granted_at=step.at, granted_by=step.viewer.person_id) if each == asked_in([each]) else each
        for each in spans_of(record)
    ])
    record.extension_due_at = None
    await recount(step.change, record)


async def extend(step: Step) -> None:
    """A later day, granted as it is asked."""
    record, given, by = step.record, step.input, step.viewer.person_id
    span = Extension(step.at, given.due_on, given.reason, by, step.at, by)
    record.clock_spans = written([*spans_of(record), span])
    await recount(step.change, record)


async def refuse_extension(step: Step) -> None:
    record = step.record
    record.clock_spans = written([each for each in spans_of(record) if each != asked_in([each])])
    record.extension_due_at = None


async def settle(step: Step) -> None:
    """The same start, limit, pauses and extensions, by the calendar as it is now; and what may be done until then."""
    adopt(step.record, step.at)
    await _recount(step)
    for window in FLOWS[type(step.record)].windows:
        if step.record.state in window.states:
            setattr(step.record, window.column, ends(window, step.record, step.rules, step.calendar).at)


def ends(window: Window, record: Any, rules: Any, calendar: Calendar) -> Moment:
    """When a window closes, by the rule it was opened under."""
    since = getattr(record, window.since)
    return calendar.open_at(rules.stood("office_hours", since)).after(since, rules.stood(window.rule, since))


async def _recount(step: Step) -> None:
    """The deadline, and with it one that is asked for."""
    await recount(step.change, step.record)
    if asked := asked_in(spans_of(step.record)):
        until, pauses = asked.until.isoformat(), pauses_in(spans_of(step.record))
        step.record.extension_due_at = reckoned(step.calendar, asked.asked_at, until, pauses).at


def clock_moves(states: tuple[Word, ...], near: Hearers, over: Hearers) -> list[Move]:
    """What the clock does to a timed record: reminds those it is `near` for, tells those it is `over` for, and settles
    what an unpublished year had left open. A light that speaks for parts too turns with the first of them."""
    return [
        Move(
            "remind", "到期提醒", "Reminded before due", states, None, (THE_CLOCK,),
            guards=(near_due,), asks=near, mutation="",
        ),
        Move(
            "overdue", "逾期", "Overdue", states, None, (THE_CLOCK,),
            guards=(past_due,), asks=near, tells=over, mutation="",
        ),
        Move(
            "settle", "时限重算", "Deadline settled by the calendar", states, None, (THE_CLOCK,),
            act=settle, tells=near, mutation="",
        ),
    ]


def near_due(s: Situation) -> Refusal | None:
    return None if s.record.yellow_at and s.record.yellow_at < s.at else NOT_NEAR


def past_due(s: Situation) -> Refusal | None:
    return None if s.record.red_at and s.record.red_at < s.at else NOT_OVERDUE


def in_time_to_ask(s: Situation) -> Refusal | None:
    if stands_still(s.record):
        return STANDS_STILL
    notice = s.rules["extension_notice"]
    latest = s.calendar.before(s.record.due_at, notice)
    if s.at > latest:
        return TOO_LATE_TO_ASK.about(notice=notice, latest=_day(latest))
    if s.record.extension_due_at:
        return ASKED_ALREADY
    most = s.rules["extension_max_count"]
    return EXTENDED_ENOUGH.about(most=most) if len(granted_in(spans_of(s.record))) >= most else None


def asked(s: Situation) -> Refusal | None:
    return None if s.record.extension_due_at else NOT_ASKED


async def _beyond(step: Step, name: str, latest: date) -> Refusal:
    setting = await Setting.get_or_none(id=step.rules.settings.get(name))
    return DUE_BEYOND_LIMIT.about(
        limit=step.rules[name], latest=latest, name=name, source=setting.source if setting else "—"
    )


def _ahead(on: date, at: datetime) -> None:
    today = _day(at)
    if on <= today:
        raise Refused(DUE_PAST)
    if (on - today).days > 3 * 366:
        raise Refused(DUE_TOO_FAR)


def _day(at: Any) -> date:
    day: date = at.astimezone(OFFICE_ZONE).date()
    return day
