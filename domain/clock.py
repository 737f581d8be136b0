"""The one clock. Everything that asks what time it is asks here, so that tests and the worker can stop it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

OFFICE_ZONE = ZoneInfo("Asia/Shanghai")
_stopped: list[datetime] = []


def now() -> datetime:
    """This instant, in UTC, to the microsecond."""
    return _stopped[-1] if _stopped else datetime.now(UTC)


def today() -> datetime:
    """This instant as an office in China reads it off the wall."""
    return now().astimezone(OFFICE_ZONE)


def an_instant(value: datetime) -> datetime:
    """The value itself. Raises `ValueError` where it has no time zone: a driver would take the machine's own for it."""
    if value.tzinfo is None:
        raise ValueError(f"{value} names no instant: it has no time zone")
    return value


@contextmanager
def stopped(at: datetime) -> Iterator[None]:
    """Stop the clock at an instant for the length of a block."""
    _stopped.append(at.astimezone(UTC))
    try:
        yield
    finally:
        _stopped.pop()
