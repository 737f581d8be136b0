"""A primary and its streaming replica, as PostgreSQL's own programs make them: paused, killed, promoted."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]

from tests import postgres

LOOPBACK = {**postgres.SETTINGS, "listen_addresses": "127.0.0.1", "max_wal_senders": "4"}
# A commit is answered when the replica has written it down: whoever is promoted knows all that was acknowledged.
SYNCHRONOUS = {"synchronous_commit": "on", "synchronous_standby_names": "*"}


class Node:
    """One server; `host` is how a URL names it."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder, self.port = folder, _free_port()
        self.settings = {**LOOPBACK, "port": str(self.port), **settings}
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return url_of("postgres", self)

    def start(self) -> None:
        self.process = postgres.start(self.folder, self.settings)

    def kill(self) -> None:
        """Like a machine that lost its power: the server and all its processes."""
        assert self.process
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(postgres.STARTING_SECONDS)

    async def ask(self, sql: str, url: str | None = None) -> Any:
        connection = await asyncpg.connect(url or self.url)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()


@contextmanager
def a_pair(**settings: str) -> Iterator[tuple[Node, Node]]:
    """A primary and a replica that follows it."""
    folder = Path(tempfile.mkdtemp(prefix="qiban-pair-", dir=postgres.memory()))
    folder.chmod(0o755)
    nodes = []
    try:
        for name in ("primary", "replica"):
            (folder / name).mkdir()
            nodes.append(Node(folder / name, **settings))
        primary, replica = nodes
        postgres.create(primary.folder)
        primary.settings.pop("synchronous_standby_names", None)
        primary.start()
        if user := postgres._nobody():
            shutil.chown(replica.folder, user)
        postgres.run(
            "pg_basebackup", "-h", "127.0.0.1", "-p", str(primary.port), "-U", "postgres", "-D",
            str(replica.folder / "data"), "-R", "-c", "fast", "-X", "stream", "--no-sync", folder=replica.folder,
        )
        replica.settings.pop("synchronous_standby_names", None)
        replica.start()
        yield primary, replica
    finally:
        for node in nodes:
            if node.process and node.process.poll() is None:
                node.kill()
        shutil.rmtree(folder, ignore_errors=True)


def url_of(name: str, *nodes: Node) -> str:
    return f"postgres://postgres@{','.join(each.host for each in nodes)}/{name}"


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
