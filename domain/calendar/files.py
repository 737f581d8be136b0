"""Arrangements in files, as offices keep them: CSV in any of the usual encodings, or a workbook."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path

from domain.refusals import Refusal, Refused
from domain.workbooks.books import read_book
from domain.workbooks.worksheets import Number, Value

NO_TABLE = Refusal(
    "NO_TABLE", "{name} 不是日历表：应为 .csv（UTF-8 或 GB 18030）或 .xlsx，三列：日期、类别、名称。",
    "{name} is no table of days: it must be a .csv (UTF-8 or GB 18030) or .xlsx with day, kind and name.",
)
TABLE_TOO_LARGE = Refusal(
    "TABLE_TOO_LARGE", "{name} 超过1 MB，不是一年的日历。", "{name} is over 1 MB: no year has so many days."
)
MOST_BYTES = 1_000_000
COLUMNS = 3


def text_of(path: Path) -> str:
    """The table in a file as CSV text whose lines are those of the file. Raises `Refused`."""
    if path.suffix.lower() == ".xlsx":
        return _from_workbook(path)
    if path.stat().st_size > MOST_BYTES:
        raise Refused(TABLE_TOO_LARGE.about(name=path.name))
    content = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise Refused(NO_TABLE.about(name=path.name))


def _from_workbook(path: Path) -> str:
    """The first sheet that is not hidden."""
    sheet = next((each for each in read_book(path).sheets if not each.hidden), None)
    if sheet is None or not sheet.rows:
        raise Refused(NO_TABLE.about(name=path.name))
    written = io.StringIO()
    lines = csv.writer(written, lineterminator="\n")
    for number in range(1, max(sheet.rows) + 1):
        lines.writerow(_text(sheet.cell(number, column)) for column in range(1, COLUMNS + 1))
    return written.getvalue()


def _text(value: Value | None) -> str:
    match value:
        case None | bool():
            return ""
        case str() | date():
            return str(value)
        case Number():
            return value.raw
        case _:
            return value.text
