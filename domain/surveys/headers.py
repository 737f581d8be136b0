"""The header of a problem survey: where it is, and which column says what, in the offices' own words."""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from domain.refusals import Refusal, Refused
from domain.words import Word
from domain.workbooks.columns import letters
from domain.workbooks.worksheets import Worksheet


class Field(Word):
    """What is read of a row."""

    NAME = "name", "企业名称", "enterprise name"
    CODE = "code", "统一社会信用代码", "unified social credit code"
    ABOVE_SCALE = "above_scale", "是否规上", "answer on scale"
    CATEGORY = "category", "问题类别", "category"
    DESCRIPTION = "description", "问题描述", "description"
    RAISED_ON = "raised_on", "提出时间", "date raised"
    VISITOR = "visitor", "走访人", "visitor"
    DEPARTMENT = "department", "建议责任部门", "department"
    REMARK = "remark", "备注", "remark"


NEEDED = (Field.NAME, Field.CODE, Field.DESCRIPTION, Field.RAISED_ON)
ROWS_SEARCHED = 50
NO_HEADER = Refusal(
    "NO_HEADER",
    "没有找到问题清单的表头：前{rows}行里缺少这些列：{zh_columns}。",
    "No header of a problem list was found: the first {rows} rows lack these columns: {en_columns}.",
    "file",
)
TWIN_COLUMNS = Refusal(
    "TWIN_COLUMNS",
    "工作表“{sheet}”的{first}列和{second}列都是“{zh_column}”，不知以哪列为准，请删去一列。",
    "In the sheet “{sheet}” columns {first} and {second} are both the {en_column}; remove one of them.",
    "file",
)


@dataclass(frozen=True)
class Header:
    """The rows that head a table, the column of each field, and the other columns by their headings."""

    top: int
    bottom: int
    columns: Mapping[Field, int]
    unread: Mapping[int, str] = dataclasses.field(default_factory=dict)
    twins: tuple[tuple[Field, int, int], ...] = ()

    @property
    def missing(self) -> tuple[Field, ...]:
        return tuple(each for each in NEEDED if each not in self.columns)


def find_header(sheet: Worksheet) -> Header:
    """The first row, or pair of rows, that names every column needed; failing that, the one naming most."""
    best = Header(0, 0, {})
    for number in list(sheet.rows)[:ROWS_SEARCHED]:
        options = [header_at(sheet, number)]
        if number + 1 in sheet.rows:
            # one row before two, unless two say more: “问题” alone may span 类别 and 描述
            options += [header_at(sheet, number + 1), header_at(sheet, number, 2)]
        if complete := [each for each in options if not each.missing]:
            return _without_twins(sheet, max(complete, key=_width))
        best = max([best, *options], key=_width)
    return best


def header_at(sheet: Worksheet, top: int, height: int = 1) -> Header:
    """How the row at `top`, or the pair of rows from there, would read as a header."""
    bottom = top + height - 1
    known: dict[Field, list[tuple[int, int]]] = {}
    labels = {column: _labels(sheet, top, bottom, column) for column in _columns(sheet, top, bottom)}
    for column, candidates in labels.items():
        meaning = next(filter(None, map(recognise, candidates)), None)
        if meaning is not None:
            known.setdefault(meaning[0], []).append((meaning[1], column))
    columns = {each: min(found)[1] for each, found in known.items()}
    read = set(columns.values())
    unread = {column: texts[0] for column, texts in labels.items() if texts and column not in read}
    return Header(top, bottom, columns, unread, tuple(_twins(known)))


def no_header(missing: Iterable[Field]) -> Refused:
    zh, en = named(missing)
    return Refused(NO_HEADER.about(rows=ROWS_SEARCHED, zh_columns=zh, en_columns=en))


def named(fields: Iterable[Field]) -> tuple[str, str]:
    fields = tuple(fields)
    return "、".join(each.zh for each in fields), ", ".join(each.en for each in fields)


@lru_cache(1024)
def recognise(label: str) -> tuple[Field, int] | None:
    """The field a heading stands for, and how plainly it says so (0 is plainest)."""
    for plain in _plain(label):
        for field, patterns in _PATTERNS.items():
            for rank, pattern in enumerate(patterns):
                if pattern.fullmatch(plain):
                    return field, rank
    return None


def _width(header: Header) -> int:
    return len(header.columns)


def _without_twins(sheet: Worksheet, header: Header) -> Header:
    twins = [
        TWIN_COLUMNS.about(
            sheet=sheet.name,
            first=letters(first),
            second=letters(second),
            zh_column=field.zh,
            en_column=field.en,
        )
        for field, first, second in header.twins
    ]
    if twins:
        raise Refused(*twins)
    return header


def _twins(known: Mapping[Field, list[tuple[int, int]]]) -> Iterable[tuple[Field, int, int]]:
    """Two columns that claim a needed field equally plainly."""
    for field, found in known.items():
        (rank, column), *others = sorted(found)
        if field in NEEDED and others and others[0][0] == rank:
            yield field, column, others[0][1]


def _columns(sheet: Worksheet, top: int, bottom: int) -> list[int]:
    return sorted({column for number in range(top, bottom + 1) for column in sheet.rows[number].cells})


