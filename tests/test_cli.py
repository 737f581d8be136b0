"""The command line as whoever runs the installation meets it: a process of its own, an exit code, a sentence."""

from __future__ import annotations

import asyncio
import re
import socket
import stat
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx
import openpyxl  # type: ignore[import-untyped]
import pytest

from api.commands.serving import _listening
from domain import clock
from domain import database as storage
from domain.accounts import Account
from domain.people import Membership
from domain.timers import Timer
from domain.viewers import Role
from domain.webhooks import Webhook
from domain.zones import Zone
from tests.terminal import ROOT, SECONDS, qiban, started
from tests.world import a_case, a_dispatched_case, a_world, a_zone


async def test_help_names_every_command_and_loads_nothing_heavy() -> None:
    helped = await qiban("--help")
    heavy = "import sys, api.cli; print({'strawberry', 'tortoise', 'xlsxwriter', 'uvicorn'} & set(sys.modules))"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", heavy, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    loaded, _ = await process.communicate()

    assert helped.code == 0
    for command in ("serve", "worker", "timers", "migrate", "demo", "schema", "flows", "zone", "export-lists"):
        assert command in helped.out
    assert loaded.decode().strip() == "set()"


async def test_the_schema_is_printed_for_a_file() -> None:
    printed = await qiban("schema")

    assert printed.code == 0
    assert "type Mutation {" in printed.out


async def test_a_new_database_is_made_by_its_migrations(tmp_path: Path) -> None:
    url = f"sqlite://{tmp_path / 'new' / 'qiban.sqlite3'}"

    first, second = await qiban("migrate", url=url), await qiban("migrate", url=url)

    assert (first.code, second.code) == (0, 0)
    async with storage.opened(url):
        assert await Zone.all().count() == 0


async def test_timers_are_listed_tried_again_and_rebuilt(sqlite_url: str) -> None:
    async with storage.opened(sqlite_url):
        with clock.stopped(datetime(2026, 3, 2, tzinfo=UTC)):
            cases = [await a_dispatched_case(await a_world(code)) for code in ("GL", "GZ")]
        parked, missing = [Timer.filter(subject_id=case.id, move="sign_by_lapse") for case in cases]
        count, record_id = await Timer.all().count(), (await parked.get()).record_id
        await parked.update(wake_at=None, attempts=8, last_error="RuntimeError at here.py:1")
        await missing.delete()

        listed = await qiban("timers", "list", "--lang", "en", url=sqlite_url, COLUMNS="200")
        rebuilt = await qiban("timers", "rebuild", url=sqlite_url)
        tried = await qiban("timers", "retry", url=sqlite_url)

        assert f"0 waiting, {count - 2} overdue, 1 parked." in listed.err
        assert all(part in listed.out for part in ("RuntimeError", "Signed by lapse", str(record_id), "parked"))
        assert "1条记录的定时任务已更正。" in rebuilt.err
        assert "1个定时任务将重试。" in tried.err
        assert await Timer.filter(wake_at__not_isnull=True).count() == count


async def test_a_zone_is_founded_with_an_administrator_who_can_sign_in(database: str) -> None:
    await a_zone("GX")

    founded = await qiban("zone", "found", "GL", "桂林高新区", "--admin", "gl.admin", "--parent", "GX", url=database)

    assert founded.code == 0, founded.err
    zone = await Zone.get(code="GL")
    account = await Account.get(login="gl.admin")
    assert (zone.name, zone.path) == ("桂林高新区", "GX/GL")
    assert await Membership.filter(person_id=account.person_id, role=Role.ADMINISTRATOR, zone_id=zone.id).exists()
    assert len(founded.out.strip()) >= 20, "the password, alone on the standard output"
    assert founded.out.strip() not in founded.err


