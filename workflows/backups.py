"""A backup of an installation on SQLite: one file that holds the database as it was at one moment, and every evidence
file it speaks of. It is made while others write, looked through before it is called one, and put back whole or not.

What is secret is not in it unless asked for: whoever finds a backup with the log's private key could sign a false log.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import sqlite3
import zipfile
import zlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from urllib.parse import quote

import orjson

from domain import clock, database, schema
from domain.attachments import Attachment
from domain.refusals import Refusal, Refused
from domain.seals import latest
from domain.secret import secret, secret_file
from domain.stores import Store, directory, open_store, reach_the_disk
from workflows.log_check import check_log
from workflows.log_keys import key_file, keys
from workflows.replay import replay

FORM = 1
DATABASE, MANIFEST, FILES, SECRETS = "qiban.sqlite3", "manifest.json", "files/", "secrets/"
CHUNK = 1024 * 1024
MOST_FINDINGS = 20
Progress = Callable[[int, int], None]

ONLY_SQLITE = Refusal(
    "ONLY_SQLITE", "此命令备份 SQLite；PostgreSQL 请用 pg_dump 或连续归档，见 docs/deployment.md。",
    "This backs up SQLite; for PostgreSQL use pg_dump or continuous archiving, see docs/deployment.md.",
)
THERE_ALREADY = Refusal("THERE_ALREADY", "{path} 已存在，未作改动。", "{path} is there already; nothing was changed.")
NOT_A_BACKUP = Refusal("NOT_A_BACKUP", "{path} 不是完好的备份：{reason}", "{path} is no whole backup: {reason_en}")
FROM_LATER = Refusal(
    "FROM_LATER", "备份来自更新的版本（{theirs}），请先升级程序。",
    "The backup is of a later version ({theirs}); bring the program up to it first.",
)
DIFFERS = Refusal(
    "DIFFERS", "数据与历史有 {count} 处出入，例如：{first}",
    "Data and history differ in {count} places, such as: {first}",
)


@dataclass
class Told:
    """What a backup holds, as its manifest says it. `digests` are SHA-256 in hex by name in the file; `lost` are
    evidence files the store no longer had. Whether secrets fit is told by `secret` and `log_key`."""

    made_at: str
    migrations: list[str]
    secret: str
    log_key: str
    sealed: int
    form: int = FORM
    files: str = "included"
    digests: dict[str, str] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)


async def back_up(out: Path, *, with_secrets: bool = False, progress: Progress = lambda done, total: None) -> Told:
    """Write a backup to `out`, which must not be there yet. Raises `Refused`, and then nothing is there."""
    if database.engine() != "sqlite":
        raise Refused(ONLY_SQLITE)
    if await asyncio.to_thread(out.exists):
        raise Refused(THERE_ALREADY.about(path=out))
    source = Path(database.config()["connections"]["default"]["credentials"]["file_path"])
    store, key = open_store(source), key_file()
    with _workshop(out) as folder:
        copy = folder / DATABASE
        await asyncio.to_thread(_copy, source, copy)
        async with _looked_through(copy):
            told = await _describe()
            attachments = await Attachment.all().order_by("id").values("store_key", "sha256")
        draft = folder / "draft"
        with zipfile.ZipFile(draft, "w") as file:
            await asyncio.to_thread(file.write, copy, DATABASE, zipfile.ZIP_DEFLATED, 1)
            told.digests[DATABASE] = await asyncio.to_thread(_digest, copy)
            await _put_files(file, store, attachments, told, progress)
            for name, path in (("secret", secret_file()), ("log-key", key)) if with_secrets else ():
                if path is not None and path.exists():
                    file.writestr(SECRETS + name, path.read_bytes())
                    told.digests[SECRETS + name] = _digest(path)
            file.writestr(MANIFEST, orjson.dumps(told, option=orjson.OPT_INDENT_2))
        draft.chmod(0o600)
        await asyncio.to_thread(_publish, draft, out)
    return told


async def restore(backup: Path, target: Path, progress: Progress = lambda done, total: None) -> Told:
    """Put a backup back where nothing is yet: the database at `target`, evidence and secrets beside it. It is looked
    through first. Raises `Refused`, and then nothing is there."""
    places = {DATABASE: target, FILES: directory(target), f"{SECRETS}secret": secret_file(),
              f"{SECRETS}log-key": Path(os.environ.get("QIBAN_LOG_KEY", target.parent / "log-key"))}
    target.parent.mkdir(parents=True, exist_ok=True)
    with _workshop(target) as folder:
        told = await asyncio.to_thread(_unpack, backup, folder, progress)
        wanted = [(folder / name, place) for name, place in places.items() if place and (folder / name).exists()]
        wanted = [(made, place) for made, place in wanted if not _same(made, place)]
        for _, place in wanted:
            if place.exists() and not _empty(place):
                raise Refused(THERE_ALREADY.about(path=place))
        if unknown := set(told.migrations) - schema.known():
            raise Refused(FROM_LATER.about(theirs=", ".join(sorted(unknown))))
        async with _looked_through(folder / DATABASE):
            pass
        # The database comes last: where it is, all of the backup is.
        for made, place in sorted(wanted, key=lambda each: each[1] == target):
            place.parent.mkdir(parents=True, exist_ok=True)
            if _empty(place):
                place.rmdir()
            shutil.move(made, place)
        await asyncio.to_thread(reach_the_disk, target, target.parent)
    return told


@asynccontextmanager
async def _looked_through(copy: Path) -> AsyncIterator[None]:
    """The copy open, once its history, its rows and its log agree. Raises `Refused`."""
    async with database.opened(f"sqlite://{copy}"):
        await database.migrate()
        [row] = await database.reads().execute_query_dict("PRAGMA integrity_check")
        if row["integrity_check"] != "ok":
            raise Refused(NOT_A_BACKUP.about(path=copy.name, reason="数据库文件已损坏", reason_en="the file is broken"))
        found = [f"{'/'.join(each.subject)} #{each.sequence} {each.wrong.en}" async for each in replay()]
        _, findings = await check_log(published_too=False)
        found += [each.en for each in findings]
        if found:
            raise Refused(DIFFERS.about(count=len(found), first="; ".join(found[:MOST_FINDINGS])))
        yield


async def _describe() -> Told:
    known, sealed = await keys(), await latest()
    return Told(
        made_at=clock.now().isoformat(), migrations=sorted(schema.known()), secret=fingerprint(),
        log_key=known[-1].public if known else "", sealed=sealed.size if sealed else 0,
    )


def fingerprint() -> str:
    """By which one sees whether a secret is the one, without being told it."""
    return hashlib.sha256(b"qiban backup\0" + secret()).hexdigest()[:16]


async def _put_files(
    file: zipfile.ZipFile, store: Store, attachments: Sequence[dict[str, Any]], told: Told, progress: Progress
) -> None:
    if directory() is None:
        told.files = "in a bucket, which is kept by its own means"
        return
    for done, each in enumerate(attachments, 1):
        key = each["store_key"]
        try:
            content = await store.read(key)
        except FileNotFoundError:
            told.lost.append(key)
            continue
        digest = hashlib.sha256()
        with file.open(FILES + key, "w", force_zip64=True) as entry:
            async for chunk in content:
                digest.update(chunk)
                await asyncio.to_thread(entry.write, chunk)
        told.digests[FILES + key] = each["sha256"]
        if digest.hexdigest() != each["sha256"]:
            raise Refused(NOT_A_BACKUP.about(path=key, reason="文件已被改动", reason_en="the file has been altered"))
        progress(done, len(attachments))


@contextmanager
def _workshop(place: Path) -> Iterator[Path]:
    """A folder beside a place, for what becomes of it; gone afterwards."""
    folder = Path(mkdtemp(prefix=f".{place.name}.", dir=place.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copy(source: Path, copy: Path) -> None:
    """One moment of a file that others write to: in one step, which holds nobody up and cannot be overtaken."""
    there = sqlite3.connect(f"file:{quote(str(source))}?mode=ro", uri=True)
    with closing(there), closing(sqlite3.connect(copy)) as here:
        there.backup(here, pages=-1)


def _publish(draft: Path, out: Path) -> None:
    """Under its name it is there whole or not at all, and in nobody's place."""
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    try:
        os.link(draft, out)
    except FileExistsError as error:
        raise Refused(THERE_ALREADY.about(path=out)) from error
    reach_the_disk(out, out.parent)


