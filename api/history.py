"""The history over GraphQL: of one case, and zone-wide for audit."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry.scalars import JSON

from api.context import Info
from api.filters import at_most, instant
from api.nodes import Node, Reading, computed, for_reader, key_of, node, one, paged, parsed
from api.pages import DEFAULT_PAGE, NEWEST, OLDEST, Connection, Listing, listing
from domain.cases import Case as CaseRow
from domain.enterprises import Enterprise as EnterpriseRow
from domain.history import Entry as EntryRow
from domain.history import entry_bytes
from domain.people import Person as PersonRow
from domain.refusals import BAD_INPUT, Refused
from domain.sight import among
from workflows.flow import FLOWS
from workflows.inputs import Words, read_text

if TYPE_CHECKING:
    from api.people import Person

MOVE = Words("步骤", "Move", 60)


def label(reading: Reading) -> str:
    flow = next((flow for kind, flow in FLOWS.items() if kind.kind() == reading.row.record_kind), None)
    move = flow.moves.get(reading.row.move) if flow else None
    if move is None:
        return str(reading.row.move)
    return move.zh if reading.context.language == "zh" else move.en


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
    label: str = for_reader(
        label, "record_kind", "move", rules=False, description="What the move is called, in the reader's language."
    )
    actor: Annotated[Person, strawberry.lazy("api.people")] | None = one(PersonRow, id="actor_id")
    acting: Annotated[Person, strawberry.lazy("api.people")] | None = one(PersonRow, id="acting_id")


@strawberry.input
class HistoryFilter:
    case_id: strawberry.ID | None = None
    enterprise_id: strawberry.ID | None = strawberry.field(
        default=None, description="Of the enterprise, its cases and its contacts together."
    )
    record_id: strawberry.ID | None = strawberry.field(default=None, description="Any record: a person, a problem …")
    actor_id: strawberry.ID | None = None
    move: list[str] | None = None
    from_: datetime | None = strawberry.field(default=None, name="from")
    until: datetime | None = strawberry.field(default=None, description="Up to, not including.")


def history() -> Any:
    """The history of a record, from its first move on."""
    return paged(OLDEST, EntryRow, "subject_id")


@strawberry.type
class Query:
    @listing("Every entry in sight, newest first: the audit register.")
    def history(
        self,
        info: Info,
        filter: HistoryFilter | None = None,
        first: int = DEFAULT_PAGE,
        after: str | None = None,
    ) -> Connection[Entry]:
        rows: Any = EntryRow.seen_by(info.context.viewer)
        return Listing(_narrowed(rows, filter) if filter else rows, NEWEST, first, after)  # type: ignore[return-value]


def _narrowed(rows: Any, filter: HistoryFilter) -> Any:
    if filter.case_id:
        rows = rows.filter(subject_id=key_of(filter.case_id, CaseRow, "filter.caseId"))
    if filter.enterprise_id:
        enterprise = key_of(filter.enterprise_id, EnterpriseRow, "filter.enterpriseId")
        its: list[Any] = [EnterpriseRow.filter(id=enterprise).values("id")]
        its += [kind.filter(enterprise_id=enterprise).values("id") for kind in (CaseRow, PersonRow)]
        rows = rows.filter(among("subject_id", *its))
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
