"""What an export is made of: whole histories, written into a zip that lists its files."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO
from uuid import UUID

from domain import clock
from domain.history import Entry, PersonalValue

Subject = tuple[str, UUID]
"""Kind and key of a record that has a history."""


@dataclass(frozen=True)
class History:
    """One subject's entries that are in the log, with the index of each, and the personal values still kept."""

    subject: Subject
    entries: list[tuple[int, Entry]]
    personal: dict[str, PersonalValue]


@dataclass
class Written:
    """A zip being written: every file's SHA-256 goes into the manifest."""

    zip: zipfile.ZipFile
    hashes: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def file(self, name: str, how: int = zipfile.ZIP_DEFLATED) -> Iterator[Callable[[bytes], None]]:
        info, digest = zipfile.ZipInfo(name, clock.today().timetuple()[:6]), hashlib.sha256()
        info.compress_type = how
        with self.zip.open(info, "w", force_zip64=True) as file:

            def write(content: bytes) -> None:
                digest.update(content)
                file.write(content)

            yield write
        self.hashes[name] = digest.hexdigest()

    def add(self, name: str, text: str) -> None:
        with self.file(name) as write:
            write(text.encode())

    def move(self, name: str, spool: IO[bytes]) -> None:
        spool.seek(0)
        with self.file(name) as write:
            while chunk := spool.read(1 << 20):
                write(chunk)
