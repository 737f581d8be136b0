"""Signing in and staying signed in: passwords, short access tokens, refresh tokens used once, service tokens."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from tortoise.expressions import Q

from domain import clock, database
from domain.accounts import Account, ServiceToken, Session, SignInAttempt
from domain.people import Person, PersonState, viewer_of, within
from domain.refusals import NOT_ALLOWED, NOT_FOUND, Refusal, Refused
from domain.secret import secret
from domain.viewers import Role, Viewer
from workflows.inputs import Words, read_text
from workflows.passwords import hashed, matches

ACCESS_LIFE = timedelta(minutes=15)
REFRESH_LIFE = timedelta(days=14)
SERVICE_LIFE = timedelta(days=365)
ATTEMPT_WINDOW = timedelta(minutes=15)
ATTEMPTS_BY_LOGIN = 5
ATTEMPTS_BY_ADDRESS = 50
AUDIENCE = "qiban"
SERVICE_PREFIX = "qbs_"

WRONG_PASSWORD = Refusal("WRONG_PASSWORD", "登录名或密码不正确。", "Login or password is wrong.")
TOO_MANY_ATTEMPTS = Refusal(
    "TOO_MANY_ATTEMPTS", "尝试次数过多，请{minutes}分钟后再试。", "Too many attempts; try again in {minutes} minutes."
)
SESSION_ENDED = Refusal("SESSION_ENDED", "登录已失效，请重新登录。", "The session has ended; sign in again.")


@dataclass(frozen=True)
class Tokens:
    """What a sign-in gives: `access` for requests until `expires_at`, `refresh` to get the next pair, once."""

    person_id: UUID
    access: str
    refresh: str
    expires_at: datetime


async def sign_in(login: str, password: str, address: str) -> Tokens:
    """A new session for a login and password. Raises `Refused`, saying neither which of the two was wrong."""
    login = read_text(login, Words("登录名", "Login", 60), "login").lower()
    password = read_text(password, Words("密码", "Password", 200), "password") and password
    at = clock.now()
    # Written before the password is looked at, so that attempts made at once all count.
    attempt = await SignInAttempt.create(login=login, address=address[:60], at=at)
    since = at - ATTEMPT_WINDOW
    by_login = await SignInAttempt.filter(login=login, at__gt=since).count()
    by_address = await SignInAttempt.filter(address=address[:60], at__gt=since).count()
    if by_login > ATTEMPTS_BY_LOGIN or by_address > ATTEMPTS_BY_ADDRESS:
        await attempt.delete()
        raise Refused(TOO_MANY_ATTEMPTS.about(minutes=int(ATTEMPT_WINDOW.total_seconds() // 60)))
    account = await Account.filter(login=login, person__state=PersonState.ACTIVE).first()
    if not await matches(account.password_hash if account else None, password) or account is None:
        raise Refused(WRONG_PASSWORD)
    await SignInAttempt.filter(Q(login=login) | Q(at__lt=since)).delete()
    return await begin(account.person_id, at)


async def refresh(token: str) -> Tokens:
    """The next pair of tokens. A token used twice ends the session: one of the two who had it stole it."""
    at, given = clock.now(), _hash(token)
    async with database.transaction():
        found = Session.filter(Q(token_hash=given) | Q(previous_hash=given), ended_at__isnull=True, expires_at__gt=at)
        session = await database.lock(found.filter(person__state=PersonState.ACTIVE)).first()
        if session is not None and session.token_hash == given:
            return await _renew(session, at)
        if session is not None:
            session.ended_at = at
            await session.save(update_fields=["ended_at"])
    raise Refused(SESSION_ENDED)


async def sign_out(token: str) -> None:
    await Session.filter(token_hash=_hash(token), ended_at__isnull=True).update(ended_at=clock.now())


async def change_password(viewer: Viewer, old: str, new: str) -> None:
    """The viewer's own password; every session ends."""
    account = await Account.filter(person_id=viewer.person_id).first()
    if account is None or not await matches(account.password_hash, old):
        raise Refused(WRONG_PASSWORD)
    account.password_hash = await hashed(new)
    async with database.transaction():
        await account.save(update_fields=["password_hash"])
        await Session.filter(person_id=viewer.person_id, ended_at__isnull=True).update(ended_at=clock.now())


