"""What a request carries along: who asks, in which language, and the reads it has already made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

import strawberry
from strawberry.dataloader import DataLoader

from domain import clock
from domain.database import reads
from domain.records import Record
from domain.refusals import Refusal, Refused
from domain.viewers import Viewer
from workflows.admissions import Admission, admit, still_holds
from workflows.leases import Caller
from workflows.rulebooks import Rulebook, rulebook_of

UNAUTHENTICATED = Refusal("UNAUTHENTICATED", "请先登录。", "Sign in first.")


@dataclass(frozen=True)
class Made:
    """What came of a move: the key of its record, or why nothing was done, or what went wrong; `again` where it was
    made before, with the same idempotency key."""

    key: UUID | None = None
    again: bool = False
    refusals: tuple[Refusal, ...] = ()
    error: Exception | None = None


@dataclass
class Context:
    """One per request. `address` is the caller's, for limiting sign-in attempts, and
    `caller` the credential they were let in by; `shown` what a socket shows to be let in; `as_of` is the instant past
    that is asked about, and then `at` too. As long as there is an `admission`, `someone` is who they were when last let
    in, and nothing may be shown before that is confirmed. `made` is what came of the one move that is asked for, where
    it has been made already; `named` holds what takes the place of others (such as `SUBJECT`) in a plan's
    parameters."""

    someone: Viewer | None
    language: str
    address: str
    at: datetime = field(default_factory=clock.now)
    as_of: datetime | None = None
    loaders: dict[Any, DataLoader[Any, Any]] = field(default_factory=dict)
    told: dict[Any, Any] = field(default_factory=dict)
    read: Rulebook | None = None
    caller: Caller | None = None
    shown: Mapping[str, str] = field(default_factory=dict)
    admission: Admission | None = None
    made: Made | None = None
    named: Mapping[Any, Any] = field(default_factory=dict)

    def anew(self, viewer: Viewer) -> Context:
        """For another read of the same caller, later on: nothing of what was read before is kept."""
        return Context(viewer, self.language, self.address, caller=self.caller)

    @property
    def viewer(self) -> Viewer:
        """The person asking. Raises `Refused` when nobody is signed in."""
        if self.someone is None:
            raise Refused(UNAUTHENTICATED)
        return self.someone

    async def confirm(self, stamp: str | None = None) -> bool:
        """Whether the caller still stands as remembered, by the stamp read with an answer or by asking for it; else
        they are let in anew. Raises `Refused` when what they show holds no longer."""
        admission, self.admission = self.admission, None
        if admission is None or stamp == admission.stamp or (stamp is None and await still_holds(admission)):
            return True
        assert self.caller
        self.someone = await admit(self.caller)
        return False

    async def prepare(self, stamp: str | None = None) -> None:
        """Read what fields told to this reader look at, unless it is known by the stamp read with an answer."""
        if self.read is None:
            self.read = await rulebook_of(self.viewer.zones, self.at.astimezone(clock.OFFICE_ZONE).date(), stamp)

    @property
    def rulebook(self) -> Rulebook:
        """The rules and the calendars of the zones in sight, once `prepare` has read them."""
        assert self.read
        return self.read


Info: TypeAlias = strawberry.Info[Context, None]


async def load_subject(context: Context, record: Record) -> Any:
    """The record whose history this one belongs to; whoever may see the one may see the other."""
    if record.subject is None:
        return record
    model = record._meta.fields_map[record.subject].related_model  # type: ignore[attr-defined]
    return await one_loader(context, model).load((getattr(record, f"{record.subject}_id"),))


def one_loader(context: Context, model: Any, columns: tuple[str, ...] = ("id",)) -> DataLoader[tuple[Any, ...], Any]:
    """Rows of one kind by the values of `columns`, those the viewer may see, many in one read."""

    async def load(keys: list[tuple[Any, ...]]) -> list[Any]:
        wanted = {f"{column}__in": list({key[n] for key in keys}) for n, column in enumerate(columns)}
        rows = await model.seen_by(context.viewer).filter(**wanted).using_db(reads())
        found = {tuple(getattr(row, column) for column in columns): row for row in rows}
        return [found.get(key) for key in keys]

    if (model, columns) not in context.loaders:
        context.loaders[model, columns] = DataLoader(load)
    return context.loaders[model, columns]
