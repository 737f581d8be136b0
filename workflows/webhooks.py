"""How webhooks are set, paused and removed."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from domain import outgoing
from domain.refusals import BAD_INPUT, REQUIRED, Refusal, Refused
from domain.secret import sealed
from domain.viewers import OPERATOR, Role, Viewer
from domain.webhooks import Format, Outlet, Webhook, WebhookState
from workflows.flow import Flow, Move
from workflows.inputs import WithReason, Words
from workflows.notices import heard_moves
from workflows.perform import Step
from workflows.robots import PREFIX
from workflows.zones import ADMINISTRATOR, THE_OPERATOR

S = WebhookState
MOST_WEBHOOKS = 20
STANDING = (S.ACTIVE, S.PAUSED)

TOO_MANY_WEBHOOKS = Refusal(
    "TOO_MANY_WEBHOOKS", "一个高新区最多{limit}个推送地址。", "A zone has at most {limit} webhooks."
)
BAD_SECRET = Refusal(
    "BAD_SECRET", "通用格式的密钥须为 whsec_ 加24至64字节的Base64。",
    "The secret of a plain webhook is whsec_ and 24 to 64 bytes in Base64.", "secret",
)

Url = Annotated[str, Words("推送地址", "Address, https; never shown again", 1_000)]
Secret = Annotated[
    str | None, Words("密钥", "Secret messages are signed with; never shown again; WeCom has none", 200)
]
Told = Annotated[
    list[str], Words("步骤", "Moves told, as case.close or responsibility.return; when empty all anybody hears of", 60)
]


@dataclass
class SetWebhook:
    name: Annotated[str, Words("名称", "Name", 100)]
    url: Url
    format: Annotated[Format, Words("消息格式", "Format")] = Format.PLAIN
    secret: Secret = None
    told: Told = field(default_factory=list)


@dataclass
class EditWebhook:
    name: Annotated[str, Words("名称", "Name", 100)]
    told: Told = field(default_factory=list)
    url: Annotated[str | None, Words("推送地址", "New address, where it changes", 1_000)] = None
    secret: Secret = None


async def look(viewer: Viewer, given: Mapping[str, Any]) -> None:
    """Nobody but those who keep webhooks has hosts looked up."""
    url = given.get("url")
    if isinstance(url, str) and (viewer is OPERATOR or viewer.zones_as(Role.ADMINISTRATOR)):
        await outgoing.look_ahead(url)


async def add(step: Step) -> None:
    webhook, given = step.record, step.input
    if step.viewer is not OPERATOR and not step.viewer.covers(Role.ADMINISTRATOR, webhook.zone_id):
        return  # the flow refuses it next; nobody else has hosts looked up
    if await Webhook.filter(zone_id=webhook.zone_id, state__in=STANDING).count() >= MOST_WEBHOOKS:
        raise Refused(TOO_MANY_WEBHOOKS.about(limit=MOST_WEBHOOKS))
    webhook.format = given.format
    webhook.name, webhook.told = given.name, _heard(given.told)
    outlet = Outlet(webhook_id=webhook.id, next_at=step.at)
    await _reach(outlet, webhook, given.url, given.secret)
    if webhook.format is Format.PLAIN and not outlet.secret:
        raise Refused(REQUIRED.about("secret"))
    step.change.put(outlet)


async def edit(step: Step) -> None:
    webhook, given = step.record, step.input
    webhook.name, webhook.told = given.name, _heard(given.told)
    outlet = await Outlet.get(webhook_id=webhook.id)
    await _reach(outlet, webhook, given.url, given.secret)
    await outlet.save(update_fields=["address", "secret"])


async def let_go(step: Step) -> None:
    """Its address and secret are gone at once."""
    await Outlet.filter(webhook_id=step.record.id).delete()


async def try_at_once(step: Step) -> None:
    await Outlet.filter(webhook_id=step.record.id).update(next_at=step.at, failures=0)


async def _reach(outlet: Outlet, webhook: Webhook, url: str | None, secret: str | None) -> None:
    if url:
        target, _ = await outgoing.permitted(url, outgoing.looked_up())
        webhook.host, outlet.address = target.netloc.decode("ascii"), sealed(webhook.purpose, url)
    if secret:
        if webhook.format is Format.PLAIN and not _is_standard(secret):
            raise Refused(BAD_SECRET)
        outlet.secret = sealed(webhook.purpose, secret)


def _is_standard(secret: str) -> bool:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return False
    return secret.startswith(PREFIX) and 24 <= len(key) <= 64


def _heard(given: list[str]) -> list[str]:
    known = {f"{flow.record.kind()}.{move.name}" for flow, move in heard_moves()} | {"log.checkpoint"}
    for index, each in enumerate(given):
        if each not in known:
            raise Refused(
                BAD_INPUT.about(
                    f"told.{index}", problem_zh="没有人会收到这一步的通知", problem_en="nobody hears of this move"
                )
            )
    return list(dict.fromkeys(given))


KEEPERS = (ADMINISTRATOR, THE_OPERATOR)
WEBHOOK = Flow(
    Webhook,
    WebhookState,
    [
        Move(
            "add", "设置推送", "Set a webhook", (), S.ACTIVE, KEEPERS,
            input=SetWebhook, act=add, ahead=look, mutation="createWebhook",
        ),
        Move("edit", "修改推送", "Edit a webhook", STANDING, None, KEEPERS, input=EditWebhook, act=edit, ahead=look),
        Move("pause", "暂停推送", "Pause", (S.ACTIVE,), S.PAUSED, KEEPERS, input=WithReason),
        Move("resume", "恢复推送", "Resume", (S.PAUSED,), S.ACTIVE, KEEPERS, act=try_at_once),
        Move("remove", "删除推送", "Remove", STANDING, S.REMOVED, KEEPERS, input=WithReason, act=let_go),
    ],
    zh="推送",
    en="Webhook",
)
