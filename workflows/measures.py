"""How far behind the clock, the outbox and the log are: measured now and then, where somebody listens."""

from __future__ import annotations

from datetime import datetime

from domain import clock, meters
from domain.history import Entry
from domain.seals import Unsealed
from domain.timers import Timer
from domain.webhooks import Delivery, DeliveryState
from workflows.worker import duty


@duty("measure", every=15.0)
async def measure() -> None:
    if not meters.is_heard():
        return
    at = clock.now()
    overdue = Timer.filter(wake_at__lt=at)
    waiting = Delivery.filter(state=DeliveryState.WAITING)
    first_unsealed = await Unsealed.all().order_by("id").first()
    oldest = await Entry.get_or_none(id=first_unsealed.entry_id) if first_unsealed else None
    first_due = await overdue.order_by("wake_at").first()
    first_waiting = await waiting.order_by("at").first()
    standing = {
        "timers_overdue": await overdue.count(),
        "timers_late_seconds": _age(first_due.due_at if first_due else None, at),
        "timers_parked": await Timer.filter(wake_at=None, fired_at=None).count(),
        "outbox_waiting": await waiting.count(),
        "outbox_late_seconds": _age(first_waiting.at if first_waiting else None, at),
        "outbox_dead": await Delivery.filter(state=DeliveryState.DEAD).count(),
        "seal_waiting": await Unsealed.all().count(),
        "seal_lag_seconds": _age(oldest.at if oldest else None, at),
    }
    for name, value in standing.items():
        meters.tell(name, value=value)


def _age(since: datetime | None, at: datetime) -> float:
    return max(0.0, (at - since).total_seconds()) if since else 0.0
