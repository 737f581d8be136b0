"""Policies over GraphQL: documents, versions, clauses, and the benefits with their rules as data."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry.scalars import JSON
from tortoise.expressions import Subquery

from api.context import Info
from api.filters import matching
from api.history import Entry, history
from api.moves import MoveStanding, moves
from api.nodes import Node, computed, enum, key_of, many, node, one, paged
from api.pages import DEFAULT_PAGE, NEWEST, OLDEST, Connection, Listing, listing
from domain.policies import Benefit as BenefitRow
from domain.policies import Clause as ClauseRow
from domain.policies import ContentState, Per, PolicyState, VersionState
from domain.policies import Policy as PolicyRow
from domain.policies import PolicyVersion as PolicyVersionRow
from domain.zones import Zone as ZoneRow

if TYPE_CHECKING:
    from api.departments import Department
    from api.people import Person
    from api.zones import Zone

for words in (PolicyState, VersionState, ContentState, Per):
    enum(words)


@node(ClauseRow)
class Clause(Node):
    """A clause 条款 of a version, in the text's own words."""

    version: int
    number: str
    text: str
    state: ContentState
    policy: Annotated[Policy, strawberry.lazy("api.policies")] | None = one()
    version_of: Annotated[PolicyVersion, strawberry.lazy("api.policies")] | None = one()
    moves: list[MoveStanding] = moves()


@node(BenefitRow)
class Benefit(Node):
    """What a clause grants 奖补: to whom, and how much. The language of both rules stands in docs/policies.md."""

    version: int
    code: str
    name: str
    per: Per
    state: ContentState
    policy: Annotated[Policy, strawberry.lazy("api.policies")] | None = one()
    version_of: Annotated[PolicyVersion, strawberry.lazy("api.policies")] | None = one()
    clause: Clause | None = one()
    eligibility: JSON = computed(lambda row: json.loads(row.eligibility), "eligibility")
    amount: JSON = computed(lambda row: json.loads(row.amount), "amount")
    moves: list[MoveStanding] = moves()


@node(PolicyVersionRow)
class PolicyVersion(Node):
    """A version of a policy 政策版本, and from when until when it holds."""

    version: int
    number: int
    document_number: str
    source: str
    author: Annotated[Person, strawberry.lazy("api.people")] | None = one()
    state: VersionState
    holds_from: date | None
    holds_until: date | None = strawberry.field(description="That day included; null while nothing ends it.")
    policy: Annotated[Policy, strawberry.lazy("api.policies")] | None = one()
    clauses: list[Clause] = many("id")
    benefits: list[Benefit] = many("id")
    moves: list[MoveStanding] = moves()


@node(PolicyRow)
class Policy(Node):
    """A policy document 政策 of a zone, over all its versions."""

    version: int
    zone: Annotated[Zone, strawberry.lazy("api.zones")] | None = one()
    name: str
    department: Annotated[Department, strawberry.lazy("api.departments")] | None = one()
    state: PolicyState
    versions: Connection[PolicyVersion] = paged(OLDEST)
    history: Connection[Entry] = history()
    moves: list[MoveStanding] = moves()


@strawberry.input
class PolicyFilter:
    zone_id: strawberry.ID | None = None
    state: list[PolicyState] | None = None
    text: str | None = strawberry.field(default=None, description="A part of the name.")
    in_force_on: date | None = strawberry.field(default=None, description="With a version that holds on that day.")


@strawberry.type
class Query:
    @listing("Policies 政策库, newest first.")
    def policies(
        self,
        info: Info,
        filter: PolicyFilter | None = None,
        first: int = DEFAULT_PAGE,
        after: str | None = None,
    ) -> Connection[Policy]:
        viewer = info.context.viewer
        rows: Any = PolicyRow.seen_by(viewer)
        if filter:
            rows = rows.filter(matching(filter.text, "name"))
            if filter.zone_id:
                rows = rows.filter(zone_id=key_of(filter.zone_id, ZoneRow, "zoneId"))
            if filter.state:
                rows = rows.filter(state__in=set(filter.state))
            if filter.in_force_on:
                holding: Any = PolicyVersionRow.seen_by(viewer).filter(PolicyVersionRow.in_force(filter.in_force_on))
                rows = rows.filter(id__in=Subquery(holding.values("policy_id")))
        return Listing(rows, NEWEST, first, after)  # type: ignore[return-value]
