"""As of any past instant the service answers what it answered then."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import orjson
from graphql import parse
from tortoise.connection import get_connection

from api.as_of import answering
from api.context import Context
from api.nodes import global_id
from api.plans import plan
from api.schema import schema
from domain import as_of, clock
from domain.cases import Case
from domain.database import engine, migrate, reads
from domain.enterprises import Enterprise
from domain.history import Entry
from domain.past import fork_of, forks, tables
from domain.people import Membership, MembershipState, Person, viewer_of
from domain.problems import Problem
from domain.rebuilding import rebuild
from domain.refusals import Refused
from domain.responsibilities import Responsibility
from domain.viewers import OPERATOR, Role, Viewer
from tests.graphql import served, signed_in
from tests.test_random_moves import Walk, everyone, founded
from tests.world import (
    World,
    a_case,
    a_closed_case,
    a_dispatched_case,
    a_person,
    a_webhook,
    a_world,
    fixed,
    the_responsibility,
)
from workflows.perform import create, perform
from workflows.replay import replay

MONDAY = datetime(2026, 3, 2, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
STEPS, EVERY = 60, 10

ROW = """fragment Row on Case { id version number title state stage owner { name } enterprise { name } closedAt pausedAt
  openProblems openResponsibilities openRectifications satisfaction mergedInto { number } escalatedTo { name }
  latestEntry { move at label actor { name } } }"""
QUESTIONS = (
    ROW + "query($at: DateTime) { cases(first: 50, asOf: $at) { nodes { ...Row } totalCount pageInfo { endCursor } } }",
    ROW + """query($at: DateTime) { a: cases(first: 3, filter: {stage: [ASSIGN]}, orderBy: OLDEST, asOf: $at)
      { edges { cursor node { ...Row } } pageInfo { hasNextPage } }
      b: cases(filter: {state: [HANDLING, CHECKING], text: "用地"}, orderBy: NUMBER, asOf: $at)
      { nodes { number } } }""",
    """query($at: DateTime) { caseCounts(asOf: $at) { total stages { stage count } states { state count }
      categories { category count } departments { department { name } count } } }""",
    """query($at: DateTime) { responsibilities(first: 40, asOf: $at) { totalCount nodes { id state part dueAt
      returnReason designated person { name } department { name } case { number state } problem { description state }
      rectifications(first: 5) { measure result submittedAt attachments(first: 3) { fileName state } } } } }""",
    """query($at: DateTime) { history(first: 30, asOf: $at) { totalCount nodes { sequence move reason hash } }
      zones(asOf: $at) { code settings { name value } departments { name } } departments(asOf: $at) { nodes { name
      responsibilities { totalCount } } } persons(asOf: $at) { nodes { name state ownedCases { totalCount } } }
      enterprises(asOf: $at) { nodes { version name companion { name } cases { totalCount } } } }""",
)
IN_FULL = ROW + """query($id: ID!, $at: DateTime) { case(id: $id, asOf: $at) { ...Row description contactName
  problems { description state resolution } responsibilities { state measures: rectifications { measure } }
  rectifications { state } consultations { outcome } attachments { fileName state sha256 } merged { totalCount }
  history { totalCount nodes { move changes } } } }"""


COUNTED = "query($at: DateTime) { responsibilities(first: 40, asOf: $at) { totalCount } }"
COUNTED_CASES = "query($at: DateTime) { cases(asOf: $at) { totalCount } }"


async def answer(viewer: Viewer, query: str, **variables: Any) -> Any:
    """What the executor answers, and just so the plan; only counts have none."""
    context = Context(viewer, "zh", "")
    async with answering(schema, query, None, variables, context):
        told = await schema.execute(query, variables, context_value=context)
        assert not told.errors, told.errors
        if "caseCounts" in query:
            return told.data
        by_plan = await plan(schema, parse(query), None, variables, context).answer(context)
        assert orjson.loads(orjson.dumps(by_plan)) == orjson.loads(orjson.dumps(told.data, default=str))
    return told.data


async def test_whatever_was_answered_then_is_answered_again(database: str) -> None:
    world, at = await founded()
    walk = Walk(world, Random(20261124), await everyone(world))
    readers = (world.leader, world.auditor, world.companion, world.land_liaison, world.contact)
    answered: list[tuple[datetime, Person, str, dict[str, Any], Any]] = []

    for step in range(STEPS):
        at += timedelta(minutes=walk.random.choice((1, 10, 200, 600)))
        with clock.stopped(at):
            await walk.step()
            if step % EVERY == 0:
                reader, cases = readers[step // EVERY % len(readers)], await Case.all()
                for query in (*QUESTIONS, IN_FULL):
                    given = {"id": str(global_id(walk.random.choice(cases)))} if query is IN_FULL else {}
                    told = await answer(await world.viewer(reader), query, **given)
                    answered.append((at, reader, query, given, told))

    with clock.stopped(at + HOUR):
        for then, reader, query, given, told in answered:
            again = await answer(await world.viewer(reader), query, **given, at=then.isoformat())
            assert again == told, (then, reader.name, query)
    assert len({orjson.dumps(told, default=str) for *_, told in answered}) > len(answered) / 2
    assert [each async for each in replay()] == []


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


async def test_two_changes_in_one_instant_leave_one_state(database: str) -> None:
    with clock.stopped(MONDAY):
        world = await a_world()
        case = await a_case(world)
        await perform(await world.viewer(world.companion), Case, case.id, "edit", title="三期用地")

    assert await as_it_was(case, MONDAY) == ("三期用地", "collected", 3, 1)


async def test_a_clock_that_was_set_back_leaves_one_state_at_each_instant(database: str) -> None:
    with clock.stopped(MONDAY + HOUR):
        world = await a_world()
        case, owner = await a_case(world), await world.viewer(world.companion)
    with clock.stopped(MONDAY):
        await perform(owner, Case, case.id, "edit", title="三期用地")
    with clock.stopped(MONDAY + 2 * HOUR):
        await perform(owner, Case, case.id, "edit", title="四期用地")

    for hours, title in ((1, "三期用地"), (1.5, "三期用地"), (2, "四期用地")):
        async with as_of.reading(MONDAY + hours * HOUR):
            assert [row.title for row in await Case.filter(id=case.id).using_db(reads())] == [title]


async def as_it_was(case: Case, at: datetime) -> tuple[str, str, int, int] | None:
    """Title, state, entries and problems of a case at an instant; None before there was one."""
    async with as_of.reading(at):
        row = await Case.filter(id=case.id).using_db(reads()).first()
        entries = await Entry.filter(subject_id=case.id).using_db(reads()).count()
        problems = await Problem.filter(case_id=case.id).using_db(reads()).count()
        return (row.title, row.state.value, entries, problems) if row else None


async def test_nothing_can_be_done_in_the_past(database: str) -> None:
    with clock.stopped(MONDAY):
        world = await a_world()
        await a_case(world)
    query = "query($at: DateTime) { cases(asOf: $at) { nodes { moves { name } } } }"

    now = await answer(await world.viewer(world.companion), query)
    then = await answer(await world.viewer(world.companion), query, at=MONDAY.isoformat())

    assert now["cases"]["nodes"][0]["moves"]
    assert then["cases"]["nodes"] == [{"moves": []}]


async def test_before_the_first_entry_there_was_nothing(database: str) -> None:
    with clock.stopped(MONDAY):
        world = await a_world()
        await a_case(world)

    told = await answer(
        await world.viewer(world.auditor), "query($at: DateTime) { cases(asOf: $at) { totalCount nodes { id } }"
        " caseCounts(asOf: $at) { total } zones(asOf: $at) { code } history(asOf: $at) { totalCount } }",
        at=(MONDAY - HOUR).isoformat(),
    )

    assert told == {
        "cases": {"totalCount": 0, "nodes": []}, "caseCounts": {"total": 0}, "zones": [], "history": {"totalCount": 0}
    }


async def test_a_question_about_the_past_names_one_instant_that_has_come(database: str) -> None:
    world = await a_world()
    then, later = (clock.now() - HOUR).isoformat(), (clock.now() + HOUR).isoformat()
    counts = f'caseCounts(asOf: "{then}") {{ total }}'
    async with served() as http:
        client = await signed_in(http, world.auditor)
        codes = [
            (await client.send(query)).get("errors", [{"extensions": {"code": None}}])[0]["extensions"]["code"]
            for query in (
                f'{{ {counts} cases(asOf: "{then}") {{ totalCount }} __typename }}',
                f"{{ {counts} cases {{ totalCount }} }}",
                f'{{ {counts} cases(asOf: "{later}") {{ totalCount }} }}',
                f"{{ {counts} viewer {{ language }} }}",
                f'{{ caseCounts(asOf: "{later}") {{ total }} }}',
                '{ caseCounts(asOf: "2026-03-02T10:00:00") { total } }',
                '{ caseCounts(asOf: "0001-01-01T00:00:00Z") { total } }',
            )
        ]
        client.token = None
        nobody = await client.send(f"{{ {counts} }}")

    assert codes == [None, "ONE_INSTANT", "ONE_INSTANT", "ONE_INSTANT", "BAD_INPUT", "BAD_INPUT", "BAD_INPUT"]
    assert nobody["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_nobody_sees_in_the_past_what_neither_standing_would_show(database: str) -> None:
    """Whoever holds which role changes at random, and with it whose cases they were and are."""
    world, at = await founded()
    walk = Walk(world, Random(9), await everyone(world))
    persons = [each for each in vars(world).values() if isinstance(each, Person)]
    instants: list[datetime] = []
    with clock.stopped(at):
        duty = await the_responsibility(await a_dispatched_case(world, world.land))
        liaison = await world.viewer(world.land_liaison)
    for step in range(STEPS // 2):
        at += HOUR
        with clock.stopped(at):
            await walk.step()
            if step == STEPS // 8:
                with suppress(Refused):
                    await perform(liaison, type(duty), duty.id, "return", reason="非本部门职责", basis="三定方案")
            await a_change_of_roles(world, walk.random, persons)
            instants.append(at)

    compared = 0
    with clock.stopped(at + HOUR):
        for then, person in [(walk.random.choice(instants), walk.random.choice(persons)) for _ in range(60)]:
            today, that_day = await world.viewer(person), await viewer_of(person.id, then)
            for model in (Case, Problem, Responsibility, Enterprise, Person, Entry):
                async with as_of.reading(then):
                    shown = await keys(model, today.looking_back(that_day))
                    allowed = await keys(model, that_day)
                assert shown <= allowed | await keys(model, today), (then, person.name, model.__name__)
                compared += len(shown)
    assert compared > 1_000


async def a_change_of_roles(world: World, random: Random, persons: list[Person]) -> None:
    """A role ends, another begins, or an enterprise gets one more contact."""
    gone = random.choice(await Membership.filter(state=MembershipState.HELD).order_by("id"))
    person, role = random.choice(persons), random.choice((Role.COMPANION, Role.COMPANION, *Role))
    if random.random() < 0.3:
        persons.append(await a_person(world.zone, "新联系人", Role.CONTACT, enterprise=world.enterprise))
    with suppress(Refused):
        await perform(await world.viewer(world.administrator), Membership, gone.id, "revoke", reason="轮岗")
    with suppress(Refused):
        department = world.land if role is Role.LIAISON else None
        await create(OPERATOR, Membership, "grant", within=person, role=role, zone=world.zone, department=department)


async def keys(model: Any, viewer: Viewer) -> set[UUID]:
    return set(await model.seen_by(viewer).using_db(reads()).values_list("id", flat=True))


async def test_a_contact_is_not_shown_what_was_told_to_those_before(database: str) -> None:
    """A department that returned a case is no longer told to contacts; one who came later never saw it offered."""
    with clock.stopped(MONDAY):
        world = await a_world()
        case = await a_dispatched_case(world, world.land)
    with clock.stopped(MONDAY + HOUR):
        duty = await the_responsibility(case)
        liaison = await world.viewer(world.land_liaison)
        await perform(liaison, type(duty), duty.id, "return", reason="非本部门职责", basis="三定方案")
    with clock.stopped(MONDAY + 2 * HOUR):
        newcomer = await a_person(world.zone, "新联系人", Role.CONTACT, enterprise=world.enterprise)
    query = "query($at: DateTime) { responsibilities(first: 40, asOf: $at) { totalCount } }"

    with clock.stopped(MONDAY + 3 * HOUR):
        told = [
            (await answer(await world.viewer(person), query, at=MONDAY.isoformat()))["responsibilities"]["totalCount"]
            for person in (world.contact, newcomer, world.land_liaison)
        ]

    assert told == [1, 0, 1]


async def test_whoever_lost_a_role_lost_the_past_with_it(database: str) -> None:
    with clock.stopped(MONDAY):
        world = await a_world()
        await a_case(world)
        held = await Membership.get(person_id=world.dispatcher.id)
    with clock.stopped(MONDAY + HOUR):
        await perform(await world.viewer(world.administrator), Membership, held.id, "revoke", reason="轮岗")
        successor = await a_person(world.zone, "新分办员")
        await create(OPERATOR, Membership, "grant", within=successor, role=Role.DISPATCHER, zone=world.zone)
        query = "query($at: DateTime) { cases(asOf: $at) { totalCount } }"

        told = [
            (await answer(await world.viewer(person), query, at=MONDAY.isoformat()))["cases"]["totalCount"]
            for person in (world.dispatcher, successor)
        ]

    assert told == [0, 1]


async def test_what_named_somebody_without_a_role_is_not_shown_to_them_later(database: str) -> None:
    """A liaison's duty is theirs by name until it is given to another; meanwhile the role has ended."""
    with clock.stopped(MONDAY):
        world = await a_world()
        duty = await fixed(world, await the_responsibility(await a_dispatched_case(world)), world.land_liaison)
        held = await Membership.get(person_id=world.land_liaison.id)
    administrator = await world.viewer(world.administrator)
    with clock.stopped(MONDAY + HOUR):
        await perform(administrator, Membership, held.id, "revoke", reason="轮岗")
    with clock.stopped(MONDAY + 2 * HOUR):
        other = await a_person(world.zone, "新联络员", Role.LIAISON, department=world.land)
        their = await world.viewer(other)
        await perform(their, Responsibility, duty.id, "reassign_person", person=other, reason="轮岗")
        given = {"role": Role.LIAISON, "zone": world.zone, "department": world.housing}
        await create(administrator, Membership, "grant", within=world.land_liaison, **given)

    with clock.stopped(MONDAY + 3 * HOUR):
        today = await world.viewer(world.land_liaison)
        seen = [
            (await answer(today, COUNTED, at=(MONDAY + hours * HOUR).isoformat()))["responsibilities"]["totalCount"]
            for hours in (0.5, 1.5, 2.5)
        ]
    assert seen == [1, 0, 0]


