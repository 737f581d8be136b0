"""The keys that sign the log: made, handed over, replaced when lost. The private one is a file, never a row."""

from __future__ import annotations

import os
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from tortoise.connection import get_connection

from domain import clock, signed_notes
from domain.database import alone, engine, first_hand, reads
from domain.refusals import Refusal, Refused
from domain.seals import SEALING, LogKey
from domain.signed_notes import NAME, NotANote, PrivateKey, PublicKey
from domain.sqlite import Transaction

ORIGIN = "qiban.local/log"
NO_LOG_KEY = Refusal(
    "NO_LOG_KEY", "没有存证签名密钥 {path}；请运行 qiban key create，或设置 QIBAN_LOG_KEY。",
    "There is no key to sign the log with at {path}; run qiban key create, or set QIBAN_LOG_KEY.",
)
KEY_EXISTS = Refusal(
    "KEY_EXISTS", "存证密钥已经有了；更换用 qiban key rotate，遗失用 qiban key replace。",
    "The log has a key already; change it by qiban key rotate, or by qiban key replace when it is lost.",
)
KEY_OPEN_TO_OTHERS = Refusal(
    "KEY_OPEN_TO_OTHERS", "密钥文件 {path} 他人可读，请改为仅属主可读写（chmod 600）。",
    "Others can read the key file {path}; make it its owner's alone (chmod 600).",
)
NOT_THE_KEY = Refusal(
    "NOT_THE_KEY", "{path} 中的密钥不是现行存证密钥（{id}）。",
    "The key in {path} is not the one the log is signed with ({id}).",
)
BAD_ORIGIN = Refusal(
    "BAD_ORIGIN", "日志名不得含空格和加号，例如 qiban.example.cn/log。",
    "The log's name has no spaces and no plus, such as qiban.example.cn/log.", "origin",
)


def key_file() -> Path:
    """`QIBAN_LOG_KEY`, else `log-key` beside the SQLite file, else `var/log-key`."""
    if given := os.environ.get("QIBAN_LOG_KEY"):
        return Path(given)
    if engine() == "sqlite":
        reading: Any = get_connection("reads")
        whole = reading.client if isinstance(reading, Transaction) else reading
        return Path(whole.filename).parent / "log-key"
    return Path("var/log-key")


async def keys() -> list[LogKey]:
    """Every key there was, oldest first; each signs until the next begins."""
    return await LogKey.all().order_by("at", "id").using_db(reads())


async def public_keys() -> list[PublicKey]:
    return [PublicKey.read(each.public) for each in await keys()]


async def signing_key() -> PrivateKey:
    """The private key that signs now. Raises `Refused` when it is missing, open to others or another."""
    with first_hand():
        known, path = await keys(), key_file()
    coming = _coming(path)
    with suppress(FileNotFoundError):  # another process did it
        if known and coming.exists() and str(_read(coming).public) == known[-1].public:
            coming.replace(path)  # a new key that is written down
    if not known or not path.exists():
        raise Refused(NO_LOG_KEY.about(path=path))
    key = _read(path)
    if str(key.public) != known[-1].public:
        raise Refused(NOT_THE_KEY.about(path=path, id=PublicKey.read(known[-1].public).id))
    return key


async def create_key(origin: str | None = None) -> PublicKey:
    """The first key; its name is the log's for ever. A key file that is there already is taken."""
    async with alone(SEALING):
        if await keys():
            raise Refused(KEY_EXISTS)
        path = key_file()
        if not path.exists():
            name = origin or os.environ.get("QIBAN_LOG_ORIGIN", ORIGIN)
            if not NAME.fullmatch(name):
                raise Refused(BAD_ORIGIN)
            write_key(path, PrivateKey.make(name))
        key = _read(path)
        await LogKey.create(at=clock.now(), public=str(key.public), statement="")
    return key.public


@asynccontextmanager
async def handing_over(statement: str) -> AsyncIterator[tuple[PrivateKey, PrivateKey]]:
    """The old key and a new one, announced in a note that both sign. What the block writes is written with it;
    afterwards the old private key is no longer kept."""
    async with alone(SEALING):
        old = await signing_key()
        new = PrivateKey.make(old.name)
        text = f"{old.name}\nkey hand-over 密钥交接\n{old.public}\n{new.public}\n{clock.now().isoformat()}\n"
        await _succeed(new, statement, signed_notes.signed(text, old, new))
        yield old, new
    await signing_key()


async def replace_lost(statement: str) -> None:
    """A new key in place of one that is lost or known to others: nothing vouches for it but the statement."""
    async with alone(SEALING):
        known = await keys()
        if not known:
            raise Refused(NO_LOG_KEY.about(path=key_file()))
        await _succeed(PrivateKey.make(PublicKey.read(known[-1].public).name), statement, "")
    await signing_key()


async def _succeed(new: PrivateKey, statement: str, note: str) -> None:
    """The new key is on the disk before it is written down, and takes the old one's place after (`signing_key`)."""
    write_key(_coming(key_file()), new)
    await LogKey.create(at=clock.now(), public=str(new.public), statement=statement, note=note)


def _coming(path: Path) -> Path:
    return path.with_name(f"{path.name}.next")


def _read(path: Path) -> PrivateKey:
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise Refused(KEY_OPEN_TO_OTHERS.about(path=path))
    try:
        return PrivateKey.read(path.read_text())
    except (NotANote, UnicodeDecodeError) as error:
        raise Refused(NO_LOG_KEY.about(path=path)) from error


def write_key(path: Path, key: PrivateKey) -> None:
    """For its owner alone, and on the disk."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(f"{key}\n")
        file.flush()
        os.fsync(file.fileno())
