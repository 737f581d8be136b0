"""Consultations over GraphQL."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.nodes import Node, node, one
from domain.consultations import Consultation as ConsultationRow

if TYPE_CHECKING:
    from api.cases import Case


@node(ConsultationRow)
class Consultation(Node):
    """A consultation 会商 held about a case."""

    version: int
    case: Annotated[Case, strawberry.lazy("api.cases")] | None = one()
    held_on: date
    place: str
    parties: str
    outcome: str
