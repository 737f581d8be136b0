"""All that an import may say of a row: refused, repeated, corrected, skipped, or only remarked on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from domain.refusals import Refusal
from domain.surveys.headers import Field
from domain.words import Word


class Outcome(Word):
    """What became of a row. The order is that of gravity: the gravest note of a row decides."""

    TAKEN = "taken", "已采用", "Taken as written"
    CORRECTED = "corrected", "更正后采用", "Taken with a stated correction"
    REPEATED = "repeated", "重复", "Repeats an earlier row; not taken twice"
    REFUSED = "refused", "未采用", "Refused, with the reasons"
    SKIPPED = "skipped", "非数据行", "Not a row of data"


@dataclass(frozen=True)
class Note(Refusal):
    """One thing said of a row, and the outcome it brings; `column` is the letter of the column it is about.

    A correction also says what was changed, `before` and `after`.
    """

    outcome: Outcome = Outcome.REFUSED
    column: str | None = None
    before: str | None = None
    after: str | None = None

    def at(self, before: str | None = None, after: str | None = None, **values: str) -> Note:
        """The same note for one cell, its sentences filled in; long values are shown by their beginning."""
        shown = {name: clip(value) for name, value in values.items()}
        shown |= {"before": clip(before or ""), "after": clip(after or "")}
        return replace(self, zh=self.zh.format(**shown), en=self.en.format(**shown), before=before, after=after)

    def of(self, field: Field, **values: str) -> Note:
        """The same note about a cell of `field`, whose sentences name that column."""
        return replace(self, field=field.value).at(zh_column=field.zh, en_column=field.en, **values)


def clip(text: str, length: int = 60) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def gravest(notes: Iterable[Note]) -> Outcome:
    return max((each.outcome for each in notes), key=gravity, default=Outcome.TAKEN)


def gravity(outcome: Outcome) -> int:
    return _GRAVITY[outcome]


def _note(outcome: Outcome, code: str, zh: str, en: str, field: Field | None = None) -> Note:
    return Note(code, zh, en, field.value if field else None, outcome)


_GRAVITY = {outcome: index for index, outcome in enumerate(Outcome)}

# What no row can be taken without
MISSING_NAME = _note(
    Outcome.REFUSED, "MISSING_NAME", "缺企业名称，且本表其他行没有写明该代码属于哪家企业。",
    "The enterprise's name is missing, and no other row says whose code this is.", Field.NAME,
)
MISSING_CODE = _note(
    Outcome.REFUSED, "MISSING_CODE", "缺统一社会信用代码，且本表其他行没有写明该企业的代码。",
    "The unified social credit code is missing, and no other row gives one for this name.", Field.CODE,
)
MISSING_ENTERPRISE = _note(
    Outcome.REFUSED, "MISSING_ENTERPRISE", "企业名称和统一社会信用代码都没有填写，无法确定是哪家企业。",
    "Neither name nor code is given, so the enterprise cannot be known.", Field.NAME,
)
MISSING_DESCRIPTION = _note(
    Outcome.REFUSED, "MISSING_DESCRIPTION", "缺问题描述（空白，或只写了“无”“/”等）。",
    "The problem is not described (blank, or only “无”, “/” and the like).", Field.DESCRIPTION,
)
MISSING_DATE = _note(
    Outcome.REFUSED, "MISSING_DATE", "缺提出时间。", "The date it was raised is missing.", Field.RAISED_ON,
)
MISSING_COLUMNS = _note(
    Outcome.REFUSED, "MISSING_COLUMNS", "工作表“{sheet}”缺少这些列：{zh_columns}。",
    "The sheet “{sheet}” lacks these columns: {en_columns}.",
)

# The code
CODE_LENGTH = _note(
    Outcome.REFUSED, "CODE_LENGTH", "统一社会信用代码“{code}”应为18位，实有{length}位。",
    "The code “{code}” has {length} characters, not 18.", Field.CODE,
)
CODE_CHARACTERS = _note(
    Outcome.REFUSED, "CODE_CHARACTERS",
    "统一社会信用代码“{code}”含有不应出现的字符（第3至8位应为数字，且不用字母I、O、S、V、Z）。",
    "The code “{code}” holds characters no code has (the 3rd to 8th are digits; never I, O, S, V, Z).", Field.CODE,
)
CODE_CHECK_DIGIT = _note(
    Outcome.REFUSED, "CODE_CHECK_DIGIT", "统一社会信用代码“{code}”校验码不符（末位应与前17位相合），请核对营业执照。",
    "The check digit of the code “{code}” is wrong; compare it with the business licence.", Field.CODE,
)
CODE_AS_NUMBER = _note(
    Outcome.REFUSED, "CODE_AS_NUMBER",
    "统一社会信用代码按数字存储（“{code}”），Excel 只保留15位，后几位已丢失，请按文本重填。",
    "The code is stored as a number (“{code}”): Excel keeps 15 digits, the last are lost; enter it as text.",
    Field.CODE,
)
CODE_SPELLING = _note(
    Outcome.TAKEN, "CODE_SPELLING", "代码写作“{before}”（全角、小写或空格），读作{after}。",
    "The code is written “{before}” (full width, lower case or spaces) and read as {after}.", Field.CODE,
)
CODE_CORRECTED = _note(
    Outcome.CORRECTED, "CODE_CORRECTED",
    "代码“{before}”有误（{zh_why}），按{zh_place}同名企业“{name}”更正为{after}。",
    "The code “{before}” is wrong ({en_why}); corrected to {after}, as {en_place} gives for “{name}”.", Field.CODE,
)
CODE_FILLED = _note(
    Outcome.CORRECTED, "CODE_FILLED", "缺代码，按{zh_place}同名企业“{name}”补为{after}。",
    "The code was missing; {after} filled in, as {en_place} gives for “{name}”.", Field.CODE,
)

# Names and codes that must belong together
NAME_FILLED = _note(
    Outcome.CORRECTED, "NAME_FILLED", "缺企业名称，按{zh_place}代码{code}补为“{after}”。",
    "The name was missing; “{after}” filled in, as {en_place} gives for the code {code}.", Field.NAME,
)
CODE_OF_ANOTHER = _note(
    Outcome.REFUSED, "CODE_OF_ANOTHER", "代码{code}在{zh_place}属于“{other}”，本行却写“{name}”，请核对。",
    "In {en_place} the code {code} belongs to “{other}”, here to “{name}”; one of them is wrong.", Field.NAME,
)
NAME_OF_ANOTHER = _note(
    Outcome.REFUSED, "NAME_OF_ANOTHER", "“{name}”在{zh_place}的代码是{other}，本行却是{code}，请核对。",
    "In {en_place} “{name}” has the code {other}, here {code}; one of them is wrong.", Field.CODE,
)
NAME_DISPUTED = _note(
    Outcome.REFUSED, "NAME_DISPUTED", "“{name}”在本表有几个代码（{codes}），不能据此补正。",
    "“{name}” has several codes in this workbook ({codes}), so none can be filled in.", Field.CODE,
)
CODE_DISPUTED = _note(
    Outcome.REFUSED, "CODE_DISPUTED", "代码{code}在本表属于几家企业（{names}），不能据此补正。",
    "The code {code} has several names in this workbook ({names}), so none can be filled in.", Field.NAME,
)

# The date
DATE_UNREADABLE = _note(
    Outcome.REFUSED, "DATE_UNREADABLE", "提出时间“{text}”不是可以认定的日期，请写成如 2023-05-01。",
    "“{text}” is not a date that can be read; write it like 2023-05-01.", Field.RAISED_ON,
)
DATE_WITHOUT_DAY = _note(
    Outcome.REFUSED, "DATE_WITHOUT_DAY", "提出时间“{text}”没有写到日，不作推测。",
    "“{text}” does not say which day; nothing is guessed.", Field.RAISED_ON,
)
DATE_WITHOUT_YEAR = _note(
    Outcome.REFUSED, "DATE_WITHOUT_YEAR", "提出时间“{text}”没有写明年份，不作推测。",
    "“{text}” does not say which year; nothing is guessed.", Field.RAISED_ON,
)
DATE_AMBIGUOUS = _note(
    Outcome.REFUSED, "DATE_AMBIGUOUS", "提出时间“{text}”可作几种理解，年份请写四位并放在最前。",
    "“{text}” can be read in several ways; write the year first, in four digits.", Field.RAISED_ON,
)
DATE_IMPOSSIBLE = _note(
    Outcome.REFUSED, "DATE_IMPOSSIBLE", "提出时间“{text}”并无此日。", "There is no such day as “{text}”.",
    Field.RAISED_ON,
)
DATE_IN_FUTURE = _note(
    Outcome.REFUSED, "DATE_IN_FUTURE", "提出时间{day}晚于今天（{today}）。",
    "The date {day} lies after today ({today}).", Field.RAISED_ON,
)
DATE_TOO_EARLY = _note(
    Outcome.REFUSED, "DATE_TOO_EARLY", "提出时间{day}早于{earliest}，不合常理，请核对。",
    "The date {day} is before {earliest}, which cannot be meant.", Field.RAISED_ON,
)
DATE_FROM_NUMBER = _note(
    Outcome.TAKEN, "DATE_FROM_NUMBER", "提出时间存为数字{before}，按 Excel 日期读作{after}。",
    "The date is stored as the number {before}, which in Excel is {after}.", Field.RAISED_ON,
)

# Why a code was wrong, in few words
WHY = {
    "CODE_LENGTH": ("不是18位", "not 18 characters"),
    "CODE_CHARACTERS": ("含有不应出现的字符", "characters no code has"),
    "CODE_CHECK_DIGIT": ("校验码不符", "wrong check digit"),
    "CODE_AS_NUMBER": ("按数字存储，末几位已丢失", "stored as a number, last digits lost"),
}

# Any cell
FORMULA_CELL = _note(
    Outcome.REFUSED, "FORMULA_CELL", "“{zh_column}”是公式（={formula}），不是填写的内容，请粘贴为数值。",
    "The {en_column} is a formula (={formula}), not something written; paste it as a value.",
)
ERROR_CELL = _note(
    Outcome.REFUSED, "ERROR_CELL", "“{zh_column}”是错误值{error}。", "The {en_column} is the error {error}.",
)
TOO_LONG_CELL = _note(
    Outcome.REFUSED, "TOO_LONG", "“{zh_column}”最多{limit}个字，现有{length}个。",
    "The {en_column} may have {limit} characters; this has {length}.",
)
BROKEN_TEXT = _note(
    Outcome.REFUSED, "BAD_TEXT", "“{zh_column}”含有残缺字符（乱码）。", "The {en_column} holds broken characters.",
)
LEFT_OUT = _note(
    Outcome.TAKEN, "LEFT_OUT", "“{zh_column}”未采用：{zh_why}", "The {en_column} was left out: {en_why}",
)
CONTROL_CHARACTERS = _note(
    Outcome.TAKEN, "CONTROL_CHARACTERS", "“{zh_column}”里看不见的控制字符已去掉。",
    "Invisible control characters were taken out of the {en_column}.",
)
LOOKS_LIKE_FORMULA = _note(
    Outcome.TAKEN, "LOOKS_LIKE_FORMULA", "“{zh_column}”是以“=”开头的文字（不是公式），按文字原样保留，请核对内容。",
    "The {en_column} is text that begins with “=” (not a formula); kept as text, worth a look.",
)
YES_NO_UNREADABLE = _note(
    Outcome.TAKEN, "YES_NO_UNREADABLE", "“是否规上”写作“{text}”，看不出是或否，留空。",
    "“{text}” says neither yes nor no to being above scale; left empty.", Field.ABOVE_SCALE,
)
MISSING_CATEGORY = _note(
    Outcome.TAKEN, "MISSING_CATEGORY", "未写问题类别，列为“其他”。", "No category is given; taken as other.",
    Field.CATEGORY,
)
FROM_MERGED = _note(
    Outcome.TAKEN, "FROM_MERGED", "取自合并单元格：{zh_columns}。", "Taken from merged cells: {en_columns}.",
)
HIDDEN_ROW = _note(
    Outcome.TAKEN, "HIDDEN_ROW", "本行在工作簿里被隐藏，照常读取。",
    "This row is hidden in the workbook; read all the same.",
)

# The row as a whole
REPEATS = _note(
    Outcome.REPEATED, "REPEATS", "与{zh_place}重复（企业、类别、描述、时间相同）{zh_differs}，不重复导入。",
    "Repeats {en_place} (same enterprise, category, description, date){en_differs}; not taken twice.",
)
BLANK_ROW = _note(Outcome.SKIPPED, "BLANK_ROW", "空行。", "An empty row.")
EMPTY_ROW = _note(
    Outcome.SKIPPED, "EMPTY_ROW", "所读各列均为空（只有序号、签字等）。",
    "Nothing in any column that is read (only a serial number, a signature or the like).",
)
ABOVE_HEADER = _note(Outcome.SKIPPED, "ABOVE_HEADER", "表头以上的标题或说明。", "A title or remark above the header.")
HEADER_ROW = _note(Outcome.SKIPPED, "HEADER_ROW", "表头。", "The header.")
TOTALS_ROW = _note(Outcome.SKIPPED, "TOTALS_ROW", "合计行。", "A row of totals.")
FOOTNOTE_ROW = _note(Outcome.SKIPPED, "FOOTNOTE_ROW", "表尾说明或签字。", "A footnote or signature.")
HIDDEN_SHEET = _note(
    Outcome.SKIPPED, "HIDDEN_SHEET", "工作表“{sheet}”已隐藏，不读取；如需导入请取消隐藏。",
    "The sheet “{sheet}” is hidden and not read; unhide it to have it taken in.",
)
NO_TABLE = _note(
    Outcome.SKIPPED, "NO_TABLE", "工作表“{sheet}”没有问题清单的表头，不读取。",
    "The sheet “{sheet}” has no header of a problem list and is not read.",
)
