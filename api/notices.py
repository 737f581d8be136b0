"""The inbox over GraphQL: what one was told, what one has read, and what one would rather not hear."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry

from api.context import Info
from api.events import MOST_ENTRIES
from api.filters import at_most
from api.history import Entry, label
from api.nodes import NODES, Node, computed, enum, for_reader, key_of, node, one
from api.pages import DEFAULT_PAGE, NEWEST, Amount, Connection, Listing, listing
from api.refusals import Refusal, turned_down
from api.streams import Happening, Watch, happenings
from domain.cases import Case as CaseRow
from domain.database import reads
from domain.enterprises import Enterprise as EnterpriseRow
from domain.history import Entry as EntryRow
from domain.notices import Notice as NoticeRow
from domain.refusals import Refused
from domain.viewers import Viewer
from domain.words import Word
from workflows import notices
from workflows.announce import Topic
from workflows.parties import inbox_of

if TYPE_CHECKING:
    from api.cases import Case
    from api.enterprises import Enterprise


def _record_id(row: NoticeRow) -> strawberry.ID:
    kind = next(each.__name__ for each in NODES if each._meta.db_table == row.record_kind)
    return strawberry.ID(f"{kind}_{row.record_id}")


@node(NoticeRow)  # type: ignore[arg-type]
class Notice(Node):
    """One move a person was told of 通知; seen by that person alone."""

    asked: bool = strawberry.field(description="Something is now up to this person 要本人办理.")
    at: datetime
    read_at: datetime | None
    move: str
    record_kind: str
    record_id: strawberry.ID = computed(
        _record_id, "record_kind", "record_id", description="The record that moved, for `node`."
    )
    label: str = for_reader(
        label, "record_kind", "move", rules=False, description="What the move is called, in the reader's language."
    )
    entry: Entry | None = one(EntryRow, id="entry_id")
    case: Annotated[Case, strawberry.lazy("api.cases")] | None = one(CaseRow, id="subject_id")
    enterprise: Annotated[Enterprise, strawberry.lazy("api.enterprises")] | None = one(EnterpriseRow, id="subject_id")


@strawberry.type(description="Whether one hears of a move.")
class NoticeChoice:
    record_kind: str
    move: str
    label: str
    in_app: bool = strawberry.field(description="False when silenced; whoever the move asks something of hears anyway.")
    always: bool = strawberry.field(description="It is only ever told to those it asks something of; no choice.")


@strawberry.type(description="What a person was told.")
class Inbox:
    @listing("Newest first.", of_the_past=False)
    def notices(
        self, info: Info, unread_only: bool = False, asked: bool | None = None, first: int = DEFAULT_PAGE,
        after: str | None = None,
    ) -> Connection[Notice]:
        rows = NoticeRow.seen_by(info.context.viewer)
        if unread_only:
            rows = rows.filter(read_at__isnull=True)
        if asked is not None:
            rows = rows.filter(asked=asked)
        return Listing(rows, NEWEST, first, after)  # type: ignore[return-value]

    @listing("How many one has not read.", of_the_past=False)
    def unread_notices(self, info: Info) -> int:
        return Amount(NoticeRow.seen_by(info.context.viewer).filter(read_at__isnull=True))  # type: ignore[return-value]

    @strawberry.field(description="Every move anybody hears of, and whether this person does.")
    async def notice_choices(self, info: Info) -> list[NoticeChoice]:
        silenced, zh = await notices.silences(info.context.viewer), info.context.language == "zh"
        return [
            NoticeChoice(
                record_kind=flow.record.kind(), move=move.name, label=move.zh if zh else move.en,
                in_app=(flow.record.kind(), move.name) not in silenced, always=not move.tells,
            )
            for flow, move in notices.heard_moves()
        ]


class InboxEventKind(Word):
    """收件动态: what an event of the inbox tells."""

    TOLD = "told", "有通知", "Notices came in"
    REFETCH = "refetch", "请重新读取", "Watching begins, events were missed or the watcher's roles changed: read again"


enum(InboxEventKind)


@strawberry.type
class InboxEvent:
    """What one was told of in one change 新通知."""

    kind: InboxEventKind
    notices: list[Notice] = strawberry.field(default_factory=list, description="The new ones, oldest first.")


@dataclass(frozen=True, slots=True)
class InboxWatch(Watch):
    """One's own notices, of whatever moved."""

    planned = False

    def topics(self, viewer: Viewer) -> Iterable[Topic]:
        return [inbox_of(viewer.person_id)]

    async def event(self, happening: Happening) -> InboxEvent | None:
        if happening.note is None:
            return InboxEvent(kind=InboxEventKind.REFETCH)
        rows = NoticeRow.seen_by(happening.viewer).filter(entry_id__in=notices.entries_of(happening.note))
        found: list[Any] = list(await rows.order_by("id").limit(MOST_ENTRIES).using_db(reads()))
        return InboxEvent(kind=InboxEventKind.TOLD, notices=found) if found else None


