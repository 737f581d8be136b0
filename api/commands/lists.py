"""The three lists as a workbook: `qiban export-lists`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from api import terminal
from api.commands import Lang, ZoneCode, app, check_workbook, ready


@app.command("export-lists")
def export_lists(
    zone: ZoneCode,
    out: Annotated[Path, typer.Option(help="写到哪个 .xlsx 文件。Workbook to write.")],
    lang: Lang = None,
) -> None:
    """导出问题清单、责任清单、整改清单。Export the three lists of a zone and those below it."""
    check_workbook(out)
    counts = asyncio.run(_export(zone, out))
    told = "，".join(f"{name} {count}" for name, count in counts.items())
    terminal.say(f"已写入 {out}：{told}", f"Wrote {out}: {told}")


async def _export(code: str, out: Path) -> dict[str, int]:
    from domain.viewers import OPERATOR
    from workflows.founding import zone_called
    from workflows.lists import export_lists

    async with ready(new=False):
        zone = await zone_called(code)
        with terminal.bar("导出三张清单", "Exporting the lists") as progress, terminal.writing(out):
            return await export_lists(zone, out, OPERATOR, progress)
