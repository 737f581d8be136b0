"""What the code prints of itself: `qiban schema`, `qiban flows`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from api import terminal
from api.commands import Lang, app


class Form(StrEnum):
    PNML = "pnml"
    BPMN = "bpmn"


@app.command()
def schema(lang: Lang = None) -> None:
    """打印 GraphQL 模式。Print the GraphQL schema."""
    from api.schema import schema

    print(schema.as_str())


@app.command()
def flows(
    form: Annotated[
        Form | None, typer.Option("--format", help="写成 Petri 网或 BPMN 文件。Write nets instead of the page.")
    ] = None,
    out: Annotated[Path, typer.Option(help="网文件的目录。Folder for the nets.")] = Path("flows"),
    lang: Lang = None,
) -> None:
    """打印各流程图（docs/flows.md），或写成网文件。Print the diagrams of all flows, or write them as nets."""
    from workflows.diagrams import flows_page
    from workflows.nets import write_nets

    if form is None:
        print(flows_page(), end="")
        return
    with terminal.writing(out):
        written = write_nets(out, form.value)
    terminal.say(f"已写入 {out}：{len(written)} 个文件", f"Wrote {len(written)} files to {out}")
