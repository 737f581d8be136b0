"""The conformance replay: what every history comes to is what the rows say, and whatever was altered is named."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from tortoise.connection import get_connection

from domain import clock
from domain.cases import Case
from domain.database import engine
from domain.history import Entry, entry_hash
from domain.problems import Problem
from domain.records import new_id
from domain.responsibilities import Part
from tests.terminal import qiban
from tests.world import (
    World,
    a_case,
    a_closed_case,
    a_dispatched_case,
    a_handled_case,
    a_world,
    a_zone,
    the_responsibility,
)
from workflows import replay as replaying
from workflows.conformance import Difference, Wrong
from workflows.perform import perform
from workflows.replay import Replayed, replay

MONDAY = datetime(2026, 3, 2, 2, tzinfo=UTC)


async def differences(**given: object) -> list[Difference]:
    return [each async for each in replay(**given)]  # type: ignore[arg-type]


async def a_busy_world() -> tuple[World, Case]:
    """A closed case among others, moved at different instants."""
    with clock.stopped(MONDAY):
        world = await a_world()
        case = await a_dispatched_case(world, world.land, contact_name="示例联系人")
    with clock.stopped(MONDAY + timedelta(hours=3)):
        duty = await the_responsibility(case)
        liaison = await world.viewer(world.land_liaison)
        await perform(liaison, type(duty), duty.id, "return", reason="非本部门职责", basis="三定方案")
        await a_handled_case(world)
    with clock.stopped(MONDAY + timedelta(hours=5)):
        return world, await a_closed_case(world)


async def test_what_the_service_itself_did_conforms(database: str) -> None:
    await a_busy_world()
    replayed, seen = Replayed(), list[tuple[int, int]]()

    found = await differences(replayed=replayed, progress=lambda done, total: seen.append((done, total)))

    assert found == []
    assert replayed.entries == await Entry.all().count() > 50
    assert seen[-1] == (replayed.histories, replayed.histories)


async def run(statement: str) -> None:
    await get_connection("default").execute_script(statement)


async def as_the_owner_may() -> None:
    """Whoever owns the database can drop what guards it."""
    if engine() == "postgres":
        await run("ALTER TABLE entry DISABLE TRIGGER ALL")
    else:
        await run("DROP TRIGGER entry_no_update; DROP TRIGGER entry_no_delete; DROP TRIGGER entry_no_replace")


async def chained(case: Case, *, move: str, actor_id: object) -> None:
    """An entry added by somebody who knows how hashes are made."""
    last = await Entry.filter(subject_id=case.id).order_by("-sequence").first()
    assert last
    forged = last.clone(pk=new_id())
    forged.sequence, forged.previous, forged.move, forged.actor_id = last.sequence + 1, last.hash, move, actor_id  # type: ignore[assignment]
    forged.record_kind, forged.record_id = "case", case.id
    forged.changes, forged.caused_by, forged.source, forged.target = "{}", None, "assigning", "assigning"
    forged.hash = entry_hash(forged)
    await forged.save(force_create=True)
    await run(f"UPDATE \"case\" SET sequence = {forged.sequence}, head = '{forged.hash}' WHERE id = '{case.id}'")


Attack = Callable[[World, Case], Awaitable[None]]


def statement(text: str) -> Attack:
    async def attack(world: World, case: Case) -> None:
        await run(text.format(id=case.id))

    return attack


async def forge_a_move(world: World, case: Case) -> None:
    await chained(case, move="forge", actor_id=world.dispatcher.id)


async def make_a_move_one_may_not(world: World, case: Case) -> None:
    await chained(case, move="dispatch", actor_id=world.auditor.id)


async def make_a_move_too_late(world: World, case: Case) -> None:
    await chained(case, move="submit", actor_id=world.companion.id)


async def slip_in_a_row(world: World, case: Case) -> None:
    names = ", ".join(f'"{name}"' for name in Problem.columns() if name != "id")
    copied = f"SELECT '{new_id()}', {names} FROM problem WHERE case_id = '{case.id}'"
    await run(f"INSERT INTO problem (id, {names}) {copied}")


async def put_in_a_problem_of_another(world: World, case: Case) -> None:
    other = await a_case(world)
    await run(f"UPDATE problem SET case_id = '{case.id}' WHERE case_id = '{other.id}'")


async def move_to_another_zone(world: World, case: Case) -> None:
    elsewhere = await a_zone("BY")
    await run(f"UPDATE \"case\" SET zone_id = '{elsewhere.id}' WHERE id = '{case.id}'")


def copied(table: str, column: str = "id", into: str = "", **given: str) -> Attack:
    """A row like one of the case's, with another key."""

    async def attack(world: World, case: Case) -> None:
        connection = get_connection("default")
        row = (await connection.execute_query_dict(f'SELECT * FROM "{table}" WHERE {column} = \'{case.id}\''))[0]
        new = {**{name: f'"{name}"' for name in row}, "id": f"'{new_id()}'", **given}
        names, values = ", ".join(f'"{name}"' for name in new), ", ".join(new.values())
        chosen = f"FROM \"{table}\" WHERE id = '{row['id']}'"
        await run(f'INSERT INTO "{into or table}" ({names}) SELECT {values} {chosen}')

    return attack


