"""Reading a rule from JSON: nothing is run, every part must be known, every number is exact, and each fault is named
with the place where it stands."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn, TypeVar

from domain.exact import MOST
from domain.refusals import Refusal, Refused

T = TypeVar("T")
BAD_RULE = Refusal("BAD_RULE", "规则有误：{problem_zh}", "The rule is wrong: {problem_en}")
DEEPEST, MOST_PARTS, LONGEST_TEXT, MOST_DECIMALS = 16, 30, 200, 8


@dataclass(frozen=True)
class Spot:
    """A place in a rule: what stands there, the path to it, and how deep it lies."""

    value: Any
    path: str
    depth: int = 0

    def bad(self, zh: str, en: str) -> NoReturn:
        raise Refused(BAD_RULE.about(self.path, problem_zh=zh, problem_en=en))

    def __contains__(self, key: str) -> bool:
        return isinstance(self.value, dict) and key in self.value

    def __getitem__(self, key: str | int) -> Spot:
        if self.depth >= DEEPEST:
            self.bad(f"嵌套超过{DEEPEST}层", f"nested more than {DEEPEST} deep")
        if isinstance(key, str) and key not in self:
            self.bad(f"缺少“{key}”", f"{key!r} is missing")
        return Spot(self.value[key], f"{self.path}.{key}", self.depth + 1)

    def only(self, *known: str) -> Spot:
        """This place, if it is an object without other keys than these."""
        if not isinstance(self.value, dict):
            self.bad("应为对象", "this must be an object")
        if unknown := [key for key in self.value if key not in known]:
            self.bad(f"不认识“{unknown[0]}”；可用：{', '.join(known)}", f"{unknown[0]!r} is unknown; there are: "
                     + ", ".join(known))
        return self

    def one_of(self, *keys: str) -> str:
        """Which one of several keys an object has."""
        found = [key for key in keys if key in self]
        if len(found) != 1:
            self.bad(f"须且只须有其一：{', '.join(keys)}", f"it must have just one of: {', '.join(keys)}")
        return found[0]

    def each(self, read: Callable[[Spot], T], least: int = 1) -> tuple[T, ...]:
        """Every item of a list, read; the faults of all of them are named together."""
        if not isinstance(self.value, list) or not least <= len(self.value) <= MOST_PARTS:
            self.bad(f"应为{least}至{MOST_PARTS}项的列表", f"this must be a list of {least} to {MOST_PARTS}")
        return tuple(_all_of(read, (self[place] for place in range(len(self.value)))))

    def text(self) -> str:
        if not isinstance(self.value, str) or not 0 < len(self.value.strip()) <= LONGEST_TEXT:
            self.bad("应为文字", "this must be text")
        return self.value.strip()

    def word(self, *known: str) -> str:
        """Text that is one of few."""
        if self.value not in known:
            self.bad(f"应为其一：{', '.join(known)}", f"it must be one of: {', '.join(known)}")
        return str(self.value)

    def flag(self) -> bool:
        if not isinstance(self.value, bool):
            self.bad("应为 true 或 false", "this must be true or false")
        return self.value

    def whole(self, least: int, most: int) -> int:
        if type(self.value) is not int or not least <= self.value <= most:
            self.bad(f"应为{least}至{most}的整数", f"this must be a whole number from {least} to {most}")
        return self.value

    def number(self, *, negative: bool = True, places: int = MOST_DECIMALS) -> Decimal:
        """An exact number: its text, or a whole number."""
        if type(self.value) is not int and not isinstance(self.value, str):
            self.bad("数值请写成文本，如 \"0.5\"", "write the number as text, such as \"0.5\"")
        try:
            number = Decimal(self.value)
        except InvalidOperation:
            self.bad("不是数值", "this is no number")
        if not number.is_finite() or abs(number) >= MOST or (number < 0 and not negative):
            self.bad("数值不在可用范围内", "the number is out of range")
        if number.normalize().as_tuple().exponent < -places:  # type: ignore[operator]  # a finite number's is an int
            self.bad(f"最多{places}位小数", f"at most {places} decimals")
        return number

    def yuan(self) -> Decimal:
        return self.number(negative=False, places=2)


def read_rule(text: str, path: str) -> Spot:
    """The rule as it stands in JSON. Raises `Refused`."""
    here = Spot(None, path)
    try:
        return Spot(json.loads(text, object_pairs_hook=_once), path)
    except (ValueError, RecursionError):
        here.bad("不是有效的 JSON，或有重复的键", "this is no JSON, or a key stands twice in it")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _all_of(read: Callable[[Spot], T], spots: Iterator[Spot]) -> list[T]:
    done: list[T] = []
    refusals: list[Refusal] = []
    for spot in spots:
        try:
            done.append(read(spot))
        except Refused as refused:
            refusals.extend(refused.refusals)
    if refusals:
        raise Refused(*refusals)
    return done
