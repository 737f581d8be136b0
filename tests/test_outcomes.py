"""What came of serving enterprises is one dated ledger, added up to the fen; figures in dispute are shown as such."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from tortoise.exceptions import IntegrityError

from api.nodes import global_id
from domain import clock
from domain.enterprises import Enterprise
from domain.outcomes import Outcome, OutcomeKind, OutcomeState
from domain.stated_figures import StatedFigure
from domain.viewers import OPERATOR
from tests.graphql import served, signed_in
from tests.proofs import assert_whole, moved, refused
from tests.world import World, a_case, a_world
from workflows.perform import create

K = OutcomeKind
NOW = datetime(2023, 6, 30, 2, tzinfo=UTC)


@pytest.fixture
def midyear() -> Iterator[None]:
    with clock.stopped(NOW):
        yield


@pytest.fixture
async def world(database: str, midyear: None) -> World:
    return await a_world("KRM")


async def an_outcome(world: World, enterprise: Enterprise | None = None, **given: Any) -> Outcome:
    given = {"outcome_kind": K.LOAN, "happened_on": date(2023, 6, 1), "source": "KRM-25", **given}
    viewer = await world.viewer(world.leader)
    return await create(viewer, Outcome, "record", within=enterprise or world.enterprise, **given)


async def a_firm(world: World, number: int) -> Enterprise:
    return await create(OPERATOR, Enterprise, "create", zone=world.zone, name=f"示例·{number:03d}", synthetic=True)


async def a_statement(world: World, **given: Any) -> StatedFigure:
    given = {
        "topic": "高新技术企业增长", "unit": "percent", "value": Decimal(95), "since": date(2021, 1, 1),
        "until": date(2021, 12, 31), "status": "printed", **given,
    }
    return await create(await world.viewer(world.leader), StatedFigure, "state", within=world.zone, **given)


async def test_a_loan_is_recorded_with_the_case_it_came_of(world: World) -> None:
    case = await a_case(world)
    loan = await an_outcome(world, case=case, amount=Decimal(6_000_000), counterpart="中国银行")

    async with served() as http:
        leader = await signed_in(http, world.leader)
        answer = await leader.ask("{ cases { nodes { outcomes { nodes { outcomeKind amount counterpart } } } } }")
        answer |= await leader.ask("{ enterprises { nodes { outcomes { nodes { amount case { number } } } } } }")

    told = {"outcomeKind": "LOAN", "amount": "6000000", "counterpart": "中国银行"}
    assert answer["cases"]["nodes"] == [{"outcomes": {"nodes": [told]}}]
    assert answer["enterprises"]["nodes"][0]["outcomes"]["nodes"] == [
        {"amount": "6000000", "case": {"number": case.number}}
    ]
    assert loan.state is OutcomeState.RECORDED
    with refused("NOT_ITS_CASE"):
        await an_outcome(world, await a_firm(world, 2), case=case)
    await assert_whole()


async def test_money_is_exact_yuan_and_no_float(world: World) -> None:
    document = """mutation($input: RecordOutcomeInput!) {
        recordOutcome(input: $input) { outcome { amount } refusals { code field } } }"""
    given = {
        "enterpriseId": global_id(world.enterprise), "outcomeKind": "GRANT", "happenedOn": "2023-06-01",
        "source": "示例",
    }
    async with served() as http:
        leader = await signed_in(http, world.leader)
        answers = [
            (await leader.ask(document, input={**given, "amount": amount}))["recordOutcome"]
            for amount in ("0.10", 3, 0.1, "0.001", "-1", "1e15")
        ]

    assert [each["outcome"] and each["outcome"]["amount"] for each in answers] == ["0.1", "3", None, None, None, None]
    assert [each["refusals"] for each in answers[2:]] == [
        [{"code": code, "field": "amount"}] for code in ("NOT_EXACT", "BAD_INPUT", "BAD_INPUT", "BAD_INPUT")
    ]


async def test_bad_outcomes_are_refused(world: World) -> None:
    with refused("NOT_YET"):
        await an_outcome(world, happened_on=date(2023, 7, 1))
    with refused("REQUIRED"):
        await an_outcome(world, outcome_kind=K.OTHER)
    right = await an_outcome(world, outcome_kind=K.OTHER, title="展会")
    with refused("NOT_ALLOWED"):
        await moved(world, world.auditor, right, "strike", reason="重复")
    with pytest.raises(IntegrityError):
        await Outcome.filter(id=right.id).update(title="")


async def test_sums_tell_how_many_how_much_and_what_is_not_known(world: World) -> None:
    """KRM-26: 4 first, 5 second and 7 third prizes, 5.15 million yuan; HB-09: 10 loans, 50.8 million, 5.08 each."""
    for grade, count in (("一等奖", 4), ("二等奖", 5), ("三等奖", 7)):
        for number in range(count):
            amount = Decimal(5_150_000) if (grade, number) == ("一等奖", 0) else None
            await an_outcome(world, outcome_kind=K.PRIZE, grade=grade, amount=amount)
    other = await a_firm(world, 2)
    for number in range(10):
        await an_outcome(world, other if number else None, amount=Decimal("5080000.00"))
    struck = await an_outcome(world, amount=Decimal(1))
    await moved(world, world.leader, struck, "strike", reason="重复")
    await an_outcome(world, amount=Decimal("0.01"), happened_on=date(2022, 12, 31))
    fields = "outcomeKind grade level count enterprises amount unstated average"

    async with served() as http:
        leader = await signed_in(http, world.leader)
        kinds = (await leader.ask(f'{{ outcomeSums(from: "2023-01-01") {{ {fields} }} }}'))["outcomeSums"]
        grades = (await leader.ask(f"{{ outcomeSums(by: GRADE, outcomeKind: [PRIZE]) {{ {fields} }} }}"))["outcomeSums"]
        levels = (await leader.ask(f"{{ outcomeSums(by: LEVEL, outcomeKind: [LOAN]) {{ {fields} }} }}"))["outcomeSums"]
        own, none = [
            (await (await signed_in(http, person)).ask(f"{{ outcomeSums {{ {fields} }} }}"))["outcomeSums"]
            for person in (world.companion, world.land_liaison)
        ]

    loans, prizes = sorted(kinds, key=lambda each: each["outcomeKind"])
    assert (loans["count"], loans["enterprises"], loans["amount"], loans["average"]) == (10, 2, "50800000", "5080000")
    assert (prizes["count"], prizes["amount"], prizes["unstated"]) == (16, "5150000", 15)
    assert {each["grade"]: each["count"] for each in grades} == {"一等奖": 4, "二等奖": 5, "三等奖": 7}
    assert [(each["level"], each["amount"]) for each in levels] == [("UNSTATED", "50800000.01")]
    assert [each["count"] for each in own] == [2, 16]
    assert none == []


async def test_two_statements_of_one_figure_with_different_bases_are_both_kept_and_in_dispute(world: World) -> None:
    """KRM-23, W2: +95 % against 2019 in one text, against the three years before in the other."""
    first = await a_statement(world, base="2019年", source="S0")
    await a_statement(world, base="此前三年", source="S1")
    await a_statement(world, topic="认定数", unit="count", value=Decimal(41), source="S0")
    await a_statement(world, topic="认定数", unit="count", value=Decimal("41.0000"), source="S1")
    asked = "{ figureStatements { disputed value statements { topic value base source } } }"

    async with served() as http:
        leader = await signed_in(http, world.leader)
        growth, passed = (await leader.ask(asked))["figureStatements"]
        await moved(world, world.leader, first, "strike", reason="以S1为准")
        settled = (await leader.ask(asked))["figureStatements"]
        hidden = (await (await signed_in(http, world.contact)).ask(asked))["figureStatements"]

    assert (growth["disputed"], growth["value"]) == (True, None)
    assert [(each["value"], each["base"]) for each in growth["statements"]] == [("95", "2019年"), ("95", "此前三年")]
    assert (passed["disputed"], passed["value"], len(passed["statements"])) == (False, "41", 2)
    assert {(each["disputed"], each["value"]) for each in settled} == {(False, "95"), (False, "41")}
    assert hidden == []


async def test_a_statement_is_of_a_period_that_has_been(world: World) -> None:
    with refused("PERIOD_REVERSED"):
        await a_statement(world, since=date(2022, 1, 1), source="S0")
    with refused("NOT_YET"):
        await a_statement(world, until=date(2023, 7, 1), source="S0")
