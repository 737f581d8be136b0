"""Stays: who was housed in which carrier on any day, who came and who left in a year (LYG-07)."""

from __future__ import annotations

from datetime import date
from typing import Any

from domain.carriers import Carrier
from domain.enterprises import Enterprise
from domain.stays import Stay, StayState
from domain.viewers import OPERATOR
from tests.graphql import served, signed_in
from tests.proofs import assert_whole, moved, refused
from tests.world import World, a_world
from workflows.perform import create

FIGURES = """query($from: Date!, $until: Date!) { carrierFigures(from: $from, until: $until) {
    carrier { name } inside gained left } }"""


async def a_carrier(world: World, name: str) -> Carrier:
    return await create(OPERATOR, Carrier, "open", within=world.zone, name=name, kind_of="university_park")


async def housed(world: World, carrier: Carrier, since: date, firm: Enterprise | None = None) -> Stay:
    viewer = await world.viewer(world.leader)
    return await create(viewer, Stay, "move_in", within=firm or world.enterprise, carrier=carrier, since=since)


async def figures(world: World, since: str, until: str) -> list[tuple[Any, ...]]:
    async with served() as http:
        found = await (await signed_in(http, world.leader)).ask(FIGURES, **{"from": since, "until": until})
    return sorted(
        (each["carrier"]["name"], each["inside"], each["gained"], each["left"]) for each in found["carrierFigures"]
    )


async def test_how_many_are_inside_on_a_day_and_how_many_a_year_gained(database: str) -> None:
    world = await a_world("LY")
    park, centre = await a_carrier(world, "国家大学科技园"), await a_carrier(world, "科创中心")
    firms = [await create(OPERATOR, Enterprise, "create", zone=world.zone, name=f"示例·LY·{n}") for n in range(3)]
    for firm, since in zip(firms, (date(2022, 12, 31), date(2023, 1, 1), date(2023, 12, 31)), strict=True):
        await housed(world, park, since, firm)
    moved_on = await housed(world, centre, date(2023, 6, 1), firms[0])
    await moved(world, world.leader, moved_on, "move_out", on=date(2024, 1, 1), reason="毕业")

    assert await figures(world, "2023-01-01", "2023-12-31") == [("国家大学科技园", 2, 2, 1), ("科创中心", 1, 1, 0)]
    assert await figures(world, "2022-01-01", "2022-12-31") == [("国家大学科技园", 1, 1, 0)]
    assert await figures(world, "2024-01-01", "2024-12-31") == [("国家大学科技园", 2, 0, 0), ("科创中心", 0, 0, 1)]
    await assert_whole()


async def test_an_enterprise_is_in_one_carrier_at_a_time(database: str) -> None:
    world = await a_world("LY")
    park, centre = await a_carrier(world, "国家大学科技园"), await a_carrier(world, "科创中心")
    first = await housed(world, park, date(2023, 3, 1))

    with refused("HOUSED_THERE"):
        await housed(world, park, date(2023, 4, 1))
    with refused("STAYS_OVERLAP"):
        await housed(world, centre, date(2023, 2, 28))
    await housed(world, centre, date(2023, 5, 1))

    first = await Stay.get(id=first.id)
    assert (first.state, first.ends_on) == (StayState.LEFT, date(2023, 5, 1))
    assert (await Enterprise.get(id=world.enterprise.id)).carrier_id == centre.id


async def test_where_only_the_carrier_is_said_the_stay_begins_and_ends_today(database: str) -> None:
    world = await a_world("LY")
    park = await a_carrier(world, "国家大学科技园")

    await moved(world, world.dispatcher, world.enterprise, "edit", name="示例·LY·001", carrier=park)
    [stay] = await Stay.all()
    assert (stay.carrier_id, stay.state) == (park.id, StayState.INSIDE)
    await moved(world, world.dispatcher, world.enterprise, "edit", name="示例·LY·001", carrier=park)
    await moved(world, world.dispatcher, world.enterprise, "edit", name="示例·LY·001")

    [stay] = await Stay.all()
    assert (stay.state, stay.ends_on) == (StayState.LEFT, stay.since)
    await assert_whole()
