"""The workbooks the service hands out: a title, a header that stays in view, cells that are only values."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import xlsxwriter  # type: ignore[import-untyped]
from xlsxwriter.exceptions import FileCreateError  # type: ignore[import-untyped]

from domain.clock import OFFICE_ZONE

Value = str | int | date | datetime | Decimal | None


@dataclass(frozen=True)
class Column:
    """A heading, and how many Latin letters wide its column is."""

    header: str
    width: float


@dataclass(frozen=True)
class Sheet:
    """One sheet to write; `rows` are read once, so a generator will do. No title line if `title` is empty."""

    name: str
    title: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Value]]


def write_workbook(path: Path, sheets: Sequence[Sheet]) -> None:
    """Write the sheets to `path`, which is replaced only once the whole workbook is there."""
    partial = path.with_name(f".{path.name}.{uuid4().hex}.part")
    try:
        with partial.open("xb") as file:
            _write(file, sheets)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _write(file: Any, sheets: Sequence[Sheet]) -> None:
    # What is left of a workbook that could not be finished goes with the folder.
    with TemporaryDirectory() as folder:
        workbook = xlsxwriter.Workbook(file, {"constant_memory": True, "tmpdir": folder})
        formats = _formats(workbook)
        try:
            for sheet in sheets:
                _write_sheet(workbook.add_worksheet(sheet.name), sheet, formats)
            _finish(workbook)
        finally:
            for worksheet in workbook.worksheets():
                worksheet.row_data_fh.close()


def _finish(workbook: Any) -> None:
    """xlsxwriter hides the error that says why a file could not be written."""
    why: tuple[Any, ...] = ()
    try:
        workbook.close()
    except FileCreateError as error:
        why = error.args[0].args
    if why:
        raise OSError(*why)


def _formats(workbook: Any) -> dict[str, Any]:
    cell = {"valign": "top", "text_wrap": True}
    looks = {
        "title": {"bold": True, "font_size": 14, "align": "center", "valign": "vcenter"},
        "header": {"bold": True, "bg_color": "#E7E6E6", "border": 1, "valign": "vcenter", "text_wrap": True},
        "text": cell,
        # Excel would take such text for a formula as soon as someone edits the cell
        "quoted": {**cell, "quote_prefix": True},
        "date": {**cell, "num_format": "yyyy-mm-dd"},
        "moment": {**cell, "num_format": "yyyy-mm-dd hh:mm"},
    }
    return {name: workbook.add_format(look) for name, look in looks.items()}


def _write_sheet(worksheet: Any, sheet: Sheet, formats: dict[str, Any]) -> None:
    last = len(sheet.columns) - 1
    top = 1 if sheet.title else 0
    for index, column in enumerate(sheet.columns):
        worksheet.set_column(index, index, column.width)
    if sheet.title:
        worksheet.set_row(0, 28)
        _write_title(worksheet, sheet.title, last, formats["title"])
    for index, column in enumerate(sheet.columns):
        worksheet.write_string(top, index, _legal(column.header), formats["header"])
    bottom = top
    for bottom, row in enumerate(sheet.rows, top + 1):
        for index, value in enumerate(row):
            _write_value(worksheet, bottom, index, value, formats)
    worksheet.freeze_panes(top + 1, 0)
    worksheet.autofilter(top, 0, bottom, last)


def _write_title(worksheet: Any, title: str, last: int, look: Any) -> None:
    if last:
        worksheet.merge_range(0, 0, 0, last, "", look)
    worksheet.write_string(0, 0, _legal(title), look)


def _write_value(worksheet: Any, row: int, column: int, value: Value, formats: dict[str, Any]) -> None:
    match value:
        case None | "":
            pass
        case datetime():
            local = value.astimezone(OFFICE_ZONE).replace(tzinfo=None) if value.tzinfo else value
            worksheet.write_datetime(row, column, local, formats["moment"])
        case date() if value.year >= 1900:
            worksheet.write_datetime(row, column, value, formats["date"])
        case int() | Decimal() if _kept_whole(value):
            worksheet.write_number(row, column, value, formats["text"])
        case _:
            _write_text(worksheet, row, column, str(value), formats)


def _write_text(worksheet: Any, row: int, column: int, text: str, formats: dict[str, Any]) -> None:
    look = "quoted" if text.lstrip()[:1] in tuple("=+-@") else "text"
    worksheet.write_string(row, column, _legal(text), formats[look])


def _kept_whole(value: int | Decimal) -> bool:
    """Excel keeps 15 digits of a number; a longer one is written as text."""
    return Decimal(value).is_finite() and len(Decimal(value).as_tuple().digits) <= 15


def _legal(text: str) -> str:
    """Text without what XML may not hold, and no longer than a cell may be."""
    text = _ILLEGAL.sub("", text)
    return text if len(text) <= _LONGEST_CELL else text[: _LONGEST_CELL - 1] + "…"


_LONGEST_CELL = 32_767
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