@strawberry.type
class Subscription:
    @strawberry.subscription(description="My inbox 我的通知: each notice as it comes in, of cases and of all else.")
    async def noticed(self, info: Info) -> AsyncGenerator[InboxEvent, None]:
        return happenings(info.context, InboxWatch())  # type: ignore[return-value]


@strawberry.input
class MarkNoticesReadInput:
    notice_ids: list[strawberry.ID] = strawberry.field(default_factory=list)
    through_id: strawberry.ID | None = strawberry.field(
        default=None, description="And every older one up to and including this."
    )


@strawberry.input
class MarkNoticesUnreadInput:
    notice_ids: list[strawberry.ID]


@strawberry.input
class SetNoticeChoiceInput:
    record_kind: str
    move: str
    in_app: bool


@strawberry.type
class NoticesPayload:
    unread_notices: int | None = None
    refusals: list[Refusal] = strawberry.field(default_factory=list)


@strawberry.type
class Mutation:
    @strawberry.mutation(description="标为已读: mark notices as read; doing it again changes nothing.")
    async def mark_notices_read(self, info: Info, input: MarkNoticesReadInput) -> NoticesPayload:
        try:
            through = key_of(input.through_id, NoticeRow, "throughId") if input.through_id is not None else None  # type: ignore[arg-type]
            await notices.mark_read(info.context.viewer, _keys(input.notice_ids), through)
        except Refused as refused:
            return NoticesPayload(refusals=turned_down(refused.refusals, info.context.language))
        return NoticesPayload(unread_notices=await _unread(info))

    @strawberry.mutation(description="标为未读: take back that notices were read.")
    async def mark_notices_unread(self, info: Info, input: MarkNoticesUnreadInput) -> NoticesPayload:
        try:
            await notices.mark_unread(info.context.viewer, _keys(input.notice_ids))
        except Refused as refused:
            return NoticesPayload(refusals=turned_down(refused.refusals, info.context.language))
        return NoticesPayload(unread_notices=await _unread(info))

    @strawberry.mutation(description="通知设置: hear of a move or not.")
    async def set_notice_choice(self, info: Info, input: SetNoticeChoiceInput) -> NoticesPayload:
        try:
            await notices.choose(info.context.viewer, input.record_kind, input.move, input.in_app)
        except Refused as refused:
            return NoticesPayload(refusals=turned_down(refused.refusals, info.context.language))
        return NoticesPayload(unread_notices=await _unread(info))


def _keys(given: list[strawberry.ID]) -> list[UUID]:
    return [key_of(each, NoticeRow, "noticeIds") for each in at_most(given, "noticeIds")]  # type: ignore[arg-type]


async def _unread(info: Info) -> int:
    return await NoticeRow.seen_by(info.context.viewer).filter(read_at__isnull=True).count()
