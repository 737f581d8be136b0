"""Webhooks over GraphQL: where moves are told outside, what waits there, what was given up."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.context import Info
from api.filters import at_most
from api.history import label
from api.moves import MoveStanding, moves
from api.nodes import Node, enum, for_reader, key_of, node, one, paged
from api.pages import DEFAULT_PAGE, NEWEST, OLDEST, Connection, Listing, listing
from api.refusals import Refusal, turned_down
from domain.refusals import Refused
from domain.webhooks import Delivery as DeliveryRow
from domain.webhooks import DeliveryState, Format, WebhookState
from domain.webhooks import Webhook as WebhookRow
from workflows import deliveries

if TYPE_CHECKING:
    from api.zones import Zone

for words in (Format, WebhookState, DeliveryState):
    enum(words)


@node(DeliveryRow)  # type: ignore[arg-type]
class Delivery(Node):
    """One move to be told at one webhook 投递. Its key (the id after the underscore) is the receiver's `webhook-id`."""

    webhook: Annotated[Webhook, strawberry.lazy("api.webhooks")] | None = one()
    record_kind: str
    move: str
    label: str = for_reader(
        label, "record_kind", "move", rules=False, description="What the move is called, in the reader's language."
    )
    at: datetime
    state: DeliveryState
    attempts: int
    next_at: datetime = strawberry.field(description="When it is tried next, while it waits and the receiver is well.")
    delivered_at: datetime | None
    last_status: str = strawberry.field(description="What came of the last attempt.")


@node(WebhookRow)
class Webhook(Node):
    """A place outside that hears of a zone's moves 推送. Its address and secret are shown to nobody."""

    version: int
    zone: Annotated[Zone, strawberry.lazy("api.zones")] | None = one()
    name: str
    state: WebhookState
    format: Format
    host: str
    told: list[str] = strawberry.field(description='"kind.move" for each that is told; empty for all anybody hears of.')
    deliveries: Connection[Delivery] = paged(NEWEST)
    moves: list[MoveStanding] = moves()


@strawberry.input
class RedeliverInput:
    delivery_ids: list[strawberry.ID]


@strawberry.type
class RedeliverPayload:
    waiting: int | None = strawberry.field(default=None, description="How many are sent again.")
    refusals: list[Refusal] = strawberry.field(default_factory=list)


@strawberry.type
class Query:
    @listing("The webhooks of the zones one administers or audits.")
    def webhooks(self, info: Info, first: int = DEFAULT_PAGE, after: str | None = None) -> Connection[Webhook]:
        return Listing(WebhookRow.seen_by(info.context.viewer), OLDEST, first, after)  # type: ignore[return-value]

    @listing("What could not be told at webhooks and was given up, newest first.", of_the_past=False)
    def dead_letters(self, info: Info, first: int = DEFAULT_PAGE, after: str | None = None) -> Connection[Delivery]:
        rows = DeliveryRow.seen_by(info.context.viewer).filter(state=DeliveryState.DEAD)
        return Listing(rows, NEWEST, first, after)  # type: ignore[return-value]


@strawberry.type
class Mutation:
    @strawberry.mutation(description="重新投递（管理员）: have dead letters sent again, each under the id it had.")
    async def redeliver(self, info: Info, input: RedeliverInput) -> RedeliverPayload:
        try:
            keys = [
                key_of(each, DeliveryRow, "deliveryIds")  # type: ignore[arg-type]
                for each in at_most(input.delivery_ids, "deliveryIds")
            ]
            waiting = await deliveries.redeliver(info.context.viewer, keys)
        except Refused as refused:
            return RedeliverPayload(refusals=turned_down(refused.refusals, info.context.language))
        return RedeliverPayload(waiting=waiting)