async def create_service_token(viewer: Viewer, person_id: UUID, name: str) -> tuple[ServiceToken, str]:
    """A token for a service account of a zone the viewer administers. It can be read this once only."""
    person = await Person.seen_by(viewer).filter(id=person_id, state=PersonState.ACTIVE).first()
    if person is None:
        raise Refused(NOT_FOUND.about("personId"))
    _require_administrator(viewer, person.zone_id)
    token, at = SERVICE_PREFIX + secrets.token_urlsafe(32), clock.now()
    row = await ServiceToken.create(
        person_id=person.id, name=read_text(name, Words("名称", "Name", 100), "name"), token_hash=_hash(token),
        created_at=at, expires_at=at + SERVICE_LIFE,
    )
    return row, token


async def revoke_service_token(viewer: Viewer, token_id: UUID) -> ServiceToken:
    row = await ServiceToken.filter(id=token_id).select_related("person").first()
    if row is None or not viewer.covers(Role.ADMINISTRATOR, row.person.zone_id):
        raise Refused(NOT_FOUND.about("id"))
    row.revoked_at = row.revoked_at or clock.now()
    await row.save(update_fields=["revoked_at"])
    return row


async def viewer_from(authorization: str, behalf: str | None, language: str) -> Viewer:
    """The viewer a request's `Authorization` header stands for. Raises `Refused` when it stands for nobody."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refused(SESSION_ENDED)
    at = clock.now()
    if token.startswith(SERVICE_PREFIX):
        return await _service_viewer(token, behalf, language, at)
    claims = _claims(token, at)
    session = await Session.filter(
        id=claims["sid"], ended_at__isnull=True, person__state=PersonState.ACTIVE
    ).first()
    if session is None or behalf:
        raise Refused(SESSION_ENDED)
    return await viewer_of(session.person_id, at, language=language)


async def _service_viewer(token: str, behalf: str | None, language: str, at: datetime) -> Viewer:
    row = await ServiceToken.filter(
        token_hash=_hash(token), revoked_at__isnull=True, expires_at__gt=at, person__state=PersonState.ACTIVE
    ).select_related("person__zone").first()
    if row is None:
        raise Refused(SESSION_ENDED)
    if not behalf:
        return await viewer_of(row.person_id, at, language=language)
    account = await Account.filter(login=behalf.lower(), person__state=PersonState.ACTIVE).select_related(
        "person__zone"
    ).first()
    if account is None or not within(account.person.zone.path, row.person.zone.path):
        raise Refused(NOT_FOUND.about("Qiban-On-Behalf-Of"))
    return await viewer_of(account.person_id, at, language=language, acting=row.person_id)


async def begin(person_id: UUID, at: datetime) -> Tokens:
    token = secrets.token_urlsafe(32)
    session = await Session.create(
        person_id=person_id, token_hash=_hash(token), started_at=at, expires_at=at + REFRESH_LIFE
    )
    return _tokens(session, token, at)


async def _renew(session: Session, at: datetime) -> Tokens:
    token = secrets.token_urlsafe(32)
    session.previous_hash, session.token_hash = session.token_hash, _hash(token)
    session.expires_at = at + REFRESH_LIFE
    await session.save(update_fields=["previous_hash", "token_hash", "expires_at"])
    return _tokens(session, token, at)


def _tokens(session: Session, token: str, at: datetime) -> Tokens:
    expires_at = at + ACCESS_LIFE
    claims = {
        "sub": str(session.person_id), "sid": str(session.id), "aud": AUDIENCE,
        "iat": int(at.timestamp()), "exp": int(expires_at.timestamp()),
    }
    return Tokens(session.person_id, jwt.encode({"alg": "HS256"}, claims, _key()), token, expires_at)


def _claims(token: str, at: datetime) -> dict[str, Any]:
    try:
        decoded = jwt.decode(token, _key(), algorithms=["HS256"])
        # joserfc's decode does not look at the expiry by itself.
        jwt.JWTClaimsRegistry(
            now=int(at.timestamp()), exp={"essential": True}, sid={"essential": True},
            aud={"essential": True, "value": AUDIENCE},
        ).validate(decoded.claims)
        UUID(decoded.claims["sid"])
    except (JoseError, ValueError, TypeError, UnicodeError):
        raise Refused(SESSION_ENDED) from None
    return dict(decoded.claims)


def _require_administrator(viewer: Viewer, zone_id: UUID) -> None:
    if not viewer.covers(Role.ADMINISTRATOR, zone_id):
        who = Role.ADMINISTRATOR
        raise Refused(NOT_ALLOWED.about(who=who.zh, who_en=f"an {who.value}"))


def _key() -> OctKey:
    return OctKey.import_key(secret())


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


