"""Every duty of the worker. A capability that has one adds its module here."""

from __future__ import annotations

from workflows import (  # noqa: F401 (the timetable, and those that register their duties)
    answers,
    deliveries,
    erasure,
    measures,
    notices,
    rearming,
    seals,
    sign_in,
    timers,
    timetable,
)
from workflows.worker import DUTIES

__all__ = ["DUTIES"]
