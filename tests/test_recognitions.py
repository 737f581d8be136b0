"""What an enterprise is recognised as: by which certificate, valid on which day, renewed, revoked, never expired before
it begins; and the stock that certificates and filed counts make."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from tortoise.exceptions import IntegrityError

from api.nodes import global_id
from domain import clock
from domain.enterprises import Enterprise
from domain.filed_counts import FiledCount
from domain.kinds import Level, RecognitionKind
from domain.notices import Notice
from domain.recognitions import Recognition, RecognitionState, Validity, valid_on, validity
from domain.viewers import OPERATOR, Role
from domain.zones import Zone
from tests.graphql import Client, served, signed_in
from tests.proofs import assert_whole, moved, refused
from tests.world import World, a_person, a_world, a_zone
from workflows.perform import create

K, S = RecognitionKind, RecognitionState
NOW = datetime(2024, 3, 1, 2, tzinfo=UTC)
FROM, UNTIL = date(2021, 6, 1), date(2024, 5, 31)


@pytest.fixture
def in_2024() -> Iterator[None]:
    with clock.stopped(NOW):
        yield


@pytest.fixture
async def world(database: str, in_2024: None) -> World:
    return await a_world()


async def test_a_certificate_holds_from_its_first_day_through_its_last(world: World) -> None:
    held = await recorded(world)

    for day, told in (
        (date(2021, 5, 31), Validity.UPCOMING), (FROM, Validity.VALID), (UNTIL, Validity.VALID),
        (date(2024, 6, 1), Validity.EXPIRED),
    ):
        assert validity(held, day) is told
        assert await Recognition.filter(valid_on(day)).exists() is (told is Validity.VALID)
    assert await Notice.filter(move="record").values_list("person_id", flat=True) == [world.companion.id]
    await assert_whole()


async def test_no_certificate_expires_before_it_begins(world: World) -> None:
    with refused("EXPIRES_FIRST"):
        await recorded(world, valid_until=date(2021, 5, 31))
    with refused("NOT_YET"):
        await recorded(world, recognised_on=date(2024, 3, 2), valid_until=None)
    held = await recorded(world, valid_until=FROM)

    with refused("EXPIRES_FIRST"):
        await moved(world, world.leader, held, "correct", valid_until=date(2021, 5, 31), reason="录入有误")
    right = await moved(world, world.leader, held, "correct", valid_until=UNTIL, reason="录入有误")
    assert (right.certificate_number, right.ends_on) == ("GR1", date(2024, 6, 1))
    with pytest.raises(IntegrityError):
        await Recognition.filter(id=held.id).update(valid_until=date(2021, 5, 31))


async def test_a_second_certificate_of_a_kind_renews_the_first(world: World) -> None:
    held = await recorded(world)
    with refused("RECOGNISED_ALREADY"):
        await recorded(world, certificate_number="GR2")
    new = {"recognised_on": date(2024, 2, 1), "certificate_number": "GR2", "valid_until": date(2027, 1, 31)}
    with refused("ENDS_FIRST"):
        await moved(world, world.leader, held, "renew", **{**new, "recognised_on": FROM})

    old = await moved(world, world.companion, held, "renew", **new)

    (after,) = await Recognition.filter(renews_id=old.id)
    assert (old.state, old.ends_on, after.state) == (S.RENEWED, date(2024, 2, 1), S.VALID)
    assert (after.recognised_as, after.level, after.valid_from) == (K.HIGH_TECH, Level.NATIONAL, date(2024, 2, 1))
    assert validity(old, date(2024, 1, 31)) is Validity.VALID
    assert validity(old, date(2024, 2, 1)) is Validity.RENEWED
    await assert_whole()


async def test_of_products_and_platforms_an_enterprise_may_have_several(world: World) -> None:
    for title in ("智能钻机", "压裂车"):
        await recorded(world, recognised_as=K.FIRST_SET, title=title, certificate_number="", valid_until=None)

    assert await Recognition.filter(recognised_as=K.FIRST_SET).count() == 2
    with refused("REQUIRED"):
        await recorded(world, recognised_as=K.OTHER)


async def test_a_certificate_number_is_on_the_books_once(world: World) -> None:
    await recorded(world)

    with refused("NUMBER_TAKEN"):
        await recorded(world, await a_firm(world.zone, 2))
    await recorded(world, await a_firm(world.zone, 3), certificate_number="")
    await recorded(world, await a_firm(world.zone, 4), certificate_number="")


async def test_what_is_revoked_holds_no_more_from_that_day(world: World) -> None:
    held = await recorded(world)
    with refused("NOT_ALLOWED"):
        await moved(world, world.companion, held, "revoke", revoked_on=date(2023, 1, 1), reason="不再符合条件")
    with refused("ENDS_FIRST"):
        await moved(world, world.leader, held, "revoke", revoked_on=FROM, reason="不再符合条件")

    gone = await moved(world, world.leader, held, "revoke", revoked_on=date(2023, 1, 1), reason="不再符合条件")

    assert (gone.state, gone.ends_on, gone.valid_until) == (S.REVOKED, date(2023, 1, 1), UNTIL)
    assert [validity(gone, day) for day in (date(2022, 12, 31), date(2023, 1, 1))] == [
        Validity.VALID, Validity.REVOKED,
    ]


async def test_recognitions_are_recorded_by_companion_dispatcher_and_leader(world: World) -> None:
    for person in (world.contact, world.auditor):
        with refused("NOT_ALLOWED"):
            await recorded(world, by=person)
    with refused("NOT_FOUND"):
        await recorded(world, by=world.land_liaison)
    await recorded(world, by=world.companion)


async def test_a_stock_and_what_came_and_went_add_up(world: World) -> None:
    """67 + 48 - 25 = 90 (HB-12), by certificates: of 67 that ran at the start 25 ended in 2023, 48 came."""
    firms = [await a_firm(world.zone, n) for n in range(5)]
    for firm, since, until in (
        (firms[0], date(2020, 12, 1), date(2023, 11, 30)),  # ends in the year
        (firms[1], date(2021, 12, 1), date(2024, 11, 30)),  # lasts through it
        (firms[2], date(2023, 1, 1), date(2025, 12, 31)),  # comes on its first day
        (firms[3], date(2023, 12, 31), None),  # and on its last
        (firms[4], date(2023, 2, 1), date(2023, 12, 31)),  # holds on the last day still
    ):
        await recorded(world, firm, recognised_on=since, valid_until=until, certificate_number="")
    async with served() as http:
        stock = await stock_of(await signed_in(http, world.leader), world.zone)
        none = await stock_of(await signed_in(http, world.land_liaison), world.zone)

    assert stock["registered"] == {
        "start": {"value": 2}, "recognised": {"value": 3}, "ended": {"value": 1}, "net": {"value": 2},
        "end": {"value": 4}, "holds": True, "growthPercent": "100",
    }
    assert stock["enterprises"] == 4
    assert (none["registered"], none["enterprises"]) == (None, None)


async def test_what_was_not_printed_is_reckoned_from_what_was(world: World) -> None:
    """Hebi prints 48 passed, net +23, 90 in all (HB-12): 67 and 25 follow, and +34%."""
    for measure, since, count in (("recognised", YEAR[0], 48), ("net", YEAR[0], 23), ("stock", None, 90)):
        await filed(world, measure, count, since=since)
    async with served() as http:
        leader = await signed_in(http, world.leader)
        stock = (await stock_of(leader, world.zone, "value status statements"))["filed"]

        assert {part: (stock[part]["value"], stock[part]["status"]) for part in ("start", "ended", "end", "net")} == {
            "start": (67, "DERIVED"), "ended": (25, "DERIVED"), "end": (90, "PRINTED"), "net": (23, "PRINTED"),
        }
        assert (stock["holds"], stock["growthPercent"]) == (True, "34")

        other = await filed(world, "stock", 91, source="另一份通报")
        disputed = (await stock_of(leader, world.zone, "value disputed statements"))["filed"]
        assert disputed["end"] == {"value": None, "disputed": True, "statements": [90, 91]}
        assert (disputed["start"]["value"], disputed["holds"]) == (None, None)

        await moved(world, world.leader, other, "strike", reason="重复上报")
        assert (await stock_of(leader, world.zone))["filed"]["end"] == {"value": 90}


async def test_a_count_has_its_period_and_its_range(world: World) -> None:
    wrong: list[tuple[str, dict[str, Any], str]] = [
        ("recognised", {"since": None}, "NO_PERIOD"),
        ("stock", {"since": YEAR[0]}, "NO_PERIOD"),
        ("net", {"since": date(2024, 1, 1)}, "PERIOD_REVERSED"),
        ("stock", {"count": -1}, "COUNT_RANGE"),
        ("stock", {"until": date(2024, 3, 2)}, "BAD_INPUT"),
    ]
    for measure, given, code in wrong:
        with refused(code):
            await filed(world, measure, **{"count": 1, **given})
    with refused("NOT_ALLOWED"):
        await filed(world, "stock", 1, by=world.companion)
    await filed(world, "net", -1, since=YEAR[0])


async def test_a_zones_share_of_the_total_above_it(database: str, in_2024: None) -> None:
    """All five new little giants of the city are of the zone (KRM-23)."""
    city = await a_zone("KCITY")
    world, other = await a_world("KRM", city), await a_world("DSZ", city)
    for n in range(5):
        await recorded(
            world, await a_firm(world.zone, n), recognised_as=K.LITTLE_GIANT, level=Level.PROVINCIAL,
            recognised_on=date(2023, 5, 1), valid_until=None, certificate_number="",
        )
    async with served() as http:
        leader = await signed_in(http, world.leader)
        unknown = await share_of(leader, world.zone, city)
        assert (unknown["whole"], unknown["percent"]) == ({"number": {"value": None}, "basis": "UNKNOWN"}, None)

        viewer = await world.viewer(await a_person(city, "市领导", Role.LEADER))
        await create(viewer, FiledCount, "file", within=city, **COUNT, measure="recognised", since=YEAR[0], count=5)
        share = await share_of(leader, world.zone, city)
        assert (share["part"]["basis"], share["whole"]["basis"], share["percent"]) == ("REGISTERED", "FILED", "100.0")

        for zone, of, code in ((city, world.zone, "NOT_ABOVE"), (world.zone, world.zone, "NOT_ABOVE")):
            answer = await leader.send(SHARE, **share_ids(zone, of))
            assert answer["errors"][0]["extensions"]["code"] == code
        answer = await leader.send(SHARE, **share_ids(world.zone, other.zone))
        assert answer["errors"][0]["extensions"]["code"] == "NOT_FOUND"


async def test_certificates_over_the_api(world: World) -> None:
    held = await recorded(world)
    async with served() as http:
        contact = await signed_in(http, world.contact)
        found = await contact.ask(
            "{ enterprises { nodes { recognitions { totalCount nodes { recognisedAs validity certificateNumber } } } }"
            ' recognitions(filter: {validOn: "2024-05-31", endsUntil: "2024-06-30"}) { nodes { id } }'
            ' gone: recognitions(filter: {validOn: "2024-06-01"}) { totalCount } }'
        )
        other = await signed_in(http, world.land_liaison)
        unseen = await other.ask("{ recognitions { totalCount } }")

    (firm,) = found["enterprises"]["nodes"]
    assert firm["recognitions"]["nodes"] == [
        {"recognisedAs": "HIGH_TECH", "validity": "VALID", "certificateNumber": "GR1"}
    ]
    assert found["recognitions"]["nodes"] == [{"id": global_id(held)}]
    assert found["gone"]["totalCount"] == unseen["recognitions"]["totalCount"] == 0


YEAR = (date(2023, 1, 1), date(2023, 12, 31))
COUNT: dict[str, Any] = {
    "recognised_as": K.LITTLE_GIANT, "until": YEAR[1], "source": "示例通报", "status": "printed",
    "level": Level.PROVINCIAL,
}
NUMBERS = ["start", "recognised", "ended", "net", "end"]
SHARE = """query($zone: ID!, $of: ID!) { recognitionShare(
    zoneId: $zone, ofZoneId: $of, recognisedAs: LITTLE_GIANT, from: "2023-01-01", until: "2023-12-31"
) { part { number { value } basis } whole { number { value } basis } percent(decimals: 1) } }"""


async def recorded(world: World, firm: Enterprise | None = None, by: Any = None, **given: Any) -> Recognition:
    given = {
        "recognised_as": K.HIGH_TECH, "level": Level.NATIONAL, "recognised_on": FROM, "certificate_number": "GR1",
        "valid_until": UNTIL, **given,
    }
    viewer = await world.viewer(by or world.leader)
    return await create(viewer, Recognition, "record", within=firm or world.enterprise, **given)


async def filed(world: World, measure: str, count: int, by: Any = None, **given: Any) -> FiledCount:
    given = {**COUNT, "recognised_as": K.HIGH_TECH, **given}
    viewer = await world.viewer(by or world.leader)
    return await create(viewer, FiledCount, "file", within=world.zone, measure=measure, count=count, **given)


async def a_firm(zone: Zone, n: int) -> Enterprise:
    return await create(OPERATOR, Enterprise, "create", zone=zone, name=f"示例·证书·{n}", synthetic=True)


async def stock_of(client: Client, zone: Zone, want: str = "value") -> dict[str, Any]:
    numbers = " ".join(f"{part} {{ {want} }}" for part in NUMBERS)
    both = f"{{ {numbers} holds growthPercent }}"
    found = await client.ask(
        f"query($id: ID!) {{ recognitionStock(zoneId: $id, recognisedAs: HIGH_TECH, from: \"2023-01-01\","
        f" until: \"2023-12-31\") {{ enterprises registered {both} filed {both} }} }}",
        id=global_id(zone),
    )
    stock: dict[str, Any] = found["recognitionStock"]
    return stock


def share_ids(zone: Zone, of: Zone) -> dict[str, Any]:
    return {"zone": global_id(zone), "of": global_id(of)}


async def share_of(client: Client, zone: Zone, of: Zone) -> dict[str, Any]:
    found: dict[str, Any] = (await client.ask(SHARE, **share_ids(zone, of)))["recognitionShare"]
    return found
