"""A survey workbook taken into a zone's books: each row once, and every row accounted for."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain import clock
from domain.cases import Case, CaseState, Category, Channel
from domain.enterprises import Enterprise
from domain.history import Entry
from domain.people import Person, viewer_of
from domain.problems import Problem
from domain.surveys import Outcome
from domain.viewers import OPERATOR, Role
from domain.workbooks import Column, Sheet, write_workbook
from domain.zones import Zone
from tests.world import a_department, a_person, a_zone
from workflows.perform import create, perform
from workflows.surveys import import_survey

EXAMPLE = Path(__file__).parent / "data" / "survey-2023.xlsx"
CODE = "91450300MA0P8774PL"
HEADERS = ("企业名称", "统一社会信用代码", "问题类别", "问题描述", "提出时间", "走访人", "建议责任部门")


async def a_surveyed_zone() -> Zone:
    zone = await a_zone("GL")
    await a_department(zone, "自然资源局", aliases=["自规局"])
    await a_person(zone, "企业伴员01", Role.COMPANION)
    return zone


def a_workbook(path: Path, *rows: tuple[str, ...]) -> Path:
    columns = [Column(header, 20) for header in HEADERS]
    write_workbook(path, [Sheet("问题汇总", "", columns, rows)])
    return path


def a_row(description: str = "扩建用地未获批", **other: str) -> tuple[str, ...]:
    given = {"企业名称": "示例·桂林001", "统一社会信用代码": CODE, "问题类别": "征地拆迁", "问题描述": description,
             "提出时间": "2023.05.01", "走访人": "企业伴员01", "建议责任部门": "自规局", **other}
    return tuple(given[header] for header in HEADERS)


async def test_a_row_becomes_an_enterprise_a_case_and_a_problem(database: str, tmp_path: Path) -> None:
    zone = await a_surveyed_zone()

    imported = await import_survey(a_workbook(tmp_path / "s.xlsx", a_row()), zone)

    case = await Case.get().select_related("enterprise", "owner", "suggested_department")
    assert imported.counts[Outcome.TAKEN] == 1
    assert (case.state, case.channel, case.category) == (CaseState.COLLECTED, Channel.SURVEY, Category.LAND)
    assert (case.enterprise.name, case.enterprise.uscc) == ("示例·桂林001", CODE)
    assert (case.owner and case.owner.name, case.suggested_department and case.suggested_department.name) == (
        "企业伴员01", "自然资源局",
    )
    assert case.source == "s.xlsx · 问题汇总 · 2"
    assert [problem.description for problem in await Problem.filter(case_id=case.id)] == ["扩建用地未获批"]
    assert [result.case_number for result in imported.results if result.case_number] == [case.number]


async def test_running_it_again_imports_nothing_twice(database: str) -> None:
    zone = await a_surveyed_zone()
    first = await import_survey(EXAMPLE, zone)
    entries = await Entry.all().count()

    again = await import_survey(EXAMPLE, zone)

    taken = first.counts[Outcome.TAKEN] + first.counts[Outcome.CORRECTED]
    assert taken == 207 == await Case.all().count()
    assert (again.counts[Outcome.TAKEN], again.counts[Outcome.CORRECTED]) == (0, 0)
    assert again.counts[Outcome.REPEATED] == taken + first.counts[Outcome.REPEATED]
    assert await Entry.all().count() == entries
    assert len(first.results) == len(again.results) == 219


async def test_a_dry_run_says_the_same_and_writes_nothing(database: str) -> None:
    zone = await a_surveyed_zone()
    before = await Entry.all().count()

    tried = await import_survey(EXAMPLE, zone, dry_run=True)

    assert await Entry.all().count() == before and await Case.all().count() == 0
    assert tried.counts == (await import_survey(EXAMPLE, zone)).counts


async def test_an_import_cut_off_is_finished_by_running_it_again(database: str) -> None:
    zone = await a_surveyed_zone()

    def cut_off(done: int, total: int) -> None:
        if done > total // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await import_survey(EXAMPLE, zone, progress=cut_off)
    taken_before = await Case.all().count()
    await import_survey(EXAMPLE, zone)

    assert 0 < taken_before < 207
    assert await Case.all().count() == 207


async def test_what_the_zone_does_not_know_is_stated_and_kept_in_the_description(
    database: str, tmp_path: Path
) -> None:
    zone = await a_surveyed_zone()
    row = a_row(走访人="无此人", 建议责任部门="无此局", 问题类别="三难之外")

    imported = await import_survey(a_workbook(tmp_path / "s.xlsx", row), zone)

    case = await Case.get()
    told = {note.code for result in imported.results for note in result.notes}
    assert told == {"UNKNOWN_VISITOR", "UNKNOWN_DEPARTMENT", "UNKNOWN_CATEGORY"}
    assert imported.counts[Outcome.CORRECTED] == 1
    assert case.owner_id is None and case.category is Category.OTHER
    assert "无此人" in case.description and "无此局" in case.description


async def test_an_enterprise_in_the_books_keeps_its_name_and_the_row_says_so(database: str, tmp_path: Path) -> None:
    zone = await a_surveyed_zone()
    await create(OPERATOR, Enterprise, "create", zone=zone, name="示例·桂林·在册名", uscc=CODE)

    imported = await import_survey(a_workbook(tmp_path / "s.xlsx", a_row()), zone)

    assert [note.code for result in imported.results for note in result.notes] == ["OTHER_NAME"]
    assert [each.name for each in await Enterprise.all()] == ["示例·桂林·在册名"]


async def test_the_same_code_in_another_zone_is_another_enterprise(database: str, tmp_path: Path) -> None:
    zone, other = await a_surveyed_zone(), await a_zone("XY")
    workbook = a_workbook(tmp_path / "s.xlsx", a_row())

    await import_survey(workbook, zone)
    await import_survey(workbook, other)

    assert await Enterprise.filter(uscc=CODE).count() == 2
    assert await Case.filter(zone_id=other.id).count() == 1


async def test_a_deactivated_companion_is_no_owner(database: str, tmp_path: Path) -> None:
    zone = await a_surveyed_zone()
    administrator = await a_person(zone, "管理员", Role.ADMINISTRATOR)
    companion = await Person.get(name="企业伴员01")
    viewer = await viewer_of(administrator.id, clock.now())
    await perform(viewer, Person, companion.id, "deactivate", reason="调离")

    imported = await import_survey(a_workbook(tmp_path / "s.xlsx", a_row()), zone)

    assert [note.code for result in imported.results for note in result.notes] == ["UNKNOWN_VISITOR"]
    assert (await Case.get()).owner_id is None


async def test_columns_of_no_field_of_ours_are_kept_in_the_description(database: str, tmp_path: Path) -> None:
    zone = await a_surveyed_zone()
    columns = [Column(header, 20) for header in ("序号", *HEADERS, "联系电话")]
    write_workbook(tmp_path / "s.xlsx", [Sheet("问题汇总", "", columns, [("1", *a_row(), "0773-000")])])

    await import_survey(tmp_path / "s.xlsx", zone)

    assert (await Case.get()).description == "备注：联系电话：0773-000"


async def test_a_row_without_category_is_taken_as_other_with_one_remark(database: str, tmp_path: Path) -> None:
    zone = await a_surveyed_zone()

    imported = await import_survey(a_workbook(tmp_path / "s.xlsx", a_row(问题类别="")), zone)

    assert imported.counts[Outcome.TAKEN] == 1
    assert [note.code for result in imported.results for note in (*result.row.notes, *result.notes)] == [
        "HEADER_ROW", "MISSING_CATEGORY",
    ]
