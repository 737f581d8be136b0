"""Founding zones: `qiban zone found`."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

import typer

from api import terminal
from api.commands import Lang, app, ready
from domain.refusals import Refusal, Refused

zones = typer.Typer(no_args_is_help=True, help="高新区。Zones.")
app.add_typer(zones, name="zone")
DIFFERENT = Refusal("DIFFERENT", "两次输入的密码不同。", "The passwords differ.", "password")


@zones.command("found")
def found(
    code: Annotated[str, typer.Argument(help="代码，2至10位大写字母或数字。Code, such as GL.")],
    name: Annotated[str, typer.Argument(help="名称。Name.")],
    admin: Annotated[str, typer.Option(help="首位管理员的登录名。Login of the first administrator.")],
    parent: Annotated[str | None, typer.Option(help="上级高新区代码。Code of the zone above.")] = None,
    lang: Lang = None,
) -> None:
    """设立高新区及其首位管理员。Found a zone with its first administrator."""
    password, generated = _password()
    asyncio.run(_found(code, name, admin, password, parent))
    terminal.say(f"已设立{name}（{code}），管理员登录名 {admin}。", f"Founded {name} ({code}); administrator: {admin}.")
    if generated:
        terminal.say("密码（只显示这一次）：", "Password (shown this once):")
        print(password)


async def _found(code: str, name: str, admin: str, password: str, parent: str | None) -> None:
    from workflows.founding import found_zone, zone_called

    async with ready():
        above = await zone_called(parent) if parent else None
        await found_zone(code, name, admin=admin, password=password, parent=above)


def _password() -> tuple[str, bool]:
    """Asked for at a terminal; made up where nobody sits, or when nothing is typed. And whether it was made up."""
    import secrets

    asked = ""
    if sys.stdin.isatty():
        words = terminal.in_words("管理员密码（留空则生成）", "Administrator's password (empty: one is made)")
        asked = typer.prompt(words, default="", show_default=False, hide_input=True)
        again = terminal.in_words("再输一次", "Once more")
        if asked and asked != typer.prompt(again, default="", show_default=False, hide_input=True):
            raise Refused(DIFFERENT)
    return asked or secrets.token_urlsafe(15), not asked
