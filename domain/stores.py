"""Where the bytes of evidence files live: a directory beside the database, or any S3-compatible bucket."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from obstore.store import LocalStore, S3Store

from domain.refusals import Refusal, Refused

MB = 1024 * 1024
FILE_TOO_LARGE = Refusal("FILE_TOO_LARGE", "文件最大{limit}MB。", "The largest file is {limit} MB.", "file")
FILE_EMPTY = Refusal("FILE_EMPTY", "文件是空的，请检查后重新上传。", "The file is empty; check it.", "file")


@dataclass(frozen=True)
class Stored:
    """What was put away: its length in bytes, and its SHA-256 in hexadecimal."""

    size: int
    sha256: str


class Store:
    """Put, read and delete by key. Under a key is the whole file or nothing."""

    def __init__(self, objects: LocalStore | S3Store) -> None:
        self._objects = objects

    async def put(self, key: str, chunks: AsyncIterator[bytes], limit: int) -> Stored:
        incoming = _Incoming(chunks, limit)
        # In parts of 5 MB, the least S3 takes; two on their way at once bound what an upload holds in memory.
        upload = asyncio.ensure_future(self._objects.put_async(key, incoming, max_concurrency=2))
        try:
            await asyncio.shield(upload)
        except asyncio.CancelledError:
            # Torn off, an upload leaves its parts in the bucket; when its source fails it clears them itself.
            incoming.stop()
            await asyncio.gather(upload, return_exceptions=True)
            await self.delete(key)
            raise
        if isinstance(root := self._objects.prefix, Path):
            await asyncio.to_thread(reach_the_disk, root / key, root)
        return Stored(incoming.size, incoming.digest.hexdigest())

    async def read(self, key: str) -> AsyncIterator[bytes]:
        """The bytes by and by; FileNotFoundError at once if there are none."""
        return (await self._objects.get_async(key)).stream(min_chunk_size=MB // 4)

    async def delete(self, key: str) -> None:
        """Afterwards nothing is under the key, whether or not something was."""
        with suppress(FileNotFoundError):  # a directory says so, a bucket does not
            await self._objects.delete_async(key)

    async def exists(self, key: str) -> bool:
        with suppress(FileNotFoundError):
            return bool(await self._objects.head_async(key))
        return False


def new_key(at: datetime) -> str:
    """Such as 2026/11/<uuid>; nothing in it comes from a person or from the file."""
    return f"{at:%Y/%m}/{uuid4()}"


def directory(database_file: Path | None = None) -> Path | None:
    """Where QIBAN_FILES_URL says, else `files/` beside the database file, or `var/files`; None where it is a bucket."""
    url = os.environ.get("QIBAN_FILES_URL")
    if not url:
        return database_file.parent / "files" if database_file else Path("var/files")
    if url.startswith("file://"):
        return Path(unquote(urlsplit(url).path))
    if url.startswith("s3://"):
        return None
    raise ValueError(f"QIBAN_FILES_URL 应以 s3:// 或 file:// 开头 (must begin with s3:// or file://): {url}")


def open_store(database_file: Path | None = None) -> Store:
    """The store QIBAN_FILES_URL names, a directory or a bucket."""
    folder = directory(database_file)
    return _directory(folder) if folder else _bucket(os.environ["QIBAN_FILES_URL"])


def file_limit() -> int:
    """The largest file taken in, in bytes."""
    return int(os.environ.get("QIBAN_FILE_LIMIT_MB", "50")) * MB


def _directory(root: Path) -> Store:
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Store(LocalStore(root.resolve()))


def _bucket(url: str) -> Store:
    """Keys, region and endpoint come from the usual AWS_* variables, which obstore reads itself."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL", "")
    plain = endpoint.startswith("http://")
    bucket = S3Store.from_url(
        url,
        # half an hour for a whole download: some lines are slow
        client_options={"allow_http": plain, "timeout": "30min", "read_timeout": "1min"},
        retry_config={"max_retries": 3},
        disable_bulk_delete=True,  # Alibaba Cloud knows only single ones
    )
    return Store(bucket)


def reach_the_disk(file: Path, root: Path) -> None:
    """obstore does not wait for the disk, but the database row that names this file does."""
    for path in (file, *(folder for folder in file.parents if folder.is_relative_to(root))):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class _Incoming:
    """Chunks on their way in: counted, hashed, refused as soon as they are too many."""

    def __init__(self, chunks: AsyncIterator[bytes], limit: int) -> None:
        self.size, self.digest = 0, hashlib.sha256()
        self._chunks, self._limit = chunks, limit
        self._stopped = False
        self._pull: asyncio.Task[object] | None = None

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        self._pull = asyncio.current_task()
        if self._stopped:
            raise asyncio.CancelledError
        chunk = await anext(self._chunks, None)
        if chunk is None:
            raise StopAsyncIteration if self.size else Refused(FILE_EMPTY)
        self.size += len(chunk)
        if self.size > self._limit:
            raise Refused(FILE_TOO_LARGE.about(limit=f"{self._limit / MB:g}"))
        self.digest.update(chunk)
        return chunk

    def stop(self) -> None:
        self._stopped = True
        if self._pull:
            self._pull.cancel()
