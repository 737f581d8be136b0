"""The log: every committed entry becomes a leaf once, in the order of its history, under heads that only grow."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
from base64 import b64decode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from tortoise.connection import get_connection
from tortoise.exceptions import IntegrityError

from domain import database as storage
from domain import trees
from domain.database import transaction
from domain.history import Entry
from domain.seals import Checkpoint, Head, Leaf, Subtree, Unsealed, leaf_of
from domain.signed_notes import NotANote, PrivateKey, PublicKey, signed, signers, text_of
from tests.proofs import refused
from tests.sealing import entries_of, without_triggers
from tests.world import a_case, a_world, a_zone
from workflows import log_keys, seals
from workflows.log_check import check_log
from workflows.proofs import Tree, consistency_between, inclusion_of, proof_text
from workflows.publishing import memory
from workflows.seals import rotate, seal

LEAVES = [bytes.fromhex(each) for each in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]
"""The leaves by which implementations of RFC 6962 compare themselves, and what their tree's root must be."""
ROOT = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


pytestmark = pytest.mark.usefixtures("log_key")


def by_definition(leaves: list[bytes]) -> bytes:
    """The Merkle tree hash, word for word as the RFC defines it."""
    if len(leaves) < 2:
        return trees.leaf_hash(leaves[0]) if leaves else sha256(b"").digest()
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return sha256(b"\1" + by_definition(leaves[:half]) + by_definition(leaves[half:])).digest()


