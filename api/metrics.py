"""Figures of the service for Prometheus, at an address of their own: QIBAN_METRICS=host:port. Off without it.

`pip install qiban[metrics]`. With several processes each counts for itself in a file, and their parent adds them up.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

from domain import database, meters
from domain.refusals import Refusal, Refused

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

SHARED = "PROMETHEUS_MULTIPROC_DIR"
EVERY_SECONDS = 5.0
BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
BAD_ADDRESS = Refusal("BAD_METRICS", "QIBAN_METRICS 须为 地址:端口。", "QIBAN_METRICS must be host:port.")
NOT_INSTALLED = Refusal(
    "NOT_INSTALLED", "{setting} 需要另行安装：pip install 'qiban[{extra}]'。",
    "{setting} needs what is not installed: pip install 'qiban[{extra}]'.",
)
STANDING = {
    "timers_overdue": "Timers whose instant has passed.",
    "timers_late_seconds": "How late the most overdue timer is.",
    "timers_parked": "Timers given up after too many faults.",
    "outbox_waiting": "Deliveries to webhooks not yet confirmed.",
    "outbox_late_seconds": "Age of the oldest of them.",
    "outbox_dead": "Deliveries given up.",
    "seal_waiting": "Entries not yet in the log.",
    "seal_lag_seconds": "Age of the oldest of them.",
}


def is_on() -> bool:
    return "QIBAN_METRICS" in os.environ


def share() -> None:
    """For a parent: its children, started with this environment, count together from now on."""
    if is_on():
        _required()
        os.environ[SHARED] = mkdtemp(prefix="qiban-metrics-")


def publish() -> None:
    """Answer at QIBAN_METRICS for this process, or for the children it counts together."""
    if not is_on():
        return
    host, _, port = os.environ["QIBAN_METRICS"].rpartition(":")
    if not host or not port.isdigit():
        raise Refused(BAD_ADDRESS)
    _required()
    from prometheus_client import start_http_server

    start_http_server(int(port), host, _registry())


def forget(process: int) -> None:
    """A child has died: what it had open is open no longer; what it had counted stays."""
    if is_on() and SHARED in os.environ:
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(process)  # type: ignore[no-untyped-call]


@asynccontextmanager
async def counting() -> AsyncIterator[None]:
    """Count what happens in this process for as long as the block lasts."""
    if not is_on():
        yield
        return
    figures = _figures()
    meters.listen(figures.hear)
    looking = asyncio.create_task(figures.look())
    try:
        yield
    finally:
        meters.listen(None)
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking


class Figures:
    """What is counted, by the name under which it is told (domain/meters.py)."""

    def __init__(self) -> None:
        from prometheus_client import Counter, Gauge, Histogram

        self.requests = Counter("qiban_requests", "Requests answered.", ["operation", "outcome"])
        self.seconds = Histogram("qiban_request_seconds", "Until they were.", ["operation"], buckets=BUCKETS)
        self.counters: dict[str, Any] = {
            "move": Counter("qiban_moves", "Moves committed.", ["record", "move"]),
            "refusal": Counter("qiban_refusals", "Refusals told.", ["code"]),
            "replica": Counter("qiban_reads", "Reads meant for a replica, by who answered.", ["by"]),
        }
        self.standing = {
            name: Gauge(f"qiban_{name}", told, multiprocess_mode="livemax") for name, told in STANDING.items()
        }
        self.pools = Gauge(
            "qiban_pool_connections", "Database connections.", ["pool", "state"], multiprocess_mode="livesum"
        )
        self.subscribers = Gauge("qiban_subscribers", "Streams open.", multiprocess_mode="livesum")

    def hear(self, what: str, labels: tuple[str, ...], value: float) -> None:
        if what == "request":
            self.requests.labels(*labels).inc()
            self.seconds.labels(labels[0]).observe(value)
        elif what in self.counters:
            self.counters[what].labels(*labels).inc(value)
        else:
            self.standing[what].set(value)

    async def look(self) -> None:
        """What nobody tells: connections and streams."""
        from api import streams

        while True:
            for name, (used, idle, most) in database.pools().items():
                for state, size in (("used", used), ("idle", idle), ("most", most)):
                    self.pools.labels(name, state).set(size)
            self.subscribers.set(streams.count())
            await asyncio.sleep(EVERY_SECONDS)


_kept: list[Figures] = []


def _figures() -> Figures:
    """One for the life of the process: the names may be taken once."""
    if not _kept:
        _required()
        _kept.append(Figures())
    return _kept[0]


def _registry() -> CollectorRegistry:
    from prometheus_client import REGISTRY, CollectorRegistry, multiprocess

    if SHARED not in os.environ:
        return REGISTRY
    together = CollectorRegistry()
    multiprocess.MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return together


def _required() -> None:
    try:
        import prometheus_client  # noqa: F401
    except ImportError as error:
        raise Refused(NOT_INSTALLED.about(setting="QIBAN_METRICS", extra="metrics")) from error
