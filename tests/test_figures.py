"""The figures zones are measured by: each equal to a recount from the history alone, of no more than one may see."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from statistics import median
from typing import Any
from uuid import UUID

import pytest

from api.nodes import global_id
from domain import clock
from domain.cases import ENDED, Case
from domain.database import engine, transaction
from domain.figures import Exclusion, Figure
from domain.history import Entry
from domain.people import Person
from domain.problems import Problem
from domain.rates import Asked, Grouping, Rate, overdue, rates, stays
from domain.rectifications import Rectification
from domain.viewers import OPERATOR, Role, Viewer
from domain.zones import Setting
from tests.graphql import served, signed_in
from tests.proofs import moved, refused
from tests.world import (
    World,
    a_case,
    a_closed_case,
    a_dispatched_case,
    a_handled_case,
    a_person,
    a_world,
    a_zone,
    fixed,
    the_responsibility,
)
from workflows.perform import create, perform

START = datetime(2026, 1, 5, 1, tzinfo=UTC)
NOW = datetime(2026, 7, 1, 2, tzinfo=UTC)
FIGURES = (Figure.RESPONSE, Figure.RESOLUTION, Figure.SATISFACTION, Figure.ON_TIME)


# A quarter's work in two zones, one above the other.


@dataclass
class Quarter:
    above: World
    below: World
    second: Person
    cases: list[Case] = field(default_factory=list)


async def a_quarter() -> Quarter:
    """Cases of three months: called late or in time, signed for late, done late, paused, returned, never answered."""
    random = Random(20260105)
    with clock.stopped(START):
        above = await a_world("GX")
        below = await a_world("GL", above.zone)
        second = await a_person(below.zone, "GL伴员02", Role.COMPANION, department=below.fallback)
        quarter = Quarter(above, below, second)
    for number in range(18):
        world = above if number % 4 == 0 else below
        at = START + timedelta(days=number * 5, hours=random.randrange(8))
        quarter.cases.append(await a_course(world, random, at, number))
    with clock.stopped(NOW - timedelta(days=1)):
        for case in await Case.filter(zone_id=below.zone.id).exclude(state__in=ENDED).order_by("id"):
            if case.id.int % 2 or case.state == "handling":
                await moved(below, below.dispatcher, case, "hand_over", companion=second, reason="轮岗")
        leader = await below.viewer(below.leader)
        theirs = [case for case in quarter.cases if case.zone_id == below.zone.id]
        for case, figure in zip(theirs[3:], [*Figure, *FIGURES], strict=False):
            await create(leader, Exclusion, "exclude", within=case, figure=figure, reason="企业失联")
        lifted = await Exclusion.all().order_by("id").first()
        await perform(leader, Exclusion, lifted.id, "lift", reason="已恢复联系")  # type: ignore[union-attr]
    return quarter


async def a_course(world: World, random: Random, at: datetime, number: int) -> Case:
    """One case, stopped at a stage; days pass between its moves."""
    def later(*hours: int) -> datetime:
        nonlocal at
        at += timedelta(hours=random.choice(hours))
        return at

    stop = number % 9
    with clock.stopped(at):
        case = await a_case(world)
    if stop == 0:
        if number:
            with clock.stopped(later(5, 40)):
                await moved(world, world.companion, case, "withdraw", reason="企业撤回")
        return case
    if number % 2:
        with clock.stopped(later(2, 30)):
            await moved(world, world.companion, case, "contact")
    with clock.stopped(later(1, 50)):
        await moved(world, world.companion, case, "submit")
        offers = [{"department": world.land}, {"department": world.housing, "part": "joint"}]
        await moved(world, world.dispatcher, case, "dispatch", offers=offers[: 1 + number % 2])
    if stop == 1:
        with clock.stopped(later(20)):
            await moved(world, world.dispatcher, case, "decline", reason="非区内事项", basis="示例依据")
        return case
    if stop == 2 and number % 2:
        with clock.stopped(later(2)):
            duty = await the_responsibility(case, world.housing)
            await moved(world, world.housing_liaison, duty, "return", reason="非本部门", basis="三定方案")
    for department, liaison in ((world.land, world.land_liaison), (world.housing, world.housing_liaison)):
        duty = await the_responsibility(case, department)
        if duty and duty.state == "offered" and (stop > 2 or department is world.land):
            with clock.stopped(later(3, 60)):
                await fixed(world, duty, liaison)
    if stop in (2, 3):
        return case
    with clock.stopped(later(10)):
        if stop == 4:
            await moved(world, world.leader, case, "pause", reason="等批复", cause="higher_level")
            return case
    with clock.stopped(later(24, 24 * 50)):
        for measure in await Rectification.filter(case_id=case.id).order_by("id"):
            liaison = world.land_liaison if measure.department_id == world.land.id else world.housing_liaison
            await moved(world, liaison, measure, "submit", result="已批复")
        await moved(world, world.companion, case, "report")
        if stop == 5:
            return case
        for measure in await Rectification.filter(case_id=case.id).order_by("id"):
            await moved(world, world.companion, measure, "verify")
        for problem in await Problem.filter(case_id=case.id):
            await moved(world, world.companion, problem, "clear", resolution="用地已批复")
        rating = ("satisfied", "fairly", "dissatisfied", None)[number % 4]
        for _ in range(1 if rating else 3):
            await moved(world, world.companion, case, "call_back", satisfaction=rating)
        await moved(world, world.companion, case, "close")
    return case


# The same said a second time, over entries alone.


@dataclass
class Life:
    """One record as its history tells it."""

    columns: dict[str, Any] = field(default_factory=dict)
    stays: list[dict[str, Any]] = field(default_factory=list)


async def lives() -> dict[str, dict[str, Life]]:
    found: defaultdict[str, defaultdict[str, Life]] = defaultdict(lambda: defaultdict(Life))
    for entry in await Entry.all().order_by("subject_id", "sequence"):
        mine = found[entry.record_kind][str(entry.record_id)]
        if entry.source != entry.target and mine.stays:
            mine.stays[-1]["left"] = entry.at
        for record, changes in json.loads(entry.changes).items():
            kind, _, key = record.partition("/")
            life = found[kind][key]
            before = instant(life.columns.get("due_at"))
            life.columns |= {name: after for name, (_, after) in changes.items()}
            due = instant(life.columns.get("due_at"))
            if life.stays and not life.stays[-1]["left"] and due != before:
                life.stays[-1] |= {"due": due, "met": None} if due else {"met": entry.at}
        if entry.source != entry.target:
            due = instant(mine.columns.get("due_at"))
            mine.stays.append({"state": entry.target, "entered": entry.at, "left": None, "met": None, "due": due})
    return {kind: dict(each) for kind, each in found.items()}


def instant(told: str | None) -> datetime | None:
    return datetime.fromisoformat(told) if told else None


def recounted(told: dict[str, dict[str, Life]], figure: Figure, asked: Asked) -> list[Rate]:
    counts: defaultdict[str | None, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for group, case, duty in units(told, asked, asked.of_departments or figure is Figure.ON_TIME):
        counted, met = judged(figure, case, duty, asked)
        if counted is None:
            continue
        left_out = any(
            each.columns["case_id"] == case.columns["id"] and each.columns["state"] == "held"
            and each.columns["figure"] in (figure, "every")
            for each in told["exclusion"].values()
        )
        tally = counts[group]
        tally[2] += left_out
        tally[0] += not left_out and counted and met
        tally[1] += not left_out and counted
        tally[3] += not left_out and not counted
    return [Rate(group, *counts[group]) for group in sorted(counts, key=lambda each: (each is None, each or ""))]


def units(
    told: dict[str, dict[str, Life]], asked: Asked, duties: bool
) -> Iterable[tuple[str | None, Life, Life | None]]:
    for case in told["case"].values():
        collected = instant(case.columns["collected_at"])
        assert collected
        day = collected.astimezone(clock.OFFICE_ZONE).date()
        if (asked.since and day < asked.since) or (asked.until and day > asked.until):
            continue
        if asked.zones is not None and UUID(case.columns["zone_id"]) not in asked.zones:
            continue
        if asked.officer and case.columns["owner_id"] != str(asked.officer):
            continue
        mine = [each for each in told["responsibility"].values() if each.columns["case_id"] == case.columns["id"]]
        for duty in mine if duties else [None]:
            if asked.department and duty and duty.columns["department_id"] != str(asked.department):
                continue
            if in_sight(asked, case, duty):
                groups = {
                    Grouping.ZONE: case.columns["zone_id"], Grouping.OFFICER: case.columns["owner_id"],
                    Grouping.MONTH: f"{day:%Y-%m}", Grouping.DEPARTMENT: duty and duty.columns["department_id"],
                }
                yield groups[asked.by], case, duty


def in_sight(asked: Asked, case: Life, duty: Life | None) -> bool:
    viewer, zone = asked.viewer, UUID(case.columns["zone_id"])
    if viewer.sees_everything or zone in viewer.overseen:
        return True
    if asked.of_departments:
        return duty is not None and UUID(duty.columns["department_id"]) in viewer.departments
    own = case.columns["owner_id"] == str(viewer.person_id) and viewer.covers(Role.COMPANION, zone)
    return own and asked.by is not Grouping.ZONE


def judged(figure: Figure, case: Life, duty: Life | None, asked: Asked) -> tuple[bool | None, bool]:
    """Whether a unit is counted (None: not looked at), and whether it is met."""
    rating, state = case.columns.get("satisfaction"), case.columns["state"]
    if figure is Figure.RESPONSE:
        stay = (duty or case).stays[0]
        if stay["state"] not in ("collected", "offered"):
            return None, False
        contacted = instant(case.columns.get("contacted_at"))
        if duty:
            answered = duty.columns["state"] != "released" or duty.columns.get("signed_at")
        else:
            answered = not case.stays[1:] or case.stays[1]["state"] not in ("declined", "withdrawn", "merged")
            if contacted and stay["left"] and contacted > stay["left"]:
                contacted = None
        done = stay["met"] or (not duty and contacted) or (stay["left"] if answered else None)
        due = stay["due"] or (instant(duty.columns["return_by"]) if duty else None)
        late = bool(due and due < (stay["left"] or datetime.min.replace(tzinfo=UTC)))
        red = instant((duty or case).columns.get("red_at"))
        return bool(done or late or (red and red < asked.at)), bool(done and (not due or done <= due))
    if figure is Figure.RESOLUTION and duty:
        return duty.columns["state"] not in ("returned", "released"), duty.columns["state"] == "done"
    if figure is Figure.RESOLUTION:
        return state not in ("declined", "withdrawn", "merged"), state == "closed"
    if figure is Figure.SATISFACTION:
        closed = state == "closed" and (duty is None or duty.columns["state"] == "done")
        return (rating is not None if closed else None), rating == "satisfied" or (
            rating == "fairly" and UUID(case.columns["zone_id"]) in asked.fairly_counts
        )
    assert duty
    promised = [stay for stay in duty.stays if stay["state"] == "fixed"]
    if not promised or duty.columns["state"] not in ("fixed", "done"):
        return None, False
    done_at, due = promised[0]["left"], promised[0]["due"]
    red = instant(duty.columns.get("red_at"))
    return bool(done_at or (red and red < asked.at)), bool(done_at and done_at <= due)


async def test_every_figure_is_what_a_recount_from_history_comes_to(database: str) -> None:
    quarter = await a_quarter()
    told, below = await lives(), quarter.below
    await times_are_right(quarter, told)
    persons = (quarter.above.leader, below.dispatcher, below.companion, quarter.second, below.housing_liaison)
    with clock.stopped(NOW):
        viewers = [OPERATOR, *[await below.viewer(each) for each in (*persons, below.contact)]]
        spread = 0

        for viewer in viewers:
            for by in Grouping:
                for asked in questions(quarter, viewer, by):
                    for figure in FIGURES:
                        found = await rates(figure, asked)
                        assert found == recounted(told, figure, asked), (figure, asked)
                        spread += len({(each.met, each.counted, each.excluded, each.others) for each in found})

    assert spread > 150


async def times_are_right(quarter: Quarter, told: dict[str, dict[str, Life]]) -> None:
    """How long stays lasted, and how much is overdue."""
    red = 0
    with clock.stopped(NOW):
        viewers = [OPERATOR, await quarter.below.viewer(quarter.below.leader)]
    for asked in [each for viewer in viewers for by in Grouping for each in questions(quarter, viewer, by)]:
        lasted: defaultdict[tuple[str | None, str], list[int]] = defaultdict(list)
        late: defaultdict[str | None, int] = defaultdict(int)
        for group, case, duty in units(told, asked, asked.of_departments):
            left_out = any(
                each.columns["case_id"] == case.columns["id"] and each.columns["state"] == "held"
                and each.columns["figure"] == "every"
                for each in told["exclusion"].values()
            )
            for stay in (duty or case).stays:
                if stay["left"] and not left_out:
                    seconds = int(stay["left"].timestamp()) - int(stay["entered"].timestamp())
                    lasted[group, stay["state"]].append(seconds)
            red_at = instant((duty or case).columns.get("red_at"))
            late[group] += bool(red_at and red_at < NOW)

        found = await stays(asked)

        counts = {(each.group, each.state): each.stays for each in found}
        assert counts == {key: len(each) for key, each in lasted.items()}
        for each in found:
            seconds_each = lasted[each.group, each.state]
            assert (each.seconds, each.longest) == (sum(seconds_each), max(seconds_each))
            assert each.median == Decimal(median(seconds_each))
            assert each.mean == Decimal(sum(seconds_each)) / each.stays
        assert await overdue(asked) == {group: count for group, count in late.items() if count}
        red += sum(late.values())
    assert red > 20


def questions(quarter: Quarter, viewer: Viewer, by: Grouping) -> Iterable[Asked]:
    fairly = [quarter.below.zone.id]
    yield Asked(viewer, NOW, by, fairly_counts=fairly)
    yield Asked(viewer, NOW, by, since=date(2026, 2, 1), until=date(2026, 3, 15), fairly_counts=fairly)
    yield Asked(viewer, NOW, by, zones=[quarter.below.zone.id])
    yield Asked(viewer, NOW, by, department=quarter.below.land.id)
    yield Asked(viewer, NOW, by, officer=quarter.second.id)


@pytest.mark.parametrize(
    ("met", "counted", "decimals", "printed"),
    [
        (39, 45, 1, "86.7"), (86, 108, 2, "79.63"), (48, 62, 1, "77.4"), (13, 31, 0, "42"), (1, 8, 1, "12.5"),
        (1, 800, 1, "0.1"), (5, 1_000, 0, "1"), (0, 3, 1, "0.0"), (0, 0, 1, None),
    ],
)
def test_a_rate_is_printed_as_texts_print_it(met: int, counted: int, decimals: int, printed: str | None) -> None:
    """Ganzhou 86.7, Xinyi 79.63, Hebi 77.4, Ordos 42 (seeds.md T01, T05, T08, T10); a half is rounded up."""
    assert Rate(None, met, counted, 0, 0).percent(decimals) == printed


QUERY = """query($by: Grouping!, $zone: ID, $from: Date, $until: Date, $at: DateTime) {
  figures(by: $by, zoneId: $zone, from: $from, until: $until, asOf: $at) {
    response { ...rate } resolution { ...rate } satisfaction { ...rate } onTime { ...rate }
    overdue { group { ...group } count }
    times { group { ...group } kind state count medianHours meanHours longestHours(decimals: 0) }
    exclusions { totalCount nodes { figure reason author { name } case { number } state } }
  } }
  fragment group on FigureGroup { zone { code } department { name } officer { name } month }
  fragment rate on Rate { group { ...group } numerator denominator excluded others percent whole: percent(decimals: 0) }