async def test_the_operator_sets_a_webhook_and_is_shown_its_secret_once(sqlite_url: str, tmp_path: Path) -> None:
    async with storage.opened(sqlite_url):
        await a_zone("XY")
    given = ("--zone", "XY", "--name", "值班群", "--told", "case.close", "--lang", "en")
    secret = {"QIBAN_SECRET_FILE": str(tmp_path / "secret")}

    done = await qiban("webhook", "add", "https://1.1.1.1/hook", *given, url=sqlite_url, **secret)
    inside = await qiban("webhook", "add", "https://10.0.0.1/hook", *given, url=sqlite_url, **secret)
    unknown = await qiban("webhook", "add", "https://1.1.1.1/", *given, "--format", "fax", url=sqlite_url, **secret)

    async with storage.opened(sqlite_url):
        webhook = await Webhook.get()
    assert (webhook.host, webhook.told) == ("1.1.1.1", ["case.close"])
    assert re.search(r"^whsec_[\w+/=]{44}$", done.out, re.MULTILINE)
    assert "internal address" in inside.err
    assert "no such format" in unknown.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("GL", "桂林", "--admin", "new"), "代码“GL”已属于“GL高新区”。"),
        (("g!", "桂林", "--admin", "new"), "code：代码须为2至10位"),
        (("LYG", "", "--admin", "new"), "name：此项必填。"),
        (("LYG", "连云港", "--admin", " "), "login：此项必填。"),
        (("LYG", "连云港", "--admin", " ", "--lang", "en"), "login: This is required."),
        (("LYG", "连云港", "--admin", "new", "--parent", "NO"), "现有：GL"),
    ],
)
async def test_a_zone_that_cannot_be_is_refused_in_a_sentence(
    sqlite_url: str, arguments: tuple[str, ...], said: str
) -> None:
    async with storage.opened(sqlite_url):
        await a_zone("GL")

        refused = await qiban("zone", "found", *arguments, url=sqlite_url)

        assert refused.code == 1
        assert said in refused.err
        assert await Zone.all().count() == 1 and await Account.all().count() == 0


async def test_messages_follow_the_language_of_the_surroundings(sqlite_url: str) -> None:
    command = ("export-lists", "--zone", "XX", "--out", "lists.xlsx")

    chinese = await qiban(*command, url=sqlite_url, LANG="C")
    english = await qiban(*command, url=sqlite_url, LANG="en_GB.UTF-8")
    chosen = await qiban(*command, "--lang", "zh", url=sqlite_url, LANG="en_GB.UTF-8")

    assert chinese.err == chosen.err == "没有代码为“XX”的高新区；现有：—。\n"
    assert english.err == "No zone has the code “XX”; there are: —.\n"


async def test_the_lists_are_written_and_replace_what_was_there(database: str, tmp_path: Path) -> None:
    world = await a_world()
    case = await a_case(world)
    out = tmp_path / "清单.xlsx"
    out.write_text("an older file")

    exported = await qiban("export-lists", "--zone", "gl", "--out", out, url=database)

    assert exported.code == 0, exported.err
    assert exported.err == f"已写入 {out}：问题清单 1，责任清单 0，整改清单 0\n"
    assert openpyxl.load_workbook(out)["问题清单"]["B3"].value == case.number
    assert not list(tmp_path.glob("*.part"))  # noqa: ASYNC240


async def test_lists_that_cannot_be_written_leave_what_was_there(sqlite_url: str, tmp_path: Path) -> None:
    async with storage.opened(sqlite_url):
        await a_zone("GL")
    old = tmp_path / "old.xlsx"
    old.write_text("an older file")
    (tmp_path / "folder.xlsx").mkdir()

    async def refused(out: Path) -> str:
        ended = await qiban("export-lists", "--zone", "GL", "--out", out, url=sqlite_url)
        assert ended.code == 1
        return ended.err

    assert await refused(tmp_path / "none" / "a.xlsx") == f"无法写入 {tmp_path / 'none' / 'a.xlsx'}：目录不存在。\n"
    assert await refused(old / "a.xlsx") == f"无法写入 {old / 'a.xlsx'}：目录不存在。\n"
    assert "文件名须以 .xlsx 结尾" in await refused(tmp_path / "lists.csv")
    assert "是一个目录" in await refused(tmp_path / "folder.xlsx")
    assert old.read_text() == "an older file"


