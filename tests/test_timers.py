"""The clock as an actor: a timer for every alarm, in step with its record, fired once, in order, never too early."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain import clock
from domain.cases import Case
from domain.database import lock, opened, transaction
from domain.history import Entry
from domain.records import new_id
from domain.responsibilities import Responsibility, ResponsibilityState
from domain.timers import Set, Timer, arm, lift
from domain.writing import written
from tests.proofs import assert_whole, moved
from tests.world import World, a_case, a_dispatched_case, a_world, fixed, the_clock_acts, the_responsibility
from workflows import timers
from workflows.cases import CASE
from workflows.flow import Alarm
from workflows.perform import perform
from workflows.rearming import rebuild
from workflows.responsibilities import RESPONSIBILITY

S = ResponsibilityState
MONDAY = datetime(2026, 3, 2, 2, tzinfo=UTC)
WEDNESDAY = MONDAY + timedelta(days=2)
SECOND = timedelta(seconds=1)
SECRET = "13800000000"


@pytest.fixture
def monday() -> Iterator[None]:
    with clock.stopped(MONDAY):
        yield


@pytest.fixture(autouse=True)
def one_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Timers are looked at by one alarm; what the others are for stands in test_clock_moves."""
    monkeypatch.setattr(RESPONSIBILITY, "alarms", (Alarm("return_by", "sign_by_lapse", (S.OFFERED,)),))
    monkeypatch.setattr(CASE, "alarms", ())


@pytest.fixture
async def world(database: str, monday: None) -> World:
    return await a_world()


async def test_an_alarm_is_set_with_the_move_that_calls_for_it_and_lifted_with_the_one_that_ends_it(
    world: World
) -> None:
    case = await a_dispatched_case(world, world.land, world.housing)
    duties = [await the_responsibility(case, each) for each in (world.land, world.housing)]

    assert await alarms() == {(duty.id, "sign_by_lapse", duty.return_by) for duty in duties}

    await moved(world, world.land_liaison, duties[0], "sign")

    assert await alarms() == {(duties[1].id, "sign_by_lapse", duties[1].return_by)}


async def test_a_timer_fires_when_its_instant_has_passed_and_not_again(world: World) -> None:
    duty = await the_responsibility(await a_dispatched_case(world))

    with clock.stopped(duty.return_by):
        assert await the_clock_acts() == []
    with clock.stopped(duty.return_by + SECOND):
        assert await the_clock_acts() == ["sign_by_lapse"]
        assert await the_clock_acts() == []

    assert (await the_timer()).fired_at == duty.return_by + SECOND
    assert await Entry.filter(move="sign_by_lapse").count() == 1
    await assert_whole()


async def test_what_fired_for_an_instant_fires_again_for_a_new_one_only(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RESPONSIBILITY, "alarms", (Alarm("due_at", "release", (S.FIXED,)),))
    case = await a_dispatched_case(world)
    duty = await fixed(world, await the_responsibility(case), world.land_liaison)
    await Timer.all().update(wake_at=None, fired_at=MONDAY)

    await moved(world, world.leader, case, "pause", reason="等规划调整")
    await moved(world, world.leader, case, "resume", reason="规划已调整")
    assert (await the_timer()).fired_at == MONDAY

    later = (clock.today() + timedelta(days=40)).date()
    await moved(world, world.land_liaison, duty, "ask_extension", due_on=later, reason="等批复")
    granted = await moved(world, world.dispatcher, duty, "grant_extension")
    again = await the_timer()
    assert (again.due_at, again.wake_at, again.fired_at) == (granted.due_at, granted.due_at, None)


