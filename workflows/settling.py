"""What becomes of stored deadlines when a calendar changes: provisional ones are settled, others only if confirmed.

Also deadlines from before clocks were kept, which get their light by the same move.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

from tortoise.expressions import Q

from domain import clock
from domain.calendar import Moment
from domain.deadlines import Timed, reckoned, spans_of
from domain.viewers import CLOCK
from domain.zones import rules_of
from workflows.calendar import FOLLOWERS, Shift, Turn
from workflows.flow import FLOWS, Flow, Held
from workflows.perform import Step, perform
from workflows.worker import duty

RUNNING = Q(grey__not_isnull=True) & Q(limit_text__not_isnull=True) & Q(clock_started_at__not_isnull=True)
AT_ONCE = 200


class Clocks:
    """Follows the calendar for every timed record."""

    async def shifts(self, turn: Turn, *, provisional: bool) -> Sequence[Shift]:
        return [each async for each in self._shifts(turn, provisional)]

    async def settle(self, step: Step, shift: Shift) -> None:
        await step.perform(shift.record, "settle")

    async def _shifts(self, turn: Turn, provisional: bool) -> AsyncIterator[Shift]:
        for flow in _timed():
            rows: Any = flow.record.filter(RUNNING, due_at__not_isnull=True)
            zones = await rows.distinct().values_list("zone_id", flat=True)
            for zone_id in sorted(zones):
                before, after = await _calendars(turn, zone_id)
                if before == after:
                    continue
                concerned = rows.filter(zone_id=zone_id)
                async for record in concerned.filter(provisional=True) if provisional else concerned:
                    becomes = _by(after, record)
                    moved = provisional or _by(before, record) != becomes
                    if moved and becomes != _stored(record):
                        yield Shift(record, record.due_at, becomes)


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


async def _calendars(turn: Turn, zone_id: UUID) -> tuple[Any, Any]:
    hours = str((await rules_of(zone_id, clock.today().date()))["office_hours"])
    before, after = await turn.calendars(zone_id)
    return before.open_at(hours), after.open_at(hours)


def _by(calendar: Any, record: Any) -> Moment:
    return reckoned(calendar, record.clock_started_at, record.limit_text, spans_of(record))


def _stored(record: Any) -> Moment:
    return Moment(record.due_at, record.provisional, record.due_earliest, record.due_latest)


FOLLOWERS.append(Clocks())
