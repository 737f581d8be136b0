"""The package an .xlsx is, opened without trusting it: what it holds, how large, XML without entities."""

from __future__ import annotations

import io
import posixpath
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn
from xml.parsers import expat

from domain.refusals import Refusal, Refused

MAX_FILE_BYTES = 60 * 2**20
MAX_UNPACKED_BYTES = 200 * 2**20
MAX_ENTRIES = 1_000
# Real sheets shrink 5 to 40 times; deflate itself ends at 1032. Small entries may shrink as they like.
MAX_RATIO, RATIO_FROM_BYTES = 200, 2**20

NOT_XLSX = Refusal(
    "NOT_XLSX",
    "“{name}”不是 .xlsx 工作簿（看起来是{zh}）。请用 Excel 或 WPS 另存为“Excel 工作簿(*.xlsx)”后再导入。",
    "“{name}” is not an .xlsx workbook (it looks like {en}). Save it as .xlsx in Excel or WPS and try again.",
    "file",
)
ENCRYPTED = Refusal(
    "WORKBOOK_ENCRYPTED",
    "“{name}”设有打开密码，请取消密码后再导入。",
    "“{name}” is protected by a password; remove the password and try again.",
    "file",
)
BROKEN = Refusal(
    "WORKBOOK_BROKEN",
    "“{name}”已损坏，无法读取（{what}）。请用 Excel 或 WPS 打开，另存后再导入。",
    "“{name}” is damaged and cannot be read ({what}). Open it in Excel or WPS, save it anew, try again.",
    "file",
)
TOO_LARGE = Refusal(
    "WORKBOOK_TOO_LARGE",
    "“{name}”超出可导入的大小：{zh}。",
    "“{name}” is larger than can be taken in: {en}.",
    "file",
)
UNSAFE = Refusal(
    "WORKBOOK_UNSAFE",
    "“{name}”里含有 Excel 不会写入的实体声明，不予读取。",
    "“{name}” declares XML entities, which Excel never does; it is not read.",
    "file",
)

Start = Callable[[str, dict[str, str]], None]
End = Callable[[str], None]
Text = Callable[[str], None]

_CHUNK_BYTES = 64 * 2**10
_DEEPEST = 100
_LONGEST_TOKEN_BYTES = 4 * 2**20
_CENTRAL_DIRECTORY_BYTES = 2 * 2**20
_ZIP_FAULTS = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, ValueError)


@contextmanager
def opened(path: Path) -> Iterator[Package]:
    """The package at `path`, its entries checked against the limits before anything is unpacked."""
    if path.stat().st_size > MAX_FILE_BYTES:
        limit = f"{MAX_FILE_BYTES >> 20} MB"
        _too_large(path.name, f"文件超过 {limit}", f"the file is over {limit}")
    with _Doorway(io.FileIO(path), path.name) as file:
        _check_beginning(file, path.name)
        try:
            archive = zipfile.ZipFile(file)
        except _ZIP_FAULTS as fault:
            raise Refused(BROKEN.about(name=path.name, what=fault)) from fault
        with archive:
            yield Package(archive, path.name)