"""


async def test_figures_are_asked_with_the_exclusions_and_their_authors(database: str) -> None:
    with clock.stopped(START):
        world = await a_world()
        closed, other = await a_closed_case(world), await a_handled_case(world)
    with clock.stopped(START + timedelta(hours=3)):
        await create(
            await world.viewer(world.leader), Exclusion, "exclude", within=other, figure="resolution", reason="企业搬迁"
        )
        async with served() as http:
            leader = await signed_in(http, world.leader)
            figures = (await leader.ask(QUERY, by="MONTH", until="2026-01-31"))["figures"]
            later = (await leader.ask(QUERY, by="MONTH", **{"from": "2026-02-01"}))["figures"]

    january = {"zone": None, "department": None, "officer": None, "month": "2026-01"}
    assert figures["resolution"] == [{
        "group": january, "numerator": 1, "denominator": 1, "excluded": 1, "others": 0, "percent": "100.0",
        "whole": "100",
    }]
    assert figures["satisfaction"][0]["denominator"] == 1 and figures["response"][0]["denominator"] == 2
    assert figures["exclusions"] == {"totalCount": 1, "nodes": [{
        "figure": "RESOLUTION", "reason": "企业搬迁", "author": {"name": "GL领导"}, "case": {"number": other.number},
        "state": "HELD",
    }]}
    assert {"group": january, "kind": "case", "state": "checking", "count": 1, "medianHours": "0.0", "meanHours": "0.0",
            "longestHours": "0"} in figures["times"]
    assert later["exclusions"]["totalCount"] == 0 and later["resolution"] == []
    assert closed.number != other.number


async def test_figures_of_then_are_what_they_were_then(database: str) -> None:
    with clock.stopped(START):
        world = await a_world()
        case = await a_handled_case(world)
        await a_case(world)
    then, now = START + timedelta(days=60), START + timedelta(days=60, minutes=5)
    async with served() as http:
        with clock.stopped(then):
            leader = await signed_in(http, world.leader)
            before = [await leader.ask(QUERY, by=by.name) for by in Grouping]
        with clock.stopped(now):
            for measure in await Rectification.filter(case_id=case.id):
                await moved(world, world.land_liaison, measure, "submit", result="已批复")
            await moved(world, world.companion, case, "report")
            await create(await world.viewer(world.leader), Exclusion, "exclude", within=case, reason="企业失联")
            await a_case(world)
            after = [await leader.ask(QUERY, by=by.name) for by in Grouping]
            again = [await leader.ask(QUERY, by=by.name, at=then.isoformat()) for by in Grouping]

    assert again == before != after
    assert before[0]["figures"]["overdue"][0]["count"] == 2


async def test_nobody_is_told_a_total_of_what_they_do_not_oversee(database: str) -> None:
    world = await a_world()
    await a_closed_case(world)
    persons = (world.companion, world.land_liaison, world.housing_liaison, world.contact, world.administrator)
    nothing = {"ZONE": 0, "DEPARTMENT": 0, "OFFICER": 0}
    told = {}
    async with served() as http:
        for person in persons:
            asking = await signed_in(http, person)
            told[person.name] = {by: (await asking.ask(QUERY, by=by))["figures"] for by in nothing}

    counted = {
        name: {by: sum(each["denominator"] for each in figures["resolution"]) for by, figures in groups.items()}
        for name, groups in told.items()
    }
    assert counted == {
        world.companion.name: {**nothing, "OFFICER": 1},
        world.land_liaison.name: {**nothing, "DEPARTMENT": 1},
        world.housing_liaison.name: nothing,
        world.contact.name: nothing,
        world.administrator.name: nothing,
    }


async def test_to_end_is_no_answer(database: str) -> None:
    """What was withdrawn, declined or released before anybody answered was answered by nobody; late is late."""
    with clock.stopped(START):
        world = await a_world()
        await create(
            OPERATOR, Setting, "set", within=world.zone, name="first_contact", value="none",
            holds_from=clock.today().date(), source="示例依据",
        )
        unlimited = await a_case(world)
        await moved(world, world.companion, unlimited, "contact")
    with clock.stopped(START + timedelta(days=1)):
        await create(
            OPERATOR, Setting, "set", within=world.zone, name="first_contact", value="24h",
            holds_from=clock.today().date(), source="示例依据",
        )
        at_once, late, called = [await a_case(world) for _ in range(3)]
        await moved(world, world.companion, at_once, "withdraw", reason="企业撤回")
        await moved(world, world.companion, called, "contact")
        await moved(world, world.companion, called, "withdraw", reason="企业撤回")
        offered = await a_dispatched_case(world)
        await moved(world, world.dispatcher, await the_responsibility(offered), "release", reason="转办")
    with clock.stopped(START + timedelta(days=3)):
        await moved(world, world.companion, late, "withdraw", reason="企业撤回")
        leader = await world.viewer(world.leader)

        (cases,) = await rates(Figure.RESPONSE, Asked(leader, clock.now(), Grouping.ZONE))
        (duties,) = await rates(Figure.RESPONSE, Asked(leader, clock.now(), Grouping.DEPARTMENT))

    # Contacted without a limit, contacted and then withdrawn, submitted; not in time the late one; at_once is no unit.
    assert (cases.met, cases.counted, cases.others) == (3, 4, 1)
    assert (duties.met, duties.counted, duties.others) == (0, 0, 1)


async def test_a_case_is_left_out_once_and_can_be_let_in_again(database: str) -> None:
    world = await a_world()
    case, leader = await a_case(world), await world.viewer(world.leader)
    exclusion = await create(leader, Exclusion, "exclude", within=case, reason="重复登记")

    with refused("EXCLUDED_ALREADY"):
        await create(leader, Exclusion, "exclude", within=case, figure="response", reason="再次")
    with refused("NOT_ALLOWED"):
        await create(await world.viewer(world.companion), Exclusion, "exclude", within=case, reason="自行剔除")
    await moved(world, world.dispatcher, exclusion, "lift", reason="登记有误")
    again = await create(leader, Exclusion, "exclude", within=case, figure="response", reason="再次")

    assert (again.author_id, again.figure) == (world.leader.id, Figure.RESPONSE)
    told = await Entry.filter(record_id=exclusion.id).order_by("sequence")
    assert [each.move for each in told] == ["exclude", "lift"]


async def test_a_period_that_ends_before_it_begins_and_endless_decimals_are_refused(database: str) -> None:
    world = await a_world()
    await a_case(world)
    async with served() as http:
        leader = await signed_in(http, world.leader)
        turned = await leader.send(QUERY, by="ZONE", **{"from": "2026-02-01", "until": "2026-01-31"})
        endless = await leader.send("{ figures { resolution { percent(decimals: 5) } } }")
        elsewhere = await leader.send(QUERY, by="ZONE", zone=global_id(await a_zone("HB")))

    codes = [each["errors"][0]["extensions"]["code"] for each in (turned, endless, elsewhere)]
    assert codes == ["BAD_INPUT", "DECIMALS", "NOT_FOUND"]


async def test_figures_of_a_zone_are_counted_by_indexes(database: str) -> None:
    """A zone's period is found by its index, and what belongs to a case by that of the case."""
    world = await a_world()
    viewer = await world.viewer(world.leader)
    explained = await plans_of(Asked(viewer, NOW, Grouping.MONTH, [world.zone.id], since=START.date()))

    assert len(explained) == 6
    for statement, steps in explained.items():
        assert not re.search(SCANNED, steps), (statement, steps)


SCANNED = r"SCAN (?:c|r|s|x)\b|Seq Scan on (?:\"case\"|responsibility|span|exclusion)"


async def plans_of(asked: Asked) -> dict[str, str]:
    """How the database goes about each figure; an empty PostgreSQL is told not to prefer to read whole tables."""
    told: dict[str, str] = {}
    async with transaction() as opened:
        connection: Any = opened
        if engine() == "postgres":
            await connection.execute_query("SET LOCAL enable_seqscan = off")
        ask = connection.execute_query_dict

        async def explaining(sql: str, values: list[Any]) -> list[dict[str, Any]]:
            prefix = "EXPLAIN" if engine() == "postgres" else "EXPLAIN QUERY PLAN"
            told[sql] = "\n".join(str(list(dict(row).values())[-1]) for row in await ask(f"{prefix} {sql}", values))
            return []

        connection.execute_query_dict = explaining
        try:
            for figure in FIGURES:
                await rates(figure, asked)
            await overdue(asked)
            await stays(asked)
        finally:
            connection.execute_query_dict = ask
    return told
