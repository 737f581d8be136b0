"""Sessions: a short access token for every request, a refresh token for the next pair, each good once."""

from __future__ import annotations

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from tortoise.expressions import Q

from domain import clock, database
from domain.accounts import Session
from domain.people import Person, PersonState, viewer_of
from domain.records import new_id
from domain.refusals import Refusal, Refused
from domain.secret import secret
from domain.viewers import Viewer
from workflows import service_tokens
from workflows.service_tokens import hash_of

ACCESS_LIFE = timedelta(minutes=15)
REFRESH_LIFE = timedelta(days=14)
GRACE = timedelta(seconds=30)
AUDIENCE = "qiban"
LONGEST_TOKEN = 2_000

STANDING = Q(ended_at__isnull=True, person__state=PersonState.ACTIVE)
"""Sessions that hold, as far as the database knows; `admissions.stamp` says it in SQL."""
SESSION_ENDED = Refusal("SESSION_ENDED", "登录已失效，请重新登录。", "The session has ended; sign in again.")


@dataclass(frozen=True)
class Tokens:
    """What a sign-in gives: `access` for requests until `expires_at`, `refresh` to get the next pair, once."""

    person_id: UUID
    access: str
    refresh: str
    expires_at: datetime


async def begin(person_id: UUID, at: datetime) -> Tokens:
    """A new session of a person who has proved who they are."""
    session_id = new_id()
    token = _sealed(session_id.bytes + secrets.token_bytes(16))
    session = await Session.create(
        id=session_id, person_id=person_id, token_hash=hash_of(token), started_at=at, expires_at=at + REFRESH_LIFE
    )
    return _tokens(session, token, at)


async def refresh(token: str) -> Tokens:
    """The next pair of tokens. A token used again ends the session: one of the two who had it stole it.

    For half a minute it gives the same pair once more instead, since two tabs may refresh at once, or the answer may
    have been lost on its way.
    """
    at, session_id = clock.now(), _session_of(token)
    async with database.transaction():
        standing = Session.filter(id=session_id, ended_at__isnull=True, expires_at__gt=at)
        session = await database.lock(standing).first()
        if session is not None and await Person.filter(id=session.person_id, state=PersonState.ACTIVE).exists():
            if session.token_hash == hash_of(token):
                return await _renew(session, token, at)
            renewed_at = session.expires_at - REFRESH_LIFE
            if session.previous_hash == hash_of(token) and at < renewed_at + GRACE:
                return _tokens(session, _next(token), at)
            session.ended_at = at
            await session.save(update_fields=["ended_at"])
    raise Refused(SESSION_ENDED)


async def sign_out(token: str) -> None:
    """Any refresh token the session ever had ends it; a token of no session does nothing."""
    try:
        session_id = _session_of(token)
    except Refused:
        return
    await Session.filter(id=session_id, ended_at__isnull=True).update(ended_at=clock.now())


async def viewer_from(authorization: str, behalf: str | None, language: str) -> Viewer:
    """The viewer a request's `Authorization` header stands for. Raises `Refused` when it stands for nobody."""
    scheme, _, token = authorization.partition(" ")
    token, at = token.strip(), clock.now()
    if scheme.lower() != "bearer" or not token or len(token) > LONGEST_TOKEN:
        raise Refused(SESSION_ENDED)
    if token.startswith(service_tokens.PREFIX):
        viewer = await service_tokens.viewer_for(token, behalf, language, at)
    elif behalf is not None:
        raise Refused(service_tokens.NO_BEHALF)
    else:
        viewer = await _signed_in(token, language, at)
    if viewer is None:
        raise Refused(SESSION_ENDED)
    return viewer


async def _renew(session: Session, token: str, at: datetime) -> Tokens:
    following = _next(token)
    session.previous_hash, session.token_hash = session.token_hash, hash_of(following)
    session.expires_at = at + REFRESH_LIFE
    await session.save(update_fields=["previous_hash", "token_hash", "expires_at"])
    return _tokens(session, following, at)


def _next(token: str) -> str:
    """The refresh token after this one: always the same, so that it can be given again, and only we can tell it."""
    opened = _opened(token)
    return _sealed(opened[:16] + _mac(b"next", opened)[:16])


def _session_of(token: str) -> UUID:
    return UUID(bytes=_opened(token)[:16])


def _sealed(content: bytes) -> str:
    return urlsafe_b64encode(content + _mac(b"seal", content)[:16]).decode()


def _opened(token: str) -> bytes:
    """Session and nonce in a refresh token that we have made, spent or not. Raises `Refused` for any other."""
    try:
        whole = urlsafe_b64decode(token.encode("ascii")) if len(token) == 64 else b""
    except ValueError:
        whole = b""
    content, seal = whole[:32], whole[32:]
    if not hmac.compare_digest(seal, _mac(b"seal", content)[:16]):
        raise Refused(SESSION_ENDED)
    return content


def _mac(purpose: bytes, content: bytes) -> bytes:
    return hmac.digest(secret(), b"qiban refresh token v1\0" + purpose + b"\0" + content, "sha256")


def _tokens(session: Session, token: str, at: datetime) -> Tokens:
    expires_at = at + ACCESS_LIFE
    claims = {
        "sub": str(session.person_id), "sid": str(session.id), "aud": AUDIENCE,
        "iat": int(at.timestamp()), "exp": int(expires_at.timestamp()),
    }
    return Tokens(session.person_id, jwt.encode({"alg": "HS256"}, claims, _key()), token, expires_at)


async def _signed_in(token: str, language: str, at: datetime) -> Viewer | None:
    session_id, _ = claimed(token, at)
    session = await Session.filter(STANDING, id=session_id).first()
    return await viewer_of(session.person_id, at, language=language) if session else None


def claimed(token: str, at: datetime) -> tuple[UUID, datetime]:
    """The session an access token speaks of, and when the token ends. Raises `Refused` when it has ended."""
    try:
        decoded = jwt.decode(token, _key(), algorithms=["HS256"])
        # joserfc's decode does not look at the expiry by itself.
        jwt.JWTClaimsRegistry(
            now=int(at.timestamp()), exp={"essential": True}, iat={"essential": True}, sid={"essential": True},
            aud={"essential": True, "value": AUDIENCE},
        ).validate(decoded.claims)
        return UUID(str(decoded.claims["sid"])), datetime.fromtimestamp(decoded.claims["exp"], UTC)
    except (JoseError, ValueError, TypeError):
        raise Refused(SESSION_ENDED) from None


def _key() -> OctKey:
    return OctKey.import_key(secret())
