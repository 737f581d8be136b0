"""What a stream rests on for as long as it lasts: the session or the service token it was opened with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain import clock
from domain.accounts import ServiceToken, Session
from domain.database import first_hand, reads
from domain.people import PersonState
from domain.refusals import Refused
from domain.viewers import Viewer
from workflows import service_tokens
from workflows.sessions import SESSION_ENDED, STANDING, claimed, viewer_from


@dataclass(frozen=True, slots=True)
class Caller:
    """The credential a request came with, by which its viewer can be asked for again."""

    authorization: str
    behalf: str | None
    language: str

    async def viewer(self) -> Viewer:
        """The viewer as they stand now. Raises `Refused` when the credential holds no longer."""
        return await viewer_from(self.authorization, self.behalf, self.language)


@dataclass(frozen=True, slots=True)
class Lease:
    """A session or service token, and when at the latest it ends."""

    kind: type[Session] | type[ServiceToken]
    key: UUID
    until: datetime


async def lease_of(caller: Caller) -> Lease:
    """Raises `Refused` for a credential that does not hold."""
    token = caller.authorization.partition(" ")[2].strip()
    if not token.startswith(service_tokens.PREFIX):
        session_id, until = claimed(token, clock.now())
        return Lease(Session, session_id, until)
    row = await ServiceToken.filter(token_hash=service_tokens.hash_of(token), revoked_at__isnull=True).first()
    if row is None:
        raise Refused(SESSION_ENDED)
    return Lease(ServiceToken, row.id, row.expires_at)


async def holding(leases: Sequence[Lease]) -> list[bool]:
    """Which of them hold still; one query for each kind."""
    at = clock.now()
    sessions = {each.key for each in leases if each.kind is Session}
    tokens = {each.key for each in leases if each.kind is ServiceToken}
    held: set[object] = set()
    with first_hand():
        if sessions:
            rows = Session.filter(STANDING, id__in=sessions)
            held |= set(await rows.using_db(reads()).values_list("id", flat=True))
        if tokens:
            issued = ServiceToken.filter(id__in=tokens, revoked_at__isnull=True, person__state=PersonState.ACTIVE)
            held |= set(await issued.using_db(reads()).values_list("id", flat=True))
    return [each.key in held and at < each.until for each in leases]