ONCE = {"replaced_at": "changed_at", "fork": "0"}
THIRD = "subject_id = '{id}' AND sequence = 3"
WITH_IT = "entry_id IN (SELECT id FROM entry WHERE subject_id = '{id}')"
LATER = "subject_id = '{id}' AND state = 'assigning'"
# The entries of each case: 1 collect, 2 raise (its problem), 3 submit, 4 dispatch, 5 offer.
ATTACKS: dict[str, tuple[Attack, set[tuple[Wrong, int | None]]]] = {
    "a title": (statement("UPDATE \"case\" SET title = '伪造' WHERE id = '{id}'"), {(Wrong.COLUMN, 1)}),
    "a total": (
        statement("UPDATE \"case\" SET open_problems = 0 WHERE id = '{id}'"), {(Wrong.COLUMN, 2), (Wrong.TALLY, 2)}
    ),
    "the state of a duty": (
        statement("UPDATE responsibility SET state = 'released' WHERE case_id = '{id}'"),
        {(Wrong.COLUMN, 5), (Wrong.TALLY, 5)},
    ),
    "a reason": (statement(f"UPDATE entry SET reason = '伪造' WHERE {THIRD}"), {(Wrong.HASH, 3)}),
    "an actor": (
        statement(f"UPDATE entry SET actor_id = record_id WHERE {THIRD}"), {(Wrong.HASH, 3), (Wrong.ACTOR, 3)}
    ),
    "what was changed": (
        statement(f"UPDATE entry SET changes = '{{{{}}}}' WHERE {THIRD}"), {(Wrong.HASH, 3), (Wrong.TARGET, 3)}
    ),
    "an entry less": (statement(f"DELETE FROM entry WHERE {THIRD}"), {(Wrong.SEQUENCE, 4), (Wrong.SOURCE, 4)}),
    "a cut tail": (
        statement("DELETE FROM entry WHERE subject_id = '{id}' AND sequence > 3"),
        {(Wrong.END, 3), (Wrong.UNTOLD, None), (Wrong.COLUMN, 3)},
    ),
    "no history": (statement("DELETE FROM entry WHERE subject_id = '{id}'"), {(Wrong.UNTOLD, None)}),
    "no row": (statement("DELETE FROM responsibility WHERE case_id = '{id}'"), {(Wrong.MISSING, 5), (Wrong.TALLY, 5)}),
    "a row more": (slip_in_a_row, {(Wrong.UNTOLD, None), (Wrong.TALLY, 2)}),
    "an unknown move": (forge_a_move, {(Wrong.MOVE, 6)}),
    "a move by an auditor": (make_a_move_one_may_not, {(Wrong.ACTOR, 6)}),
    "a move from elsewhere": (make_a_move_too_late, {(Wrong.SOURCE, 6)}),
    "the past": (statement("UPDATE case_past SET title = '伪造' WHERE id = '{id}'"), {(Wrong.PAST, 1)}),
    "a lost past": (statement("DELETE FROM case_past WHERE id = '{id}'"), {(Wrong.PAST, 1)}),
    "a stay": (
        statement(f"UPDATE span SET entered_at = '2026-01-01 00:00:00+00:00' WHERE {LATER}"), {(Wrong.SPAN, 3)}
    ),
    "a timer": (statement("DELETE FROM timer WHERE subject_id = '{id}'"), {(Wrong.TIMER, None)}),
    "a name": (
        statement(f"UPDATE personal_value SET value = '\"他人\"' WHERE {WITH_IT}"),
        {(Wrong.PERSONAL, 1), (Wrong.COLUMN, 1), (Wrong.PAST, 1)},
    ),
    "a state": (
        statement("UPDATE \"case\" SET state = 'withdrawn' WHERE id = '{id}'"), {(Wrong.COLUMN, 3)}
    ),
    "a deadline": (
        statement("UPDATE responsibility SET return_by = '2027-01-01 00:00:00.000000+00:00' WHERE case_id = '{id}'"),
        {(Wrong.COLUMN, 5)},
    ),
    "what was before": (
        statement(f"UPDATE entry SET changes = replace(changes, '[\"collected\"', '[\"paused\"') WHERE {THIRD}"),
        {(Wrong.HASH, 3), (Wrong.BEFORE, 3)},
    ),
    "what makes no sense": (statement(f"UPDATE entry SET changes = '{{{{[' WHERE {THIRD}"), {(Wrong.HASH, 3)}),
    "a value that makes no sense": (
        statement(f"UPDATE personal_value SET value = 'x' WHERE {WITH_IT}"), {(Wrong.PERSONAL, 1)}
    ),
    "another zone": (move_to_another_zone, {(Wrong.COLUMN, 1)}),
    "a problem of another case": (put_in_a_problem_of_another, {(Wrong.UNTOLD, None), (Wrong.TALLY, 2)}),
    "a stay more": (copied("span", "subject_id"), {(Wrong.SPAN, None)}),
    "a stay less": (
        statement("DELETE FROM span WHERE subject_id = '{id}' AND record_kind = 'case'"), {(Wrong.SPAN, 1)}
    ),
    "a department in a stay": (
        statement("UPDATE span SET department_id = zone_id WHERE subject_id = '{id}' AND state = 'offered'"),
        {(Wrong.SPAN, 5)},
    ),
    "a problem in the past": (copied("problem", "case_id", "problem_past", **ONCE), {(Wrong.UNTOLD, None)}),
    "nothing": (statement("SELECT 1"), set()),
}


