"""The three lists as an office sends them on: every row with its case number, all sheets of one moment."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]
import pytest

from domain.cases import Case, CaseState
from domain.clock import today
from domain.database import reads
from domain.snapshots import snapshot
from domain.viewers import OPERATOR, Viewer
from domain.zones import Zone
from tests.proofs import refused
from tests.world import World, a_case, a_closed_case, a_dispatched_case, a_handled_case, a_world, a_zone
from workflows import lists
from workflows.lists import LISTS, export_lists, rows_of
from workflows.perform import perform

NAMES = ["问题清单", "责任清单", "整改清单"]


async def exported(
    world: World, path: Path, viewer: Viewer = OPERATOR, zone: Zone | None = None
) -> dict[str, list[dict[str, Any]]]:
    """Every sheet's rows by their headings."""
    await export_lists(zone or world.zone, path, viewer)
    sheets = {}
    for sheet in openpyxl.load_workbook(path):
        title, headings, *rows = sheet.iter_rows(values_only=True)
        now = today()
        assert title[0] == f"{(zone or world.zone).name}{sheet.title}（{now.year}年{now.month}月{now.day}日）"
        sheets[sheet.title] = [dict(zip(headings, row, strict=True)) for row in rows]
    return sheets


async def test_a_case_stands_on_all_three_lists_in_the_offices_words(database: str, tmp_path: Path) -> None:
    world = await a_world()
    case = await a_closed_case(world)

    sheets = await exported(world, tmp_path / "lists.xlsx")

    assert list(sheets) == NAMES
    [problem], [duty], [measure] = sheets.values()
    assert all(row["序号"] == 1 and row["诉求编号"] == case.number for row in (problem, duty, measure))
    assert all(row["企业名称"] == "示例·GL·001" and row["诉求状态"] == "已销号" for row in (problem, duty, measure))
    assert (problem["存在问题"], problem["状态"], problem["解决情况"]) == ("扩建用地仍未获批", "已销号", "用地已批复")
    assert (duty["办理方式"], duty["责任部门"], duty["责任人"]) == ("主办", "自然资源局", "GL自然资源联络员")
    assert (duty["状态"], duty["办结时限"]) == ("已办结", measure["整改时限"])
    assert (measure["整改措施"], measure["整改结果"], measure["状态"]) == ("现场踏勘并报批", "已批复", "已核验")


async def test_every_row_of_every_list_carries_its_case_number(database: str, tmp_path: Path) -> None:
    world = await a_world()
    await a_case(world, problems=[{"description": "用地"}, {"description": "用电"}])
    await a_dispatched_case(world, world.land, world.housing)
    await a_handled_case(world)

    sheets = await exported(world, tmp_path / "lists.xlsx")

    numbers = await Case.all().order_by("number").values_list("number", flat=True)
    assert [row["诉求编号"] for row in sheets["问题清单"]] == [numbers[0], numbers[0], numbers[1], numbers[2]]
    assert [row["诉求编号"] for row in sheets["责任清单"]] == [numbers[1], numbers[1], numbers[2]]
    assert [row["诉求编号"] for row in sheets["整改清单"]] == [numbers[2]]
    assert [row["序号"] for row in sheets["问题清单"]] == [1, 2, 3, 4]


async def test_text_that_looks_like_a_formula_stays_text(database: str, tmp_path: Path) -> None:
    world = await a_world()
    await a_case(world, title='=HYPERLINK("http://example.com")', problems=[{"description": "=1+1"}])

    path = tmp_path / "lists.xlsx"
    await export_lists(world.zone, path, OPERATOR)

    cells = [cell for row in openpyxl.load_workbook(path)["问题清单"].iter_rows() for cell in row]
    assert {cell.value: cell.data_type for cell in cells if str(cell.value).startswith("=")} == {
        '=HYPERLINK("http://example.com")': "s",
        "=1+1": "s",
    }


