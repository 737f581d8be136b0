"""Signing in over GraphQL."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from uuid import UUID

import strawberry

from api.context import Info
from api.nodes import key_of
from api.refusals import Refusal, told
from domain.people import Person as PersonRow
from domain.refusals import NOT_FOUND, Refused
from workflows import sign_in

if TYPE_CHECKING:
    from api.people import Person

T = TypeVar("T")


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


@strawberry.input
class CreateServiceTokenInput:
    person_id: strawberry.ID = strawberry.field(description="The service account that will use it.")
    name: str


@strawberry.input
class RevokeServiceTokenInput:
    id: strawberry.ID


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
class ServiceTokenPayload:
    id: strawberry.ID | None = strawberry.field(default=None, description="For revokeServiceToken.")
    token: str | None = strawberry.field(default=None, description="Shown this once; kept as a hash only.")
    expires_at: datetime | None = None
    refusals: list[Refusal] = strawberry.field(default_factory=list)


@strawberry.type
class Mutation:
    @strawberry.mutation(description="登录: sign in with a local account.")
    async def sign_in(self, info: Info, input: SignInInput) -> SessionPayload:
        return await _session(info, lambda: sign_in.sign_in(input.login, input.password, info.context.address))

    @strawberry.mutation(description="续期: the next pair of tokens for a refresh token.")
    async def refresh_session(self, info: Info, input: RefreshSessionInput) -> SessionPayload:
        return await _session(info, lambda: sign_in.refresh(input.refresh_token))

    @strawberry.mutation(description="退出: end the session at once.")
    async def sign_out(self, info: Info, input: SignOutInput) -> DonePayload:
        return await _done(info, lambda: sign_in.sign_out(input.refresh_token))

    @strawberry.mutation(description="修改密码: one's own password; every session ends.")
    async def change_password(self, info: Info, input: ChangePasswordInput) -> DonePayload:
        return await _done(
            info, lambda: sign_in.change_password(info.context.viewer, input.old_password, input.new_password)
        )

    @strawberry.mutation(description="发放服务令牌（管理员）: a token for a front-end server's service account.")
    async def create_service_token(self, info: Info, input: CreateServiceTokenInput) -> ServiceTokenPayload:
        try:
            person_id = key_of(input.person_id, PersonRow, "personId")
            row, token = await sign_in.create_service_token(info.context.viewer, person_id, input.name)
        except Refused as refused:
            return ServiceTokenPayload(refusals=told(refused.refusals, info.context.language))
        return ServiceTokenPayload(id=strawberry.ID(str(row.id)), token=token, expires_at=row.expires_at)

    @strawberry.mutation(description="吊销服务令牌（管理员）: end a service token at once.")
    async def revoke_service_token(self, info: Info, input: RevokeServiceTokenInput) -> DonePayload:
        async def revoke() -> None:
            try:
                token_id = UUID(input.id)
            except ValueError:
                raise Refused(NOT_FOUND.about("id")) from None
            await sign_in.revoke_service_token(info.context.viewer, token_id)

        return await _done(info, revoke)


async def _session(info: Info, act: Callable[[], Awaitable[sign_in.Tokens]]) -> SessionPayload:
    try:
        tokens = await act()
    except Refused as refused:
        return SessionPayload(refusals=told(refused.refusals, info.context.language))
    person: Any = await PersonRow.get(id=tokens.person_id)
    return SessionPayload(
        access_token=tokens.access, refresh_token=tokens.refresh, expires_at=tokens.expires_at, person=person
    )


async def _done(info: Info, act: Callable[[], Awaitable[None]]) -> DonePayload:
    try:
        await act()
    except Refused as refused:
        return DonePayload(done=False, refusals=told(refused.refusals, info.context.language))
    return DonePayload(done=True, refusals=[])