async def test_whatever_an_owner_of_the_database_alters_is_named_with_where_it_began(database: str) -> None:
    with clock.stopped(MONDAY):
        world = await a_world()
        cases = {name: await a_case(world, contact_name="示例联系人") for name in ATTACKS}
    for hours, case in enumerate(cases.values(), 1):
        with clock.stopped(MONDAY + timedelta(hours=hours)):
            await dispatched(world, case)
    await as_the_owner_may()

    for name, (attack, _) in ATTACKS.items():
        await attack(world, cases[name])
    found = await differences()

    of_case = {str(case.id): name for name, case in cases.items()}
    by_name: defaultdict[str, set[tuple[Wrong, int | None]]] = defaultdict(set)
    for each in found:
        by_name[of_case.get(each.subject[1], "another")].add((each.wrong, each.sequence))
    for name, (_, expected) in ATTACKS.items():
        assert expected <= by_name[name], (name, by_name[name])
        assert bool(expected) == bool(by_name[name]), (name, by_name[name])


async def test_what_belongs_to_no_history_is_found_too(database: str) -> None:
    """A case, a problem, a stay and an entry that nobody ever made, shown to whoever asks the past or the registers."""
    world, case = await a_busy_world()
    await as_the_owner_may()
    if engine() == "postgres":
        await run("ALTER TABLE problem DISABLE TRIGGER ALL; SET session_replication_role = replica")
    else:
        await run("PRAGMA foreign_keys = OFF")
    nobody = f"'{new_id()}'"

    await copied("case", "id", "case_past", **ONCE)(world, case)
    await copied("problem", "case_id", case_id=nobody)(world, case)
    await copied("span", "subject_id", subject_id=nobody)(world, case)
    await copied("entry", "subject_id", subject_id=nobody, subject_kind="'ghost'")(world, case)

    found = [(each.wrong, each.subject[0]) for each in await differences()]
    assert sorted(found) == [
        (Wrong.MOVE, "ghost"), (Wrong.UNTOLD, "case"), (Wrong.UNTOLD, "problem"), (Wrong.UNTOLD, "span")
    ]


