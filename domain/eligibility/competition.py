"""A competitive subsidy 竞争性补贴 (GZ-07): who may take part, who comes before whom, what the first of them get.

Thresholds, ranks, amounts and what is done with a tie are the policy's own words; where it has none for a tie, nothing
is computed for those whose amounts hang on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from itertools import groupby, pairwise
from typing import Any

from domain.eligibility.names import KINDS, Said, read_name
from domain.eligibility.reading import Spot
from domain.exact import written
from domain.refusals import Refusal

FEN = Decimal("0.01")
# What is said of each who takes part, the winners too.
WON = Refusal("WON", "第{place}名，补贴{amount}元。", "Place {place}: {amount} yuan.")
TIED = Refusal(
    "TIED", "与另{others}家并列第{place}名，按规定得{amount}元。",
    "Place {place} with {others} others: {amount} yuan by the rule for ties.",
)
BEYOND_THE_PRIZES = Refusal(
    "BEYOND_THE_PRIZES", "符合条件，列第{place}名；只奖前{most}名。",
    "Eligible, place {place}; only the first {most} are paid.",
)
TIE_UNSETTLED = Refusal(
    "TIE_UNSETTLED", "与另{others}家并列第{place}名；条文未规定并列如何处理，不予计算。",
    "Place {place} with {others} others; the text does not settle a tie, and nothing is computed.",
)
TOO_FEW_COMPLETED = Refusal(
    "TOO_FEW_COMPLETED", "完成申报{completed}家，不足{least}家。",
    "{completed} applications completed, fewer than {least}.",
)
RATE_TOO_LOW = Refusal(
    "RATE_TOO_LOW", "通过率{rate}%，低于{least}%。", "The pass rate is {rate} %, below {least} %."
)
FIGURES = {
    "passed": Said("通过数", "number passed"),
    "completed": Said("完成申报数", "number completed"),
    "pass_rate": Said("通过率", "pass rate"),
}
LAST_WORDS = {
    "share": Said(
        "并列各家平分所占名次的奖金（舍至分）", "those tied share the prizes of their places, down to the fen"
    ),
    "each": Said("并列各家均得该名次奖金", "each of those tied gets the prize of the place"),
}
SILENT = Said("条文未规定", "the text is silent")


@dataclass(frozen=True)
class Contestant:
    """One who takes part; `pending` were completed and are not decided yet."""

    key: Any
    completed: int
    passed: int
    pending: int = 0

    @property
    def pass_rate(self) -> Decimal:
        return Decimal(self.passed) * 100 / self.completed if self.completed else Decimal(0)


@dataclass(frozen=True)
class Result:
    """What comes of it for one: `amount` is None where it is not to be computed. Several reasons where several fail."""

    contestant: Contestant
    place: int | None
    amount: Decimal | None
    reasons: tuple[Refusal, ...]


@dataclass(frozen=True)
class Competition:
    kind: str
    least_completed: int
    least_rate: Decimal
    ranked_by: str
    prizes: tuple[Decimal, ...]
    ties: tuple[str, ...] = ()

    @property
    def tie_words(self) -> Said:
        """The tie rule, to be printed with every result."""
        if not self.ties:
            return SILENT
        words = [{**FIGURES, **LAST_WORDS}[each] for each in self.ties]
        return Said("；再并列：".join(each.zh for each in words), "; if still tied: ".join(each.en for each in words))

    def results(self, contestants: Sequence[Contestant]) -> list[Result]:
        """Those in the ranking by place, then the others."""
        outside = [(each, reasons) for each in contestants if (reasons := tuple(self._against(each)))]
        refused = {each.key for each, _ in outside}
        ranked = sorted((each for each in contestants if each.key not in refused), key=self._order, reverse=True)
        done: list[Result] = []
        for _, tied in groupby(ranked, key=self._order):
            done += self._placed(len(done) + 1, list(tied))
        return [*done, *(Result(each, None, Decimal(0), reasons) for each, reasons in outside)]

    def _against(self, each: Contestant) -> list[Refusal]:
        found = []
        if each.completed < self.least_completed:
            found.append(TOO_FEW_COMPLETED.about(completed=each.completed, least=self.least_completed))
        if each.pass_rate < self.least_rate:
            rate = each.pass_rate.quantize(Decimal("0.1"), ROUND_HALF_UP)
            found.append(RATE_TOO_LOW.about(rate=rate, least=written(self.least_rate)))
        return found

    def _order(self, each: Contestant) -> tuple[Any, ...]:
        return tuple(getattr(each, name) for name in (self.ranked_by, *self.ties) if name in FIGURES)

    def _placed(self, place: int, tied: list[Contestant]) -> list[Result]:
        prizes = [*self.prizes, *([Decimal(0)] * (place + len(tied)))][place - 1 : place - 1 + len(tied)]
        others, how = len(tied) - 1, self.ties[-1] if self.ties else ""
        if not any(prizes):
            amount: Decimal | None = Decimal(0)
            reason = BEYOND_THE_PRIZES.about(place=place, most=len(self.prizes))
        elif len(set(prizes)) == 1:
            amount, reason = prizes[0], WON.about(place=place, amount=written(prizes[0]))
        elif how in LAST_WORDS:
            amount = prizes[0] if how == "each" else (sum(prizes, Decimal(0)) / len(tied)).quantize(FEN, ROUND_DOWN)
            reason = TIED.about(place=place, others=others, amount=written(amount))
        else:
            amount, reason = None, TIE_UNSETTLED.about(place=place, others=others)
        return [Result(each, place, amount, (reason,)) for each in tied]


def read_competition(spot: Spot) -> Competition:
    spot.only("of", "completed_at_least", "pass_rate_at_least", "ranked_by", "prizes", "ties")
    ranked_by = spot["ranked_by"].word(*FIGURES)
    ties = spot["ties"].each(lambda each: each.word(*FIGURES, *LAST_WORDS), least=0) if "ties" in spot else ()
    if len(set(ties) | {ranked_by}) != len(ties) + 1 or any(each in LAST_WORDS for each in ties[:-1]):
        spot["ties"].bad(
            "并列规则重复，或 share、each 不在最后", "a rule for ties stands twice, or share or each is not the last"
        )
    prizes = spot["prizes"].each(Spot.yuan)
    if any(first < second for first, second in pairwise(prizes)):
        spot["prizes"].bad("名次靠后的奖金更高", "a later place is paid more")
    return Competition(
        read_name(spot["of"], KINDS["applications"]), spot["completed_at_least"].whole(1, 1_000_000),
        _percent(spot["pass_rate_at_least"]), ranked_by, prizes, ties,
    )


def _percent(spot: Spot) -> Decimal:
    value = spot.number(negative=False)
    if value > 100:
        spot.bad("百分比至多100", "a rate is 100 % at most")
    return value
