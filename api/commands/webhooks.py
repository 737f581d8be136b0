"""Webhooks of a zone: `qiban webhook add`."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from api import terminal
from api.commands import Lang, ZoneCode, app, ready

webhooks = typer.Typer(no_args_is_help=True, help="推送。Webhooks.")
app.add_typer(webhooks, name="webhook")


@webhooks.command("add")
def add(
    zone: ZoneCode,
    url: Annotated[str, typer.Argument(help="推送地址。Address to call, https.")],
    name: Annotated[str, typer.Option(help="名称。Name.")],
    format: Annotated[str, typer.Option(help="plain、wecom、dingtalk 或 feishu。The format.")] = "plain",
    told: Annotated[list[str] | None, typer.Option(help="步骤，如 case.close，默认全部。Moves told.")] = None,
    secret: Annotated[str | None, typer.Option(help="密钥，plain 可自动生成。Secret; made for plain.")] = None,
    lang: Lang = None,
) -> None:
    """设置推送。Have the moves of a zone told at an address."""
    made = _made() if format == "plain" and not secret else None
    asyncio.run(_add(zone, url, name, format, list(told or ()), made or secret))
    terminal.say(f"已设置推送“{name}”。", f"Webhook {name} is set.")
    if made:
        terminal.say("密钥（只显示这一次）：", "Secret (shown this once):")
        print(made)


async def _add(zone: str, url: str, name: str, format: str, told: list[str], secret: str | None) -> None:
    from domain.refusals import BAD_INPUT, Refused
    from domain.viewers import OPERATOR
    from domain.webhooks import Format, Webhook
    from workflows.founding import zone_called
    from workflows.perform import create
    from workflows.timetable import FLOWS

    assert FLOWS
    if format not in list(Format):
        raise Refused(
            BAD_INPUT.about("format", problem_zh="没有此种格式", problem_en="there is no such format")
        )
    async with ready(new=False):
        given = {"name": name, "url": url, "format": Format.of(format), "told": told, "secret": secret}
        await create(OPERATOR, Webhook, "add", within=await zone_called(zone), **given)


def _made() -> str:
    import base64
    import secrets

    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
