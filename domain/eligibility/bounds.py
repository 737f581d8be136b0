"""From where to where a number may be. 以上 includes the number itself (Civil Code, article 1259)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from domain.eligibility.names import Said
from domain.eligibility.reading import Spot
from domain.exact import written

BOUNDS = ("at_least", "more_than", "at_most", "less_than", "equals")


@dataclass(frozen=True)
class Bounds:
    """Both ends; an end that is None is open to infinity, one that is not `with_` does not belong to it."""

    low: Decimal | None = None
    with_low: bool = True
    high: Decimal | None = None
    with_high: bool = True

    def hold(self, value: Decimal) -> bool:
        above = self.low is None or value > self.low or (self.with_low and value == self.low)
        return above and (self.high is None or value < self.high or (self.with_high and value == self.high))

    def meets(self, other: Bounds) -> bool:
        """Whether some number lies in both."""
        return not (self._before(other) or other._before(self))

    def _before(self, other: Bounds) -> bool:
        if self.high is None or other.low is None or self.high > other.low:
            return False
        return self.high < other.low or not (self.with_high and other.with_low)

    @property
    def words(self) -> Said:
        if self.low is not None and self.low == self.high:
            return Said(f"等于{written(self.low)}", f"equal to {written(self.low)}")
        zh, en = [], []
        if self.low is not None:
            zh.append(f"{written(self.low)}以上" if self.with_low else f"超过{written(self.low)}")
            en.append(f"{'at least' if self.with_low else 'more than'} {written(self.low)}")
        if self.high is not None:
            zh.append(f"{written(self.high)}以下" if self.with_high else f"不足{written(self.high)}")
            en.append(f"{'at most' if self.with_high else 'less than'} {written(self.high)}")
        return Said("、".join(zh), " and ".join(en))


def read_bounds(spot: Spot) -> Bounds:
    """Of an object with one or two of `BOUNDS`. Raises `Refused`."""
    if "equals" in spot:
        spot.one_of(*BOUNDS)
        value = spot["equals"].number()
        return Bounds(value, True, value, True)
    low, high = (_end(spot, *pair) for pair in (("at_least", "more_than"), ("at_most", "less_than")))
    if low is None and high is None:
        spot.bad(f"缺少界限：{', '.join(BOUNDS)}", f"a bound is missing: {', '.join(BOUNDS)}")
    bounds = Bounds(
        low.number() if low else None, "more_than" not in spot,
        high.number() if high else None, "less_than" not in spot,
    )
    if bounds.low is not None and bounds.high is not None:
        closed = bounds.with_low and bounds.with_high
        if bounds.low > bounds.high or (bounds.low == bounds.high and not closed):
            spot.bad("下限高于上限", "the lower bound is above the upper")
    return bounds


def _end(spot: Spot, with_it: str, without: str) -> Spot | None:
    if with_it not in spot and without not in spot:
        return None
    return spot[spot.one_of(with_it, without)]
