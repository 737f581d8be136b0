"""How the command line speaks: in the reader's language, a refusal as a sentence, long work with a bar."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import NoReturn

from domain.refusals import Refusal, Refused

NO_DATABASE = Refusal(
    "NO_DATABASE", "数据库不可用（QIBAN_DATABASE_URL）：{reason}",
    "The database cannot be used (QIBAN_DATABASE_URL): {reason}",
)
UNKNOWN_DATABASE = Refusal(
    "UNKNOWN_DATABASE", "QIBAN_DATABASE_URL 须以 sqlite:// 或 postgres:// 开头，现为“{scheme}”。",
    "QIBAN_DATABASE_URL must begin with sqlite:// or postgres://, not with “{scheme}”.",
)
CANNOT_WRITE = Refusal("CANNOT_WRITE", "无法写入 {path}：{reason}。", "Cannot write {path}: {reason_en}.")
CAUSES = {
    errno.ENOENT: ("目录不存在", "there is no such folder"),
    errno.ENOTDIR: ("目录不存在", "there is no such folder"),
    errno.EACCES: ("没有写入权限", "permission denied"),
    errno.EPERM: ("没有写入权限", "permission denied"),
    errno.EISDIR: ("这是一个目录", "it is a folder"),
    errno.EROFS: ("文件系统只读", "the file system is read-only"),
    errno.ENOSPC: ("磁盘已满", "the disk is full"),
    errno.EDQUOT: ("配额已满", "the quota is used up"),
    errno.EFBIG: ("文件过大", "the file is too large"),
    errno.ENAMETOOLONG: ("文件名过长", "the name is too long"),
}


class Language(StrEnum):
    ZH = "zh"
    EN = "en"


_chosen: list[Language] = []


def choose(language: Language | None) -> Language | None:
    """Speak this language from now on, whatever the surroundings say."""
    if language:
        _chosen.append(language)
    return language


def language() -> Language:
    """The one asked for, else English where LC_ALL, LC_MESSAGES or LANG say so, else Chinese."""
    if _chosen:
        return _chosen[-1]
    locale = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name))), "")
    return Language.EN if locale.lower().startswith("en") else Language.ZH


def in_words(zh: str, en: str) -> str:
    return zh if language() is Language.ZH else en


def say(zh: str, en: str) -> None:
    """What a person should know; the answer itself goes to the standard output."""
    print(in_words(zh, en), file=sys.stderr)


def refuse(refused: Refused) -> NoReturn:
    for refusal in refused.refusals:
        about = f"{refusal.field}{in_words('：', ': ')}" if refusal.field else ""
        print(f"{about}{refusal.message(language().value)}", file=sys.stderr)
    raise SystemExit(1)


def foreseen(error: Exception) -> Refused | None:
    """A refusal for what can go wrong on any machine, so that nobody gets a traceback for it."""
    import sqlite3

    import asyncpg  # type: ignore[import-untyped]
    from tortoise.exceptions import ConfigurationError, DBConnectionError, OperationalError

    if isinstance(error, Refused):
        return error
    if isinstance(error, ConfigurationError):
        return unknown_database()
    if isinstance(error, (DBConnectionError, OperationalError, sqlite3.Error, asyncpg.PostgresError, OSError)):
        return Refused(NO_DATABASE.about(reason=str(error) or type(error).__name__))
    return None


def unknown_database() -> Refused:
    scheme, separator, _ = os.environ.get("QIBAN_DATABASE_URL", "").partition("://")
    return Refused(UNKNOWN_DATABASE.about(scheme=scheme + separator))


@contextmanager
def writing(path: os.PathLike[str]) -> Iterator[None]:
    """In the block an `OSError` is about the file at `path`, unless a connection broke."""
    try:
        yield
    except ConnectionError:
        raise
    except OSError as error:
        why = CAUSES.get(error.errno or 0, (error.strerror or str(error),) * 2)
        raise Refused(CANNOT_WRITE.about(path=os.fspath(path), reason=why[0], reason_en=why[1])) from error


@contextmanager
def bar(zh: str, en: str) -> Iterator[Callable[[int, int], None]]:
    """A bar for work that tells how much of it is done; none where nobody would see it move."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(in_words(zh, en), total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
