"""One worksheet as rows of values, with what must be known of a cell: formula, error, merged, hidden.

Read straight from the XML in one pass: `dimension` is never believed, nothing is laid out as a dense
grid, and a number keeps the digits it was stored with (a code stored as a number is judged by them).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

from domain.workbooks.columns import letters, number_of
from domain.workbooks.xlsx import Package

MAX_ROWS, MAX_COLUMNS, MAX_CELLS, MAX_SPANS = 200_000, 200, 4_000_000, 500_000
TAGS = {
    f"{namespace} {name}": name
    for namespace in (
        "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
        "http://purl.oclc.org/ooxml/spreadsheetml/main",
    )
    for name in (
        *("row", "c", "v", "f", "is", "t", "rPh", "mergeCell"),
        *("si", "numFmt", "cellXfs", "xf", "workbookPr", "sheet"),
    )
}


class Number(NamedTuple):
    """A number as the file spells it."""

    raw: str


class Formula(NamedTuple):
    """A cell that is worked out, whatever it last came to."""

    text: str


class Failure(NamedTuple):
    """An Excel error such as #REF!."""

    text: str


Value = str | bool | date | Number | Formula | Failure


class Areas:
    """Rectangles of a sheet, asked which of them covers a cell."""

    def __init__(self) -> None:
        self._spans: dict[int, list[tuple[int, int, int]]] = {}
        self.size = 0

    def add(self, top: int, left: int, bottom: int, right: int) -> None:
        for column in range(left, min(right, MAX_COLUMNS) + 1):
            self._spans.setdefault(column, []).append((top, bottom, left))
            self.size += 1

    def settle(self) -> None:
        for spans in self._spans.values():
            spans.sort()

    def covering(self, row: int, column: int) -> tuple[int, int] | None:
        """The top left cell of the area that covers (row, column)."""
        spans = self._spans.get(column)
        index = bisect_right(spans, row, key=lambda span: span[0]) - 1 if spans else -1
        if spans is None or index < 0 or spans[index][1] < row:
            return None
        return spans[index][0], spans[index][2]


@dataclass(slots=True)
class Row:
    """One row that holds something: its number as Excel shows it, and its cells by column number from 1."""

    number: int
    hidden: bool
    cells: dict[int, Value] = field(default_factory=dict)


class Worksheet:
    """Rows from top to bottom, empty ones left out; `merged` and `computed` (array formulas) are areas."""

    def __init__(self, name: str, hidden: bool) -> None:
        self.name = name
        self.hidden = hidden
        self.rows: dict[int, Row] = {}
        self.merged = Areas()
        self.computed = Areas()

    def cell(self, number: int, column: int) -> Value | None:
        """What the cell itself holds; one filled from an array formula counts as a formula."""
        row = self.rows.get(number)
        value = row.cells.get(column) if row else None
        if value is None or isinstance(value, Formula) or not self.computed.covering(number, column):
            return value
        return Formula("")


@dataclass
class Shared:
    """What the sheets of one workbook share; `cells_left` is how many more of them will be read."""

    strings: list[str]
    dated: Sequence[bool]
    day_zero: date
    cells_left: int = MAX_CELLS


def read_sheet(package: Package, part: str, sheet: Worksheet, shared: Shared) -> Worksheet:
    reader = _SheetReader(package, sheet, shared)
    package.parse(part, reader.start, reader.end, reader.text)
    sheet.merged.settle()
    sheet.computed.settle()
    return sheet


def day_of(day_zero: date, serial: float) -> date | None:
    """The day Excel means by a serial number, if it means one."""
    return day_zero + timedelta(days=int(serial)) if 1 <= serial < 2_958_466 else None


def unescaped(text: str) -> str:
    """Text without the _x000D_ by which Excel writes what XML cannot hold."""
    if "_x" not in text:
        return text
    plain = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    return plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


