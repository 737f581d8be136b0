"""A whole workbook: which sheets it has, which numbers are dates, and the texts its sheets share."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

from domain.workbooks import xlsx
from domain.workbooks.worksheets import MAX_CELLS, TAGS, Shared, Worksheet, day_of, read_sheet, unescaped
from domain.workbooks.xlsx import Package

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Book:
    """The worksheets of a workbook in order, and day 0 of its calendar."""

    sheets: list[Worksheet]
    day_zero: date

    def day(self, serial: float) -> date | None:
        return day_of(self.day_zero, serial)


def read_book(path: Path, progress: Progress | None = None) -> Book:
    """Every worksheet of the .xlsx at `path`; `progress` hears bytes read so far and bytes in all."""
    with xlsx.opened(path) as package:
        workbook = _read_workbook(package)
        dated = _read_dated(package, workbook.styles[0]) if workbook.styles else []
        parts = [*workbook.strings[:1], *(each.part for each in workbook.sheets)]
        _follow(package, sum(package.size(each) for each in parts), progress)
        strings = _read_strings(package, workbook.strings[0]) if workbook.strings else []
        shared = Shared(strings, dated, workbook.day_zero)
        sheets = [read_sheet(package, each.part, Worksheet(each.name, each.hidden), shared) for each in workbook.sheets]
    return Book(sheets, workbook.day_zero)


class _Relation(NamedTuple):
    id: str
    kind: str
    part: str


class _SheetPart(NamedTuple):
    name: str
    hidden: bool
    part: str


@dataclass
class _Workbook:
    sheets: list[_SheetPart]
    strings: list[str]
    styles: list[str]
    day_zero: date = date(1899, 12, 30)


def _follow(package: Package, total: int, progress: Progress | None) -> None:
    done = 0

    def count(size: int) -> None:
        nonlocal done
        done = min(done + size, total)
        if progress is not None:
            progress(done, total)

    package.on_read = count


def _read_workbook(package: Package) -> _Workbook:
    mains = [each.part for each in _relations(package, "") if each.kind == "officeDocument"]
    main = mains[0] if mains else "xl/workbook.xml"
    if main not in package:
        package.not_xlsx("压缩包", "an archive")
    relations = _relations(package, main)
    sheet_parts = {each.id: each.part for each in relations if each.kind == "worksheet"}
    found = _Workbook(
        [],
        [each.part for each in relations if each.kind == "sharedStrings"],
        [each.part for each in relations if each.kind == "styles"],
    )

    def start(name: str, attributes: dict[str, str]) -> None:
        tag = TAGS.get(name)
        if tag == "workbookPr" and attributes.get("date1904", "0") in ("1", "true"):
            found.day_zero = date(1904, 1, 1)
        elif tag == "sheet":
            id = next((value for key, value in attributes.items() if key.endswith("relationships id")), "")
            hidden = attributes.get("state", "visible") != "visible"
            if id in sheet_parts:  # charts are sheets too
                found.sheets.append(_SheetPart(attributes.get("name", ""), hidden, sheet_parts[id]))

    package.parse(main, start)
    if not found.sheets:
        package.broken("no worksheets")
    return found


def _relations(package: Package, part: str) -> list[_Relation]:
    folder, name = posixpath.split(part)
    found: list[_Relation] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag.endswith(" Relationship") and attributes.get("TargetMode") != "External":
            kind = attributes.get("Type", "").rpartition("/")[2]
            target = posixpath.join("/" + folder, attributes.get("Target", "").replace("\\", "/"))
            found.append(_Relation(attributes.get("Id", ""), kind, target.lstrip("/")))

    relations = posixpath.join(folder, "_rels", f"{name}.rels")
    if relations in package:
        package.parse(relations, start)
    return found


def _read_strings(package: Package, part: str) -> list[str]:
    strings: list[str] = []
    parts: list[str] = []
    heard = phonetic = False

    def start(name: str, _: dict[str, str]) -> None:
        nonlocal heard, phonetic
        tag = TAGS.get(name)
        if tag == "t":
            heard = not phonetic
        elif tag == "si":
            parts.clear()
        elif tag == "rPh":
            phonetic = True

    def text(data: str) -> None:
        if heard:
            parts.append(data)

    def end(name: str) -> None:
        nonlocal heard, phonetic
        tag = TAGS.get(name)
        if tag == "t":
            heard = False
        elif tag == "rPh":
            phonetic = False
        elif tag == "si":
            strings.append(unescaped("".join(parts)))
            if len(strings) > MAX_CELLS:
                package.too_large(f"文字超过{MAX_CELLS}条", f"it has more than {MAX_CELLS} texts")

    package.parse(part, start, end, text)
    return strings


def _read_dated(package: Package, part: str) -> list[bool]:
    """For each cell style, whether it shows numbers as dates."""
    formats: dict[str, bool] = {}
    dated: list[bool] = []
    in_cell_styles = False

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal in_cell_styles
        tag = TAGS.get(name)
        if tag == "numFmt":
            formats[attributes.get("numFmtId", "")] = _shows_dates(attributes.get("formatCode", ""))
        elif tag == "cellXfs":
            in_cell_styles = True
        elif tag == "xf" and in_cell_styles:
            number = attributes.get("numFmtId", "0")
            dated.append(formats.get(number, number in _BUILT_IN_DATES))
        if len(dated) > _MAX_STYLES or len(formats) > _MAX_STYLES:
            package.too_large(f"样式超过{_MAX_STYLES}种", f"it has more than {_MAX_STYLES} styles")

    def end(name: str) -> None:
        nonlocal in_cell_styles
        if TAGS.get(name) == "cellXfs":
            in_cell_styles = False

    package.parse(part, start, end)
    return dated


def _shows_dates(code: str) -> bool:
    return any(letter in _LITERAL.sub("", code.lower()).partition(";")[0] for letter in "ymdhs")


_MAX_STYLES = 65_536
# Quoted text, escapes, colours and locales say nothing about dates; "General" has none of the letters.
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
# 27 to 36 and 50 to 58 are the dates of Chinese, Japanese and Korean Excel (ECMA-376 18.8.30).
_BUILT_IN_DATES = {str(each) for each in (*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59))}
