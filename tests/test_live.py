"""Watching cases while they move: who is told what, by which transport, and when a stream ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest
from tortoise.connection import get_connection

from api import streams
from api.cases import CaseFilter
from api.live import TOUCHES
from api.nodes import global_id, key_of
from domain import clock, database
from domain.accounts import Session
from domain.cases import Case
from domain.chains import ChainLink
from domain.enterprises import Enterprise
from domain.history import Entry
from domain.people import Membership, Person
from domain.records import new_id
from domain.responsibilities import Responsibility
from domain.supervisions import Supervision
from domain.viewers import OPERATOR, Role, Viewer
from tests.live import BOARD, ONE, TASKS, Live, Watcher, serving, stream_of, token_of, watching
from tests.test_plans import both
from tests.world import World, a_case, a_dispatched_case, a_handled_case, a_person, a_world, the_responsibility
from workflows import announce, service_tokens
from workflows.announce import MOST_WAITING, Note
from workflows.parties import concerned, topics_of
from workflows.perform import create, perform
from workflows.sessions import ACCESS_LIFE


@pytest.fixture
async def world(database: str) -> World:
    return await a_world()


@pytest.fixture
async def live(database: str, world: World) -> AsyncIterator[Live]:
    async with serving(database) as served:
        yield served


async def submitted(world: World, case: Case) -> None:
    await perform(await world.viewer(world.companion), Case, case.id, "submit")


async def test_whoever_watches_a_case_is_told_of_its_moves_over_a_socket(world: World, live: Live) -> None:
    case, other = await a_case(world), await a_case(world)
    async with watching(live, world.companion, ONE, id=global_id(case)) as watcher:
        await submitted(world, other)
        await submitted(world, case)

        assert await watcher.event() == {
            "kind": "CHANGED", "caseId": global_id(case),
            "entries": [{"move": "submit", "label": "Submit for assignment"}],
            "case": {"title": "二期用地未获批", "state": "ASSIGNING", "owner": {"name": "GL伴员01"}},
        }


async def test_and_in_the_same_words_over_sse(world: World, live: Live) -> None:
    case = await a_case(world)
    async with stream_of(live, await token_of(world.companion), ONE, id=global_id(case)) as events:
        name, first = await anext(events)
        await submitted(world, case)
        _, second = await anext(events)

    assert (name, first["data"]["caseChanged"]["kind"]) == ("next", "REFETCH")
    told = second["data"]["caseChanged"]
    assert (told["kind"], told["case"]["state"]) == ("CHANGED", "ASSIGNING")


async def test_a_board_is_told_what_comes_into_its_filter_and_what_leaves_it(world: World, live: Live) -> None:
    case, other = await a_case(world), await a_case(world)
    dispatcher = await world.viewer(world.dispatcher)
    async with watching(live, world.dispatcher, BOARD, filter={"stage": ["ASSIGN"]}) as watcher:
        await perform(await world.viewer(world.companion), Case, other.id, "edit", title="还在收集")
        await submitted(world, case)
        came = await watcher.event()
        await perform(dispatcher, Case, case.id, "decline", reason="不属本区", basis="示例办法第一条")
        left = await watcher.event()

    assert (came["kind"], came["caseId"], came["case"]["state"]) == ("CHANGED", global_id(case), "ASSIGNING")
    assert left == {"kind": "REMOVED", "caseId": global_id(case), "entries": [], "case": None}


async def test_my_tasks_are_told_of_a_duty_of_my_department_and_of_its_end(world: World, live: Live) -> None:
    case = await a_case(world)
    await submitted(world, case)
    async with (
        watching(live, world.land_liaison, TASKS) as asked,
        watching(live, world.housing_liaison, TASKS) as not_asked,
    ):
        offers = [{"department": world.land, "part": "lead"}]
        await perform(await world.viewer(world.dispatcher), Case, case.id, "dispatch", offers=offers)
        offered = await asked.event()
        duty = await the_responsibility(case)
        await perform(
            await world.viewer(world.land_liaison), type(duty), duty.id, "return", reason="不属本局", basis="三定规定"
        )
        ended = await asked.event()

        assert (offered["kind"], offered["caseId"]) == ("CHANGED", global_id(case))
        assert (ended["kind"], ended["caseId"]) == ("REMOVED", global_id(case))
        assert await not_asked.nothing()


async def test_an_answer_demanded_is_a_task_of_who_must_give_it_and_then_of_who_demanded_it(
    world: World, live: Live
) -> None:
    case = await a_handled_case(world)
    duty = await the_responsibility(case)
    await Responsibility.filter(id=duty.id).update(state="done")
    leader, liaison = await world.viewer(world.leader), await world.viewer(world.land_liaison)
    async with (
        watching(live, world.land_liaison, TASKS) as asked,
        watching(live, world.leader, TASKS) as asking,
    ):
        demand = await create(
            leader, Supervision, "order", within=case, demand="为何迟迟未批", department=world.land
        )
        assert (await asked.event())["kind"] == "CHANGED"
        assert [await mine(each) for each in (liaison, leader)] == [1, 0]
        await perform(liaison, Supervision, demand.id, "answer", answer="已上会")
        assert (await asked.event())["kind"] == "REMOVED"
        assert (await asking.event())["kind"] == "CHANGED"
        assert [await mine(each) for each in (liaison, leader)] == [0, 1]
        await perform(leader, Supervision, demand.id, "accept")
        assert (await asking.event())["kind"] == "REMOVED"
        assert [await mine(each) for each in (liaison, leader)] == [0, 0]


async def mine(viewer: Viewer) -> int:
    """How many tasks the list has."""
    told, _ = await both("{ cases(filter: { mine: true }) { totalCount nodes { number } } }", viewer)
    assert told is not None and told["cases"]["totalCount"] == len(told["cases"]["nodes"])
    return int(told["cases"]["totalCount"])


async def test_an_owner_who_hands_a_case_over_is_told_that_it_is_gone_and_no_more(world: World, live: Live) -> None:
    case = await a_case(world)
    second = await a_person(world.zone, "GL伴员02", Role.COMPANION)
    administrator = await world.viewer(world.administrator)
    await perform(administrator, Enterprise, world.enterprise.id, "assign_companion", companion=second, reason="轮岗")
    async with (
        watching(live, world.companion, ONE, id=global_id(case)) as one,
        watching(live, world.companion, BOARD) as board,
        watching(live, second, TASKS) as tasks,
    ):
        await perform(await world.viewer(world.dispatcher), Case, case.id, "hand_over", companion=second, reason="轮岗")

        assert (await one.event())["kind"] == "REMOVED"
        assert (await one.hear())["type"] == "complete"
        assert (await board.event())["kind"] == "REMOVED"
        assert (await tasks.event())["kind"] == "CHANGED"
        await perform(await world.viewer(second), Case, case.id, "submit")
        assert (await tasks.event())["kind"] == "CHANGED"
        assert await board.nothing()


async def test_a_companion_given_an_enterprise_is_told_to_read_again(world: World, live: Live) -> None:
    second = await a_person(world.zone, "GL伴员02", Role.COMPANION)
    async with watching(live, second, BOARD) as given, watching(live, world.companion, BOARD) as taken:
        boss = await world.viewer(world.administrator)
        await perform(boss, Enterprise, world.enterprise.id, "assign_companion", companion=second, reason="轮岗")

        assert (await given.event())["kind"] == "REFETCH"
        assert (await taken.event())["kind"] == "REFETCH"


async def test_everyone_is_told_exactly_what_they_may_read(world: World, live: Live) -> None:
    other = await a_world("BY")
    people = [
        world.dispatcher, world.leader, world.auditor, world.companion, world.administrator, world.contact,
        world.land_liaison, world.housing_liaison, other.dispatcher, other.companion, other.contact,
    ]
    async with AsyncExitStack() as stack:
        watchers = [await stack.enter_async_context(watching(live, person, BOARD)) for person in people]
        case = await a_dispatched_case(world, world.land)
        duty = await the_responsibility(case)
        await perform(
            await world.viewer(world.land_liaison), type(duty), duty.id, "return", reason="不属本局", basis="三定规定"
        )
        told = await asyncio.gather(*map(told_until_quiet, watchers))

    for person, events in zip(people, told, strict=True):
        viewer = await world.viewer(person)
        may_read = {each.move for each in await Entry.seen_by(viewer).filter(subject_id=case.id)}
        moves = {entry["move"] for event in events for entry in event["entries"]}
        assert bool(events) == await Case.seen_by(viewer).filter(id=case.id).exists(), person.name
        assert moves <= may_read, person.name
        if person in (world.dispatcher, world.leader, world.auditor, world.companion):
            assert moves == may_read, person.name
        assert {event["caseId"] for event in events} <= {global_id(case)}
    assert [bool(events) for events in told] == [True] * 4 + [False, True, True] + [False] * 4


async def told_until_quiet(watcher: Watcher) -> list[dict[str, Any]]:
    events = []
    while True:
        try:
            async with asyncio.timeout(0.7):
                events.append(await watcher.event())
        except TimeoutError:
            return events


async def test_a_role_revoked_while_watching_shows_nothing_of_what_comes_after(world: World, live: Live) -> None:
    case = await a_case(world)
    held = await Membership.get(person_id=world.dispatcher.id)
    async with (
        watching(live, world.dispatcher, BOARD) as board,
        watching(live, world.dispatcher, ONE, id=global_id(case)) as one,
    ):
        await perform(await world.viewer(world.administrator), Membership, held.id, "revoke", reason="轮岗")
        await submitted(world, case)

        assert (await one.event())["kind"] == "REMOVED"
        assert (await one.hear())["type"] == "complete"
        assert (await board.event())["kind"] == "REFETCH"
        assert await board.nothing()


async def test_a_role_granted_while_watching_shows_what_comes_after(world: World, live: Live) -> None:
    case = await a_case(world)
    person = await a_person(world.zone, "新来的分办员")
    async with watching(live, person, BOARD) as board:
        await create(OPERATOR, Membership, "grant", within=person, role=Role.DISPATCHER, zone=world.zone)
        assert (await board.event())["kind"] == "REFETCH"
        await submitted(world, case)

        assert (await board.event())["caseId"] == global_id(case)


async def test_a_zone_founded_below_is_watched_from_then_on(world: World, live: Live) -> None:
    async with watching(live, world.leader, BOARD) as board:
        below = await a_world("XZ", world.zone)
        while (await board.event())["kind"] != "REFETCH":
            pass
        await told_until_quiet(board)
        case = await a_case(below)

        assert (await board.event())["caseId"] == global_id(case)


async def test_an_expired_token_ends_the_stream_at_the_next_event(world: World, live: Live) -> None:
    case = await a_case(world)
    token = await token_of(world.companion)
    async with (
        watching(live, world.companion, ONE, id=global_id(case)) as watcher,
        stream_of(live, token, ONE, id=global_id(case)) as events,
    ):
        await anext(events)
        with clock.stopped(clock.now() + ACCESS_LIFE + timedelta(seconds=2)):
            await submitted(world, case)

            assert await watcher.closed() == (4403, "The session has ended; sign in again.")
            assert watcher.errors == []
            _, told = await anext(events)
            assert await anext(events) == ("complete", None)
    assert told["errors"][0]["extensions"]["code"] == "SESSION_ENDED"
    assert told["data"] is None


async def test_a_session_that_ends_while_nothing_happens_ends_the_stream(
    world: World, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "CHECK_SECONDS", 0.1)
    async with serving(database) as live, watching(live, world.dispatcher, BOARD) as watcher:
        await Session.filter(person_id=world.dispatcher.id).update(ended_at=clock.now())

        assert (await watcher.closed())[0] == 4403


async def test_a_service_watches_for_a_person_until_its_token_is_revoked(world: World, live: Live) -> None:
    case = await a_case(world)
    service = await a_person(world.zone, "前端服务")
    row, token = await service_tokens.create(await world.viewer(world.administrator), service.id, "前端")
    async with stream_of(live, token, TASKS) as events:
        await anext(events)
        await service_tokens.revoke(await world.viewer(world.administrator), row.id, "更换")
        await submitted(world, case)
        _, told = await anext(events)

    assert told["errors"][0]["extensions"]["code"] == "SESSION_ENDED"


async def test_a_deactivated_person_watches_no_longer(world: World, live: Live) -> None:
    async with watching(live, world.leader, BOARD) as watcher:
        await perform(await world.viewer(world.administrator), Person, world.leader.id, "deactivate", reason="调离")

        assert (await watcher.closed())[0] == 4403


async def test_who_missed_events_is_told_to_read_again(world: World, live: Live) -> None:
    case = await a_case(world)
    async with watching(live, world.dispatcher, BOARD) as watcher:
        announce._announce(Note("case", world.zone.id, new_id(), 1, 1) for _ in range(MOST_WAITING + 1))
        assert (await watcher.event())["kind"] == "REFETCH"
        await submitted(world, case)

        while (event := await watcher.event())["kind"] == "REFETCH":
            pass
        assert event["caseId"] == global_id(case)


async def test_who_reads_slowly_costs_a_bounded_queue_and_is_told_to_read_again(world: World, live: Live) -> None:
    case = await a_case(world, description="长" * 4_000)
    query = "subscription { casesChanged { kind case { description } } }"
    async with watching(live, world.dispatcher, query) as watcher:
        watcher.socket.transport.pause_reading()
        (listener,) = streams._open
        note = Note("case", world.zone.id, case.id, 1, 1)
        sent = 0
        while len(listener.waiting) < MOST_WAITING // 2:
            announce._announce([note, Note("case", world.zone.id, new_id(), 1, 1)])
            sent += 1
            await asyncio.sleep(0.001)
        announce._announce(Note("case", world.zone.id, new_id(), 1, 1) for _ in range(1_000))
        assert len(listener.waiting) <= MOST_WAITING

        watcher.socket.transport.resume_reading()
        kinds = [(await watcher.event())["kind"]]
        while kinds[-1] != "REFETCH":
            kinds.append((await watcher.event())["kind"])

    assert set(kinds[:-1]) == {"CHANGED"}
    assert len(kinds) <= sent + 1


async def test_all_who_see_and_ask_the_same_are_answered_by_one_read(world: World, live: Live) -> None:
    case = await a_case(world)
    async with AsyncExitStack() as stack:
        many = [await stack.enter_async_context(watching(live, world.dispatcher, BOARD)) for _ in range(12)]
        reads = get_connection("reads")
        asked: list[str] = []
        ask = type(reads).execute_query_dict

        async def counted(self: Any, query: str, values: Any = None) -> Any:
            asked.append(query)
            return await ask(self, query, values)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(type(reads), "execute_query_dict", counted)
            announce._announce([Note("case", world.zone.id, case.id, 1, 1)])
            told = [await watcher.event() for watcher in many]

    assert [event["caseId"] for event in told] == [global_id(case)] * 12
    assert key_of(told[0]["caseId"], Case) == case.id
    assert len([each for each in asked if 'FROM "entry"' in each and "ORDER BY" in each]) == 1


async def test_a_server_that_stops_ends_what_is_watched(world: World, database: str) -> None:
    async with (
        serving(database) as live, watching(live, world.dispatcher, BOARD) as watcher,
        stream_of(live, await token_of(world.leader), BOARD) as events,
    ):
        await anext(events)
        live.server.should_exit = True

        _, told = await anext(events)
        assert await anext(events) == ("complete", None)
        code, _ = await watcher.closed()
    assert told["errors"][0]["extensions"]["code"] == "STOPPING"
    assert code == 1012
    assert announce.listeners() == set()


async def test_a_fault_is_told_by_its_number_and_the_watching_goes_on(
    world: World, live: Live, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    case = await a_case(world)
    async with watching(live, world.dispatcher, BOARD) as watcher:
        with monkeypatch.context() as patch:
            patch.setattr("api.subscriptions.event_plan", _broken)
            await submitted(world, case)
            told = await watcher.hear()
        await perform(await world.viewer(world.companion), Case, case.id, "edit", title="改过")

        assert told["payload"]["errors"][0]["extensions"]["fault"] in caplog.text
        assert (await watcher.event())["case"]["title"] == "改过"


def _broken(*_: Any) -> Any:
    raise OSError("the disk is gone")


async def test_whoever_sees_a_case_without_overseeing_its_zone_is_among_those_it_concerns(world: World) -> None:
    returned, handled, escalated = await a_dispatched_case(world), await a_handled_case(world), await a_case(world)
    duty = await the_responsibility(returned)
    liaison = await world.viewer(world.land_liaison)
    await perform(liaison, type(duty), duty.id, "return", reason="不属本局", basis="三定规定")
    await create(OPERATOR, ChainLink, "add", within=world.zone, level=1, title="专员", person=world.fallback_liaison)
    await perform(await world.viewer(world.companion), Case, escalated.id, "escalate", reason="久拖不决")
    people = [each for each in vars(world).values() if isinstance(each, Person)]

    seen = []
    for case in (returned, handled, escalated):
        parties = {("party", each) for each in await concerned(Note("case", world.zone.id, case.id, 1, 1))}
        for person in people:
            viewer = await world.viewer(person)
            if world.zone.id not in viewer.overseen and await Case.seen_by(viewer).filter(id=case.id).exists():
                assert not parties.isdisjoint(topics_of(viewer)), person.name
                seen.append(person.name)

    assert len(set(seen)) == 4


async def test_an_event_is_told_though_the_replica_of_postgres_does_not_know_of_it_yet(
    postgres_url: str, empty_postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with database.opened(empty_postgres_url):
        await database.migrate()
    monkeypatch.setenv("QIBAN_DATABASE_URL", postgres_url)
    monkeypatch.setenv("QIBAN_READS_URL", empty_postgres_url)
    async with database.opened():
        world = await a_world()
        case = await a_case(world)
        async with serving(postgres_url) as live, watching(live, world.dispatcher, BOARD) as watcher:
            await submitted(world, case)

            assert (await watcher.event())["caseId"] == global_id(case)


async def test_whatever_a_board_may_be_narrowed_by_says_what_takes_a_case_out_of_it(database: str) -> None:
    never_change = {"zone_id", "enterprise_id", "number"}

    assert {each.name for each in fields(CaseFilter)} == TOUCHES.keys() | never_change
    columns = {*Case.columns(), "responsibility", "supervision"}
    assert {column for columns_of in TOUCHES.values() for column in columns_of} <= columns


async def test_a_board_of_green_lights_is_told_of_a_case_whose_clock_is_stopped(world: World, live: Live) -> None:
    case = await a_handled_case(world)
    async with watching(live, world.leader, BOARD, filter={"light": ["GREEN"]}) as board:
        await perform(await world.viewer(world.companion), Case, case.id, "edit", title="在办")
        green = await board.event()
        await perform(await world.viewer(world.leader), Case, case.id, "pause", reason="待上级批复")
        stopped = await board.event()

    assert (green["kind"], stopped["kind"], stopped["caseId"]) == ("CHANGED", "REMOVED", global_id(case))
