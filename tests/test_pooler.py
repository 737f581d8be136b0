"""Behind a pooler in transaction mode: each transaction may come to another connection, and nothing notices."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from domain import clock
from domain import database as storage
from domain.cases import Case
from tests import postgres, replication
from tests.graphql import Client, served, signed_in
from tests.pooler import pooling
from tests.proofs import assert_whole
from tests.world import World, a_case, a_world
from workflows import announce
from workflows.perform import perform
from workflows.replay import replay

BOARD = "{ cases { totalCount nodes { number state moves { name } } } }"
PAST = "query($at: DateTime!) { cases(asOf: $at) { nodes { number state } } }"
AT_ONCE = 8
"""More than the pooler has connections."""


@asynccontextmanager
async def a_pooler(folder: str) -> AsyncIterator[int]:
    """The port of a pooler before the server of a folder: ours, or the PgBouncer that QIBAN_TEST_PGBOUNCER names."""
    program = os.environ.get("QIBAN_TEST_PGBOUNCER")
    if not program:
        async with pooling(folder) as (_, port):
            yield port
        return
    own, port = Path(tempfile.mkdtemp(prefix="qiban-bouncer-")), replication._free_port()
    (own / "users.txt").write_text('"postgres" ""\n')
    (own / "pgbouncer.ini").write_text(
        f"[databases]\n* = host={folder}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n"
        f"unix_socket_dir =\nauth_type = trust\nauth_file = {own}/users.txt\npool_mode = transaction\n"
        "default_pool_size = 3\nserver_reset_query =\n"
    )
    user = postgres._nobody()
    if user:
        for each in (own, own / "users.txt", own / "pgbouncer.ini"):
            shutil.chown(each, user)
    bouncer = await asyncio.create_subprocess_exec(program, "-q", str(own / "pgbouncer.ini"), user=user)
    try:
        await asyncio.sleep(0.5)
        yield port
    finally:
        bouncer.send_signal(signal.SIGINT)
        await bouncer.wait()
        shutil.rmtree(own)


@pytest.fixture
async def pooled(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """The service's own database by way of a pooler; open."""
    [folder] = parse_qs(urlsplit(postgres_url).query)["host"]
    async with a_pooler(folder) as port:
        url = f"postgres://postgres@127.0.0.1:{port}{urlsplit(postgres_url).path}"
        monkeypatch.setenv("QIBAN_DATABASE_URL", url)
        monkeypatch.setenv("QIBAN_LISTEN_URL", postgres_url)
        async with storage.opened():
            yield url


async def test_everything_goes_on_behind_a_pooler_in_transaction_mode(pooled: str) -> None:
    assert storage.default_url() == pooled
    await storage.migrate()
    world = await a_world()
    cases = [await a_case(world) for _ in range(AT_ONCE)]
    before = clock.now()
    async with served() as http, announce.announcing():
        client = await signed_in(http, world.dispatcher)
        with announce.Listener([world.zone.id, ("case", world.zone.id)]) as listener:
            await asyncio.gather(*(_submit(world, case) for case in cases), *(_reads(client) for _ in cases))
            heard = {note.subject_id for _, note in [await listener.heard() for _ in cases] if note}
        boards = await asyncio.gather(*(client.ask(BOARD) for _ in range(AT_ONCE)))
        then, now = await asyncio.gather(
            client.ask(PAST, at=before.isoformat()), client.ask(PAST, at=clock.now().isoformat())
        )

    assert all(board["cases"]["totalCount"] == AT_ONCE for board in boards)
    assert {each["state"] for each in then["cases"]["nodes"]} == {"COLLECTED"}, "the past is not the present"
    assert {each["state"] for each in now["cases"]["nodes"]} == {"ASSIGNING"}
    assert heard == {case.id for case in cases}, "the listener has a connection of its own"
    assert [each async for each in replay()] == []
    await assert_whole()


async def _submit(world: World, case: Case) -> None:
    await perform(await world.viewer(world.companion), Case, case.id, "submit")


async def _reads(client: Client) -> None:
    for _ in range(5):
        await client.ask(BOARD)
