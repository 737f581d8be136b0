"""Asking the past: `asOf` on the fields of a query makes the whole of it answer as it would have answered then.

Nothing that answers knows of it: the operation is run while `database.reads()` reads as of the instant
(domain/as_of.py), by a viewer whose standing is narrowed to what may be seen of the past, at that instant as its now.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from graphql import GraphQLError
from strawberry import Schema

from api import documents
from api.context import Context
from api.filters import instant
from api.pages import ONE_INSTANT
from api.selections import Unplannable, selection
from domain import as_of, clock
from domain.database import reads, reads_from
from domain.people import viewer_of
from domain.recent import Recent
from domain.refusals import BAD_INPUT, Refused
from domain.viewers import Viewer

SETTLED = timedelta(hours=1)
MOST_KEPT = 1_000
_stood: WeakKeyDictionary[Any, Recent[Viewer]] = WeakKeyDictionary()
NOT_YET = BAD_INPUT.about("asOf", problem_zh="该时刻尚未到来", problem_en="that instant is yet to come")


@asynccontextmanager
async def answering(
    schema: Schema, query: str | None, operation: str | None, variables: Mapping[str, Any] | None, context: Context
) -> AsyncIterator[None]:
    """In the block the operation is answered as of the instant it asks for, if it asks for one. Raises `Refused`."""
    at = _asked(schema, query, operation, variables) if query and "asOf" in query else None
    if at is None:
        yield
        return
    if at > clock.now():
        raise Refused(NOT_YET)
    async with as_of.reading(at):
        then = await _standing(context.viewer.person_id, at)
        context.as_of = context.at = at
        context.someone = context.viewer.looking_back(then)
        yield


async def _standing(person_id: UUID, at: datetime) -> Viewer:
    """What somebody was then; remembered, as it is asked again for every part of a screen, once it is so long ago that
    nothing of then can still be under way."""
    stood = _stood.setdefault(reads_from(), Recent(MOST_KEPT))
    if (known := stood.get((person_id, at))) is None:
        known = await viewer_of(person_id, at, db=reads())
        if at < clock.now() - SETTLED:
            stood.put((person_id, at), known)
    return known


def _asked(
    schema: Schema, query: str, operation: str | None, variables: Mapping[str, Any] | None
) -> datetime | None:
    """The instant all of an operation asks for. What is no valid query is for the executor to say."""
    source = schema._schema
    assert source.query_type
    try:
        chosen = selection(source, documents.read(query).definitions, operation, dict(variables or {}))
        roots = chosen.roots(source.query_type)
        fields = [each for each in roots.values() if each[0].node.name.value != "__typename"]
        instants = {chosen.arguments(source.query_type, each).get("asOf") for each in fields}
    except (GraphQLError, Unplannable, KeyError):
        return None
    if len(instants) > 1:
        raise Refused(ONE_INSTANT)
    at: datetime | None = next(iter(instants), None)
    return instant(at, "asOf") if at else None
