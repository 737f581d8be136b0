"""How a policy's budget is set and adjusted; what is granted, given back and paid is booked by the claims."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from domain.appropriations import Appropriation
from domain.exact import written
from domain.records import Kept
from domain.refusals import BAD_INPUT, Refusal, Refused
from domain.viewers import OPERATOR, Role
from workflows.flow import Flow, Move, role
from workflows.inputs import Reason, Words
from workflows.perform import Step
from workflows.zones import THE_OPERATOR

KEEPERS = (role(Role.ADMINISTRATOR, Role.LEADER), THE_OPERATOR)
APPROPRIATED_ALREADY = Refusal(
    "APPROPRIATED_ALREADY", "{year}年预算已安排，请调整。", "{year} has its appropriation; adjust that one.", "year"
)
OVERDRAWN = Refusal(
    "OVERDRAWN", "{year}年预算余额{left}元，不足{amount}元。",
    "Of the appropriation of {year} there are {left} yuan left, not {amount}.",
)
LESS_THAN_GRANTED = Refusal(
    "LESS_THAN_GRANTED", "已核准{granted}元，预算不能更少。", "{granted} yuan are granted; it cannot be less.", "amount"
)
Amount = Annotated[Decimal, Words("金额（元）", "Yuan")]
Source = Annotated[str, Words("依据", "Source", 300)]


@dataclass
class Make:
    year: Annotated[int, Words("年度", "Year")]
    amount: Amount
    source: Source


@dataclass
class Adjust:
    amount: Amount
    source: Source
    reason: Reason


@dataclass
class Book:
    amount: Amount


async def make(step: Step) -> None:
    appropriation, given = step.record, step.input
    if not 1990 <= given.year <= 2100:
        raise Refused(BAD_INPUT.about("year", problem_zh="年度不在可用范围内", problem_en="the year is out of range"))
    if await Appropriation.filter(policy_id=appropriation.policy_id, year=given.year).exists():
        raise Refused(APPROPRIATED_ALREADY.about(year=given.year))
    appropriation.year = given.year
    await adjust(step)


async def adjust(step: Step) -> None:
    appropriation, given = step.record, step.input
    if given.amount < appropriation.granted:
        raise Refused(LESS_THAN_GRANTED.about(granted=written(appropriation.granted)))
    appropriation.amount, appropriation.source = given.amount, given.source
    appropriation.author_id = step.viewer.person_id if step.viewer is not OPERATOR else None


async def grant(step: Step) -> None:
    appropriation, amount = step.record, step.input.amount
    if (left := appropriation.amount - appropriation.granted) < amount:
        raise Refused(OVERDRAWN.about(year=appropriation.year, left=written(left), amount=written(amount)))
    appropriation.granted += amount


async def give_back(step: Step) -> None:
    step.record.granted -= step.input.amount


async def pay(step: Step) -> None:
    step.record.paid += step.input.amount


APPROPRIATION = Flow(
    Appropriation,
    Kept,
    [
        Move("make", "安排预算", "Appropriate", (), Kept.KEPT, KEEPERS, input=Make, act=make),
        Move("adjust", "调整预算", "Adjust", (Kept.KEPT,), None, KEEPERS, input=Adjust, act=adjust),
        Move("grant", "核准", "Granted out of it", (Kept.KEPT,), None, input=Book, act=grant),
        Move("give_back", "退回", "Given back", (Kept.KEPT,), None, input=Book, act=give_back),
        Move("pay", "拨付", "Paid out of it", (Kept.KEPT,), None, input=Book, act=pay),
    ],
    zh="预算安排",
    en="Appropriation",
)
