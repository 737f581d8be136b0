"""Timers 定时: the instants at which the clock is to make a move of a record. Made from the records, kept in step with
them in the same transaction, and never set by hand."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from domain.records import new_id
from domain.schema import IndexWhere
from domain.writing import Writing

AT_ONCE = 500


class Timer(Model):
    """One alarm of one record. It is due once `due_at`, an instant that stands in the record, has passed.

    `wake_at` is when it is tried next: null once it has `fired_at`, and null without one when it is parked, after too
    many `attempts` that failed by `last_error`. `refusal` is the code by which the flow refused the move, as when
    somebody made it first.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    zone_id: UUID = fields.UUIDField()
    subject_id: UUID = fields.UUIDField()
    record_kind = fields.CharField(max_length=40)
    record_id: UUID = fields.UUIDField()
    move = fields.CharField(max_length=60)
    due_at = fields.DatetimeField()
    wake_at: datetime | None = fields.DatetimeField(null=True)
    fired_at: datetime | None = fields.DatetimeField(null=True)
    refusal = fields.CharField(max_length=60, null=True)
    attempts = fields.IntField(default=0)
    last_error = fields.CharField(max_length=300, default="")

    class Meta:
        table = "timer"
        unique_together = (("record_id", "move"),)
        indexes = (
            IndexWhere(fields=("wake_at", "id"), where="wake_at IS NOT NULL"),
            IndexWhere(fields=("subject_id", "wake_at"), where="wake_at IS NOT NULL"),
            IndexWhere(fields=("due_at",), where="wake_at IS NULL AND fired_at IS NULL"),
        )


class Set(NamedTuple):
    """A timer to be set: what is written of it."""

    id: UUID
    zone_id: UUID
    subject_id: UUID
    record_kind: str
    record_id: UUID
    move: str
    due_at: datetime
    wake_at: datetime


# One that fired for an instant does not fire for it again; a new instant arms it anew.
ARM = """INSERT INTO "timer" ({columns}, "attempts", "last_error") VALUES {rows}
ON CONFLICT ("record_id", "move") DO UPDATE SET "due_at" = EXCLUDED."due_at", "wake_at" = EXCLUDED."wake_at",
"fired_at" = NULL, "refusal" = NULL, "attempts" = 0, "last_error" = '' WHERE "timer"."due_at" <> EXCLUDED."due_at\""""


def arm(timers: Sequence[Set], writing: Writing) -> None:
    """Set timers, each in place of the one its record had for the move: one statement for 500."""
    for start in range(0, len(timers), AT_ONCE):
        some = timers[start : start + AT_ONCE]
        rows = ", ".join([f"({', '.join('?' * len(Set._fields))}, 0, '')"] * len(some))
        columns = ", ".join(f'"{each}"' for each in Set._fields)
        writing.add(ARM.format(columns=columns, rows=rows), [value for timer in some for value in timer])


def lift(alarms: Collection[tuple[UUID, str]], writing: Writing) -> None:
    """Take back timers, given as record and move, that have not fired: one statement a move for 500."""
    by_move: dict[str, list[UUID]] = {}
    for record_id, move in alarms:
        by_move.setdefault(move, []).append(record_id)
    for move, ids in by_move.items():
        for start in range(0, len(ids), AT_ONCE):
            some = ids[start : start + AT_ONCE]
            marks = ", ".join("?" * len(some))
            writing.add(
                f'DELETE FROM "timer" WHERE "record_id" IN ({marks}) AND "move" = ? AND "fired_at" IS NULL',
                [*some, move],
            )
