"""The three lists 三张清单 as an office sends them on: one workbook, a sheet a list, a case number in every row."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tortoise.expressions import Q

from domain.cases import Case
from domain.clock import OFFICE_ZONE, now, today
from domain.database import reads
from domain.deadlines import light_of
from domain.problems import Problem
from domain.records import Record
from domain.rectifications import Rectification
from domain.refusals import Refusal, Refused
from domain.responsibilities import Responsibility
from domain.snapshots import snapshot
from domain.viewers import Viewer
from domain.words import Word
from domain.workbooks import Column, Sheet, Value, write_workbook
from domain.zones import Zone

CASES_AT_ONCE = 500
MOST_ROWS = 1_048_576 - 2  # of a sheet, below its title and header
TOO_MANY_ROWS = Refusal(
    "TOO_MANY_ROWS", "“{name}”有{count}行，一张工作表最多{most}行；请按下级高新区分别导出。",
    "“{name}” has {count} rows and a sheet holds {most}; export the zones below it one by one.",
)
Progress = Callable[[int, int], None]
Row = Mapping[str, Any]


def word(value: Word | None) -> Value:
    return value.zh if value else None


def day(value: datetime | None) -> Value:
    return value.astimezone(OFFICE_ZONE).date() if value else None


def yes(value: bool) -> Value:
    return "是" if value else None


def or_all(problem: str | None) -> Value:
    return problem or "全部问题"


def as_it_is(value: Any) -> Value:
    return value  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Shown:
    """One column of a list: its heading, its width, where the value is read and how it is written. What is read from
    several places is written as of the instant of the export."""

    header: str
    width: float
    path: str
    write: Callable[..., Value] = as_it_is
    beside: tuple[str, ...] = ()

    def of(self, row: Row, at: datetime) -> Value:
        if self.beside:
            return self.write(row[self.path], *(row[each] for each in self.beside), at)
        return self.write(row[self.path])


def shine(red_at: datetime | None, yellow_at: datetime | None, grey: bool | None, at: datetime) -> Value:
    return word(light_of(SimpleNamespace(red_at=red_at, yellow_at=yellow_at, grey=grey), at))


def light(of: str = "") -> Shown:
    return Shown("灯色", 8, f"{of}red_at", shine, (f"{of}yellow_at", f"{of}grey"))


@dataclass(frozen=True)
class Listed:
    """One list: whose rows it shows, and in which columns."""

    name: str
    record: type[Record]
    columns: Sequence[Shown]


NUMBER = Shown("诉求编号", 17, "case__number")
ENTERPRISE = Shown("企业名称", 30, "case__enterprise__name")
CASE = Shown("诉求标题", 30, "case__title")
OWNER = Shown("企业伴员", 14, "case__owner__name")
CASE_STATE = Shown("诉求状态", 11, "case__state", word)

LISTS = (
    Listed(
        "问题清单",
        Problem,
        (
            NUMBER, ENTERPRISE, CASE,
            Shown("问题类别", 11, "category", word),
            Shown("存在问题", 50, "description"),
            Shown("来源渠道", 10, "case__channel", word),
            Shown("提出日期", 12, "case__raised_on"),
            OWNER,
            Shown("状态", 11, "state", word),
            Shown("解决情况", 40, "resolution"),
            CASE_STATE,
            light("case__"),
        ),
    ),
    Listed(
        "责任清单",
        Responsibility,
        (
            NUMBER, ENTERPRISE, CASE,
            Shown("对应问题", 40, "problem__description", or_all),
            Shown("办理方式", 10, "part", word),
            Shown("责任部门", 20, "department__name"),
            Shown("责任人", 16, "person__name"),
            Shown("交办时间", 17, "offered_at"),
            Shown("签收时间", 17, "signed_at"),
            Shown("办结时限", 12, "due_at", day),
            Shown("时限暂定", 8, "provisional", yes),
            light(),
            Shown("指定办理", 10, "designated", yes),
            Shown("状态", 11, "state", word),
            Shown("退回理由", 30, "return_reason"),
            Shown("退回依据", 30, "return_basis"),
            OWNER, CASE_STATE,
        ),
    ),
    Listed(
        "整改清单",
        Rectification,
        (
            NUMBER, ENTERPRISE, CASE,
            Shown("对应问题", 40, "responsibility__problem__description", or_all),
            Shown("责任部门", 20, "department__name"),
            Shown("责任人", 16, "responsibility__person__name"),
            Shown("整改措施", 40, "measure"),
            Shown("整改时限", 12, "responsibility__due_at", day),
            light("responsibility__"),
            Shown("整改结果", 40, "result"),
            Shown("佐证材料（份）", 10, "evidence_files"),
            Shown("提交时间", 17, "submitted_at"),
            Shown("状态", 11, "state", word),
            OWNER, CASE_STATE,
        ),
    ),
)


async def export_lists(zone: Zone, path: Path, viewer: Viewer, progress: Progress | None = None) -> dict[str, int]:
    """Write the lists of a zone and those below it, as the viewer may see them; how many rows each has.

    All three sheets show the same moment. Raises `OSError` when `path` cannot be written.
    """
    async with snapshot():
        zones = await _with_those_below(zone)
        counts = {each.name: await _count(each, viewer, zones) for each in LISTS}
        for name, count in counts.items():
            if count > MOST_ROWS:
                raise Refused(TOO_MANY_ROWS.about(name=name, count=count, most=MOST_ROWS))
        tell = _told(progress, sum(counts.values()))
        loop = asyncio.get_running_loop()
        sheets = [_sheet(each, zone, tell(_pulled(rows_of(each, viewer, zones), loop))) for each in LISTS]
        # The writer waits for one batch after another in a thread; a whole list is never held.
        await asyncio.to_thread(write_workbook, path, sheets)
    return counts


async def rows_of(listed: Listed, viewer: Viewer, zones: Sequence[Any]) -> AsyncIterator[Sequence[Row]]:
    """The rows of a list in the order of the case numbers, some hundred cases at a time."""
    paths = [path for column in listed.columns for path in (column.path, *column.beside)]
    cases, last = Case.seen_by(viewer).filter(zone_id__in=zones).order_by("number").limit(CASES_AT_ONCE), ""
    while batch := await cases.filter(number__gt=last).using_db(reads()).values("id", "number"):
        rows = listed.record.seen_by(viewer).filter(case_id__in=[each["id"] for each in batch])
        yield await rows.order_by("case__number", "id").using_db(reads()).values(*paths)
        last = batch[-1]["number"]


async def _with_those_below(zone: Zone) -> list[Any]:
    below = Q(id=zone.id) | Q(path__startswith=f"{zone.path}/")
    return await Zone.filter(below).using_db(reads()).values_list("id", flat=True)


async def _count(listed: Listed, viewer: Viewer, zones: Sequence[Any]) -> int:
    return await listed.record.seen_by(viewer).filter(case__zone_id__in=zones).using_db(reads()).count()


def _sheet(listed: Listed, zone: Zone, rows: Iterable[Row]) -> Sheet:
    at, columns = now(), [Column("序号", 6), *(Column(each.header, each.width) for each in listed.columns)]
    return Sheet(
        name=listed.name,
        title=f"{zone.name}{listed.name}（{_in_words(today())}）",
        columns=columns,
        rows=([place, *_written(listed, row, at)] for place, row in enumerate(rows, 1)),
    )


def _written(listed: Listed, row: Row, at: datetime) -> Iterator[Value]:
    return (column.of(row, at) for column in listed.columns)


def _in_words(on: date) -> str:
    return f"{on.year}年{on.month}月{on.day}日"


def _pulled(batches: AsyncIterator[Sequence[Row]], loop: asyncio.AbstractEventLoop) -> Iterator[Row]:
    """What is read in the loop, one row after another, for someone in another thread."""

    async def following() -> Sequence[Row] | None:
        return await anext(batches, None)

    while (batch := asyncio.run_coroutine_threadsafe(following(), loop).result()) is not None:
        yield from batch


def _told(progress: Progress | None, total: int) -> Callable[[Iterator[Row]], Iterator[Row]]:
    """Rows as they pass, counted over all the sheets."""
    done = 0

    def passing(rows: Iterator[Row]) -> Iterator[Row]:
        nonlocal done
        for row in rows:
            yield row
            done += 1
            if progress:
                progress(done, total)

    return passing
