"""A survey workbook is read as offices keep it: every row accounted for, nothing guessed, corrections stated."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from domain.refusals import Refused
from domain.surveys import (
    Field,
    Note,
    Outcome,
    Result,
    Survey,
    SurveyRow,
    fingerprint,
    read_survey,
    write_report,
)
from domain.surveys.cells import EARLIEST, read_code, read_day, read_text, tidy
from domain.surveys.headers import recognise
from domain.uscc import check_character, fault_of
from domain.workbooks.books import Book
from domain.workbooks.worksheets import Number

EXAMPLE = Path(__file__).parent / "data" / "survey-2023.xlsx"
TODAY = date(2023, 7, 1)
HEADINGS = (
    "企业名称",
    "统一社会信用代码",
    "是否规上",
    "问题类别",
    "问题描述",
    "提出时间",
    "走访人",
    "建议责任部门",
    "备注",
)
TAKEN, CORRECTED, REPEATED, REFUSED, SKIPPED = Outcome


def a_code(number: int) -> str:
    """A valid unified social credit code, another for every number."""
    body = f"91450300MA{number:07}"
    return body + check_character(body)


FIRM, OTHER_FIRM = "示例·甲有限公司", "示例·乙有限公司"
CODE, OTHER_CODE = a_code(1), a_code(2)
WRONG_CODE = CODE[:-1] + ("0" if CODE[-1] != "0" else "1")


def a_row(**changed: Any) -> list[Any]:
    row = {
        "name": FIRM,
        "code": CODE,
        "above_scale": "是",
        "category": "征地拆迁",
        "description": "红线内尚有36户未签约",
        "raised_on": "2023.05.01",
        "visitor": "企业伴员22",
        "department": "住建局",
        "remark": None,
    }
    return list((row | changed).values())


def a_survey(tmp_path: Path, *rows: Sequence[Any], headings: Sequence[str] = HEADINGS) -> Survey:
    """The survey of a sheet with the header in row 1 and `rows` from row 2."""
    return read_survey(a_workbook(tmp_path, headings, *rows), today=TODAY)


def a_workbook(tmp_path: Path, *rows: Sequence[Any]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(list(row))
    return saved(book, tmp_path)


def saved(book: Any, tmp_path: Path) -> Path:
    path = tmp_path / "survey.xlsx"
    book.save(path)
    return path


def data_rows(survey: Survey) -> list[SurveyRow]:
    return [each for each in survey.rows if each.outcome is not SKIPPED]


def only(survey: Survey) -> SurveyRow:
    (row,) = data_rows(survey)
    return row


def codes(row: SurveyRow) -> list[str]:
    return [each.code for each in row.notes]


# The example


@pytest.fixture(scope="module")
def example() -> Survey:
    return read_survey(EXAMPLE, today=TODAY)


def test_every_row_of_the_example_is_accounted_for(example: Survey) -> None:
    assert [each.row_number for each in example.rows] == list(range(1, 220))
    assert example.counts == {TAKEN: 203, CORRECTED: 4, REPEATED: 2, REFUSED: 4, SKIPPED: 6}
    assert example.title == "“问需于企、问计于企、共促发展”专项调研问题汇总表(示例数据)"


def test_every_row_of_the_example_that_is_not_taken_says_why(example: Survey) -> None:
    why = {each.row_number: (each.outcome, each.notes[0].code) for each in example.rows if each.outcome is not TAKEN}

    assert why == {
        1: (SKIPPED, "ABOVE_HEADER"),
        2: (SKIPPED, "ABOVE_HEADER"),
        3: (SKIPPED, "HEADER_ROW"),
        76: (SKIPPED, "BLANK_ROW"),
        127: (CORRECTED, "CODE_CORRECTED"),
        144: (REFUSED, "DATE_UNREADABLE"),
        148: (SKIPPED, "BLANK_ROW"),
        152: (CORRECTED, "CODE_CORRECTED"),
        159: (CORRECTED, "CODE_CORRECTED"),
        160: (REFUSED, "MISSING_DESCRIPTION"),
        182: (REFUSED, "DATE_UNREADABLE"),
        187: (REPEATED, "REPEATS"),
        189: (CORRECTED, "NAME_FILLED"),
        192: (REFUSED, "MISSING_DESCRIPTION"),
        196: (REPEATED, "REPEATS"),
        219: (SKIPPED, "TOTALS_ROW"),
    }


def test_the_corrections_of_the_example_name_the_row_they_came_from(example: Survey) -> None:
    corrected = {each.row_number: each.notes[0] for each in example.rows if each.outcome is CORRECTED}

    assert [(number, note.before, note.after, note.column) for number, note in corrected.items()] == [
        (127, "91450300MAMTH9XM30", "91450300MAMTH9XM33", "C"),
        (152, "91450300MA8QYTD8T0", "91450300MA8QYTD8TU", "C"),
        (159, "91450300MAYN0UWQJ0", "91450300MAYN0UWQJT", "C"),
        (189, "", "示例·桂林生物医药021有限公司", "B"),
    ]
    assert "第53行" in corrected[127].zh and "row 53" in corrected[127].en
    assert ["row 99" in corrected[152].en, "row 92" in corrected[159].en, "row 24" in corrected[189].en] == [True] * 3


def test_the_rows_of_the_example_are_read_whatever_their_spelling(example: Survey) -> None:
    rows = {each.row_number: each for each in example.rows}

    assert rows[39].uscc == "91450300MAERUUH31P"  # full width
    assert rows[12].uscc == "91450300MAQ92U7U31"  # lower case
    assert rows[14].enterprise_name == "示例·桂林电子信息011有限公司"  # spaces around it
    assert [rows[number].raised_on for number in (4, 5, 7, 8)] == [
        date(2023, 5, 1),
        date(2023, 3, 10),
        date(2023, 4, 24),
        date(2023, 3, 21),
    ]
    assert rows[137].description.startswith("=HYPERLINK(") and codes(rows[137]) == ["LOOKS_LIKE_FORMULA"]
    assert (rows[194].category, rows[194].outcome) == ("其它", TAKEN)
    assert (rows[8].department, rows[8].visitor, rows[8].above_scale) == ("区住房和城乡建设局", "企业伴员12", True)


def test_the_example_read_twice_gives_the_same_fingerprints(example: Survey) -> None:
    again = read_survey(EXAMPLE, today=TODAY + timedelta(days=400))

    assert again.rows == example.rows
    assert len({each.fingerprint for each in data_rows(example)}) == 203 + 4 + 1  # and None for the refused
    assert [each.row_number for each in example.rows if each.fingerprint == example.rows[185].fingerprint] == [186, 187]


# The header


def test_columns_are_known_by_their_headings_in_any_order(tmp_path: Path) -> None:
    headings = [
        "备注",
        "走访日期",
        "序号",
        "主要诉求",
        "*单位名称",
        "牵头部门",
        "信用代码(18位)",
        "诉求类型",
        "走访人员",
        "规上企业",
    ]
    row = ["备", "2023-5-1", 7, "缺电", FIRM, "供电局", CODE, "用电", "张三", "否"]

    survey = a_survey(tmp_path, row, headings=headings)

    assert replaced(only(survey)) == SurveyRow(
        "Sheet", 2, TAKEN, FIRM, CODE, False, "用电", "缺电", date(2023, 5, 1), "张三", "供电局", "备"
    )
    assert survey.sheets[0].columns[Field.DESCRIPTION] == "D"
    assert survey.sheets[0].unread == ("序号",)


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("企业（单位）名称", Field.NAME),
        ("受访企业", Field.NAME),
        ("企业名称\nEnterprise name", Field.NAME),
        ("纳税人识别号", Field.CODE),
        ("USCC", Field.CODE),
        ("是否为规模以上工业企业", Field.ABOVE_SCALE),
        ("问题（诉求）类别", Field.CATEGORY),
        ("存在的主要困难和问题", Field.DESCRIPTION),
        ("企业诉求", Field.DESCRIPTION),
        ("需协调解决的问题", Field.DESCRIPTION),
        ("反 映 时 间（年月日）", Field.RAISED_ON),
        ("调研人员", Field.VISITOR),
        ("建议牵头责任部门", Field.DEPARTMENT),
        ("8.备注说明", Field.REMARK),
    ],
)
def test_offices_have_many_words_for_a_column(heading: str, field: Field) -> None:
    found = recognise(heading)

    assert found is not None and found[0] is field


@pytest.mark.parametrize(
    "heading",
    [
        "序号",
        "企业类型",
        "行业类别",
        "企业地址",
        "联系人",
        "办结时间",
        "解决时限",
        "是否解决",
        "办理情况",
        "填报单位",
        "",
    ],
)
def test_other_columns_are_left_alone(heading: str) -> None:
    assert recognise(heading) is None


def test_of_two_dates_the_one_it_was_raised_on_is_read(tmp_path: Path) -> None:
    survey = a_survey(tmp_path, [*a_row(), "2023-06-30"], headings=[*HEADINGS, "走访时间"])

    assert only(survey).raised_on == date(2023, 5, 1)


def test_a_header_in_two_rows_is_read_as_one(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["汇总表"])
    sheet.append(["企业", None, "问题", None, "提出时间"])
    sheet.append(["名称", "统一社会信用代码", "类别", "描述", None])
    sheet.append([FIRM, CODE, "用电", "缺电", "2023-05-01"])
    sheet.merge_cells("A2:B2")
    sheet.merge_cells("C2:D2")
    sheet.merge_cells("E2:E3")

    row = only(survey := read_survey(saved(book, tmp_path), today=TODAY))

    assert (row.outcome, row.category, row.description) == (TAKEN, "用电", "缺电")
    assert [codes(each)[0] for each in survey.rows[:3]] == ["ABOVE_HEADER", "HEADER_ROW", "HEADER_ROW"]
    assert survey.title == "汇总表"


def test_a_header_repeated_further_down_is_no_data_and_may_move_columns(tmp_path: Path) -> None:
    second = ["问题描述", "提出时间", "企业名称", "统一社会信用代码"]

    survey = a_survey(
        tmp_path, a_row(), HEADINGS, a_row(description="缺水"), second, ["缺气", "2023-05-02", FIRM, CODE]
    )

    assert [each.description for each in data_rows(survey)] == ["红线内尚有36户未签约", "缺水", "缺气"]
    assert [codes(survey.rows[number]) for number in (2, 4)] == [["HEADER_ROW"]] * 2


@pytest.mark.parametrize("heading", ["企业名称", "统一社会信用代码", "问题描述", "提出时间"])
def test_a_workbook_without_a_needed_column_is_refused_by_its_name(tmp_path: Path, heading: str) -> None:
    headings = [each if each != heading else "其他栏" for each in HEADINGS]

    with pytest.raises(Refused) as refused:
        a_survey(tmp_path, a_row(), headings=headings)

    assert refused.value.refusals[0].code == "NO_HEADER"
    assert f"缺少这些列：{heading}。" in refused.value.refusals[0].zh


@pytest.mark.parametrize("heading", ["是否规上", "问题类别", "走访人", "建议责任部门", "备注"])
def test_a_workbook_without_another_column_is_read_all_the_same(tmp_path: Path, heading: str) -> None:
    survey = a_survey(tmp_path, a_row(), headings=[each if each != heading else "其他栏" for each in HEADINGS])

    assert only(survey).outcome is TAKEN
    assert codes(only(survey)) == []


def test_an_empty_workbook_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="NO_HEADER"):
        read_survey(a_workbook(tmp_path), today=TODAY)


def test_two_columns_that_claim_to_be_the_same_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="columns E and J are both the description"):
        a_survey(tmp_path, [*a_row(), "缺水"], headings=[*HEADINGS, "问题描述"])


# Sheets


def test_every_sheet_with_a_list_is_read_and_every_row_of_the_others_named(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(HEADINGS)
    book.active.append(a_row())
    for title in ("二", "说明", "缺列", "旧"):
        book.create_sheet(title)
    book["二"].append(HEADINGS)
    book["二"].append(a_row(code=WRONG_CODE, description="缺水"))
    book["说明"].append(["请如实填写"])
    book["缺列"].append(["企业名称", "问题描述"])
    book["缺列"].append([FIRM, "缺电"])
    book["旧"].append(HEADINGS)
    book["旧"].append(a_row(description="去年的"))
    book["旧"].sheet_state = "hidden"

    survey = read_survey(saved(book, tmp_path), today=TODAY)

    said = {(each.sheet, each.row_number): (each.outcome, *codes(each)[:1]) for each in survey.rows}
    assert said == {
        ("Sheet", 1): (SKIPPED, "HEADER_ROW"),
        ("Sheet", 2): (TAKEN,),
        ("二", 1): (SKIPPED, "HEADER_ROW"),
        ("二", 2): (CORRECTED, "CODE_CORRECTED"),
        ("说明", 1): (SKIPPED, "NO_TABLE"),
        ("缺列", 1): (SKIPPED, "HEADER_ROW"),
        ("缺列", 2): (REFUSED, "MISSING_COLUMNS"),
        ("旧", 1): (SKIPPED, "HIDDEN_SHEET"),
        ("旧", 2): (SKIPPED, "HIDDEN_SHEET"),
    }
    assert "工作表“Sheet”第2行" in survey.rows[3].said("zh")
    assert [each.read for each in survey.sheets] == [True, True, False, False, False]


# Rows that are none


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (["合 计", None, None, None, "213条"], "TOTALS_ROW"),
        (["合计：213"], "TOTALS_ROW"),
        ([None, None, None, "小计", 5], "TOTALS_ROW"),
        (["注：请核对。"], "FOOTNOTE_ROW"),
        ([None, None, None, None, None, None, None, None, None, "张三签字"], "EMPTY_ROW"),
        ([None, None, None, None, None, None, None, None, None, 7], "EMPTY_ROW"),
        (["  ", "\u3000", "\xa0"], "BLANK_ROW"),
    ],
)
def test_totals_footnotes_and_empty_rows_are_skipped_by_name(tmp_path: Path, row: list[Any], why: str) -> None:
    survey = a_survey(tmp_path, a_row(), row, a_row(description="缺水"))

    assert (survey.rows[2].outcome, codes(survey.rows[2])) == (SKIPPED, [why])
    assert len(data_rows(survey)) == 2


def test_an_enterprise_whose_name_begins_like_a_total_is_data(tmp_path: Path) -> None:
    row = only(a_survey(tmp_path, a_row(name="合计科技有限公司", code=None)))

    assert codes(row) == ["MISSING_CODE"]


def test_a_hidden_row_is_read_and_says_so(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(HEADINGS)
    book.active.append(a_row())
    book.active.row_dimensions[2].hidden = True
    book.active.column_dimensions["B"].hidden = True

    row = only(read_survey(saved(book, tmp_path), today=TODAY))

    assert (row.outcome, row.uscc, codes(row)) == (TAKEN, CODE, ["HIDDEN_ROW"])


def test_merged_cells_speak_for_the_rows_below_and_not_for_the_columns_beside(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(HEADINGS)
    book.active.append(a_row(visitor="张三", department="与左同"))
    book.active.append(a_row(name=None, code=None, description="缺水", visitor=None, department=None))
    book.active.append(a_row(name=None, code=None, description="缺电"))
    book.active.merge_cells("A2:A3")
    book.active.merge_cells("B2:B3")
    book.active.merge_cells("G3:H3")

    survey = read_survey(saved(book, tmp_path), today=TODAY)

    first, second, third = data_rows(survey)
    assert (first.outcome, codes(first)) == (TAKEN, [])
    assert (second.outcome, second.enterprise_name, second.uscc) == (TAKEN, FIRM, CODE)
    assert "A2" in second.said("zh") and "B2" in second.said("en")
    assert (second.visitor, second.department) == (None, None)
    assert codes(third)[0] == "MISSING_ENTERPRISE"


# Texts


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("  缺电\xa0\u3000", "缺电"),
        ("一是缺电；\r\n\r\n 二是 \t 缺水", "一是缺电;\n二是 缺水".replace(";", "；")),
        ("缺\u200b电\ufeff", "缺电"),
        (12, "12"),
        (1.5, "1.5"),
        (True, "TRUE"),
        (datetime(2023, 5, 1), "2023-05-01"),
        ("-1号楼缺电", "-1号楼缺电"),
        ("长" * 5000, "长" * 5000),
    ],
)
def test_a_description_is_kept_with_its_lines_and_without_stray_spaces(tmp_path: Path, written: Any, read: str) -> None:
    row = only(a_survey(tmp_path, a_row(description=written)))

    assert (row.outcome, row.description) == (TAKEN, read)


def test_a_name_broken_over_lines_or_spread_by_spaces_is_one_name(tmp_path: Path) -> None:
    survey = a_survey(
        tmp_path,
        a_row(),
        a_row(name="示例·甲\n有限 公司", description="缺水"),
        a_row(name="Bosch  Rexroth\n有限公司", code=OTHER_CODE),
    )

    assert [each.enterprise_name for each in data_rows(survey)] == [FIRM, FIRM, "Bosch Rexroth有限公司"]


def test_text_that_begins_with_an_equals_sign_is_text(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(HEADINGS)
    book.active.append(a_row())
    book.active["E2"].value = "=1+1"
    book.active["E2"].data_type = "s"

    row = only(read_survey(saved(book, tmp_path), today=TODAY))

    assert (row.outcome, row.description, codes(row)) == (TAKEN, "=1+1", ["LOOKS_LIKE_FORMULA"])


@pytest.mark.parametrize("column", ["name", "code", "description", "raised_on"])
def test_a_formula_where_something_is_needed_refuses_the_row(tmp_path: Path, column: str) -> None:
    survey = a_survey(tmp_path, a_row(description="缺水"), a_row(**{column: '=HYPERLINK("http://a.invalid","点")'}))

    row = data_rows(survey)[1]
    assert (row.outcome, codes(row)) == (REFUSED, ["FORMULA_CELL"])
    assert 'HYPERLINK("http://a.invalid"' in row.said("zh")


@pytest.mark.parametrize("column", ["name", "code", "description", "raised_on"])
@pytest.mark.parametrize("error", ["#REF!", "#N/A"])
def test_an_error_where_something_is_needed_refuses_the_row(tmp_path: Path, column: str, error: str) -> None:
    survey = a_survey(tmp_path, a_row(description="缺水"), a_row(**{column: error}))

    row = data_rows(survey)[1]
    assert (row.outcome, codes(row)) == (REFUSED, ["ERROR_CELL"])


@pytest.mark.parametrize("column", ["above_scale", "category", "visitor", "department", "remark"])
@pytest.mark.parametrize("value", ["=VLOOKUP(A2,B:C,2)", "#N/A"])
def test_a_formula_or_error_elsewhere_is_left_out_and_says_so(tmp_path: Path, column: str, value: str) -> None:
    row = only(a_survey(tmp_path, a_row(**{column: value})))

    assert (row.outcome, getattr(row, column)) == (TAKEN, None)
    assert codes(row)[0] == "LEFT_OUT"


@pytest.mark.parametrize(("column", "limit"), [("name", 200), ("description", 5000)])
def test_a_text_too_long_refuses_the_row_and_is_not_cut(tmp_path: Path, column: str, limit: int) -> None:
    row = only(a_survey(tmp_path, a_row(**{column: "长" * (limit + 1)})))

    assert (row.outcome, codes(row)) == (REFUSED, ["TOO_LONG"])
    assert f"最多{limit}个字，现有{limit + 1}个" in row.said("zh")


def test_broken_characters_refuse_the_row_and_control_characters_are_taken_out() -> None:
    broken, controlled = read_text(Field.DESCRIPTION, "缺\ufffd电"), read_text(Field.DESCRIPTION, "缺\x07电")

    assert broken.note is not None and (broken.note.code, broken.refused) == ("BAD_TEXT", True)
    assert controlled.note is not None and controlled.note.code == "CONTROL_CHARACTERS"
    assert controlled.value == "缺电"


@pytest.mark.parametrize("written", [None, " ", "无", "/", "——", "N/A"])
def test_a_row_without_a_description_is_refused(tmp_path: Path, written: str | None) -> None:
    row = only(a_survey(tmp_path, a_row(description=written)))

    assert (row.outcome, row.fingerprint) == (REFUSED, None)
    assert codes(row)[0] in ("MISSING_DESCRIPTION", "ERROR_CELL")


def test_a_row_without_a_category_is_taken_to_be_sorted(tmp_path: Path) -> None:
    row = only(a_survey(tmp_path, a_row(category="/")))

    assert (row.outcome, row.category, codes(row)) == (TAKEN, None, ["MISSING_CATEGORY"])


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("是", True),
        ("√", True),
        (True, True),
        (1, True),
        ("规上", True),
        ("否", False),
        ("×", False),
        (0, False),
        (None, None),
    ],
)
def test_above_scale_is_yes_no_or_unsaid(tmp_path: Path, written: Any, read: bool | None) -> None:
    row = only(a_survey(tmp_path, a_row(above_scale=written)))

    assert (row.above_scale, codes(row)) == (read, [])


def test_an_answer_on_scale_that_is_neither_is_left_empty_and_says_so(tmp_path: Path) -> None:
    row = only(a_survey(tmp_path, a_row(above_scale="今年拟上规")))

    assert (row.outcome, row.above_scale, codes(row)) == (TAKEN, None, ["YES_NO_UNREADABLE"])


# Codes


@pytest.mark.parametrize(
    "written",
    [
        CODE.lower(),
        "".join(chr(ord(each) + 0xFEE0) for each in CODE),
        f" {CODE[:8]} {CODE[8:]}\u3000",
        f"'{CODE}",
        f"{CODE[:2]}-{CODE[2:]}",
    ],
)
def test_a_code_is_read_whatever_its_spelling_and_the_spelling_stated(tmp_path: Path, written: str) -> None:
    row = only(a_survey(tmp_path, a_row(code=written)))

    assert (row.outcome, row.uscc, codes(row)) == (TAKEN, CODE, ["CODE_SPELLING"])
    assert row.notes[0].after == CODE


@pytest.mark.parametrize(
    ("written", "why"),
    [
        (WRONG_CODE, "CODE_CHECK_DIGIT"),
        (CODE[:-1], "CODE_LENGTH"),
        (CODE.replace("M", "I"), "CODE_CHARACTERS"),
        (914503001234567890 // 1000 * 1000, "CODE_AS_NUMBER"),
        (9.14503e17, "CODE_AS_NUMBER"),
        (None, "MISSING_CODE"),
        ("暂无", "MISSING_CODE"),
    ],
)
def test_a_wrong_or_missing_code_of_a_name_not_known_refuses_the_row(tmp_path: Path, written: Any, why: str) -> None:
    row = only(a_survey(tmp_path, a_row(code=written)))

    assert (row.outcome, codes(row)) == (REFUSED, [why])
    assert row.notes[0].column == "B"


@pytest.mark.parametrize("written", [WRONG_CODE, CODE[:-1], 9.14503e17])
@pytest.mark.parametrize("place", [0, 1])
def test_a_wrong_code_is_corrected_from_a_row_of_exactly_the_same_name(
    tmp_path: Path, written: Any, place: int
) -> None:
    rows = [a_row(), a_row(code=OTHER_CODE, name=OTHER_FIRM)]
    rows.insert(place, a_row(code=written, description="缺水"))

    row = data_rows(a_survey(tmp_path, *rows))[place]

    assert (row.outcome, row.uscc, codes(row)) == (CORRECTED, CODE, ["CODE_CORRECTED"])
    assert row.notes[0].after == CODE
    assert f"row {3 if place == 0 else 2}" in row.said("en")


def test_a_missing_code_is_filled_in_from_a_row_of_exactly_the_same_name(tmp_path: Path) -> None:
    survey = a_survey(tmp_path, a_row(), a_row(code=None, description="缺水", name=f" {FIRM}\u3000"))

    row = data_rows(survey)[1]
    assert (row.outcome, row.uscc, codes(row)) == (CORRECTED, CODE, ["CODE_FILLED"])


def test_a_name_that_is_only_alike_fills_in_nothing(tmp_path: Path) -> None:
    survey = a_survey(tmp_path, a_row(), a_row(code=WRONG_CODE, name="示例·甲公司", description="缺水"))

    assert codes(data_rows(survey)[1]) == ["CODE_CHECK_DIGIT"]


def test_a_missing_name_is_filled_in_from_a_row_of_the_same_code(tmp_path: Path) -> None:
    survey = a_survey(tmp_path, a_row(name=None, description="缺水"), a_row())

    row = data_rows(survey)[0]
    assert (row.outcome, row.enterprise_name, codes(row)) == (CORRECTED, FIRM, ["NAME_FILLED"])


def test_a_missing_name_of_a_code_not_known_refuses_the_row(tmp_path: Path) -> None:
    assert codes(only(a_survey(tmp_path, a_row(name=None)))) == ["MISSING_NAME"]


def test_a_row_without_name_and_code_is_refused(tmp_path: Path) -> None:
    assert codes(only(a_survey(tmp_path, a_row(name=None, code=None)))) == ["MISSING_ENTERPRISE"]


def test_a_code_with_another_name_is_refused_with_both_named(tmp_path: Path) -> None:
    survey = a_survey(tmp_path, a_row(), a_row(name=OTHER_FIRM, description="缺水"))

    first, second = data_rows(survey)
    assert (first.outcome, second.outcome, codes(second)) == (TAKEN, REFUSED, ["CODE_OF_ANOTHER"])
    assert FIRM in second.said("zh") and OTHER_FIRM in second.said("zh") and "第2行" in second.said("zh")


def test_a_name_with_another_valid_code_is_refused_with_both_given(tmp_path: Path) -> None:
    survey = a_survey(tmp_path, a_row(), a_row(code=OTHER_CODE, description="缺水"))

    first, second = data_rows(survey)
    assert (first.outcome, second.outcome, codes(second)) == (TAKEN, REFUSED, ["NAME_OF_ANOTHER"])
    assert CODE in second.said("en") and OTHER_CODE in second.said("en")


def test_from_a_disputed_name_or_code_nothing_is_filled_in(tmp_path: Path) -> None:
    survey = a_survey(
        tmp_path,
        a_row(),
        a_row(code=OTHER_CODE, description="缺水"),
        a_row(code=None, description="缺气"),
        a_row(name=None, code=OTHER_CODE, description="缺人"),
    )

    assert [codes(each) for each in data_rows(survey)[2:]] == [["NAME_DISPUTED"], ["CODE_DISPUTED"]]


# Dates


@pytest.mark.parametrize(
    "written",
    [
        datetime(2023, 5, 1),
        datetime(2023, 5, 1, 18, 30),
        "2023-05-01",
        "2023-5-1",
        "2023/05/01",
        "2023.5.1",
        "2023年5月1日",
        "2023 年 5 月 1 日",
        "2023年5月1号",
        "2023-05-01 09:30",
        "2023-05-01T09:30:00+08:00",
        "20230501",
        20230501,
        "２０２３．０５．０１",
        "２０２３年５月１日",
        "2023–5–1",
    ],
)
def test_a_day_is_read_whatever_its_spelling(tmp_path: Path, written: Any) -> None:
    row = only(a_survey(tmp_path, a_row(raised_on=written)))

    assert (row.outcome, row.raised_on, codes(row)) == (TAKEN, date(2023, 5, 1), [])


@pytest.mark.parametrize("written", [45047, 45047.75, "45047"])
def test_a_number_is_the_day_excel_means_by_it_and_that_is_stated(tmp_path: Path, written: Any) -> None:
    row = only(a_survey(tmp_path, a_row(raised_on=written)))

    assert (row.outcome, row.raised_on, codes(row)) == (TAKEN, date(2023, 5, 1), ["DATE_FROM_NUMBER"])


@pytest.mark.parametrize(
    ("written", "why"),
    [
        (None, "MISSING_DATE"),
        ("/", "MISSING_DATE"),
        ("今年春节后", "DATE_UNREADABLE"),
        ("2023.05.01-05.03", "DATE_UNREADABLE"),
        ("2023-5.1", "DATE_UNREADABLE"),
        (True, "DATE_UNREADABLE"),
        (44, "DATE_UNREADABLE"),
        ("2023年5月", "DATE_WITHOUT_DAY"),
        ("2023.5", "DATE_WITHOUT_DAY"),
        (2023.5, "DATE_WITHOUT_DAY"),
        (2023, "DATE_WITHOUT_DAY"),
        ("2023年5月上旬", "DATE_WITHOUT_DAY"),
        ("5月1日", "DATE_WITHOUT_YEAR"),
        ("23.5.1", "DATE_AMBIGUOUS"),
        ("5/1/2023", "DATE_AMBIGUOUS"),
        ("2023.02.30", "DATE_IMPOSSIBLE"),
        ("2023-13-01", "DATE_IMPOSSIBLE"),
        ("20230230", "DATE_IMPOSSIBLE"),
        ("2023-07-02", "DATE_IN_FUTURE"),
        (datetime(2203, 5, 1), "DATE_IN_FUTURE"),
        (99999, "DATE_IN_FUTURE"),
        ("1923-05-01", "DATE_TOO_EARLY"),
        ("2" * 1000, "DATE_UNREADABLE"),
    ],
)
def test_a_day_that_is_in_doubt_refuses_the_row(tmp_path: Path, written: Any, why: str) -> None:
    row = only(a_survey(tmp_path, a_row(raised_on=written)))

    assert (row.outcome, codes(row)) == (REFUSED, [why])
    assert row.notes[0].column == "F"


@pytest.mark.parametrize(
    ("day", "outcome"),
    [
        (TODAY, TAKEN),
        (TODAY + timedelta(days=1), REFUSED),
        (EARLIEST, TAKEN),
        (EARLIEST - timedelta(days=1), REFUSED),
    ],
)
def test_a_day_lies_between_the_first_zones_and_today(tmp_path: Path, day: date, outcome: Outcome) -> None:
    assert only(a_survey(tmp_path, a_row(raised_on=day.isoformat()))).outcome is outcome


def test_all_that_is_wrong_with_a_row_is_said_at_once(tmp_path: Path) -> None:
    row = only(a_survey(tmp_path, a_row(code=WRONG_CODE, description=None, raised_on="去年", category=None)))

    assert codes(row) == ["CODE_CHECK_DIGIT", "MISSING_DESCRIPTION", "DATE_UNREADABLE", "MISSING_CATEGORY"]


# Repetitions


def test_a_row_that_only_spells_an_earlier_one_otherwise_repeats_it(tmp_path: Path) -> None:
    otherwise = a_row(
        name=f" {FIRM} ",
        code=CODE.lower(),
        description="红线内尚有３６户 未签约。",
        raised_on="2023年5月1日",
    )

    first, second = data_rows(a_survey(tmp_path, a_row(), otherwise))

    assert (second.outcome, codes(second)[0]) == (REPEATED, "REPEATS")
    assert second.fingerprint == first.fingerprint
    assert "第2行" in second.said("zh") and "row 2" in second.said("en") and "differ" not in second.said("en")


def test_a_repeated_row_with_another_visitor_repeats_but_says_in_what_it_differs(tmp_path: Path) -> None:
    survey = a_survey(tmp_path, a_row(), a_row(visitor="企业伴员23", remark="再次反映"))

    second = data_rows(survey)[1]
    assert second.outcome is REPEATED
    assert "但走访人、备注不同" in second.said("zh")


@pytest.mark.parametrize(
    "changed",
    [{"description": "红线内尚有37户未签约"}, {"category": "项目落地"}, {"raised_on": "2023-05-02"}],
)
def test_another_problem_category_or_day_is_another_row(tmp_path: Path, changed: dict[str, str]) -> None:
    survey = a_survey(tmp_path, a_row(), a_row(**changed))

    assert [each.outcome for each in data_rows(survey)] == [TAKEN, TAKEN]


def test_a_refused_row_is_repeated_by_nothing(tmp_path: Path) -> None:
    survey = a_survey(tmp_path, a_row(raised_on="去年"), a_row(raised_on="去年"), a_row())

    assert [each.outcome for each in data_rows(survey)] == [REFUSED, REFUSED, TAKEN]


def test_a_fingerprint_stays_the_same_from_version_to_version() -> None:
    assert fingerprint("91450300MAERUUH31P", "其它", "缺 电。", date(2023, 5, 1)) == (
        "6f29d06cde77422e4abf03768bf3c74ad84736d9f67fb9e863588cdd34d5ba33"
    )


# Progress and report


def test_progress_runs_to_a_thousand(tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []

    read_survey(EXAMPLE, progress=lambda done, total: heard.append((done, total)), today=TODAY)

    assert heard == sorted(heard)
    assert heard[-1] == (1000, 1000)


def test_the_report_tells_every_row_and_keeps_formulas_text(tmp_path: Path, example: Survey) -> None:
    path = tmp_path / "结果.xlsx"
    unknown = Note("NO_SUCH_DEPARTMENT", "没有这个部门。", "There is no such department.", outcome=REFUSED)
    results = [Result(row, case_number=f"GL-{row.row_number}") for row in example.rows[:-1]]

    write_report(path, [*results, Result(example.rows[-1], notes=(unknown,), outcome=REFUSED)])

    sheet = openpyxl.load_workbook(path)["结果"]
    rows = {row[1]: row for row in sheet.iter_rows(min_row=3, values_only=True)}
    assert list(rows) == list(range(1, 220))
    assert rows[127][2:4] == ("更正后采用", "corrected") and "第53行" in rows[127][4] and "row 53" in rows[127][5]
    assert rows[137][9] == '=HYPERLINK("http://example.invalid","点击")'
    assert (sheet["J139"].data_type, rows[4][10], rows[4][11]) == ("s", datetime(2023, 5, 1), "GL-4")
    assert rows[219][2:6] == (
        "未采用",
        "refused",
        "合计行。 没有这个部门。",
        "A row of totals. There is no such department.",
    )


# Whatever is written

_texts = some.text(some.characters(codec="utf-8"), max_size=80)


@given(_texts)
def test_tidying_twice_changes_nothing_more(text: str) -> None:
    assert tidy(tidy(text)) == tidy(text)
    assert tidy(tidy(text, lines=True), lines=True) == tidy(text, lines=True)


@given(
    some.integers(0, 9_999_999), some.booleans(), some.sampled_from(["", " ", "\u3000", "\xa0"]), some.integers(0, 18)
)
def test_every_spelling_of_a_code_is_that_code(number: int, wide: bool, space: str, place: int) -> None:
    code = a_code(number)
    written = code[:place] + space + code[place:].lower()
    if wide:
        written = "".join(chr(ord(each) + 0xFEE0) if each.isascii() and each != " " else each for each in written)

    assert read_code(written).value == code


@given(some.integers(0, 9_999_999), some.integers(0, 17), some.sampled_from("0123456789ABCDEFGHJKLMNPQRTUWXY"))
def test_a_code_with_one_wrong_character_is_never_taken(number: int, place: int, character: str) -> None:
    code = a_code(number)
    written = code[:place] + character + code[place + 1 :]

    assert read_code(written).value == (code if written == code else "")


@given(some.dates(EARLIEST, TODAY), some.sampled_from(["{}-{}-{}", "{}.{:02}.{:02}", "{}/{}/{:02}", "{}年{}月{}日"]))
def test_every_spelling_of_a_day_is_that_day(day: date, spelling: str) -> None:
    book = Book([], date(1899, 12, 30))
    written = spelling.format(day.year, day.month, day.day)
    serial = str((day - book.day_zero).days)

    assert read_day(written, TODAY, book.day).value == day
    assert read_day(Number(serial), TODAY, book.day).value == day


_cells = some.one_of(
    some.none(),
    some.booleans(),
    some.integers(-(10**18), 10**18),
    some.floats(allow_nan=False, allow_infinity=False),
    some.dates(date(1901, 1, 1), date(2100, 1, 1)),
    some.text(some.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=20),
    some.sampled_from([FIRM, CODE, WRONG_CODE, "合计", "=A1", "#REF!", "2023.5.1", *HEADINGS]),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some.lists(some.lists(_cells, max_size=9), max_size=6))
def test_whatever_an_office_writes_every_row_is_accounted_for(tmp_path: Path, rows: list[list[Any]]) -> None:
    survey = a_survey(tmp_path, *rows, a_row())

    assert [each.row_number for each in survey.rows] == list(range(1, len(survey.rows) + 1))
    assert all(each.notes for each in survey.rows if each.outcome is not TAKEN)
    assert all((each.fingerprint is not None) == (each.outcome in (TAKEN, CORRECTED, REPEATED)) for each in survey.rows)
    for each in survey.rows:
        if each.outcome in (TAKEN, CORRECTED):
            assert fault_of(each.uscc) is None and each.enterprise_name and each.description and each.raised_on


def replaced(row: SurveyRow) -> SurveyRow:
    """The row without its fingerprint, to compare what was read."""
    assert row.fingerprint
    return SurveyRow(**{name: getattr(row, name) for name in SurveyRow.__slots__ if name != "fingerprint"})
