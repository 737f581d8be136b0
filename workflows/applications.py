"""How an application moves: prepared, submitted in the campaign's window, recommended, decided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from domain.applications import OPEN, UNDECIDED, Application, ApplicationState
from domain.calendar import end_of
from domain.campaigns import Campaign, CampaignState
from domain.cultivated import cultivated
from domain.deadlines import AGREED
from domain.facts import FactStatus
from domain.recognitions import Recognition
from domain.refusals import OTHER_ZONE, Refusal, Refused
from domain.zones import lineage
from workflows.actors import ACCOMPANYING, DISPATCHER, ITS_CONTACT, ITS_LIAISON, LEADER
from workflows.agencies import NameAgency, name_agency
from workflows.audiences import COMPANION_OF, DISPATCHERS, IN_CHARGE, ITS_CONTACTS, Audience
from workflows.contracts import meet_contracts
from workflows.deadlines import CLOCK_ALARMS, clock_moves
from workflows.flow import Flow, Held, Move
from workflows.inputs import Reason, WithReason, Words
from workflows.perform import Step
from workflows.recognitions import Certificate, came, held_already
from workflows.timing import promise

S = ApplicationState
CAMPAIGN_OVER = Refusal(
    "CAMPAIGN_OVER", "该批次已结束。", "This campaign is closed.", "campaignId"
)
OUTSIDE_WINDOW = Refusal(
    "OUTSIDE_WINDOW", "{on}不在该批次的申报期内（{opens}至{closes}）。",
    "{on} is outside the campaign's window ({opens} to {closes}).", "submittedOn",
)
APPLIED_ALREADY = Refusal(
    "APPLIED_ALREADY", "该企业在此批次已有申报。", "The enterprise has an application in this campaign.", "campaignId"
)
BEFORE_SUBMITTED = Refusal(
    "BEFORE_SUBMITTED", "日期早于上一步（{earliest}）。", "The day lies before the step before it ({earliest})."
)
First = Annotated[bool | None, Words("首次申报", "Never recognised as this before; by the books unless told")]
Title = Annotated[str, Words("名称", "Title, where a product or project is applied for", 200, empty=True)]


@dataclass
class Draft:
    campaign: Annotated[Campaign, Words("申报批次", "Campaign")]
    first_time: First = None
    title: Title = ""
    source: Annotated[str, Words("来源", "Source", 300, empty=True)] = ""
    status: Annotated[FactStatus, Words("依据", "How it is known")] = FactStatus.REPORTED


@dataclass
class Edit:
    first_time: First = None
    title: Title = ""


@dataclass
class Submit:
    submitted_on: Annotated[date | None, Words("申报日期", "Submitted on; today unless told")] = None


@dataclass
class Recommend:
    recommended_on: Annotated[date | None, Words("推荐日期", "Recommended on; today unless told")] = None


@dataclass
class TurnDown:
    reason: Reason
    decided_on: Annotated[date | None, Words("公布日期", "Decided on; today unless told")] = None


async def draft(step: Step) -> None:
    application, campaign = step.record, step.input.campaign
    application.department_id = campaign.department_id
    if campaign.zone_id not in await lineage(application.zone_id):
        raise Refused(OTHER_ZONE.about("campaignId"))
    if campaign.state is CampaignState.CLOSED:
        raise Refused(CAMPAIGN_OVER)
    same = Application.filter(enterprise_id=application.enterprise_id, campaign_id=campaign.id)
    if await same.exclude(state=S.WITHDRAWN).exists():
        raise Refused(APPLIED_ALREADY)
    application.campaign_id, application.source, application.status = campaign.id, step.input.source, step.input.status
    await _describe(step, campaign)
    if end_of(campaign.closes_on) > step.at:
        await promise(step.change, application, campaign.closes_on.isoformat())


async def edit(step: Step) -> None:
    await _describe(step, await Campaign.get(id=step.record.campaign_id))


async def _describe(step: Step, campaign: Campaign) -> None:
    application, given = step.record, step.input
    before = Recognition.filter(enterprise_id=application.enterprise_id, recognised_as=campaign.recognised_as)
    known = given.first_time
    application.first_time = not await before.exists() if known is None else known
    application.title = given.title


async def submit(step: Step) -> None:
    application = step.record
    campaign = await Campaign.get(id=application.campaign_id)
    if campaign.state is CampaignState.CLOSED:
        raise Refused(CAMPAIGN_OVER.about("id"))
    on = _on(step, step.input.submitted_on, "submittedOn")
    if not campaign.opens_on <= on <= campaign.closes_on:
        raise Refused(OUTSIDE_WINDOW.about(on=on, opens=campaign.opens_on, closes=campaign.closes_on))
    application.submitted_on = on


async def note_in_libraries(step: Step) -> None:
    """An entry in a library for the kind knows when it first came to an application."""
    application = step.record
    campaign = await Campaign.get(id=application.campaign_id)
    for entry in await cultivated(application.enterprise_id, campaign.recognised_as, application.title):
        if entry.applied_on is None and entry.entered_on <= application.submitted_on:
            await step.perform(entry, "note_application", on=application.submitted_on)


async def bring_about(step: Step) -> None:
    await note_in_libraries(step)
    await meet_contracts(step)


async def recommend(step: Step) -> None:
    step.record.recommended_on = _on(step, step.input.recommended_on, "recommendedOn")


async def recognise(step: Step) -> None:
    step.record.decided_on = _on(step, step.input.recognised_on, "recognisedOn")


async def enter_recognition(step: Step) -> None:
    """The certificate, in the same change; it takes the place of one the enterprise has of the kind."""
    application = step.record
    campaign = await Campaign.get(id=application.campaign_id)
    given: dict[str, Any] = {"recognised_as": campaign.recognised_as, "level": campaign.level, **vars(step.input)}
    old = await held_already(application.enterprise_id, campaign.recognised_as, campaign.level)
    if old:
        await step.perform(old, "give_way", on=step.input.valid_from or step.input.recognised_on)
    await step.create(
        Recognition, "grant", **given, title=application.title or campaign.name, application=application, renews=old
    )


async def turn_down(step: Step) -> None:
    step.record.decided_on = _on(step, step.input.decided_on, "decidedOn")


def _on(step: Step, given: date | None, field: str) -> date:
    """The day of a step: not in the future, nor before the step before it."""
    on = given or step.today
    came(on, step, field)
    earliest = step.record.recommended_on or step.record.submitted_on
    if earliest and on < earliest:
        raise Refused(BEFORE_SUBMITTED.about(field, earliest=earliest))
    return on


APPLICANTS = (ACCOMPANYING, ITS_CONTACT, ITS_LIAISON, DISPATCHER, LEADER)
JUDGES = (ITS_LIAISON, DISPATCHER, LEADER)
WHOSE_TURN = Audience(
    "该步骤的经办人", "whose turn it is",
    lambda application, enterprise: COMPANION_OF.seat(application, enterprise)
    if application.state is S.DRAFT else IN_CHARGE.seat(application, enterprise),
)

APPLICATION = Flow(
    Application,
    ApplicationState,
    [
        Move(
            "draft", "准备申报", "Prepare an application", (), S.DRAFT, APPLICANTS,
            input=Draft, act=draft, tells=(COMPANION_OF,),
        ),
        Move("edit", "修改", "Edit", (S.DRAFT,), None, APPLICANTS, input=Edit, act=edit),
        Move(
            "name_agency", "登记辅导机构", "Say which agency coaches it", OPEN, None,
            (ACCOMPANYING, ITS_LIAISON, DISPATCHER, LEADER),
            input=NameAgency, act=name_agency, mutation="nameAgency",
        ),
        Move(
            "submit", "申报", "Submit", (S.DRAFT,), S.SUBMITTED, APPLICANTS,
            input=Submit, act=submit, then=bring_about, tells=(COMPANION_OF, DISPATCHERS, IN_CHARGE, ITS_CONTACTS),
        ),
        Move(
            "recommend", "推荐", "Recommend", (S.SUBMITTED,), S.RECOMMENDED, JUDGES,
            input=Recommend, act=recommend, tells=(COMPANION_OF, ITS_CONTACTS),
        ),
        Move(
            "recognise", "认定", "Recognise", UNDECIDED, S.RECOGNISED, JUDGES,
            input=Certificate, act=recognise, then=enter_recognition, tells=(COMPANION_OF, ITS_CONTACTS),
        ),
        Move(
            "turn_down", "未获认定", "Not recognised", UNDECIDED, S.NOT_RECOGNISED, JUDGES,
            input=TurnDown, act=turn_down, tells=(COMPANION_OF, ITS_CONTACTS),
        ),
        Move(
            "withdraw", "撤回申报", "Withdraw", OPEN, S.WITHDRAWN, APPLICANTS,
            input=WithReason, tells=(COMPANION_OF, DISPATCHERS, IN_CHARGE, ITS_CONTACTS),
        ),
        *clock_moves(OPEN, near=(WHOSE_TURN,), over=(COMPANION_OF, DISPATCHERS)),
    ],
    limits={
        S.DRAFT: lambda application: Held.AGREED if application.limit_name == AGREED else None,
        S.SUBMITTED: "application_recommend",
        S.RECOMMENDED: "application_decide",
    },
    alarms=CLOCK_ALARMS,
    zh="申报",
    en="Application",
)
