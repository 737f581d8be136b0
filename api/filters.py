"""What lists are narrowed by."""

from __future__ import annotations

from functools import reduce
from operator import or_

from tortoise.expressions import Q

from workflows.inputs import Words, read_text

SEARCH = Words("查找", "Search", 100)


def matching(text: str | None, *columns: str) -> Q:
    """Rows in which a column holds `text` as a substring, letter case aside; all rows without a text."""
    if text is None or not text.strip():
        return Q()
    wanted = read_text(text, SEARCH, "filter.text")
    return reduce(or_, (Q(**{f"{column}__icontains": wanted}) for column in columns))