@pytest.mark.parametrize(
    ("command", "url", "said"),
    [
        ("migrate", "mysql://somewhere/qiban", "须以 sqlite:// 或 postgres:// 开头，现为“mysql://”"),
        ("migrate", "qiban.sqlite3", "须以 sqlite:// 或 postgres:// 开头"),
        ("serve", "postgres://someone:hidden@127.0.0.1:1/qiban", "数据库不可用"),
        ("demo", "sqlite:///dev/null/qiban.sqlite3", "数据库不可用"),
    ],
)
async def test_a_database_that_cannot_be_used_is_said_in_a_sentence(command: str, url: str, said: str) -> None:
    refused = await qiban(command, url=url)

    assert refused.code == 1
    assert said in refused.err
    assert "hidden" not in refused.err


async def test_the_demonstration_is_loaded_once_and_its_accounts_are_printed(sqlite_url: str) -> None:
    first = await qiban("demo", "--load-only", url=sqlite_url)
    again = await qiban("demo", "--load-only", "--lang", "en", url=sqlite_url)
    async with storage.opened(sqlite_url):
        zones = await Zone.all().count()

    assert (first.code, again.code) == (0, 0), first.err + again.err
    assert "gl.admin" in first.out and "gl.admin" in again.out
    assert "演示账号" in first.out and "Demonstration accounts" in again.out
    assert zones == 8


async def test_the_service_is_served_until_it_is_told_to_stop(sqlite_url: str, unused_tcp_port: int) -> None:
    process = await started("serve", "--port", str(unused_tcp_port), "--no-worker", url=sqlite_url)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{unused_tcp_port}") as http:
            assert (await answered(http)).json() == {"status": "ok"}
            page = await http.post("/graphql", json={"query": "{ __typename }"})
            taken = await qiban("serve", "--port", str(unused_tcp_port), url=sqlite_url)
    finally:
        process.terminate()
        await asyncio.wait_for(process.communicate(), SECONDS)

    assert page.json() == {"data": {"__typename": "Query"}}
    assert taken.code == 1 and f"不能在 127.0.0.1:{unused_tcp_port} 监听" in taken.err


async def test_an_address_given_up_a_moment_later_is_waited_for(sqlite_url: str, unused_tcp_port: int) -> None:
    with socket.create_server(("127.0.0.1", unused_tcp_port)):
        process = await started("serve", "--port", str(unused_tcp_port), "--no-worker", url=sqlite_url)
        await asyncio.sleep(2)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{unused_tcp_port}") as http:
            assert (await answered(http)).json() == {"status": "ok"}
    finally:
        process.terminate()
        await asyncio.wait_for(process.communicate(), SECONDS)


def test_answers_do_not_wait_for_their_head_to_be_acknowledged() -> None:
    with _listening("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def answered(http: httpx.AsyncClient) -> httpx.Response:
    """The first answer of a service that is still starting."""
    for _ in range(SECONDS * 10):
        try:
            return await http.get("/health")
        except httpx.TransportError:
            await asyncio.sleep(0.1)
    raise TimeoutError("the service did not start")


def test_the_machine_that_watches_can_run_the_tests() -> None:
    script = ROOT / ".ci" / "run"

    assert script.stat().st_mode & stat.S_IXUSR
    assert "set -euo pipefail" in script.read_text()


async def test_nobody_serves_with_a_secret_that_is_too_short(sqlite_url: str) -> None:
    for command in (("serve", "--port", "0"), ("worker",)):
        ended = await qiban(*command, "--lang", "en", url=sqlite_url, QIBAN_SECRET="short")

        assert ended.code == 1 and "32 bytes at least" in ended.err