async def test_moves_made_meanwhile_are_no_difference(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "AT_ONCE", 3)
    world = await a_world()
    meanwhile = 0

    async def work() -> None:
        for _ in range(3):
            case = await a_closed_case(world)
            problems = await Problem.filter(case_id=case.id)
            contact = await world.viewer(world.contact)
            await perform(contact, Case, case.id, "reopen", reason="未解决", problems=problems)

    working = asyncio.create_task(work())
    while not working.done():
        before = await Entry.all().count()
        assert await differences() == []
        meanwhile += await Entry.all().count() - before
    await working

    assert meanwhile > 10


async def dispatched(world: World, case: Case) -> None:
    await perform(await world.viewer(world.companion), Case, case.id, "submit")
    offers = [{"department": world.land, "part": Part.LEAD}]
    await perform(await world.viewer(world.dispatcher), Case, case.id, "dispatch", offers=offers)


async def test_a_replay_can_be_narrowed_to_a_zone_and_to_what_went_on_since_a_day(database: str) -> None:
    with clock.stopped(MONDAY):
        here, there = await a_world("GL"), await a_world("BY")
        early = await a_case(here)
    with clock.stopped(MONDAY + timedelta(days=30)):
        late, elsewhere = await a_case(here), await a_case(there)
    for case in (early, late, elsewhere):
        await run(f"UPDATE \"case\" SET title = '伪造' WHERE id = '{case.id}'")

    everywhere = await differences()
    of_zone = await differences(zones=[here.zone.id])
    lately = await differences(zones=[here.zone.id], since=MONDAY + timedelta(days=1))

    assert [
        {each.subject[1] for each in found} for found in (everywhere, of_zone, lately)
    ] == [{str(each.id) for each in some} for some in ((early, late, elsewhere), (early, late), (late,))]


async def test_several_processes_find_what_one_finds(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _, case = await a_busy_world()
    await run(f"UPDATE \"case\" SET title = '伪造' WHERE id = '{case.id}'")
    await run("UPDATE zone SET name = '伪造'")
    alone, shared = Replayed(), Replayed()

    by_one = await differences(replayed=alone)
    monkeypatch.setenv("QIBAN_DATABASE_URL", database)
    monkeypatch.setattr(replaying, "SHARE", 10)
    by_two = await differences(replayed=shared, jobs=2)

    assert len(by_one) == 2
    assert (by_two, shared) == (by_one, alone)


async def test_at_the_terminal_differences_are_listed_and_the_exit_code_is_one(database: str) -> None:
    with clock.stopped(MONDAY):
        world = await a_world()
        case = await a_case(world)

    clean = await qiban("audit", "replay", "--zone", "GL", url=database)
    await run(f"UPDATE \"case\" SET title = '伪造' WHERE id = '{case.id}'")
    found = await qiban("audit", "replay", "--lang", "en", "--since", "2026-03-01", url=database)
    rebuilt = await qiban("audit", "rebuild", url=database)

    assert (clean.code, clean.out) == (0, "")
    assert found.code == 1
    assert f"case/{case.id} #1 collect case/{case.id}.title the row is not what its history says" in found.out
    assert (rebuilt.code, rebuilt.out) == (0, "")
