"""The installation's secret, by which tokens and download links are signed."""

from __future__ import annotations

import hmac
import os
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SHORTEST = 32


@lru_cache(maxsize=1)
def secret() -> bytes:
    """From `QIBAN_SECRET` (32 bytes or more), else from `QIBAN_SECRET_FILE` or `var/secret`, made when missing and
    readable by its owner alone. Several machines must share one secret: set the variable there."""
    file = secret_file()
    found = _kept(file) if file else os.environ["QIBAN_SECRET"].encode()
    if len(found) < SHORTEST:
        raise ValueError(f"the secret (QIBAN_SECRET or its file) must have at least {SHORTEST} bytes")
    return found


def secret_file() -> Path | None:
    """Where it is kept; None where a variable holds it."""
    return None if "QIBAN_SECRET" in os.environ else Path(os.environ.get("QIBAN_SECRET_FILE", "var/secret"))


def sealed(purpose: str, text: str) -> str:
    """The text so that only this installation can read it again, and only for the same purpose (AES-256-GCM)."""
    nonce = secrets.token_bytes(12)
    return urlsafe_b64encode(nonce + _box().encrypt(nonce, text.encode(), purpose.encode())).decode()


def opened(purpose: str, text: str) -> str:
    """What was sealed. Raises `cryptography.exceptions.InvalidTag` when it was not here, not so or not for this."""
    whole = urlsafe_b64decode(text)
    return _box().decrypt(whole[:12], whole[12:], purpose.encode()).decode()


def _box() -> AESGCM:
    return AESGCM(hmac.digest(secret(), b"qiban seal v1", "sha256"))


def _kept(file: Path) -> bytes:
    if not file.exists():
        _make(file)
    return file.read_bytes().strip()


def _make(file: Path) -> None:
    """Under its name the file is there whole or not at all: two processes that start at once read the same."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as made:
        made.write(secrets.token_urlsafe(SHORTEST))
    with suppress(FileExistsError):
        os.link(draft, file)
    draft.unlink()
