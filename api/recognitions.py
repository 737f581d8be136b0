"""Recognitions over GraphQL."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from api.context import Info
from api.moves import MoveStanding, moves
from api.nodes import Node, enum, for_reader, key_of, node, one
from api.pages import DEFAULT_PAGE, NEWEST, Connection, Listing, listing
from domain.clock import OFFICE_ZONE
from domain.enterprises import Enterprise as EnterpriseRow
from domain.facts import FactStatus
from domain.kinds import Level, RecognitionKind
from domain.recognitions import Recognition as RecognitionRow
from domain.recognitions import RecognitionState, Validity, valid_on, validity
from domain.zones import Zone as ZoneRow

if TYPE_CHECKING:
    from api.applications import Application
    from api.enterprises import Enterprise
    from api.zones import Zone

for words in (FactStatus, Level, RecognitionKind, RecognitionState, Validity):
    enum(words)


@node(RecognitionRow)
class Recognition(Node):
    """What an enterprise has been recognised as 认定, by which certificate, from when until when."""

    version: int
    zone: Annotated[Zone, strawberry.lazy("api.zones")] | None = one()
    enterprise: Annotated[Enterprise, strawberry.lazy("api.enterprises")] | None = one()
    application: Annotated[Application, strawberry.lazy("api.applications")] | None = one()
    renews: Recognition | None = one()
    renewed_by: Recognition | None = one(RecognitionRow, renews_id="id")
    recognised_as: RecognitionKind
    level: Level
    title: str
    certificate_number: str
    recognised_on: date
    valid_from: date
    valid_until: date | None
    ends_on: date | None
    state: RecognitionState
    validity: Validity = for_reader(
        lambda reading: validity(reading.row, reading.context.at.astimezone(OFFICE_ZONE).date()),
        "state", "valid_from", "valid_until", "ends_on", description="As it stands on the day of asking.",
    )
    status: FactStatus
    source: str
    moves: list[MoveStanding] = moves()


@strawberry.input
class RecognitionFilter:
    zone_id: strawberry.ID | None = None
    enterprise_id: strawberry.ID | None = None
    recognised_as: list[RecognitionKind] | None = None
    level: list[Level] | None = None
    valid_on: date | None = strawberry.field(default=None, description="Those that hold on that day.")
    ends_from: date | None = strawberry.field(
        default=None, description="Those of which the first day they hold no more is this one or a later one."
    )
    ends_until: date | None = strawberry.field(default=None, description="… this one or an earlier one.")


@strawberry.type
class Query:
    @listing("Recognitions 认定, newest first.")
    def recognitions(
        self,
        info: Info,
        filter: RecognitionFilter | None = None,
        first: int = DEFAULT_PAGE,
        after: str | None = None,
    ) -> Connection[Recognition]:
        rows: Any = RecognitionRow.seen_by(info.context.viewer)
        if filter:
            if filter.zone_id:
                rows = rows.filter(zone_id=key_of(filter.zone_id, ZoneRow, "zoneId"))
            if filter.enterprise_id:
                rows = rows.filter(enterprise_id=key_of(filter.enterprise_id, EnterpriseRow, "enterpriseId"))
            if filter.recognised_as is not None:
                rows = rows.filter(recognised_as__in=set(filter.recognised_as))
            if filter.level is not None:
                rows = rows.filter(level__in=set(filter.level))
            if filter.valid_on:
                rows = rows.filter(valid_on(filter.valid_on))
            if filter.ends_from:
                rows = rows.filter(ends_on__gte=filter.ends_from)
            if filter.ends_until:
                rows = rows.filter(ends_on__lte=filter.ends_until)
        return Listing(rows, NEWEST, first, after)  # type: ignore[return-value]
