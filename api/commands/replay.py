"""Checking every history against the data, and making anew what follows from it: `qiban audit replay`, `rebuild`."""

from __future__ import annotations

import asyncio
import os
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from api import terminal
from api.commands import Lang, ready
from api.commands.audit import audit

if TYPE_CHECKING:
    from workflows.conformance import Difference


@audit.command("replay")
def replay(
    zone: Annotated[str | None, typer.Option(help="高新区代码，含下级；默认全部。Zone and those below.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="只核对此日起有变动的。Only histories that went on since this day."),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, max=64, help="同时运行的进程数，默认每个处理器一个。Processes; one a CPU.")
    ] = None,
    lang: Lang = None,
) -> None:
    """重放全部历史并与数据核对；有出入时退出码为 1。Replay every history; exit code 1 where the data differ."""
    found, told = asyncio.run(_replay(zone, since, jobs or len(os.sched_getaffinity(0))))
    terminal.say(f"已核对 {told}；出入 {found} 处。", f"Replayed {told}; differences: {found}.")
    if found:
        raise SystemExit(1)


@audit.command("rebuild")
def rebuild(lang: Lang = None) -> None:
    """依历史重建留存的旧状态（asOf 所读）。Make anew from the history what answers for the past."""
    done = asyncio.run(_rebuild())
    terminal.say(f"已重建 {done} 份历史的旧状态。", f"Rebuilt the past of {done} histories.")


async def _replay(code: str | None, since: datetime | None, jobs: int) -> tuple[int, str]:
    from domain import clock
    from workflows import replay as replaying
    from workflows.founding import zones_under

    found, replayed = 0, replaying.Replayed()
    day = since and since.replace(tzinfo=clock.OFFICE_ZONE)
    async with ready(new=False):
        zones = await zones_under(code) if code else None
        with terminal.bar("重放历史", "Replaying the histories") as progress:
            async for difference in replaying.replay(zones, day, jobs=jobs, replayed=replayed, progress=progress):
                found += 1
                print(_told(difference))
    return found, f"{replayed.histories} ({replayed.entries})"


def _told(difference: Difference) -> str:
    each = difference
    began = f"#{each.sequence} {each.move}" if each.sequence else "-"
    column = f".{each.column}" if each.column else ""
    compared = "" if each.said is each.found is None else f": {each.said!r} ≠ {each.found!r}"
    what = terminal.in_words(each.wrong.zh, each.wrong.en)
    return f"{'/'.join(each.subject)} {began} {'/'.join(each.record)}{column} {what}{compared}"


async def _rebuild() -> int:
    from domain.rebuilding import rebuild

    async with ready(new=False):
        with terminal.bar("重建旧状态", "Rebuilding the past") as progress:
            return await rebuild(progress)
