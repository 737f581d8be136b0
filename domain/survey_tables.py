"""The rows of a survey's sheets, each read by itself: a row of data, or why it is none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar

from domain import survey_notes as notes
from domain.books import Book
from domain.survey_cells import Cell, key, read_code, read_day, read_text, read_yes_no, tidy
from domain.survey_headers import Field, Header, find_header, header_at, named, no_header
from domain.survey_notes import Note, Outcome
from domain.survey_register import Place
from domain.worksheets import Row, Value, Worksheet, letters

T = TypeVar("T")


@dataclass(frozen=True)
class Table:
    """A sheet and the header found in it; `aside` says why its rows are not read, if they are not."""

    sheet: Worksheet
    header: Header
    aside: Note | None = None

    @property
    def title(self) -> str:
        """The first words above the header."""
        above = (row for number, row in self.sheet.rows.items() if number < self.header.top)
        return next(
            (tidy(value) for row in above for value in row.cells.values() if isinstance(value, str)), ""
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """A row of data by itself, before it is compared with others; `notes` on all but name and code."""

    place: Place
    header: Header
    name: Cell[str]
    code: Cell[str]
    above_scale: bool | None
    category: str | None
    description: str
    raised_on: date | None
    visitor: str | None
    department: str | None
    remark: str | None
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Aside:
    """A row that is not read as data, and why."""

    place: Place
    note: Note


def find_tables(book: Book) -> list[Table]:
    """Every sheet of the book; refused if none that can be seen has all the columns needed."""
    tables = [_table(each) for each in book.sheets]
    if all(each.aside for each in tables):
        best = max(tables, key=lambda each: len(each.header.columns))
        raise no_header(best.header.missing)
    return tables


def read_table(table: Table, book: Book, today: date) -> Iterator[Reading | Aside]:
    """One answer for every row of the sheet, from the first to the last that holds anything."""
    sheet, header = table.sheet, table.header
    for number in range(1, max(sheet.rows, default=0) + 1):
        place = Place(sheet.name, number)
        row = sheet.rows.get(number)
        if row is None:
            yield Aside(place, notes.BLANK_ROW)
        elif number < header.top:
            yield Aside(place, table.aside or notes.ABOVE_HEADER)
        elif number <= header.bottom:
            yield Aside(place, table.aside or notes.HEADER_ROW)
        elif table.aside:
            yield Aside(place, table.aside)
        elif again := _header_again(sheet, row, header):
            header = again
            yield Aside(place, notes.HEADER_ROW)
        elif note := _not_data(sheet, row, header):
            yield Aside(place, note)
        else:
            yield _RowReader(sheet, row, header).read(place, book, today)


def _table(sheet: Worksheet) -> Table:
    if sheet.hidden:
        return Table(sheet, Header(0, 0, {}), notes.HIDDEN_SHEET.at(sheet=sheet.name))
    header = find_header(sheet)
    if not header.missing:
        return Table(sheet, header)
    if Field.DESCRIPTION in header.columns and len(header.columns) > 1:
        zh, en = named(header.missing)
        return Table(sheet, header, notes.MISSING_COLUMNS.at(sheet=sheet.name, zh_columns=zh, en_columns=en))
    return Table(sheet, header, notes.NO_TABLE.at(sheet=sheet.name))


def _header_again(sheet: Worksheet, row: Row, header: Header) -> Header | None:
    """The header repeated further down, as in lists printed by the page; its columns may have moved."""
    code = row.cells.get(header.columns[Field.CODE])
    if not isinstance(code, str) or any(letter.isdigit() for letter in code):
        return None
    found = header_at(sheet, row.number)
    return None if found.missing else found


def _not_data(sheet: Worksheet, row: Row, header: Header) -> Note | None:
    if not any(column in row.cells for column in header.columns.values()):
        lead = _lead(row)
        return notes.TOTALS_ROW if _TOTALS.fullmatch(lead) else notes.EMPTY_ROW
    if header.columns[Field.CODE] in row.cells:
        return None
    lead = _lead(row)
    if _TOTALS.fullmatch(lead):
        return notes.TOTALS_ROW
    return notes.FOOTNOTE_ROW if _FOOTNOTE.fullmatch(lead) else None


def _lead(row: Row) -> str:
    """The first words of a row."""
    texts = [(column, value) for column, value in row.cells.items() if isinstance(value, str)]
    return key(min(texts)[1]) if texts else ""


class _RowReader:
    """Takes the cells of one row by field, from merged areas where they cover it, and notes what to say."""

    def __init__(self, sheet: Worksheet, row: Row, header: Header) -> None:
        self._sheet = sheet
        self._row = row
        self._header = header
        self._notes: list[Note] = [notes.HIDDEN_ROW] if row.hidden else []
        self._merged: list[tuple[Field, str]] = []

    def read(self, place: Place, book: Book, today: date) -> Reading:
        reading = Reading(
            place=place,
            header=self._header,
            name=read_text(Field.NAME, self._value(Field.NAME)),
            code=read_code(self._value(Field.CODE)),
            above_scale=self._optional(Field.ABOVE_SCALE, read_yes_no(self._value(Field.ABOVE_SCALE))),
            category=self._category(),
            description=self._needed(
                read_text(Field.DESCRIPTION, self._value(Field.DESCRIPTION)), notes.MISSING_DESCRIPTION
            ),
            raised_on=self._needed(
                read_day(self._value(Field.RAISED_ON), today, book.day), notes.MISSING_DATE
            ),
            visitor=self._text(Field.VISITOR),
            department=self._text(Field.DEPARTMENT),
            remark=self._text(Field.REMARK),
            notes=(),
        )
        return replace(reading, notes=(*self._notes, *self._said_of_merged()))

    def _value(self, field: Field) -> Value | None:
        column = self._header.columns.get(field)
        if column is None:
            return None
        value = self._sheet.cell(self._row.number, column)
        if value is not None or not self._sheet.merged.size:
            return value
        origin = self._sheet.merged.covering(self._row.number, column)
        if origin is None or origin[0] <= self._header.bottom or origin[1] != column:
            return None
        if (value := self._sheet.cell(*origin)) is not None:
            self._merged.append((field, f"{letters(column)}{origin[0]}"))
        return value

    def _text(self, field: Field) -> str | None:
        return self._optional(field, read_text(field, self._value(field))) or None

    def _category(self) -> str | None:
        category = self._text(Field.CATEGORY)
        if category is None and Field.CATEGORY in self._header.columns:
            self._notes.append(notes.MISSING_CATEGORY)
        return category

    def _optional(self, field: Field, cell: Cell[T]) -> T | None:
        """The value, or nothing and a remark: what can be missing does not cost the row."""
        if cell.note is None or cell.note.outcome is not Outcome.REFUSED:
            self._notes += [cell.note] if cell.note else []
            return cell.value
        self._notes.append(notes.LEFT_OUT.of(field, zh_why=cell.note.zh, en_why=cell.note.en))
        return None

    def _needed(self, cell: Cell[T], missing: Note) -> T:
        if cell.note is not None:
            self._notes.append(cell.note)
        elif not cell.value:
            self._notes.append(missing)
        return cell.value

    def _said_of_merged(self) -> list[Note]:
        if not self._merged:
            return []
        zh = "、".join(f"{field.zh}{where}" for field, where in self._merged)
        en = ", ".join(f"{field.en} {where}" for field, where in self._merged)
        return [notes.FROM_MERGED.at(zh_columns=zh, en_columns=en)]


_TOTALS = re.compile(
    r"(本页|本表|本区|全部)?(合计|总计|小计|共计|累计|总数)(\(.*\))?(:.*|\d.*)?|(sub|grand)?total:?.*"
)
_FOOTNOTE = re.compile(
    r"(注|备注|说明|填表说明|填[表报]人|制表人?|审[核批]人?|(单位)?负责人|[填制]表单位|填报单位|(填[表报]|打印|制表)?日期"
    r"|联系(人|电话)|签[字章]|盖章|数据来源)(\(.*\))?:.*"
)
