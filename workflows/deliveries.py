"""The outbox: written with the move, worked off by the worker, webhook by webhook and in order.

Whoever works off a webhook holds its outlet for a minute; no transaction is open while anybody is called. When the
receiver takes nothing, all that waits there ages by one attempt and rests together, ever longer, so that order is kept
and a receiver that is down is asked now and then instead of once for each message. A message the receiver says no to
rests by itself. After `MOST_ATTEMPTS` a delivery is dead, until somebody has it sent again. A receiver that says it was
sent too much is left alone as long as it says; that counts as an attempt only for what has waited for a day.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from cryptography.exceptions import InvalidTag
from tortoise.expressions import F, Subquery

from domain import clock, database, outgoing, rows
from domain.cases import Case
from domain.history import Entry
from domain.refusals import NOT_FOUND, Refused
from domain.seals import Checkpoint
from domain.secret import opened
from domain.viewers import Role, Viewer
from domain.webhooks import Delivery, DeliveryState, Outlet, Webhook, WebhookState
from domain.writing import Writing
from domain.zones import Zone, lineage
from workflows.flow import FLOWS
from workflows.robots import ADAPTERS, Message, Outcome
from workflows.worker import duty

HELD = timedelta(seconds=60)
SENDING_SECONDS = 6.0
OUTLETS_AT_ONCE = 8
MOST_ATTEMPTS = 12
ROBOT_REST = timedelta(seconds=3)
FIRST_REST, LONGEST_REST = timedelta(seconds=30), timedelta(hours=6)
SHORTEST_WAIT, PATIENCE = timedelta(seconds=1), timedelta(days=1)
KEPT = timedelta(days=30)
WAITING = DeliveryState.WAITING
LISTENING = "SELECT id, zone_id, told FROM webhook WHERE zone_id IN ({}) AND state = 'active' ORDER BY id"
LOG, CHECKPOINT = "log", "checkpoint"


async def promise_deliveries(entries: Sequence[Entry], writing: Writing) -> None:
    """Write what is to be told of these entries, in their transaction."""
    if not entries:
        return
    above = {zone_id: await lineage(zone_id) for zone_id in {each.zone_id for each in entries}}
    zones = {zone_id for zones in above.values() for zone_id in zones}
    webhooks = [
        (rows.key_in(row["id"]), rows.key_in(row["zone_id"]), json.loads(row["told"]))
        for row in await rows.found(LISTENING.format(", ".join("?" * len(zones))), list(zones))
    ]
    deliveries = [
        Delivery(
            webhook_id=webhook, zone_id=zone_id, entry_id=entry.id, record_kind=entry.record_kind,
            move=entry.move, at=entry.at, state=WAITING, next_at=entry.at,
        )
        for entry in entries
        for webhook, zone_id, told in webhooks
        if zone_id in above[entry.zone_id] and (not told or f"{entry.record_kind}.{entry.move}" in told)
    ]
    writing.insert(deliveries)


async def promise_checkpoint(made: Checkpoint) -> None:
    """The same for a signed head of the log, which webhooks hear of only when they ask for it by name."""
    webhooks = await Webhook.filter(state=WebhookState.ACTIVE).order_by("id")
    deliveries = [
        Delivery(
            webhook_id=webhook.id, zone_id=webhook.zone_id, entry_id=UUID(int=made.id), record_kind=LOG,
            move=CHECKPOINT, at=made.at, state=WAITING, next_at=made.at,
        )
        for webhook in webhooks
        if f"{LOG}.{CHECKPOINT}" in webhook.told
    ]
    if deliveries:
        await Delivery.bulk_create(deliveries)


@duty("webhooks", every=2.0)
async def deliver_due() -> float | None:
    """Work off some outlets that have something due, side by side, so that none waits for a receiver that hangs; 0.0
    when more may be waiting."""
    held = await _hold(clock.now())
    faults = await asyncio.gather(*map(_work_off, held), return_exceptions=True)
    for fault in filter(None, faults):
        raise fault
    return 0.0 if held else None


async def redeliver(viewer: Viewer, deliveries: Sequence[UUID]) -> int:
    """Have dead deliveries sent again, under the ids they had; how many. Raises `Refused` for any that are not of a
    webhook the viewer administers; one that is not dead is left alone."""
    ours = Delivery.filter(zone_id__in=viewer.zones_as(Role.ADMINISTRATOR), id__in=deliveries)
    async with database.transaction():
        found = await database.lock(ours)
        if len(found) < len(set(deliveries)):
            raise Refused(NOT_FOUND.about("deliveryIds"))
        dead = [each for each in found if each.state is DeliveryState.DEAD]
        now = clock.now()
        await ours.filter(id__in=[each.id for each in dead]).update(state=WAITING, attempts=0, next_at=now)
        resting = Outlet.filter(webhook_id__in=[each.webhook_id for each in dead], failures__gt=0)
        await resting.update(next_at=now, failures=0)
    return len(dead)


@duty("forget deliveries", every=3600.0)
async def forget_deliveries() -> None:
    """What was delivered or given up long ago, and what waits for a webhook that is gone."""
    await Delivery.filter(at__lt=clock.now() - KEPT).exclude(state=WAITING).delete()
    gone = Subquery(Webhook.filter(state=WebhookState.REMOVED).values("id"))
    await Delivery.filter(webhook_id__in=gone, state=WAITING).delete()


async def _hold(now: datetime) -> list[Outlet]:
    due = Subquery(Delivery.filter(state=WAITING, next_at__lte=now).values("webhook_id"))
    async with database.transaction():
        rows = Outlet.filter(next_at__lte=now, webhook_id__in=due, webhook__state=WebhookState.ACTIVE)
        outlets = await database.free(rows.order_by("next_at").limit(OUTLETS_AT_ONCE))
        for outlet in outlets:
            outlet.next_at = now + HELD
            await outlet.save(update_fields=["next_at"])
    return outlets


async def _work_off(outlet: Outlet) -> None:
    webhook = await Webhook.get(id=outlet.webhook_id).select_related("zone")
    held_until, until = outlet.next_at, time.monotonic() + SENDING_SECONDS
    most, rest = await _allowance(webhook)
    for delivery in await _waiting(webhook, most):
        if time.monotonic() > until:
            break
        outcome = await _send(outlet, webhook, delivery)
        if outcome.delivered:
            outlet.failures = 0
            await _mark(delivery, outcome, state=DeliveryState.DELIVERED, delivered_at=clock.now())
        elif outcome.passing:
            outlet.failures += outcome.rest is None
            rest = _bounded(outcome.rest) if outcome.rest is not None else rest_after(outlet.failures)
            await _age(webhook, outcome)
            break
        else:
            await _set_aside(delivery, outcome)
    # Unless it took so long that another holds it now.
    mine = Outlet.filter(id=outlet.id, next_at=held_until)
    await mine.update(next_at=clock.now() + rest, failures=outlet.failures)


async def _allowance(webhook: Webhook) -> tuple[int, timedelta]:
    """How many may be sent now, and how long to rest after: a robot takes so many in a minute."""
    adapter = ADAPTERS[webhook.format]
    if adapter.each_minute is None:
        return adapter.at_once, timedelta()
    lately = Delivery.filter(webhook_id=webhook.id, delivered_at__gt=clock.now() - timedelta(minutes=1))
    return min(adapter.at_once, max(0, adapter.each_minute - await lately.count())), ROBOT_REST


async def _waiting(webhook: Webhook, most: int) -> list[Delivery]:
    """The next, in order."""
    due = Delivery.filter(webhook_id=webhook.id, state=WAITING, next_at__lte=clock.now())
    return await due.order_by("id").limit(most) if most else []


async def _send(outlet: Outlet, webhook: Webhook, delivery: Delivery) -> Outcome:
    adapter, purpose = ADAPTERS[webhook.format], webhook.purpose
    try:
        address = opened(purpose, outlet.address)
        secret = opened(purpose, outlet.secret) if outlet.secret else ""
        request = adapter.request(address, await message_of(delivery), secret, clock.now())
        return adapter.outcome(await outgoing.post(request.url, request.body, request.headers))
    except Refused as refused:
        return Outcome(False, refused.refusals[0].code)
    except InvalidTag:
        return Outcome(False, "the installation's secret is another now")
    except outgoing.Unanswered as error:
        return Outcome(False, str(error))


async def message_of(delivery: Delivery) -> Message:
    if delivery.record_kind == LOG:
        return await _message_of_checkpoint(delivery)
    entry = await Entry.get(id=delivery.entry_id)
    zone = await Zone.get(id=entry.zone_id)
    case = await Case.get_or_none(id=entry.subject_id) if entry.subject_kind == Case.kind() else None
    flow = next(flow for model, flow in FLOWS.items() if model.kind() == entry.record_kind)
    case_id = f"Case_{case.id}" if case else None
    link = os.environ.get("QIBAN_CASE_LINK")
    return Message(
        id=str(delivery.id), sequence=entry.sequence, zone=zone.code, case_id=case_id,
        number=case.number if case else None, record_kind=entry.record_kind,
        record_id=f"{flow.record.__name__}_{entry.record_id}", move=entry.move,
        label=f"{flow.zh}：{flow.moves[entry.move].zh}", source=entry.source, target=entry.target, at=entry.at,
        link=link.replace("{id}", case_id) if link and case_id else None,
    )


async def _message_of_checkpoint(delivery: Delivery) -> Message:
    made, zone = await Checkpoint.get(id=delivery.entry_id.int), await Zone.get(id=delivery.zone_id)
    return Message(
        id=str(delivery.id), sequence=made.id, zone=zone.code, case_id=None, number=None, record_kind=LOG,
        record_id=f"Checkpoint_{made.id}", move=CHECKPOINT, label="存证检查点", source=None, target=None, at=made.at,
        note=made.note,
    )


async def _mark(delivery: Delivery, outcome: Outcome, **columns: object) -> None:
    await Delivery.filter(id=delivery.id, state=WAITING).update(
        attempts=F("attempts") + 1, last_status=outcome.note[:200], **columns
    )


async def _set_aside(delivery: Delivery, outcome: Outcome) -> None:
    attempts = delivery.attempts + 1
    if attempts >= MOST_ATTEMPTS:
        await _mark(delivery, outcome, state=DeliveryState.DEAD)
    else:
        await _mark(delivery, outcome, next_at=clock.now() + rest_after(attempts))


async def _age(webhook: Webhook, outcome: Outcome) -> None:
    """All that waits there has waited through one more attempt; where the receiver is only busy, what is old has."""
    now = clock.now()
    waiting = Delivery.filter(webhook_id=webhook.id, state=WAITING, next_at__lte=now)
    if outcome.busy:
        await waiting.update(last_status=outcome.note[:200])
        waiting = waiting.filter(at__lt=now - PATIENCE)
    await waiting.update(attempts=F("attempts") + 1, last_status=outcome.note[:200])
    await waiting.filter(attempts__gte=MOST_ATTEMPTS).update(state=DeliveryState.DEAD)


def _bounded(rest: timedelta) -> timedelta:
    return min(max(rest, SHORTEST_WAIT), LONGEST_REST)


def rest_after(failures: int) -> timedelta:
    """Half a minute, doubled with each failure up to six hours, and up to a quarter less so that not all come at
    once."""
    rest: timedelta = min(FIRST_REST * 2 ** min(failures - 1, 20), LONGEST_REST)
    return rest * random.uniform(0.75, 1)
