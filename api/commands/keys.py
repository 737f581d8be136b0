"""The keys that sign the log: `qiban key`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from api import terminal
from api.commands import Lang, app, ready

keys = typer.Typer(no_args_is_help=True, help="存证签名密钥。Keys that sign the log of all histories.")
app.add_typer(keys, name="key")

Statement = Annotated[str, typer.Option(help="说明，随公钥公布。Statement, made public with the key.")]


@keys.command("create")
def create(
    origin: Annotated[str | None, typer.Option(help="日志名，如 qiban.example.cn/log。The log's name.")] = None,
    lang: Lang = None,
) -> None:
    """生成首个密钥。Make the first key; the private part is a file of its own (QIBAN_LOG_KEY)."""
    asyncio.run(_create(origin))


@keys.command("list")
def show(lang: Lang = None) -> None:
    """列出全部公钥及启用时间。List every public key and since when it signs."""
    asyncio.run(_list())


@keys.command("rotate")
def rotate(statement: Statement = "", lang: Lang = None) -> None:
    """更换密钥，新旧密钥共同签署交接。Change the key; old and new both sign the hand-over."""
    asyncio.run(_rotate(statement))


@keys.command("replace")
def replace(statement: Statement, lang: Lang = None) -> None:
    """密钥遗失或泄露后启用新密钥。A new key after the old was lost or became known to others."""
    asyncio.run(_replace(statement))


@keys.command("export-public")
def export_public(
    out: Annotated[Path | None, typer.Option(help="写到此文件。File to write.")] = None, lang: Lang = None
) -> None:
    """输出现行公钥，交给审计方。Print the public key that signs now, to be given to auditors."""
    key = asyncio.run(_current())
    if out is None:
        print(key)
        return
    with terminal.writing(out):
        out.write_text(f"{key}\n")


async def _create(origin: str | None) -> None:
    from workflows.log_keys import create_key, key_file

    async with ready():
        key, path = await create_key(origin), key_file().absolute()
    terminal.say(f"私钥在 {path}，请另存备份。公钥：", f"Private key: {path}; keep a copy apart. Public key:")
    print(key)


async def _list() -> None:
    from domain.signed_notes import PublicKey
    from workflows.log_keys import keys as known_keys

    async with ready(new=False):
        known = await known_keys()
    ends = [each.at.isoformat(timespec="seconds") for each in known[1:]] + [""]
    for each, until in zip(known, ends, strict=True):
        since = each.at.isoformat(timespec="seconds")
        print(f"{PublicKey.read(each.public).id}  {since} – {until}  {each.public}  {each.statement}".rstrip())


async def _rotate(statement: str) -> None:
    from workflows.seals import rotate as hand_over

    async with ready(new=False):
        await hand_over(statement)
    print(await _current())


async def _replace(statement: str) -> None:
    from workflows.log_keys import replace_lost

    async with ready(new=False):
        await replace_lost(statement)
    terminal.say("新密钥已启用；请将公钥另行告知审计方。", "The new key signs from now on; tell the auditors yourself.")
    print(await _current())


async def _current() -> str:
    from domain.refusals import Refused
    from workflows.log_keys import NO_LOG_KEY, key_file
    from workflows.log_keys import keys as known_keys

    async with ready(new=False):
        known = await known_keys()
        if not known:
            raise Refused(NO_LOG_KEY.about(path=key_file()))
        return known[-1].public
