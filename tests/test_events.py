"""An event told by plan is the event the ordinary executor tells, and one statement serves all who see the same."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterable
from typing import Any

import orjson
import pytest

from api import events, streams, subscriptions
from api.context import Context
from api.schema import schema
from domain import clock
from domain.cases import Case
from domain.people import Person
from domain.viewers import Role
from tests.asking import Asking
from tests.test_plans import a_busy_world, everyone
from tests.world import World, a_dispatched_case, a_person, a_world
from workflows import announce, sign_in
from workflows.admissions import admit
from workflows.announce import Note
from workflows.leases import Caller

DOCUMENTS = 24
FILTERS = ("", "(filter: {stage: [CLOSE]})", "(filter: {light: [GREEN, RED]})", '(filter: {text: "用地"})')


@pytest.fixture(autouse=True)
async def streaming() -> AsyncIterator[None]:
    """As in a server that runs: one that was stopped earlier in this process would end every stream."""
    async with streams.checking():
        yield


async def told(person: Person, document: str, notes: Iterable[Note]) -> list[Any]:
    """What a subscriber is told of notes, up to the next gap."""
    stream = await subscribed(person, document)
    found: list[Any] = []

    async def watch() -> None:
        async for result in stream:
            assert not result.errors, (document, result.errors)
            found.append(orjson.loads(orjson.dumps(result.data)))
            if "REFETCH" in str(found[-1]):
                return

    async with asyncio.timeout(30):
        task = asyncio.create_task(watch())
        for note in notes:
            announce._announce([note])
            while any(each.waiting for each in announce.listeners()):  # noqa: ASYNC110 (nothing says when)
                await asyncio.sleep(0.001)
        announce.lost()
        await task
    return found[:-1]


async def notes_of(world: World) -> list[Note]:
    """A few moves of every case, as one overseeing its zone hears of them, and as one of those concerned."""
    cases = await Case.all()
    return [Note("case", world.zone.id, each.id, max(1, each.sequence - 3), each.sequence) for each in cases]


async def test_an_event_told_by_plan_is_what_the_executor_tells(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await a_busy_world()
    asking, chance, heard = Asking(20_260_302, []), random.Random(7), 0
    kinds = schema._schema.type_map
    notes = await notes_of(world)
    # Whoever would not be woken by them is all the same: what is told must not depend on it.
    monkeypatch.setattr("api.live.topics_of", lambda viewer: [note.subject_id for note in notes])
    for n in range(DOCUMENTS):
        case, entry = (asking._selection(kinds[name], 2) for name in ("Case", "Entry"))
        field = chance.choice(("myTasks", *(f"casesChanged{each}" for each in FILTERS)))
        shown = "caseId k: kind" if n % 2 else "__typename caseId kind"
        document = f"subscription {{ a: {field} {{ {shown} entries {{ {entry} }} b: case {{ {case} }} }} }}"
        person = chance.choice(everyone(world))
        by_plan = await told(person, document, notes)
        with monkeypatch.context() as patch:
            patch.setattr(subscriptions, "event_plan", lambda *_: None)
            by_executor = await told(person, document, notes)

        assert by_plan == by_executor, (document, person.name)
        heard += len(by_plan)
    planned = len([each for each in events._plans.kept.values() if each])

    assert heard > DOCUMENTS
    assert planned > DOCUMENTS * 0.6


async def test_all_who_see_the_same_are_served_by_one_statement_an_event(
    database: str, caplog: pytest.LogCaptureFixture
) -> None:
    world = await a_world()
    case = await a_dispatched_case(world)
    people = [await a_person(world.zone, f"分办员{n}", Role.DISPATCHER) for n in range(4)]
    document = "subscription { casesChanged { kind entries { at label } case { number title light } } }"
    await told(people[0], document, [note_of(case)])  # so that it is known which columns the light looks at
    watching = [await subscribed(each, document) for each in people]

    with caplog.at_level("DEBUG", "tortoise.db_client"):
        announce._announce([note_of(case)])
        all_told = await asyncio.gather(*map(anext, watching))
        asked = [each.getMessage() for each in caplog.records if 'FROM "entry"' in each.getMessage()]
    for each in watching:
        await each.aclose()

    assert [each.errors for each in all_told] == [None] * 4
    assert len(asked) == 1


async def subscribed(person: Person, document: str) -> Any:
    token = (await sign_in.begin(person.id, clock.now())).access
    caller = Caller(f"Bearer {token}", None, "en")
    stream: Any = await schema.stream(document, None, Context(await admit(caller), "en", "", caller=caller))
    await anext(stream)
    return stream


def note_of(case: Case) -> Note:
    return Note("case", case.zone_id, case.id, case.sequence, case.sequence)


async def test_a_plan_that_fails_is_answered_by_the_executor_from_then_on(
    database: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world = await a_world()
    case = await a_dispatched_case(world)
    monkeypatch.setattr(events.EventStatement, "_moved", lambda *_: "no_such_column = 1")

    heard = await told(world.dispatcher, "subscription { casesChanged { kind case { title } } }", [note_of(case)] * 2)

    assert [each["casesChanged"]["case"]["title"] for each in heard] == [case.title] * 2
    assert caplog.text.count("a plan failed") == 1
