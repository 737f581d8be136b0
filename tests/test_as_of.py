"""As of any past instant the service answers what it answered then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from domain import as_of, clock
from domain.cases import Case
from domain.database import reads
from domain.history import Entry
from domain.problems import Problem
from tests.world import a_case, a_world
from workflows.perform import perform

MONDAY = datetime(2026, 3, 2, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)


async def test_a_case_is_read_as_it_was_at_each_instant(database: str) -> None:
    with clock.stopped(MONDAY):
        world = await a_world()
        owner = await world.viewer(world.companion)
    with clock.stopped(MONDAY + HOUR):
        case = await a_case(world, title="二期用地")
    with clock.stopped(MONDAY + 2 * HOUR):
        await perform(owner, Case, case.id, "edit", title="三期用地")
    with clock.stopped(MONDAY + 3 * HOUR):
        await perform(owner, Case, case.id, "submit")

    then = [await as_it_was(case, MONDAY + hours * HOUR) for hours in (0.5, 1, 1.5, 2, 2.5, 3, 99)]

    assert then == [
        None, ("二期用地", "collected", 2, 1), ("二期用地", "collected", 2, 1), ("三期用地", "collected", 3, 1),
        ("三期用地", "collected", 3, 1), ("三期用地", "assigning", 4, 1), ("三期用地", "assigning", 4, 1),
    ]


async def as_it_was(case: Case, at: datetime) -> tuple[str, str, int, int] | None:
    """Title, state, entries and problems of a case at an instant; None before there was one."""
    async with as_of.reading(at):
        row = await Case.filter(id=case.id).using_db(reads()).first()
        entries = await Entry.filter(subject_id=case.id).using_db(reads()).count()
        problems = await Problem.filter(case_id=case.id).using_db(reads()).count()
        return (row.title, row.state.value, entries, problems) if row else None
