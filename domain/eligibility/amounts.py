"""What a rule grants: an amount, a range, or why none can be told. Exact yuan, never a guess."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import NamedTuple, Protocol

from domain.eligibility.bounds import BOUNDS, Bounds, read_bounds
from domain.eligibility.competition import Competition, read_competition
from domain.eligibility.conditions import Condition, Standing, read_condition, standing_of
from domain.eligibility.facts import Facts
from domain.eligibility.reading import Spot, read_rule
from domain.eligibility.values import Value, read_value
from domain.exact import MOST, written
from domain.refusals import Refusal

AMOUNT_UNSET = Refusal("AMOUNT_UNSET", "条文未定金额：{note}", "The text sets no amount: {note_en}")
AMOUNT_UNDEFINED = Refusal(
    "AMOUNT_UNDEFINED", "{what_zh}为{value}，条文对此未作规定，不予计算。",
    "{what_en} is {value}, for which the text says nothing; nothing is computed.",
)
NO_CASE_APPLIES = Refusal("NO_CASE_APPLIES", "条文所列情形均不符合。", "None of the cases that the text names applies.")
ROUNDING_UNSET = Refusal(
    "ROUNDING_UNSET", "计算得{amount}元，条文未规定如何取整到分。",
    "It comes to {amount} yuan; the text does not say how to round to a fen.",
)
COMPETITIVE = Refusal(
    "COMPETITIVE", "竞争性补贴，须由全部中介机构评比得出。",
    "A competitive subsidy: it takes all agencies to rank them.",
)
OUT_OF_RANGE = Refusal("OUT_OF_RANGE", "计算得{amount}元，超出可用范围。", "It comes to {amount} yuan, out of range.")
KINDS = ("fixed", "range", "each", "percent", "brackets", "choose", "unset", "competition")
FEN = Decimal("0.01")


class Money(NamedTuple):
    """From how much to how much, in yuan; the same twice where it is one amount."""

    low: Decimal
    high: Decimal


class Amount(Protocol):
    def worth(self, facts: Facts) -> Money | Refusal: ...


@dataclass(frozen=True)
class Fixed:
    """One amount, or a range that the text leaves open (HB-08)."""

    money: Money

    def worth(self, facts: Facts) -> Money | Refusal:
        return self.money


@dataclass(frozen=True)
class Part:
    """So much for each one of a value (`each`), or so many hundredths of it, up to `most`; `rounding` to fen is by the
    text or not at all."""

    factor: Decimal
    value: Value
    most: Decimal | None = None
    rounding: str | None = None

    def worth(self, facts: Facts) -> Money | Refusal:
        worth = self.value.worth(facts)
        if isinstance(worth, Refusal):
            return worth
        amount = max(worth * self.factor, Decimal(0))
        amount = amount if self.most is None else min(amount, self.most)
        if amount >= MOST:
            return OUT_OF_RANGE.about(amount=written(amount))
        if self.rounding:
            amount = amount.quantize(FEN, ROUND_DOWN if self.rounding == "down" else ROUND_HALF_UP)
        elif amount != amount.quantize(FEN):
            return ROUNDING_UNSET.about(amount=written(amount))
        return Money(amount, amount)


@dataclass(frozen=True)
class Brackets:
    """An amount by where a value lies. What lies in no bracket is not defined (the edges in ext ORD)."""

    value: Value
    steps: tuple[tuple[Bounds, Amount], ...]

    def worth(self, facts: Facts) -> Money | Refusal:
        worth = self.value.worth(facts)
        if isinstance(worth, Refusal):
            return worth
        step = next((amount for bounds, amount in self.steps if bounds.hold(worth)), None)
        zh, en = self.value.words
        return step.worth(facts) if step else AMOUNT_UNDEFINED.about(
            what_zh=zh, what_en=en, value=written(worth)
        )


@dataclass(frozen=True)
class Choose:
    """The amount of the first case that applies. Where one cannot be known, all from the least to the most that it may
    come to."""

    cases: tuple[tuple[tuple[Condition, ...], Amount], ...]
    otherwise: Amount | None = None

    def worth(self, facts: Facts) -> Money | Refusal:
        possible: list[Money | Refusal] = []
        for conditions, amount in self.cases:
            standing = standing_of(conditions, facts)
            if standing is not Standing.FAILS:
                possible.append(amount.worth(facts))
            if standing is Standing.HOLDS:
                break
        else:
            possible.append(self.otherwise.worth(facts) if self.otherwise else NO_CASE_APPLIES)
        if refusal := next((each for each in possible if isinstance(each, Refusal)), None):
            return refusal
        moneys = [each for each in possible if isinstance(each, Money)]
        return Money(min(each.low for each in moneys), max(each.high for each in moneys))


@dataclass(frozen=True)
class Unset:
    """The text names a benefit and no amount (GZ-12)."""

    note: str

    def worth(self, facts: Facts) -> Money | Refusal:
        return AMOUNT_UNSET.about(note=self.note, note_en=self.note)


@dataclass(frozen=True)
class Competitive:
    competition: Competition

    def worth(self, facts: Facts) -> Money | Refusal:
        return COMPETITIVE


def read_amount(text: str, path: str) -> Amount:
    """The amount as it stands in JSON. Raises `Refused`."""
    return _amount(read_rule(text, path))


def _amount(spot: Spot) -> Amount:
    if not isinstance(spot.value, dict):
        spot.bad("应为对象", "this must be an object")
    kind = spot.one_of(*KINDS)
    if kind in ("each", "percent"):
        spot.only(kind, "of", "at_most", "rounding")
        factor = spot[kind].yuan() if kind == "each" else spot[kind].number(negative=False) / 100
        return Part(
            factor, read_value(spot["of"]), spot["at_most"].yuan() if "at_most" in spot else None,
            spot["rounding"].word("down", "half_up") if "rounding" in spot else None,
        )
    if kind == "brackets":
        return _brackets(spot.only("brackets", "of"))
    if kind == "choose":
        spot.only("choose", "otherwise")
        return Choose(spot["choose"].each(_case), _amount(spot["otherwise"]) if "otherwise" in spot else None)
    spot.only(kind)
    if kind == "fixed":
        amount = spot["fixed"].yuan()
        return Fixed(Money(amount, amount))
    if kind == "range":
        ends = spot["range"].each(Spot.yuan, least=2)
        if len(ends) != 2 or ends[0] > ends[1]:
            spot["range"].bad("应为[下限, 上限]", "this must be [from, to]")
        return Fixed(Money(*ends))
    if kind == "competition":
        return Competitive(read_competition(spot["competition"]))
    return Unset(spot["unset"].text())


def _case(spot: Spot) -> tuple[tuple[Condition, ...], Amount]:
    spot.only("when", "amount")
    return spot["when"].each(read_condition), _amount(spot["amount"])


def _brackets(spot: Spot) -> Brackets:
    steps = spot["brackets"].each(_step)
    for place, (bounds, _) in enumerate(steps):
        if any(bounds.meets(other) for other, _ in steps[:place]):
            spot["brackets"][place].bad("与前面的档次重叠", "it overlaps a bracket before it")
    return Brackets(read_value(spot["of"]), steps)


def _step(spot: Spot) -> tuple[Bounds, Amount]:
    return read_bounds(spot.only("amount", *BOUNDS)), _amount(spot["amount"])
