"""Exact numbers: never a float, added up to the last fen, written the same by Python and by either engine."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.columns import Dialect
from api.scalars import number
from domain import database as storage
from domain.exact import MOST, Exact, written
from domain.refusals import Refused
from workflows.inputs import Words, read_number

YUAN = Words("金额", "Amount")


@pytest.mark.parametrize(
    ("value", "text"),
    [("0", "0"), ("-0.00", "0"), ("300000.00", "300000"), ("0.10", "0.1"), ("-0.05", "-0.05"), ("1E+5", "100000")],
)
def test_a_number_is_written_without_exponent_and_empty_decimals(value: str, text: str) -> None:
    assert written(Decimal(value)) == text


@given(st.decimals(-10**13, 10**13, places=4))
def test_what_is_kept_is_what_was_given(value: Decimal) -> None:
    field = Exact(places=4)

    kept = field.to_db_value(value, None)

    assert isinstance(kept, int)
    assert field.to_python_value(kept) == value == field.to_python_value(written(value))


@pytest.mark.parametrize("value", ["0.001", "NaN", "Infinity", str(MOST), "1E-40"])
def test_a_number_that_cannot_be_kept_exactly_is_refused(value: str) -> None:
    with pytest.raises(Refused) as refused:
        read_number(Decimal(value), YUAN, "amount")

    assert refused.value.refusals[0].field == "amount"


def test_a_float_is_no_money() -> None:
    with pytest.raises(Refused, match="NOT_EXACT"):
        read_number(number(0.5), YUAN, "amount")


def test_only_what_may_be_below_zero_is_taken_there() -> None:
    assert read_number(Decimal(-1), Words("变动", "Change", negative=True), "change") == -1
    with pytest.raises(Refused, match="out of range"):
        read_number(Decimal(-1), YUAN, "amount")


@pytest.mark.parametrize("places", [0, 2, 4])
@pytest.mark.usefixtures("database")
async def test_both_engines_write_a_number_as_python_does(places: int) -> None:
    dialect = Dialect(storage.engine())
    field = Exact(places=places)
    parts = [0, 1, -1, 5, 10, -10, 99, 100, 123456, -1200000, 10**16, 10**18 - 1, None]

    for each in parts:
        sql = dialect._exact("(SELECT CAST({} AS BIGINT))".format("NULL" if each is None else each), places)
        [row] = await storage.reads().execute_query_dict(f"SELECT {sql} AS text")

        value = field.to_python_value(each)
        assert row["text"] == (None if value is None else written(value)), each
