"""Where in an answer a statement is being written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Place:
    """Where the writing is: rows of `model` called `table`, selected as `kind`, standing at `path` in the answer."""

    model: Any
    table: str
    kind: Any
    path: tuple[str, ...]

    def column(self, name: str) -> str:
        return f'{self.table}."{name}"'

    def columns(self, order: str, direction: str = "") -> str:
        """Those of an order. They are selected too: only then does SQLite sort the parts of a view of the past each by
        its own index, and look into both for the rows of one parent, instead of writing the whole view out."""
        return ", ".join(f"{self.column(each)}{direction}" for each in dict.fromkeys((order, "id")))
