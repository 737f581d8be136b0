"""What the history gives to those who check it from outside: `qiban audit`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api import terminal
from api.commands import A_FOLDER, NO_SUCH_FILE, Lang, app, ready
from domain.refusals import Refusal, Refused

if TYPE_CHECKING:
    from workflows.log_check import Finding

audit = typer.Typer(no_args_is_help=True, help="审计。Audit.")
app.add_typer(audit, name="audit")

Day = Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="自哪日起。Begun from this day.")]
LastDay = Annotated[
    datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="至哪日（含）。Begun until this day, included.")
]
ONLY_FOR_XES = Refusal("ONLY_FOR_XES", "--flow 只用于 XES 格式。", "--flow goes with the format xes only.")
BACKWARDS = Refusal("BACKWARDS", "起始日晚于截止日。", "The period ends before it begins.")


ONE_OR_MANY = Refusal(
    "ONE_OR_MANY", "请用 --case 指明一件，或用 --zone、--from、--until 指明多件。",
    "Name one by --case, or many by --zone, --from and --until.",
)
ONLY_FOR_PROOF = Refusal(
    "ONLY_FOR_PROOF", "--case、--with-personal、--no-leaves 只用于可核验的导出。",
    "--case, --with-personal and --no-leaves go with the format proof only.",
)


class Format(StrEnum):
    PROOF = "proof"
    XES = "xes"
    OCEL2 = "ocel2"


@audit.command("export")
def export(
    out: Annotated[Path, typer.Option(help="写到哪个文件。File to write.")],
    form: Annotated[
        Format, typer.Option("--format", help="可核验的 zip，或事件日志。A zip to be verified, or an event log.")
    ] = Format.PROOF,
    case: Annotated[str | None, typer.Option(help="诉求编号。Number of a case (proof).")] = None,
    zone: Annotated[str | None, typer.Option(help="高新区代码，含下级；默认全部。Zone and those below.")] = None,
    since: Day = None,
    until: LastDay = None,
    flow: Annotated[
        str | None,
        typer.Option(help="哪个流程（默认 case；history 为整件诉求的全部步骤）。Which flow; history: all of a case."),
    ] = None,
    with_personal: Annotated[
        bool, typer.Option("--with-personal", help="含未删除的个人信息。With the personal data not erased (proof).")
    ] = False,
    leaves: Annotated[
        bool, typer.Option(help="含日志全部叶子，可证无缺漏。With all leaves of the log: nothing was left out (proof).")
    ] = True,
    lang: Lang = None,
) -> None:
    """导出可由外人核验的办理记录，或过程挖掘用的事件日志。Export histories that outsiders verify, or event logs."""
    if form is not Format.PROOF and (case or with_personal or not leaves):
        raise Refused(ONLY_FOR_PROOF)
    if case and (zone or since or until):
        raise Refused(ONE_OR_MANY)
    if flow and form is not Format.XES:
        raise Refused(ONLY_FOR_XES)
    if since and until and since > until:
        raise Refused(BACKWARDS)
    with terminal.writing(out):
        if out.is_dir():
            raise Refused(A_FOLDER.about(path=out))
    if form is Format.PROOF:
        told = asyncio.run(_prove(out, case, zone, since, until, with_personal, leaves))
    else:
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


async def _prove(
    out: Path, case: str | None, code: str | None, since: datetime | None, until: datetime | None,
    with_personal: bool, leaves: bool,
) -> tuple[str, str]:
    from workflows import exports
    from workflows.founding import zone_called

    async with ready(new=False):
        if case:
            scope = await exports.of_case(case)
        else:
            scope = await exports.of_zone(await zone_called(code) if code else None, *_instants(since, until))
        with terminal.bar("导出办理记录", "Exporting the histories") as progress, terminal.writing(out):
            entries, subjects, last = await exports.export(
                out, scope, with_personal=with_personal, with_leaves=leaves, progress=progress
            )
    zh = f"{subjects} 份办理记录共 {entries} 条，检查点 {last.size} 条"
    return zh, f"{entries} entries of {subjects} histories, under the checkpoint of {last.size}"


def _instants(since: datetime | None, until: datetime | None) -> tuple[datetime | None, datetime | None]:
    """The days as an office in China has them, the last one included."""
    from datetime import timedelta

    from domain.clock import OFFICE_ZONE

    begin = since.replace(tzinfo=OFFICE_ZONE) if since else None
    return begin, until.replace(tzinfo=OFFICE_ZONE) + timedelta(days=1) if until else None


@audit.command("check-log")
def check_log(
    checkpoint: Annotated[
        list[Path] | None, typer.Option(help="另存的检查点文件，可多次。A checkpoint kept elsewhere; may be repeated.")
    ] = None,
    lang: Lang = None,
) -> None:
    """由办理记录重算存证日志，逐条比对。Compute the log again from the entries, and compare."""
    kept = []
    for file in checkpoint or ():
        if not file.is_file():
            raise Refused(NO_SUCH_FILE.about(path=file))
        kept.append(file.read_text("utf-8"))
    size, findings = asyncio.run(_check_log(kept))
    for each in findings:
        print(terminal.in_words(each.zh, each.en))
    terminal.say(f"日志 {size} 条，{len(findings)} 处不符。", f"The log has {size} entries; {len(findings)} findings.")
    raise typer.Exit(1 if findings else 0)


async def _check_log(kept: Sequence[str]) -> tuple[int, Sequence[Finding]]:
    from workflows.log_check import check_log

    async with ready(new=False):
        with terminal.bar("核对存证日志", "Checking the log") as progress:
            return await check_log(kept, progress)
