"""Evidence files: what is taken in, what is turned away, and what they may be called."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator

import pytest

from domain.file_types import TYPES, checked, clean_name, file_type
from domain.refusals import Refused


def a_zip(*names: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name in names:
            archive.writestr(name, "内容")
    return held.getvalue()


OLE = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504)
ZIP = a_zip("[Content_Types].xml", "OFD.xml")
BEGINNINGS = {
    "pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    "ofd": ZIP,
    "jpg": b"\xff\xd8\xff\xe0\x00\x10JFIF",
    "jpeg": b"\xff\xd8\xff\xe1\x00\x10Exif",
    "png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    "gif": b"GIF89a\x01\x00\x01\x00",
    "webp": b"RIFF\x24\x00\x00\x00WEBPVP8 ",
    "heic": b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00",
    "tif": b"II*\x00\x08\x00\x00\x00",
    "tiff": b"MM\x00*\x00\x00\x00\x08",
    "doc": OLE,
    "docx": ZIP,
    "xls": OLE,
    "xlsx": ZIP,
    "ppt": OLE,
    "pptx": ZIP,
    "wps": OLE,
    "et": OLE,
    "dps": ZIP,
    "txt": "情况说明：道路已修复。\r\n".encode(),
    "csv": "企业,诉求\n甲,用电\n".encode("gb18030"),
    "zip": ZIP,
    "rar": b"Rar!\x1a\x07\x01\x00",
    "mp3": b"ID3\x04\x00\x00",
    "mp4": b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00",
}
PROGRAM = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff"
LINUX_PROGRAM = b"\x7fELF\x02\x01\x01\x00"
PAGE = b"\xef\xbb\xbf \r\n<!DOCTYPE html><script>alert(1)</script>"
DRAWING = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
SCRIPT = b"#!/bin/sh\nrm -rf /\n"


def test_every_type_on_the_list_has_an_example_here() -> None:
    assert set(BEGINNINGS) == set(TYPES)


@pytest.mark.parametrize("extension", BEGINNINGS)
async def test_a_file_that_is_what_it_says_passes_unchanged(extension: str) -> None:
    content = BEGINNINGS[extension] + b"the rest of it" * 300

    passed = await everything(checked(by_and_by(content), file_type(f"证据.{extension.upper()}")))

    assert passed == content


@pytest.mark.parametrize("extension", BEGINNINGS)
@pytest.mark.parametrize("content", [PROGRAM, LINUX_PROGRAM, PAGE, DRAWING, SCRIPT])
async def test_a_program_a_web_page_or_a_script_by_another_name_is_refused(
    extension: str, content: bytes
) -> None:
    kind = file_type(f"证据.{extension}")

    with pytest.raises(Refused, match="FILE_CONTENT") as refused:
        await everything(checked(by_and_by(content), kind))

    assert extension in refused.value.refusals[0].zh


@pytest.mark.parametrize(
    "name",
    [
        "病毒.exe",
        "invoice.pdf.exe",
        "a.html",
        "a.svg",
        "a.sh",
        "a.js",
        "a.bat",
        "a.xml",
        "a.docm",
        "a.pdf.",
        "pdf",
        "",
    ],
)
def test_a_type_that_is_not_on_the_list_is_refused(name: str) -> None:
    with pytest.raises(Refused, match="FILE_TYPE") as refused:
        file_type(name)

    assert "pdf" in refused.value.refusals[0].zh
    assert "pdf" in refused.value.refusals[0].en


async def test_a_picture_named_as_a_document_is_refused() -> None:
    with pytest.raises(Refused, match="FILE_CONTENT"):
        await everything(checked(by_and_by(BEGINNINGS["png"]), file_type("整改报告.pdf")))


async def test_nothing_of_a_refused_file_is_passed_on() -> None:
    passed = []

    with pytest.raises(Refused, match="FILE_CONTENT"):
        async for chunk in checked(by_and_by(PROGRAM * 1000), file_type("说明.txt")):
            passed.append(chunk)

    assert passed == []


async def test_a_file_that_arrives_byte_by_byte_is_known_all_the_same() -> None:
    content = BEGINNINGS["webp"] + bytes(2000)

    passed = await everything(checked(by_and_by(content, size=1), file_type("现场.webp")))

    assert passed == content


async def test_an_empty_file_is_left_for_the_store_to_refuse() -> None:
    assert await everything(checked(by_and_by(b""), file_type("空.pdf"))) == b""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("before", range(4))
async def test_text_is_known_wherever_the_first_kilobyte_cuts_a_character(encoding: str, before: int) -> None:
    content = ("." * before + "诉求" * 2000).encode(encoding)

    passed = await everything(checked(by_and_by(content, size=1), file_type("说明.txt")))

    assert passed == content


@pytest.mark.parametrize(
    "content", [b"abc\x00def", b"\x1b[31mred", b"\xff\xff\xff\xff", "a\0".encode("utf-16")]
)
async def test_bytes_that_are_no_text_are_not_taken_for_text(content: bytes) -> None:
    with pytest.raises(Refused, match="FILE_CONTENT"):
        await everything(checked(by_and_by(content), file_type("说明.csv")))


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("整改报告（终稿）.docx", "整改报告（终稿）.docx"),
        (r"C:\Users\王\桌面\照片.jpg", "照片.jpg"),
        ("../../etc/passwd.txt", "passwd.txt"),
        ("..\\..\\网.config.txt", "网.config.txt"),
        ("报告\u202efdp.exe", "报告fdp.exe"),
        ("\u2067零\u200b宽\ufeff.pdf", "零宽.pdf"),
        ("换\r\n行\t\x00\x7f.pdf", "换行.pdf"),
        ("半\ud800个.pdf", "半个.pdf"),
        ('问?星*号"引<号>竖|线:.pdf', "问_星_号_引_号_竖_线_.pdf"),
        ("  .. 点与空格.pdf . ", "点与空格.pdf"),
        ("e\u0301te\u0301.pdf", "été.pdf"),
        ("𠮷野家.pdf", "𠮷野家.pdf"),
    ],
)
def test_a_name_keeps_its_words_and_loses_its_tricks(given: str, kept: str) -> None:
    assert clean_name(given) == kept


@pytest.mark.parametrize("name", ["", ".", "..", " . ", "/", "证据/", "\u202e", "\r\n", "C:\\"])
def test_a_name_of_which_nothing_is_left_is_refused(name: str) -> None:
    with pytest.raises(Refused, match="FILE_NAME"):
        clean_name(name)


def test_a_long_name_is_cut_before_its_extension() -> None:
    assert clean_name("a" * 196 + ".pdf") == "a" * 196 + ".pdf"
    assert clean_name("a" * 197 + ".pdf") == "a" * 196 + ".pdf"
    assert clean_name("a" * 300 + "." + "b" * 17) == "a" * 200


def test_a_long_chinese_name_is_cut_to_255_bytes_between_characters() -> None:
    assert clean_name("关" * 83 + "ab.pdf") == "关" * 83 + "ab.pdf"
    assert clean_name("关" * 83 + "于.pdf") == "关" * 83 + ".pdf"


async def by_and_by(content: bytes, size: int = 700) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def everything(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])
