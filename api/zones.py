"""Zones over GraphQL."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.context import Info
from api.nodes import Node, many, node, one
from api.pages import LARGEST_PAGE, Listing, Order, listing
from domain.zones import Setting as SettingRow
from domain.zones import Zone as ZoneRow

if TYPE_CHECKING:
    from api.chains import ChainLink
    from api.departments import Department
    from api.people import Person


@node(SettingRow)
class Setting(Node):
    """A rule of a zone 规则设置, from a day on, with author and source."""

    name: str
    value: str = strawberry.field(description="As JSON.")
    holds_from: date
    source: str
    author: Annotated[Person, strawberry.lazy("api.people")] | None = one()


@node(ZoneRow)
class Zone(Node):
    """A high-tech zone 高新区."""

    version: int
    code: str
    name: str
    parent: Zone | None = one()
    departments: list[Annotated[Department, strawberry.lazy("api.departments")]] = many("name")
    settings: list[Setting] = many("name")
    chain_links: list[Annotated[ChainLink, strawberry.lazy("api.chains")]] = many("level")


@strawberry.type
class Query:
    @listing("The zones the viewer has to do with, parents first.")
    def zones(self, info: Info) -> list[Zone]:
        return Listing(ZoneRow.seen_by(info.context.viewer), Order("path"), LARGEST_PAGE)  # type: ignore[return-value]
