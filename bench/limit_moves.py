"""The limit that a move is measured against: the rows of a responsibility signed for, written by hand in a transaction.

It locks, looks who is told, chains the entry and writes the very rows the service writes. What the service works out
for it (rules, working days, who may) is given here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson

Run = Callable[..., Awaitable[Any]]
"""Runs a statement with its values; gives back its rows."""

CASE = 'SELECT sequence, head, owner_id, zone_id FROM "case" WHERE id = $1'
DUTY = "SELECT case_id, state, due_at, yellow_at, signed_at, limit_name FROM responsibility WHERE id = $1"
TOLD = """SELECT person_id FROM membership m JOIN person p ON p.id = m.person_id
    WHERE m.zone_id = $1 AND m.role = 'companion' AND m.person_id = $2 AND m.state = 'held' AND p.state = 'active'"""
TOUCH = 'UPDATE "case" SET sequence = $2, head = $3, yellow_at = $4, red_at = $5, changed_at = $6 WHERE id = $1'
SIGN = """UPDATE responsibility SET state = 'signed', signed_at = $2, due_at = $3, warn_at = $4, due_earliest = $3,
    due_latest = $3, limit_name = 'fix', limit_text = '3wd', clock_started_at = $2, yellow_at = $4, red_at = $3,
    grey = $5, calendar_version = 1, version = version + 1, changed_at = $2 WHERE id = $1"""
ENTRY = """INSERT INTO entry (id, zone_id, subject_kind, subject_id, sequence, record_kind, record_id, move, source,
    target, actor_id, at, reason, changes, previous, hash) VALUES ($1, $2, 'case', $3, $4, 'responsibility', $5, 'sign',
    'offered', 'signed', $6, $7, '', $8, $9, $10)"""
LEAVE = "UPDATE span SET left_at = $2 WHERE record_id = $1 AND left_at IS NULL"
ENTER = """INSERT INTO span (id, zone_id, subject_kind, subject_id, record_kind, record_id, state, entered_at, due_at)
    VALUES ($1, $2, 'case', $3, 'responsibility', $4, 'signed', $5, $6)"""
ARM = """INSERT INTO timer (id, zone_id, subject_id, record_kind, record_id, move, due_at, wake_at, attempts,
    last_error)
    VALUES ($1, $5, $6, 'responsibility', $7, 'remind', $8, $8, 0, ''),
    ($2, $5, $6, 'responsibility', $7, 'overdue', $9, $9, 0, ''), ($3, $5, $6, 'case', $6, 'remind', $8, $8, 0, ''),
    ($4, $5, $6, 'case', $6, 'overdue', $9, $9, 0, '')
    ON CONFLICT (record_id, move) DO UPDATE SET due_at = excluded.due_at, wake_at = excluded.wake_at, fired_at = NULL"""
LIFT = "DELETE FROM timer WHERE record_id = $1 AND move = 'sign_by_lapse' AND fired_at IS NULL"
NOTICE = """INSERT INTO notice (id, person_id, entry_id, zone_id, subject_id, record_kind, record_id, move, asked, at)
    VALUES ($1, $2, $3, $4, $5, 'responsibility', $6, 'sign', $7, $8)"""
HOOKS = "SELECT id, told FROM webhook WHERE zone_id = $1 AND state = 'active'"
CALL = "SELECT pg_notify('qiban_bench', $1)"


async def sign(run: Run, postgres: bool, duty_id: str, actor: str) -> None:
    """All of it in the transaction that `run` is in."""
    lock = " FOR NO KEY UPDATE" if postgres else ""
    as_key: Callable[[Any], Any] = (lambda value: UUID(str(value))) if postgres else str
    as_time: Callable[[datetime], Any] = (lambda at: at) if postgres else (lambda at: at.isoformat(" ", "microseconds"))
    duty_key = as_key(duty_id)
    case_key = (await run(DUTY, duty_key))[0][0]
    sequence, head, owner, zone = (await run(CASE + lock, case_key))[0]
    before = (await run(DUTY + lock, duty_key))[0]
    assert before[1] == "offered"
    now = datetime.now(UTC)
    due, warn = as_time(now + timedelta(days=3)), as_time(now + timedelta(days=2))
    changed = {"state": ["offered", "signed"], "due_at": [str(before[2]), str(due)]}
    changes = json.dumps({f"responsibility/{duty_id}": changed}, sort_keys=True, separators=(",", ":"))
    link = hashlib.sha256(orjson.dumps([str(case_key), sequence + 1, duty_id, actor, now, changes, head])).hexdigest()
    at, entry = as_time(now), as_key(uuid4())
    await run(TOUCH, case_key, sequence + 1, link, warn, due, at)
    await run(SIGN, duty_key, at, due, warn, False)
    await run(ENTRY, entry, zone, case_key, sequence + 1, duty_key, as_key(actor), at, changes, head, link)
    await run(LEAVE, duty_key, at)
    await run(ENTER, entry, zone, case_key, duty_key, at, due)
    await run(ARM, *(as_key(uuid4()) for _ in range(4)), zone, case_key, duty_key, warn, due)
    await run(LIFT, duty_key)
    for (person,) in await run(TOLD, zone, owner):
        await run(NOTICE, as_key(uuid4()), person, entry, zone, case_key, duty_key, False, at)
    await run(HOOKS, zone)
    if postgres:
        await run(CALL, f"case {zone} {case_key} {sequence + 1}")
