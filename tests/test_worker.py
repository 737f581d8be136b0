"""The worker: duties side by side, any number of processes, each timer once whoever is killed, clean stops."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import pytest
from tortoise.queryset import QuerySet

from domain import clock
from domain.cases import Case
from domain.history import Entry, entry_hash
from domain.records import new_id
from domain.responsibilities import Part, Responsibility, ResponsibilityState
from domain.timers import Timer
from tests.world import a_dispatched_case, a_world, the_responsibility
from workflows import worker
from workflows.changes import columns_of
from workflows.duties import DUTIES
from workflows.rearming import rebuild
from workflows.worker import Duty, duty, running

TIMERS = int(os.environ.get("QIBAN_TEST_TIMERS", "240"))
WORKERS = int(os.environ.get("QIBAN_TEST_WORKERS", "4"))
PATIENCE = 30 + TIMERS / 10


@pytest.fixture
def duties(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Duty]]:
    """No duties but the test's own."""
    own: dict[str, Duty] = {}
    monkeypatch.setattr(worker, "DUTIES", own)
    yield own


async def test_a_duty_that_fails_is_tried_again_and_keeps_no_other_waiting(
    duties: dict[str, Duty], caplog: pytest.LogCaptureFixture
) -> None:
    tries: Counter[str] = Counter()

    @duty("broken", every=0.001)
    async def broken() -> None:
        tries["broken"] += 1
        if tries["broken"] < 4:
            raise RuntimeError("13800000000")

    @duty("sound", every=0.001)
    async def sound() -> float:
        tries["sound"] += 1
        return 0.0

    async with running():
        await asyncio.sleep(0.1)

    assert tries["broken"] > 5
    assert tries["sound"] > tries["broken"]
    assert [record.getMessage().split(";")[0] for record in caplog.records if record.levelname == "ERROR"] == [
        "broken failed (RuntimeError)"
    ] * 3
    assert "13800000000" not in caplog.text


async def test_a_duty_finishes_the_part_it_is_at_before_the_worker_stops(duties: dict[str, Duty]) -> None:
    begun, finished = asyncio.Event(), []

    @duty("slow", every=60.0)
    async def slow() -> float:
        begun.set()
        await asyncio.sleep(0.05)
        finished.append("part")
        return 0.0

    async with running():
        await begun.wait()

    assert finished == ["part"]


async def test_a_duty_that_never_ends_is_cut_off(duties: dict[str, Duty], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "GRACE_SECONDS", 0.01)
    begun = asyncio.Event()

    @duty("endless", every=60.0)
    async def endless() -> None:
        begun.set()
        await asyncio.Event().wait()

    async with asyncio.timeout(5):
        async with running():
            await begun.wait()


def test_no_two_duties_go_by_one_name(duties: dict[str, Duty]) -> None:
    async def nothing() -> None:
        pass

    duty("one", every=1.0)(nothing)

    with pytest.raises(AssertionError):
        duty("one", every=1.0)(nothing)


