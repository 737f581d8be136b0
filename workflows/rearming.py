"""Timers made from the records: for those that were there before their alarm was, and whenever the two disagree."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from uuid import UUID

from tortoise.connection import get_connection
from tortoise.expressions import Q

from domain import database
from domain.records import Record
from domain.timers import AT_ONCE, Timer, arm, lift
from domain.writing import written
from workflows.changes import columns_of, subject_model, subject_of, timer_of
from workflows.flow import FLOWS, Alarm, Flow
from workflows.worker import duty

OUT_OF_STEP = """SELECT r."id" FROM "{table}" r WHERE r."state" IN ({states}) AND r."{column}" IS NOT NULL
AND NOT EXISTS (SELECT 1 FROM "timer" t
    WHERE t."record_id" = r."id" AND t."move" = '{move}' AND t."due_at" = r."{column}")
UNION SELECT t."record_id" FROM "timer" t
WHERE t."record_kind" = '{table}' AND t."move" = '{move}' AND t."fired_at" IS NULL
AND NOT EXISTS (SELECT 1 FROM "{table}" r
    WHERE r."id" = t."record_id" AND r."state" IN ({states}) AND r."{column}" = t."due_at")
LIMIT {limit}"""
log = logging.getLogger("qiban.timers")


@duty("rearm timers", every=3600.0)
async def rearm() -> None:
    """Put the timers in step with the records."""
    if count := await rebuild():
        log.warning("%d records had timers that were not in step with them; now they are", count)


async def rebuild() -> int:
    """Make every timer that is missing, and take back every one that should not be; of how many records."""
    count = 0
    known = Q(id__isnull=True)
    for flow in FLOWS.values():
        for alarm in flow.alarms:
            known |= Q(record_kind=flow.record.kind(), move=alarm.move)
            while some := await _out_of_step(flow, alarm):
                await _put_in_step(flow, some)
                count += len(some)
    return count + await Timer.filter(fired_at=None).exclude(known).delete()


async def _out_of_step(flow: Flow, alarm: Alarm) -> Sequence[UUID]:
    states = ", ".join(f"'{each.value}'" for each in alarm.states)
    query = OUT_OF_STEP.format(
        table=flow.record.kind(), states=states, column=alarm.column, move=alarm.move, limit=AT_ONCE
    )
    return [UUID(str(row["id"])) for row in await get_connection("default").execute_query_dict(query)]


async def _put_in_step(flow: Flow, record_ids: Sequence[UUID]) -> None:
    async with written() as writing:
        records = await _held(flow.record, record_ids)
        due = {key: flow.due(columns_of(record)) for key, record in records.items()}
        arm([timer_of(records[key], move, at) for key, each in due.items() for move, at in each.items()], writing)
        every = {(key, alarm.move) for key in record_ids for alarm in flow.alarms}
        lift(every - {(key, move) for key, each in due.items() for move in each}, writing)


async def _held(model: type[Record], record_ids: Sequence[UUID]) -> dict[UUID, Record]:
    """The records, with their subjects held: whoever would move one of them waits."""
    subjects = {subject_of(each)[1] for each in await model.filter(id__in=record_ids)}
    await database.lock(subject_model(model).filter(id__in=list(subjects)).order_by("id"))
    return {each.id: each for each in await model.filter(id__in=record_ids)}
