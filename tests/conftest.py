"""A test that asks for `database` gets a fresh, migrated one: once on SQLite, once on PostgreSQL."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from domain import clock
from domain import database as storage
from tests import postgres, quick
from tests.demonstration import Loaded, a_load
from workflows.founding import bring_up

if memory := postgres.memory():
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", memory)  # SQLite waits for the disk at the end of each transaction
quick.finalise_once()
quick.hash_quickly()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What looks at the demonstration comes first, and so to one process: to load it takes 20 seconds."""
    items.sort(key=lambda item: "demonstration" not in getattr(item, "fixturenames", ()))


def pytest_collection_finish() -> None:
    """The house is not looked through again for waste in it: that takes a tenth of the time of a test."""
    gc.collect()
    gc.freeze()


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[str]:
    """Open for the length of the test; the value is its URL."""
    async with storage.opened(database_url):
        yield database_url


@pytest.fixture
def log_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the private key of the log lies during the test; none is there yet."""
    monkeypatch.setenv("QIBAN_LOG_KEY", str(tmp_path / "keys" / "log-key"))
    return tmp_path / "keys" / "log-key"


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    return f"sqlite://{shutil.copy(sqlite_template, tmp_path / 'qiban.sqlite3')}"


@pytest.fixture
async def postgres_url(postgres_server: str, postgres_template: str) -> AsyncIterator[str]:
    async with postgres.created(postgres_server, postgres_template) as url:
        yield url


@pytest.fixture
async def empty_postgres_url(postgres_server: str) -> AsyncIterator[str]:
    async with postgres.created(postgres_server) as url:
        yield url


@pytest.fixture(scope="session")
async def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "qiban.sqlite3"
    await _migrate(f"sqlite://{file}")
    return file


@pytest.fixture(scope="session")
async def postgres_template(postgres_server: str) -> AsyncIterator[str]:
    async with postgres.created(postgres_server) as url:
        await _migrate(url)
        yield urlsplit(url).path[1:]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    with postgres.running() as url:
        yield url


@pytest.fixture(scope="session")
async def loaded_sqlite(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return await a_load(f"sqlite://{shutil.copy(sqlite_template, tmp_path_factory.mktemp('demo') / 'demo.sqlite3')}")


@pytest.fixture(scope="session")
async def loaded_postgres(postgres_server: str, postgres_template: str) -> AsyncIterator[Loaded]:
    async with postgres.created(postgres_server, postgres_template) as url:
        yield await a_load(url)


@pytest.fixture(params=["sqlite", "postgres"])
def demonstration(request: pytest.FixtureRequest) -> Loaded:
    made: Loaded = request.getfixturevalue(f"loaded_{request.param}")
    return made


@pytest.fixture
async def loaded(demonstration: Loaded) -> AsyncIterator[Loaded]:
    """The demonstration, open for the length of the test, which leaves it as it is."""
    async with storage.opened(demonstration.url):
        yield demonstration


async def _migrate(url: str) -> None:
    """Before anything that happens in a test."""
    with clock.stopped(datetime(2020, 1, 1, tzinfo=UTC)):
        async with storage.opened(url):
            await bring_up()