class _SheetReader:
    """Hears the XML of a sheet, element by element; the busiest code of an import, hence its plain ifs."""

    def __init__(self, package: Package, sheet: Worksheet, shared: Shared) -> None:
        self._package = package
        self._sheet = sheet
        self._shared = shared
        self._row = Row(0, False)
        self._column = 0
        self._kind = ""
        self._style = ""
        self._in_cell = self._in_phonetic = False
        self._formula: list[str] | None = None
        self._value: list[str] = []
        self._heard: list[str] | None = None
        self._columns: dict[str, int] = {}
        self._dated: dict[str, bool] = {}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        tag = TAGS.get(name)
        if tag == "c":
            self._begin_cell(attributes)
        elif tag == "v" or tag == "t":
            self._heard = self._value if self._in_cell and not self._in_phonetic else None
        elif tag == "row":
            self._begin_row(attributes)
        elif tag == "f" and self._in_cell:
            self._begin_formula(attributes)
        elif tag == "rPh":
            self._in_phonetic = True
        elif tag == "mergeCell":
            self._add(self._sheet.merged, attributes.get("ref", ""))

    def text(self, data: str) -> None:
        if self._heard is not None:
            self._heard.append(data)

    def end(self, name: str) -> None:
        tag = TAGS.get(name)
        if tag == "c":
            self._end_cell()
        elif tag == "v" or tag == "t" or tag == "f":
            self._heard = None
        elif tag == "rPh":
            self._in_phonetic = False
        elif tag == "row" and self._row.cells:
            self._keep(self._row)

    def _begin_row(self, attributes: dict[str, str]) -> None:
        number = self._whole(attributes["r"]) if "r" in attributes else self._row.number + 1
        if number <= self._row.number:
            self._package.broken(f"row {number} after row {self._row.number}")
        self._row = Row(number, attributes.get("hidden", "0") in ("1", "true"))
        self._column = 0

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        reference = attributes.get("r")
        self._column = self._column + 1 if reference is None else self._column_of(reference)
        self._kind = attributes.get("t", "n")
        self._style = attributes.get("s", "0")
        self._value = []
        self._formula = None
        self._in_cell = True

    def _begin_formula(self, attributes: dict[str, str]) -> None:
        self._formula = self._heard = []
        if attributes.get("t") in ("array", "dataTable") and "ref" in attributes:
            self._add(self._sheet.computed, attributes["ref"])

    def _end_cell(self) -> None:
        self._in_cell = False
        if self._formula is not None:
            self._row.cells[self._column] = Formula("".join(self._formula))
        elif self._value:
            value = self._read("".join(self._value))
            if value is not None:
                self._row.cells[self._column] = value

    def _read(self, raw: str) -> Value | None:
        match self._kind:
            case "s":
                return self._shared_string(raw.strip())
            case "inlineStr" | "str" | "d":
                return _text(unescaped(raw))
            case "b":
                return raw.strip() in ("1", "true")
            case "e":
                return Failure(raw)
        return self._number(raw.strip())

    def _shared_string(self, raw: str) -> str | None:
        index = self._whole(raw)
        if index >= len(self._shared.strings):
            self._package.broken(f"shared string {index}")
        return _text(self._shared.strings[index])

    def _number(self, raw: str) -> Value | None:
        if self._is_dated(self._style):
            try:
                return day_of(self._shared.day_zero, float(raw)) or Number(raw)
            except ValueError:
                return Number(raw)
        return Number(raw) if raw else None

    def _is_dated(self, style: str) -> bool:
        known = self._dated.get(style)
        if known is None:
            index = self._whole(style)
            known = self._dated[style] = index < len(self._shared.dated) and self._shared.dated[index]
        return known

    def _keep(self, row: Row) -> None:
        last = max(row.cells)
        if row.number > MAX_ROWS or last > MAX_COLUMNS:
            where = f"{self._sheet.name}!{letters(last)}{row.number}"
            self._package.too_large(
                f"单元格{where}在第{MAX_ROWS}行或第{MAX_COLUMNS}列以外",
                f"cell {where} lies beyond row {MAX_ROWS} or column {MAX_COLUMNS}",
            )
        self._shared.cells_left -= len(row.cells)
        if self._shared.cells_left < 0:
            self._package.too_large(f"单元格超过{MAX_CELLS}个", f"it has more than {MAX_CELLS} cells")
        self._sheet.rows[row.number] = row

    def _add(self, areas: Areas, reference: str) -> None:
        found = _AREA.fullmatch(reference)
        if found is None:
            self._package.broken(f"area {reference[:40]}")
        left, top, right, bottom = found.groups()
        areas.add(int(top), number_of(left), int(bottom or top), number_of(right or left))
        if areas.size > MAX_SPANS:
            self._package.too_large("合并单元格过多", "it has too many merged cells")

    def _column_of(self, reference: str) -> int:
        name = reference.rstrip("0123456789")
        known = self._columns.get(name)
        if known is None:
            if not re.fullmatch("[A-Z]{1,3}", name):
                self._package.broken(f"cell {reference[:40]}")
            known = self._columns[name] = number_of(name)
        return known

    def _whole(self, raw: str) -> int:
        if not (raw.isdigit() and raw.isascii() and len(raw) < 10):
            self._package.broken(f"number {raw[:40]}")
        return int(raw)


def _text(text: str) -> str | None:
    """The text, or nothing where a cell holds only spaces."""
    return text if text and not text.isspace() else None


_AREA = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})(?::\$?([A-Z]{1,3})\$?(\d{1,7}))?", re.ASCII)
_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")
