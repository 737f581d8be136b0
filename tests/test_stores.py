"""Where evidence is kept: the same sentences hold for a directory and for an S3 bucket."""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from domain.file_types import checked, file_type
from domain.refusals import Refused
from domain.stores import MB, Store, file_limit, new_key, open_store
from tests.s3 import Bucket, Kept, a_bucket

KEY = "2026/11/0c7e3f1e-6f0b-4a53-9a6e-0d5a6c1b2f3d"


@pytest.fixture(params=["directory", "bucket"])
def kept(request: pytest.FixtureRequest) -> Kept:
    found: Kept = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def store(kept: Kept) -> Store:
    return open_store()


@pytest.mark.parametrize("size", [1, MB, 5 * MB, 5 * MB + 1, 12 * MB])
async def test_what_is_put_away_is_read_back_counted_and_hashed(store: Store, kept: Kept, size: int) -> None:
    content = os.urandom(size)

    stored = await store.put(KEY, by_and_by(content), limit=50 * MB)

    assert (stored.size, stored.sha256) == (size, hashlib.sha256(content).hexdigest())
    assert await everything(await store.read(KEY)) == content
    assert kept.files() == {KEY}
    assert kept.beginnings() == 0


async def test_a_file_in_one_great_chunk_is_kept_too(store: Store) -> None:
    content = os.urandom(13 * MB)

    await store.put(KEY, by_and_by(content, step=len(content)), limit=50 * MB)

    assert await everything(await store.read(KEY)) == content


async def test_a_key_with_nothing_under_it_says_so_before_the_first_byte(store: Store) -> None:
    assert not await store.exists(KEY)
    with pytest.raises(FileNotFoundError):
        await store.read(KEY)


async def test_deleting_leaves_nothing_and_may_be_repeated(store: Store, kept: Kept) -> None:
    await store.put(KEY, by_and_by(b"evidence"), limit=MB)
    assert await store.exists(KEY)

    await store.delete(KEY)
    await store.delete(KEY)

    assert not await store.exists(KEY)
    assert kept.files() == set()


async def test_a_file_of_just_the_limit_is_kept(store: Store) -> None:
    stored = await store.put(KEY, by_and_by(bytes(MB)), limit=MB)

    assert stored.size == MB


async def test_a_file_one_byte_over_the_limit_is_refused_and_leaves_nothing(store: Store, kept: Kept) -> None:
    with pytest.raises(Refused, match="FILE_TOO_LARGE") as refused:
        await store.put(KEY, by_and_by(bytes(MB + 1)), limit=MB)

    assert "1MB" in refused.value.refusals[0].zh
    assert "1 MB" in refused.value.refusals[0].en
    assert (kept.files(), kept.beginnings()) == (set(), 0)


async def test_a_file_over_the_limit_is_not_read_to_its_end(store: Store, kept: Kept) -> None:
    read = []

    async def endless() -> AsyncIterator[bytes]:
        while True:
            read.append(MB)
            yield bytes(MB)

    with pytest.raises(Refused, match="FILE_TOO_LARGE"):
        await store.put(KEY, endless(), limit=12 * MB)

    assert len(read) == 13
    assert (kept.files(), kept.beginnings()) == (set(), 0)


@pytest.mark.parametrize("chunks", [[], [b""], [b"", b""]])
async def test_an_empty_file_is_refused(store: Store, kept: Kept, chunks: list[bytes]) -> None:
    async def nothing() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    with pytest.raises(Refused, match="FILE_EMPTY"):
        await store.put(KEY, nothing(), limit=MB)

    assert (kept.files(), kept.beginnings()) == (set(), 0)


async def test_a_file_of_the_wrong_kind_is_refused_and_leaves_nothing(store: Store, kept: Kept) -> None:
    chunks = checked(by_and_by(b"MZ" + bytes(MB)), file_type("报告.pdf"))

    with pytest.raises(Refused, match="FILE_CONTENT"):
        await store.put(KEY, chunks, limit=2 * MB)

    assert (kept.files(), kept.beginnings()) == (set(), 0)


