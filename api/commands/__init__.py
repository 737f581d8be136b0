"""The commands of `qiban`: what they have in common. Each capability that has commands adds its own beside this.

What a command needs is imported in it: `qiban --help` must not wait for a schema to be built.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer

from api import terminal
from domain.refusals import Refusal, Refused

app = typer.Typer(
    no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False,
    help="企伴 Qiban：高新区企业诉求办理服务。Case management for high-tech zones. 数据库 database: QIBAN_DATABASE_URL",
)

Lang = Annotated[
    terminal.Language | None,
    typer.Option("--lang", callback=terminal.choose, is_eager=True, help="提示语言，默认依 LANG。Language."),
]
ZoneCode = Annotated[str, typer.Option("--zone", help="高新区代码，如 GL。Code of the zone.")]

NO_SUCH_FILE = Refusal("NO_SUCH_FILE", "没有文件 {path}。", "There is no file {path}.")
NO_DATABASE_HERE = Refusal(
    "NO_DATABASE_HERE", "{path} 处没有数据库；请在项目目录运行，或设置 QIBAN_DATABASE_URL。",
    "There is no database at {path}; run in the project's folder or set QIBAN_DATABASE_URL.",
)
A_FOLDER = Refusal("A_FOLDER", "{path} 是一个目录。", "{path} is a folder.")
NOT_A_WORKBOOK = Refusal("NOT_A_WORKBOOK", "文件名须以 .xlsx 结尾：{path}", "The name must end in .xlsx: {path}")


@asynccontextmanager
async def ready(*, new: bool = True) -> AsyncIterator[None]:
    """The database open, and up to this version; a SQLite file is made only where it may be `new`."""
    from domain import database
    from workflows.founding import bring_up

    url = database.default_url()
    if not url.startswith(("sqlite://", "postgres://")):
        raise terminal.unknown_database()
    if not new and url.startswith("sqlite://"):
        _require_file(Path(url.removeprefix("sqlite://")))
    async with database.opened():
        await bring_up()
        yield


def has_database() -> bool:
    """Whether there is anything to open; a server says so itself."""
    from domain import database

    url = database.default_url()
    return not url.startswith("sqlite://") or Path(url.removeprefix("sqlite://")).exists()


def _require_file(path: Path) -> None:
    if not path.exists():
        raise Refused(NO_DATABASE_HERE.about(path=path.absolute()))


def check_workbook(path: Path) -> None:
    """Before long work is begun: the file to be written is a workbook, and no folder."""
    if path.suffix.lower() != ".xlsx":
        raise Refused(NOT_A_WORKBOOK.about(path=path))
    with terminal.writing(path):
        if path.is_dir():
            raise Refused(A_FOLDER.about(path=path))
