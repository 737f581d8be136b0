"""Who was let in lately: a viewer kept beside the stamp of what their standing was read from.

A page and the stamp are read in one statement. Where the stamp is no longer the same, because the session ended or a
role was granted, ended or revoked, the page is thrown away and the viewer read anew: nothing is shown on yesterday's
standing, and nobody is looked up twice who has not changed.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain import clock
from domain.database import engine, reads, replicated
from domain.people import Membership
from domain.viewers import Viewer
from workflows import service_tokens
from workflows.leases import Caller
from workflows.sessions import claimed

MOST_ADMITTED = 10_000


@dataclass(frozen=True)
class Admission:
    """A viewer as they stood when `stamp` was read; not good from `until` on, whatever the stamp."""

    viewer: Viewer
    session_id: UUID
    stamp: str
    until: datetime


_admitted: OrderedDict[Caller, Admission] = OrderedDict()


def stamp(session: str) -> str:
    """The expression for all that the standing of a session's person is made of: the session, the person, the
    memberships (which are never deleted and count their versions up), and the zones there are."""
    return (
        f"(SELECT count(*) FROM session s JOIN person p ON p.id = s.person_id WHERE s.id = {session} "
        "AND s.ended_at IS NULL AND p.state = 'active') || '/' || "
        "(SELECT count(*) || '/' || COALESCE(sum(version), 0) FROM membership "
        f"WHERE person_id = (SELECT person_id FROM session WHERE id = {session})) || '/' || "
        "(SELECT CAST(id AS TEXT) FROM zone ORDER BY id DESC LIMIT 1)"
    )


def recalled(caller: Caller) -> Admission | None:
    """Who this caller was when last let in, to be held against the stamp before anything is shown."""
    admission = _admitted.get(caller)
    if admission is None or clock.now() >= admission.until:
        return None
    _admitted.move_to_end(caller)
    return admission


async def still_holds(admission: Admission) -> bool:
    return await _stamped(admission.session_id) == admission.stamp


async def admit(caller: Caller) -> Viewer:
    """The viewer as they stand now, remembered. Raises `Refused` when the credential holds no longer.

    Nobody is remembered where reads go to a replica: on one that lags, a session that has ended still lasts.
    """
    _admitted.pop(caller, None)
    token = caller.authorization.partition(" ")[2].strip()
    if caller.behalf is not None or token.startswith(service_tokens.PREFIX) or replicated():
        return await caller.viewer()
    at = clock.now()
    session_id, until = claimed(token, at)
    stamped = await _stamped(session_id)  # before the viewer: what changes in between makes it another
    viewer = await caller.viewer()
    ends = await _next_changes(viewer.person_id, at)
    _admitted[caller] = Admission(viewer, session_id, stamped, min([until, *ends]))
    if len(_admitted) > MOST_ADMITTED:
        _admitted.popitem(last=False)
    return viewer


async def _next_changes(person_id: UUID, at: datetime) -> list[datetime]:
    """When memberships begin or end by themselves."""
    held = await Membership.filter(person_id=person_id).using_db(reads()).values("since", "until")
    return [moment for each in held for moment in (each["since"], each["until"]) if moment and moment > at]


async def _stamped(session_id: UUID) -> str:
    mark = "?1" if engine() == "sqlite" else "$1"
    found = await reads().execute_query_dict(f"SELECT {stamp(mark)} AS stamp", [str(session_id)])
    return str(found[0]["stamp"])
