"""Signing in with a login and a password, and changing the password.

Guessing is limited in rows, so across all processes: 5 passwords in 15 minutes for one login from one address, 50
from one address whatever the login, 100 for one login from wherever. Whoever guesses at a login from one address thus
locks out nobody but that address; to keep a person out takes twenty addresses, and then for 15 minutes only.
"""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta

from domain import clock, database
from domain.accounts import Account, Session, SignInAttempt, login_of
from domain.people import Person, PersonState
from domain.refusals import Refusal, Refused
from domain.viewers import Viewer
from workflows import passwords
from workflows.inputs import Words, read_text
from workflows.perform import perform
from workflows.sessions import Tokens
from workflows.sessions import begin as begin
from workflows.worker import duty

ATTEMPT_WINDOW = timedelta(minutes=15)
ATTEMPTS_BY_BOTH = 5
ATTEMPTS_BY_ADDRESS = 50
ATTEMPTS_BY_LOGIN = 100
SESSIONS_KEPT = timedelta(days=30)

WRONG_PASSWORD = Refusal("WRONG_PASSWORD", "登录名或密码不正确。", "Login or password is wrong.")
TOO_MANY_ATTEMPTS = Refusal(
    "TOO_MANY_ATTEMPTS", "尝试次数过多，请{minutes}分钟后再试。", "Too many attempts; try again in {minutes} minutes."
)


async def sign_in(login: str, password: str, address: str) -> Tokens:
    """A new session for a login and password. Raises `Refused`, not saying which of the two was wrong."""
    login = login_of(read_text(login, Words("登录名", "Login", 60), "login"))[:60]
    password = passwords.read(password, "password")
    at = clock.now()
    await _attempt(login, address, at)
    account = await Account.filter(login=login, person__state=PersonState.ACTIVE).first()
    if not await passwords.matches(account.password_hash if account else None, password) or account is None:
        raise Refused(WRONG_PASSWORD)
    async with database.transaction():
        # The person, since a new password and a deactivation take the same lock before they end the sessions.
        person = await database.lock(Person.filter(id=account.person_id, state=PersonState.ACTIVE)).first()
        unchanged = Account.filter(id=account.id, password_hash=account.password_hash)
        if person is None or not await unchanged.exists():
            raise Refused(WRONG_PASSWORD)
        await _forgive(login, address)
        return await begin(person.id, at)


async def change_password(viewer: Viewer, old: str, new: str, address: str) -> None:
    """The viewer's own password; every session ends. Guesses at the old one are limited like any other."""
    account = await Account.filter(person_id=viewer.person_id).first()
    old = passwords.read(old, "oldPassword")
    await _attempt(account.login if account else str(viewer.person_id), address, clock.now())
    if not await passwords.matches(account.password_hash if account else None, old) or account is None:
        raise Refused(WRONG_PASSWORD.about("oldPassword"))
    new_hash = await passwords.hashed(new, account.login, "newPassword")
    await perform(
        viewer, Person, viewer.person_id, "change_password", old_hash=account.password_hash, new_hash=new_hash
    )
    await _forgive(account.login, address)


@duty("forget sessions", every=3600.0)
async def forget_old() -> None:
    """Attempts no longer counted, and sessions long over, are nobody's business any more."""
    at = clock.now()
    await SignInAttempt.filter(at__lte=at - ATTEMPT_WINDOW).delete()
    await Session.filter(expires_at__lt=at - SESSIONS_KEPT).delete()
    await Session.filter(ended_at__lt=at - SESSIONS_KEPT).delete()


async def _attempt(login: str, address: str, at: datetime) -> None:
    """Count an attempt before its password is looked at, so that of attempts made at once all count."""
    address = _place(address)
    mine = await SignInAttempt.create(login=login, address=address, at=at)
    lately = SignInAttempt.filter(at__gt=at - ATTEMPT_WINDOW)
    if (
        await lately.filter(login=login, address=address).count() > ATTEMPTS_BY_BOTH
        or await lately.filter(address=address).count() > ATTEMPTS_BY_ADDRESS
        or await lately.filter(login=login).count() > ATTEMPTS_BY_LOGIN
    ):
        await mine.delete()
        raise Refused(TOO_MANY_ATTEMPTS.about(minutes=int(ATTEMPT_WINDOW.total_seconds() // 60)))


async def _forgive(login: str, address: str) -> None:
    """Whoever knew the password here may have mistyped it before; guesses from elsewhere still count."""
    await SignInAttempt.filter(login=login, address=_place(address)).delete()


def _place(address: str) -> str:
    """The address as it is counted: of IPv6 the first half, since one household has all of the second."""
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:60]
    if isinstance(known, ipaddress.IPv6Address):
        return str(known.ipv4_mapped or ipaddress.ip_network((known, 64), strict=False))
    return str(known)
