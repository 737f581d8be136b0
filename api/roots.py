"""What a statement is to whoever asks it: its text, its parameters, and how its rows become the answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from api.context import Context


@dataclass(frozen=True)
class Hole:
    """A place in a row's JSON that Python fills from what the database put there; "*" in `path` is any item."""

    path: tuple[str, ...]
    fill: Callable[[Any, Context], Any]
    rules: bool = False


@dataclass(frozen=True)
class Root:
    """A root field, bound: the statement; `stamped` with one more row, without a key, that has the stamp of the
    reader's standing and, where it goes by `rules`, of the rulebook; what makes its rows into the answer, and how they
    are counted if asked."""

    key: str
    sql: str
    stamped: str
    parameters: Sequence[Any]
    holes: Sequence[Hole]
    finish: Callable[[list[Any], int | None], Any]
    count: tuple[str, Sequence[Any]] | None = None

    @property
    def rules(self) -> bool:
        """Whether a hole is filled by the rules or the calendars of the reader's zones."""
        return any(hole.rules for hole in self.holes)
