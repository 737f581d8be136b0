"""PostgreSQL's own ways of keeping a copy, as docs/deployment.md has them: each ends with a green replay."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from domain import database as storage
from domain.cases import Case
from tests import postgres
from tests.proofs import refused
from tests.replication import Node, a_pair, url_of
from tests.test_backups import green
from tests.test_races import a_writer
from tests.waiting import until
from tests.world import a_case, a_world
from workflows.backups import back_up
from workflows.founding import bring_up
from workflows.log_keys import create_key
from workflows.seals import seal


@asynccontextmanager
async def while_somebody_writes(url: str) -> AsyncIterator[None]:
    """In the block cases are collected by another process; some before it begins."""
    async with storage.opened(url):
        world = await a_world()
        await create_key()
        writer = await a_writer(url, world.companion)
        try:
            assert writer.stdout
            for _ in range(3):
                await asyncio.wait_for(writer.stdout.readline(), 30)
            await seal()
            yield
        finally:
            writer.kill()
            await writer.communicate()


async def test_a_dump_made_while_others_write_comes_back_whole(
    postgres_url: str, empty_postgres_url: str, tmp_path: Path, log_key: Path
) -> None:
    [host] = parse_qs(urlsplit(postgres_url).query)["host"]
    connect, dump = ("-h", host, "-U", "postgres", "-d"), Path(host) / "qiban.dump"
    name, empty = urlsplit(postgres_url).path[1:], urlsplit(empty_postgres_url).path[1:]
    async with while_somebody_writes(postgres_url):
        arguments = ("--format=custom", "--file", str(dump))
        await asyncio.to_thread(postgres.run, "pg_dump", *connect, name, *arguments, folder=Path(host))

    restoring = ("--exit-on-error", "--no-owner", str(dump))
    await asyncio.to_thread(postgres.run, "pg_restore", *connect, empty, *restoring, folder=Path(host))
    dump.unlink()

    async with storage.opened(empty_postgres_url):
        await bring_up()
        assert await Case.all().count() >= 3
        assert await green()
        await a_case(await a_world("GZ"))
        assert await seal()


async def test_what_was_archived_brings_back_any_moment(log_key: Path) -> None:
    with a_pair(archive_mode="on", archive_command="cp %p ../%f") as (primary, copy):
        copy.kill()  # it stands for the base backup, and for the machine on which all is put back
        await primary.ask("CREATE DATABASE qiban")
        async with storage.opened(url_of("qiban", primary)):
            await bring_up()
        async with while_somebody_writes(url_of("qiban", primary)):
            pass
        moment = await primary.ask("SELECT now()::text")
        async with storage.opened(url_of("qiban", primary)):
            kept = set(await Case.all().values_list("number", flat=True))
            await a_case(await a_world("GZ"))
        await primary.ask("SELECT pg_switch_wal()")
        await until_archived(primary)
        primary.kill()

        put_back(copy, moment)
        copy.start()
        await until(lambda: copy.ask("SELECT NOT pg_is_in_recovery()"))

        async with storage.opened(url_of("qiban", copy)):
            assert set(await Case.all().values_list("number", flat=True)) == kept
            assert await green()
            await a_case(await a_world("XY"))
            assert await seal()


def put_back(node: Node, moment: str) -> None:
    data = node.folder / "data"
    (data / "standby.signal").rename(data / "recovery.signal")
    node.settings |= {
        "restore_command": "cp ../../primary/%f %p", "recovery_target_time": moment,
        "recovery_target_action": "promote", "primary_conninfo": "",
    }


async def until_archived(node: Node) -> None:
    archived = "SELECT last_archived_wal >= pg_walfile_name(pg_current_wal_lsn() - 1) FROM pg_stat_archiver"
    await until(lambda: node.ask(archived))


async def test_the_command_says_that_it_is_for_sqlite_and_writes_nothing(postgres_url: str, tmp_path: Path) -> None:
    async with storage.opened(postgres_url):
        with refused("ONLY_SQLITE"):
            await back_up(out := tmp_path / "backup.zip")

    assert not await asyncio.to_thread(out.exists)
