"""Serving, migrating and demonstrating: `qiban serve`, `qiban migrate`, `qiban demo`."""

from __future__ import annotations

import asyncio
import errno
import socket
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from api import terminal
from api.commands import Lang, app, ready
from domain.refusals import Refusal, Refused

if TYPE_CHECKING:
    from workflows.demo import DemoAccount

Host = Annotated[str, typer.Option(help="监听地址。Address to listen at.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="监听端口。Port to listen at.")]

CANNOT_LISTEN = Refusal(
    "CANNOT_LISTEN", "不能在 {host}:{port} 监听：{reason}", "Cannot listen at {host}:{port}: {reason}"
)
SHORT_SECRET = Refusal(
    "SHORT_SECRET", "QIBAN_SECRET（或密钥文件）过短，至少{shortest}个字节。",
    "QIBAN_SECRET, or what its file holds, is too short: {shortest} bytes at least.",
)
BACKLOG = 2048
LEAVING_SECONDS = 5.0
"""As long as it may take processes whose parent was killed to notice that and to leave its address."""


@app.command()
def serve(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Annotated[int, typer.Option(min=1, max=256, help="服务进程数。How many processes answer.")] = 1,
    worker: Annotated[
        bool, typer.Option(help="其中一个进程兼做后台工作。One of them does the worker's duties too.")
    ] = True,
    access_log: Annotated[bool, typer.Option(help="逐条记录请求。Log every request.")] = True,
    lang: Lang = None,
) -> None:
    """启动服务。Serve GraphQL over HTTP."""
    require_a_secret()
    asyncio.run(_migrate())
    if not _serve(host, port, workers, worker, access_log, patience=LEAVING_SECONDS):
        raise SystemExit(1)


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
        _serve(host, port)


def require_a_secret() -> None:
    """Better not to start than to be unable to let anybody in. Raises `Refused`."""
    from domain.secret import SHORTEST, secret

    try:
        secret()
    except ValueError as error:
        raise Refused(SHORT_SECRET.about(shortest=SHORTEST)) from error


async def _migrate() -> None:
    async with ready():
        pass


async def _load_demo() -> list[DemoAccount]:
    from workflows.demo import load

    async with ready():
        with terminal.bar("装载演示数据", "Loading the demonstration") as progress:
            accounts = await load(progress)
        await _begin_log()
    return accounts


async def _begin_log() -> None:
    """A demonstration has a key of its own; elsewhere somebody decides where it is kept."""
    from workflows.log_keys import create_key, key_file, keys

    if not await keys():
        public, path = await create_key(), key_file().absolute()
        terminal.say(f"存证密钥在 {path}，公钥 {public}", f"The log is signed with {path}; public key: {public}")


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


def _serve(
    host: str, port: int, workers: int = 1, worker: bool = True, access_log: bool = True, patience: float = 0.0
) -> bool:
    """Serve until told to stop; whether it ever began."""
    from api import logs, processes

    listening = _listening(host, port, patience)
    if workers > 1:
        logs.configure()
        return asyncio.run(processes.Crew(listening, workers, worker=worker, access_log=access_log).run())

    from api.server import serve

    return serve(listening, worker=worker, access_log=access_log)


def _listening(host: str, port: int, patience: float = 0.0) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    until = time.monotonic() + patience
    while True:
        try:
            listening = socket.create_server((host, port), family=family, backlog=BACKLOG)
            break
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > until:
                raise Refused(CANNOT_LISTEN.about(host=host, port=port, reason=error.strerror)) from error
            time.sleep(0.1)
    # asyncio does this for sockets it has made itself; without it each answer waits 40 ms for the caller's system to
    # acknowledge its head.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
