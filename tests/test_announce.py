"""Who hears of a change: everyone who listens, in every process, once it is committed, and only then."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

import asyncpg  # type: ignore[import-untyped]
import pytest

from domain import database as storage
from domain import listening
from domain.cases import Case
from domain.records import new_id
from domain.refusals import Refused
from domain.viewers import OPERATOR
from domain.writing import written
from domain.zones import Zone
from tests.world import World, a_case, a_world
from workflows import announce
from workflows.announce import MOST_WAITING, Listener, Note, announcing
from workflows.perform import changing, create, perform

SECONDS = 10


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    """A zone whose changes are announced in this process."""
    made = await a_world()
    async with announcing(database):
        yield made


async def heard(listener: Listener, many: int = 1) -> list[Note]:
    """The next so many notes; none may be missed."""
    notes: list[Note] = []
    async with asyncio.timeout(SECONDS):
        while len(notes) < many:
            missed, note = await listener.heard()
            assert note and not missed
            notes.append(note)
    return notes


async def a_told_case(world: World) -> Case:
    """A case whose collection everyone has heard of, and so of all that came before it."""
    with Listener([("case", world.zone.id)]) as listener:
        case = await a_case(world)
        while (await heard(listener))[-1].subject_id != case.id:
            pass
    return case


async def test_a_change_is_told_to_those_who_listen_to_its_subject_or_its_zone(world: World) -> None:
    case, other = await a_told_case(world), await a_told_case(world)
    with Listener([case.id]) as one, Listener([("case", world.zone.id)]) as board, Listener([other.id]) as elsewhere:
        await perform(await world.viewer(world.companion), Case, case.id, "submit")

        case = await Case.get(id=case.id)
        told = Note("case", world.zone.id, case.id, case.sequence, case.sequence)
        assert await heard(one) == [told]
        assert await heard(board) == [told]
        assert not elsewhere.waiting
    assert announce.listeners() == set()


async def test_one_change_of_many_moves_is_told_once_for_each_subject(world: World) -> None:
    first, second = await a_told_case(world), await a_told_case(world)
    companion = await world.viewer(world.companion)
    with Listener([first.id, second.id]) as listener:
        async with changing(companion):
            for case in (first, second):
                await perform(companion, Case, case.id, "edit", title="改过的标题")
                await perform(companion, Case, case.id, "submit")

        notes = await heard(listener, 2)

    assert [(note.subject_id, note.last - note.first) for note in notes] == [(first.id, 1), (second.id, 1)]


async def test_what_is_rolled_back_is_told_to_nobody(world: World) -> None:
    case = await a_told_case(world)
    companion = await world.viewer(world.companion)
    with Listener([case.id]) as listener:
        with pytest.raises(Refused):
            async with changing(companion):
                await perform(companion, Case, case.id, "edit", title="不会留下的标题")
                await perform(companion, Case, case.id, "report")
        await perform(companion, Case, case.id, "submit")

        notes = await heard(listener)

    case = await Case.get(id=case.id)
    assert [(note.first, note.last) for note in notes] == [(case.sequence, case.sequence)]


async def test_a_slow_listener_is_told_to_read_again_and_then_hears_on(world: World) -> None:
    notes = [Note("case", world.zone.id, new_id(), 1, 1) for _ in range(MOST_WAITING + 3)]
    with Listener([("case", world.zone.id)]) as slow, Listener(["case"]) as quick:
        announce._announce(notes[:MOST_WAITING])
        assert list(slow.waiting.values()) == await heard(quick, MOST_WAITING)

        announce._announce(notes[MOST_WAITING:])

        assert await slow.heard() == (True, None)
        assert await heard(quick, 3) == notes[MOST_WAITING:]
        announce._announce(notes[:1])
        assert await slow.heard() == (False, notes[0])


async def test_a_subject_that_moves_again_before_it_is_heard_of_is_told_once(world: World) -> None:
    key = new_id()
    with Listener([key]) as listener:
        for sequence in (4, 5, 6):
            announce._announce([Note("case", world.zone.id, key, sequence, sequence)])

        assert await listener.heard() == (False, Note("case", world.zone.id, key, 4, 6))


async def test_a_change_of_another_process_is_heard(world: World, database: str) -> None:
    with Listener([("zone", world.zone.id), ("case", world.zone.id)]) as listener:
        program = [sys.executable, "-m", "tests.killed", database, str(world.companion.id)]
        other = await asyncio.create_subprocess_exec(
            *program, cwd=Path(__file__).parent.parent, stdout=asyncio.subprocess.PIPE
        )
        try:
            assert other.stdout
            number = (await other.stdout.readline()).decode().strip()
        finally:
            other.kill()
            await other.wait()
        first = (await heard(listener))[0]

    assert (first.subject_id, first.first) == ((await Case.get(number=number)).id, 1)


async def test_of_many_writers_at_once_every_entry_is_heard_in_the_order_of_its_history(world: World) -> None:
    companion = await world.viewer(world.companion)
    cases = [await a_told_case(world) for _ in range(6)]

    async def edit(case: Case) -> None:
        for number in range(8):
            await perform(companion, Case, case.id, "edit", title=f"第{number}题")

    with Listener([("case", world.zone.id)]) as listener:
        writing = asyncio.gather(*map(edit, cases))
        found: dict[UUID, list[int]] = {case.id: [] for case in cases}
        while sum(map(len, found.values())) < 48:
            note = (await heard(listener))[0]
            found[note.subject_id] += range(note.first, note.last + 1)
        await writing

    for case in cases:
        last = (await Case.get(id=case.id)).sequence
        assert found[case.id] == list(range(last - 7, last + 1))


async def test_what_is_too_much_for_one_call_of_postgres_is_told_in_several(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "LARGEST_CALL", 300)
    async with storage.opened(postgres_url):
        world = await a_world()
        companion = await world.viewer(world.companion)
        cases = [await a_case(world) for _ in range(12)]
        async with announcing(postgres_url):
            with ExitStack() as stack:
                listeners = [stack.enter_context(Listener([case.id])) for case in cases]
                async with changing(companion):
                    for case in cases:
                        await perform(companion, Case, case.id, "submit")

                assert [(await heard(each))[0].subject_id for each in listeners] == [case.id for case in cases]


async def test_when_the_connection_listening_to_postgres_was_gone_all_are_told_to_read_again(postgres_url: str) -> None:
    async with storage.opened(postgres_url):
        world = await a_world()
        case = await a_case(world)
        async with announcing(postgres_url):
            with Listener([case.id]) as listener:
                killer = await asyncpg.connect(postgres_url)
                killed = await killer.fetchval(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                    "WHERE query LIKE 'LISTEN%' AND datname = current_database()"
                )
                await killer.close()

                async with asyncio.timeout(SECONDS):
                    missed, _ = await listener.heard()
                await perform(await world.viewer(world.companion), Case, case.id, "submit")

                assert killed == 1
                assert missed
                assert len(await heard(listener)) == 1


async def test_a_call_through_postgres_that_cannot_be_read_makes_everyone_read_again(postgres_url: str) -> None:
    async with storage.opened(postgres_url):
        zone = await create(OPERATOR, Zone, "found", code="GL", name="GL高新区")
        async with announcing(postgres_url):
            with Listener([zone.id]) as listener:
                async with written() as writing:
                    listening.call(["somebody else's call"], writing)

                async with asyncio.timeout(SECONDS):
                    assert await listener.heard() == (True, None)
