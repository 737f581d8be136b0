"""Service tokens over GraphQL: for administrators, to let front-end servers in and to shut them out."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry

from api.context import Info, one_loader
from api.inputs import KEY
from api.nodes import key_of
from api.refusals import Refusal, turned_down
from domain.accounts import ServiceToken as ServiceTokenRow
from domain.database import reads
from domain.people import Person as PersonRow
from domain.refusals import NOT_FOUND, Refused
from workflows import service_tokens

if TYPE_CHECKING:
    from api.people import Person

MOST_LISTED = 200


@strawberry.type(description="服务令牌: lets a front-end server in. Its text is shown when it is made, never again.")
class ServiceToken:
    row: strawberry.Private[ServiceTokenRow]
    id: strawberry.ID
    name: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None

    @strawberry.field(description="The service account it belongs to.")
    async def person(self, info: Info) -> Annotated[Person, strawberry.lazy("api.people")] | None:
        return await one_loader(info.context, PersonRow).load((self.row.person_id,))  # type: ignore[no-any-return]


@strawberry.input
class CreateServiceTokenInput:
    person_id: strawberry.ID = strawberry.field(description="The service account that will use it.")
    name: str = strawberry.field(description="What it is for, as the list and the history will call it.")
    days: int = strawberry.field(default=365, description="Until it expires; 1 to 366.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)


@strawberry.input
class RevokeServiceTokenInput:
    id: strawberry.ID
    reason: str


@strawberry.type
class CreateServiceTokenPayload:
    service_token: ServiceToken | None = None
    token: str | None = strawberry.field(default=None, description="Shown this once; kept as a hash only.")
    refusals: list[Refusal] = strawberry.field(default_factory=list)


@strawberry.type
class RevokeServiceTokenPayload:
    service_token: ServiceToken | None = None
    refusals: list[Refusal] = strawberry.field(default_factory=list)


@strawberry.type
class Query:
    @strawberry.field(description="服务令牌: the newest 200 of the zones one administers, revoked ones too.")
    async def service_tokens(self, info: Info) -> list[ServiceToken]:
        rows = service_tokens.listed(info.context.viewer).order_by("-id").limit(MOST_LISTED)
        return [_shown(row) for row in await rows.using_db(reads())]


@strawberry.type
class Mutation:
    @strawberry.mutation(description="发放服务令牌（管理员）: a token for a front-end server's service account.")
    async def create_service_token(self, info: Info, input: CreateServiceTokenInput) -> CreateServiceTokenPayload:
        try:
            person_id = key_of(input.person_id, PersonRow, "personId")
            row, token = await service_tokens.create(
                info.context.viewer, person_id, input.name, input.days, input.idempotency_key
            )
        except Refused as refused:
            return CreateServiceTokenPayload(refusals=turned_down(refused.refusals, info.context.language))
        return CreateServiceTokenPayload(service_token=_shown(row), token=token)

    @strawberry.mutation(description="吊销服务令牌（管理员）: end a service token at once.")
    async def revoke_service_token(self, info: Info, input: RevokeServiceTokenInput) -> RevokeServiceTokenPayload:
        try:
            row = await service_tokens.revoke(info.context.viewer, _key(input.id), input.reason)
        except Refused as refused:
            return RevokeServiceTokenPayload(refusals=turned_down(refused.refusals, info.context.language))
        return RevokeServiceTokenPayload(service_token=_shown(row))


def _key(given: str) -> UUID:
    try:
        return UUID(given)
    except ValueError:
        raise Refused(NOT_FOUND.about("id")) from None


def _shown(row: Any) -> ServiceToken:
    return ServiceToken(
        row=row, id=strawberry.ID(str(row.id)), name=row.name, created_at=row.created_at,
        expires_at=row.expires_at, revoked_at=row.revoked_at,
    )
