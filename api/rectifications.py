"""The rectification list over GraphQL."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.moves import MoveStanding, moves
from api.nodes import Node, enum, many, node, one
from domain.rectifications import Rectification as RectificationRow
from domain.rectifications import RectificationState

if TYPE_CHECKING:
    from api.attachments import Attachment
    from api.cases import Case
    from api.departments import Department
    from api.responsibilities import Responsibility

enum(RectificationState)


@node(RectificationRow)
class Rectification(Node):
    """A row of the rectification list 整改清单: one measure, and what came of it."""

    version: int
    case: Annotated[Case, strawberry.lazy("api.cases")] | None = one()
    responsibility: Annotated[Responsibility, strawberry.lazy("api.responsibilities")] | None = one()
    department: Annotated[Department, strawberry.lazy("api.departments")] | None = one()
    state: RectificationState
    measure: str
    result: str
    submitted_at: datetime | None
    attachments: list[Annotated[Attachment, strawberry.lazy("api.attachments")]] = many()
    moves: list[MoveStanding] = moves()
