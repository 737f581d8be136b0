"""Passwords: Argon2id, computed in threads of its own since one hash takes a fifth of a second and 64 MB."""

from __future__ import annotations

import asyncio
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from domain.refusals import Refusal, Refused
from workflows.inputs import Words, read_text

SHORTEST, FEWEST_DIFFERENT = 10, 5
AT_ONCE = 2
WEAK_PASSWORD = Refusal(
    "WEAK_PASSWORD",
    f"密码至少{SHORTEST}个字符、{FEWEST_DIFFERENT}种字符，不能含登录名，也不能是常见密码或键盘顺序。",
    f"A password has at least {SHORTEST} characters, {FEWEST_DIFFERENT} of them different; it neither holds the "
    "login nor is it a common one or a run of keys.",
    "password",
)
WORDS = Words("密码", "Password", 200)

T = TypeVar("T")
_hasher = PasswordHasher()
_threads = ThreadPoolExecutor(AT_ONCE, "argon2")
# Of 32 random bytes that were thrown away: what is compared with a password where there is no account.
_DECOY = "$argon2id$v=19$m=65536,t=3,p=4$/kB+rrSW/E1EfKcqWorysQ$pnHRuQC0oMzyL4ME90LqgRnKpUFSODgQV2uuBiW3pEE"
_RUNS = ("01234567890123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "1qaz2wsx3edc4rfv5tgb6yhn")
_COMMON = frozenset(
    {
        "password", "passw0rd", "p@ssw0rd", "p@ssword", "admin", "administrator", "welcome", "iloveyou", "woaini",
        "qwerty", "abc", "a", "aa", "abcd", "qwer", "asdf", "test", "root", "qiban", "gaoxinqu",
    }
)


async def hashed(password: str, login: str = "", field: str = "password") -> str:
    """The hash to keep of a new password for an account. Raises `Refused` for one too easily guessed."""
    password = read(password, field)
    if is_weak(password, login):
        raise Refused(WEAK_PASSWORD.about(field))
    return await _in_thread(partial(_hasher.hash, password))


async def matches(password_hash: str | None, password: str) -> bool:
    """Whether the password is right; as slow for an unknown login as for a known one."""
    right = await _in_thread(partial(_verify, password_hash, password))
    return right and password_hash is not None


def read(password: str, field: str) -> str:
    """A password as it is hashed, whichever keyboard it came from; space around it is no part of it."""
    return unicodedata.normalize("NFKC", read_text(password, WORDS, field))


def is_weak(password: str, login: str) -> bool:
    plain = password.lower()
    run = any(plain in line or plain in line[::-1] for line in _RUNS)
    # A common word followed by digits and signs, such as Admin@123456, is among the first that are tried.
    common = plain.rstrip("0123456789!@#$%^&*._-") in _COMMON | {""}
    named = len(login) > 2 and login in plain
    return len(password) < SHORTEST or len(set(plain)) < FEWEST_DIFFERENT or run or common or named


async def _in_thread(work: partial[T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(_threads, work)


def _verify(password_hash: str | None, password: str) -> bool:
    try:
        return _hasher.verify(password_hash or _DECOY, password)
    except (VerificationError, InvalidHashError):
        return False
