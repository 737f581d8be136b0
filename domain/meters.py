"""What is worth counting and timing, said where it happens. Nobody hears it unless api/metrics.py or api/traces.py
listens, and then it costs a look at a variable. No label is of a person, and each has few values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

Heard = Callable[[str, tuple[str, ...], float], None]
Spans = Callable[[str, Mapping[str, str] | None], AbstractContextManager[Any]]
_NOTHING = nullcontext()
_heard: Heard | None = None
_spans: Spans | None = None


def tell(what: str, *labels: str, value: float = 1.0) -> None:
    """Something happened, took so long, or stands at so much: what `value` is depends on `what`."""
    if _heard is not None:
        _heard(what, labels, value)


def is_heard() -> bool:
    return _heard is not None


def span(name: str, headers: Mapping[str, str] | None = None) -> AbstractContextManager[Any]:
    """Time what is done in the block, as a part of what it is done for; `headers` may say for what elsewhere. The
    block is given the span, or None."""
    return _spans(name, headers) if _spans is not None else _NOTHING


def listen(heard: Heard | None) -> None:
    global _heard
    _heard = heard


def trace(spans: Spans | None) -> None:
    global _spans
    _spans = spans
