"""Who reads from the replica: whoever would find there all that their own session has changed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from uuid import UUID

from domain import clock, database, replicas
from domain.refusals import Refused
from workflows import service_tokens
from workflows.leases import Caller
from workflows.sessions import claimed


@asynccontextmanager
async def reading(caller: Caller | None) -> AsyncIterator[None]:
    """In the block a caller's reads find all that they have changed, and whoever has no session reads first hand: a
    service token is used from many places at once, so nobody knows what it has just changed."""
    if not database.replicated():
        yield
        return
    session = _session_of(caller)
    follows = session is not None and await replicas.has_changes_of(session)
    with nullcontext() if follows else database.first_hand():
        yield


@asynccontextmanager
async def changing(caller: Caller | None) -> AsyncIterator[None]:
    """In the block something is changed: all is read first hand, and from then on the replica has to have seen it."""
    if not database.replicated():
        yield
        return
    with database.first_hand():
        yield
    await noted(caller)


async def noted(caller: Caller | None) -> None:
    """What there is by now the caller is to find from now on."""
    if database.replicated() and (session := _session_of(caller)):
        await replicas.count_change(session)


def _session_of(caller: Caller | None) -> UUID | None:
    token = caller.authorization.partition(" ")[2].strip() if caller else ""
    if not token or token.startswith(service_tokens.PREFIX):
        return None
    try:
        return claimed(token, clock.now())[0]
    except Refused:
        return None
