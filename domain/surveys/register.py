"""Which name and which code belong together in one workbook, and what that lets an import correct.

The first row that gives a name with a valid code fixes the pair. A later row that pairs either with another
is refused with both stated. A missing or wrong code, or a missing name, is filled in from an undisputed pair
only, and only for exactly the same name or code: that is no guess but what the workbook says elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from domain.surveys import notes
from domain.surveys.cells import Cell, key
from domain.surveys.notes import WHY, Note


class Place(NamedTuple):
    """A row of a sheet, as Excel numbers it."""

    sheet: str
    row: int

    def seen_from(self, sheet: str) -> dict[str, str]:
        """How to point at this row from a row of `sheet`."""
        if sheet == self.sheet:
            return {"zh_place": f"第{self.row}行", "en_place": f"row {self.row}"}
        return {
            "zh_place": f"工作表“{self.sheet}”第{self.row}行",
            "en_place": f"row {self.row} of the sheet “{self.sheet}”",
        }


class Identity(NamedTuple):
    """The enterprise a row is about; the notes say how it was arrived at, or why it could not be."""

    name: str
    code: str
    notes: tuple[Note, ...] = ()


class _Pair(NamedTuple):
    name: str
    code: str
    place: Place


@dataclass
class Register:
    """The pairs of name and valid code a workbook gives. `pair` every row, in order, before `identify`."""

    _by_name: dict[str, _Pair] = field(default_factory=dict)
    _by_code: dict[str, _Pair] = field(default_factory=dict)
    _other_codes: dict[str, list[str]] = field(default_factory=dict)
    _other_names: dict[str, list[str]] = field(default_factory=dict)

    def pair(self, name: str, code: str, place: Place) -> None:
        if not name or not code:
            return
        by_name, by_code = self._by_name.get(key(name)), self._by_code.get(code)
        if by_name is None and by_code is None:
            self._by_name[key(name)] = self._by_code[code] = _Pair(name, code, place)
        elif by_name is not by_code:
            self._other_codes.setdefault(key(name), []).append(code)
            self._other_names.setdefault(code, []).append(name)

    def identify(self, name: Cell[str], code: Cell[str], sheet: str) -> Identity:
        said = tuple(each.note for each in (name, code) if each.note)
        if name.refused or (code.refused and said[-1].code not in WHY):
            return Identity(name.value, code.value or code.written, said)
        if name.value and code.value:
            return self._agreed(name.value, code.value, said, sheet)
        if name.value:
            return self._with_code(name, code, sheet)
        if code.value:
            return self._with_name(code.value, said, sheet)
        return Identity(
            "", code.written, (notes.MISSING_ENTERPRISE, *said) if not said else (notes.MISSING_NAME, *said)
        )

    def _agreed(self, name: str, code: str, said: tuple[Note, ...], sheet: str) -> Identity:
        by_name, by_code = self._by_name.get(key(name)), self._by_code.get(code)
        if by_name is not None and by_name is by_code:
            return Identity(by_name.name, code, said)
        if by_code is not None:
            where = by_code.place.seen_from(sheet)
            said = (notes.CODE_OF_ANOTHER.at(code=code, name=name, other=by_code.name, **where), *said)
        if by_name is not None:
            where = by_name.place.seen_from(sheet)
            said = (notes.NAME_OF_ANOTHER.at(code=code, name=name, other=by_name.code, **where), *said)
        return Identity(name, code, said)

    def _with_code(self, name: Cell[str], code: Cell[str], sheet: str) -> Identity:
        pair, others = self._by_name.get(key(name.value)), self._other_codes.get(key(name.value), [])
        said = tuple(each.note for each in (code, name) if each.note)
        if others:
            codes = "、".join(dict.fromkeys([*([pair.code] if pair else []), *others]))
            return Identity(name.value, code.written, (*said, notes.NAME_DISPUTED.at(name=name.value, codes=codes)))
        if pair is None:
            return Identity(name.value, code.written, said if code.refused else (notes.MISSING_CODE, *said))
        where = pair.place.seen_from(sheet)
        if code.note is None:
            note = notes.CODE_FILLED.at(before="", after=pair.code, name=pair.name, **where)
        else:
            zh, en = WHY[code.note.code]
            note = notes.CODE_CORRECTED.at(
                before=code.written, after=pair.code, name=pair.name, zh_why=zh, en_why=en, **where
            )
        return Identity(pair.name, pair.code, (note, *((name.note,) if name.note else ())))

    def _with_name(self, code: str, said: tuple[Note, ...], sheet: str) -> Identity:
        pair, others = self._by_code.get(code), self._other_names.get(code, [])
        if others:
            names = "、".join(dict.fromkeys([*([pair.name] if pair else []), *others]))
            return Identity("", code, (notes.CODE_DISPUTED.at(code=code, names=names), *said))
        if pair is None:
            return Identity("", code, (notes.MISSING_NAME, *said))
        note = notes.NAME_FILLED.at(before="", after=pair.name, code=code, **pair.place.seen_from(sheet))
        return Identity(pair.name, code, (note, *said))