def test_roots_are_those_of_the_rfc_at_every_size() -> None:
    assert by_definition(LEAVES).hex() == ROOT

    for size in range(len(LEAVES) + 1):
        assert in_memory(LEAVES, (0, size)) == by_definition(LEAVES[:size])


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 255, 256, 257, 700])
def test_proofs_hold_between_any_leaf_and_any_two_heads(size: int) -> None:
    leaves = [number.to_bytes(2, "big") for number in range(size)]
    root = by_definition(leaves)

    for index in {0, 1, size // 2, size - 2, size - 1} & set(range(size)):
        path = [in_memory(leaves, span) for span in trees.inclusion(index, size)]
        assert climbed(trees.leaf_hash(leaves[index]), index, size, path) == root
    for old in {1, 2, size // 2, size - 1, size} & set(range(1, size + 1)):
        path = [in_memory(leaves, span) for span in trees.consistency(old, size)]
        assert joined(old, size, by_definition(leaves[:old]), path) == (by_definition(leaves[:old]), root)


def test_a_note_is_signed_and_checked_as_the_specification_says() -> None:
    # Key, text and signature of the example in golang.org/x/mod/sumdb/note.
    key = PublicKey.read("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    text = (
        "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    )
    signature = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    note = f"{text}\n— PeterNeumann {signature}\n"

    assert text_of(note) == text
    assert signers(note, key) == [key]
    with pytest.raises(NotANote):
        signers(note.replace("problem is", "problem was"), key)
    with pytest.raises(NotANote):
        PublicKey.read(str(key).replace("c74f20a3", "c74f20a4"))
    mine = PrivateKey.make("qiban.example/log")
    assert signers(signed(text, mine), key, mine.public) == [mine.public]
    assert str(mine.seed) not in repr(mine)


async def test_every_entry_becomes_a_leaf_once_and_the_head_is_signed(database: str) -> None:
    await log_keys.create_key("qiban.example/log")
    world = await a_world()
    await a_case(world)

    made = await seal()
    again = await seal()

    assert made and again is None
    entries = {each.id: each for each in await Entry.all()}
    leaves = await Leaf.all().order_by("id")
    assert [each.id for each in leaves] == list(range(len(entries)))
    assert {each.entry_id for each in leaves} == entries.keys()
    data = [leaf_of(entries[each.entry_id]) for each in leaves]
    assert [each.data for each in leaves] == [each.hex() for each in data]
    head = Head.read(made.note)
    assert (head.origin, head.size, head.root) == ("qiban.example/log", len(entries), by_definition(data))
    assert signers(made.note, *await log_keys.public_keys())
    assert made.note.splitlines()[2] and b64decode(made.note.splitlines()[2]).hex() == made.root
    assert not await Unsealed.exists()


async def test_leaves_of_one_history_stand_in_its_order(database: str) -> None:
    await log_keys.create_key()
    world = await a_world()
    await asyncio.gather(*(a_case(world) for _ in range(4)))

    await seal()

    order = {each.entry_id: each.id for each in await Leaf.all()}
    places: dict[object, list[int]] = {}
    for entry in await Entry.all().order_by("subject_id", "sequence"):
        places.setdefault(entry.subject_id, []).append(order[entry.id])
    assert all(each == sorted(each) for each in places.values())


async def test_an_entry_that_commits_late_is_not_lost(postgres_url: str) -> None:
    async with storage.opened(postgres_url):
        await log_keys.create_key()
        known = await Entry.all().count()
        first = await a_zone("AA")
        entered, go = asyncio.Event(), asyncio.Event()

        async def slowly() -> None:
            async with transaction():
                await a_zone("BB")
                entered.set()
                await go.wait()

        late = asyncio.create_task(slowly())
        await entered.wait()
        early = await a_zone("CC")
        before = await seal()
        go.set()
        await late
        after = await seal()

        assert before and after
        assert (before.size, after.size) == (known + 2, known + 3)
        subjects = {each.id: each.subject_id for each in await Entry.all()}
        order = [subjects[each.entry_id] for each in await Leaf.all().order_by("id")]
        assert order[known : known + 2] == [first.id, early.id]


async def test_many_sealers_at_once_make_one_log(database: str) -> None:
    await log_keys.create_key()
    world = await a_world()

    async def sealing() -> None:
        for _ in range(5):
            await seal()

    await asyncio.gather(sealing(), sealing(), *(a_case(world) for _ in range(6)))
    last = await seal() or await Checkpoint.all().order_by("-id").first()

    assert last and last.size == await Entry.all().count()
    data = [bytes.fromhex(each.data) for each in await Leaf.all().order_by("id")]
    assert last.root == by_definition(data).hex()
    for each in await Checkpoint.all():
        assert each.root == by_definition(data[: each.size]).hex()


async def test_proofs_are_read_from_a_few_tiles(database: str) -> None:
    await log_keys.create_key()
    await many_entries(700 - await Entry.all().count())
    await a_zone("GL")

    made = await seal()

    assert made and made.size == 701
    data = [bytes.fromhex(each.data) for each in await Leaf.all().order_by("id")]
    assert await Subtree.all().count() == 2
    assert made.root == by_definition(data).hex()
    entry = await Entry.all().order_by("-id").first()
    assert entry
    last, index, path = await inclusion_of(entry.id)
    assert climbed(trees.leaf_hash(data[index]), index, last.size, path).hex() == last.root
    for old, new in ((1, 701), (256, 701), (300, 600), (701, 701)):
        roots = by_definition(data[:old]), by_definition(data[:new])
        assert joined(old, new, roots[0], await consistency_between(old, new)) == roots
    tree = Tree(701)
    await tree.inclusion(300)
    assert len(tree._tiles) <= 3
    with refused("BAD_INPUT"):
        await consistency_between(10, 702)
    assert proof_text(last.note, index, path).startswith(f"c2sp.org/tlog-proof@v1\nindex {index}\n")


async def test_a_sealer_killed_at_work_loses_and_doubles_nothing(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QIBAN_CHECKPOINT_FILE", f"{tmp_path / 'heads'}/")
    await log_keys.create_key()
    await many_entries(3_000 - await Entry.all().count())

    for delay in (0.05, 0.2):
        killed = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.sealing", database, cwd=Path(__file__).parent.parent,
            stdout=asyncio.subprocess.PIPE,
        )
        assert killed.stdout and await killed.stdout.readline()
        await asyncio.sleep(delay)
        killed.kill()
        await killed.wait()
    await seal()

    data = [bytes.fromhex(each.data) for each in await Leaf.all().order_by("id")]
    assert len(data) == await Entry.all().count() == 3_000
    last = await Checkpoint.all().order_by("-id").first()
    assert last and last.root == by_definition(data).hex()
    given = [Head.read(text_in(tmp_path / "heads" / each)) for each in names_in(tmp_path / "heads")]
    assert given[-1].size == 3_000 and all(each.root == by_definition(data[: each.size]) for each in given)


async def test_a_head_remembered_before_the_sealer_died_is_the_beginning_of_what_follows(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log_keys.create_key()
    await a_zone("GL")
    await seal()

    async def dies(made: object) -> None:
        raise OSError("killed")

    with monkeypatch.context() as dying:
        dying.setattr("workflows.seals.promise_checkpoint", dies)
        await a_zone("GX")
        with pytest.raises(OSError, match="killed"):
            await seal()
    promised = Head.read(text_in(memory()))
    assert await Checkpoint.all().count() == 1
    await a_zone("LYG")

    made = await seal()

    assert made and made.size == promised.size + 1
    data = [bytes.fromhex(each.data) for each in await Leaf.all().order_by("id")]
    assert promised.root == by_definition(data[: promised.size])


async def test_a_head_given_away_late_does_not_replace_a_later_one(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QIBAN_CHECKPOINT_FILE", str(tmp_path / "checkpoint"))
    await log_keys.create_key()
    await a_zone("GL")
    give_away = seals._give_away

    async def overtaken() -> None:
        monkeypatch.setattr(seals, "_give_away", give_away)
        await a_zone("GX")
        await seal()
        await give_away()

    monkeypatch.setattr(seals, "_give_away", overtaken)
    await seal()

    last = await Checkpoint.all().order_by("-id").first()
    assert last and text_in(tmp_path / "checkpoint") == last.note


async def test_a_key_that_comes_to_an_end_while_others_seal_signs_no_more(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log_keys.create_key()
    await a_zone("GL")
    append = seals._append

    async def rotating() -> int:
        monkeypatch.setattr(seals, "_append", append)
        added = await append()
        await rotate()
        await a_zone("GX")
        await append()
        return added

    monkeypatch.setattr(seals, "_append", rotating)
    made = await seal()

    old, new = await log_keys.public_keys()
    assert made and signers(made.note, old, new) == [new]


async def test_two_hand_overs_at_once_come_one_after_the_other(database: str) -> None:
    await log_keys.create_key()
    await a_zone("GL")

    await asyncio.gather(rotate("first"), rotate("second"))

    keys = await log_keys.public_keys()
    assert len(keys) == 3 and (await log_keys.signing_key()).public == keys[-1]
    assert (await check_log())[1] == []


async def test_a_log_whose_last_head_is_not_on_the_key_s_side_is_not_signed(database: str) -> None:
    """Whoever owns the database alone cannot have a history signed that is not the one signed before."""
    await log_keys.create_key()
    await a_zone("GL")
    await seal()
    await without_triggers("DELETE FROM leaf", "DELETE FROM checkpoint", "DELETE FROM entry")
    await a_zone("GX")

    with refused("LOG_REWRITTEN"):
        await seal()

    assert not await Checkpoint.exists() and not await Leaf.exists()


async def test_a_key_in_a_folder_that_cannot_be_written_signs_all_the_same(
    database: str, log_key: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await log_keys.create_key()
    memory().with_name(f".{memory().name}.{os.getpid()}").mkdir()
    await a_zone("GL")

    assert await seal()

    assert "is not kept beside the key" in caplog.text


async def test_an_entry_altered_before_it_is_sealed_raises_the_alarm(database: str) -> None:
    await log_keys.create_key()
    await a_zone("GL")
    await without_triggers("UPDATE entry SET reason = 'another'")

    with refused("ENTRY_ALTERED"):
        await seal()

    assert not await Leaf.exists()


@pytest.mark.parametrize(("statement", "code"), [
    ("UPDATE leaf SET data = 'ff' || substr(data, 3) WHERE id = 1", "LOG_REWRITTEN"),
    ("DELETE FROM leaf WHERE id = 1", "LOG_BROKEN"),
    ("UPDATE leaf SET data = 'no hash' WHERE id = 1", "LOG_BROKEN"),
])
async def test_a_log_rewritten_by_its_owner_is_not_signed_again(database: str, statement: str, code: str) -> None:
    await log_keys.create_key()
    await a_zone("GL")
    await a_zone("GX")
    await seal()
    await without_triggers(statement)
    await a_zone("LYG")

    with refused(code):
        await seal()
    await without_triggers("DELETE FROM checkpoint")
    with refused(code):
        await seal()

    assert not await Checkpoint.exists()


async def test_a_log_rolled_back_is_found_by_the_checkpoint_that_was_published(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QIBAN_CHECKPOINT_FILE", str(tmp_path / "checkpoint"))
    await log_keys.create_key()
    await a_zone("GL")
    await a_zone("GX")
    made = await seal()
    assert made and text_in(tmp_path / "checkpoint") == made.note
    await without_triggers("DELETE FROM leaf WHERE id = (SELECT max(id) FROM leaf)", "DELETE FROM checkpoint")

    with refused("LOG_REWRITTEN"):
        await seal()


async def test_a_folder_keeps_every_checkpoint(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QIBAN_CHECKPOINT_FILE", f"{tmp_path / 'heads'}/")
    await log_keys.create_key()
    known = await Entry.all().count()
    for code in ("GL", "GX"):
        await a_zone(code)
        await seal()

    assert names_in(tmp_path / "heads") == [f"checkpoint-{known + n:012}.txt" for n in (1, 2)]


@pytest.mark.parametrize("table", ["leaf", "subtree", "checkpoint", "log_key"])
async def test_the_log_refuses_to_be_changed(database: str, table: str) -> None:
    await log_keys.create_key()
    await many_entries(256)
    await seal()

    for statement in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}"):
        with pytest.raises((IntegrityError, sqlite3.IntegrityError), match="append-only"):
            await get_connection("default").execute_query(statement)


async def many_entries(count: int, chain: int = 1) -> None:
    """Entries of zones that were never founded, written past the flows to have many."""
    for start in range(0, count, 500):
        await Entry.bulk_create(entries_of(min(500, count - start), chain))


def names_in(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def text_in(file: Path) -> str:
    return file.read_text()


def in_memory(leaves: list[bytes], span: trees.Range) -> bytes:
    def hash_of(node: trees.Node) -> bytes:
        width = 256 ** node.place.level
        first = node.place.number * 256 * width
        tile = [by_definition(leaves[start : start + width]) for start in range(first, first + 256 * width, width)
                if start + width <= len(leaves)]
        return node.within(tile)

    return trees.range_hash(span, hash_of)


def climbed(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """RFC 9162, 2.1.3.2: the root that an inclusion proof leads to."""
    number, last, root = index, size - 1, leaf
    for each in path:
        assert last
        if number & 1 or number == last:
            root = trees.node_hash(each, root)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            root = trees.node_hash(root, each)
        number, last = number >> 1, last >> 1
    assert last == 0
    return root


def joined(old: int, new: int, root: bytes, path: list[bytes]) -> tuple[bytes, bytes]:
    """RFC 9162, 2.1.4.2: the two roots that a consistency proof leads to."""
    if old == new:
        assert not path
        return root, root
    steps: Iterator[bytes] = iter(path if old & (old - 1) else [root, *path])
    number, last = old - 1, new - 1
    while number & 1:
        number, last = number >> 1, last >> 1
    first = second = next(steps)
    for each in steps:
        assert last
        if number & 1 or number == last:
            first, second = trees.node_hash(each, first), trees.node_hash(each, second)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            second = trees.node_hash(second, each)
        number, last = number >> 1, last >> 1
    assert last == 0
    return first, second