async def test_the_lists_are_those_of_the_zone_and_the_zones_below_it(database: str, tmp_path: Path) -> None:
    above = await a_zone("GX")
    inside, outside = await a_world("GL", parent=above), await a_world("GZ")
    case, other = await a_case(inside), await a_case(outside)

    of_both = await exported(inside, tmp_path / "above.xlsx", zone=above)
    of_one = await exported(outside, tmp_path / "other.xlsx")

    assert [row["诉求编号"] for row in of_both["问题清单"]] == [case.number]
    assert [row["诉求编号"] for row in of_one["问题清单"]] == [other.number]


async def test_a_person_gets_only_the_rows_in_sight(database: str, tmp_path: Path) -> None:
    world = await a_world()
    await a_case(world)
    asked = await a_dispatched_case(world, world.housing)

    seen = await exported(world, tmp_path / "seen.xlsx", await world.viewer(world.housing_liaison))
    unseen = await exported(world, tmp_path / "unseen.xlsx", await world.viewer(world.administrator))

    assert [row["诉求编号"] for row in seen["问题清单"]] == [asked.number]
    assert [row["诉求编号"] for row in seen["责任清单"]] == [asked.number]
    assert unseen == {name: [] for name in NAMES}


async def test_the_rows_come_in_batches_without_losing_or_repeating_one(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await a_world()
    for _ in range(5):
        await a_case(world, problems=[{"description": "用地"}, {"description": "用电"}])
    monkeypatch.setattr(lists, "CASES_AT_ONCE", 2)

    batches = [batch async for batch in rows_of(LISTS[0], OPERATOR, [world.zone.id])]

    assert [len(batch) for batch in batches] == [4, 4, 2]
    written = [row["case__number"] for batch in batches for row in batch]
    assert written == sorted(written) and len(set(written)) == 5


async def test_the_three_sheets_show_one_moment(database: str, tmp_path: Path) -> None:
    world = await a_world()
    case = await a_dispatched_case(world, world.land)
    viewer = await world.viewer(world.companion)

    async with snapshot():
        problems = [row async for batch in rows_of(LISTS[0], OPERATOR, [world.zone.id]) for row in batch]
        await perform(viewer, Case, case.id, "withdraw", reason="企业撤回")
        duties = [row async for batch in rows_of(LISTS[1], OPERATOR, [world.zone.id]) for row in batch]
        kept = await state_of(case)

    assert await state_of(case) is CaseState.WITHDRAWN
    assert kept is CaseState.ASSIGNING
    assert {row["case__state"] for row in (*problems, *duties)} == {CaseState.ASSIGNING}


async def test_a_snapshot_keeps_nobody_from_reading_and_writing(database: str) -> None:
    world = await a_world()
    case = await a_case(world)
    viewer = await world.viewer(world.companion)
    begun, done = asyncio.Event(), asyncio.Event()

    async def a_long_reading() -> CaseState:
        async with snapshot():
            await state_of(case)
            begun.set()
            await done.wait()
            return await state_of(case)

    reading = asyncio.create_task(a_long_reading())
    await begun.wait()
    await asyncio.wait_for(perform(viewer, Case, case.id, "submit"), 5)
    now = await asyncio.wait_for(state_of(case), 5)
    done.set()

    assert now is CaseState.ASSIGNING
    assert await reading is CaseState.COLLECTED


async def state_of(case: Case) -> CaseState:
    return (await Case.filter(id=case.id).using_db(reads()).get()).state


async def test_the_work_is_told_row_by_row(database: str, tmp_path: Path) -> None:
    world = await a_world()
    await a_handled_case(world)
    told: list[tuple[int, int]] = []

    counts = await export_lists(world.zone, tmp_path / "lists.xlsx", OPERATOR, lambda *step: told.append(step))

    assert counts == dict.fromkeys(NAMES, 1)
    assert told == [(1, 3), (2, 3), (3, 3)]


async def test_more_rows_than_a_sheet_holds_are_refused_before_anything_is_written(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await a_world()
    await a_case(world, problems=[{"description": "甲"}, {"description": "乙"}])
    monkeypatch.setattr(lists, "MOST_ROWS", 1)

    with refused("TOO_MANY_ROWS"):
        await export_lists(world.zone, tmp_path / "lists.xlsx", OPERATOR)

    with pytest.raises(FileNotFoundError):
        openpyxl.load_workbook(tmp_path / "lists.xlsx")