class Package:
    """The parts of one .xlsx by name, handed out in pieces while counting what they unpack to."""

    def __init__(self, archive: zipfile.ZipFile, name: str) -> None:
        _check_entries(archive.infolist(), name)
        self.name = name
        self.on_read: Callable[[int], None] | None = None
        self._archive = archive
        self._unpacked_bytes = 0
        # Part names are compared without regard to case (ECMA-376 part 2), and some writers use backslashes.
        self._parts = {_part_key(each.filename): each for each in archive.infolist()}
        self._check_kind()

    def __contains__(self, part: str) -> bool:
        return _part_key(part) in self._parts

    def size(self, part: str) -> int:
        """How many bytes the package says `part` unpacks to; no more will ever be handed out."""
        return self._parts[_part_key(part)].file_size if part in self else 0

    def parse(self, part: str, start: Start, end: End | None = None, text: Text | None = None) -> None:
        """Run `part` through expat, refusing any document type. Names come as "namespace local"."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.StartElementHandler, parser.EndElementHandler = self._at_most_deep(start, end)
        parser.CharacterDataHandler = text
        fed = 0
        try:
            for chunk in self._chunks(part):
                parser.Parse(chunk, False)
                fed += len(chunk)
                # expat begins an unfinished token again with every chunk, so a huge one costs its square
                if fed - parser.CurrentByteIndex > _LONGEST_TOKEN_BYTES:
                    self.broken(part)
            parser.Parse(b"", True)
        except expat.ExpatError as fault:
            raise Refused(BROKEN.about(name=self.name, what=f"{part}: {fault}")) from fault

    def not_xlsx(self, zh: str, en: str) -> NoReturn:
        raise Refused(NOT_XLSX.about(name=self.name, zh=zh, en=en))

    def broken(self, what: str) -> NoReturn:
        raise Refused(BROKEN.about(name=self.name, what=what))

    def too_large(self, zh: str, en: str) -> NoReturn:
        _too_large(self.name, zh, en)

    def _chunks(self, part: str) -> Iterator[bytes]:
        entry = self._parts.get(_part_key(part))
        if entry is None:
            self.broken(part)
        try:
            with self._archive.open(entry) as stream:
                while chunk := stream.read(_CHUNK_BYTES):
                    self._count(len(chunk))
                    yield chunk
        except (*_ZIP_FAULTS, RuntimeError) as fault:
            raise Refused(BROKEN.about(name=self.name, what=f"{part}: {fault}")) from fault

    def _count(self, size: int) -> None:
        if self.on_read is not None:
            self.on_read(size)
        self._unpacked_bytes += size
        if self._unpacked_bytes > MAX_UNPACKED_BYTES:
            _too_large_unpacked(self.name)

    def _check_kind(self) -> None:
        for part, zh, en in _OTHER_PACKAGES:
            if part in self:
                self.not_xlsx(zh, en)

    def _at_most_deep(self, start: Start, end: End | None) -> tuple[Start, End]:
        """The same two, counting: expat keeps every open element in memory, and a few bytes open one."""
        depth = 0

        def deeper(name: str, attributes: dict[str, str]) -> None:
            nonlocal depth
            depth += 1
            if depth > _DEEPEST:
                self.broken("elements too deep")
            start(name, attributes)

        def shallower(name: str) -> None:
            nonlocal depth
            depth -= 1
            if end is not None:
                end(name)

        return deeper, shallower

    def _refuse_doctype(self, *_: object) -> None:
        raise Refused(UNSAFE.about(name=self.name))


class _Doorway(io.BufferedReader):
    """A file not read in one great gulp, as zipfile would its table of contents, nor from before its start."""

    def __init__(self, raw: io.RawIOBase, name: str) -> None:
        super().__init__(raw)
        self._name = name

    def read(self, size: int | None = -1) -> bytes:
        limit = _CENTRAL_DIRECTORY_BYTES
        wanted = limit + 1 if size is None or size < 0 else size
        data = super().read(min(wanted, limit + 1))
        if len(data) > limit:
            _too_large(self._name, "内部目录过大", "its table of contents is too long")
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_SET and offset < 0:
            raise zipfile.BadZipFile("a part before the beginning of the file")
        return super().seek(offset, whence)


def _check_beginning(file: io.BufferedReader, name: str) -> None:
    head = file.read(4096)
    file.seek(0)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        if _mentions(file, "EncryptedPackage".encode("utf-16-le")):
            raise Refused(ENCRYPTED.about(name=name))
        raise Refused(NOT_XLSX.about(name=name, zh="旧版 .xls 文件", en="an old .xls file"))
    if not head.startswith(b"PK\x03\x04"):
        zh, en = _kind(head)
        raise Refused(NOT_XLSX.about(name=name, zh=zh, en=en))


def _mentions(file: io.BufferedReader, words: bytes) -> bool:
    tail = b""
    while chunk := file.read(2**20):
        if words in tail + chunk:
            return True
        tail = chunk[-len(words) :]
    return False


def _kind(head: bytes) -> tuple[str, str]:
    if not head:
        return "空文件", "an empty file"
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for beginning, zh, en in _BEGINNINGS:
        if start.startswith(beginning):
            return zh, en
    if b"\0" in head:
        return "其他格式的文件", "a file of another kind"
    return "文本或 CSV 文件", "a text or CSV file"


def _check_entries(entries: list[zipfile.ZipInfo], name: str) -> None:
    if len(entries) > MAX_ENTRIES:
        _too_large(name, f"内含文件超过{MAX_ENTRIES}个", f"it holds more than {MAX_ENTRIES} files")
    if len({_part_key(each.filename) for each in entries}) < len(entries):
        raise Refused(BROKEN.about(name=name, what="duplicate parts"))
    if any(each.flag_bits & 1 for each in entries):
        raise Refused(ENCRYPTED.about(name=name))
    # zipfile unpacks only these two in measured portions
    if any(each.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for each in entries):
        raise Refused(BROKEN.about(name=name, what="compression method"))
    if sum(each.file_size for each in entries) > MAX_UNPACKED_BYTES:
        _too_large_unpacked(name)
    for each in entries:
        if each.file_size > RATIO_FROM_BYTES and each.file_size > MAX_RATIO * each.compress_size:
            _too_large(name, f"内容压缩超过{MAX_RATIO}倍", f"its content is packed more than {MAX_RATIO} to 1")


def _too_large_unpacked(name: str) -> NoReturn:
    limit = f"{MAX_UNPACKED_BYTES >> 20} MB"
    _too_large(name, f"解开后超过 {limit}", f"it unpacks to over {limit}")


def _too_large(name: str, zh: str, en: str) -> NoReturn:
    raise Refused(TOO_LARGE.about(name=name, zh=zh, en=en))


def _part_key(part: str) -> str:
    return posixpath.normpath("/" + part.replace("\\", "/").lstrip("/")).casefold()


_BEGINNINGS = (
    (b"%pdf", "PDF 文件", "a PDF file"),
    (b"<!doctype html", "网页", "a web page"),
    (b"<html", "网页", "a web page"),
    (b"<table", "网页", "a web page"),
    (b"<?xml", "XML 文件", "an XML file"),
    (b"rar!", "压缩包", "an archive"),
    (b"7z\xbc\xaf", "压缩包", "an archive"),
    (b"\x1f\x8b", "压缩包", "an archive"),
    (b"pk\x05\x06", "空的压缩包", "an empty archive"),
)
_OTHER_PACKAGES = (
    ("xl/workbook.bin", "二进制 .xlsb 工作簿", "a binary .xlsb workbook"),
    ("word/document.xml", "Word 文档", "a Word document"),
    ("ppt/presentation.xml", "演示文稿", "a presentation"),
    ("content.xml", "OpenDocument 文件", "an OpenDocument file"),
)
