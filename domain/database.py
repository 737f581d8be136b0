"""Where the records live: SQLite in one file or PostgreSQL by URL; opened, migrated, all or nothing."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Literal, TypeVar
from weakref import WeakSet

import asyncpg  # type: ignore[import-untyped]
from tortoise.backends.base.client import BaseDBAsyncClient, TransactionalDBClient
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext, get_current_context
from tortoise.models import Model
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from domain import postgres, schema

MODELS: tuple[str, ...] = (
    "domain.zones",
    "domain.calendar.rows",
    "domain.departments",
    "domain.enterprises",
    "domain.people",
    "domain.accounts",
    "domain.chains",
    "domain.cases",
    "domain.problems",
    "domain.responsibilities",
    "domain.rectifications",
    "domain.consultations",
    "domain.supervisions",
    "domain.figures",
    "domain.campaigns",
    "domain.carriers",
    "domain.applications",
    "domain.recognitions",
    "domain.filed_counts",
    "domain.libraries",
    "domain.library_entries",
    "domain.checklists",
    "domain.roadmaps",
    "domain.rounds",
    "domain.visits",
    "domain.reviews",
    "domain.needs",
    "domain.stays",
    "domain.vouchers",
    "domain.outcomes",
    "domain.stated_figures",
    "domain.indicators",
    "domain.ladders",
    "domain.teams",
    "domain.posts",
    "domain.assignments",
    "domain.policies",
    "domain.appropriations",
    "domain.contracts",
    "domain.claims",
    "domain.agencies",
    "domain.attachments",
    "domain.numbers",
    "domain.history",
    "domain.spans",
    "domain.notices",
    "domain.webhooks",
    "domain.answers",
    "domain.documents",
    "domain.seals",
    "domain.timers",
)

SQLITE_PRAGMAS = {
    "busy_timeout": 30_000,  # first: the others may already have to wait for another process
    "journal_mode": "WAL",
    "synchronous": "FULL",
    "foreign_keys": "ON",
    "secure_delete": "ON",  # what was erased or changed is overwritten in the file, workflows/erasure.py
    "recursive_triggers": "ON",  # or INSERT OR REPLACE would pass domain/append_only.py
}
CLASHES = (asyncpg.UniqueViolationError, asyncpg.TransactionRollbackError, asyncpg.LockNotAvailableError)
SQLITE_CLASHES = (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_BUSY)
MIGRATING = 20_190_417  # any number, as long as nobody else takes an advisory lock by it

Row = TypeVar("Row", bound=Model)
_first_hand: ContextVar[bool] = ContextVar("first_hand", default=False)
_broken: WeakSet[TransactionalDBClient] = WeakSet()


def default_url() -> str:
    return os.environ.get("QIBAN_DATABASE_URL", "sqlite://var/qiban.sqlite3")


def listen_url(url: str | None = None) -> str:
    """Where to listen for the changes of other processes: a pooler such as PgBouncer lets nobody listen through it."""
    direct = os.environ.get("QIBAN_LISTEN_URL") if url in (None, default_url()) else None
    return direct or url or default_url()


def credentials(url: str) -> dict[str, Any]:
    one, several = postgres.named(url) if url.startswith("postgres") else (url, {})
    found: dict[str, Any] = {**expand_db_url(one)["credentials"], **several}
    return found


def config(url: str | None = None, models: Sequence[str] | None = None) -> dict[str, Any]:
    """What tortoise wants to know: `default` writes, `reads` never waits for a writer, `past` is domain/as_of.py's."""
    url = url or default_url()
    return {
        "connections": _sqlite(url) if url.startswith("sqlite:") else _postgres(url),
        "apps": {
            "qiban": {
                "models": list(models or MODELS),
                "default_connection": "default",
                "migrations": "migrations",
            }
        },
        "use_tz": True,
        "timezone": "UTC",
    }


@asynccontextmanager
async def opened(url: str | None = None, models: Sequence[str] | None = None) -> AsyncIterator[None]:
    """The database, for as long as the block lasts; under uvicorn also for the tasks started elsewhere."""
    settings = config(url, models)
    if file := settings["connections"]["default"]["credentials"].get("file_path"):
        Path(file).parent.mkdir(parents=True, exist_ok=True)
    outermost = get_current_context() is None
    EXECUTOR_CACHE.clear()  # it holds statements in the dialect of the database opened before
    async with TortoiseContext() as context:
        await context.init(settings, _enable_global_fallback=outermost)
        yield


@asynccontextmanager
async def transaction() -> AsyncIterator[TransactionalDBClient]:
    """All or nothing. Inside another it is part of that one, and when it fails the whole fails."""
    outer = _open_transaction()
    if outer is None:
        async with in_transaction("default") as connection:
            yield connection
            if connection in _broken:
                raise RuntimeError("a part of this transaction failed, so nothing of it was kept")
    else:
        try:
            yield outer
        except BaseException:
            _broken.add(outer)
            raise


