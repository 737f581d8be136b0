"""The worker in a process of its own, and the timers it fires: `qiban worker`, `qiban timers list|retry|rebuild`."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import typer

from api import terminal
from api.commands import Lang, app, ready

if TYPE_CHECKING:
    from domain.timers import Timer

timers = typer.Typer(no_args_is_help=True, help="定时任务。Timers: the moves the clock is to make.")
app.add_typer(timers, name="timers")
MOST_LISTED = 200


@app.command()
def worker(lang: Lang = None) -> None:
    """运行后台工作，可同时运行多个。Do the background work: any number of these side by side."""
    from api import logs
    from api.commands.serving import require_a_secret

    require_a_secret()
    logs.configure()
    asyncio.run(_work())


@timers.command("list")
def list_timers(lang: Lang = None) -> None:
    """列出逾期未办和已搁置的定时任务。List the timers that are overdue, and those parked after too many faults."""
    asyncio.run(_list())


@timers.command()
def retry(lang: Lang = None) -> None:
    """重试已搁置的定时任务。Try again what was parked."""
    count = asyncio.run(_retry())
    terminal.say(f"{count}个定时任务将重试。", f"{count} timers will be tried again.")


@timers.command()
def rebuild(lang: Lang = None) -> None:
    """按记录重建定时任务。Make the timers anew from the records."""
    count = asyncio.run(_rebuild())
    terminal.say(f"{count}条记录的定时任务已更正。", f"The timers of {count} records were put right.")


async def _work() -> None:
    from api import metrics, traces
    from workflows.duties import DUTIES as DUTIES
    from workflows.worker import running

    traces.begin()
    metrics.publish()
    stop = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    async with ready(), metrics.counting(), running():
        await stop.wait()


async def _list() -> None:
    from domain import clock
    from domain.timers import Timer

    async with ready(new=False):
        at = clock.now()
        waiting = await Timer.filter(wake_at__gte=at).count()
        late = await Timer.filter(wake_at__lt=at).order_by("wake_at").limit(MOST_LISTED)
        parked = await Timer.filter(wake_at=None, fired_at=None).order_by("due_at").limit(MOST_LISTED)
    if late or parked:
        _print([*late, *parked])
    terminal.say(
        f"待触发 {waiting}，逾期未办 {len(late)}，已搁置 {len(parked)}。",
        f"{waiting} waiting, {len(late)} overdue, {len(parked)} parked.",
    )


def _print(found: list[Timer]) -> None:
    from rich.console import Console
    from rich.table import Table

    from workflows.duties import DUTIES as DUTIES
    from workflows.flow import FLOWS

    flows = {flow.record.kind(): flow for flow in FLOWS.values()}
    table = Table()
    headers = (
        ("应办", "Due"), ("步骤", "Move"), ("记录", "Record"), ("次数", "Attempts"), ("下次", "Next"), ("错误", "Error")
    )
    for zh, en in headers:
        table.add_column(terminal.in_words(zh, en), overflow="fold")
    for timer in found:
        move = flows[timer.record_kind].moves[timer.move]
        then = timer.wake_at.isoformat(" ", "seconds") if timer.wake_at else terminal.in_words("已搁置", "parked")
        table.add_row(
            timer.due_at.isoformat(" ", "seconds"), terminal.in_words(move.zh, move.en),
            f"{timer.record_kind} {timer.record_id}", str(timer.attempts), then, timer.last_error,
        )
    Console().print(table)


async def _retry() -> int:
    from tortoise.expressions import F

    from domain.timers import Timer

    async with ready(new=False):
        return await Timer.filter(wake_at=None, fired_at=None).update(wake_at=F("due_at"), attempts=0)


async def _rebuild() -> int:
    from workflows.duties import DUTIES as DUTIES
    from workflows.rearming import rebuild

    async with ready(new=False):
        return await rebuild()
