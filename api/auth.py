"""Signing in over GraphQL."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from api.context import Info
from api.refusals import Refusal, turned_down
from domain.people import Person as PersonRow
from domain.people import viewer_of
from domain.refusals import Refused
from workflows import sessions, sign_in

if TYPE_CHECKING:
    from api.people import Person


@strawberry.input
class SignInInput:
    login: str
    password: str


@strawberry.input
class RefreshSessionInput:
    refresh_token: str


@strawberry.input
class SignOutInput:
    refresh_token: str


@strawberry.input
class ChangePasswordInput:
    old_password: str
    new_password: str


@strawberry.type
class SessionPayload:
    access_token: str | None = strawberry.field(default=None, description="For the Authorization header: Bearer …")
    refresh_token: str | None = strawberry.field(default=None, description="Good once, for refreshSession.")
    expires_at: datetime | None = strawberry.field(default=None, description="When the access token ends.")
    person: Annotated[Person, strawberry.lazy("api.people")] | None = None
    refusals: list[Refusal] = strawberry.field(default_factory=list)


@strawberry.type
class DonePayload:
    done: bool
    refusals: list[Refusal]


@strawberry.type
class Mutation:
    @strawberry.mutation(description="登录: sign in with a local account.")
    async def sign_in(self, info: Info, input: SignInInput) -> SessionPayload:
        return await _session(info, lambda: sign_in.sign_in(input.login, input.password, info.context.address))

    @strawberry.mutation(description="续期: the next pair of tokens for a refresh token.")
    async def refresh_session(self, info: Info, input: RefreshSessionInput) -> SessionPayload:
        return await _session(info, lambda: sessions.refresh(input.refresh_token))

    @strawberry.mutation(description="退出: end the session at once.")
    async def sign_out(self, info: Info, input: SignOutInput) -> DonePayload:
        return await _done(info, lambda: sessions.sign_out(input.refresh_token))

    @strawberry.mutation(description="修改密码: one's own password; every session ends.")
    async def change_password(self, info: Info, input: ChangePasswordInput) -> DonePayload:
        return await _done(
            info,
            lambda: sign_in.change_password(
                info.context.viewer, input.old_password, input.new_password, info.context.address
            ),
        )


async def _session(info: Info, act: Callable[[], Awaitable[sessions.Tokens]]) -> SessionPayload:
    try:
        tokens = await act()
    except Refused as refused:
        return SessionPayload(refusals=turned_down(refused.refusals, info.context.language))
    person: Any = await PersonRow.get(id=tokens.person_id)
    if info.context.someone is None:
        # Whoever has just signed in may read about themselves in the same answer.
        info.context.someone = await viewer_of(tokens.person_id, info.context.at, language=info.context.language)
    return SessionPayload(
        access_token=tokens.access, refresh_token=tokens.refresh, expires_at=tokens.expires_at, person=person
    )


async def _done(info: Info, act: Callable[[], Awaitable[None]]) -> DonePayload:
    try:
        await act()
    except Refused as refused:
        return DonePayload(done=False, refusals=turned_down(refused.refusals, info.context.language))
    return DonePayload(done=True, refusals=[])
