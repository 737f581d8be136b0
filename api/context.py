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
from domain.zones import rules_of

UNAUTHENTICATED = Refusal("UNAUTHENTICATED", "请先登录。", "Sign in first.")


@dataclass
class Context:
    """One per request. `address` is the caller's, for limiting sign-in attempts."""

    someone: Viewer | None
    language: str
    address: str
    at: datetime = field(default_factory=clock.now)
    loaders: dict[Any, DataLoader[Any, Any]] = field(default_factory=dict)
    rules: dict[UUID, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def viewer(self) -> Viewer:
        """The person asking. Raises `Refused` when nobody is signed in."""
        if self.someone is None:
            raise Refused(UNAUTHENTICATED)
        return self.someone

    async def rules_in(self, zone_id: UUID) -> Mapping[str, Any]:
        if zone_id not in self.rules:
            self.rules[zone_id] = await rules_of(zone_id, self.at.astimezone(clock.OFFICE_ZONE).date())
        return self.rules[zone_id]


Info: TypeAlias = strawberry.Info[Context, None]


async def load_subject(context: Context, record: Record) -> Any:
    """The record whose history this one belongs to; whoever may see the one may see the other."""
    if record.subject is None:
        return record
    model = record._meta.fields_map[record.subject].related_model  # type: ignore[attr-defined]
    return await one_loader(context, model).load(getattr(record, f"{record.subject}_id"))


def one_loader(context: Context, model: type[Record]) -> DataLoader[UUID, Record | None]:
    """Rows of one kind by key, those the viewer may see, many in one read."""

    async def load(keys: list[UUID]) -> list[Record | None]:
        rows = {row.id: row for row in await model.seen_by(context.viewer).filter(id__in=keys).using_db(reads())}
        return [rows.get(key) for key in keys]

    if model not in context.loaders:
        context.loaders[model] = DataLoader(load)
    return context.loaders[model]
