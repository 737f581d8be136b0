"""Checking the log: whatever its owner has altered behind the service's back is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain import database as storage
from domain.seals import Checkpoint, Leaf
from tests.proofs import refused
from tests.sealing import without_triggers
from tests.terminal import qiban
from tests.test_seals import many_entries
from tests.world import a_zone
from workflows import log_keys
from workflows.log_check import check_log
from workflows.publishing import memory
from workflows.seals import keep_sealing, seal

pytestmark = pytest.mark.usefixtures("log_key")
ALTERED = {
    "UPDATE entry SET reason = 'x' WHERE id = '{id}'": "was altered",
    "DELETE FROM entry WHERE id = '{id}'": "its entry is gone",
    "UPDATE leaf SET data = 'ff' || substr(data, 3) WHERE id = 7": "not that of the checkpoint in the database",
    "DELETE FROM leaf WHERE id = 9": "before leaf 10 some are missing",
    "UPDATE subtree SET hash = 'ff' || substr(hash, 3)": "the hash kept over tile 0/0 is wrong",
    "UPDATE leaf SET data = 'no hash' WHERE id = 7": "leaf 7 is broken",
    "UPDATE leaf SET id = 1000000000000 WHERE id = 9": "before leaf 1000000000000 some are missing",
    "UPDATE checkpoint SET root = 'ff' || substr(root, 3)": "in the database is not signed by a key",
    "UPDATE log_key SET note = 'x' || public": "the hand-over to the key",
    "UPDATE entry SET sequence = 5, hash = 'ff' || substr(hash, 3) WHERE id = '{id}'": "does not follow",
    "DELETE FROM unsealed": "is neither in the log nor waiting",
}


async def a_log() -> None:
    await log_keys.create_key()
    await many_entries(300, chain=3)
    await seal()
    await a_zone("GL")


async def test_a_log_that_nobody_touched_is_in_order(database: str) -> None:
    await a_log()
    last = await Checkpoint.all().order_by("-id").first()
    assert last

    assert await check_log([last.note]) == (await Leaf.all().count(), [])


@pytest.mark.parametrize(("statement", "found"), ALTERED.items())
async def test_what_its_owner_altered_is_named(database: str, statement: str, found: str) -> None:
    await a_log()
    seventh = await Leaf.get(id=7)

    await without_triggers(statement.format(id=seventh.entry_id))

    _, findings = await check_log()
    assert any(found in each.en for each in findings), findings


async def test_one_leaf_gone_is_one_gap(database: str) -> None:
    await a_log()

    await without_triggers("DELETE FROM leaf WHERE id = 9")

    _, findings = await check_log()
    assert sum("some are missing" in each.en for each in findings) == 1


async def test_what_was_published_is_read_again_and_must_be_signed(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QIBAN_CHECKPOINT_FILE", f"{tmp_path / 'heads'}/")
    await a_log()
    await seal()
    first, _ = sorted((tmp_path / "heads").iterdir())
    assert (await check_log())[1] == []

    first.write_text(first.read_text().replace("— ", "— another."))

    assert [str(first) in each.en and "not signed" in each.en for each in (await check_log())[1]] == [True]


async def test_a_log_cut_back_whole_is_found_by_a_checkpoint_from_elsewhere(
    sqlite_url: str, tmp_path: Path, log_key: Path
) -> None:
    async with storage.opened(sqlite_url):
        await a_log()
        last, sealed = await Checkpoint.all().order_by("-id").first(), await Leaf.all().count()
        await without_triggers(
            "DELETE FROM leaf WHERE id >= 200", "DELETE FROM entry WHERE id NOT IN (SELECT entry_id FROM leaf)",
            "DELETE FROM subtree", "DELETE FROM checkpoint", "DELETE FROM unsealed",
        )
        memory().unlink()
        await seal()
    assert last
    kept = written(tmp_path / "kept.txt", last.note)

    async def check(*arguments: str | Path) -> tuple[int, str]:
        ended = await qiban("audit", "check-log", *arguments, url=sqlite_url, QIBAN_LOG_KEY=str(log_key))
        return ended.code, ended.out + ended.err

    assert await check() == (0, "日志 200 条，0 处不符。\n")
    code, said = await check("--checkpoint", kept)
    assert code == 1 and f"日志与所给的检查点（{sealed} 条）不符" in said
    assert "没有文件" in (await check("--checkpoint", tmp_path / "none.txt"))[1]


async def test_the_worker_raises_the_alarm_in_its_log(database: str, caplog: pytest.LogCaptureFixture) -> None:
    await log_keys.create_key()
    await a_zone("GL")
    await without_triggers("UPDATE entry SET reason = 'x'")

    with refused("ENTRY_ALTERED"):
        await keep_sealing()

    assert "nothing more is sealed: ENTRY_ALTERED" in caplog.text


async def test_the_worker_seals_once_there_is_a_key(database: str) -> None:
    await a_zone("GL")
    await keep_sealing()
    assert not await Checkpoint.exists()

    await log_keys.create_key()
    await keep_sealing()

    assert await Checkpoint.all().count() == 1


def written(file: Path, text: str) -> Path:
    file.write_text(text)
    return file
