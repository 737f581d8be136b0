"""Tokens of service accounts: issued and revoked by moves of the person they belong to, and what they stand for.

A front-end server names the person it acts for in `Qiban-On-Behalf-Of`; the history then names both. It never acts
for administrators: whoever steals its token can then keep no accounts.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import unquote
from uuid import UUID

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from domain.accounts import Account, ServiceToken, new_login
from domain.people import Membership, MembershipState, Person, PersonState, viewer_of, within
from domain.refusals import BAD_INPUT, NOT_FOUND, Refusal, Refused
from domain.secret import opened, sealed
from domain.viewers import OPERATOR, Role, Viewer
from workflows.answers import once, read_key
from workflows.inputs import Reason, Words
from workflows.perform import Step, perform

LONGEST_DAYS = 366
PREFIX = "qbs_"
HEADER = "Qiban-On-Behalf-Of"

HAS_LOGIN = Refusal(
    "HAS_LOGIN", "此人有登录账号；服务令牌只发给服务账号。",
    "This person signs in with a login; service tokens are for service accounts.", "personId",
)
REVOKED = Refusal("REVOKED", "此令牌已经吊销。", "This token has been revoked already.", "id")
NO_BEHALF = Refusal(
    "NO_BEHALF", "服务账号不能代表此人办理：查无此人、已停用、不在其辖区，或是管理员。",
    "The service may not act for this person: unknown, deactivated, outside its zone, or an administrator.", HEADER,
)


@dataclass
class IssueToken:
    name: Annotated[str, Words("名称", "Name", 100)]
    token_hash: Annotated[str, Words("摘要", "Hash", 64)]
    days: Annotated[int, Words("有效天数", "Days until it expires")]

    @property
    def reason(self) -> str:
        """What the history says of it; the token itself is in no entry."""
        return self.name


@dataclass
class RevokeToken:
    token: Annotated[UUID, Words("令牌", "Token")]
    reason: Reason


async def issue_token(step: Step) -> None:
    given = step.input
    if not 1 <= given.days <= LONGEST_DAYS:
        raise Refused(
            BAD_INPUT.about("days", problem_zh=f"须在1至{LONGEST_DAYS}之间", problem_en=f"1 to {LONGEST_DAYS}")
        )
    if await Account.filter(person_id=step.record.id).exists():
        raise Refused(HAS_LOGIN)
    step.change.put(
        ServiceToken(
            person_id=step.record.id, name=given.name, token_hash=given.token_hash, created_at=step.at,
            expires_at=step.at + timedelta(days=given.days),
        )
    )


async def revoke_token(step: Step) -> None:
    standing = ServiceToken.filter(id=step.input.token, person_id=step.record.id, revoked_at__isnull=True)
    if not await standing.update(revoked_at=step.at):
        raise Refused(REVOKED)


async def create(
    viewer: Viewer, person_id: UUID, name: str, days: int = 365, key: str | None = None
) -> tuple[ServiceToken, str]:
    """A token for a service account of a zone the viewer administers. It can be read this once only; with an
    idempotency key again by whoever repeats the request while answers are kept, among which it stands sealed."""
    key = read_key(key)
    purpose = f"service token of {viewer.person_id} by {key}"

    async def issue() -> str:
        token = PREFIX + secrets.token_urlsafe(32)
        await perform(viewer, Person, person_id, "issue_token", name=name, token_hash=hash_of(token), days=days)
        return sealed(purpose, token)

    try:
        token = opened(purpose, await once(viewer, key, ["createServiceToken", person_id, name, days], issue))
    except Refused as refused:
        raise _about(refused, "personId") from None
    return await ServiceToken.get(token_hash=hash_of(token)), token


async def revoke(viewer: Viewer, token_id: UUID, reason: str) -> ServiceToken:
    row = await listed(viewer).filter(id=token_id).first()
    if row is None:
        raise Refused(NOT_FOUND.about("id"))
    await perform(viewer, Person, row.person_id, "revoke_token", token=token_id, reason=reason)
    return await ServiceToken.get(id=token_id)


def listed(viewer: Viewer) -> QuerySet[ServiceToken]:
    """The tokens, revoked ones too, of the zones the viewer administers; none for anyone else."""
    if viewer is OPERATOR:
        return ServiceToken.all()
    return ServiceToken.filter(person__zone_id__in=viewer.zones_as(Role.ADMINISTRATOR))


async def viewer_for(token: str, behalf: str | None, language: str, at: datetime) -> Viewer | None:
    """Whom a service token stands for, None when for nobody. Raises `Refused` for a person it may not act for."""
    standing = Q(token_hash=hash_of(token), revoked_at__isnull=True, expires_at__gt=at)
    row = await ServiceToken.filter(standing, person__state=PersonState.ACTIVE).select_related("person__zone").first()
    if row is None:
        return None
    if behalf is None:
        return await viewer_of(row.person_id, at, language=language)
    account = await _account(unquote(behalf))
    if account is None or not within(account.person.zone.path, row.person.zone.path):
        raise Refused(NO_BEHALF)
    viewer = await viewer_of(account.person_id, at, language=language, acting=row.person_id)
    if viewer.zones_as(Role.ADMINISTRATOR) or await _reaches_beyond(account.person_id, row.person.zone.path):
        raise Refused(NO_BEHALF)
    return viewer


async def _account(given: str) -> Account | None:
    try:
        login = new_login(given)
    except Refused:
        return None
    return await Account.filter(login=login, person__state=PersonState.ACTIVE).select_related("person__zone").first()


async def _reaches_beyond(person_id: UUID, path: str) -> bool:
    held = Membership.filter(person_id=person_id, state=MembershipState.HELD)
    paths: list[Any] = await held.values_list("zone__path", flat=True)
    return not all(within(each, path) for each in paths)


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def _about(refused: Refused, field: str) -> Refused:
    """A refusal of the person as a whole is about the field that named the person."""
    return Refused(*(each.about(field) if each.field in (None, "id") else each for each in refused.refusals))
