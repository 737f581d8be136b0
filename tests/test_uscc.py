"""A unified social credit code is taken when its check character is right, and in one spelling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.uscc import ALPHABET, Fault, check_character, fault_of, one_spelling

BODIES = st.builds(
    "".join,
    st.tuples(
        st.sampled_from("123456789ANY"),
        st.sampled_from("1239"),
        st.text("0123456789", min_size=6, max_size=6),
        st.text(ALPHABET, min_size=9, max_size=9),
    ),
)


@pytest.mark.parametrize("code", ["91110000600037341L", "91350100M000100Y43"])
def test_published_codes_check(code: str) -> None:
    assert fault_of(code) is None


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("", Fault.LENGTH),
        ("91110000600037341", Fault.LENGTH),
        ("91110000600037341LL", Fault.LENGTH),
        ("91110000600037341I", Fault.CHARACTERS),
        ("9111000A600037341L", Fault.CHARACTERS),
        ("B1110000600037341L", Fault.CHARACTERS),
        ("9111000٠600037341L", Fault.CHARACTERS),
        ("91110000600037341L"[::-1], Fault.CHARACTERS),
        ("91110000600037341M", Fault.CHECK),
        ("91110000600037314L", Fault.CHECK),
    ],
)
def test_what_is_wrong_with_a_code_is_said(code: str, fault: Fault) -> None:
    assert fault_of(code) is fault


@given(BODIES, st.integers(0, 17), st.sampled_from(ALPHABET))
def test_no_single_slip_goes_unnoticed(body: str, place: int, other: str) -> None:
    code = body + check_character(body)

    slipped = code[:place] + other + code[place + 1 :]

    assert (fault_of(slipped) is None) == (slipped == code)


def test_a_code_has_one_spelling() -> None:
    assert one_spelling(" 9111-0000 6000３7341ｌ\n") == "91110000600037341L"
