"""Conditions of sight leave out what shows nothing, so that what is left can be looked up by an index."""

from __future__ import annotations

from uuid import uuid4

from tortoise.expressions import Q

from domain.cases import Case
from domain.database import reads
from domain.sight import NONE, among, either, shows_nothing
from domain.viewers import Role, Viewer
from tests.world import a_world


def test_a_way_that_asks_for_one_of_no_values_shows_nothing() -> None:
    assert shows_nothing(Q(zone_id__in=frozenset()))
    assert shows_nothing(Q(owner_id=1) & Q(zone_id__in=[]))
    assert shows_nothing(Q(zone_id__in=[]) | Q(id__in=()))
    assert not shows_nothing(Q(zone_id__in=[]) | Q(owner_id=1))
    assert not shows_nothing(~Q(zone_id__in=[]))
    assert not shows_nothing(Q())


def test_only_open_ways_are_asked() -> None:
    assert either(Q(id__in=[]), Q(owner_id=1)) == Q(Q(owner_id=1), join_type=Q.OR)
    assert either(Q(id__in=[])) == NONE
    assert either() == NONE


async def test_no_read_at_all_is_no_row(database: str) -> None:
    await a_world()

    assert among("id") == NONE
    assert await Case.filter(NONE).count() == 0


async def test_an_overseer_asks_by_zone_alone_and_a_companion_by_one_union(database: str) -> None:
    zone = uuid4()

    overseer = _asked(Viewer(uuid4(), {Role.DISPATCHER: frozenset({zone})}, frozenset(), frozenset()))
    companion = _asked(Viewer(uuid4(), {Role.COMPANION: frozenset({zone})}))

    assert " OR " not in companion and "1=0" not in companion
    assert companion.count(" UNION ") == 3  # owned, escalated, answered for in person, accompanied
    assert "1=0" not in overseer and "SELECT" not in overseer.removeprefix("SELECT")


def _asked(viewer: Viewer) -> str:
    return Case.seen_by(viewer).using_db(reads()).sql()