def _labels(sheet: Worksheet, top: int, bottom: int, column: int) -> list[str]:
    """What may name a column, fullest first: under “问题” and “描述” that is “问题描述”, then “描述”."""
    upper, lower = _heading(sheet, top, column), _heading(sheet, bottom, column)
    if top == bottom or upper == lower:
        return [lower] if lower else []
    return [upper + lower, lower] if lower else [upper]


def _heading(sheet: Worksheet, number: int, column: int) -> str:
    value = sheet.cell(number, column)
    if value is None and (origin := sheet.merged.covering(number, column)):
        value = sheet.cell(*origin)
    text = value.strip() if isinstance(value, str) else ""
    return text if len(text) <= _LONGEST_HEADING else ""


def _plain(label: str) -> list[str]:
    """The heading without case, brackets, numbering, marks; then without the English beside the Chinese."""
    text = unicodedata.normalize("NFKC", label).casefold()
    text = re.sub(r"[\W_]+", "", _BRACKETS.sub("", text)) or re.sub(r"[\W_]+", "", text)
    text = text.lstrip("0123456789")
    chinese = re.sub(r"[a-z]+", "", text)
    return [text, chinese] if chinese and chinese != text else [text]


_LONGEST_HEADING = 60
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】")
_TROUBLE = "(?:问题|诉求|困难|需求|难题|难点|堵点|痛点)"
_WHEN = "(?:时间|日期|年月日)"


def _compiled(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(each) for each in patterns)


# Plainest first: where a sheet has both 提出时间 and 走访时间, the earlier pattern takes the column.
_PATTERNS = {
    Field.NAME: _compiled(
        "企业(名称|全称)",
        "(被?走访|受访|被?调研|诉求|反映|反馈|提出|问题|涉及|服务|帮扶|挂点|包联)?"
        "(企业|公司|市场主体|经营主体|企业单位|单位)(基本)?(信息|情况)?(名称|全称|名)",
        "((被?走访|受访|被?调研|诉求|反映|反馈|提出|问题|服务|帮扶)(企业|公司|单位|市场主体))"
        "|企业|公司|市场主体|经营主体|enterprise(name)?|company(name)?|nameofenterprise",
        "单位|名称",
    ),
    Field.CODE: _compiled(
        "统一社会信用代码",
        ".*信用代码.*|uscc|unifiedsocialcreditcode|(social)?creditcode",
        "(企业|单位|机构|公司)?(统一|组织机构)?代码|纳税人识别号|税号|code",
    ),
    Field.ABOVE_SCALE: _compiled(
        "是否(为|属于?|是)?(规上|规模以上)(工业)?(企业)?",
        "(规上|规模以上)(企业|情况)?|规上规下|企业规模|规模|是否四上(企业)?|abovescale|isabovescale",
    ),
    Field.CATEGORY: _compiled(
        f"{_TROUBLE}(类别|类型|分类|种类)",
        f"(所属|反映|存在|企业|主要)*({_TROUBLE}|事项|及|和|与)+的?(所属)?(类别|类型|分类|种类|大类|归类)",
        "类别|类型|分类|所属类别|category|problemcategory|type",
    ),
    Field.DESCRIPTION: _compiled(
        "(问题|诉求)(描述|内容)",
        "(企业|目前|当前|主要|存在|反映|反馈|提出|具体|现有|面临|遇到|需要?|[亟急]需|协调|解决|收集|的|及|和|与|或"
        f"|{_TROUBLE})*{_TROUBLE}(的|具体)*(描述|内容|详情|情况|详述|概述|简述|说明|事项|摘要)",
        f"(企业|目前|当前|主要|存在|反映|反馈|提出|具体|现有|面临|遇到|需要?|[亟急]需|协调|解决|收集|的|及|和|与|或"
        f"|{_TROUBLE})*{_TROUBLE}",
        "描述|内容|(具体)?事项(描述|内容)?|description|problem(description)?|issue|details?",
    ),
    Field.RAISED_ON: _compiled(
        f"(问题|诉求|企业|事项)?(提出|提交)的?{_WHEN}",
        f"(问题|诉求|企业|事项)?(反映|反馈)的?{_WHEN}",
        f"(问题|诉求|信息|事项)?(收集|采集|征集|发现|登记|受理|记录|上报)的?{_WHEN}",
        f"(企业)?(走访|调研|访问|摸排|填报|填表)的?{_WHEN}",
        f"{_WHEN}|date|raisedon|dateraised|time",
    ),
    Field.VISITOR: _compiled(
        "(走访|调研|访问|摸排)(干部|人员|人|专员|成员)(姓名)?",
        "(企业)?伴员(姓名)?|(服务|科技)专员|(收集|采集|登记|填报|记录)人员?|(包联|联系|挂点|帮扶)干部|服务人员",
        "visitor|visitedby|companion|officer",
    ),
    Field.DEPARTMENT: _compiled(
        "(建议|拟|初步)?(责任|主责|主办|牵头|承办|办理|交办|负责|解决|处理)+(部门|单位|科室)",
        "(涉及|对口|职能|相关|主管|归口)+部门",
        "(建议)?部门|department",
    ),
    Field.REMARK: _compiled("备注(说明)?", "(其他|补充)?说明|附注|remarks?|notes?|comments?"),
}
