"""Which files are taken as evidence, how each kind begins, and what a file may be called."""

from __future__ import annotations

import re
import unicodedata
from codecs import BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import NamedTuple

from domain.refusals import Refusal, Refused

FILE_TYPE = Refusal("FILE_TYPE", "只接受：{accepted}。", "Accepted: {accepted}.", "file")
FILE_CONTENT = Refusal("FILE_CONTENT", "内容不是{extension}格式。", "The content is not {extension}.", "file")
FILE_NAME = Refusal("FILE_NAME", "文件名不可用，请改名。", "The file name cannot be used.", "file")


class FileType(NamedTuple):
    """`content_type` is what we hand the file out as, whatever its sender called it."""

    extension: str
    content_type: str
    magic: bytes  # a pattern for the first bytes; none for text

    def begins(self, head: bytes) -> bool:
        return bool(re.match(self.magic, head, re.DOTALL)) if self.magic else _is_text(head)


def file_type(name: str) -> FileType:
    found = TYPES.get(name.lower().rpartition(".")[2]) if "." in name else None
    if found is None:
        raise Refused(FILE_TYPE.about(accepted=", ".join(TYPES)))
    return found


async def checked(chunks: AsyncIterator[bytes], kind: FileType) -> AsyncIterator[bytes]:
    """The same chunks, refused before the first goes on if they do not begin as `kind` does."""
    head = b""
    while len(head) < 1024 and (chunk := await anext(chunks, None)) is not None:
        head += chunk
    if head and not kind.begins(head):  # an empty file is the store's to refuse
        raise Refused(FILE_CONTENT.about(extension=kind.extension))
    yield head
    async for chunk in chunks:
        yield chunk


def clean_name(name: str) -> str:
    """The last part of the path, without control, direction and unseen characters, cut to length."""
    name = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    name = "".join(each for each in name if unicodedata.category(each) not in {"Cc", "Cf", "Cs", "Zl", "Zp"})
    name = re.sub(r'[<>:"|?*]', "_", name).strip(" .")
    stem, extension = re.split(r"(?=\.[^.]{1,16}\Z)|\Z", name, maxsplit=1)
    while len(stem + extension) > 200 or len((stem + extension).encode()) > 255:
        stem = stem[:-1]
    if not stem:
        raise Refused(FILE_NAME)
    return f"{stem}{extension}"


def _is_text(head: bytes) -> bool:
    """UTF-8, GB 18030, or UTF-16 with its mark; no control characters; not opening as markup or a script."""
    for encoding in ("utf-16",) if head.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else ("utf-8", "gb18030"):
        with suppress(UnicodeDecodeError):
            text = getincrementaldecoder(encoding)().decode(head)  # the last character may be cut in two
            return not re.search(r"[\0-\x08\x0e-\x1f]|\A[\ufeff\s]*(#!|<[!?/a-z])", text, re.IGNORECASE)
    return False


_ZIP, _OLE = rb"PK\x03\x04", rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OOXML = "application/vnd.openxmlformats-officedocument."
TYPES = {
    extension: FileType(extension, content_type, magic)
    for extensions, content_type, magic in (
        ("pdf", "application/pdf", rb"%PDF-"),
        ("ofd", "application/ofd", _ZIP),
        ("jpg jpeg", "image/jpeg", rb"\xff\xd8\xff"),
        ("png", "image/png", rb"\x89PNG\r\n\x1a\n"),
        ("gif", "image/gif", rb"GIF8[79]a"),
        ("webp", "image/webp", rb"RIFF....WEBP"),
        ("heic", "image/heic", rb"....ftyp(hei[cmsx]|mif1|msf1)"),
        ("tif tiff", "image/tiff", rb"II\*\0|MM\0\*"),
        ("doc", "application/msword", _OLE),
        ("docx", _OOXML + "wordprocessingml.document", _ZIP),
        ("xls", "application/vnd.ms-excel", _OLE),
        ("xlsx", _OOXML + "spreadsheetml.sheet", _ZIP),
        ("ppt", "application/vnd.ms-powerpoint", _OLE),
        ("pptx", _OOXML + "presentationml.presentation", _ZIP),
        ("wps et dps", "application/octet-stream", _OLE + b"|" + _ZIP),
        ("txt", "text/plain", b""),
        ("csv", "text/csv", b""),
        ("zip", "application/zip", _ZIP),
        ("rar", "application/vnd.rar", rb"Rar!\x1a\x07"),
        ("mp3", "audio/mpeg", rb"ID3|\xff[\xf2\xf3\xfb]"),
        ("mp4", "video/mp4", rb"....ftyp"),
    )
    for extension in extensions.split()
}
