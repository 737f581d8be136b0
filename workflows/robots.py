"""What is told at a webhook, and how each format writes it, signs it and reads the answer: pure functions."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote_plus

from domain.outgoing import Answer
from domain.webhooks import Format

PREFIX = "whsec_"
MINUTE = timedelta(minutes=1)
NOT_THIS = frozenset({400, 413, 415, 422})
"""Statuses by which a receiver says no to one message; all others that are no yes hold for every message."""


@dataclass(frozen=True)
class Message:
    """One move as the world outside hears of it: no names, no texts."""

    id: str
    sequence: int
    zone: str
    case_id: str | None
    number: str | None
    record_kind: str
    record_id: str
    move: str
    label: str
    source: str | None
    target: str | None
    at: datetime
    link: str | None = None
    note: str | None = None

    @property
    def sentence(self) -> str:
        """For people in a group chat."""
        told = f"【企伴·{self.zone}】{self.number or ''} {self.label}".strip()
        return "\n".join(each for each in (told, self.link, self.note) if each)


@dataclass(frozen=True)
class Request:
    """What is sent: where to, with which headers and which bytes."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Outcome:
    """How it went. `passing` says that the receiver takes nothing at present, rather than this message never; `busy`
    that it is well but was sent too much, and wants to be left alone for `rest` where it says how long."""

    delivered: bool
    note: str
    passing: bool = True
    busy: bool = False
    rest: timedelta | None = None


@dataclass(frozen=True)
class Adapter:
    """A format: what is sent for a message with a secret at an instant, what an answer means, and how many messages are
    taken a minute (None: any number) and in one go."""

    request: Callable[[str, Message, str, datetime], Request]
    outcome: Callable[[Answer], Outcome]
    each_minute: int | None = None
    at_once: int = 50


def standard(url: str, message: Message, secret: str, at: datetime) -> Request:
    """Standard Webhooks 1.0: HMAC-SHA256 over id, timestamp and body."""
    body = _json(
        {
            "type": f"{message.record_kind}.{message.move}",
            "timestamp": message.at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "data": {
                "zone": message.zone, "caseId": message.case_id, "number": message.number,
                "recordId": message.record_id, "source": message.source, "target": message.target,
                "sequence": message.sequence, "link": message.link,
                **({"note": message.note} if message.note else {}),
            },
        }
    )
    sent_at = str(int(at.timestamp()))
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signature = hmac.digest(key, f"{message.id}.{sent_at}.".encode() + body, "sha256")
    headers = {
        "webhook-id": message.id, "webhook-timestamp": sent_at,
        "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
    }
    return Request(url, {**_headers(message), **headers}, body)


def wecom(url: str, message: Message, secret: str, at: datetime) -> Request:
    """企业微信: the key stands in the address; nothing is signed."""
    return Request(url, _headers(message), _json({"msgtype": "text", "text": {"content": message.sentence}}))


def dingtalk(url: str, message: Message, secret: str, at: datetime) -> Request:
    """钉钉: where 加签 is on, milliseconds and their signature stand in the address."""
    if secret:
        sent_at = str(int(at.timestamp() * 1000))
        signature = hmac.digest(secret.encode(), f"{sent_at}\n{secret}".encode(), "sha256")
        sign = quote_plus(base64.b64encode(signature).decode())
        url = f"{url}{'&' if '?' in url else '?'}timestamp={sent_at}&sign={sign}"
    return Request(url, _headers(message), _json({"msgtype": "text", "text": {"content": message.sentence}}))


def feishu(url: str, message: Message, secret: str, at: datetime) -> Request:
    """飞书: where 签名校验 is on, seconds and a signature stand in the body: of nothing, by a key made of both."""
    body = {"msg_type": "text", "content": {"text": message.sentence}}
    if secret:
        sent_at = str(int(at.timestamp()))
        signature = hmac.digest(f"{sent_at}\n{secret}".encode(), b"", "sha256")
        body = {"timestamp": sent_at, "sign": base64.b64encode(signature).decode(), **body}
    return Request(url, _headers(message), _json(body))


def by_status(answer: Answer) -> Outcome:
    """Any 2xx is a yes; no redirect is followed."""
    busy = answer.status == 429 or (answer.status == 503 and answer.wait is not None)
    passing = answer.status not in NOT_THIS
    return Outcome(200 <= answer.status < 300, f"HTTP {answer.status}", passing, busy, answer.wait if busy else None)


def by_code(field: str, *refusals: int, busy: Mapping[int, timedelta]) -> Callable[[Answer], Outcome]:
    """Robots answer 200 with a code in the body, which is 0 when it went well. `refusals` are codes that say no to the
    message itself, `busy` those of too many at once, with the time to wait; whatever else they say, of the key or the
    signature, holds for every message."""

    def outcome(answer: Answer) -> Outcome:
        if answer.status != 200:
            return by_status(answer)
        try:
            code = json.loads(answer.body)[field]
        except (ValueError, KeyError, TypeError):
            return Outcome(False, f"no {field} in the answer")
        rest = busy.get(code) if isinstance(code, int) else None
        return Outcome(code == 0, f"{field} {code}", code not in refusals, rest is not None, rest)

    return outcome


ADAPTERS: Mapping[Format, Adapter] = {
    Format.PLAIN: Adapter(standard, by_status),
    Format.WECOM: Adapter(wecom, by_code("errcode", 40008, 44004, 45002, busy={45009: MINUTE}), each_minute=20),
    # 钉钉 stops a robot that said too much for ten minutes.
    Format.DINGTALK: Adapter(
        dingtalk, by_code("errcode", 400105, 430101, 430102, 460101, busy={130101: 10 * MINUTE}), each_minute=20
    ),
    # 飞书 takes five a second; more than that are not sent in one go.
    Format.FEISHU: Adapter(
        feishu, by_code("code", 9499, busy={11232: MINUTE, 230020: MINUTE}), each_minute=100, at_once=5
    ),
}


def _headers(message: Message) -> dict[str, str]:
    return {"Content-Type": "application/json", "User-Agent": "qiban", "Idempotency-Key": message.id}


def _json(body: object) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
