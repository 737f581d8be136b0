"""What the code prints of itself: `qiban schema`, `qiban flows`, and `qiban migration` from its models."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, cast

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


@app.command(hidden=True)
def migration(
    name: Annotated[str, typer.Argument(help="一个词说明所加之物，如 vouchers。What it adds, in a word.")],
    lang: Lang = None,
) -> None:
    """起草迁移文件：模型已有而迁移未建的。Draft the migration that builds what models declare and none builds yet."""
    path = asyncio.run(_drafted(name))
    if path is None:
        terminal.say("迁移已与模型一致。", "The migrations build all that the models declare.")
    else:
        terminal.say(f"已起草 {path}", f"Drafted {path}")


async def _drafted(name: str) -> Path | None:
    from tortoise.apps import Apps
    from tortoise.context import require_context
    from tortoise.migrations.autodetector import MigrationAutodetector
    from tortoise.migrations.operations import AlterModelOptions
    from tortoise.migrations.writer import format_migration_name

    from domain import database

    with TemporaryDirectory() as folder:
        url = f"sqlite://{folder}/empty.sqlite3"
        async with database.opened(url):
            declared = cast(Apps, require_context().apps)
            drafts = await MigrationAutodetector(declared, database.config(url)["apps"]).changes()
    for draft in drafts:
        # Options alone are words about a table, which no database keeps.
        draft.operations = [each for each in draft.operations if not isinstance(each, AlterModelOptions)]
        draft.name, draft.initial = format_migration_name(int(draft.name.split("_")[0]), name), None
        if draft.operations:
            return draft.write()
    return None
