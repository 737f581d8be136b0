"""Survey workbooks: `qiban import-survey`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api import terminal
from api.commands import NO_SUCH_FILE, Lang, ZoneCode, app, check_workbook, ready
from domain.refusals import Refusal, Refused

if TYPE_CHECKING:
    from workflows.surveys import Imported

SAME_FILE = Refusal(
    "SAME_FILE", "报告不能写到被导入的工作簿 {path} 上。", "The report must not overwrite the workbook itself: {path}."
)


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
        check_workbook(report)
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


async def _import(workbook: Path, code: str, dry_run: bool) -> Imported:
    from workflows.founding import zone_called
    from workflows.surveys import import_survey

    async with ready(new=False):
        zone = await zone_called(code)
        with terminal.bar("导入工作簿", "Importing the workbook") as progress:
            return await import_survey(workbook, zone, dry_run=dry_run, progress=progress)
