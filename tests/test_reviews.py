"""Quarterly reviews: one status an enterprise and quarter on five topics, and which quarter is missing (HB-05)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from api.nodes import global_id
from domain import clock
from domain.enterprises import Enterprise
from domain.libraries import Library
from domain.library_entries import LibraryEntry
from domain.reviews import Review, days_of
from domain.viewers import OPERATOR
from tests.graphql import served, signed_in
from tests.helping import STANDINGS
from tests.proofs import assert_whole, moved, refused
from tests.world import World, a_world
from workflows.perform import create

JULY = datetime(2023, 7, 3, 2, tzinfo=UTC)
COVERAGE = """query($zone: ID!, $library: ID) { reviewCoverage(zoneId: $zone, year: 2023, libraryId: $library) {
    quarter eligible reviewed percent over missing unreviewed { nodes { name } } } }"""


@pytest.fixture
def july() -> Iterator[None]:
    with clock.stopped(JULY):
        yield


@pytest.fixture
async def world(database: str, july: None) -> World:
    return await a_world("HB")


async def a_review(world: World, quarter: int, **given: Any) -> Review:
    viewer = await world.viewer(world.companion)
    return await create(
        viewer, Review, "record", within=world.enterprise, year=2023, quarter=quarter, **STANDINGS, **given
    )


async def test_a_quarter_is_reviewed_once_and_never_before_it_begins(world: World) -> None:
    review = await a_review(world, 1, held_on=date(2023, 4, 3), note="需尽快落实平台")

    with refused("REVIEWED_ALREADY"):
        await a_review(world, 1)
    with refused("BEFORE_THE_QUARTER"):
        await a_review(world, 4)
    with refused("BAD_INPUT"):
        await a_review(world, 5)
    await moved(world, world.leader, review, "strike", reason="登错企业")
    assert (await a_review(world, 1)).talent.value == "on_course"
    await assert_whole()


async def test_it_is_told_which_quarter_is_missing_and_whom(world: World) -> None:
    await create(OPERATOR, Enterprise, "create", zone=world.zone, name="示例·HB·002")
    await a_review(world, 1)
    await a_review(world, 3)

    async with served() as http:
        leader = await signed_in(http, world.leader)
        found = (await leader.ask(COVERAGE, zone=global_id(world.zone)))["reviewCoverage"]
        contact = await signed_in(http, world.contact)
        seen = await contact.ask("{ reviews { totalCount } history { nodes { recordKind } } }")

    told = [(each["quarter"], each["reviewed"], each["percent"], each["over"], each["missing"]) for each in found]
    assert told == [
        (1, 1, "50.0", True, True), (2, 0, "0.0", True, True), (3, 1, "50.0", False, False), (4, 0, "0.0", False, False)
    ]
    assert [each["name"] for each in found[0]["unreviewed"]["nodes"]] == ["示例·HB·002"]
    assert (seen["reviews"]["totalCount"], seen["history"]["nodes"]) == (0, [])  # it is the offices' own


async def test_of_a_library_those_count_who_were_inside_at_the_quarters_end(world: World) -> None:
    leader = await world.viewer(world.leader)
    library = await create(leader, Library, "set_up", within=world.zone, name="后备库", stages=["培育"])
    entered = {"library": library, "entered_on": date(2023, 4, 1)}
    await create(leader, LibraryEntry, "admit", within=world.enterprise, **entered)
    await a_review(world, 2)

    async with served() as http:
        client = await signed_in(http, world.leader)
        given = {"zone": global_id(world.zone), "library": global_id(library)}
        found = (await client.ask(COVERAGE, **given))["reviewCoverage"]

    assert [(each["eligible"], each["reviewed"], each["missing"]) for each in found[:2]] == [
        (0, 0, False), (1, 1, False)
    ]


def test_quarters_have_their_days() -> None:
    assert [days_of(2024, each) for each in (1, 4)] == [
        (date(2024, 1, 1), date(2024, 3, 31)), (date(2024, 10, 1), date(2024, 12, 31)),
    ]
