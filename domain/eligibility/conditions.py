"""Conditions in rules, and the one evaluator: of each it says whether it holds, fails or cannot be known, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from domain.eligibility import names
from domain.eligibility.bounds import BOUNDS, Bounds, read_bounds
from domain.eligibility.facts import Facts
from domain.eligibility.names import Said, read_name, said, said_of
from domain.eligibility.reading import Spot, read_rule
from domain.eligibility.values import Value, found, read_states, read_value
from domain.exact import written
from domain.refusals import Refusal
from domain.words import Word


class Standing(Word):
    """符合情况: how an enterprise stands to a condition."""

    HOLDS = "holds", "符合", "It holds"
    FAILS = "fails", "不符合", "It fails"
    UNKNOWN = "unknown", "无法判断", "It cannot be known: something is not on record"


H, F, U = Standing.HOLDS, Standing.FAILS, Standing.UNKNOWN
KINDS = (
    "all", "any", "not", "enterprise", "tag", "value", "indicator", "recognition", "application", "library",
    "this_application",
)
COLUMNS: Mapping[str, Said] = {
    "above_scale": Said("规上企业", "above scale"),
    "uscc": Said("统一社会信用代码", "unified social credit code"),
    "county": Said("县（区）", "county"),
    "industry": Said("产业", "industry"),
    "source_channel": Said("来源渠道", "source channel"),
}
"""Columns of enterprises that a rule may look at."""
OF_APPLICATIONS: Mapping[str, Said] = {
    "kind": Said("本次申报类别", "kind of this application"),
    "state": Said("本次申报状态", "state of this application"),
    "year": Said("本次申报年度", "year of this application"),
    "first": Said("首次申报认定", "first of its kind"),
}

FLAGS = ("above_scale", "first")
"""Of both, those that are true or false."""


class Finding(NamedTuple):
    """What the evaluator says of one condition."""

    standing: Standing
    zh: str
    en: str


class Condition(Protocol):
    def standing(self, facts: Facts) -> Standing: ...

    def finding(self, facts: Facts) -> Finding: ...


def standing_of(conditions: Iterable[Condition], facts: Facts) -> Standing:
    """All of them together: one that fails is enough to fail."""
    return every(condition.standing(facts) for condition in conditions)


def every(standings: Iterable[Standing]) -> Standing:
    found = set(standings)
    return F if F in found else U if U in found else H


def some(standings: Iterable[Standing]) -> Standing:
    found = set(standings)
    return H if H in found else U if U in found else F


@dataclass(frozen=True)
class Group:
    """All, or any, of several conditions."""

    of_all: bool
    parts: tuple[Condition, ...]

    def standing(self, facts: Facts) -> Standing:
        return (every if self.of_all else some)(part.standing(facts) for part in self.parts)

    def finding(self, facts: Facts) -> Finding:
        parts = [part.finding(facts) for part in self.parts]
        zh, en = "；".join(part.zh for part in parts), "; ".join(part.en for part in parts)
        head = Said("全部具备", "all of") if self.of_all else Said("具备其一", "any of")
        return Finding(self.standing(facts), f"{head.zh}（{zh}）", f"{head.en} ({en})")


@dataclass(frozen=True)
class Not:
    part: Condition

    def standing(self, facts: Facts) -> Standing:
        return {H: F, F: H, U: U}[self.part.standing(facts)]

    def finding(self, facts: Facts) -> Finding:
        _, zh, en = self.part.finding(facts)
        return Finding(self.standing(facts), f"不属于（{zh}）", f"not ({en})")


@dataclass(frozen=True)
class Column:
    """A column of the enterprise, or of the application asked about, is one of some values."""

    of_application: bool
    name: str
    allowed: tuple[object, ...]

    def standing(self, facts: Facts) -> Standing:
        value = self._value(facts)
        return U if value is None else H if value in self.allowed else F

    def finding(self, facts: Facts) -> Finding:
        value = self._value(facts)
        words = (OF_APPLICATIONS if self.of_application else COLUMNS)[self.name]
        wanted = [self._said(each) for each in self.allowed]
        zh, en = "或".join(each.zh for each in wanted), " or ".join(each.en for each in wanted)
        now_zh, now_en = ("未记录", "it is not on record") if value is None else (
            f"现为{self._said(value).zh}", f"it is {self._said(value).en}"
        )
        return Finding(self.standing(facts), f"{words.zh}：{zh}；{now_zh}", f"{words.en}: {en}; {now_en}")

    def _said(self, value: object) -> Said:
        if isinstance(value, bool):
            return Said("是", "yes") if value else Said("否", "no")
        return said(str(value), names.OF_APPLICATIONS.get(self.name) if self.of_application else None)

    def _value(self, facts: Facts) -> object:
        if not self.of_application:
            return facts.columns.get(self.name)
        return getattr(facts.application, self.name) if facts.application else None


@dataclass(frozen=True)
class Tagged:
    tag: str

    def standing(self, facts: Facts) -> Standing:
        return U if facts.tags is None else H if self.tag in facts.tags else F

    def finding(self, facts: Facts) -> Finding:
        standing = self.standing(facts)
        zh, en = {H: ("有", "it is"), F: ("无", "it is not"), U: ("未记录标签", "tags are not on record")}[standing]
        return Finding(standing, f"标签“{self.tag}”；{zh}", f"tagged “{self.tag}”; {en}")


@dataclass(frozen=True)
class Measured:
    """A number lies within bounds."""

    value: Value
    bounds: Bounds

    def standing(self, facts: Facts) -> Standing:
        worth = self.value.worth(facts)
        return U if isinstance(worth, Refusal) else H if self.bounds.hold(worth) else F

    def finding(self, facts: Facts) -> Finding:
        worth, words, bounds = self.value.worth(facts), self.value.words, self.bounds.words
        now_zh, now_en = (worth.zh, worth.en) if isinstance(worth, Refusal) else (
            f"现为{written(worth)}", f"it is {written(worth)}"
        )
        return Finding(
            self.standing(facts), f"{words.zh}{bounds.zh}；{now_zh}", f"{words.en} {bounds.en}; {now_en}"
        )


@dataclass(frozen=True)
class Has:
    """The enterprise has a recognition good on the day (or had one `ever`), has applied, or is in a library."""

    what: str
    kind: str
    states: tuple[str, ...] = ()
    year: int | None = None
    ever: bool = False

    def standing(self, facts: Facts) -> Standing:
        rows = found(facts, self.what, self.kind, self.states, self.year, self.ever)
        return U if rows is None else H if rows else F

    def finding(self, facts: Facts) -> Finding:
        standing = self.standing(facts)
        head = {
            "recognitions": Said("曾获认定", "recognised once as") if self.ever else Said("有效认定", "recognised as"),
            "applications": Said("已申报", "applied for"), "memberships": Said("在库", "in the library"),
        }[self.what]
        kind, more = said(self.kind, names.KINDS.get(self.what)), said_of(self.what, None, self.states, self.year)
        zh, en = {H: ("有", "it is"), F: ("无", "it is not"), U: ("未记录", "not on record")}[standing]
        return Finding(standing, f"{head.zh}：{kind.zh}{more.zh}；{zh}", f"{head.en}: {kind.en}{more.en}; {en}")


def read_conditions(text: str, path: str) -> tuple[Condition, ...]:
    """A list of conditions, of which all must hold; none at all is for everybody. Raises `Refused`."""
    return read_rule(text, path).each(read_condition, least=0)


def read_condition(spot: Spot) -> Condition:
    if not isinstance(spot.value, dict):
        spot.bad("应为对象", "this must be an object")
    kind = spot.one_of(*KINDS)
    if kind in ("all", "any"):
        return Group(kind == "all", spot.only(kind)[kind].each(read_condition))
    if kind == "not":
        return Not(read_condition(spot.only("not")["not"]))
    if kind == "tag":
        return Tagged(spot.only("tag")["tag"].text())
    if kind in ("enterprise", "this_application"):
        return _column(spot, kind)
    if kind in ("value", "indicator"):
        return _measured(spot, kind)
    spot.only(kind, "state", "year", "ever")
    what = {"recognition": "recognitions", "application": "applications", "library": "memberships"}[kind]
    return Has(
        what, read_name(spot[kind], names.KINDS.get(what)), read_states(spot, what),
        spot["year"].whole(1990, 2100) if "year" in spot else None, spot["ever"].flag() if "ever" in spot else False,
    )


def _column(spot: Spot, kind: str) -> Column:
    spot.only(kind, "is", "in")
    known = COLUMNS if kind == "enterprise" else OF_APPLICATIONS
    name, how = spot[kind].word(*known), spot.one_of("is", "in")
    words = names.OF_APPLICATIONS.get(name) if kind == "this_application" else None

    def read(each: Spot) -> object:
        if name in FLAGS:
            return each.flag()
        return each.whole(1990, 2100) if name == "year" else read_name(each, words)

    return Column(kind == "this_application", name, (read(spot["is"]),) if how == "is" else spot["in"].each(read))


def _measured(spot: Spot, kind: str) -> Measured:
    spot.only(kind, *BOUNDS, *(("period",) if kind == "indicator" else ()))
    if kind == "value":
        return Measured(read_value(spot["value"]), read_bounds(spot))
    named = {name: spot.value[name] for name in ("indicator", "period") if name in spot}
    return Measured(read_value(Spot(named, spot.path, spot.depth)), read_bounds(spot))
