"""An .xlsx from outside is read without trusting it; one of ours holds nothing but values."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl  # type: ignore[import-untyped]
import pytest
import xlsxwriter  # type: ignore[import-untyped]
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from domain.refusals import Refused
from domain.workbooks import Column, Sheet, Value, worksheets, write_workbook, xlsx
from domain.workbooks.books import read_book
from domain.workbooks.worksheets import Failure, Formula, Number

EXAMPLE = Path(__file__).parent / "data" / "survey-2023.xlsx"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


# What is read


def test_the_example_reads_as_openpyxl_reads_it() -> None:
    theirs = openpyxl.load_workbook(EXAMPLE).active

    sheet = read_book(EXAMPLE).sheets[0]

    expected = {
        (cell.row, cell.column): _as_openpyxl_says(cell.value)
        for row in theirs.iter_rows()
        for cell in row
        if cell.value is not None
    }
    assert {(number, column): value for number, row in sheet.rows.items() for column, value in row.cells.items()} == (
        expected
    )


def test_shared_texts_are_read_without_their_readings_and_with_all_their_runs(tmp_path: Path) -> None:
    strings = "<si><r><t>桂</t></r><r><t>林</t></r><rPh sb='0' eb='1'><t>グイ</t></rPh></si>"
    path = a_package(tmp_path, '<row r="1"><c r="A1" t="s"><v>0</v></c></row>', strings=strings)

    assert cells(path) == {(1, 1): "桂林"}


def test_inline_and_formula_texts_and_escapes_are_read(tmp_path: Path) -> None:
    path = a_package(
        tmp_path,
        '<row r="1"><c r="A1" t="inlineStr"><is><t>一_x000D_二</t></is></c>'
        '<c r="B1" t="inlineStr"><is><t>_xD83D__xDE00_</t></is></c><c r="C1" t="b"><v>1</v></c></row>',
    )

    assert cells(path) == {(1, 1): "一\r二", (1, 2): "😀", (1, 3): True}


def test_formulas_and_errors_are_told_from_values(tmp_path: Path) -> None:
    path = a_package(
        tmp_path,
        '<row r="1"><c r="A1" t="str"><f>1+1</f><v>2</v></c><c r="B1" t="e"><v>#REF!</v></c></row>'
        '<row r="2"><c r="A2"><f t="array" ref="A2:A3">B1:B2</f><v>1</v></c></row>'
        '<row r="3"><c r="A3"><v>2</v></c></row>',
    )

    sheet = read_book(path).sheets[0]

    assert [sheet.cell(1, 1), sheet.cell(1, 2)] == [Formula("1+1"), Failure("#REF!")]
    assert [sheet.cell(2, 1), sheet.cell(3, 1)] == [Formula("B1:B2"), Formula("")]


def test_a_number_keeps_the_digits_it_was_stored_with(tmp_path: Path) -> None:
    path = a_package(tmp_path, '<row r="1"><c r="A1"><v>914503001234567890</v></c></row>')

    assert cells(path) == {(1, 1): Number("914503001234567890")}


@pytest.mark.parametrize(
    ("code", "is_date"),
    [
        ("yyyy-mm-dd", True),
        ('yyyy"年"m"月"d"日"', True),
        ("[$-804]yyyy/m/d;@", True),
        ("General", False),
        ('0.00"days"', False),
        ("#,##0_);[Red](#,##0)", False),
        ("0\\d", False),
    ],
)
def test_a_number_is_a_date_if_its_format_shows_one(tmp_path: Path, code: str, is_date: bool) -> None:
    path = a_package(tmp_path, '<row r="1"><c r="A1" s="1"><v>45047</v></c></row>', styles=a_style(code))

    assert cells(path) == {(1, 1): date(2023, 5, 1) if is_date else Number("45047")}


def test_the_chinese_dates_built_into_excel_are_dates(tmp_path: Path) -> None:
    styles = '<cellXfs><xf numFmtId="0"/><xf numFmtId="31"/></cellXfs>'
    path = a_package(tmp_path, '<row r="1"><c r="A1" s="1"><v>45047.5</v></c></row>', styles=styles)

    assert cells(path) == {(1, 1): date(2023, 5, 1)}


def test_a_workbook_of_the_1904_calendar_counts_from_there(tmp_path: Path) -> None:
    path = a_package(
        tmp_path,
        '<row r="1"><c r="A1" s="1"><v>43585</v></c></row>',
        styles=a_style("yyyy-mm-dd"),
        properties='<workbookPr date1904="1"/>',
    )

    assert cells(path) == {(1, 1): date(2023, 5, 1)}


def test_cells_and_rows_without_references_are_counted(tmp_path: Path) -> None:
    path = a_package(tmp_path, "<row><c><v>1</v></c><c><v>2</v></c></row><row><c><v>3</v></c></row>")

    assert cells(path) == {(1, 1): Number("1"), (1, 2): Number("2"), (2, 1): Number("3")}


def test_prefixed_and_strict_and_utf_16_sheets_are_read(tmp_path: Path) -> None:
    row = "<x:row r='1'><x:c r='A1' t='inlineStr'><x:is><x:t>文字</x:t></x:is></x:c></x:row>"
    strict = "http://purl.oclc.org/ooxml/spreadsheetml/main"
    sheet = f"<x:worksheet xmlns:x='{strict}'><x:sheetData>{row}</x:sheetData></x:worksheet>"
    path = a_package(tmp_path, "", whole_sheet=f"<?xml version='1.0' encoding='UTF-16'?>{sheet}".encode("utf-16"))

    assert cells(path) == {(1, 1): "文字"}


def test_a_lying_dimension_changes_nothing(tmp_path: Path) -> None:
    sheet = f'<worksheet xmlns="{MAIN}"><dimension ref="A1:XFD1048576"/><sheetData>' + (
        '<row r="1"><c r="A1"><v>1</v></c><c r="XFD1" s="0"/></row></sheetData></worksheet>'
    )

    assert cells(a_package(tmp_path, "", whole_sheet=sheet.encode())) == {(1, 1): Number("1")}


def test_hidden_rows_and_sheets_are_marked_and_merged_areas_known(tmp_path: Path) -> None:
    path = tmp_path / "hidden.xlsx"
    book = openpyxl.Workbook()
    book.active.append(["甲", "乙"])
    book.active.append([None, "丙"])
    book.active.merge_cells("A1:A2")
    book.active.row_dimensions[2].hidden = True
    book.create_sheet("旧").sheet_state = "veryHidden"
    book.save(path)

    shown, old = read_book(path).sheets

    assert (shown.rows[1].hidden, shown.rows[2].hidden) == (False, True)
    assert (shown.hidden, old.hidden) == (False, True)
    assert shown.merged.covering(2, 1) == (1, 1)
    assert shown.merged.covering(2, 2) is None and shown.merged.covering(3, 1) is None


def test_progress_is_told_in_bytes_up_to_all_of_them() -> None:
    heard: list[tuple[int, int]] = []

    read_book(EXAMPLE, lambda done, total: heard.append((done, total)))

    assert heard == sorted(heard)
    assert heard[-1][0] == heard[-1][1]


# What is refused


@pytest.mark.parametrize(
    ("content", "looks_like"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "an old .xls file"),
        ("序号,企业名称\n1,甲".encode("gb18030"), "a text or CSV file"),
        ("\ufeff序号,企业名称".encode(), "a text or CSV file"),
        (b"<html><table></table></html>", "a web page"),
        (b"<?xml version='1.0'?><Workbook/>", "an XML file"),
        (b"%PDF-1.7", "a PDF file"),
        (b"\x00\x01\x02", "a file of another kind"),
        (b"", "an empty file"),
    ],
)
def test_a_file_that_is_no_xlsx_is_refused_by_what_it_is(tmp_path: Path, content: bytes, looks_like: str) -> None:
    path = tmp_path / "汇总表.xlsx"
    path.write_bytes(content)

    refused = refusal(path)

    assert refused.args[0].startswith("NOT_XLSX")
    assert looks_like in refused.refusals[0].en and "汇总表.xlsx" in refused.refusals[0].zh


@pytest.mark.parametrize("part", ["word/document.xml", "xl/workbook.bin", "content.xml", "holiday.jpg"])
def test_another_kind_of_zip_is_refused(tmp_path: Path, part: str) -> None:
    path = tmp_path / "other.xlsx"
    with zipfile.ZipFile(path, "w") as package:
        package.writestr(part, b"-")

    assert code_of(path) == "NOT_XLSX"


def test_a_workbook_with_a_password_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret.xlsx"
    path.write_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(3000) + "EncryptedPackage".encode("utf-16-le") + bytes(512)
    )

    assert code_of(path) == "WORKBOOK_ENCRYPTED"


def test_a_zip_with_a_password_is_refused(tmp_path: Path) -> None:
    path = a_package(tmp_path, "")
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    path.write_bytes(data)

    assert code_of(path) == "WORKBOOK_ENCRYPTED"


def test_a_truncated_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "half.xlsx"
    path.write_bytes(EXAMPLE.read_bytes()[:8000])

    assert code_of(path) == "WORKBOOK_BROKEN"


def test_a_workbook_with_flipped_bytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "flipped.xlsx"
    data = bytearray(EXAMPLE.read_bytes())
    with zipfile.ZipFile(EXAMPLE) as package:
        start = package.getinfo("xl/worksheets/sheet1.xml").header_offset + 2000
    data[start : start + 40] = bytes(40)
    path.write_bytes(data)

    assert code_of(path) == "WORKBOOK_BROKEN"


def test_a_workbook_whose_parts_begin_before_the_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "before.xlsx"
    data = EXAMPLE.read_bytes()
    path.write_bytes(data[:-6] + (int.from_bytes(data[-6:-2], "little") + 5000).to_bytes(4, "little") + data[-2:])

    assert code_of(path) == "WORKBOOK_BROKEN"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some.lists(some.tuples(some.integers(0, EXAMPLE.stat().st_size - 1), some.integers(0, 255)), max_size=5))
def test_whatever_befell_a_workbook_it_is_read_or_refused(tmp_path: Path, blows: list[tuple[int, int]]) -> None:
    data = bytearray(EXAMPLE.read_bytes())
    for place, value in blows:
        data[place] = value
    path = tmp_path / "fallen.xlsx"
    path.write_bytes(data)

    with suppress(Refused):
        assert read_book(path).sheets


def test_xml_that_ends_too_soon_is_refused(tmp_path: Path) -> None:
    assert code_of(a_package(tmp_path, "", whole_sheet=b"<worksheet><sheetData>")) == "WORKBOOK_BROKEN"


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="2"/><row r="1"/>',
        '<row r="1"/><row r="1"/>',
        '<row r="one"/>',
        '<row r="1"><c r="1A"><v>1</v></c></row>',
        '<row r="1"><c r="A1" t="s"><v>7</v></c></row>',
        '<row r="1"><c r="A1" t="s"><v>-1</v></c></row>',
        '<row r="1"><c r="A1" s="x"><v>1</v></c></row>',
        '<row r="1"><c r="A1"><f t="array" ref="everything"/></c></row>',
    ],
)
def test_a_sheet_excel_would_not_open_is_refused(tmp_path: Path, rows: str) -> None:
    assert code_of(a_package(tmp_path, rows)) == "WORKBOOK_BROKEN"


def test_a_sheet_that_is_named_but_not_there_is_refused(tmp_path: Path) -> None:
    path = a_package(tmp_path, "", leave_out="xl/worksheets/sheet1.xml")

    assert code_of(path) == "WORKBOOK_BROKEN"


def test_a_workbook_without_worksheets_is_refused(tmp_path: Path) -> None:
    assert code_of(a_package(tmp_path, "", leave_out="xl/_rels/workbook.xml.rels")) == "WORKBOOK_BROKEN"


def test_a_bomb_is_refused_before_anything_is_unpacked(tmp_path: Path) -> None:
    path = a_package(tmp_path, "", extra={"xl/media/a.bin": bytes(xlsx.MAX_UNPACKED_BYTES)})

    assert code_of(path) == "WORKBOOK_TOO_LARGE"


def test_a_part_packed_too_well_is_refused(tmp_path: Path) -> None:
    path = a_package(tmp_path, "", extra={"xl/media/a.bin": bytes(2 * xlsx.RATIO_FROM_BYTES)})

    assert "more than 200 to 1" in refusal(path).args[0]


def test_a_bomb_that_lies_about_its_size_unpacks_no_further_than_it_says(tmp_path: Path) -> None:
    rows = '<row r="1"><c r="A1"><v>1</v></c></row>' + " " * 50_000_000
    path = a_package(tmp_path, rows)
    with zipfile.ZipFile(path) as package:
        size = package.getinfo("xl/worksheets/sheet1.xml").file_size.to_bytes(4, "little")
    data = path.read_bytes()
    assert data.count(size) == 2  # in the local header and in the directory
    path.write_bytes(data.replace(size, (100_000).to_bytes(4, "little")))
    heard: list[int] = []

    with pytest.raises(Refused, match="WORKBOOK_BROKEN"):
        read_book(path, lambda done, _: heard.append(done))

    assert max(heard) <= 100_000


def test_the_same_part_read_again_and_again_is_counted_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx, "MAX_UNPACKED_BYTES", 60_000)
    sheets = "".join(f'<sheet name="{n}" sheetId="{n}" r:id="rId1"/>' for n in range(1, 9))
    path = a_package(tmp_path, '<row r="1"/>' + " " * 9_000, sheets=sheets)

    assert code_of(path) == "WORKBOOK_TOO_LARGE"


def test_too_many_parts_are_refused(tmp_path: Path) -> None:
    path = a_package(tmp_path, "", extra={f"xl/media/{n}": b"" for n in range(xlsx.MAX_ENTRIES)})

    assert code_of(path) == "WORKBOOK_TOO_LARGE"


def test_an_endless_table_of_contents_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "contents.xlsx"
    with zipfile.ZipFile(path, "w") as package:
        for number in range(40_000):
            package.writestr(f"{number:060}", b"")

    assert code_of(path) == "WORKBOOK_TOO_LARGE"


def test_a_file_over_the_limit_is_refused_unopened(tmp_path: Path) -> None:
    path = tmp_path / "vast.xlsx"
    with path.open("wb") as file:
        file.truncate(xlsx.MAX_FILE_BYTES + 1)

    assert code_of(path) == "WORKBOOK_TOO_LARGE"


def test_two_parts_of_one_name_are_refused(tmp_path: Path) -> None:
    path = a_package(tmp_path, "", extra={"XL/Workbook.xml": b""})

    assert code_of(path) == "WORKBOOK_BROKEN"


def test_packing_that_cannot_be_unpacked_in_portions_is_refused(tmp_path: Path) -> None:
    path = a_package(tmp_path, "", compression=zipfile.ZIP_BZIP2)

    assert code_of(path) == "WORKBOOK_BROKEN"


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE a SYSTEM "http://example.invalid/a.dtd">',
        '<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/hostname">]>',
    ],
)
def test_xml_that_declares_entities_is_refused(tmp_path: Path, doctype: str) -> None:
    sheet = f'{doctype}<worksheet xmlns="{MAIN}"><sheetData/></worksheet>'

    assert code_of(a_package(tmp_path, "", whole_sheet=sheet.encode())) == "WORKBOOK_UNSAFE"


def test_one_endless_tag_is_refused(tmp_path: Path) -> None:
    sheet = b"<worksheet " + b"a" * 20_000_000

    assert code_of(a_package(tmp_path, "", whole_sheet=sheet, compression=zipfile.ZIP_STORED)) == "WORKBOOK_BROKEN"


def test_endlessly_nested_elements_are_refused(tmp_path: Path) -> None:
    path = a_package(tmp_path, "<a>" * 1_000_000, compression=zipfile.ZIP_STORED)

    assert "too deep" in refusal(path).args[0]


@pytest.mark.parametrize(("cell", "taken"), [("GR1", True), ("GS1", False), ("A200000", True), ("A200001", False)])
def test_a_sheet_is_at_most_200_000_rows_by_200_columns(tmp_path: Path, cell: str, taken: bool) -> None:
    number = cell.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    path = a_package(tmp_path, f'<row r="{number}"><c r="{cell}"><v>1</v></c></row>')

    if taken:
        assert list(cells(path).values()) == [Number("1")]
    else:
        assert cell in refusal(path).refusals[0].en


def test_too_many_cells_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worksheets.Shared, "__init__", _with_two_cells_left)
    row = '<row r="{0}"><c r="A{0}"><v>1</v></c></row>'

    assert len(cells(a_package(tmp_path, row.format(1) + row.format(2)))) == 2
    assert code_of(a_package(tmp_path, row.format(1) + row.format(2) + row.format(3))) == "WORKBOOK_TOO_LARGE"


def test_too_many_merged_cells_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worksheets, "MAX_SPANS", 3)
    merged = '<mergeCells><mergeCell ref="A1:B2"/><mergeCell ref="C1:D2"/></mergeCells>'

    assert code_of(a_package(tmp_path, "", after=merged)) == "WORKBOOK_TOO_LARGE"


# What is written


def test_what_is_written_can_be_read_back(tmp_path: Path) -> None:
    path = tmp_path / "清单.xlsx"

    write_workbook(
        path, [a_sheet([["甲公司", 3, date(2023, 5, 1), datetime(2023, 5, 1, 9, 30), Decimal("1.5"), None]])]
    )

    sheet = openpyxl.load_workbook(path)["问题清单"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0][0] == "三清"
    assert rows[1] == list("ABCDEF")
    assert rows[2] == ["甲公司", 3, datetime(2023, 5, 1), datetime(2023, 5, 1, 9, 30), 1.5, None]
    assert sheet["C3"].number_format == "yyyy-mm-dd"
    assert sheet.freeze_panes == "A3"
    assert sheet.column_dimensions["A"].width == pytest.approx(20, abs=1)


def test_without_a_title_the_header_comes_first(tmp_path: Path) -> None:
    path = tmp_path / "plain.xlsx"

    write_workbook(path, [Sheet("一", "", [Column("甲", 10)], [["乙"]]), Sheet("二", "", [Column("丙", 10)], [])])

    book = openpyxl.load_workbook(path)
    assert [[cell.value for cell in row] for row in book["一"].iter_rows()] == [["甲"], ["乙"]]
    assert book.sheetnames == ["一", "二"]


@pytest.mark.parametrize(
    "text", ['=HYPERLINK("http://example.invalid")', "+1", "-1", "@A1", " =1+1", "http://a.b", "0123"]
)
def test_text_stays_text_whatever_it_begins_with(tmp_path: Path, text: str) -> None:
    path = tmp_path / "text.xlsx"

    write_workbook(path, [a_sheet([[text]])])

    cell = openpyxl.load_workbook(path)["问题清单"]["A3"]
    assert (cell.value, cell.data_type, cell.hyperlink) == (text, "s", None)
    assert cell.quotePrefix == (text.lstrip()[0] in "=+-@")


def test_what_xml_cannot_hold_is_left_out_and_what_a_cell_cannot_hold_cut(tmp_path: Path) -> None:
    path = tmp_path / "odd.xlsx"

    write_workbook(path, [a_sheet([["a\x00b\x0bc\ud800d\ufffe", "长" * 40_000]])])

    sheet = openpyxl.load_workbook(path)["问题清单"]
    assert sheet["A3"].value == "abcd"
    assert sheet["B3"].value == "长" * 32_766 + "…"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (999_999_999_999_999, 999_999_999_999_999),
        (9_999_999_999_999_999, "9999999999999999"),
        (Decimal("1234567890.123456789"), "1234567890.123456789"),
        (date(1898, 6, 11), "1898-06-11"),
        (datetime(2023, 5, 1, 16, 0, tzinfo=UTC), datetime(2023, 5, 2, 0, 0)),
    ],
)
def test_numbers_and_times_lose_nothing(tmp_path: Path, value: Value, shown: object) -> None:
    path = tmp_path / "numbers.xlsx"

    write_workbook(path, [a_sheet([[value]])])

    assert openpyxl.load_workbook(path)["问题清单"]["A3"].value == shown


def test_a_workbook_that_fails_half_way_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "old.xlsx"
    path.write_bytes(b"old")

    def rows() -> Iterator[list[Value]]:
        yield ["one"]
        raise RuntimeError("the database went away")

    with pytest.raises(RuntimeError, match="went away"):
        write_workbook(path, [Sheet("问题清单", "", [Column("A", 20)], rows())])

    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["old.xlsx"]


def test_a_workbook_written_replaces_the_old_one_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "old.xlsx"
    path.write_bytes(b"old")

    write_workbook(path, [a_sheet([])])

    assert zipfile.is_zipfile(path)
    assert [each.name for each in tmp_path.iterdir()] == ["old.xlsx"]


def test_what_we_write_we_read(tmp_path: Path) -> None:
    path = tmp_path / "ours.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet("一").write_row(0, 0, ["甲", 1, True])

    assert cells(path) == {(1, 1): "甲", (1, 2): Number("1"), (1, 3): True}


def a_sheet(rows: list[list[Value]]) -> Sheet:
    return Sheet("问题清单", "三清", [Column(each, 20) for each in "ABCDEF"], rows)


def a_style(code: str) -> str:
    escaped = code.replace('"', "&quot;")
    return (
        f'<numFmts><numFmt numFmtId="170" formatCode="{escaped}"/></numFmts>'
        '<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>'
        '<cellXfs><xf numFmtId="0"/><xf numFmtId="170"/></cellXfs>'
    )


def a_package(
    folder: Path,
    rows: str,
    *,
    after: str = "",
    whole_sheet: bytes | None = None,
    strings: str = "",
    styles: str = "",
    properties: str = "",
    sheets: str = '<sheet name="一" sheetId="1" r:id="rId1"/>',
    extra: dict[str, bytes] | None = None,
    leave_out: str = "",
    compression: int = zipfile.ZIP_DEFLATED,
) -> Path:
    """The smallest .xlsx there is, with the parts a test is about."""
    workbook = f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">{properties}<sheets>{sheets}</sheets></workbook>'
    relations = "".join(
        f'<Relationship Id="rId{number}" Type="{RELATIONS}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(
            [
                ("worksheet", "worksheets/sheet1.xml"),
                ("sharedStrings", "sharedStrings.xml"),
                ("styles", "styles.xml"),
            ],
            1,
        )
    )
    sheet = f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData>{after}</worksheet>'
    parts = {
        "xl/workbook.xml": workbook.encode(),
        "xl/_rels/workbook.xml.rels": (
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f"{relations}</Relationships>"
        ).encode(),
        "xl/worksheets/sheet1.xml": whole_sheet if whole_sheet is not None else sheet.encode(),
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{strings}</sst>'.encode(),
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}">{styles}</styleSheet>'.encode(),
        **(extra or {}),
    }
    path = folder / "package.xlsx"
    with zipfile.ZipFile(path, "w", compression) as package:
        for name, content in parts.items():
            if name != leave_out:
                package.writestr(name, content)
    return path


def cells(path: Path) -> dict[tuple[int, int], object]:
    sheet = read_book(path).sheets[0]
    return {(number, column): value for number, row in sheet.rows.items() for column, value in row.cells.items()}


def refusal(path: Path) -> Refused:
    with pytest.raises(Refused) as caught:
        read_book(path)
    return caught.value


def code_of(path: Path) -> str:
    return refusal(path).refusals[0].code


def _with_two_cells_left(shared: worksheets.Shared, strings: list[str], dated: list[bool], day_zero: date) -> None:
    shared.strings, shared.dated, shared.day_zero, shared.cells_left = strings, dated, day_zero, 2


def _as_openpyxl_says(value: object) -> object:
    if isinstance(value, datetime):
        return value.date()
    return Number(str(value)) if isinstance(value, int) else value
