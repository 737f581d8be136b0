"""A backup is made while the service writes, holds one moment of it, and comes back whole or not at all."""

from __future__ import annotations

import asyncio
import stat
import zipfile
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from pathlib import Path

import orjson
import pytest

from domain import database as storage
from domain.attachments import Attachment
from domain.cases import Case
from domain.people import Person
from domain.stores import open_store
from tests.proofs import refused
from tests.terminal import qiban
from tests.test_races import a_writer
from tests.world import a_case, a_world
from workflows.backups import back_up, restore
from workflows.log_check import check_log
from workflows.log_keys import create_key
from workflows.perform import create
from workflows.replay import replay
from workflows.seals import seal

CONTENT = b"%PDF-1.7 evidence"


@pytest.fixture
async def office(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Person]:
    """An installation that has begun its log, with a case and its evidence; open."""
    monkeypatch.setenv("QIBAN_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("QIBAN_SECRET_FILE", str(tmp_path / "secret"))
    (tmp_path / "secret").write_text("a secret of this office, long enough")
    async with storage.opened():
        world = await a_world()
        case = await a_case(world)
        key = "2026/05/one"

        async def chunks() -> AsyncIterator[bytes]:
            yield CONTENT

        stored = await open_store(tmp_path / "qiban.sqlite3").put(key, chunks(), 1_000)
        await create(
            await world.viewer(world.companion), Attachment, "attach", within=case, file_name="批复.pdf",
            content_type="application/pdf", size=stored.size, sha256=stored.sha256, store_key=key,
        )
        await create_key()
        await seal()
        yield world.companion


@pytest.fixture
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another machine, on which nothing is yet."""
    return tmp_path_factory.mktemp("elsewhere") / "var" / "qiban.sqlite3"


async def test_a_backup_made_while_others_write_is_one_moment_and_comes_back(
    office: Person, tmp_path: Path, elsewhere: Path
) -> None:
    out, writer = tmp_path / "backup.zip", await a_writer(storage.default_url(), office)
    try:
        assert writer.stdout
        said = [await asyncio.wait_for(writer.stdout.readline(), 30) for _ in range(3)]
        await back_up(out)
        later = [await asyncio.wait_for(writer.stdout.readline(), 30) for _ in range(3)]
    finally:
        writer.kill()
        await writer.communicate()

    await restore(out, elsewhere)

    assert len(later) == 3, "nobody was held up"
    async with storage.opened(f"sqlite://{elsewhere}"):
        numbers = set(await Case.all().values_list("number", flat=True))
        assert {line.decode().strip() for line in said} <= numbers
        assert await green()
    assert (elsewhere.parent / "files/2026/05/one").read_bytes() == CONTENT
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert left_over(tmp_path, elsewhere.parent) == []


async def test_what_was_restored_goes_on_with_its_log(
    office: Person, tmp_path: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await back_up(tmp_path / "backup.zip", with_secrets=True)
    monkeypatch.setenv("QIBAN_SECRET_FILE", str(elsewhere.parent / "secret"))

    await restore(tmp_path / "backup.zip", elsewhere)

    assert (elsewhere.parent / "secret").read_text() == (tmp_path / "secret").read_text()
    assert stat.S_IMODE((elsewhere.parent / "log-key").stat().st_mode) == 0o600
    async with storage.opened(f"sqlite://{elsewhere}"):
        await a_case(await a_world("GZ"))
        assert await seal()
        assert await green()


async def test_secrets_are_in_it_only_when_asked_for(office: Person, tmp_path: Path) -> None:
    await back_up(tmp_path / "plain.zip")
    await back_up(tmp_path / "with.zip", with_secrets=True)

    assert not [name for name in names(tmp_path / "plain.zip") if name.startswith("secrets/")]
    assert {"secrets/secret", "secrets/log-key"} <= names(tmp_path / "with.zip")


async def test_nothing_is_overwritten(office: Person, tmp_path: Path, elsewhere: Path) -> None:
    out = tmp_path / "backup.zip"
    await back_up(out)
    before = out.read_bytes()

    with refused("THERE_ALREADY"):
        await back_up(out)
    with refused("THERE_ALREADY"):
        await restore(out, tmp_path / "qiban.sqlite3")
    (elsewhere.parent / "files").mkdir(parents=True)
    (elsewhere.parent / "files" / "someone's").touch()
    with refused("THERE_ALREADY"):
        await restore(out, elsewhere)

    assert out.read_bytes() == before
    assert not found(elsewhere)


@pytest.mark.parametrize("name", ["qiban.sqlite3", "files/2026/05/one", "manifest.json"])
async def test_a_backup_that_was_altered_is_not_restored(
    office: Person, tmp_path: Path, elsewhere: Path, name: str
) -> None:
    await back_up(tmp_path / "backup.zip")
    rewritten(tmp_path / "backup.zip", name, lambda content: content.replace(b"e", b"f", 1))

    with refused("NOT_A_BACKUP"):
        await restore(tmp_path / "backup.zip", elsewhere)

    assert not found(elsewhere) and left_over(elsewhere.parent) == []


async def test_a_file_cut_short_is_no_backup(office: Person, tmp_path: Path, elsewhere: Path) -> None:
    out = tmp_path / "backup.zip"
    await back_up(out)
    out.write_bytes(out.read_bytes()[:-1_000])

    with refused("NOT_A_BACKUP"):
        await restore(out, elsewhere)


async def test_data_that_is_not_what_its_history_says_makes_no_backup(office: Person, tmp_path: Path) -> None:
    await Case.all().update(title="另改")

    with refused("DIFFERS"):
        await back_up(tmp_path / "backup.zip")

    assert not found(tmp_path / "backup.zip")


async def test_a_backup_of_a_later_version_waits_for_that_version(
    office: Person, tmp_path: Path, elsewhere: Path
) -> None:
    out = tmp_path / "backup.zip"
    told = asdict(await back_up(out)) | {"migrations": ["9999_later"]}
    rewritten(out, "manifest.json", lambda _: orjson.dumps(told))

    with refused("FROM_LATER"):
        await restore(out, elsewhere)


async def test_evidence_the_store_has_lost_is_told_and_altered_evidence_refused(office: Person, tmp_path: Path) -> None:
    evidence = tmp_path / "files/2026/05/one"
    evidence.write_bytes(b"%PDF-1.7 something else")
    with refused("NOT_A_BACKUP"):
        await back_up(tmp_path / "altered.zip")

    evidence.unlink()
    told = await back_up(tmp_path / "lost.zip")

    assert told.lost == ["2026/05/one"]


async def test_it_is_done_at_the_terminal(office: Person, tmp_path: Path, elsewhere: Path) -> None:
    out, secret = tmp_path / "backup.zip", {"QIBAN_SECRET_FILE": str(tmp_path / "secret")}

    made = await qiban("backup", out, "--lang", "en", url=storage.default_url(), **secret)
    back = await qiban("restore", out, "--lang", "en", url=f"sqlite://{elsewhere}", **secret)
    again = await qiban("restore", out, "--lang", "en", url=f"sqlite://{elsewhere}", **secret)
    replayed = await qiban("audit", "replay", "--lang", "en", url=f"sqlite://{elsewhere}", **secret)
    checked = await qiban("audit", "check-log", "--lang", "en", url=f"sqlite://{elsewhere}", **secret)
    other = await qiban("restore", out, "--lang", "en", url="postgres://nowhere/qiban", **secret)

    assert (made.code, back.code, replayed.code, checked.code) == (0, 0, 0, 0), (made.err, back.err)
    assert "1 files" in made.err and "Secrets are not in it" in made.err
    assert "QIBAN_SECRET is not" not in back.err
    assert again.code == 1 and "is there already" in again.err
    assert "differences: 0" in replayed.err
    assert other.code == 1 and "pg_dump" in other.err


async def green() -> bool:
    return [each async for each in replay()] == [] and (await check_log())[1] == []


def left_over(*folders: Path) -> list[Path]:
    """What becomes of a backup lies in a folder of its own until it is one."""
    return [each for folder in folders for each in folder.iterdir() if each.name.startswith(".")]


def found(path: Path) -> bool:
    return path.exists()


def names(file: Path) -> set[str]:
    with zipfile.ZipFile(file) as opened:
        return set(opened.namelist())


def rewritten(file: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    """The same backup with one of its parts changed, as whoever knows how to write a zip would."""
    with zipfile.ZipFile(file) as before:
        parts = {each: before.read(each) for each in before.namelist()}
    parts[name] = change(parts[name])
    with zipfile.ZipFile(file, "w") as after:
        for each, content in parts.items():
            after.writestr(each, content)
