"""Enterprises over GraphQL."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from tortoise.expressions import Q

from api.companions import Companionship, Responsible, companionships, responsible_on
from api.context import Info
from api.filters import matching
from api.history import Entry, history
from api.indicators import Indicator, YearlyIndicator, yearly_indicator
from api.ladders import LadderStanding, ladder_standings
from api.moves import MoveStanding, moves
from api.nodes import Node, computed, key_of, node, one, paged
from api.pages import DEFAULT_PAGE, NEWEST, OLDEST, Connection, Listing, Lookup, listing
from domain.carriers import Carrier as CarrierRow
from domain.enterprise_codes import code_of, key_in
from domain.enterprises import Enterprise as EnterpriseRow
from domain.enterprises import tagged
from domain.people import Person as PersonRow
from domain.sight import NONE
from domain.zones import Zone as ZoneRow
from workflows.inputs import Words, read_text

if TYPE_CHECKING:
    from api.applications import Application
    from api.carriers import Carrier
    from api.cases import Case
    from api.checklists import Checklist
    from api.claims import Claim
    from api.contracts import Contract
    from api.library_entries import LibraryEntry
    from api.needs import Need
    from api.outcomes import Outcome
    from api.people import Person
    from api.recognitions import Recognition
    from api.reviews import Review
    from api.roadmaps import Roadmap
    from api.stays import Stay
    from api.visits import Visit, VisitBurden
    from api.vouchers import Voucher
    from api.zones import Zone

OWN_WORDS, CODE = Words("名称", "Name", 100), Words("企业码", "Code", 60)


@node(EnterpriseRow)
class Enterprise(Node):
    """An enterprise 企业 and its companion."""

    version: int
    zone: Annotated[Zone, strawberry.lazy("api.zones")] | None = one()
    name: str
    code: str = computed(
        lambda row: code_of(row.id), "id",
        description="What its QR code says 企业码; `enterpriseByCode` opens it for whoever may see the enterprise.",
    )
    uscc: str | None
    above_scale: bool | None
    county: str | None
    industry: str | None
    source_channel: str | None
    tags: list[str] | None = strawberry.field(description="Null where nobody has said; empty where it has none.")
    carrier: Annotated[Carrier, strawberry.lazy("api.carriers")] | None = one()
    synthetic: bool
    source: str
    companion: Annotated[Person, strawberry.lazy("api.people")] | None = one()
    companionships: list[Companionship] = companionships()
    responsible_on: Responsible | None = responsible_on()
    cases: Connection[Annotated[Case, strawberry.lazy("api.cases")]] = paged(NEWEST)
    contacts: Connection[Annotated[Person, strawberry.lazy("api.people")]] = paged(OLDEST)
    indicators: Connection[Indicator] = paged(NEWEST)
    indicator: YearlyIndicator | None = yearly_indicator()
    ladder: list[LadderStanding] | None = ladder_standings()
    recognitions: Connection[Annotated[Recognition, strawberry.lazy("api.recognitions")]] = paged(NEWEST)
    applications: Connection[Annotated[Application, strawberry.lazy("api.applications")]] = paged(NEWEST)
    library_entries: Connection[Annotated[LibraryEntry, strawberry.lazy("api.library_entries")]] = paged(NEWEST)
    checklists: Connection[Annotated[Checklist, strawberry.lazy("api.checklists")]] = paged(NEWEST)
    roadmaps: Connection[Annotated[Roadmap, strawberry.lazy("api.roadmaps")]] = paged(NEWEST)
    reviews: Connection[Annotated[Review, strawberry.lazy("api.reviews")]] = paged(NEWEST)
    needs: Connection[Annotated[Need, strawberry.lazy("api.needs")]] = paged(NEWEST)
    stays: Connection[Annotated[Stay, strawberry.lazy("api.stays")]] = paged(NEWEST)
    vouchers: Connection[Annotated[Voucher, strawberry.lazy("api.vouchers")]] = paged(NEWEST)
    claims: Connection[Annotated[Claim, strawberry.lazy("api.claims")]] = paged(NEWEST)
    contracts: Connection[Annotated[Contract, strawberry.lazy("api.contracts")]] = paged(NEWEST)
    outcomes: Connection[Annotated[Outcome, strawberry.lazy("api.outcomes")]] = paged(NEWEST)
    visits: Connection[Annotated[Visit, strawberry.lazy("api.visits")]] = paged(NEWEST)

    @strawberry.field(description="What visits asked of it and what came of them 走访负担; all days unless told.")
    async def visit_burden(
        self,
        info: Info,
        parent: strawberry.Parent[Any],
        from_: Annotated[date | None, strawberry.argument(name="from")] = None,
        until: date | None = None,
    ) -> Annotated[VisitBurden, strawberry.lazy("api.visits")]:
        from api.visits import burden

        return await burden(info, parent.id, from_, until)

    history: Connection[Entry] = history()
    moves: list[MoveStanding] = moves()


@strawberry.input
class EnterpriseFilter:
    zone_id: strawberry.ID | None = None
    companion_id: strawberry.ID | None = None
    text: str | None = strawberry.field(default=None, description="A part of the name or of the code.")
    above_scale: bool | None = None
    county: list[str] | None = None
    industry: list[str] | None = None
    source_channel: list[str] | None = None
    carrier_id: strawberry.ID | None = None
    tag: str | None = None
    accompanied: bool | None = strawberry.field(default=None, description="Whether it has a companion.")


@strawberry.type
class Query:
    @listing("The enterprise an enterprise code 企业码 names; null where none in sight has it.")
    def enterprise_by_code(self, info: Info, code: str) -> Enterprise | None:
        key = key_in(read_text(code, CODE, "code"))
        return Lookup(EnterpriseRow, Q(id=key) if key else NONE, info.context.viewer)  # type: ignore[return-value]

    @listing("Enterprises, newest first.")
    def enterprises(
        self,
        info: Info,
        filter: EnterpriseFilter | None = None,
        first: int = DEFAULT_PAGE,
        after: str | None = None,
    ) -> Connection[Enterprise]:
        rows: Any = EnterpriseRow.seen_by(info.context.viewer)
        if filter:
            rows = rows.filter(matching(filter.text, "name", "uscc"))
            if filter.zone_id:
                rows = rows.filter(zone_id=key_of(filter.zone_id, ZoneRow, "zoneId"))
            if filter.companion_id:
                rows = rows.filter(companion_id=key_of(filter.companion_id, PersonRow, "companionId"))
            if filter.above_scale is not None:
                rows = rows.filter(above_scale=filter.above_scale)
            for column in ("county", "industry", "source_channel"):
                if (wanted := getattr(filter, column)) is not None:
                    rows = rows.filter(**{f"{column}__in": [read_text(each, OWN_WORDS, column) for each in wanted]})
            if filter.carrier_id:
                rows = rows.filter(carrier_id=key_of(filter.carrier_id, CarrierRow, "carrierId"))
            if filter.tag is not None:
                rows = rows.filter(tagged(read_text(filter.tag, OWN_WORDS, "tag")))
            if filter.accompanied is not None:
                rows = rows.filter(companion_id__isnull=not filter.accompanied)
        return Listing(rows, NEWEST, first, after)  # type: ignore[return-value]
