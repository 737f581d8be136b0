"""Enterprises apply in a campaign: submitted in its window, recommended, recognised or not, and how many pass."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from tortoise.exceptions import IntegrityError

from api.nodes import global_id
from domain import clock
from domain.applications import Application, ApplicationState
from domain.calendar import end_of
from domain.campaigns import Campaign
from domain.enterprises import Enterprise
from domain.history import Entry
from domain.kinds import Level, RecognitionKind
from domain.people import Person
from domain.recognitions import Recognition, RecognitionState
from domain.viewers import OPERATOR, Role
from domain.zones import Setting
from tests.graphql import Client, served, signed_in
from tests.proofs import assert_whole, moved, refused
from tests.world import World, a_person, a_world, a_zone, the_clock_acts
from workflows.perform import create

S, K = ApplicationState, RecognitionKind
# Monday morning, a month before the campaign closes.
MONDAY = datetime(2023, 7, 3, 2, tzinfo=UTC)
OPENS, CLOSES = date(2023, 5, 4), date(2023, 8, 2)


@pytest.fixture
def monday() -> Iterator[None]:
    with clock.stopped(MONDAY):
        yield


@pytest.fixture
async def world(database: str, monday: None) -> World:
    return await a_world("GZ")


async def test_an_application_goes_from_draft_to_the_certificate_in_the_same_change(world: World) -> None:
    campaign = await a_campaign(world)
    application = await drafted(world, campaign)
    assert (application.state, application.first_time, application.due_at) == (S.DRAFT, True, end_of(CLOSES))

    await moved(world, world.companion, application, "submit")
    await moved(world, world.land_liaison, application, "recommend")
    passed = await moved(
        world, world.land_liaison, application, "recognise",
        recognised_on=date(2023, 7, 3), certificate_number="GR1", valid_until=date(2026, 7, 2),
    )

    (held,) = await Recognition.all()
    assert (passed.state, passed.decided_on, passed.due_at) == (S.RECOGNISED, date(2023, 7, 3), None)
    assert (held.application_id, held.recognised_as, held.level) == (passed.id, K.HIGH_TECH, Level.NATIONAL)
    assert (held.certificate_number, held.valid_from, held.state) == ("GR1", date(2023, 7, 3), RecognitionState.VALID)
    last = await Entry.filter(subject_id=world.enterprise.id).order_by("-sequence").limit(2)
    assert [(each.move, each.caused_by) for each in last] == [("grant", last[1].sequence), ("recognise", None)]
    await assert_whole()


async def test_one_application_for_each_enterprise_and_campaign(world: World) -> None:
    campaign = await a_campaign(world)
    first = await drafted(world, campaign)

    with refused("APPLIED_ALREADY"):
        await drafted(world, campaign)
    with pytest.raises(IntegrityError):
        row = {name: getattr(first, name) for name in first.columns() if name != "id"}
        await Application.create(**row)
    await moved(world, world.contact, first, "withdraw", reason="资料不齐")
    assert (await drafted(world, campaign)).state is S.DRAFT


async def test_it_is_submitted_in_the_window_and_no_campaign_takes_what_comes_after(world: World) -> None:
    campaign = await a_campaign(world)
    application = await drafted(world, campaign)

    for day, code in ((date(2023, 5, 3), "OUTSIDE_WINDOW"), (date(2023, 7, 4), "NOT_YET")):
        with refused(code):
            await moved(world, world.companion, application, "submit", submitted_on=day)
    with clock.stopped(end_of(CLOSES) + timedelta(seconds=1)):
        with refused("OUTSIDE_WINDOW"):
            await moved(world, world.companion, application, "submit")
        # What was handed in on the last day may be entered later.
        given = await moved(world, world.companion, application, "submit", submitted_on=CLOSES)
    assert given.submitted_on == CLOSES

    campaign = await moved(world, world.leader, campaign, "close", reason="提前结束")
    with refused("CAMPAIGN_OVER"):
        await drafted(world, campaign, await a_firm(world, 2))


async def test_no_step_comes_before_the_step_before_it(world: World) -> None:
    application = await drafted(world, await a_campaign(world))
    await moved(world, world.companion, application, "submit", submitted_on=date(2023, 6, 1))

    with refused("BEFORE_SUBMITTED"):
        await moved(world, world.leader, application, "recommend", recommended_on=date(2023, 5, 31))
    with refused("BEFORE_SUBMITTED"):
        await moved(world, world.leader, application, "turn_down", decided_on=date(2023, 5, 31), reason="指标不足")
    given = await moved(world, world.leader, application, "turn_down", decided_on=date(2023, 6, 1), reason="指标不足")
    assert (given.state, given.decided_on) == (S.NOT_RECOGNISED, date(2023, 6, 1))


async def test_a_campaign_of_another_zone_takes_nobody_and_one_of_the_city_does(database: str, monday: None) -> None:
    city = await a_zone("CITY")
    world, other = await a_world("GZ", city), await a_world("XY")
    leader = await a_person(city, "市领导", Role.LEADER)
    of_city = await create(await world.viewer(leader), Campaign, "announce", within=city, **CAMPAIGN)

    assert (await drafted(world, of_city)).campaign_id == of_city.id
    elsewhere = await a_campaign(other)
    with refused("NOT_FOUND"):
        await drafted(world, elsewhere.id)
    with refused("OTHER_ZONE"):
        await drafted(world, elsewhere)


async def test_who_may_make_which_step(world: World) -> None:
    application = await drafted(world, await a_campaign(world), by=world.contact)
    await moved(world, world.contact, application, "submit")

    for person in (world.contact, world.companion, world.auditor):
        for move, given in (("recommend", {}), ("turn_down", {"reason": "指标不足"})):
            with refused("NOT_ALLOWED"):
                await moved(world, person, application, move, **given)
    for stranger in (world.housing_liaison, world.administrator):
        with refused("NOT_FOUND"):
            await moved(world, stranger, application, "recommend")
    await moved(world, world.dispatcher, application, "recommend")


async def test_recognised_again_the_new_certificate_takes_the_place_of_the_old(world: World) -> None:
    given = {"recognised_as": K.HIGH_TECH, "level": Level.NATIONAL, "recognised_on": date(2020, 9, 1)}
    old = await create(
        OPERATOR, Recognition, "record", within=world.enterprise, **given, valid_until=date(2023, 8, 31)
    )
    application = await drafted(world, await a_campaign(world))
    assert application.first_time is False
    await moved(world, world.companion, application, "submit")

    await moved(world, world.leader, application, "recognise", recognised_on=date(2023, 7, 3))

    new = await Recognition.get(application_id=application.id)
    old = await Recognition.get(id=old.id)
    assert (new.renews_id, old.state, old.ends_on) == (old.id, RecognitionState.RENEWED, date(2023, 7, 3))
    await assert_whole()


async def test_each_step_is_due_by_the_campaign_or_the_zones_limit(world: World) -> None:
    await create(
        OPERATOR, Setting, "set", within=world.zone, name="application_recommend", value="3wd",
        holds_from=date(2023, 7, 3), source="示例办法",
    )
    application = await drafted(world, await a_campaign(world, closes_on=date(2023, 7, 7)))
    with clock.stopped(end_of(date(2023, 7, 7))):
        assert await the_clock_acts() == ["remind"]
        given = await moved(world, world.companion, application, "submit")

    assert given.due_at == end_of(date(2023, 7, 12))
    with clock.stopped(end_of(date(2023, 7, 12)) + timedelta(seconds=1)):
        assert sorted(await the_clock_acts()) == ["overdue", "remind"]
        done = await moved(world, world.leader, application, "recommend")
    assert (done.due_at, done.red_at) == (None, None)


async def test_a_campaign_has_a_window_a_name_of_its_own_and_a_department_of_its_zone(world: World) -> None:
    campaign, other = await a_campaign(world), await a_world("XY")

    with refused("CLOSES_FIRST"):
        await a_campaign(world, name="第二批", closes_on=OPENS - timedelta(days=1))
    with refused("CAMPAIGN_NAMED"):
        await a_campaign(world)
    with refused("OTHER_ZONE"):
        await create(OPERATOR, Campaign, "announce", within=world.zone, **{**CAMPAIGN, "department": other.land})
    with refused("NOT_ALLOWED"):
        await a_campaign(world, by=world.companion, name="第二批")
    same = {"name": campaign.name, "opens_on": OPENS}
    later = await moved(world, world.leader, campaign, "edit", **same, closes_on=date(2023, 9, 1), source="延期通知")
    assert later.closes_on == date(2023, 9, 1)
    await moved(world, world.leader, campaign, "close", reason="结束")
    assert (await moved(world, world.leader, campaign, "reopen", reason="补报")).opens_on == OPENS


async def test_pass_rates_are_of_those_who_applied_or_were_recommended_for_those_who_may_count_them(
    world: World,
) -> None:
    campaign = await a_campaign(world)
    await many(world, campaign, applied=9, recommended=8, passed=5)
    await drafted(world, campaign)
    gone = await drafted(world, campaign, await a_firm(world, 9_999))
    await moved(world, world.leader, gone, "withdraw", reason="放弃")

    async with served() as http:
        leader, liaison = await signed_in(http, world.leader), await signed_in(http, world.land_liaison)
        rate = await rate_of(leader, "RECOMMENDED", 1)
        assert (rate["percent"], (await rate_of(leader, "APPLIED", 2))["percent"]) == ("62.5", "55.56")
        assert (rate["applied"], rate["recommended"], rate["recognised"], rate["withdrawn"]) == (9, 8, 5, 1)
        assert rate["campaign"] == {"name": campaign.name}
        assert await rate_of(liaison, "RECOMMENDED", 1) == rate
        companion = await signed_in(http, world.companion)
        assert (await companion.ask("{ passRates { applied } }"))["passRates"] == []
        assert (await liaison.ask("{ passRates(by: ZONE) { applied } }"))["passRates"] == []
        zones = await leader.ask("{ passRates(by: ZONE, year: 2023) { zone { code } applied percent } }")
        assert zones["passRates"][0]["zone"] == {"code": "GZ"}
        none = await leader.ask("{ passRates(year: 2022) { applied } }")
        assert none["passRates"] == []


async def test_applications_over_the_api(world: World) -> None:
    campaign = await a_campaign(world)
    async with served() as http:
        contact, liaison = await signed_in(http, world.contact), await signed_in(http, world.land_liaison)
        given = {"enterpriseId": global_id(world.enterprise), "campaignId": global_id(campaign)}
        made = await contact.do("draftApplication", "application { id light firstTime }", **given)
        again = await contact.do("draftApplication", **given)
        key = made["application"]["id"]
        await contact.do("submitApplication", id=key)
        await liaison.do("recogniseApplication", id=key, recognisedOn="2023-07-03", certificateNumber="GR9")
        seen = await contact.ask(
            '{ campaigns(filter: {openOn: "2023-07-03"}) { nodes { name applications { nodes {'
            " state recognition { certificateNumber } moves { name } } } } } }"
        )

    assert (made["application"]["light"], made["application"]["firstTime"]) == ("GREEN", True)
    assert [each["code"] for each in again["refusals"]] == ["APPLIED_ALREADY"]
    assert seen["campaigns"]["nodes"] == [{"name": campaign.name, "applications": {"nodes": [
        {"state": "RECOGNISED", "recognition": {"certificateNumber": "GR9"}, "moves": []}
    ]}}]


CAMPAIGN: dict[str, Any] = {
    "name": "高新技术企业第一批", "year": 2023, "recognised_as": K.HIGH_TECH, "level": Level.NATIONAL,
    "opens_on": OPENS, "closes_on": CLOSES,
}


async def a_campaign(world: World, by: Person | None = None, **given: Any) -> Campaign:
    viewer = await world.viewer(by or world.leader)
    given = {**CAMPAIGN, "department": world.land, **given}
    return await create(viewer, Campaign, "announce", within=world.zone, **given)


async def drafted(
    world: World, campaign: Campaign | UUID, firm: Enterprise | None = None, by: Person | None = None, **given: Any
) -> Application:
    viewer = await world.viewer(by or (world.leader if firm else world.companion))
    return await create(viewer, Application, "draft", within=firm or world.enterprise, campaign=campaign, **given)


async def a_firm(world: World, n: int) -> Enterprise:
    return await create(OPERATOR, Enterprise, "create", zone=world.zone, name=f"示例·GZ·{n}", synthetic=True)


async def many(world: World, campaign: Campaign, applied: int, recommended: int, passed: int) -> None:
    """So many rows, written at once: how each came about is tried elsewhere."""
    zone, at = world.zone.id, clock.now()
    made: dict[str, Any] = {"created_at": at, "changed_at": at}
    firms = [Enterprise(zone_id=zone, name=f"示例·GZ·{n:03}", synthetic=True, **made) for n in range(applied)]
    await Enterprise.bulk_create(firms)
    await Application.bulk_create([
        Application(
            zone_id=zone, enterprise_id=firm.id, campaign_id=campaign.id, department_id=campaign.department_id,
            state=S.RECOGNISED if n < passed else S.NOT_RECOGNISED, first_time=n % 2 == 0, submitted_on=OPENS,
            recommended_on=OPENS if n < recommended else None, decided_on=CLOSES, status="printed", **made,
        )
        for n, firm in enumerate(firms)
    ])


async def rate_of(client: Client, of: str, decimals: int) -> dict[str, Any]:
    found = await client.ask(
        "query($of: PassBase!, $decimals: Int!) { passRates(recognisedAs: HIGH_TECH, year: 2023) { applied recommended"
        " recognised firstTime withdrawn campaign { name } percent(of: $of, decimals: $decimals) } }",
        of=of, decimals=decimals,
    )
    (rate,) = found["passRates"]
    return dict(rate)
