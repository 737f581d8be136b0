"""Erasure 删除个人信息: what the law lets a person ask for, without breaking any proof.

Blanked are the personal columns of the row and of every state it was in, and the values behind the commitments in its
history. The entries stay as they are, so chains, the log and every export still verify; that there was a value, when
and by whom it was set, remains. Free text (titles, descriptions, reasons, files) is not looked through.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Annotated, Any

from tortoise.connection import get_connection
from tortoise.expressions import Subquery

from domain import past
from domain.cases import Case
from domain.database import engine
from domain.history import Entry, PersonalValue, canonical
from domain.records import Record
from domain.refusals import Refusal
from workflows.flow import Situation
from workflows.inputs import Reason, Words
from workflows.perform import Step
from workflows.worker import duty

ERASED = "［已删除 erased］"
ONLY_CONTACTS = Refusal(
    "ONLY_CONTACTS", "只有企业联系人的个人信息可以删除；工作人员履职的姓名须留存。",
    "Only an enterprise's contact can be erased; the names of staff stand for what they did in office.",
)


@dataclass
class Erase:
    """Both stand in the history: the law relied on, and why it applies."""

    basis: Annotated[str, Words("法律依据", "Legal basis", 200)]
    reason: Reason


def is_a_contact(s: Situation) -> Refusal | None:
    return None if s.record.enterprise_id else ONLY_CONTACTS


async def blank(step: Step) -> None:
    """The row as it lies there, so that its past takes nothing over from it; then what it was before."""
    record, given = step.record, step.input
    given.reason = f"{given.basis}：{given.reason}"
    held = {name: ERASED for name in sorted(record.personal) if getattr(record, name)}
    if held:
        await type(record).filter(id=record.id).update(**held)
    await past.blank(type(record), record.id, sorted(record.personal), ERASED)
    entries = await Entry.filter(subject_id=getattr(record, f"{record.subject}_id", record.id))
    kept = [each for entry in entries for each in commitments(entry, record)]
    await PersonalValue.filter(commitment__in=kept).update(value=None, salt="")
    for name, word in held.items():
        setattr(record, name, word)


async def forget(step: Step) -> None:
    """What the move's own entry commits to as the value before; and other cases that named the same contact."""
    for value in step.change.personal:
        if value.value != canonical(ERASED):
            value.value, value.salt = None, ""
    record, before = step.record, step.change.tracked[step.record.id].loaded
    name = before.get("name", before.get("contact_name"))
    if name and name != ERASED:
        reason = step.input.reason.removeprefix(f"{step.input.basis}：")
        for case in await cases_that_name(record.enterprise_id, name):
            if case.id != record.id:
                await step.perform(case, "erase_contact", basis=step.input.basis, reason=reason)


async def cases_that_name(enterprise_id: Any, name: str) -> list[Case]:
    """Cases of the enterprise whose contact had this name at any time, in the order in which they are locked."""
    cases = Case.filter(enterprise_id=enterprise_id).values("id")
    of_them = Entry.filter(subject_kind="case", subject_id__in=Subquery(cases)).values("id")
    values = PersonalValue.filter(value=canonical(name), entry_id__in=Subquery(of_them)).values("entry_id")
    found = Entry.filter(id__in=Subquery(values)).values("subject_id")
    return await Case.filter(id__in=Subquery(found)).order_by("id")


@duty("wipe", every=600.0)
async def wipe() -> None:
    """SQLite keeps its latest writes in a file beside the database, older ones among them until they are overwritten:
    it is emptied, unless somebody is reading."""
    if engine() == "sqlite":
        await asyncio.to_thread(_empty, get_connection("default").filename)  # type: ignore[attr-defined]


def _empty(file: str) -> None:
    with closing(sqlite3.connect(file, timeout=0)) as own:
        own.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def commitments(entry: Entry, record: Record) -> Iterator[str]:
    """Those in an entry to personal values of a record."""
    columns = json.loads(entry.changes).get(f"{record.kind()}/{record.id}", {})
    for name in record.personal & columns.keys():
        yield from (each["commitment"] for each in columns[name] if isinstance(each, dict))
