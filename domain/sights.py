"""Conditions of sight as SQL, written once for a kind of record and a standing: a plan needs them at every level, a
move for the record it is made of."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from pypika_tortoise.queries import Table
from pypika_tortoise.terms import Parameterizer
from tortoise.expressions import Q, ResolveContext

from domain.recent import Recent
from domain.sight import one_by_one
from domain.viewers import Viewer

MOST_SIGHTS = 5_000
ALIAS = "\x02"
_MARK = re.compile("\x01([0-9]+)\x01")


class NeedsJoin(Exception):
    """Raised where a condition cannot be said of one table by itself."""


class Sight(NamedTuple):
    """A condition with marks for the table's alias and for its values."""

    text: str
    values: list[Any]

    def of(self, alias: str, placed: Callable[[Any], str]) -> str:
        """The condition on a table, each value put where `placed` says."""
        return _MARK.sub(lambda mark: placed(self.values[int(mark[1]) - 1]), self.text.replace(ALIAS, alias))


_sights: Recent[Sight] = Recent(MOST_SIGHTS)


def sight_of(model: Any, viewer: Viewer) -> Sight:
    key = (model, viewer.standing, model._meta.basequery.QUERY_CLS)
    found = _sights.get(key)
    if found is None:
        values = Parameterizer(lambda number: f"\x01{number}\x01")
        with one_by_one(ALIAS):
            found = Sight(condition(model, ALIAS, model.visible_to(viewer), values), values.values)
        _sights.put(key, found)
    return found


def in_sight(model: Any, viewer: Viewer, alias: str, placed: Callable[[Any], str]) -> str:
    """What a condition on a table goes on with, so that its rows are those in sight alone."""
    return "" if viewer.sees_everything else f" AND ({sight_of(model, viewer).of(alias, placed)})"


def condition(model: Any, alias: str, wanted: Q, values: Parameterizer) -> str:
    """A condition on a table as SQL. Raises `NeedsJoin`."""
    modifier = wanted.resolve(ResolveContext(model, Table(model._meta.db_table).as_(alias), {}, {}))
    if modifier.joins:
        raise NeedsJoin
    context = model._meta.basequery.QUERY_CLS.SQL_CONTEXT
    return str(modifier.where_criterion.get_sql(context.copy(parameterizer=values, with_namespace=True)))