def reads() -> BaseDBAsyncClient:
    """Where to read: `Case.filter(…).using_db(reads())`. A transaction reads what it has written; in a block of
    `as_of.reading` all is as it was then, in one of `first_hand` nothing comes from a replica."""
    if looking_back():
        return get_connection("past")
    place = "default" if _first_hand.get() and engine() == "postgres" else "reads"
    return _open_transaction() or get_connection(place)


def reads_from() -> Any:
    """The file or the pool that is read, beyond any transaction: what is kept of one database is kept by this, so that
    it is not taken for another's."""
    place = reads()
    return getattr(place, "_parent", place)


def looking_back() -> bool:
    """Whether reads are answered as of an instant past."""
    return isinstance(get_connection("past"), TransactionalDBClient)


@contextmanager
def first_hand() -> Iterator[None]:
    """For reading what was announced a moment ago: a replica may not know of it yet."""
    token = _first_hand.set(True)
    try:
        yield
    finally:
        _first_hand.reset(token)


def engine() -> Literal["sqlite", "postgres"]:
    return "sqlite" if get_connection("default").capabilities.dialect == "sqlite" else "postgres"


def lock(rows: QuerySet[Row]) -> QuerySet[Row]:
    """The rows, held until the transaction ends; on SQLite it holds the whole file already."""
    return rows.select_for_update(no_key=True) if engine() == "postgres" else rows


def free(rows: QuerySet[Row]) -> QuerySet[Row]:
    """Those of the rows that nobody else holds, held until the transaction ends; it never waits."""
    return rows.select_for_update(no_key=True, skip_locked=True) if engine() == "postgres" else rows


def is_clash(error: Exception) -> bool:
    """Whether a change failed only because another came first: a value just taken, a deadlock, a wait too long."""
    # tortoise wraps some of the driver's errors and lets others through.
    cause = error.args[0] if error.args and isinstance(error.args[0], Exception) else error
    return isinstance(cause, CLASHES) or getattr(cause, "sqlite_errorcode", None) in SQLITE_CLASHES


@asynccontextmanager
async def alone(work: int = MIGRATING) -> AsyncIterator[TransactionalDBClient]:
    """A transaction for what any number of processes may want to do at once: of one kind of work, one at a time. On
    SQLite whoever writes is alone."""
    async with transaction() as connection:
        if engine() == "postgres":
            await connection.execute_query("SELECT pg_advisory_xact_lock($1)", [work])
        yield connection


async def migrate() -> None:
    """Bring the schema up to the code, in one transaction; a second process waits and finds it done."""
    async with alone() as connection:
        if await schema.migrate(connection, config()["apps"]):
            from domain.rebuilding import rebuild

            await rebuild()


def pools() -> dict[str, tuple[int, int, int]]:
    """Of each pool of PostgreSQL connections that is open: how many are in use, how many idle, how many at most."""
    found = {}
    for name in ("default", "reads", "past"):
        if pool := getattr(get_connection(name), "_pool", None):
            idle = pool.get_idle_size()
            found[name] = (pool.get_size() - idle, idle, pool.get_max_size())
    return found


def within() -> Any:
    """The transaction that is open."""
    connection = _open_transaction()
    assert connection is not None
    return connection


def _open_transaction() -> TransactionalDBClient | None:
    connection = get_connection("default")
    return connection if isinstance(connection, TransactionalDBClient) else None


def _sqlite(url: str) -> dict[str, Any]:
    writer = {"file_path": credentials(url)["file_path"], **SQLITE_PRAGMAS}
    reader = {**writer, "query_only": "ON"}
    return {
        "default": {"engine": "domain.sqlite", "credentials": writer},
        "reads": {"engine": "domain.sqlite", "credentials": reader},
        "past": {"engine": "domain.as_of", "credentials": writer},
    }


def replicated() -> bool:
    """Whether reads go elsewhere than writes, and may know less."""
    return bool(os.environ.get("QIBAN_READS_URL")) and engine() == "postgres"


def _postgres(url: str) -> dict[str, Any]:
    replica = os.environ.get("QIBAN_READS_URL") if url == default_url() else None
    pooled = url == default_url() and "QIBAN_LISTEN_URL" in os.environ
    reads = {**_pool(replica, pooled, minsize=0), "engine": "domain.replicas"} if replica else _pool(url, pooled)
    return {"default": _pool(url, pooled), "reads": reads, "past": _pool(url, pooled, minsize=0)}


def _pool(url: str, pooled: bool, **other: Any) -> dict[str, Any]:
    size = {"minsize": 1, "maxsize": int(os.environ.get("QIBAN_POOL", "10"))}
    # Behind a pooler a statement's name may mean nothing, or something else, on the connection it comes to.
    names = {"statement_cache_size": 0} if pooled else {}
    return {"engine": "domain.postgres", "credentials": {**size, **names, **credentials(url), **other}}


# For `tortoise -c domain.database.TORTOISE_ORM makemigrations`.
TORTOISE_ORM = config()