def _unpack(backup: Path, folder: Path, progress: Progress) -> Told:
    try:
        with zipfile.ZipFile(backup) as file:
            told = Told(**orjson.loads(file.read(MANIFEST)))
            if told.form != FORM or set(file.namelist()) != {*told.digests, MANIFEST}:
                raise _broken(backup, "内容与清单不符", "it does not hold what its manifest says")
            for done, (name, digest) in enumerate(told.digests.items(), 1):
                place = (folder / name).resolve()
                if not place.is_relative_to(folder.resolve()):
                    raise _broken(backup, "路径越界", "a name in it leads elsewhere")
                place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with file.open(name) as packed, place.open("wb") as unpacked:
                    place.chmod(0o600)
                    shutil.copyfileobj(packed, unpacked, CHUNK)
                    unpacked.flush()
                    os.fsync(unpacked.fileno())
                if _digest(place) != digest:
                    raise _broken(backup, f"{name} 已被改动", f"{name} has been altered")
                progress(done, len(told.digests))
            return told
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, zlib.error) as error:
        raise _broken(backup, type(error).__name__, type(error).__name__) from error


def _broken(backup: Path, zh: str, en: str) -> Refused:
    return Refused(NOT_A_BACKUP.about(path=backup, reason=zh, reason_en=en))


def _same(made: Path, place: Path) -> bool:
    return made.is_file() and place.is_file() and made.read_bytes() == place.read_bytes()


def _empty(place: Path) -> bool:
    return place.is_dir() and not any(place.iterdir())


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
