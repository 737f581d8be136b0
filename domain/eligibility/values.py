"""Numbers in rules: an indicator of a period, a count, or what is reckoned from others. What cannot be known, or would
be divided by zero, says so instead."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol

from domain.eligibility.facts import Facts, Figure
from domain.eligibility.names import INDICATORS, KINDS, STATES, Said, read_name, said_of
from domain.eligibility.periods import LAST_YEAR, LATEST, read_period
from domain.eligibility.reading import Spot
from domain.exact import written
from domain.refusals import Refusal

NOT_KNOWN = Refusal("NOT_KNOWN", "无法判断：{what_zh}", "This cannot be known: {what_en}")
DIVIDED_BY_ZERO = Refusal("DIVIDED_BY_ZERO", "{what_zh}为零，不能作除数。", "{what_en} is zero, and cannot divide.")
PERIODS_DIFFER = Refusal(
    "PERIODS_DIFFER", "比值的分子、分母须为同一基期：{what_zh}。",
    "A ratio is of one base period above and below: {what_en}.",
)
FORMS = ("indicator", "number", "sum", "minus", "times", "over", "weighted", "count")
COUNTED = ("recognitions", "applications", "memberships")


class Value(Protocol):
    @property
    def words(self) -> Said: ...

    def worth(self, facts: Facts) -> Decimal | Refusal: ...


@dataclass(frozen=True)
class Number:
    value: Decimal

    @property
    def words(self) -> Said:
        return Said(written(self.value), written(self.value))

    def worth(self, facts: Facts) -> Decimal | Refusal:
        return self.value


@dataclass(frozen=True)
class Indicator:
    """A dated indicator: of the latest year that is known, of last year, or of the period named ("2023")."""

    name: str
    period: str = LATEST

    @property
    def words(self) -> Said:
        period = {LATEST: Said("最近一期", "latest"), LAST_YEAR: Said("上年", "last year")}.get(self.period)
        zh, en = period or Said(self.period, self.period)
        name = INDICATORS.get(self.name, Said(self.name, self.name))
        return Said(f"{name.zh}（{zh}）", f"{name.en} ({en})")

    def figure(self, facts: Facts) -> Figure | None:
        known = [each for each in facts.indicators.get(self.name, ()) if each.ended_on <= facts.on]
        if self.period == LATEST:
            return max((each for each in known if each.of_year), key=lambda each: each.ended_on, default=None)
        wanted = str(facts.on.year - 1) if self.period == LAST_YEAR else self.period
        return next((each for each in known if each.period == wanted), None)

    def base(self, facts: Facts) -> str | None:
        """The year it is known of, or the part of one."""
        figure = self.figure(facts)
        return (str(figure.ended_on.year) if figure.of_year else figure.period) if figure else None

    def worth(self, facts: Facts) -> Decimal | Refusal:
        figure = self.figure(facts)
        zh, en = self.words
        return figure.value if figure else NOT_KNOWN.about(what_zh=f"没有{zh}的数据", what_en=f"there is no {en}")


@dataclass(frozen=True)
class Reckoned:
    """Sum, difference, product or quotient of others."""

    sign: str
    parts: tuple[Value, ...]

    @property
    def words(self) -> Said:
        zh, en = zip(*(part.words for part in self.parts), strict=True)
        return Said(f"（{self.sign.join(zh)}）", f"({f' {self.sign} '.join(en)})")

    def worth(self, facts: Facts) -> Decimal | Refusal:
        found: list[Decimal] = []
        for part in self.parts:
            worth = part.worth(facts)
            if isinstance(worth, Refusal):
                return worth
            found.append(worth)
        if self.sign == "÷" and (mixed := self._mixed(facts)):
            return mixed
        first, *rest = found
        for place, other in enumerate(rest, 1):
            if self.sign == "÷":
                if not other:
                    zh, en = self.parts[place].words
                    return DIVIDED_BY_ZERO.about(what_zh=zh, what_en=en)
                first /= other
            else:
                first = {"+": first + other, "−": first - other, "×": first * other}[self.sign]
        return first


    def _mixed(self, facts: Facts) -> Refusal | None:
        """Why this is no ratio of one base period: what is above is of other years than what is below. One indicator
        of two periods that the rule names is its growth, and means to be of two."""
        if _is_growth(self.parts):
            return None
        based = {each: base for each in leaves(self) if (base := each.base(facts))}
        if len(set(based.values())) < 2:
            return None
        said = [(each.words, base) for each, base in based.items()]
        return PERIODS_DIFFER.about(
            what_zh="，".join(f"{words.zh}为{base}" for words, base in said),
            what_en=", ".join(f"{words.en} is of {base}" for words, base in said),
        )


@dataclass(frozen=True)
class Weighted:
    """Several values, each with its weight; the weights add up to one."""

    parts: tuple[tuple[Value, Decimal], ...]

    @property
    def words(self) -> Said:
        said = [(part.words, written(weight)) for part, weight in self.parts]
        return Said("＋".join(f"{zh}×{weight}" for (zh, _), weight in said),
                    " + ".join(f"{en} × {weight}" for (_, en), weight in said))

    def worth(self, facts: Facts) -> Decimal | Refusal:
        total = Decimal(0)
        for part, weight in self.parts:
            worth = part.worth(facts)
            if isinstance(worth, Refusal):
                return worth
            total += worth * weight
        return total


@dataclass(frozen=True)
class Count:
    """How many recognitions good on the day, applications, or memberships an enterprise has, of a kind, in states, of a
    year."""

    what: str
    kind: str | None = None
    states: tuple[str, ...] = ()
    year: int | None = None

    @property
    def words(self) -> Said:
        zh, en = {
            "recognitions": Said("有效认定数", "valid recognitions"), "applications": Said("申报数", "applications"),
            "memberships": Said("在库数", "memberships in libraries"),
        }[self.what]
        narrowed = said_of(self.what, self.kind, self.states, self.year)
        return Said(f"{zh}{narrowed.zh}", f"{en}{narrowed.en}")

    def base(self, facts: Facts) -> str | None:
        return str(self.year) if self.year else None

    def worth(self, facts: Facts) -> Decimal | Refusal:
        rows = found(facts, self.what, self.kind, self.states, self.year)
        if rows is None:
            zh, en = self.words
            return NOT_KNOWN.about(what_zh=f"没有{zh}的记录", what_en=f"there is no record of {en}")
        return Decimal(rows)


def leaves(value: Value) -> Iterator[Indicator | Count]:
    """Whatever a value looks at that is of a period."""
    if isinstance(value, (Indicator, Count)):
        yield value
    for part in value.parts if isinstance(value, (Reckoned, Weighted)) else ():
        yield from leaves(part[0] if isinstance(part, tuple) else part)


def _always_zero(value: Value) -> bool:
    """Whether it comes to zero whatever there is on record."""
    if isinstance(value, Reckoned) and value.sign == "×" and any(map(_always_zero, value.parts)):
        return True
    return not any(leaves(value)) and value.worth(Facts(date.min)) == 0


def _is_growth(parts: Sequence[Value]) -> bool:
    """Whether one and the same indicator stands above and below, and nowhere just as it was known last."""
    sides = [list(leaves(part)) for part in parts]
    every = [each for side in sides for each in side]
    same = {each.name if isinstance(each, Indicator) and each.period != LATEST else None for each in every}
    return all(sides) and len(same) == 1 and None not in same


def _named(value: Value) -> set[str]:
    """The periods that a rule itself names."""
    said = (str(each.year or "") if isinstance(each, Count) else each.period for each in leaves(value))
    return {each for each in said if each not in ("", LATEST, LAST_YEAR)}


def found(
    facts: Facts, what: str, kind: str | None, states: Sequence[str], year: int | None, ever: bool = False
) -> int | None:
    """How many there are; None where nothing of the sort is kept."""
    if what == "applications":
        if facts.applications is None:
            return None
        return sum(
            kind in (None, each.kind) and (not states or each.state in states) and year in (None, each.year)
            for each in facts.applications
        )
    if what == "recognitions":
        if facts.recognitions is None:
            return None
        return sum(
            kind in (None, each.kind) and each.since <= facts.on and (ever or _lasts(each.until, facts))
            for each in facts.recognitions
        )
    if facts.memberships is None:
        return None
    return sum(
        kind in (None, each.library) and (not states or each.stage in states)
        and each.since <= facts.on and (ever or _lasts(each.until, facts))
        for each in facts.memberships
    )


def _lasts(until: object, facts: Facts) -> bool:
    return until is None or until >= facts.on  # type: ignore[operator]


def read_value(spot: Spot) -> Value:
    """A number of a rule. Raises `Refused`."""
    if not isinstance(spot.value, dict):
        return Number(spot.number())
    kind = spot.one_of(*FORMS)
    if kind == "indicator":
        spot.only("indicator", "period")
        return Indicator(spot["indicator"].text(), read_period(spot["period"]) if "period" in spot else LATEST)
    if kind == "count":
        spot.only("count", "kind", "state", "year")
        what = spot["count"].word(*COUNTED)
        return Count(
            what, read_name(spot["kind"], KINDS.get(what)) if "kind" in spot else None, read_states(spot, what),
            spot["year"].whole(1990, 2100) if "year" in spot else None,
        )
    spot.only(kind)
    if kind == "number":
        return Number(spot["number"].number())
    if kind == "weighted":
        return _weighted(spot["weighted"])
    parts = spot[kind].each(read_value, least=2)
    if kind in ("minus", "over") and len(parts) != 2:
        spot.bad("须正好两项", "it takes just two")
    if kind == "over" and _always_zero(parts[1]):
        spot["over"][1].bad("除数为零", "it would divide by zero")
    if kind == "over" and len(periods := set().union(*map(_named, parts))) > 1 and not _is_growth(parts):
        said = "、".join(sorted(periods))
        spot.bad(f"分子、分母不是同一基期（{said}）", f"it is of several base periods ({said})")
    return Reckoned({"sum": "+", "minus": "−", "times": "×", "over": "÷"}[kind], parts)


def read_states(spot: Spot, what: str) -> tuple[str, ...]:
    return spot["state"].each(lambda each: read_name(each, STATES.get(what))) if "state" in spot else ()


def _weighted(spot: Spot) -> Weighted:
    parts = spot.each(
        lambda each: (
            read_value(each.only("value", "weight")["value"]), each["weight"].number(negative=False)
        )
    )
    total = sum((weight for _, weight in parts), Decimal(0))
    if total != 1:
        spot.bad(f"各项权重之和为{written(total)}，应为1", f"the weights add up to {written(total)}, not to 1")
    return Weighted(parts)