async def test_four_workers_one_of_them_killed_make_every_move_once(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QIBAN_DATABASE_URL", database)
    await a_backlog(TIMERS)

    async with asyncio.timeout(PATIENCE), some_workers(WORKERS) as workers:
        await until_fired(TIMERS // 3)
        workers[0].kill()
        await until_fired(TIMERS)

    await each_once(TIMERS)
    assert [each.returncode for each in workers] == [-signal.SIGKILL, *[0] * (WORKERS - 1)]


async def test_a_worker_that_starts_late_catches_up_and_says_so(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QIBAN_DATABASE_URL", database)
    await a_backlog(20)
    async with asyncio.timeout(PATIENCE), some_workers(1) as (first,):
        await until_fired(2)
        first.kill()
    left = await lapsed().filter(fired_at=None).count()

    async with asyncio.timeout(PATIENCE), some_workers(1) as (second,):
        await until_fired(20)
        second.terminate()
        said = (await second.communicate())[1].decode()

    overdue = re.search(r"(\d+) timers are overdue since ", said)
    assert overdue and int(overdue[1]) >= left > 0
    assert "is at work: " in said
    assert "has stopped" in said
    assert second.returncode == 0
    order = await Entry.filter(move="sign_by_lapse").order_by("id").values_list("record_id", flat=True)
    due = await lapsed().order_by("due_at").values_list("record_id", flat=True)
    assert order == due
    await each_once(20)


def test_the_house_has_these_duties() -> None:
    assert {"timers", "rearm timers", "forget sessions", "forget answers"} <= DUTIES.keys()


async def a_backlog(size: int, first: datetime | None = None, apart: timedelta = timedelta(seconds=1)) -> None:
    """Offers that departments let pass, two in a case, as if they had been made by hand; long ago unless told when."""
    with clock.stopped(clock.now() - timedelta(days=30)):
        case = await a_dispatched_case(await a_world())
    # Only what lapses: no other deadline runs.
    for model in (Case, Responsibility):
        await model.all().update(due_at=None, yellow_at=None, red_at=None, grey=None)
    await Timer.exclude(move="sign_by_lapse").delete()
    case = await Case.get(id=case.id)
    duty = await the_responsibility(case)
    cases = [
        Case(**{**columns_of(case), "id": new_id(), "number": f"BL-{n}", "sequence": 0, "head": "",
                "open_responsibilities": 2, "unfixed_responsibilities": 2})
        for n in range((size - 1) // 2)
    ]
    offers = [
        Responsibility(**{**columns_of(duty), "id": new_id(), "case_id": each.id, "part": part,
                          "return_by": (first or duty.return_by) + apart * (2 * n + (part is Part.JOINT))})
        for n, each in enumerate([case, *cases], 1) for part in (Part.LEAD, Part.JOINT)
        if (each, part) != (case, Part.LEAD)
    ]
    await Case.bulk_create(cases)
    await Responsibility.bulk_create(offers)
    assert await rebuild() == size - 1


@asynccontextmanager
async def some_workers(count: int) -> AsyncIterator[list[asyncio.subprocess.Process]]:
    """`qiban worker`, so many times; those still there at the end are asked to stop, and do."""
    command = [sys.executable, "-m", "api.cli", "worker", "--lang", "en"]
    workers = [await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE) for _ in range(count)]
    try:
        yield workers
        for each in workers:
            if each.returncode is None:
                each.terminate()
        for each in workers:
            _, said = await asyncio.wait_for(each.communicate(), 30)
            print(each.returncode, said.decode())  # shown when the test fails
    finally:
        for each in workers:
            if each.returncode is None:
                each.kill()
                await each.communicate()


async def until_fired(count: int) -> None:
    while await lapsed().filter(fired_at__not_isnull=True).count() < count:  # noqa: ASYNC110 (others fire them)
        await asyncio.sleep(0.02)


def lapsed() -> QuerySet[Timer]:
    """The timers of the backlog; a worker may meanwhile have found others to set."""
    return Timer.filter(move="sign_by_lapse")


async def each_once(count: int) -> None:
    """Every responsibility was signed for, by one entry, in a chain that is whole."""
    assert await lapsed().filter(fired_at__not_isnull=True, refusal=None).count() == await lapsed().count() == count
    assert await Responsibility.filter(state=ResponsibilityState.SIGNED).count() == count
    signed = await Entry.filter(move="sign_by_lapse")
    assert len(signed) == len({entry.record_id for entry in signed}) == count
    chains: dict[object, list[Entry]] = {}
    for entry in await Entry.filter(subject_kind="case").order_by("sequence"):
        chains.setdefault(entry.subject_id, []).append(entry)
    for chain in chains.values():
        assert [each.sequence for each in chain] == list(range(1, len(chain) + 1))
        assert [each.previous for each in chain] == ["", *(each.hash for each in chain[:-1])]
        assert [each.hash for each in chain] == [entry_hash(each) for each in chain]
