"""What becomes of stored deadlines when a calendar changes: provisional ones are settled, others only if confirmed.

Also deadlines from before clocks were kept, which get their light by the same move.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from tortoise.expressions import Q

from domain import clock
from domain.calendar import Calendar, Moment
from domain.deadlines import Timed, reckoned, spans_of
from domain.viewers import CLOCK
from domain.zones import Rules, rules_of
from workflows.calendar import FOLLOWERS, Shift, Turn
from workflows.deadlines import ends
from workflows.flow import FLOWS, Flow, Held
from workflows.perform import Step, perform
from workflows.worker import duty

RUNNING = Q(
    grey__not_isnull=True, limit_text__not_isnull=True, clock_started_at__not_isnull=True, due_at__not_isnull=True
)
AT_ONCE = 200


class Clocks:
    """Follows the calendar for every timed record."""

    async def shifts(self, turn: Turn, *, provisional: bool) -> Sequence[Shift]:
        return [each async for each in self._shifts(turn, provisional)]

    async def settle(self, step: Step, shift: Shift) -> None:
        await step.perform(shift.record, "settle")

    async def _shifts(self, turn: Turn, provisional: bool) -> AsyncIterator[Shift]:
        for flow in _timed():
            running = RUNNING & Q(provisional=True) if provisional else RUNNING
            rows: Any = flow.record.filter(running | _open(flow))
            zones = await rows.distinct().values_list("zone_id", flat=True)
            for zone_id in sorted(zones):
                before, after = await turn.calendars(zone_id)
                if before == after:
                    continue
                rules = await rules_of(zone_id, clock.today().date())
                async for record in rows.filter(zone_id=zone_id):
                    if found := next(_moved(flow, record, rules, before, after, provisional), None):
                        yield found


def _moved(
    flow: Flow, record: Any, rules: Rules, before: Calendar, after: Calendar, provisional: bool
) -> Iterator[Shift]:
    """The deadline of a record if it moves, and any of its windows."""
    if _runs(record) and (record.provisional or not provisional):
        was, becomes = (_by(each, record, rules) for each in (before, after))
        if (provisional or was != becomes) and becomes != _stored(record):
            yield Shift(record, record.due_at, becomes)
    for window in flow.windows:
        if record.state in window.states:
            was, becomes = (ends(window, record, rules, each) for each in (before, after))
            stored = getattr(record, window.column)
            if (was.provisional if provisional else was != becomes) and stored != becomes.at:
                yield Shift(record, stored, becomes)


@duty("light up", every=3600.0)
async def light_up() -> None:
    """Deadlines from before lights were kept."""
    for flow in _timed():
        states = [state for state, limit in flow.limits.items() if limit is not Held.KEPT]
        dark: Any = flow.record.filter(due_at__not_isnull=True, grey__isnull=True, red_at__isnull=True)
        while some := await dark.filter(state__in=states).order_by("id").limit(AT_ONCE).values_list("id", flat=True):
            for record_id in some:
                await perform(CLOCK, flow.record, record_id, "settle")


def _timed() -> list[Flow]:
    return [flow for flow in FLOWS.values() if issubclass(flow.record, Timed)]


def _open(flow: Flow) -> Q:
    """Records with a window that is open still."""
    return Q(*(Q(state__in=each.states) for each in flow.windows), join_type="OR") if flow.windows else Q(pk__in=[])


def _runs(record: Any) -> bool:
    return None not in (record.grey, record.limit_text, record.clock_started_at, record.due_at)


def _by(calendar: Calendar, record: Any, rules: Rules) -> Moment:
    started = record.clock_started_at
    calendar = calendar.open_at(rules.stood("office_hours", started))
    return reckoned(calendar, started, record.limit_text, spans_of(record))


def _stored(record: Any) -> Moment:
    return Moment(record.due_at, record.provisional, record.due_earliest, record.due_latest)


FOLLOWERS.append(Clocks())
