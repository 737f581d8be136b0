"""What lists are narrowed by."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any, TypeVar
from uuid import UUID

import strawberry
from tortoise.expressions import Q

from api.context import Info
from api.nodes import key_of
from domain.database import reads
from domain.refusals import BAD_INPUT, NOT_FOUND, Refusal, Refused
from domain.zones import Zone as ZoneRow
from workflows.inputs import EARLIEST, LATEST, MOST_IN_A_LIST, Words, read_text

MOST_DECIMALS = 4
DECIMALS = Refusal("DECIMALS", "小数位数为0至{most}。", "Decimals are 0 to {most}.", "decimals")
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


async def zones_under(info: Info, given: strawberry.ID | None) -> list[UUID] | None:
    """A zone in sight and those below it."""
    if given is None:
        return None
    seen: Any = ZoneRow.seen_by(info.context.viewer).filter(id=key_of(given, ZoneRow, "zoneId"))
    zone = await seen.using_db(reads()).first()
    if zone is None:
        raise Refused(NOT_FOUND.about("zoneId"))
    below: Any = ZoneRow.filter(Q(id=zone.id) | Q(path__startswith=f"{zone.path}/"))
    return list(await below.using_db(reads()).values_list("id", flat=True))


def decimals_of(given: int) -> int:
    if not 0 <= given <= MOST_DECIMALS:
        raise Refused(DECIMALS.about(most=MOST_DECIMALS))
    return given
