"""Whatever anyone tries in whatever order, what must always hold holds after every step.

QIBAN_RANDOM_STEPS makes it long (`make soak`).
"""

from __future__ import annotations

import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from domain import clock
from domain.attachments import Attachment
from domain.calendar import shipped
from domain.cases import ENDED, Case
from domain.departments import Department
from domain.people import Person
from domain.problems import Problem
from domain.records import Record
from domain.rectifications import Rectification
from domain.refusals import Refused
from domain.responsibilities import Responsibility
from domain.viewers import CLOCK, OPERATOR, Viewer
from domain.words import Word
from domain.zones import DEFAULTS
from tests.proofs import assert_whole
from tests.world import World, a_case, a_world
from workflows.changes import subject_of
from workflows.flow import Move, Situation
from workflows.inputs import Field, fields_of
from workflows.perform import create, perform
from workflows.replay import replay
from workflows.timetable import FLOWS

START = datetime(2026, 3, 2, 2, tzinfo=UTC)
KINDS: tuple[type[Record], ...] = (Case, Problem, Responsibility, Rectification, Attachment)
STEPS = int(os.environ.get("QIBAN_RANDOM_STEPS", "160"))
TEXTS = ("踏勘", "用地已批复", "", "  ", "长" * 2_001, "坏\x00字", "<b>'; DROP TABLE entry; --", "‮倒写", "👷🏽‍♀️")


async def test_what_must_always_hold_holds_after_every_random_move(database: str) -> None:
    world, at = await founded()
    with clock.stopped(at):
        walk = Walk(world, Random(20260302), await everyone(world))

    for _ in range(STEPS):
        at += timedelta(minutes=walk.random.choice((1, 10, 200, 600)))
        with clock.stopped(at):
            if await walk.step():
                await assert_whole()

    assert [each async for each in replay()] == []
    assert walk.told["done"] > STEPS / 3, walk.told
    assert len(walk.told) > 8, walk.told
    assert len(walk.made) > 15, walk.made


async def founded() -> tuple[World, datetime]:
    with clock.stopped(START):
        world = await a_world()
        for _ in range(3):
            await a_case(world)
    return world, START


async def everyone(world: World) -> list[Viewer]:
    persons = (
        world.companion, world.dispatcher, world.leader, world.contact, world.auditor, world.land_liaison,
        world.housing_liaison, world.fallback_liaison,
    )
    return [*[await world.viewer(each) for each in persons], CLOCK, OPERATOR]


class Walk:
    """Random persons making random moves: mostly those the rules leave open, with inputs that are mostly sound."""

    def __init__(self, world: World, random: Random, viewers: list[Viewer]) -> None:
        self.world, self.random, self.viewers = world, random, viewers
        self.told: Counter[str] = Counter()
        self.made: Counter[str] = Counter()

    async def step(self) -> bool:
        """Whether the step changed anything."""
        try:
            if self.random.random() < 0.1 or await Case.exclude(state__in=ENDED).count() < 3:
                await self.begin_something(self.random.choice(self.viewers))
            else:
                await self.move_something()
        except Refused as refused:
            self.told.update(each.code for each in refused.refusals)
            return False
        self.told["done"] += 1
        return True

    async def begin_something(self, viewer: Viewer) -> None:
        few = await Case.exclude(state__in=ENDED).count() < 3
        model = Case if few else self.random.choice((Problem, Rectification, Attachment))
        move = next(each for each in FLOWS[model].moves.values() if not each.source and each.who)
        within = None if model is Case else self.random.choice(await Case.all())
        await create(viewer, model, move.name, within=within, **await self.input(move, within))

    async def move_something(self) -> None:
        cases = {case.id: case for case in await Case.all()}
        rows: list[Any] = [row for model in KINDS for row in await model.all()]
        record, viewer, move = self.some_move([(row, cases[subject_of(row)[1]]) for row in rows])
        subject = cases[subject_of(record)[1]]
        await perform(viewer, type(record), record.id, move.name, **await self.input(move, subject, record))
        self.made[f"{record.kind()}.{move.name}"] += 1

    def some_move(self, places: list[tuple[Any, Case]]) -> tuple[Any, Viewer, Move]:
        """Mostly an open move, and then mostly one that leads on; endings would soon leave nothing to do."""
        if self.random.random() < 0.15:
            record = self.random.choice(places)[0]
            moves = [each for each in FLOWS[type(record)].moves.values() if each.source]
            return record, self.random.choice(self.viewers), self.random.choice(moves)
        open_ = [
            (record, viewer, standing.move)
            for record, case in places
            for viewer in self.viewers
            for standing in FLOWS[type(record)].open_moves(
                Situation(record, case, viewer, DEFAULTS, shipped(), clock.now())
            )
            if standing.refusal is None
        ]
        weights = [WEIGHTS.get(move.name, 1.0) for _, _, move in open_]
        return self.random.choices(open_, weights)[0]

    async def input(self, move: Move, case: Case | None, record: Any = None) -> dict[str, Any]:
        return {field.name: await self.value(field, case, record) for field in fields_of(move.input)}

    async def value(self, field: Field, case: Case | None, record: Any = None) -> Any:
        if field.many:
            return [await self.one(field, case, record) for _ in range(self.random.choice((1, 1, 1, 2, 0)))]
        if not field.required and self.random.random() < 0.5:
            return None
        return await self.one(field, case, record)

    async def one(self, field: Field, case: Case | None, record: Any) -> Any:
        if issubclass(field.kind, Record):
            return await self.record(field.kind, case, record)
        if issubclass(field.kind, Word):
            return self.random.choice(list(field.kind))
        if field.kind.__name__ == "date":
            return clock.today().date() + timedelta(days=self.random.choice((30, 30, 10, 1, 0, -3)))
        if field.kind is int:
            return self.random.choice((1, 3))
        if field.kind is bool:
            return self.random.random() < 0.5
        if field.kind is str:
            return self.random.choice(TEXTS if self.random.random() < 0.05 else TEXTS[:2])
        return {each.name: await self.value(each, case, record) for each in fields_of(field.kind)}

    async def record(self, kind: type[Record], case: Case | None, record: Any) -> Any:
        world, near = self.world, self.random.random() < 0.9
        if kind is Person and isinstance(record, Responsibility):
            liaisons = (world.land_liaison, world.housing_liaison, world.fallback_liaison)
            ours = [each for each in liaisons if each.department_id == record.department_id]
            return self.random.choice(ours if near and ours else [*liaisons, world.companion]).id
        if kind is Person:
            return world.companion.id
        if kind is Department:
            return self.random.choice((world.land, world.housing, world.fallback)).id
        rows = await kind.filter(case_id=case.id) if case and near and kind in KINDS[1:] else await kind.all()
        return self.random.choice(rows).id if rows else case and case.id


# What ends things would soon leave nothing to do, and what can always be done would drown the rest.
RARE = ("decline", "withdraw", "merge", "drop", "solve_on_site", "release", "edit", "hand_over", "escalate", "raise")
WEIGHTS = {
    **dict.fromkeys(RARE, 0.02), **dict.fromkeys(("erase_contact", "settle", "remind", "overdue"), 0.05),
    "reassign_person": 0.3, "send_back": 0.2, "return": 0.3, "pause": 0.3, "dispatch": 3.0,
}
