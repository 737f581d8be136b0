"""Exact numbers: money in yuan and figures of any unit, never a float, kept as whole numbers so that both engines add
them up exactly."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tortoise import fields

MOST = Decimal(10) ** 14
"""No number kept is as large: with four decimals it still fits a column of 64 bits."""


class Exact(fields.Field[Decimal]):
    """A decimal of so many `places`, in the database a whole number of its smallest part: yuan are kept as fen.

    What comes from the database is an int, in parts; what comes from elsewhere is a number or its text, as it is.
    """

    SQL_TYPE = "BIGINT"
    field_type = Decimal

    def __init__(self, places: int = 2, **given: Any) -> None:
        super().__init__(**given)
        self.places = places

    def to_db_value(self, value: Any, instance: Any) -> int | None:
        if value is None:
            return None
        parts = Decimal(value).scaleb(self.places)
        if parts != parts.to_integral_value() or abs(Decimal(value)) >= MOST:
            raise ValueError(f"{value} is no number of {self.places} decimals under {MOST}")
        return int(parts)

    def to_python_value(self, value: Any) -> Decimal | None:
        if value is None or isinstance(value, Decimal):
            return value
        return Decimal(value).scaleb(-self.places) if isinstance(value, int) else Decimal(value)


def written(value: Decimal) -> str:
    """A number as it is written out: without exponent, and without zeros at the end that say nothing."""
    text = format(value, "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-0", "0", value == 0)
