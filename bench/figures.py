"""How a figure is printed: `name  engine  size  value  what it is`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A measured figure; a ratio to the limit where `said` does not name another unit."""

    name: str
    engine: str
    size: str
    value: float
    said: str = ""

    def __str__(self) -> str:
        return f"{self.name}  {self.engine}  {self.size}  {self.value:.2f}  {self.said}".rstrip()
