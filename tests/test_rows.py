"""Rows read by statements of our own are the rows tortoise reads, and a move reads as few as it can."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from tortoise import fields
from tortoise.models import Model

from domain import database as storage
from domain import rows
from domain.database import transaction
from domain.history import Entry
from domain.notices import Notice
from domain.responsibilities import Responsibility
from domain.spans import Span
from domain.viewers import OPERATOR
from domain.writing import new
from tests.helping import all_sorts_of_help
from tests.world import World, a_dispatched_case, a_world, the_responsibility
from workflows.flow import FLOWS
from workflows.perform import perform

A_VALUE = {
    fields.UUIDField: UUID(int=7), fields.DatetimeField: datetime(2026, 3, 2, tzinfo=UTC), fields.IntField: 3,
    fields.BooleanField: True,
}


async def test_a_row_is_the_row_that_tortoise_reads(database: str) -> None:
    world = await a_world()
    await an_offer(world)
    await all_sorts_of_help(world)
    compared = set()

    async with transaction():
        for model in FLOWS:
            for row in await model.all().limit(20):
                held = await rows.held(model, row.id)
                assert held is not None and typed(held) == typed(row), model
                compared.add(model)

    assert len(compared) > 15


def typed(row: Any) -> dict[str, Any]:
    return {name: (type(value), value) for name, value in vars(row).items()}


async def an_offer(world: World) -> Responsibility:
    return await the_responsibility(await a_dispatched_case(world))


@pytest.mark.parametrize("kind", [Entry, Notice, Span])
async def test_a_row_made_at_once_is_the_row_that_tortoise_makes(kind: type[Model], sqlite_url: str) -> None:
    async with storage.opened(sqlite_url):
        columns = {name: kind._meta.fields_map[name] for name in kind._meta.fields_db_projection}
        needed = {name: each for name, each in columns.items() if each.required or name == "id"}
        given = {name: A_VALUE.get(type(each), "字") for name, each in needed.items()}

        assert len(given) > 5 and typed(new(kind, **given)) == typed(kind(**given))


async def test_a_row_nobody_has_is_none(database: str) -> None:
    async with transaction():
        assert await rows.held(Responsibility, UUID(int=7)) is None
        assert await rows.seen(Responsibility, UUID(int=7), OPERATOR) is None


async def test_a_move_takes_few_round_trips(database: str, caplog: pytest.LogCaptureFixture) -> None:
    """One for the responsibility and its case, four to look things up, one for all that is written."""
    world = await a_world()
    liaison, duties = await world.viewer(world.land_liaison), [await an_offer(world) for _ in range(3)]
    await perform(liaison, Responsibility, duties[0].id, "sign")

    asked: list[list[str]] = []
    for duty in duties[1:]:
        with caplog.at_level(logging.DEBUG, "tortoise.db_client"):
            caplog.clear()
            await perform(liaison, Responsibility, duty.id, "sign")
        asked.append([record.getMessage().split()[0] for record in caplog.records])

    assert asked[0] == asked[1]
    assert asked[0].count("SELECT") == 5
    assert storage.engine() == "sqlite" or asked[0] == ["SELECT"] * 5 + ["WITH"]
