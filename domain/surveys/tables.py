"""The rows of a survey's sheets, each read by itself: a row of data, or why it is none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, TypeVar

from domain.surveys import notes
from domain.surveys.cells import Cell, key, read_code, read_day, read_text, read_yes_no, tidy
from domain.surveys.headers import Field, Header, find_header, header_at, named, no_header
from domain.surveys.notes import Note, Outcome
from domain.surveys.register import Place
from domain.workbooks.books import Book
from domain.workbooks.columns import letters
from domain.workbooks.worksheets import Row, Value, Worksheet

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
        return next((tidy(value) for row in above for value in row.cells.values() if isinstance(value, str)), "")


class Reading(NamedTuple):
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


class Aside(NamedTuple):
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
    reader = _RowReader(sheet, header, book, today)
    for number in range(1, max(sheet.rows, default=0) + 1):
        place = Place(sheet.name, number)
        row = sheet.rows.get(number)
        if row is None:
            yield Aside(place, notes.BLANK_ROW)
        elif table.aside and (number > header.bottom or table.aside.outcome is Outcome.SKIPPED):
            yield Aside(place, table.aside)
        elif number <= header.bottom:
            yield Aside(place, notes.ABOVE_HEADER if number < header.top else notes.HEADER_ROW)
        elif again := _header_again(sheet, row, header):
            header, reader = again, _RowReader(sheet, again, book, today)
            yield Aside(place, notes.HEADER_ROW)
        elif note := _not_data(sheet, row, header):
            yield Aside(place, note)
        else:
            yield reader.read(row, place)


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
    if row.cells.keys().isdisjoint(header.columns.values()):
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
    """Takes the rows of a table apart by field, merged areas included, and notes what to say of each."""

    def __init__(self, sheet: Worksheet, header: Header, book: Book, today: date) -> None:
        self._sheet = sheet
        self._header = header
        self._book = book
        self._today = today
        self._columns = [header.columns.get(each, 0) for each in Field]
        self._has_areas = bool(sheet.merged.size or sheet.computed.size)
        self._has_category = Field.CATEGORY in header.columns

    def read(self, row: Row, place: Place) -> Reading:
        said = [notes.HIDDEN_ROW] if row.hidden else []
        values = self._values(row, said)
        name, code, above_scale, category, description, raised_on, visitor, department, remark = values
        told = read_text(Field.DESCRIPTION, description)
        raised = read_day(raised_on, self._today, self._book.day)
        sorted_as = _text(Field.CATEGORY, category, said)
        if sorted_as is None and self._has_category:
            said.append(notes.MISSING_CATEGORY)
        return Reading(
            place=place,
            header=self._header,
            name=read_text(Field.NAME, name),
            code=read_code(code),
            above_scale=_optional(Field.ABOVE_SCALE, read_yes_no(above_scale), said),
            category=sorted_as,
            description=_needed(told, notes.MISSING_DESCRIPTION, said),
            raised_on=_needed(raised, notes.MISSING_DATE, said),
            visitor=_text(Field.VISITOR, visitor, said),
            department=_text(Field.DEPARTMENT, department, said),
            remark=self._beside(row, _text(Field.REMARK, remark, said)),
            notes=tuple(said),
        )

    def _beside(self, row: Row, remark: str | None) -> str | None:
        """The remark, and after it what stands in columns of no field of ours: nothing an office wrote is lost."""
        more = [
            f"{label}：{told}"
            for column, label in self._header.unread.items()
            if not _SERIAL.fullmatch(key(label)) and (told := read_text(Field.REMARK, row.cells.get(column)).value)
        ]
        return "；".join([*([remark] if remark else []), *more]) or None

    def _values(self, row: Row, said: list[Note]) -> list[Value | None]:
        """The cells in the order of Field."""
        if not self._has_areas:
            return [row.cells.get(column) for column in self._columns]
        values = [self._sheet.cell(row.number, column) for column in self._columns]
        filled: list[tuple[Field, str]] = []
        for index, field in enumerate(Field):
            origin = self._origin(row.number, self._columns[index]) if values[index] is None else None
            if origin and (value := self._sheet.cell(*origin)) is not None:
                values[index] = value
                filled.append((field, f"{letters(origin[1])}{origin[0]}"))
        said += _said_of_merged(filled)
        return values

    def _origin(self, number: int, column: int) -> tuple[int, int] | None:
        """The cell a merged area shows in the rows below it; merged sideways, it speaks for one column."""
        origin = self._sheet.merged.covering(number, column)
        if origin is None or origin[0] <= self._header.bottom or origin[1] != column:
            return None
        return origin


def _text(field: Field, value: Value | None, said: list[Note]) -> str | None:
    return _optional(field, read_text(field, value), said) or None


def _optional(field: Field, cell: Cell[T], said: list[Note]) -> T | None:
    """The value, or nothing and a remark: what may be missing does not cost the row."""
    if cell.refused and cell.note is not None:
        said.append(notes.LEFT_OUT.of(field, zh_why=cell.note.zh, en_why=cell.note.en))
        return None
    if cell.note is not None:
        said.append(cell.note)
    return cell.value


def _needed(cell: Cell[T], missing: Note, said: list[Note]) -> T:
    if cell.note is not None:
        said.append(cell.note)
    elif not cell.value:
        said.append(missing)
    return cell.value


def _said_of_merged(filled: list[tuple[Field, str]]) -> list[Note]:
    if not filled:
        return []
    zh = "、".join(f"{field.zh}{where}" for field, where in filled)
    en = ", ".join(f"{field.en} {where}" for field, where in filled)
    return [notes.FROM_MERGED.at(zh_columns=zh, en_columns=en)]


_SERIAL = re.compile(r"序号?|编号|no\.?|#", re.IGNORECASE)
_TOTALS = re.compile(r"(本页|本表|本区|全部)?(合计|总计|小计|共计|累计|总数)(\(.*\))?(:.*|\d.*)?|(sub|grand)?total:?.*")
_FOOTNOTE = re.compile(
    r"(注|备注|说明|填表说明|填[表报]人|制表人?|审[核批]人?|(单位)?负责人|[填制]表单位|填报单位|(填[表报]|打印|制表)?日期"
    r"|联系(人|电话)|签[字章]|盖章|数据来源)(\(.*\))?:.*"
)
