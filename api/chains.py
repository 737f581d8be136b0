"""Chains of responsibility over GraphQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import strawberry

from api.moves import MoveStanding, moves
from api.nodes import Node, node, one
from domain.chains import ChainLink as ChainLinkRow

if TYPE_CHECKING:
    from api.enterprises import Enterprise
    from api.people import Person
    from api.zones import Zone


@node(ChainLinkRow)
class ChainLink(Node):
    """One level of a chain of responsibility 责任链; level 1 is nearest the enterprise."""

    version: int
    zone: Annotated[Zone, strawberry.lazy("api.zones")] | None = one()
    enterprise: Annotated[Enterprise, strawberry.lazy("api.enterprises")] | None = one()
    level: int
    title: str
    person: Annotated[Person, strawberry.lazy("api.people")] | None = one()
    moves: list[MoveStanding] = moves()
