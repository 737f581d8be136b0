"""Libraries of cultivation: stage by stage without skipping, what is asked on entry, how one leaves and when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from tortoise.exceptions import IntegrityError

from api.nodes import global_id
from domain import clock
from domain.applications import Application
from domain.campaigns import Campaign
from domain.kinds import RecognitionKind
from domain.libraries import Library
from domain.library_entries import LibraryEntry, LibraryEntryState
from domain.people import Person
from domain.recognitions import Recognition
from tests.graphql import served, signed_in
from tests.proofs import assert_whole, moved, refused
from tests.world import World, a_world
from workflows.perform import create

S, K = LibraryEntryState, RecognitionKind
MONDAY = datetime(2023, 7, 3, 2, tzinfo=UTC)
TODAY = date(2023, 7, 3)
FOUR = ["优选", "培育", "成熟", "申报"]
FIVE_FIELDS = ["知识产权", "科技人员比例", "研发投入强度", "科研管理水平", "经营状况"]


@pytest.fixture
def monday() -> Iterator[None]:
    with clock.stopped(MONDAY):
        yield


@pytest.fixture
async def world(database: str, monday: None) -> World:
    return await a_world("KRM")


async def test_an_entry_goes_stage_by_stage_and_back_with_a_reason(world: World) -> None:
    entry = await admitted(world, await a_library(world))
    assert (entry.stage, entry.stage_name, entry.state) == (0, "优选", S.INSIDE)

    with refused("FIRST_STAGE"):
        await moved(world, world.companion, entry, "step_back", reason="指标回落")
    names = [(await moved(world, world.companion, entry, "advance")).stage_name for _ in range(3)]
    assert names == ["培育", "成熟", "申报"]
    with refused("LAST_STAGE"):
        await moved(world, world.companion, entry, "advance")
    with refused("REQUIRED"):
        await moved(world, world.companion, entry, "step_back")
    assert (await moved(world, world.companion, entry, "step_back", reason="指标回落")).stage_name == "成熟"
    await assert_whole()


async def test_stages_are_the_zones_own_and_stay_once_there_are_entries(world: World) -> None:
    library = await a_library(world, name="科技型中小企业培育库", stages=["储备", "培育", "提升"])
    other = ["创办", "培育", "成熟", "推荐"]
    library = await moved(world, world.leader, library, "edit", name=library.name, stages=other)
    assert (await admitted(world, library)).stage_name == "创办"

    with refused("STAGES_IN_USE"):
        await moved(world, world.leader, library, "edit", name=library.name, stages=["储备", "培育", "提升"])
    many = [str(n) for n in range(13)]
    for stages, code in (([], "REQUIRED"), (["培育", "培育"], "NAMED_TWICE"), (many, "BAD_INPUT")):
        with refused(code):
            await a_library(world, name="又一库", stages=stages)
    with refused("LIBRARY_NAMED"):
        await a_library(world, name=library.name)
    with refused("OTHER_ZONE"):
        await a_library(world, name="又一库", department=(await a_world("XY")).land)


async def test_the_fast_track_is_there_where_the_zone_has_one(world: World) -> None:
    slow = await admitted(world, await a_library(world))
    with refused("NO_FAST_TRACK"):
        await moved(world, world.leader, slow, "fast_track", reason="已获省级奖")

    quick = await admitted(world, await a_library(world, name="直通库", fast_track="获省级以上科技奖"))
    with refused("NOT_ALLOWED"):
        await moved(world, world.companion, quick, "fast_track", reason="已获省级奖")
    quick = await moved(world, world.leader, quick, "fast_track", reason="已获省级奖")
    assert (quick.stage_name, quick.fast_tracked) == ("申报", True)


async def test_weights_add_up_or_there_are_none(world: World) -> None:
    for weights in (["30", "30", "30", "5", "4.99"], ["50", "50", None, None, None], ["0.01"]):
        with refused("WEIGHTS_ADD_UP"):
            await a_library(world, criteria=scorecard(*weights))
    with refused("NO_WEIGHTS"):
        await a_library(world, criteria=scorecard(), passing="60")
    with refused("OUT_OF_REACH"):
        await a_library(world, criteria=scorecard(*WEIGHTS), passing="100.01")
    with refused("NAMED_TWICE"):
        await a_library(world, criteria=[{"name": "知识产权"}, {"name": "知识产权"}])

    library = await a_library(world, criteria=scorecard(*WEIGHTS), passing="60")
    assert [each["weight"] for each in library.criteria] == ["33.3", "33.3", "33.3", "0.05", "0.05"]


async def test_an_entry_is_scored_in_each_field_and_reaches_the_passing_total(world: World) -> None:
    library = await a_library(world, criteria=scorecard("20", "20", "20", "20", "20"), passing="60")

    for scores in ([], ["60"], ["60", "60", "60", "60", "101"]):
        with refused("SCORE_EACH"):
            await admitted(world, library, scores=scored(*scores))
    with refused("BELOW_PASSING"):
        await admitted(world, library, scores=scored("60", "60", "60", "60", "59.9"))
    entry = await admitted(world, library, scores=scored("60", "60", "60", "50", "70"))
    assert entry.score == Decimal(60)


async def test_without_weights_no_total_is_told(world: World) -> None:
    library = await a_library(world, criteria=scorecard())

    entry = await admitted(world, library, scores=scored("90", "80", "70", "60", "50"))

    assert (entry.score, len(entry.scores)) == (None, 5)


async def test_a_plan_is_required_where_the_zone_says_so(world: World) -> None:
    library = await a_library(world, plan_required=True)

    with refused("PLAN_REQUIRED"):
        await admitted(world, library)
    assert (await admitted(world, library, plan="一年内补齐知识产权")).plan


async def test_an_enterprise_is_inside_once_and_may_come_back(world: World) -> None:
    library = await a_library(world)
    entry = await admitted(world, library)
    with refused("INSIDE_ALREADY"):
        await admitted(world, library)
    with pytest.raises(IntegrityError):
        row = {name: getattr(entry, name) for name in entry.columns() if name != "id"}
        await LibraryEntry.create(**row)
    with refused("LEFT_FIRST"):
        await moved(world, world.companion, entry, "exit", left_on=date(2023, 7, 2), reason="迁出")

    gone = await moved(world, world.companion, entry, "exit", reason="迁出")
    assert (gone.state, gone.left_on, gone.left_because) == (S.EXITED, TODAY, "迁出")
    await admitted(world, library)
    library = await moved(world, world.leader, library, "close", reason="年度结束")
    with refused("LIBRARY_CLOSED"):
        await admitted(world, library)


async def test_a_library_of_projects_holds_each_by_its_title(world: World) -> None:
    library = await a_library(world, name="科技项目库", members="projects", recognised_as=K.PROJECT)

    with refused("REQUIRED"):
        await admitted(world, library)
    await admitted(world, library, title="高温合金")
    await admitted(world, library, title="碳纤维")
    with refused("INSIDE_ALREADY"):
        await admitted(world, library, title="碳纤维")
    await create(
        await world.viewer(world.leader), Recognition, "record", within=world.enterprise, recognised_as=K.PROJECT,
        title="高温合金", recognised_on=TODAY,
    )
    states = {each.title: each.state for each in await LibraryEntry.all()}
    assert states == {"高温合金": S.GRADUATED, "碳纤维": S.INSIDE}


async def test_being_recognised_graduates_and_the_days_to_the_application_are_known(world: World) -> None:
    library = await a_library(world)
    entry = await admitted(world, library, entered_on=date(2023, 3, 1))
    leader = await world.viewer(world.leader)
    campaign = await create(
        leader, Campaign, "announce", within=world.zone, name="第一批", year=2023, recognised_as=K.HIGH_TECH,
        opens_on=date(2023, 5, 1), closes_on=date(2023, 8, 1),
    )
    application = await create(leader, Application, "draft", within=world.enterprise, campaign=campaign)
    await moved(world, world.leader, application, "submit", submitted_on=date(2023, 6, 1))
    assert (await LibraryEntry.get(id=entry.id)).applied_on == date(2023, 6, 1)

    await moved(world, world.leader, application, "recognise", recognised_on=TODAY)

    entry = await LibraryEntry.get(id=entry.id)
    held = await Recognition.get(application_id=application.id)
    assert (entry.state, entry.recognition_id, entry.left_on) == (S.GRADUATED, held.id, TODAY)
    await assert_whole()
    async with served() as http:
        found = await (await signed_in(http, world.leader)).ask(
            '{ libraryFigures(from: "2023-01-01", until: "2023-12-31") { library { name } inside entered graduated'
            " exited applied medianDaysToApplication stages { name count } }"
            " libraryEntries { nodes { daysToApplication } } }"
        )
    assert found["libraryFigures"] == [{
        "library": {"name": library.name}, "inside": 0, "entered": 1, "graduated": 1, "exited": 0, "applied": 1,
        "medianDaysToApplication": "92.0", "stages": [{"name": name, "count": 0} for name in FOUR],
    }]
    assert found["libraryEntries"]["nodes"] == [{"daysToApplication": 92}]


async def test_libraries_over_the_api(world: World) -> None:
    library = await a_library(
        world, criteria=scorecard(*WEIGHTS), entitlements=["入驻众创空间", "入驻中试基地"], department=world.land
    )
    async with served() as http:
        liaison, contact = await signed_in(http, world.companion), await signed_in(http, world.contact)
        scores = [{"name": name, "score": "80.5"} for name in FIVE_FIELDS]
        given: dict[str, Any] = {"enterpriseId": global_id(world.enterprise), "libraryId": global_id(library)}
        given["scores"] = scores
        made = await liaison.do("admitToLibrary", "libraryEntry { id score scores { name score } }", **given)
        floats = await liaison.do("admitToLibrary", **{**given, "scores": [{"name": "知识产权", "score": 80.5}]})
        await liaison.do("advanceLibraryEntry", id=made["libraryEntry"]["id"])
        seen = await contact.ask(
            "{ libraries { nodes { stages criteria { name weight } entitlements } }"
            " libraryEntries(filter: {state: [INSIDE], stage: [1]}) { nodes { stageName library { entitlements } } } }"
        )
        figures = await (await signed_in(http, world.land_liaison)).ask("{ libraryFigures { inside } }")

    assert (made["libraryEntry"]["score"], made["libraryEntry"]["scores"]) == ("80.5", scores)
    assert [each["code"] for each in floats["refusals"]] == ["NOT_EXACT"]
    assert seen["libraries"]["nodes"][0]["criteria"][0] == {"name": "知识产权", "weight": "33.3"}
    assert seen["libraryEntries"]["nodes"] == [
        {"stageName": "培育", "library": {"entitlements": ["入驻众创空间", "入驻中试基地"]}}
    ]
    assert figures["libraryFigures"] == [{"inside": 1}]


WEIGHTS = ("33.3", "33.3", "33.3", "0.05", "0.05")


def scorecard(*weights: str | None) -> list[dict[str, Any]]:
    given = [*weights, *[None] * (5 - len(weights))]
    return [{"name": name, "weight": weight} for name, weight in zip(FIVE_FIELDS, given, strict=True)]


def scored(*scores: str) -> list[dict[str, Any]]:
    return [{"name": name, "score": score} for name, score in zip(FIVE_FIELDS, scores, strict=False)]


async def a_library(world: World, by: Person | None = None, **given: Any) -> Library:
    given = {"name": "高新技术企业培育库", "stages": FOUR, "recognised_as": K.HIGH_TECH, **given}
    return await create(await world.viewer(by or world.leader), Library, "set_up", within=world.zone, **given)


async def admitted(world: World, library: Library, by: Person | None = None, **given: Any) -> LibraryEntry:
    viewer = await world.viewer(by or world.companion)
    return await create(viewer, LibraryEntry, "admit", within=world.enterprise, library=library, **given)
