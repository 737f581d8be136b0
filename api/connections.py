"""Connections put together from rows the database has answered with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.pages import Order, cursor_of


@dataclass(frozen=True)
class Part:
    """One key of a connection as selected: which field it is, the type's name, and the keys under it."""

    key: str
    name: str
    kind: str
    under: Mapping[str, str]


@dataclass(frozen=True)
class Connected:
    """Makes a connection of (node, key, place) rows, one more than the page holds if there is a next."""

    parts: Sequence[Part]
    order: Order

    @property
    def counts(self) -> bool:
        return any(part.name == "totalCount" for part in self.parts)

    def of(self, found: Mapping[str, Any], size: int) -> dict[str, Any]:
        """A connection nested in a row, of what the statement put there."""
        rows = [(row["node"], row["key"], row["place"]) for row in found["rows"]]
        return self.made(rows, size, found.get("count"))

    def made(self, rows: Sequence[Any], size: int, count: int | None) -> dict[str, Any]:
        page = rows[:size]
        return {part.key: self._part(part, page, len(rows) > size, count) for part in self.parts}

    def _part(self, part: Part, page: Sequence[Any], more: bool, count: int | None) -> Any:
        match part.name:
            case "nodes":
                return [node for node, _, _ in page]
            case "edges":
                return [
                    {key: self._of_edge(what, part.kind, row) for key, what in part.under.items()} for row in page
                ]
            case "pageInfo":
                end = self._cursor(*page[-1][1:]) if page else None
                known = {"hasNextPage": more, "endCursor": end, "__typename": part.kind}
                return {key: known[what] for key, what in part.under.items()}
            case "totalCount":
                return count
            case _:
                return part.kind

    def _of_edge(self, what: str, kind: str, row: Any) -> Any:
        node, key, place = row
        return {"node": node, "cursor": self._cursor(key, place), "__typename": kind}[what]

    def _cursor(self, key: str, place: str) -> str:
        """As the executor would make it; the database has given the place as text."""
        return cursor_of(self.order.column, int(place) if self.order.kind is int else place, key)
