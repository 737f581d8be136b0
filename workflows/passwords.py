"""Passwords: Argon2id, computed in a thread since one hash takes a fifth of a second."""

from __future__ import annotations

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from domain.refusals import Refusal, Refused

SHORTEST = 10
_hasher = PasswordHasher()
_decoy = _hasher.hash("no account has this password")
WEAK_PASSWORD = Refusal(
    "WEAK_PASSWORD", f"密码至少{SHORTEST}个字符，且不能只有一种字符。",
    f"A password has at least {SHORTEST} characters, and not all the same.", "password",
)


async def hashed(password: str) -> str:
    if len(password) < SHORTEST or len(set(password)) < 4:
        raise Refused(WEAK_PASSWORD)
    return await asyncio.to_thread(_hasher.hash, password)


async def matches(password_hash: str | None, password: str) -> bool:
    """Whether the password is right; as slow for an unknown login as for a known one."""
    return await asyncio.to_thread(_verify, password_hash or _decoy, password) and password_hash is not None


def _verify(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False