async def test_whoever_was_deactivated_then_had_nothing_of_their_own(database: str) -> None:
    with clock.stopped(MONDAY):
        world = await a_world()
        await a_case(world)
    administrator = await world.viewer(world.administrator)
    for hours, move in ((1, "deactivate"), (2, "reactivate")):
        with clock.stopped(MONDAY + hours * HOUR):
            await perform(administrator, Person, world.contact.id, move, reason="借调")

    with clock.stopped(MONDAY + 3 * HOUR):
        told = [
            (await answer(await world.viewer(world.contact), COUNTED_CASES, at=(MONDAY + hours * HOUR).isoformat()))
            for hours in (0.5, 1.5, 2.5)
        ]
    assert [each["cases"]["totalCount"] for each in told] == [1, 0, 1]


async def test_what_keeps_no_past_is_not_answered_as_of_then(database: str) -> None:
    """Neither at the top nor below."""
    with clock.stopped(MONDAY):
        world = await a_world()
        hook = await a_webhook(world.zone)
        await a_case(world)
    then = f'asOf: "{(MONDAY + HOUR).isoformat()}"'
    below = f'{{ node(id: "{global_id(hook)}", {then}) {{ ... on Webhook {{ name deliveries {{ totalCount }} }} }} }}'

    with clock.stopped(MONDAY + 2 * HOUR):
        async with served() as http:
            client = await signed_in(http, world.administrator)
            told = [
                await client.send(query)
                for query in (
                    below, below.replace("deliveries { totalCount }", "state"),
                    f"{{ deadLetters({then}) {{ totalCount }} }}",
                    f'{{ node(id: "Delivery_{hook.id}", {then}) {{ id }} }}',
                )
            ]

    assert [(each.get("errors") or [{}])[0].get("extensions", {}).get("code") for each in told] == [
        "NO_PAST", None, "BAD_REQUEST", "NO_PAST"
    ]
    assert told[1]["data"]["node"] == {"name": "示例群", "state": "ACTIVE"}


