"""The command line, for whoever runs the installation: `qiban --help`."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api import terminal
from domain.refusals import Refusal, Refused

if TYPE_CHECKING:
    from workflows.demo import DemoAccount
    from workflows.surveys import Imported

# What a command needs is imported in it: `qiban --help` must not wait for a schema to be built.
app = typer.Typer(
    no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False,
    help="企伴 Qiban：高新区企业诉求办理服务。Case management for high-tech zones. 数据库 database: QIBAN_DATABASE_URL",
)
zones = typer.Typer(no_args_is_help=True, help="高新区。Zones.")
app.add_typer(zones, name="zone")

Lang = Annotated[
    terminal.Language | None,
    typer.Option("--lang", callback=terminal.choose, is_eager=True, help="提示语言，默认依 LANG。Language."),
]
Host = Annotated[str, typer.Option(help="监听地址。Address to listen at.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="监听端口。Port to listen at.")]
ZoneCode = Annotated[str, typer.Option("--zone", help="高新区代码，如 GL。Code of the zone.")]

NOT_A_WORKBOOK = Refusal("NOT_A_WORKBOOK", "文件名须以 .xlsx 结尾：{path}", "The name must end in .xlsx: {path}")
NO_SUCH_FILE = Refusal("NO_SUCH_FILE", "没有文件 {path}。", "There is no file {path}.")
SAME_FILE = Refusal(
    "SAME_FILE", "报告不能写到被导入的工作簿 {path} 上。", "The report must not overwrite the workbook itself: {path}."
)
NO_DATABASE_HERE = Refusal(
    "NO_DATABASE_HERE", "{path} 处没有数据库；请在项目目录运行，或设置 QIBAN_DATABASE_URL。",
    "There is no database at {path}; run in the project's folder or set QIBAN_DATABASE_URL.",
)
A_FOLDER = Refusal("A_FOLDER", "{path} 是一个目录。", "{path} is a folder.")
CANNOT_LISTEN = Refusal(
    "CANNOT_LISTEN", "不能在 {host}:{port} 监听：{reason}", "Cannot listen at {host}:{port}: {reason}"
)
DIFFERENT = Refusal("DIFFERENT", "两次输入的密码不同。", "The passwords differ.", "password")
BACKLOG = 2048


@app.command()
def serve(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    worker: Annotated[bool, typer.Option(help="在本进程运行定时任务。Run the timers in this process.")] = True,
    lang: Lang = None,
) -> None:
    """启动服务。Serve GraphQL over HTTP."""
    asyncio.run(_migrate())
    _serve(host, port, worker)


@app.command()
def migrate(lang: Lang = None) -> None:
    """建立或升级数据库。Bring the database up to this version."""
    asyncio.run(_migrate())
    terminal.say("数据库已是当前版本。", "The database is up to date.")


@app.command()
def demo(
    load_only: Annotated[bool, typer.Option("--load-only", help="只装载，不启动。Load only, do not serve.")] = False,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    lang: Lang = None,
) -> None:
    """装载演示高新区并启动服务。Load the demonstration zones, print their accounts, serve."""
    _print_accounts(asyncio.run(_load_demo()))
    if not load_only:
        terminal.say(f"打开 http://{host}:{port}/graphql", f"Open http://{host}:{port}/graphql")
        _serve(host, port, True)


@app.command()
def schema(lang: Lang = None) -> None:
    """打印 GraphQL 模式。Print the GraphQL schema."""
    from api.schema import schema

    print(schema.as_str())


@app.command()
def flows(lang: Lang = None) -> None:
    """打印各流程图（docs/flows.md）。Print the diagrams of all flows."""
    from workflows.diagrams import flows_page

    print(flows_page(), end="")


@zones.command("found")
def found(
    code: Annotated[str, typer.Argument(help="代码，2至10位大写字母或数字。Code, such as GL.")],
    name: Annotated[str, typer.Argument(help="名称。Name.")],
    admin: Annotated[str, typer.Option(help="首位管理员的登录名。Login of the first administrator.")],
    parent: Annotated[str | None, typer.Option(help="上级高新区代码。Code of the zone above.")] = None,
    lang: Lang = None,
) -> None:
    """设立高新区及其首位管理员。Found a zone with its first administrator."""
    password, generated = _password()
    asyncio.run(_found(code, name, admin, password, parent))
    terminal.say(f"已设立{name}（{code}），管理员登录名 {admin}。", f"Founded {name} ({code}); administrator: {admin}.")
    if generated:
        terminal.say("密码（只显示这一次）：", "Password (shown this once):")
        print(password)


@app.command("export-lists")
def export_lists(
    zone: ZoneCode,
    out: Annotated[Path, typer.Option(help="写到哪个 .xlsx 文件。Workbook to write.")],
    lang: Lang = None,
) -> None:
    """导出问题清单、责任清单、整改清单。Export the three lists of a zone and those below it."""
    _check_workbook(out)
    counts = asyncio.run(_export(zone, out))
    told = "，".join(f"{name} {count}" for name, count in counts.items())
    terminal.say(f"已写入 {out}：{told}", f"Wrote {out}: {told}")


@app.command("import-survey")
def import_survey(
    workbook: Annotated[Path, typer.Argument(metavar="FILE.xlsx", help="调研问题工作簿。The survey workbook.")],
    zone: ZoneCode,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只说明结果，不写入。Write nothing.")] = False,
    report: Annotated[Path | None, typer.Option(help="逐行结果写到此文件。Workbook for each row's outcome.")] = None,
    lang: Lang = None,
) -> None:
    """导入调研问题工作簿，每一行都有交代。Import a survey workbook; every row is accounted for."""
    from api.surveys import tell

    if report is not None:
        _check_workbook(report)
    if not workbook.is_file():
        raise Refused(NO_SUCH_FILE.about(path=workbook))
    if report is not None and report.resolve() == workbook.resolve():
        raise Refused(SAME_FILE.about(path=report))
    imported = asyncio.run(_import(workbook, zone, dry_run))
    tell(imported)
    if report is not None:
        from domain.surveys import write_report

        with terminal.writing(report):
            write_report(report, imported.results)
        terminal.say(f"逐行结果已写入 {report}", f"The outcome of each row is in {report}")


@asynccontextmanager
async def ready(*, new: bool = True) -> AsyncIterator[None]:
    """The database open, and up to this version; a SQLite file is made only where it may be `new`."""
    from domain import database

    url = database.default_url()
    if not url.startswith(("sqlite://", "postgres://")):
        raise terminal.unknown_database()
    if not new and url.startswith("sqlite://"):
        _require_file(Path(url.removeprefix("sqlite://")))
    async with database.opened():
        await database.migrate()
        yield


def _require_file(path: Path) -> None:
    if not path.exists():
        raise Refused(NO_DATABASE_HERE.about(path=path.absolute()))


async def _migrate() -> None:
    async with ready():
        pass


async def _export(code: str, out: Path) -> dict[str, int]:
    from domain.viewers import OPERATOR
    from workflows.founding import zone_called
    from workflows.lists import export_lists

    async with ready(new=False):
        zone = await zone_called(code)
        with terminal.bar("导出三张清单", "Exporting the lists") as progress, terminal.writing(out):
            return await export_lists(zone, out, OPERATOR, progress)


async def _import(workbook: Path, code: str, dry_run: bool) -> Imported:
    from workflows.founding import zone_called
    from workflows.surveys import import_survey

    async with ready(new=False):
        zone = await zone_called(code)
        with terminal.bar("导入工作簿", "Importing the workbook") as progress:
            return await import_survey(workbook, zone, dry_run=dry_run, progress=progress)


def _check_workbook(path: Path) -> None:
    """Before long work is begun: the file to be written is a workbook, and no folder."""
    if path.suffix.lower() != ".xlsx":
        raise Refused(NOT_A_WORKBOOK.about(path=path))
    with terminal.writing(path):
        if path.is_dir():
            raise Refused(A_FOLDER.about(path=path))


async def _found(code: str, name: str, admin: str, password: str, parent: str | None) -> None:
    from workflows.founding import found_zone, zone_called

    async with ready():
        above = await zone_called(parent) if parent else None
        await found_zone(code, name, admin=admin, password=password, parent=above)


async def _load_demo() -> list[DemoAccount]:
    from workflows.demo import load

    async with ready():
        with terminal.bar("装载演示数据", "Loading the demonstration") as progress:
            return await load(progress)


def _print_accounts(accounts: Sequence[DemoAccount]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=terminal.in_words("演示账号", "Demonstration accounts"))
    headers = (("登录名", "Login"), ("密码", "Password"), ("角色", "Role"), ("姓名", "Name"), ("高新区", "Zone"))
    for zh, en in headers:
        table.add_column(terminal.in_words(zh, en), overflow="fold")
    for each in accounts:
        role = terminal.in_words(each.role_zh, each.role_en)
        table.add_row(each.login, each.password, role, each.name, each.zone)
    Console().print(table)


def _serve(host: str, port: int, worker: bool) -> None:
    import os

    import uvicorn

    from api.app import application

    listening = _listening(host, port)
    # Only a proxy on this machine is believed when it says for whom it asks, unless told of others.
    believed = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1,::1")
    server = uvicorn.Server(uvicorn.Config(application(with_timers=worker), forwarded_allow_ips=believed))
    with suppress(KeyboardInterrupt):
        server.run(sockets=[listening])
    if not server.started:
        raise SystemExit(1)


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise Refused(CANNOT_LISTEN.about(host=host, port=port, reason=error.strerror)) from error


def _password() -> tuple[str, bool]:
    """Asked for at a terminal; made up where nobody sits, or when nothing is typed. And whether it was made up."""
    import secrets

    asked = ""
    if sys.stdin.isatty():
        words = terminal.in_words("管理员密码（留空则生成）", "Administrator's password (empty: one is made)")
        asked = typer.prompt(words, default="", show_default=False, hide_input=True)
        again = terminal.in_words("再输一次", "Once more")
        if asked and asked != typer.prompt(again, default="", show_default=False, hide_input=True):
            raise Refused(DIFFERENT)
    return asked or secrets.token_urlsafe(15), not asked


def main() -> None:
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    try:
        app()
    except Exception as error:
        refused = terminal.foreseen(error)
        if refused is None:
            raise
        terminal.refuse(refused)


if __name__ == "__main__":
    main()
