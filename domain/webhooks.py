"""Webhooks: where a zone wants moves told outside, and the outbox of what is to be told there.

A delivery is written in the transaction of the move, so it exists if, and only if, the move happened; the worker sends
it afterwards, at least once. What is told holds no names and no texts: which case, which move, when.
"""

from __future__ import annotations

from uuid import UUID

from tortoise import fields
from tortoise.expressions import Q
from tortoise.models import Model

from domain.records import Record, Seen, new_id
from domain.viewers import Role, Viewer
from domain.words import Word
from domain.zones import Zone


class Format(Word):
    """消息格式: how a message is written and signed."""

    PLAIN = "plain", "通用", "JSON, signed as Standard Webhooks have it"
    WECOM = "wecom", "企业微信群机器人", "A group robot of WeCom"
    DINGTALK = "dingtalk", "钉钉群机器人", "A group robot of DingTalk"
    FEISHU = "feishu", "飞书群机器人", "A group robot of Feishu"


class WebhookState(Word):
    ACTIVE = "active", "启用", "Moves are told"
    PAUSED = "paused", "暂停", "Nothing new is told; what waits goes out when resumed"
    REMOVED = "removed", "已删除", "Gone, with its address and secret"


class Webhook(Record):
    """A place outside that hears of the moves of a zone and the zones below: `told` as "kind.move", all when empty.

    Its address may hold a key and so stands sealed in its `Outlet`; the history names the `host` alone.
    """

    subject = "zone"
    zone: fields.ForeignKeyRelation[Zone] = fields.ForeignKeyField(
        "qiban.Zone", related_name="webhooks", on_delete=fields.RESTRICT
    )
    name = fields.CharField(max_length=100)
    state = fields.CharEnumField(WebhookState, max_length=20, description="WebhookState")
    format = fields.CharEnumField(Format, max_length=20, description="Format")
    host = fields.CharField(max_length=260)
    told: list[str] = fields.JSONField(default=list)
    zone_id: UUID

    class Meta:
        table = "webhook"
        indexes = (("zone_id", "state"),)

    @property
    def purpose(self) -> str:
        """What its address and secret are sealed for, so that they open for this webhook alone."""
        return f"webhook {self.id}"

    @classmethod
    def visible_to(cls, viewer: Viewer) -> Q:
        return Q(zone_id__in=viewer.zones_as(Role.ADMINISTRATOR, Role.AUDITOR))


class Outlet(Model):
    """How a webhook is reached, sealed and shown to nobody; and how it fares: whoever works it off holds it until
    `next_at`, and after `failures` in a row it rests until then."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    webhook: fields.OneToOneRelation[Webhook] = fields.OneToOneField(
        "qiban.Webhook", related_name="outlet", on_delete=fields.RESTRICT
    )
    address = fields.TextField()
    secret = fields.TextField(default="")
    next_at = fields.DatetimeField()
    failures = fields.IntField(default=0)
    webhook_id: UUID

    class Meta:
        table = "outlet"


class DeliveryState(Word):
    WAITING = "waiting", "待送达", "Not yet told, or to be told again"
    DELIVERED = "delivered", "已送达", "The receiver has confirmed it"
    DEAD = "dead", "投递失败", "Given up after many attempts; it can be sent again"


class Delivery(Seen, Model):
    """One entry to be told at one webhook; its id is the idempotency key its receiver knows it by."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    webhook: fields.ForeignKeyRelation[Webhook] = fields.ForeignKeyField(
        "qiban.Webhook", related_name="deliveries", on_delete=fields.RESTRICT
    )
    zone_id: UUID = fields.UUIDField()
    entry_id: UUID = fields.UUIDField()
    record_kind = fields.CharField(max_length=40)
    move = fields.CharField(max_length=60)
    at = fields.DatetimeField()
    state = fields.CharEnumField(DeliveryState, max_length=20, description="DeliveryState")
    attempts = fields.IntField(default=0)
    next_at = fields.DatetimeField()
    delivered_at = fields.DatetimeField(null=True)
    last_status = fields.CharField(max_length=200, default="")
    webhook_id: UUID

    class Meta:
        table = "delivery"
        unique_together = (("entry_id", "webhook"),)
        indexes = (
            ("webhook_id", "state", "id"), ("zone_id", "state", "id"), ("state", "next_at"), ("at",),
            ("webhook_id", "delivered_at"),
        )

    @classmethod
    def visible_to(cls, viewer: Viewer) -> Q:
        """Of the webhooks one administers or audits."""
        return Q(zone_id__in=viewer.zones_as(Role.ADMINISTRATOR, Role.AUDITOR))
