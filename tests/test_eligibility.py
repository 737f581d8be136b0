"""The language of rules: what holds, what fails, what cannot be known; amounts exact, or refused with the reason."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.eligibility import (
    Applied,
    Facts,
    Figure,
    Held,
    Member,
    Standing,
    read_amount,
    read_conditions,
    standing_of,
)
from domain.eligibility.competition import Competition, Contestant, read_competition
from domain.eligibility.reading import Spot
from domain.refusals import Refusal, Refused

H, F, U = Standing.HOLDS, Standing.FAILS, Standing.UNKNOWN
ON = date(2023, 12, 1)
RD, REVENUE = "研发投入", "营业收入"


def judged(rule: Any, facts: Facts) -> Standing:
    return standing_of(read_conditions(json.dumps([rule]), "eligibility"), facts)


def worth(rule: Any, facts: Facts | None = None) -> Any:
    return read_amount(json.dumps(rule), "amount").worth(facts or Facts(ON))


def spent(amount: str, revenue: str = "10000", *, year: int = 2022) -> Facts:
    ended = date(year, 12, 31)
    return Facts(ON, indicators={
        RD: [Figure(str(year), ended, Decimal(amount))], REVENUE: [Figure(str(year), ended, Decimal(revenue))],
    })


@contextmanager
def wrong(place: str, words: str = "") -> Iterator[None]:
    with pytest.raises(Refused) as caught:
        yield
    found = {each.field: each for each in caught.value.refusals}
    assert place in found, found
    assert words in found[place].en


@pytest.mark.parametrize(("bound", "amounts"), [
    ({"at_least": "5"}, {"4.99": F, "5": H, "6": H}),
    ({"more_than": "5"}, {"5": F, "5.01": H}),
    ({"at_most": "5"}, {"5": H, "5.01": F}),
    ({"less_than": "5"}, {"4.99": H, "5": F}),
    ({"equals": "5"}, {"5.00": H, "5.01": F}),
    ({"at_least": 5, "less_than": 10}, {"4": F, "5": H, "9.99": H, "10": F}),
])
def test_以上_includes_the_number_itself_and_超过_does_not(bound: dict[str, Any], amounts: dict[str, Standing]) -> None:
    for amount, standing in amounts.items():
        assert judged({"indicator": RD, **bound}, spent(amount)) is standing, amount


def test_what_is_not_on_record_neither_holds_nor_fails() -> None:
    nothing = Facts(ON)

    for rule in (
        {"indicator": RD, "at_least": "5"}, {"enterprise": "above_scale", "is": True}, {"tag": "党建成效显著"},
        {"recognition": "high_tech"}, {"application": "high_tech"}, {"library": "hnte"},
        {"this_application": "first", "is": True}, {"not": {"tag": "党建成效显著"}},
    ):
        assert judged(rule, nothing) is U, rule


def test_each_kind_of_fact_can_be_asked_for() -> None:
    firm = Facts(
        ON, {"above_scale": True, "industry": "装备制造"}, frozenset({"党建成效显著"}),
        recognitions=[
            Held("high_tech", date(2019, 12, 2), date(2022, 12, 1)), Held("tech_sme", date(2023, 1, 1)),
        ],
        applications=[Applied("high_tech", "submitted", 2023)],
        memberships=[Member("hnte", "cultivate", date(2022, 1, 1))],
        application=Applied("high_tech", "not_recognised", 2023, first=False),
    )

    holds: list[dict[str, Any]] = [
        {"enterprise": "above_scale", "is": True}, {"enterprise": "industry", "in": ["新材料", "装备制造"]},
        {"tag": "党建成效显著"}, {"recognition": "high_tech", "ever": True}, {"recognition": "tech_sme"},
        {"application": "high_tech", "year": 2023, "state": ["submitted"]}, {"library": "hnte", "state": ["cultivate"]},
        {"this_application": "state", "is": "not_recognised"}, {"this_application": "first", "is": False},
        {"value": {"count": "recognitions"}, "equals": 1}, {"not": {"recognition": "high_tech"}},
    ]
    fails: list[dict[str, Any]] = [
        {"enterprise": "above_scale", "is": False}, {"tag": "瞪羚"}, {"recognition": "high_tech"},
        {"application": "high_tech", "year": 2022}, {"library": "hnte", "state": ["mature"]},
    ]
    for rule in holds:
        assert judged(rule, firm) is H, rule
    for rule in fails:
        assert judged(rule, firm) is F, rule


@pytest.mark.parametrize(("parts", "all_of", "any_of"), [
    ((H, H), H, H), ((H, F), F, H), ((F, F), F, F), ((H, U), U, H), ((F, U), F, U), ((U, U), U, U),
])
def test_what_cannot_be_known_matters_only_where_it_could_turn_the_answer(
    parts: tuple[Standing, ...], all_of: Standing, any_of: Standing
) -> None:
    rules = {H: {"tag": "有"}, F: {"tag": "无"}, U: {"indicator": RD, "at_least": 1}}
    firm = Facts(ON, tags=frozenset({"有"}))

    assert judged({"all": [rules[each] for each in parts]}, firm) is all_of
    assert judged({"any": [rules[each] for each in parts]}, firm) is any_of


def test_every_finding_says_what_is_wanted_and_what_there_is_in_two_languages() -> None:
    [condition] = read_conditions(json.dumps([{"indicator": RD, "period": "2022", "at_least": "100000"}]), "e")

    assert condition.finding(spent("80000")) == (
        F, "研发投入（2022）100000以上；现为80000", "研发投入 (2022) at least 100000; it is 80000"
    )
    assert condition.finding(Facts(ON)) == (
        U, "研发投入（2022）100000以上；无法判断：没有研发投入（2022）的数据",
        "研发投入 (2022) at least 100000; This cannot be known: there is no 研发投入 (2022)",
    )


def test_an_indicator_is_called_by_the_offices_words() -> None:
    [condition] = read_conditions(json.dumps([{"indicator": "rd_spend", "period": "2022", "at_least": "1"}]), "e")

    _, zh, en = condition.finding(Facts(ON))

    assert zh.startswith("研发投入（2022）1以上") and en.startswith("R&D spend (2022) at least 1")


def test_only_periods_that_had_ended_count_and_the_latest_of_them_unless_told() -> None:
    years = [Figure(str(year), date(year, 12, 31), Decimal(year)) for year in (2021, 2022, 2023)]
    firm = Facts(ON, indicators={RD: years})

    for period, value in (("latest", 2022), ("last_year", 2022), ("2021", 2021)):
        assert judged({"indicator": RD, "period": period, "equals": value}, firm) is H, period
    assert judged({"indicator": RD, "period": "2023", "at_least": 0}, firm) is U


INTENSITY = {"times": [{"over": [{"indicator": RD}, {"indicator": REVENUE}]}, 100]}
ORDOS = {"of": INTENSITY, "brackets": [
    {"less_than": 1, "amount": {"fixed": "50000"}},
    {"more_than": 1, "less_than": 2, "amount": {"fixed": "100000"}},
    {"more_than": 2, "less_than": 3, "amount": {"fixed": "200000"}},
    {"more_than": 3, "amount": {"fixed": "300000"}},
]}


def test_brackets_give_an_amount_inside_and_refuse_at_an_edge_the_text_leaves_open() -> None:
    for amount, yuan in (("99", 50000), ("101", 100000), ("199.99", 100000), ("250", 200000), ("301", 300000)):
        assert worth(ORDOS, spent(amount)) == (yuan, yuan), amount
    for amount in ("100", "200", "300"):
        found = worth(ORDOS, spent(amount))
        assert isinstance(found, Refusal) and found.code == "AMOUNT_UNDEFINED", amount
        assert f"为{int(amount) // 100}，" in found.zh


def test_a_division_by_zero_is_refused_when_it_is_written_and_when_it_would_happen() -> None:
    with wrong("amount.of.over.1", "divide by zero"):
        worth({"percent": 5, "of": {"over": [{"indicator": RD}, 0]}})
    for nothing in ({"minus": ["1.5", "1.5"]}, {"times": [{"indicator": REVENUE}, 0]}, {"sum": [0, "0.00"]}):
        with wrong("amount.of.over.1", "divide by zero"):
            worth({"percent": 5, "of": {"over": [{"indicator": RD}, nothing]}})

    found = worth(ORDOS, spent("100", revenue="0"))

    assert isinstance(found, Refusal) and found.code == "DIVIDED_BY_ZERO"
    assert judged({"value": INTENSITY, "at_least": 1}, spent("100", revenue="0")) is U


def test_a_period_that_can_never_be_on_record_is_refused_when_it_is_written() -> None:
    for period in ("2023-02-29", "2022-2", "2022年", "20222", "0000", "2022-03-01/2022-02-28", "2022-01-01/2022-01-01"):
        with wrong("e.0.period", "a period is"):
            read_conditions(json.dumps([{"indicator": RD, "period": period, "at_least": 0}]), "e")
    for period in ("2024-02-29", "2022-01-01/2022-03-31"):
        assert read_conditions(json.dumps([{"indicator": RD, "period": period, "at_least": 0}]), "e")


def test_what_is_yes_or_no_or_a_year_is_compared_with_nothing_else() -> None:
    for place, rule in {
        "is": {"enterprise": "above_scale", "is": "true"}, "in.0": {"this_application": "first", "in": ["是"]},
    }.items():
        with wrong(f"e.0.{place}", "true or false"):
            read_conditions(json.dumps([rule]), "e")
    with wrong("e.0.is", "whole number"):
        read_conditions(json.dumps([{"this_application": "year", "is": "2023"}]), "e")
    with wrong("e.0.is", "must be text"):
        read_conditions(json.dumps([{"enterprise": "county", "is": 5}]), "e")


def test_a_ratio_is_of_one_base_period_or_is_refused_and_says_of_which_it_would_be() -> None:
    def of(indicator: str, year: int) -> dict[str, list[Figure]]:
        return {indicator: [Figure(str(year), date(year, 12, 31), Decimal(100))]}

    found = worth({"percent": 5, "of": INTENSITY}, Facts(ON, indicators={**of(RD, 2021), **of(REVENUE, 2022)}))

    assert isinstance(found, Refusal) and found.code == "PERIODS_DIFFER"
    assert f"{RD}（最近一期）为2021，{REVENUE}（最近一期）为2022" in found.zh
    with wrong("amount.of", "several base periods (2021、2022)"):
        worth({"percent": 5, "of": {"over": [
            {"indicator": RD, "period": "2021"}, {"indicator": REVENUE, "period": "2022"}
        ]}})
    growth = {"over": [{"indicator": RD, "period": "2022"}, {"indicator": RD, "period": "2021"}]}
    years = [Figure(str(year), date(year, 12, 31), Decimal(year)) for year in (2021, 2022)]
    assert judged({"value": growth, "more_than": 1}, Facts(ON, indicators={RD: years})) is H  # it means to be of two


def test_weights_must_add_up_to_one() -> None:
    def scored(*weights: str) -> Any:
        named = zip((RD, REVENUE), weights, strict=True)
        parts = [{"value": {"indicator": name}, "weight": each} for name, each in named]
        return worth({"each": 1, "of": {"weighted": parts}}, spent("100", "300"))

    assert scored("0.25", "0.75") == (250, 250)
    with wrong("amount.of.weighted", "add up to 1.05"):
        scored("0.3", "0.75")


def test_an_amount_is_fixed_or_a_range_or_so_much_for_each_or_a_part_or_unset() -> None:
    failed = [Applied("high_tech", "not_recognised", 2023)] * 3
    firm = Facts(ON, applications=failed)

    assert worth({"fixed": "300000"}) == (300000, 300000)
    assert worth({"range": ["100000", "500000"]}) == (100000, 500000)
    count = {"count": "applications", "kind": "high_tech", "state": ["not_recognised"], "year": 2023}
    assert worth({"each": "20000", "of": count}, firm) == (60000, 60000)
    assert worth({"each": "20000", "of": count, "at_most": "50000"}, firm) == (50000, 50000)
    assert worth({"percent": "12.5", "of": {"indicator": RD}}, spent("10.08")) == (Decimal("1.26"),) * 2
    unset = worth({"unset": "条文未载明金额"})
    assert isinstance(unset, Refusal) and unset.code == "AMOUNT_UNSET"


def test_how_a_part_is_rounded_to_a_fen_is_for_the_text_to_say() -> None:
    part = {"percent": "5", "of": {"indicator": RD}}

    silent = worth(part, spent("0.3"))
    assert isinstance(silent, Refusal) and silent.code == "ROUNDING_UNSET"
    assert worth({**part, "rounding": "down"}, spent("0.3")) == (Decimal("0.01"),) * 2
    assert worth({**part, "rounding": "half_up"}, spent("0.3")) == (Decimal("0.02"),) * 2


GANZHOU = {"choose": [
    {"when": [{"this_application": "state", "is": "recognised"}, {"this_application": "first", "is": True}],
     "amount": {"fixed": "300000"}},
    {"when": [{"this_application": "state", "is": "recognised"}], "amount": {"fixed": "200000"}},
    {"when": [{"this_application": "state", "is": "not_recognised"}], "amount": {"fixed": "20000"}},
]}


@pytest.mark.parametrize(("state", "first", "low", "high"), [
    ("recognised", True, 300000, 300000), ("recognised", False, 200000, 200000), ("recognised", None, 200000, 300000),
    ("not_recognised", None, 20000, 20000),
])
def test_a_case_that_cannot_be_known_makes_the_amount_a_range(
    state: str, first: bool | None, low: int, high: int
) -> None:
    firm = Facts(ON, application=Applied("high_tech", state, 2023, first))

    assert worth(GANZHOU, firm) == (low, high)


def test_where_no_case_applies_nothing_is_computed() -> None:
    found = worth(GANZHOU, Facts(ON, application=Applied("high_tech", "submitted", 2023)))

    assert isinstance(found, Refusal) and found.code == "NO_CASE_APPLIES"


@pytest.mark.parametrize(("rule", "place"), [
    ("[", "eligibility"), ('[{"tag": "a", "tag": "b"}]', "eligibility"), ("{}", "eligibility"),
    ("[" * 5000, "eligibility"), ("[NaN]", "eligibility.0"), ("[[]]", "eligibility.0"),
    ([{"tag": "a", "weight": 1}], "eligibility.0"), ([{"tag": ""}], "eligibility.0.tag"), ([{}], "eligibility.0"),
    ([{"enterprise": "name; DROP TABLE", "is": "x"}], "eligibility.0.enterprise"),
    ([{"enterprise": "above_scale"}], "eligibility.0"), ([{"tag": "a"}, {"tag": 1}], "eligibility.1.tag"),
    ([{"indicator": RD}], "eligibility.0"), ([{"indicator": RD, "at_least": 0.5}], "eligibility.0.at_least"),
    ([{"indicator": RD, "at_least": "1e400"}], "eligibility.0.at_least"),
    ([{"indicator": RD, "at_least": "NaN"}], "eligibility.0.at_least"),
    ([{"indicator": RD, "at_least": True}], "eligibility.0.at_least"),
    ([{"indicator": RD, "at_least": 2, "at_most": 1}], "eligibility.0"),
    ([{"indicator": RD, "at_least": 1, "more_than": 1}], "eligibility.0"),
    ([{"indicator": RD, "more_than": 1, "at_most": 1}], "eligibility.0"),
    ([{"recognition": "high_tech", "year": 99}], "eligibility.0.year"),
    ([{"recognition": "hnte"}], "eligibility.0.recognition"),
    ([{"application": "high_tech", "state": ["lost"]}], "eligibility.0.state.0"),
    ([{"this_application": "state", "is": "lost"}], "eligibility.0.is"),
    ([{"this_application": "first", "is": "yes", "in": []}], "eligibility.0"),
    ([{"tag": "a"}] * 31, "eligibility"),
])
def test_a_rule_that_is_no_rule_is_refused_with_its_place(rule: Any, place: str) -> None:
    with wrong(place):
        read_conditions(rule if isinstance(rule, str) else json.dumps(rule), "eligibility")


@pytest.mark.parametrize(("rule", "place"), [
    ({"fixed": 0.5}, "amount.fixed"), ({"fixed": "-1"}, "amount.fixed"), ({"fixed": "0.001"}, "amount.fixed"),
    ({"range": ["2", "1"]}, "amount.range"), ({"range": ["1", "2", "3"]}, "amount.range"),
    ({"fixed": "1", "range": ["1", "2"]}, "amount"), ({"unset": ""}, "amount.unset"),
    ({"of": INTENSITY, "brackets": [
        {"at_most": 1, "amount": {"fixed": "1"}}, {"at_least": 1, "amount": {"fixed": "2"}},
    ]}, "amount.brackets.1"),
    ({"each": "1", "of": {"minus": [1, 2, 3]}}, "amount.of"),
])
def test_an_amount_that_is_none_is_refused_with_its_place(rule: Any, place: str) -> None:
    with wrong(place):
        worth(rule)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["all", "any", "not", "tag", "value", "of", "fixed", "brackets", "amount", "over", "at_least"]),
        inner, max_size=3,
    ),
    max_leaves=12,
))
def test_whatever_is_given_is_read_or_refused(rule: Any) -> None:
    for read in (read_conditions, read_amount):
        try:
            read(json.dumps(rule), "rule")
        except Refused as refused:
            assert {each.code for each in refused.refusals} == {"BAD_RULE"}


def competition(**given: Any) -> Competition:
    rule = {
        "of": "high_tech", "completed_at_least": 5, "pass_rate_at_least": "60", "ranked_by": "passed",
        "prizes": ["50000", "30000", "20000"], **given,
    }
    return read_competition(Spot(rule, "competition"))


SEVEN = [Contestant(*each) for each in (
    ("A", 12, 11), ("B", 9, 9), ("C", 7, 7), ("D", 5, 3), ("G", 5, 2), ("E", 4, 4), ("F", 3, 3),
)]


def test_seven_agencies_of_which_three_are_paid_each_with_its_reason() -> None:
    found = {each.contestant.key: each for each in competition().results(SEVEN)}

    told: dict[str, Any] = {key: (each.place, each.amount, each.reasons[0].code) for key, each in found.items()}
    assert told == {
        "A": (1, 50000, "WON"), "B": (2, 30000, "WON"), "C": (3, 20000, "WON"), "D": (4, 0, "BEYOND_THE_PRIZES"),
        "G": (None, 0, "RATE_TOO_LOW"), "E": (None, 0, "TOO_FEW_COMPLETED"), "F": (None, 0, "TOO_FEW_COMPLETED"),
    }
    assert sum(each.amount or 0 for each in found.values()) == 100000
    assert found["G"].reasons[0].zh == "通过率40.0%，低于60%。"


@pytest.mark.parametrize(("ties", "amounts", "codes"), [
    ((), {"A": 50000, "B": None, "C": None}, {"TIE_UNSETTLED"}),
    (("pass_rate",), {"A": 50000, "B": 20000, "C": 30000}, {"WON"}),
    (("share",), {"A": 50000, "B": 25000, "C": 25000}, {"TIED"}),
    (("each",), {"A": 50000, "B": 30000, "C": 30000}, {"TIED"}),
])
def test_a_tie_is_settled_as_the_policy_says_or_not_at_all(
    ties: tuple[str, ...], amounts: dict[str, int | None], codes: set[str]
) -> None:
    three = [Contestant("A", 10, 9), Contestant("B", 9, 7), Contestant("C", 7, 7)]

    rules = competition(ties=list(ties))
    found = rules.results(three)

    assert {each.contestant.key: each.amount for each in found} == amounts
    assert {each.reasons[0].code for each in found if each.contestant.key != "A"} == codes
    assert rules.tie_words.zh


def test_a_tie_behind_the_prizes_or_among_equal_ones_needs_no_rule() -> None:
    behind = [*SEVEN[:3], Contestant("X", 6, 5), Contestant("Y", 6, 5)]

    assert [each.amount for each in competition().results(behind)] == [50000, 30000, 20000, 0, 0]
    assert [each.amount for each in competition(prizes=[1, 1]).results(behind[3:])] == [1, 1]


def test_who_is_short_in_both_is_told_both() -> None:
    [found] = competition().results([Contestant("Z", 2, 1)])

    assert [each.code for each in found.reasons] == ["TOO_FEW_COMPLETED", "RATE_TOO_LOW"]


@pytest.mark.parametrize(("given", "place"), [
    ({"prizes": ["1", "2"]}, "competition.prizes"), ({"ties": ["share", "pass_rate"]}, "competition.ties"),
    ({"ties": ["passed"]}, "competition.ties"), ({"pass_rate_at_least": "101"}, "competition.pass_rate_at_least"),
    ({"completed_at_least": 0}, "competition.completed_at_least"), ({"ranked_by": "name"}, "competition.ranked_by"),
])
def test_a_competition_that_is_none_is_refused_with_its_place(given: dict[str, Any], place: str) -> None:
    with wrong(place):
        competition(**given)
