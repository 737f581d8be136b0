"""What lists are narrowed by."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import reduce
from operator import or_
from typing import TypeVar

from tortoise.expressions import Q

from domain.refusals import BAD_INPUT, Refused
from workflows.inputs import EARLIEST, LATEST, MOST_IN_A_LIST, Words, read_text

T = TypeVar("T")
SEARCH = Words("查找", "Search", 100)


def matching(text: str | None, *columns: str) -> Q:
    """Rows in which a column holds `text` as a substring, letter case aside; all rows without a text."""
    if text is None or not text.strip():
        return Q()
    wanted = read_text(text, SEARCH, "filter.text")
    return reduce(or_, (Q(**{f"{column}__icontains": wanted}) for column in columns))


def at_most(chosen: Sequence[T], field: str) -> Sequence[T]:
    """What a list is narrowed to; refused when there are too many."""
    if len(chosen) > MOST_IN_A_LIST:
        raise Refused(
            BAD_INPUT.about(field, problem_zh=f"最多{MOST_IN_A_LIST}项", problem_en=f"at most {MOST_IN_A_LIST}")
        )
    return chosen


def instant(given: datetime, field: str) -> datetime:
    """An instant given with its offset, in years the service knows of. Raises `Refused` for any other."""
    if given.tzinfo is None:
        raise Refused(BAD_INPUT.about(field, problem_zh="时间须带时区", problem_en="the time needs a time zone"))
    # A day inside either end of what a datetime can hold, so that any zone can be reckoned with.
    if not EARLIEST <= given.date() <= LATEST:
        raise Refused(BAD_INPUT.about(field, problem_zh="时间不在可用范围内", problem_en="the time is out of range"))
    return given
