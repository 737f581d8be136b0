"""Checklists over GraphQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from api.context import Info
from api.moves import MoveStanding, moves
from api.nodes import Node, enum, key_of, many, node, one
from api.pages import DEFAULT_PAGE, NEWEST, Connection, Listing, listing
from domain.checklists import Checklist as ChecklistRow
from domain.checklists import ChecklistItem as ChecklistItemRow
from domain.checklists import ChecklistState, ItemState, Link, TemplateState
from domain.checklists import ChecklistTemplate as ChecklistTemplateRow
from domain.enterprises import Enterprise as EnterpriseRow
from domain.zones import Zone as ZoneRow

if TYPE_CHECKING:
    from api.enterprises import Enterprise
    from api.libraries import Library
    from api.library_entries import LibraryEntry
    from api.zones import Zone

for words in (ChecklistState, ItemState, Link, TemplateState):
    enum(words)


@node(ChecklistTemplateRow)
class ChecklistTemplate(Node):
    """The items a zone wants done 清单模板, in order."""

    version: int
    zone: Annotated[Zone, strawberry.lazy("api.zones")] | None = one()
    library: Annotated[Library, strawberry.lazy("api.libraries")] | None = one()
    name: str
    link: Link
    items: list[str]
    state: TemplateState
    source: str
    moves: list[MoveStanding] = moves()


@node(ChecklistItemRow)
class ChecklistItem(Node):
    """One item of a checklist 清单事项, with its evidence once done."""

    version: int
    checklist: Checklist | None = one()
    place: int
    name: str
    state: ItemState
    evidence: str
    moves: list[MoveStanding] = moves()


@node(ChecklistRow)
class Checklist(Node):
    """A checklist 清单 begun for one enterprise: `done` of `total` items are done, `toDo` are open."""

    version: int
    zone: Annotated[Zone, strawberry.lazy("api.zones")] | None = one()
    enterprise: Annotated[Enterprise, strawberry.lazy("api.enterprises")] | None = one()
    template: ChecklistTemplate | None = one()
    entry: Annotated[LibraryEntry, strawberry.lazy("api.library_entries")] | None = one()
    name: str
    link: Link
    state: ChecklistState
    total: int
    done: int
    to_do: int
    items: list[ChecklistItem] = many("place")
    moves: list[MoveStanding] = moves()


@strawberry.input
class ChecklistFilter:
    zone_id: strawberry.ID | None = None
    enterprise_id: strawberry.ID | None = None
    template_id: strawberry.ID | None = None
    link: list[Link] | None = None
    state: list[ChecklistState] | None = None


@strawberry.type
class Query:
    @listing("Checklists 清单 of enterprises, newest first.")
    def checklists(
        self,
        info: Info,
        filter: ChecklistFilter | None = None,
        first: int = DEFAULT_PAGE,
        after: str | None = None,
    ) -> Connection[Checklist]:
        rows: Any = ChecklistRow.seen_by(info.context.viewer)
        if filter:
            if filter.zone_id:
                rows = rows.filter(zone_id=key_of(filter.zone_id, ZoneRow, "zoneId"))
            if filter.enterprise_id:
                rows = rows.filter(enterprise_id=key_of(filter.enterprise_id, EnterpriseRow, "enterpriseId"))
            if filter.template_id:
                rows = rows.filter(template_id=key_of(filter.template_id, ChecklistTemplateRow, "templateId"))
            if filter.link is not None:
                rows = rows.filter(link__in=set(filter.link))
            if filter.state is not None:
                rows = rows.filter(state__in=set(filter.state))
        return Listing(rows, NEWEST, first, after)  # type: ignore[return-value]

    @listing("The zone's templates of checklists 清单模板, newest first.")
    def checklist_templates(
        self, info: Info, zone_id: strawberry.ID | None = None, first: int = DEFAULT_PAGE, after: str | None = None
    ) -> Connection[ChecklistTemplate]:
        rows: Any = ChecklistTemplateRow.seen_by(info.context.viewer)
        if zone_id:
            rows = rows.filter(zone_id=key_of(zone_id, ZoneRow, "zoneId"))
        return Listing(rows, NEWEST, first, after)  # type: ignore[return-value]
