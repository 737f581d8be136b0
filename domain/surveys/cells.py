"""What one cell of a survey says: a text, a code, a day, yes or no, or why it says nothing of use."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Generic, NamedTuple, TypeVar

from domain.surveys import notes
from domain.surveys.headers import Field
from domain.surveys.notes import Note, Outcome
from domain.uscc import Fault, fault_of, one_spelling
from domain.workbooks.worksheets import Failure, Formula, Number, Value

T = TypeVar("T")
# The zones date from 1988 to 1991; below this a number in a date column is a year or a month, not a day.
EARLIEST = date(1990, 1, 1)
LONGEST = {
    Field.NAME: 200,
    Field.CATEGORY: 50,
    Field.DESCRIPTION: 5_000,
    Field.VISITOR: 100,
    Field.DEPARTMENT: 100,
    Field.REMARK: 2_000,
}


class Cell(NamedTuple, Generic[T]):
    """What was read, and what is to be said about it; `written` is the cell as the office filled it."""

    value: T
    note: Note | None = None
    written: str = ""

    @property
    def refused(self) -> bool:
        return self.note is not None and self.note.outcome is Outcome.REFUSED


def read_text(field: Field, value: Value | None) -> Cell[str]:
    """A text with its spaces in order; only a description or remark keeps its line breaks."""
    if unusable := _unusable(field, value):
        return Cell("", unusable)
    written = as_written(value)
    return _short_text(field, written) if len(written) <= _SHORT else _text(field, written)


def read_code(value: Value | None) -> Cell[str]:
    """A unified social credit code, whatever the width and case of its letters; "" if it is none."""
    if unusable := _unusable(Field.CODE, value):
        return Cell("", unusable)
    if isinstance(value, Number):
        return _code_of_number(value.raw)
    written = as_written(value)
    return _short_code(written) if len(written) <= _SHORT else _code_of_text(written)


def read_day(value: Value | None, today: date, day_of: Callable[[float], date | None]) -> Cell[date | None]:
    """A day between EARLIEST and today, if the cell leaves no doubt which."""
    if unusable := _unusable(Field.RAISED_ON, value):
        return Cell(None, unusable)
    if isinstance(value, date):
        return Cell(value, _about_day(value, today))
    written = tidy(as_written(value))
    if written.casefold() in _NOTHING:
        return Cell(None, notes.MISSING_DATE)
    found = _day_of_text(written[:_SHORT])
    if not found.refused:
        return Cell(found.value, _about_day(found.value, today) if found.value else None, written)
    if _SERIAL.fullmatch(written) and (day := day_of(float(written))) and day >= EARLIEST:
        note = notes.DATE_FROM_NUMBER.at(before=written, after=day.isoformat())
        return Cell(day, _about_day(day, today) or note, written)
    return found


def read_yes_no(value: Value | None) -> Cell[bool | None]:
    if isinstance(value, bool):
        return Cell(value)
    if unusable := _unusable(Field.ABOVE_SCALE, value):
        return Cell(None, unusable)
    written = tidy(as_written(value))
    word = key(written)
    if word in _YES or word in _NO:
        return Cell(word in _YES, None, written)
    if word in _NOTHING:
        return Cell(None, None, written)
    return Cell(None, notes.YES_NO_UNREADABLE.at(text=written), written)


def key(text: str) -> str:
    """What two spellings of one text have in common: width, case, spaces, a last full stop do not count."""
    return _short_key(text) if len(text) <= _SHORT else _key(text)


def tidy(text: str, *, lines: bool = False) -> str:
    """Spaces of every kind made one, invisible characters gone; line breaks kept only where asked for."""
    if not _UNTIDY.search(text):
        return text
    text = _CONTROLS.sub("", _INVISIBLE.sub("", _LINE_BREAK.sub("\n", text)))
    if not lines:
        return " ".join(text.split())
    return "\n".join(filter(None, (" ".join(line.split()) for line in text.split("\n"))))


def as_written(value: Value | None) -> str:
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            return "TRUE" if value else "FALSE"
        case date():
            return value.isoformat()
        case Number(raw):
            return _digits(raw)
        case Formula(text):
            return f"={text}"
        case Failure(text):
            return text


def _unusable(field: Field, value: Value | None) -> Note | None:
    if isinstance(value, str):
        error = value.strip()
        return notes.ERROR_CELL.of(field, error=error) if error in _ERRORS else None
    if isinstance(value, Formula):
        return notes.FORMULA_CELL.of(field, formula=value.text or "…")
    return notes.ERROR_CELL.of(field, error=value.text) if isinstance(value, Failure) else None


def _text(field: Field, written: str) -> Cell[str]:
    text = tidy(written, lines=field in (Field.DESCRIPTION, Field.REMARK))
    if text.casefold() in _NOTHING:
        return Cell("", None, written)
    return Cell(_joined(text) if field is Field.NAME else text, _about_text(field, written, text), written)


def _key(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split()).rstrip("。.;")


def _about_text(field: Field, written: str, text: str) -> Note | None:
    if len(text) > LONGEST[field]:
        return notes.TOO_LONG_CELL.of(field, limit=str(LONGEST[field]), length=str(len(text)))
    if _BROKEN.search(text):
        return notes.BROKEN_TEXT.of(field)
    if text.startswith("="):
        return notes.LOOKS_LIKE_FORMULA.of(field)
    if text is not written and _CONTROLS.search(_LINE_BREAK.sub("\n", written)):
        return notes.CONTROL_CHARACTERS.of(field)
    return None


def _joined(name: str) -> str:
    """Chinese is written without spaces: one inside a name came from a line break or from alignment."""
    return _BESIDE_CHINESE.sub("", name)


def _code_of_number(raw: str) -> Cell[str]:
    # Excel itself keeps 15 digits; 18 that do not end in zeros were written by something that kept them all
    if re.fullmatch(r"\d{18}", raw, re.ASCII) and not raw.endswith("000"):
        return _code_of_text(raw)
    return Cell("", notes.CODE_AS_NUMBER.at(code=_digits(raw)), _digits(raw))


def _code_of_text(written: str) -> Cell[str]:
    shown = tidy(written)
    code = one_spelling(shown).strip("'‘’`")
    if code.casefold() in _NOTHING:
        return Cell("", None, written)
    match fault_of(code):
        case Fault.LENGTH:
            return Cell("", notes.CODE_LENGTH.at(code=shown, length=str(len(code))), shown)
        case Fault.CHECK:
            return Cell("", notes.CODE_CHECK_DIGIT.at(code=shown), shown)
        case Fault.CHARACTERS:
            return Cell("", notes.CODE_CHARACTERS.at(code=shown), shown)
    return Cell(code, None if code == shown else notes.CODE_SPELLING.at(before=shown, after=code), shown)


@lru_cache(4096)
def _day_of_text(written: str) -> Cell[date | None]:
    text = unicodedata.normalize("NFKC", written).translate(_DATE_MARKS)
    found = _DAY.fullmatch(text)
    if found is None:
        kind = next((note for pattern, note in _DOUBTFUL if pattern.fullmatch(text)), notes.DATE_UNREADABLE)
        return Cell(None, kind.at(text=written), written)
    year, month, day = (int(each) for each in found.groups() if each and each.isdigit())
    try:
        return Cell(date(year, month, day), None, written)
    except ValueError:
        return Cell(None, notes.DATE_IMPOSSIBLE.at(text=written), written)


def _about_day(day: date, today: date) -> Note | None:
    if day > today:
        return notes.DATE_IN_FUTURE.at(day=day.isoformat(), today=today.isoformat())
    if day < EARLIEST:
        return notes.DATE_TOO_EARLY.at(day=day.isoformat(), earliest=EARLIEST.isoformat())
    return None


def _digits(raw: str) -> str:
    """A number as Excel would show it: 15 digits at most, no exponent for whole ones."""
    try:
        number = float(raw)
    except ValueError:
        return raw
    if number.is_integer() and abs(number) < 1e15:
        return str(int(number))
    return raw if re.fullmatch(r"-?\d{1,30}", raw, re.ASCII) else f"{number:.15g}"


# Names, codes, categories, departments come back row after row: what was made of a short text is kept.
_SHORT = 64
_short_text = lru_cache(8192)(_text)
_short_key = lru_cache(8192)(_key)
_short_code = lru_cache(32_768)(_code_of_text)
_NOTHING = {"", "/", "\\", "-", "--", "—", "——", "无", "暂无", "没有", "n/a", "na", "none", "null", "nil"}
_ERRORS = {"#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"}
_YES = {
    "是",
    "y",
    "yes",
    "true",
    "1",
    "√",
    "✓",
    "✔",
    "☑",
    "规上",
    "规模以上",
    "规上企业",
    "规模以上企业",
    "属于",
}
_NO = {
    "否",
    "n",
    "no",
    "false",
    "0",
    "×",
    "x",
    "✗",
    "✘",
    "规下",
    "规模以下",
    "规下企业",
    "非规上",
    "不是",
    "不属于",
}

_LINE_BREAK = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_INVISIBLE = re.compile("[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_BROKEN = re.compile("[\ufffd\ufffe\uffff\ud800-\udfff]")
_UNTIDY = re.compile(
    "^\\s|\\s$|\\s\\s|[^\\S ]|[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]|[\x00-\x1f\x7f-\x9f]"
)
_CHINESE = "[\u00b7\u2e80-\u303f\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]"
_BESIDE_CHINESE = re.compile(f" (?={_CHINESE})|(?<={_CHINESE}) ")

_SERIAL = re.compile(r"\d{5}(\.\d+)?", re.ASCII)
_DATE_MARKS = {ord(dash): "-" for dash in "‐‑‒–—−"} | {ord("。"): "."}
_TIME = r"(?:[ T]\s?\d{1,2}[:时]\d{1,2}(?:[:分]\d{1,2}(?:\.\d+)?)?[分秒]?(?:Z|[+-]\d\d:?\d\d)?)?"
_DAY = re.compile(
    r"(\d{4})\s?(?:([-./])\s?(\d{1,2})\s?\2\s?(\d{1,2})|年\s?(\d{1,2})\s?月\s?(\d{1,2})\s?[日号]?)\.?"
    + _TIME
    + r"|(\d{4})(\d\d)(\d\d)",
    re.ASCII,
)
_DOUBTFUL = (
    (
        re.compile(r"\d{4}\s?(年|[-./])?\s?(\d{1,2}\s?月?\s?(份|上旬|中旬|下旬|初|中|底|末)?)?"),
        notes.DATE_WITHOUT_DAY,
    ),
    (re.compile(r"\d{1,2}\s?([-./]|月)\s?\d{1,2}\s?[日号]?"), notes.DATE_WITHOUT_YEAR),
    (
        re.compile(r"\d{1,2}\s?([-./年])\s?\d{1,2}\s?[-./月]\s?(\d{1,2}|\d{4})\s?[日号]?"),
        notes.DATE_AMBIGUOUS,
    ),
)
