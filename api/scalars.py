"""How scalars are written out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from strawberry.schema.types.base_scalars import DateTimeDefinition


def instant(value: datetime) -> str:
    """In UTC, always to the microsecond, so that the database can write the very same text (`api/columns.py`)."""
    return value.astimezone(UTC).isoformat(timespec="microseconds")


INSTANT = replace(
    DateTimeDefinition, serialize=instant, description="An instant in ISO 8601, given with its offset, answered in UTC."
)
