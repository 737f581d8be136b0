"""A zone's problem survey 专项调研问题汇总: the workbook as an office keeps it, every row accounted for.

Nothing is guessed. A row is taken, or refused with all its reasons; what was put right is stated, with the
row it came from (`register`). Hidden rows and columns are read like others, since filters hide rows;
hidden sheets are not. A problem needs an enterprise, a description and a day; a category can wait.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from pathlib import Path

from domain.surveys import notes
from domain.surveys.cells import key
from domain.surveys.headers import Field, Header
from domain.surveys.notes import Note, Outcome, gravest, gravity
from domain.surveys.register import Place, Register
from domain.surveys.tables import Aside, Reading, Table, find_tables, read_table
from domain.workbooks import Column, Sheet, Value, write_workbook
from domain.workbooks.books import read_book
from domain.workbooks.columns import letters

__all__ = ["Field", "Note", "Outcome", "Result", "Survey", "SurveyRow", "SurveySheet"]
__all__ += ["fingerprint", "read_survey", "write_report"]


@dataclass(frozen=True, slots=True)
class SurveyRow:
    """One row of the workbook and what became of it; a refused row keeps what could be read of it."""

    sheet: str
    row_number: int
    outcome: Outcome
    enterprise_name: str = ""
    uscc: str = ""
    above_scale: bool | None = None
    category: str | None = None
    description: str = ""
    raised_on: date | None = None
    visitor: str | None = None
    department: str | None = None
    remark: str | None = None
    notes: tuple[Note, ...] = ()
    fingerprint: str | None = None

    def said(self, language: str) -> str:
        return " ".join(each.message(language) for each in self.notes)


@dataclass(frozen=True)
class SurveySheet:
    """How a sheet was understood: the letter of each column read, and the headings of those not read."""

    name: str
    read: bool
    columns: Mapping[Field, str]
    unread: tuple[str, ...]


@dataclass(frozen=True)
class Survey:
    title: str
    sheets: tuple[SurveySheet, ...]
    rows: tuple[SurveyRow, ...]

    @property
    def counts(self) -> dict[Outcome, int]:
        counted = Counter(each.outcome for each in self.rows)
        return {each: counted[each] for each in Outcome}


@dataclass(frozen=True)
class Result:
    """A row with what the database made of it: another outcome, more to say, the number of its case."""

    row: SurveyRow
    case_number: str = ""
    notes: tuple[Note, ...] = ()
    outcome: Outcome | None = None


def read_survey(path: Path, *, progress: Callable[[int, int], None] | None = None, today: date) -> Survey:
    """Every row of the workbook with its outcome. `progress` hears thousandths of the work done, and 1000."""
    steps = _Steps(progress)
    book = read_book(path, steps.reading)
    tables = find_tables(book)
    found = [each for table in tables for each in read_table(table, book, today)]
    rows = tuple(steps.judging(_judged(found), len(found)))
    title = next((each.title or each.sheet.name for each in tables if each.aside is None), "")
    return Survey(title, tuple(_described(each) for each in tables), rows)


def fingerprint(uscc: str, category: str | None, description: str, raised_on: date) -> str:
    """The same for every spelling of one problem, whenever it is read, so that nothing is imported twice."""
    parts = ("survey-row-1", uscc, key(category or ""), key(description), raised_on.isoformat())
    return sha256("\n".join(parts).encode()).hexdigest()


def write_report(path: Path, results: Iterable[Result]) -> None:
    """The workbook 结果 that tells an office what became of each row."""
    sheet = Sheet("结果", "导入结果 Import report", _REPORT_COLUMNS, map(_report_row, results))
    write_workbook(path, [sheet])


def _judged(found: Sequence[Reading | Aside]) -> Iterator[SurveyRow]:
    register = Register()
    for each in found:
        if isinstance(each, Reading):
            register.pair(each.name.value, each.code.value, each.place)
    seen: dict[str, SurveyRow] = {}
    for each in found:
        if isinstance(each, Aside):
            yield SurveyRow(each.place.sheet, each.place.row, each.note.outcome, notes=(each.note,))
        else:
            yield _settled(each, register, seen)


def _settled(reading: Reading, register: Register, seen: dict[str, SurveyRow]) -> SurveyRow:
    identity = register.identify(reading.name, reading.code, reading.place.sheet)
    said = _arranged((*identity.notes, *reading.notes), reading.header)
    outcome = gravest(said)
    row = SurveyRow(
        sheet=reading.place.sheet,
        row_number=reading.place.row,
        outcome=outcome,
        enterprise_name=identity.name,
        uscc=identity.code,
        above_scale=reading.above_scale,
        category=reading.category,
        description=reading.description,
        raised_on=reading.raised_on,
        visitor=reading.visitor,
        department=reading.department,
        remark=reading.remark,
        notes=said,
        fingerprint=_print_of(identity.code, reading) if outcome is not Outcome.REFUSED else None,
    )
    return _compared(row, seen)


def _print_of(uscc: str, reading: Reading) -> str | None:
    day = reading.raised_on
    return fingerprint(uscc, reading.category, reading.description, day) if day else None


def _compared(row: SurveyRow, seen: dict[str, SurveyRow]) -> SurveyRow:
    first = seen.setdefault(row.fingerprint, row) if row.fingerprint else row
    if first is row:
        return row
    repeats = notes.REPEATS.at(**Place(first.sheet, first.row_number).seen_from(row.sheet), **_differences(first, row))
    return replace(row, outcome=Outcome.REPEATED, notes=(repeats, *row.notes))


def _differences(first: SurveyRow, row: SurveyRow) -> dict[str, str]:
    """In what a repeated row differs all the same, so that nothing is dropped unsaid."""
    differing = [
        each for each in _COMPARED if key(getattr(first, each.value) or "") != key(getattr(row, each.value) or "")
    ]
    if not differing:
        return {"zh_differs": "", "en_differs": ""}
    zh, en = "、".join(each.zh for each in differing), ", ".join(each.en for each in differing)
    return {"zh_differs": f"，但{zh}不同", "en_differs": f", though {en} differ"}


def _arranged(said: Iterable[Note], header: Header) -> tuple[Note, ...]:
    """The gravest first, each with the letter of the column it is about."""
    letter = {field.value: letters(column) for field, column in header.columns.items()} if said else {}
    placed = (replace(each, column=letter.get(each.field or "")) for each in said)
    return tuple(sorted(placed, key=lambda each: -gravity(each.outcome)))


def _described(table: Table) -> SurveySheet:
    columns = {field: letters(column) for field, column in table.header.columns.items()}
    return SurveySheet(table.sheet.name, table.aside is None, columns, tuple(table.header.unread.values()))


def _report_row(result: Result) -> Sequence[Value]:
    row = replace(result.row, notes=(*result.row.notes, *result.notes))
    outcome = result.outcome or row.outcome
    return (
        row.sheet,
        row.row_number,
        outcome.zh,
        outcome.value,
        row.said("zh"),
        row.said("en"),
        row.enterprise_name,
        row.uscc,
        row.category,
        row.description,
        row.raised_on,
        result.case_number,
    )


class _Steps:
    """Tells how far an import is: reading the file counts 700 of 1000, judging its rows the rest."""

    def __init__(self, progress: Callable[[int, int], None] | None) -> None:
        self._progress = progress

    def reading(self, done: int, total: int) -> None:
        self._tell(700 * done // max(total, 1))

    def judging(self, rows: Iterable[SurveyRow], total: int) -> Iterator[SurveyRow]:
        for index, row in enumerate(rows, 1):
            if index % 500 == 0 or index == total:
                self._tell(700 + 300 * index // total)
            yield row

    def _tell(self, done: int) -> None:
        if self._progress is not None:
            self._progress(done, 1000)


_COMPARED = (Field.VISITOR, Field.DEPARTMENT, Field.REMARK)
_REPORT_COLUMNS = (
    Column("工作表", 12),
    Column("行号", 7),
    Column("结果", 12),
    Column("Outcome", 11),
    Column("原因", 50),
    Column("Reason", 50),
    Column("企业名称", 32),
    Column("统一社会信用代码", 22),
    Column("问题类别", 12),
    Column("问题描述", 50),
    Column("提出时间", 12),
    Column("诉求编号", 18),
)
