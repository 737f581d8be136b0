"""The problem list over GraphQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import strawberry

from api.moves import MoveStanding, moves
from api.nodes import Node, enum, many, node, one
from domain.cases import Category
from domain.problems import Problem as ProblemRow
from domain.problems import ProblemState

if TYPE_CHECKING:
    from api.cases import Case
    from api.responsibilities import Responsibility

enum(ProblemState)


@node(ProblemRow)
class Problem(Node):
    """A row of the problem list 问题清单: what is wrong."""

    version: int
    case: Annotated[Case, strawberry.lazy("api.cases")] | None = one()
    state: ProblemState
    category: Category
    description: str
    resolution: str
    open_responsibilities: int
    responsibilities: list[Annotated[Responsibility, strawberry.lazy("api.responsibilities")]] = many()
    moves: list[MoveStanding] = moves()
