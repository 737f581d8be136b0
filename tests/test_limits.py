"""What one request may ask for, on both sides of every limit."""

from __future__ import annotations

import time

import pytest
from graphql import parse

from api.limits import DEEPEST, MOST_ALIASES, MOST_REPEATS, MOST_ROWS, paged_fields, size, values_in
from tests.walk import SCHEMA

LISTS = paged_fields(SCHEMA)


def refused(query: str, **variables: object) -> str | None:
    refusal = size(parse(query), variables, LISTS).refusal()
    return refusal.code if refusal else None


def nested(levels: int) -> str:
    return "{ a " * levels + "{ b }" + " }" * levels


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (nested(DEEPEST), None),
        (nested(DEEPEST + 1), "TOO_DEEP"),
        ("{ ...F } fragment F on Query " + nested(DEEPEST + 1), "TOO_DEEP"),
        ("{ " + " ".join(f"a{n}: b" for n in range(MOST_ALIASES)) + " }", None),
        ("{ " + " ".join(f"a{n}: b" for n in range(MOST_ALIASES + 1)) + " }", "TOO_MANY_ALIASES"),
        (
            "{ ...F ...F } fragment F on Q { " + " ".join(f"a{n}: b" for n in range(16)) + " }",
            "TOO_MANY_ALIASES",
        ),
        ("{ " + "a " * MOST_REPEATS + "}", None),
        ("{ " + "a " * (MOST_REPEATS + 1) + "}", "TOO_MANY_ALIASES"),
        ("{ cases(first: 200) { nodes { history(first: 60) { nodes { id } } } } }", None),
        ("{ cases(first: 200) { nodes { history(first: 200) { nodes { id } } } } }", "TOO_COSTLY"),
        ("{ zones { departments { persons { nodes { id } } } } }", "TOO_COSTLY"),
    ],
)
def test_a_document_is_taken_up_to_the_limit(query: str, code: str | None) -> None:
    assert refused(query) == code


@pytest.mark.parametrize(("variables", "code"), [({"n": 5}, None), ({"n": 200}, "TOO_COSTLY"), ({}, "TOO_COSTLY")])
def test_a_page_size_given_by_variable_counts_as_what_it_holds(variables: dict[str, int], code: str | None) -> None:
    lists = "cases(first: $n) { nodes { responsibilities(first: $n) { rectifications { id } } } }"
    query = f"query($n: Int! = 200) {{ {lists} }}"

    assert refused(query, **variables) == code


def test_fragments_spread_twice_at_every_level_are_measured_at_once() -> None:
    spreads = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(200))
    start = time.monotonic()

    assert size(parse("{ ...F0 } " + spreads + " fragment F200 on Query { zones { id } }"), {}, LISTS).rows > MOST_ROWS
    assert time.monotonic() - start < 1


def test_a_fragment_within_itself_is_left_to_validation() -> None:
    assert refused("{ ...F } fragment F on Query { zones { id } ...F }") is None


def test_values_in_variables_are_counted_through_lists_and_objects() -> None:
    assert values_in({"f": {"state": ["OPEN"] * 7, "text": "x"}, "n": None}) == 9


def test_every_list_of_the_schema_is_weighed() -> None:
    assert {"cases", "history", "memberships", "settings", "chainLinks", "zones"} <= LISTS
