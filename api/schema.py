"""The whole schema. A new mechanism adds its module here."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import strawberry
from strawberry.schema.config import StrawberryConfig
from tortoise.expressions import Q

import workflows.timetable  # noqa: F401 (first: it gives the flows, and so the mutations, one order)
from api import (
    agencies,
    applications,
    appropriations,
    assignments,
    attachments,
    auth,
    calendar,
    campaigns,
    carriers,
    cases,
    chains,
    checklists,
    claims,
    comparisons,
    consultations,
    contracts,
    departments,
    enterprises,
    figures,
    filed_counts,
    history,
    indicators,
    ladders,
    libraries,
    library_entries,
    live,
    needs,
    notices,
    outcomes,
    people,
    policies,
    posts,
    problems,
    quotes,
    recognitions,
    rectifications,
    responsibilities,
    reviews,
    roadmaps,
    rounds,
    seals,
    service_tokens,
    stated_figures,
    stays,
    stocks,
    supervisions,
    teams,
    visits,
    vouchers,
    webhooks,
    zones,
)
from api.context import Info
from api.documents import KnownDocuments
from api.limits import EXTENSIONS
from api.mutations import mutations
from api.nodes import NODES, Node, parsed
from api.pages import Lookup, listing
from api.persisted import TrustedOnly
from api.scalars import EXACT, INSTANT
from api.subscriptions import LiveSchema
from workflows.timetable import FLOWS

# Modules without queries of their own: importing them declares their types.
TYPES = (attachments, chains, consultations, problems, rectifications)


@strawberry.type
class Query(
    people.Query,
    cases.Query,
    comparisons.Query,
    responsibilities.Query,
    supervisions.Query,
    enterprises.Query,
    carriers.Query,
    departments.Query,
    zones.Query,
    calendar.Query,
    history.Query,
    indicators.Query,
    ladders.Query,
    teams.Query,
    posts.Query,
    assignments.Query,
    figures.Query,
    policies.Query,
    quotes.Query,
    appropriations.Query,
    contracts.Query,
    claims.Query,
    agencies.Query,
    recognitions.Query,
    campaigns.Query,
    applications.Query,
    filed_counts.Query,
    stocks.Query,
    libraries.Query,
    library_entries.Query,
    checklists.Query,
    roadmaps.Query,
    reviews.Query,
    needs.Query,
    stays.Query,
    seals.Query,
    service_tokens.Query,
    rounds.Query,
    visits.Query,
    outcomes.Query,
    vouchers.Query,
    stated_figures.Query,
    webhooks.Query,
):
    @listing("Anything by its id; null when there is none in sight.")
    def node(self, info: Info, id: strawberry.ID) -> Node | None:
        kind, key = parsed(id)
        model = next((each for each in NODES if each.__name__ == kind), None)
        if model is None or key is None:
            return None
        return Lookup(model, Q(id=key), info.context.viewer)  # type: ignore[return-value]


assert FLOWS


@strawberry.type
class Mutation(auth.Mutation, service_tokens.Mutation, notices.Mutation, webhooks.Mutation, mutations()):  # type: ignore[misc]
    """Every change is a mutation with a payload; a refusal is data."""


@strawberry.type
class Subscription(live.Subscription, notices.Subscription):
    """What happens, while it happens."""


schema = LiveSchema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    types=list(NODES.values()),
    config=StrawberryConfig(disable_field_suggestions=True, scalar_map={datetime: INSTANT, Decimal: EXACT}),
    extensions=[TrustedOnly, *EXTENSIONS, KnownDocuments],
)
