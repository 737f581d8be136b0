"""Every stay of a record in a state is on the books, and says the same as the history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path

from domain import clock
from domain import database as storage
from domain.history import Entry, canonical
from domain.people import Membership
from domain.records import new_id
from domain.responsibilities import Responsibility
from domain.spans import Span, spans_of
from domain.viewers import Role
from tests.proofs import moved
from tests.world import a_closed_case, a_dispatched_case, a_person, a_world, fixed, the_responsibility
from workflows.perform import changing, perform

START = datetime(2026, 3, 2, 1, tzinfo=UTC)
MIGRATIONS = Path(__file__).parent.parent / "migrations"


async def stays(record_id: object) -> list[tuple[str, datetime, datetime | None]]:
    spans = await Span.filter(record_id=record_id).order_by("id")
    return [(each.state, each.entered_at, each.left_at) for each in spans]


async def test_each_stay_begins_where_the_one_before_it_ends(database: str) -> None:
    with clock.stopped(START):
        world = await a_world()
        case = await a_dispatched_case(world)
    duty = await the_responsibility(case)
    signed, done = START + timedelta(hours=5), START + timedelta(days=2)

    with clock.stopped(signed):
        await moved(world, world.land_liaison, duty, "sign")
    with clock.stopped(done):
        await fixed(world, await Responsibility.get(id=duty.id), world.land_liaison)

    assert await stays(duty.id) == [("offered", START, signed), ("signed", signed, done), ("fixed", done, None)]
    assert await stays(case.id) == [
        ("collected", START, START), ("assigning", START, done), ("handling", done, None)
    ]


async def test_a_stay_keeps_the_deadline_department_and_person_it_ended_with(database: str) -> None:
    world = await a_world()
    case = await a_dispatched_case(world)
    other = await a_person(world.zone, "GL伴员02", Role.COMPANION, department=world.fallback)
    duty = await fixed(world, await the_responsibility(case), world.land_liaison)

    await moved(world, world.dispatcher, case, "hand_over", companion=other, reason="轮岗")
    later = (clock.today() + timedelta(days=40)).date()
    await moved(world, world.land_liaison, duty, "ask_extension", due_on=later, reason="等待批复")
    extended = await moved(world, world.leader, duty, "grant_extension")

    signed, open_ = await Span.filter(record_id=duty.id).order_by("id").offset(1)
    assert (signed.person_id, open_.person_id) == (None, world.land_liaison.id)
    assert {signed.department_id, open_.department_id} == {world.land.id}
    assert open_.due_at == extended.due_at != duty.due_at
    assigning, handling = await Span.filter(record_id=case.id).order_by("id").offset(1)
    assert (assigning.person_id, handling.person_id) == (world.companion.id, other.id)


async def test_states_passed_through_in_one_change_are_stays_too(database: str) -> None:
    world = await a_world()
    case = await a_dispatched_case(world)
    duty = await the_responsibility(case)
    viewer = await world.viewer(world.land_liaison)

    async with changing(viewer):
        await perform(viewer, Responsibility, duty.id, "sign")
        await perform(
            viewer, Responsibility, duty.id, "fix", person=world.land_liaison, measures=["踏勘"],
            due_on=(clock.today() + timedelta(days=20)).date(),
        )

    assert [state for state, _, left in await stays(duty.id) if left] == ["offered", "signed"]
    assert [state for state, _, left in await stays(duty.id) if not left] == ["fixed"]


async def test_what_is_only_kept_on_the_books_stays_nowhere(database: str) -> None:
    world = await a_world()

    assert await Span.filter(record_kind="enterprise").count() == 0
    held = await Membership.filter(person_id=world.leader.id).first()
    assert held and [state for state, _, _ in await stays(held.id)] == ["held"]


async def test_rows_that_were_there_before_get_their_spans_from_history(database: str) -> None:
    world = await a_world()
    await a_closed_case(world)
    kept = await Span.all().order_by("id").values()
    await Span.all().delete()
    migration = import_module(f"migrations.{next(MIGRATIONS.glob('*_spans.py')).stem}")

    async with storage.transaction() as connection:
        await migration.fill_from_history(None, type("Editor", (), {"client": connection}))

    assert await Span.all().order_by("id").values() == kept
    assert len(kept) > 10


def test_a_deadline_that_ended_before_the_state_was_left_says_when() -> None:
    """As an enterprise is called in time, and its request submitted a day later."""
    case, zone, due = new_id(), new_id(), START + timedelta(days=1)
    called, submitted = START + timedelta(hours=3), START + timedelta(days=2)

    def entry(move: tuple[str | None, str], at: datetime, before: datetime | None, after: datetime | None) -> Entry:
        changes = canonical({f"case/{case}": {"state": move, "due_at": [before, after]}})
        return Entry(
            id=new_id(), zone_id=zone, subject_kind="case", subject_id=case, record_kind="case", record_id=case,
            source=move[0], target=move[1], at=at, changes=changes,
        )

    collected, assigning = spans_of([
        entry((None, "collected"), START, None, due),
        entry(("collected", "collected"), called, due, None),
        entry(("collected", "assigning"), submitted, None, submitted + timedelta(days=1)),
    ])

    assert (collected.due_at, collected.met_at, collected.left_at) == (due, called, submitted)
    assert (assigning.due_at, assigning.met_at, assigning.left_at) == (submitted + timedelta(days=1), None, None)
