"""What the history gives to those who check it from outside: `qiban audit`."""

from __future__ import annotations

import asyncio
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from api import terminal
from api.commands import A_FOLDER, Lang, app, ready
from domain.refusals import Refusal, Refused

audit = typer.Typer(no_args_is_help=True, help="审计。Audit.")
app.add_typer(audit, name="audit")

Day = Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="自哪日起。Begun from this day.")]
LastDay = Annotated[
    datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="至哪日（含）。Begun until this day, included.")
]
ONLY_FOR_XES = Refusal("ONLY_FOR_XES", "--flow 只用于 XES 格式。", "--flow goes with the format xes only.")
BACKWARDS = Refusal("BACKWARDS", "起始日晚于截止日。", "The period ends before it begins.")


class Format(StrEnum):
    XES = "xes"
    OCEL2 = "ocel2"


@audit.command("export")
def export(
    out: Annotated[Path, typer.Option(help="写到哪个文件。File to write.")],
    form: Annotated[Format, typer.Option("--format", help="事件日志格式。Event log in XES or OCEL 2.0 (JSON).")],
    zone: Annotated[str | None, typer.Option(help="高新区代码，含下级；默认全部。Zone and those below.")] = None,
    since: Day = None,
    until: LastDay = None,
    flow: Annotated[
        str | None,
        typer.Option(help="哪个流程（默认 case；history 为整件诉求的全部步骤）。Which flow; history: all of a case."),
    ] = None,
    lang: Lang = None,
) -> None:
    """导出过程挖掘用的事件日志。Export an event log for process mining."""
    if flow and form is not Format.XES:
        raise Refused(ONLY_FOR_XES)
    if since and until and since > until:
        raise Refused(BACKWARDS)
    with terminal.writing(out):
        if out.is_dir():
            raise Refused(A_FOLDER.about(path=out))
    told = asyncio.run(_export(out, form, zone, since, until, flow or "case"))
    terminal.say(f"已写入 {out}：{told[0]}", f"Wrote {out}: {told[1]}")


async def _export(
    out: Path, form: Format, code: str | None, since: datetime | None, until: datetime | None, flow: str
) -> tuple[str, str]:
    from workflows.founding import zone_called
    from workflows.mining import scope
    from workflows.mining.ocel import write_ocel
    from workflows.mining.xes import write_xes

    async with ready(new=False):
        zone = await zone_called(code) if code else None
        wanted = await scope(zone, since.date() if since else None, until.date() if until else None)
        with terminal.writing(out):
            if form is Format.XES:
                traces, events = await write_xes(out, flow, wanted)
                return f"{traces} 条轨迹，{events} 个事件", f"{traces} traces, {events} events"
            objects, events = await write_ocel(out, wanted)
            return f"{objects} 个对象，{events} 个事件", f"{objects} objects, {events} events"