async def test_an_upload_that_breaks_off_half_way_leaves_nothing(store: Store, kept: Kept) -> None:
    async def broken() -> AsyncIterator[bytes]:
        for _ in range(12):
            yield bytes(MB)
        raise ConnectionError("the line is dead")

    with pytest.raises(ConnectionError, match="the line is dead"):
        await store.put(KEY, broken(), limit=50 * MB)

    assert (kept.files(), kept.beginnings()) == (set(), 0)


async def test_an_upload_that_is_cancelled_while_it_waits_leaves_nothing(store: Store, kept: Kept) -> None:
    async def stalled() -> AsyncIterator[bytes]:
        for _ in range(12):
            yield bytes(MB)
        await asyncio.sleep(3600)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.7):
            await store.put(KEY, stalled(), limit=50 * MB)

    assert (kept.files(), kept.beginnings()) == (set(), 0)


async def test_an_upload_cancelled_while_busy_leaves_nothing(store: Store, kept: Kept) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0.01)
            yield bytes(MB // 4)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.7):
            await store.put(KEY, endless(), limit=500 * MB)

    assert (kept.files(), kept.beginnings()) == (set(), 0)


async def test_a_file_is_not_to_be_seen_before_it_is_whole(store: Store, kept: Kept) -> None:
    seen = []

    async def watched() -> AsyncIterator[bytes]:
        for _ in range(12):
            seen.append(await store.exists(KEY))
            yield bytes(MB)

    await store.put(KEY, watched(), limit=50 * MB)

    assert seen == [False] * 12
    assert await store.exists(KEY)


def test_a_killed_process_leaves_no_half_file_under_the_key(directory: Directory) -> None:
    program = (
        "import asyncio; from domain.stores import open_store\n"
        "async def endless():\n"
        "    for n in range(10**9): yield bytes(2**20); n == 20 and print('under way', flush=True)\n"
        f"asyncio.run(open_store().put({KEY!r}, endless(), 2**40))"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout and child.stdout.readline() == "under way\n"

        child.kill()

    assert directory.files() == set()


async def test_a_key_cannot_lead_out_of_the_directory(directory: Directory) -> None:
    for key in ("../out", "a/../../out"):
        with pytest.raises(ValueError, match="illegal"):
            await open_store().put(key, by_and_by(b"x"), limit=MB)


async def test_a_kept_file_and_its_folders_have_reached_the_disk(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = set()
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.add(os.fstat(descriptor).st_ino))

    await open_store().put(KEY, by_and_by(b"evidence"), limit=MB)

    file = directory.root / KEY
    assert synced == {path.stat().st_ino for path in (file, file.parent, file.parents[1], directory.root)}


@pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="reads the process's memory where Linux tells it"
)
async def test_a_hundred_megabytes_pass_through_without_filling_the_memory(directory: Directory) -> None:
    store = open_store()
    before, most = resident(), 0

    async def large() -> AsyncIterator[bytes]:
        nonlocal most
        for _ in range(1600):
            most = max(most, resident())
            yield os.urandom(MB // 16)

    await store.put(KEY, large(), limit=100 * MB)
    async for _ in await store.read(KEY):
        most = max(most, resident())

    assert most - before < 40 * MB


async def test_an_upload_runs_only_a_few_parts_ahead_of_its_bucket_and_may_be_cancelled_then(
    bucket: Bucket, kept_bucket: Store
) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += MB
            yield bytes(MB)

    bucket.takes_parts.clear()
    upload = asyncio.create_task(kept_bucket.put(KEY, endless(), limit=500 * MB))
    await asyncio.sleep(0.7)
    upload.cancel()
    await asyncio.sleep(0)
    bucket.takes_parts.set()

    with pytest.raises(asyncio.CancelledError):
        await upload
    assert sent <= 20 * MB
    assert (bucket.files(), bucket.beginnings()) == (set(), 0)


async def test_a_bucket_is_spoken_to_with_the_usual_keys_and_under_the_prefix(bucket: Bucket) -> None:
    await open_store().put(KEY, by_and_by(b"evidence"), limit=MB)

    assert set(bucket.objects) == {f"/evidence/zone/one/{KEY}"}
    assert bucket.signers == {"AKIDOFTHETEST"}


async def test_a_bucket_that_fails_at_the_last_step_keeps_no_parts(
    bucket: Bucket, kept_bucket: Store
) -> None:
    bucket.fails_to_complete = True

    with pytest.raises(Exception, match="500"):
        await kept_bucket.put(KEY, by_and_by(bytes(6 * MB)), limit=50 * MB)

    assert (bucket.files(), bucket.beginnings()) == (set(), 0)


async def test_an_upload_cancelled_at_its_very_end_leaves_nothing(bucket: Bucket, kept_bucket: Store) -> None:
    bucket.completes.clear()
    upload = asyncio.create_task(kept_bucket.put(KEY, by_and_by(bytes(6 * MB)), limit=50 * MB))
    await asyncio.to_thread(bucket.completing.wait, 10)

    upload.cancel()
    await asyncio.sleep(0.1)
    bucket.completes.set()

    with pytest.raises(asyncio.CancelledError):
        await upload
    assert (bucket.files(), bucket.beginnings()) == (set(), 0)


def test_a_key_tells_the_month_and_nothing_else() -> None:
    at = datetime(2026, 11, 20, tzinfo=UTC)

    one, other = new_key(at), new_key(at)

    assert one != other
    assert one.startswith("2026/11/")
    assert UUID(one.removeprefix("2026/11/")).version == 4


async def test_files_lie_beside_the_database_where_only_the_service_may_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("QIBAN_FILES_URL", raising=False)

    await open_store(tmp_path / "var" / "qiban.sqlite3").put(KEY, by_and_by(b"evidence"), limit=MB)

    assert (tmp_path / "var" / "files" / KEY).read_bytes() == b"evidence"
    assert stat.S_IMODE((tmp_path / "var" / "files").stat().st_mode) == 0o700


async def test_without_a_database_file_they_lie_in_var_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("QIBAN_FILES_URL", raising=False)
    monkeypatch.chdir(tmp_path)

    await open_store().put(KEY, by_and_by(b"evidence"), limit=MB)

    assert (tmp_path / "var" / "files" / KEY).exists()


def test_a_store_of_an_unknown_kind_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QIBAN_FILES_URL", "ftp://files.example/")

    with pytest.raises(ValueError, match="QIBAN_FILES_URL"):
        open_store()


def test_the_largest_file_has_50_megabytes_unless_the_office_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("QIBAN_FILE_LIMIT_MB", raising=False)
    assert file_limit() == 50 * MB

    monkeypatch.setenv("QIBAN_FILE_LIMIT_MB", "200")
    assert file_limit() == 200 * MB


async def by_and_by(content: bytes, step: int = 64 * 1024) -> AsyncIterator[bytes]:
    for start in range(0, len(content), step):
        yield content[start : start + step]


async def everything(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])


def resident() -> int:
    """The memory this process holds now, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Directory(Kept):
    def __init__(self, root: Path) -> None:
        self.root = root

    def files(self) -> set[str]:
        return {str(path.relative_to(self.root)) for path in self._all() if "#" not in path.name}

    def beginnings(self) -> int:
        return sum("#" in path.name for path in self._all())

    def _all(self) -> list[Path]:
        return [path for path in self.root.rglob("*") if path.is_file()]


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Directory:
    monkeypatch.setenv("QIBAN_FILES_URL", f"file://{tmp_path}/%E6%9D%90%E6%96%99")
    return Directory(tmp_path / "材料")


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    with a_bucket(monkeypatch) as held:
        yield held


@pytest.fixture
def kept_bucket(bucket: Bucket) -> Store:
    return open_store()
