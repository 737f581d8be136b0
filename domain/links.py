"""Signed links: for a few minutes, one person may download one attachment."""

from __future__ import annotations

import base64
import binascii
import hmac
from datetime import datetime, timedelta
from uuid import UUID

from domain.refusals import Refusal, Refused

LIFE = timedelta(minutes=5)

LINK_EXPIRED = Refusal(
    "LINK_EXPIRED",
    "下载链接已过期，请回到页面重新点击下载。",
    "This download link has expired; go back and ask for it again.",
)
LINK_INVALID = Refusal("LINK_INVALID", "下载链接无效。", "This download link is not valid.")


def sign(attachment_id: UUID, person_id: UUID, expires_at: datetime, secret: bytes) -> str:
    """96 characters that fit into a URL. `expires_at` counts in whole seconds."""
    body = attachment_id.bytes + person_id.bytes + int(expires_at.timestamp()).to_bytes(8)
    return base64.urlsafe_b64encode(body + _signature(body, secret)).decode()


def check(token: str, now: datetime, secret: bytes) -> tuple[UUID, UUID]:
    """The attachment and the person a link was signed for. Only a genuine link is told that it is too old."""
    signed = _decoded(token)
    body, signature = signed[:_BODY], signed[_BODY:]
    if not hmac.compare_digest(signature, _signature(body, secret)):
        raise Refused(LINK_INVALID)
    if now.timestamp() >= int.from_bytes(body[32:]):
        raise Refused(LINK_EXPIRED)
    return UUID(bytes=body[:16]), UUID(bytes=body[16:32])


_BODY = 16 + 16 + 8  # attachment, person, second of expiry
_PURPOSE = b"qiban download link v1\0"  # the same secret signs other things; none of them opens a file


def _signature(body: bytes, secret: bytes) -> bytes:
    if len(secret) < 16:
        raise ValueError("QIBAN_SECRET 至少 16 字节 / must be at least 16 bytes")
    return hmac.digest(secret, _PURPOSE + body, "sha256")


def _decoded(token: str) -> bytes:
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):  # ValueError: characters beyond ASCII
        raise Refused(LINK_INVALID) from None
