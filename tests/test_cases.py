"""The case from the first move to the last."""

from __future__ import annotations

from domain.cases import Case, CaseState
from domain.history import Entry, entry_hash
from domain.problems import Problem, ProblemState
from domain.responsibilities import Responsibility, ResponsibilityState
from tests.world import a_closed_case, a_world


async def test_a_case_goes_from_collect_to_close_with_all_three_lists_clear(database: str) -> None:
    world = await a_world()

    case = await a_closed_case(world)

    assert case.state is CaseState.CLOSED
    assert case.number.startswith("GL-20")
    assert (case.open_problems, case.open_responsibilities, case.open_rectifications) == (0, 0, 0)
    assert [p.state for p in await Problem.filter(case_id=case.id)] == [ProblemState.CLEARED]
    assert [r.state for r in await Responsibility.filter(case_id=case.id)] == [ResponsibilityState.DONE]


async def test_every_move_leaves_one_entry_chained_to_the_one_before(database: str) -> None:
    world = await a_world()

    case = await a_closed_case(world)

    entries = await Entry.filter(subject_id=case.id).order_by("sequence")
    assert [e.move for e in entries] == [
        "collect", "raise", "submit", "dispatch", "offer", "sign", "fix", "plan", "begin",
        "submit", "report", "verify", "finish", "clear", "call_back", "close",
    ]
    assert [e.sequence for e in entries] == list(range(1, len(entries) + 1))
    assert [e.previous for e in entries] == ["", *(e.hash for e in entries[:-1])]
    assert all(e.hash == entry_hash(e) for e in entries)
    assert (await Case.get(id=case.id)).head == entries[-1].hash