async def test_the_past_is_made_anew_from_the_history(database: str) -> None:
    """As for a database from before its past was kept, whose keys are of any instant."""
    with clock.stopped(MONDAY):
        world = await a_world()
        case = await a_case(world, contact_name="示例联系人")
    with clock.stopped(MONDAY + HOUR):
        await a_closed_case(world)
        await perform(await world.viewer(world.companion), Case, case.id, "edit", title="三期用地")
    kept = await pasts()

    if engine() == "postgres":
        await get_connection("default").execute_script("DROP SCHEMA past CASCADE")
    await get_connection("default").execute_script("DROP TABLE past_made")
    for table in kept:
        await get_connection("default").execute_script(f'UPDATE "{table}" SET changed_at = created_at')
        await get_connection("default").execute_script(f'DROP TABLE "{table}_past"')
    await migrate()

    assert await pasts() == kept
    assert [each async for each in replay()] == []
    await rebuild()
    assert await pasts() == kept


async def pasts() -> dict[str, list[dict[str, Any]]]:
    connection = get_connection("default")
    return {
        model.kind(): await connection.execute_query_dict(
            f'SELECT * FROM "{model.kind()}_past" ORDER BY id, changed_at'
        )
        for model in tables()
    }


def test_an_interval_lies_where_each_of_its_instants_looks_for_it() -> None:
    random = Random(2000)
    for _ in range(2_000):
        first = MONDAY + timedelta(seconds=random.randint(0, 10**8))
        last = first + timedelta(seconds=random.choice((0, 1, random.randint(0, 10**6), random.randint(0, 10**8))))
        between = first + (last - first) * random.random()

        assert {fork_of(first, last)} <= {*forks(first)} & {*forks(between)} & {*forks(last)}