async def test_the_alarms_of_a_change_are_set_in_one_statement_and_without_any_there_is_none(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    case = await a_case(world)
    with told_of_timers(caplog) as told:
        await moved(world, world.companion, case, "submit")
    assert told == []

    offers = [{"department": each, "part": "joint"} for each in (world.land, world.housing, world.fallback)]
    with told_of_timers(caplog) as told:
        await moved(world, world.dispatcher, case, "dispatch", offers=offers)
    assert len(told) == 1
    assert await Timer.all().count() == 3


async def test_what_the_flow_refuses_is_done_with_and_says_why(world: World) -> None:
    duty = await the_responsibility(await a_dispatched_case(world))
    await Timer.all().update(wake_at=MONDAY - SECOND)

    assert await the_clock_acts() == []

    timer = await the_timer()
    assert (timer.refusal, timer.wake_at, timer.fired_at) == ("WINDOW_OPEN", None, MONDAY)
    assert (await Responsibility.get(id=duty.id)).state is S.OFFERED


async def test_a_fault_keeps_no_other_waiting_is_tried_again_and_at_last_parked(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    duties = [await the_responsibility(await a_dispatched_case(world)) for _ in range(3)]

    async def fails(viewer: Any, model: Any, record_id: Any, move: str) -> Any:
        if record_id == duties[0].id:
            raise RuntimeError(SECRET)
        return await perform(viewer, model, record_id, move)

    monkeypatch.setattr(timers, "perform", fails)
    with clock.stopped(WEDNESDAY):
        assert await the_clock_acts() == ["sign_by_lapse"] * 2
        broken = await Timer.get(record_id=duties[0].id)
        assert (broken.attempts, broken.wake_at) == (1, WEDNESDAY + timers.BACK_OFF)
    for _ in range(timers.MOST_ATTEMPTS - 1):
        assert broken.wake_at
        with clock.stopped(broken.wake_at + SECOND):
            assert await the_clock_acts() == []
        broken = await Timer.get(record_id=duties[0].id)

    assert (broken.attempts, broken.wake_at, broken.fired_at) == (timers.MOST_ATTEMPTS, None, None)
    assert broken.last_error.startswith("RuntimeError at test_timers.py:")
    assert "is parked" in caplog.text
    assert SECRET not in caplog.text


async def test_a_backlog_is_caught_up_in_the_order_in_which_it_was_due_and_told(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    cases = []
    for days in (2, 0, 1):
        with clock.stopped(MONDAY + timedelta(days=days)):
            cases.append(await a_dispatched_case(world, world.land, world.housing))

    with clock.stopped(MONDAY + timedelta(days=4)):
        assert await timers.fire_due() == 0.0
        assert await timers.fire_due() is None

    fired = await Entry.filter(move="sign_by_lapse").order_by("id").values_list("subject_id", flat=True)
    assert fired == [case.id for case in (cases[1], cases[1], cases[2], cases[2], cases[0], cases[0])]
    assert "6 timers are overdue since 2026-03-03T" in caplog.text
    assert "caught up" in caplog.text
    await assert_whole()


async def test_an_idle_clock_asks_one_question_and_knows_when_to_ask_again(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    duty = await the_responsibility(await a_dispatched_case(world))

    with told_of_timers(caplog) as told:
        assert await timers.fire_due() == (duty.return_by - MONDAY).total_seconds()
    assert len(told) == 1


async def test_timers_are_made_again_from_the_records_just_as_they_were(world: World) -> None:
    offered = await a_dispatched_case(world, world.land, world.housing)
    signed = await the_responsibility(await a_dispatched_case(world))
    await moved(world, world.land_liaison, signed, "sign")
    before = await alarms()
    assert await rebuild() == 0

    await Timer.all().delete()
    assert await rebuild() == 2 == await Responsibility.filter(case_id=offered.id).count()
    assert await alarms() == before

    await Timer.all().update(due_at=WEDNESDAY, wake_at=WEDNESDAY)
    stray: dict[str, Any] = {"zone_id": world.zone.id, "subject_id": offered.id, "due_at": MONDAY, "wake_at": MONDAY}
    await Timer.create(record_kind="responsibility", record_id=signed.id, move="sign_by_lapse", **stray)
    await Timer.create(record_kind="responsibility", record_id=signed.id, move="no_longer", **stray)
    assert await rebuild() == 4
    assert await alarms() == before


async def test_thousands_of_timers_are_set_and_taken_back_at_once(world: World) -> None:
    records = [new_id() for _ in range(1_200)]
    every = [(record_id, move) for record_id in records for move in ("remind", "overdue")]

    async with written() as writing:
        arm([
            Set(new_id(), world.zone.id, world.zone.id, "responsibility", record_id, move, MONDAY, MONDAY)
            for record_id, move in every
        ], writing)
    assert await Timer.all().count() == len(every)
    async with written() as writing:
        lift(every[1:], writing)

    assert [(timer.record_id, timer.move) for timer in await Timer.all()] == every[:1]


async def test_when_the_clock_jumps_back_history_does_not_and_nothing_fires_early_or_is_lost(world: World) -> None:
    case = await a_dispatched_case(world)
    duty = await the_responsibility(case)
    ahead = duty.return_by - SECOND
    with clock.stopped(ahead):
        await moved(world, world.companion, case, "edit", title="改题")

    with clock.stopped(MONDAY + SECOND):
        await moved(world, world.companion, case, "edit", title="又改题")
        assert await the_clock_acts() == []
    with clock.stopped(duty.return_by + SECOND):
        assert await the_clock_acts() == ["sign_by_lapse"]
    with clock.stopped(MONDAY + SECOND):
        assert await the_clock_acts() == []

    chain = await Entry.filter(subject_id=case.id).order_by("sequence")
    assert [each.at for each in chain[-3:]] == [ahead, ahead, duty.return_by + SECOND]
    assert [each.at for each in chain] == sorted(each.at for each in chain)
    await assert_whole()


async def test_the_clock_waits_for_nobody_who_is_at_a_case_and_comes_back_to_it(postgres_url: str) -> None:
    async with opened(postgres_url):
        with clock.stopped(MONDAY):
            world = await a_world()
            busy, free = await a_dispatched_case(world), await a_dispatched_case(world)
        held, done = asyncio.Event(), asyncio.Event()

        async def hold() -> None:
            async with transaction():
                await lock(Case.filter(id=busy.id))
                held.set()
                await done.wait()

        holding = asyncio.create_task(hold())
        await held.wait()
        with clock.stopped(WEDNESDAY):
            async with asyncio.timeout(5):
                assert await timers.fire_due() == timers.WHILE_HELD
            assert await Entry.filter(move="sign_by_lapse").values_list("subject_id", flat=True) == [free.id]
            done.set()
            await holding
            assert await the_clock_acts() == ["sign_by_lapse"]


async def alarms() -> set[tuple[Any, str, datetime]]:
    """What is to be done when, as the timers have it."""
    waiting = await Timer.filter(wake_at__not_isnull=True)
    assert all(timer.wake_at == timer.due_at for timer in waiting)
    return {(timer.record_id, timer.move, timer.due_at) for timer in waiting}


async def the_timer() -> Timer:
    return await Timer.get()


@contextmanager
def told_of_timers(caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    """Every statement about timers made in the block."""
    told: list[str] = []
    caplog.clear()
    with caplog.at_level(logging.DEBUG, "tortoise.db_client"):
        yield told
    told += [record.getMessage() for record in caplog.records if '"timer"' in record.getMessage()]
