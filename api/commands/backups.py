"""Backups of an installation on SQLite: `qiban backup`, `qiban restore`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api import terminal
from api.commands import NO_SUCH_FILE, Lang, app, ready
from domain.refusals import Refused

if TYPE_CHECKING:
    from workflows.backups import Told


@app.command()
def backup(
    out: Annotated[Path, typer.Argument(help="写到哪个文件。File to write.")],
    with_secrets: Annotated[
        bool, typer.Option("--with-secrets", help="含密钥与存证私钥。With the secret and the log's key.")
    ] = False,
    lang: Lang = None,
) -> None:
    """在线备份 SQLite 数据库与附件，并核验。Back up a SQLite installation while it runs, and look it through."""
    with terminal.writing(out):
        told = asyncio.run(_back_up(out, with_secrets))
    _tell_of_files(told)
    terminal.say(
        f"已写入 {out}：{told.made_at}，附件 {_count(told)} 个，存证 {told.sealed} 条；历史与数据一致。",
        f"Wrote {out}: {told.made_at}, {_count(told)} files, {told.sealed} sealed entries; data and history agree.",
    )
    if not with_secrets:
        terminal.say(
            "密钥未包含，请另存：QIBAN_SECRET（或 var/secret）与存证私钥。",
            "Secrets are not in it; keep a copy apart: QIBAN_SECRET (or var/secret) and the log's private key.",
        )


@app.command()
def restore(backup: Annotated[Path, typer.Argument(help="备份文件。The backup.")], lang: Lang = None) -> None:
    """恢复备份到尚无数据之处，并核验。Put a backup back where nothing is yet, and look it through."""
    if not backup.is_file():
        raise Refused(NO_SUCH_FILE.about(path=backup))
    from domain import database

    url = database.default_url()
    if not url.startswith("sqlite://"):
        from workflows.backups import ONLY_SQLITE

        raise Refused(ONLY_SQLITE)
    target = Path(url.removeprefix("sqlite://"))
    with terminal.writing(target):
        told = asyncio.run(_restore(backup, target))
    _tell_of_files(told)
    terminal.say(
        f"已恢复到 {target}（{told.made_at}）；历史与数据一致。之后：qiban audit check-log。",
        f"Restored to {target} ({told.made_at}); data and history agree. Next: qiban audit check-log.",
    )
    _tell_of_secrets(told)


async def _back_up(out: Path, with_secrets: bool) -> Told:
    from workflows.backups import back_up

    async with ready(new=False):
        with terminal.bar("备份", "Backing up") as progress:
            return await back_up(out, with_secrets=with_secrets, progress=progress)


async def _restore(backup: Path, target: Path) -> Told:
    from workflows.backups import restore

    with terminal.bar("恢复", "Restoring") as progress:
        return await restore(backup, target, progress=progress)


def _tell_of_files(told: Told) -> None:
    if told.files != "included":
        terminal.say("附件在对象存储中，不在备份内。", "Evidence is in a bucket, and not in the backup.")
    if told.lost:
        terminal.say(f"存储中已缺附件 {len(told.lost)} 个。", f"{len(told.lost)} files were missing in the store.")


def _tell_of_secrets(told: Told) -> None:
    from workflows.backups import fingerprint

    if fingerprint() != told.secret:
        terminal.say(
            "QIBAN_SECRET 与备份时不同：众人须重新登录，回调地址须重新登记。",
            "QIBAN_SECRET is not the one of then: everyone signs in anew, and webhooks must be entered anew.",
        )
    if told.log_key:
        terminal.say(f"存证公钥：{told.log_key}", f"The log is signed with the key of {told.log_key}")


def _count(told: Told) -> int:
    return sum(name.startswith("files/") for name in told.digests)
