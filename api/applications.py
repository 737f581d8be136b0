"""Applications over GraphQL, and how many of them pass."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from api.context import Info, one_loader
from api.deadlines import Deadline, deadline, light, shining
from api.filters import decimals_of, zones_under
from api.moves import MoveStanding, moves
from api.nodes import Node, enum, key_of, node, one
from api.pages import DEFAULT_PAGE, NEWEST, AsOf, Connection, Listing, listing
from domain.applications import Application as ApplicationRow
from domain.applications import ApplicationState
from domain.campaigns import Campaign as CampaignRow
from domain.deadlines import Light
from domain.enterprises import Enterprise as EnterpriseRow
from domain.facts import FactStatus
from domain.kinds import RecognitionKind
from domain.pass_rates import Asked, PassBase, Passes, PassGrouping, pass_rates
from domain.recognitions import Recognition as RecognitionRow
from domain.zones import Zone as ZoneRow

if TYPE_CHECKING:
    from api.agencies import Agency
    from api.campaigns import Campaign
    from api.departments import Department
    from api.enterprises import Enterprise
    from api.recognitions import Recognition
    from api.zones import Zone

for words in (ApplicationState, FactStatus, PassBase, PassGrouping, RecognitionKind):
    enum(words)


@node(ApplicationRow)
class Application(Node):
    """One enterprise's application 申报 in a campaign."""

    version: int
    zone: Annotated[Zone, strawberry.lazy("api.zones")] | None = one()
    enterprise: Annotated[Enterprise, strawberry.lazy("api.enterprises")] | None = one()
    campaign: Annotated[Campaign, strawberry.lazy("api.campaigns")] | None = one()
    department: Annotated[Department, strawberry.lazy("api.departments")] | None = one()
    agency: Annotated[Agency, strawberry.lazy("api.agencies")] | None = one()
    recognition: Annotated[Recognition, strawberry.lazy("api.recognitions")] | None = one(
        RecognitionRow, application_id="id"
    )
    state: ApplicationState
    first_time: bool
    title: str
    submitted_on: date | None
    recommended_on: date | None
    decided_on: date | None
    status: FactStatus
    source: str
    deadline: Deadline | None = deadline()
    light: Light | None = light()
    moves: list[MoveStanding] = moves()


@strawberry.input
class ApplicationFilter:
    zone_id: strawberry.ID | None = None
    enterprise_id: strawberry.ID | None = None
    campaign_id: strawberry.ID | None = None
    state: list[ApplicationState] | None = None
    first_time: bool | None = None
    light: list[Light] | None = strawberry.field(default=None, description="As the light stands at the time of asking.")


@strawberry.type(description="How many passed 通过率, of one campaign or zone.")
class PassRate:
    by: strawberry.Private[PassGrouping]
    passes: strawberry.Private[Passes]
    applied: int = strawberry.field(description="Handed in and not withdrawn.")
    recommended: int
    recognised: int
    first_time: int = strawberry.field(description="Of those recognised, for the first time.")
    not_recognised: int
    undecided: int
    withdrawn: int = strawberry.field(description="Before it was handed in or after.")

    @strawberry.field
    async def campaign(self, info: Info) -> Annotated[Campaign, strawberry.lazy("api.campaigns")] | None:
        return await self._row(info, PassGrouping.CAMPAIGN, CampaignRow)  # type: ignore[no-any-return]

    @strawberry.field
    async def zone(self, info: Info) -> Annotated[Zone, strawberry.lazy("api.zones")] | None:
        return await self._row(info, PassGrouping.ZONE, ZoneRow)  # type: ignore[no-any-return]

    @strawberry.field(description="Recognised of those who applied or were recommended, rounded half up; null of none.")
    def percent(self, of: PassBase = PassBase.APPLIED, decimals: int = 1) -> str | None:
        return self.passes.percent(of, decimals_of(decimals))

    async def _row(self, info: Info, by: PassGrouping, model: Any) -> Any:
        return await one_loader(info.context, model).load((self.passes.key,)) if self.by is by else None


@strawberry.type
class Query:
    @listing("Applications 申报, newest first.")
    def applications(
        self,
        info: Info,
        filter: ApplicationFilter | None = None,
        first: int = DEFAULT_PAGE,
        after: str | None = None,
    ) -> Connection[Application]:
        viewer = info.context.viewer
        rows: Any = ApplicationRow.seen_by(viewer)
        if filter:
            if filter.zone_id:
                rows = rows.filter(zone_id=key_of(filter.zone_id, ZoneRow, "zoneId"))
            if filter.enterprise_id:
                rows = rows.filter(enterprise_id=key_of(filter.enterprise_id, EnterpriseRow, "enterpriseId"))
            if filter.campaign_id:
                rows = rows.filter(campaign_id=key_of(filter.campaign_id, CampaignRow, "campaignId"))
            if filter.state is not None:
                rows = rows.filter(state__in=set(filter.state))
            if filter.first_time is not None:
                rows = rows.filter(first_time=filter.first_time)
            if filter.light is not None:
                rows = rows.filter(shining(filter.light, viewer, info.context.at))
        return Listing(rows, NEWEST, first, after)  # type: ignore[return-value]

    @strawberry.field(description="Pass rates 通过率 of what the viewer oversees.", extensions=[AsOf()])
    async def pass_rates(
        self,
        info: Info,
        by: PassGrouping = PassGrouping.CAMPAIGN,
        zone_id: strawberry.ID | None = None,
        campaign_id: strawberry.ID | None = None,
        recognised_as: RecognitionKind | None = None,
        year: int | None = None,
    ) -> list[PassRate]:
        asked = Asked(
            info.context.viewer, by, await zones_under(info, zone_id),
            key_of(campaign_id, CampaignRow, "campaignId") if campaign_id else None, recognised_as, year,
        )
        return [
            PassRate(
                by=by, passes=each, applied=each.applied, recommended=each.recommended, recognised=each.recognised,
                first_time=each.first_time, not_recognised=each.not_recognised, undecided=each.undecided,
                withdrawn=each.withdrawn,
            )
            for each in await pass_rates(asked)
        ]
