"""The history over GraphQL: of one case, and zone-wide for audit."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry.scalars import JSON

from api.context import Info, one_loader
from api.filters import at_most
from api.nodes import Node, computed, global_id, key_of, node, parsed
from api.pages import DEFAULT_PAGE, NEWEST, OLDEST, Connection, page
from domain.cases import Case as CaseRow
from domain.history import Entry as EntryRow
from domain.history import entry_bytes
from domain.people import Person as PersonRow
from domain.refusals import BAD_INPUT, Refused
from workflows.flow import FLOWS
from workflows.inputs import EARLIEST, LATEST, Words, read_text

if TYPE_CHECKING:
    from api.people import Person

MOVE = Words("步骤", "Move", 60)


@node(EntryRow)  # type: ignore[arg-type]
class Entry(Node):
    """One move in the history 办理记录. It can be neither changed nor deleted."""

    sequence: int = strawberry.field(description="Its place in the history of its subject, from 1.")
    subject_kind: str
    record_kind: str
    move: str
    source: str | None
    target: str | None
    at: datetime
    reason: str
    caused_by: int | None = strawberry.field(description="Sequence of the entry whose move brought this one about.")
    changes: JSON = computed(
        lambda row: json.loads(row.changes), "changes",
        description="By record, the columns touched: [before, after]. Personal values stand as commitments.",
    )
    canonical: str = computed(
        lambda row: entry_bytes(row).decode(), "*", description="The text whose SHA-256 is the hash."
    )
    previous: str
    hash: str

    @strawberry.field(description="What the move is called, in the reader's language.")
    def label(self, info: Info) -> str:
        flow = next((flow for kind, flow in FLOWS.items() if kind.kind() == self.record_kind), None)
        move = flow.moves.get(self.move) if flow else None
        return (move.zh if info.context.language == "zh" else move.en) if move else self.move

    @strawberry.field(description="Who made the move; null for the clock and the operator.")
    async def actor(self, info: Info) -> Annotated[Person, strawberry.lazy("api.people")] | None:
        row: Any = self
        return await one_loader(info.context, PersonRow).load(row.actor_id)  # type: ignore[return-value]

    @strawberry.field(description="The service account that carried the request for the actor, if one did.")
    async def acting(self, info: Info) -> Annotated[Person, strawberry.lazy("api.people")] | None:
        row: Any = self
        return await one_loader(info.context, PersonRow).load(row.acting_id) if row.acting_id else None  # type: ignore[return-value]


@strawberry.input
class HistoryFilter:
    case_id: strawberry.ID | None = None
    record_id: strawberry.ID | None = strawberry.field(default=None, description="Any record: a person, a problem …")
    actor_id: strawberry.ID | None = None
    move: list[str] | None = None
    from_: datetime | None = strawberry.field(default=None, name="from")
    until: datetime | None = strawberry.field(default=None, description="Up to, not including.")


def history() -> Any:
    """The history of a record, from its first move on."""

    async def load(
        parent: strawberry.Parent[Any], info: Info, first: int = DEFAULT_PAGE, after: str | None = None
    ) -> Any:
        rows: Any = EntryRow.seen_by(info.context.viewer).filter(subject_id=parent.id)
        return await page(rows, OLDEST, first, after)

    return strawberry.field(resolver=load)


@strawberry.type
class Query:
    @strawberry.field(description="Every entry in sight, newest first: the audit register.")
    async def history(
        self,
        info: Info,
        filter: HistoryFilter | None = None,
        first: int = DEFAULT_PAGE,
        after: str | None = None,
    ) -> Connection[Entry]:
        rows: Any = EntryRow.seen_by(info.context.viewer)
        return await page(_narrowed(rows, filter) if filter else rows, NEWEST, first, after)  # type: ignore[return-value]


def _narrowed(rows: Any, filter: HistoryFilter) -> Any:
    if filter.case_id:
        rows = rows.filter(subject_id=key_of(filter.case_id, CaseRow, "filter.caseId"))
    if filter.record_id:
        _, key = parsed(filter.record_id)
        if key is None:
            raise Refused(
                BAD_INPUT.about("filter.recordId", problem_zh="不是有效的编号", problem_en="this is no id")
            )
        rows = rows.filter(record_id=key)
    if filter.actor_id:
        rows = rows.filter(actor_id=key_of(filter.actor_id, PersonRow, "filter.actorId"))
    if filter.move:
        names = at_most(filter.move, "filter.move")
        rows = rows.filter(move__in=[read_text(each, MOVE, "filter.move") for each in names])
    if filter.from_:
        rows = rows.filter(at__gte=instant(filter.from_, "filter.from"))
    if filter.until:
        rows = rows.filter(at__lt=instant(filter.until, "filter.until"))
    return rows


def instant(given: datetime, field: str) -> datetime:
    if given.tzinfo is None:
        raise Refused(BAD_INPUT.about(field, problem_zh="时间须带时区", problem_en="the time needs a time zone"))
    # A day inside either end of what a datetime can hold, so that any zone can be reckoned with.
    if not EARLIEST <= given.date() <= LATEST:
        raise Refused(BAD_INPUT.about(field, problem_zh="时间不在可用范围内", problem_en="the time is out of range"))
    return given


__all__ = ["Entry", "Query", "global_id", "history"]
