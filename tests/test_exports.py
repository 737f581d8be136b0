"""Audit exports: whoever holds one, the public key and a kept checkpoint finds every forgery, offline and alone."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import shutil
import sys
import zipfile
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from domain import database as storage
from domain.cases import Case
from domain.history import Entry
from domain.seals import Checkpoint, Head
from domain.signed_notes import PrivateKey, signed
from tests.proofs import refused
from tests.sealing import without_triggers
from tests.terminal import qiban
from tests.test_seals import by_definition, many_entries
from tests.world import World, a_case, a_closed_case, a_world
from workflows import exports, log_keys
from workflows.proofs import Tree, consistency_between
from workflows.seals import rotate, seal

pytestmark = pytest.mark.usefixtures("log_key")
VERIFIER = Path(exports.__file__).with_name("verify.py")


@dataclass
class Told:
    """What verify.py said of an export."""

    code: int
    out: str

    @property
    def wrong(self) -> str:
        return "\n".join(line for line in self.out.splitlines() if line.startswith("[不符"))


async def verified(export: Path, *arguments: str | Path, verifier: Path = VERIFIER) -> Told:
    """verify.py as an outsider runs it: no packages, no surroundings."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-S", verifier, export, *arguments, cwd="/",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    told = Told(process.returncode or 0, out.decode())
    assert "Traceback" not in told.out, told.out
    return told


@dataclass
class Given:
    """A world with a closed case, its export, and what an auditor has kept."""

    world: World
    case: Case
    zip: Path
    key: str
    kept: Path

    async def exported(self, name: str = "again.zip", **options: Any) -> Path:
        out = self.zip.with_name(name)
        await exports.export(out, await exports.of_case(self.case.number), **options)
        return out

    async def keep(self, name: str) -> Path:
        last = await Checkpoint.all().order_by("-id").first()
        assert last
        return written(self.zip.with_name(name), last.note)

    async def check(self, export: Path | None = None, *arguments: str | Path) -> Told:
        return await verified(export or self.zip, "--key", self.key, *arguments)


@pytest.fixture
async def given(database: str, tmp_path: Path) -> Given:
    key = str(await log_keys.create_key("qiban.example/log"))
    world = await a_world()
    await many_entries(300)
    await seal()
    first = await Checkpoint.all().order_by("-id").first()
    assert first
    kept = written(tmp_path / "kept.txt", first.note)
    case = await a_closed_case(world)
    given = Given(world, case, tmp_path / "export.zip", key, kept)
    await given.exported("export.zip")
    return given


async def test_an_export_holds_by_itself_with_a_key_and_with_checkpoints_kept(given: Given) -> None:
    now = await given.keep("now.txt")

    alone, known = await verified(given.zip), await given.check(None, "--checkpoint", given.kept, "--checkpoint", now)

    assert (alone.code, known.code) == (0, 0), alone.out + known.out
    assert "未给公钥" in alone.out and "未给公钥" not in known.out
    assert known.out.count("[相符") == 11 and "Result: all holds." in known.out


async def test_an_export_verifies_where_it_is_unpacked_by_the_program_inside(given: Given, tmp_path: Path) -> None:
    unpacked = tmp_path / "unpacked"
    shutil.unpack_archive(given.zip, unpacked)

    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-S", unpacked / "verify.py", "--key", given.key, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()

    assert process.returncode == 0, out.decode()


async def test_what_cannot_be_read_is_said_and_is_no_success(given: Given, tmp_path: Path) -> None:
    assert (await verified(tmp_path / "none.zip")).code == 2
    assert (await verified(written(tmp_path / "text.zip", "no zip"))).code == 2
    assert (await verified(written(tmp_path / "folder" / "a.txt", "no export").parent)).code == 1


Attack = Callable[[dict[str, bytes]], None]


def a_changed_byte(files: dict[str, bytes]) -> None:
    name = entries_in(files)
    files[name] = files[name].replace("用地已批复".encode(), "用地未批复".encode())


def a_removed_entry(files: dict[str, bytes]) -> None:
    lines = files[entries_in(files)].splitlines(keepends=True)
    files[entries_in(files)] = b"".join(lines[:4] + lines[5:])


def an_inserted_entry(files: dict[str, bytes]) -> None:
    lines = files[entries_in(files)].splitlines(keepends=True)
    files[entries_in(files)] = b"".join([*lines[:4], lines[3], *lines[4:]])


def reordered_entries(files: dict[str, bytes]) -> None:
    lines = files[entries_in(files)].splitlines(keepends=True)
    files[entries_in(files)] = b"".join([*lines[:3], lines[4], lines[3], *lines[5:]])


def a_cut_tail(files: dict[str, bytes]) -> None:
    files[entries_in(files)] = b"".join(files[entries_in(files)].splitlines(keepends=True)[:-1])


def a_cut_log(files: dict[str, bytes]) -> None:
    files["leaves.bin"] = files["leaves.bin"][:-48]


def a_forged_rest_of_the_chain(files: dict[str, bytes]) -> None:
    """One entry altered and every later one chained to it anew, the leaves with them."""
    name, leaves, previous = entries_in(files), bytearray(files["leaves.bin"]), ""
    lines = []
    for line in files[name].splitlines():
        told = json.loads(line)
        entry = json.loads(told["entry"])
        if entry["move"] == "close":
            entry["reason"] = "另有所图"
        entry["previous"] = previous
        told["entry"] = json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        previous = hashlib.sha256(told["entry"].encode()).hexdigest()
        leaves[told["index"] * 48 + 16 : told["index"] * 48 + 48] = bytes.fromhex(previous)
        lines.append(json.dumps(told, ensure_ascii=False).encode())
    files[name], files["leaves.bin"] = b"\n".join(lines) + b"\n", bytes(leaves)


ATTACKS: dict[Attack, str] = {
    a_changed_byte: "不接上一条", a_removed_entry: "不接上一条", an_inserted_entry: "不接上一条",
    reordered_entries: "不接上一条", a_cut_tail: "无一缺漏", a_cut_log: "树根", a_forged_rest_of_the_chain: "树根",
}


async def test_a_file_tampered_with_is_found_though_its_manifest_was_mended(given: Given) -> None:
    before = read(given.zip)

    for attack, found in ATTACKS.items():
        files = {**before}
        attack(files)
        assert files != before
        mend(files)
        told = await given.check(packed(given.zip.with_name("forged.zip"), files))

        assert told.code == 1
        assert found in told.wrong, f"{attack}: {told.out}"


async def test_a_changed_byte_in_any_file_is_found_by_the_signed_manifest(given: Given) -> None:
    before = read(given.zip)
    assert len(before) == 10

    for name, content in before.items():
        files = {**before, name: content[:-9] + bytes([content[-9] ^ 1]) + content[-8:]}
        told = await given.check(packed(given.zip.with_name("forged.zip"), files))

        assert told.code == 1, f"{name}: {told.out}"


async def test_files_added_or_taken_away_are_found(given: Given) -> None:
    files = read(given.zip)
    added = await given.check(packed(given.zip.with_name("added.zip"), {**files, "pages/zh/more.html": b""}))
    del files[entries_in(files)]
    taken = await given.check(packed(given.zip.with_name("taken.zip"), files))

    assert added.code == taken.code == 1
    assert "pages/zh/more.html" in added.wrong
    assert "entries/case-" in taken.wrong


async def test_an_export_by_another_key_is_found_by_whoever_knows_the_right_one(given: Given) -> None:
    forger, files = PrivateKey.make("qiban.example/log"), read(given.zip)
    a_forged_rest_of_the_chain(files)
    leaves = split(files["leaves.bin"])
    files["checkpoint.txt"] = head_of(leaves, forger)
    listed = [{"key": str(forger.public), "since": "", "statement": "", "handOver": ""}]
    files["keys.json"] = json.dumps(listed).encode()
    mend(files, forger)
    forged = packed(given.zip.with_name("forged.zip"), files)

    trusting, knowing = await verified(forged), await given.check(forged)
    with_kept = await verified(forged, "--key", str(forger.public), "--checkpoint", given.kept)

    assert trusting.code == 0 and "未给公钥" in trusting.out
    assert knowing.code == 1 and "否则即伪造" in knowing.wrong
    assert with_kept.code == 1 and "所存检查点由密钥签名" in with_kept.wrong


async def test_a_history_signed_anew_with_the_right_key_is_found_by_a_kept_checkpoint(given: Given) -> None:
    kept, key = await given.keep("now.txt"), await log_keys.signing_key()
    files = read(given.zip)
    a_forged_rest_of_the_chain(files)
    files["checkpoint.txt"] = head_of(split(files["leaves.bin"]), key)
    mend(files, key)
    forged = packed(given.zip.with_name("forged.zip"), files)

    alone, found = await given.check(forged), await given.check(forged, "--checkpoint", kept)

    assert alone.code == 0, "with the key and no checkpoint kept, its owner can write what it likes"
    assert found.code == 1 and "否则即被改写" in found.wrong


async def test_an_owner_who_alters_an_entry_is_found_by_the_next_export(given: Given) -> None:
    await without_triggers(f"UPDATE entry SET reason = 'x' WHERE subject_id = '{given.case.id}' AND sequence = 3")

    told = await given.check(await given.exported())

    assert told.code == 1 and "不接上一条" in told.wrong


async def test_an_owner_who_cuts_a_case_short_is_found_by_the_next_export(given: Given) -> None:
    last = await Entry.filter(subject_id=given.case.id).order_by("-sequence").first()
    assert last
    await without_triggers(f"DELETE FROM entry WHERE id = '{last.id}'")

    told = await given.check(await given.exported())

    assert told.code == 1 and "无一缺漏" in told.wrong


async def test_an_export_cut_before_a_kept_checkpoint_needs_a_proof(given: Given) -> None:
    old = await Checkpoint.all().order_by("-id").first()
    await a_case(given.world)
    new = await seal()
    later = await given.keep("later.txt")
    assert old and new
    told = {"from": old.size, "to": new.size, "hashes": encoded(await consistency_between(old.size, new.size))}
    proof = written(given.zip.with_name("proof.json"), json.dumps(told))
    wrong = written(given.zip.with_name("wrong.json"), json.dumps({**told, "hashes": told["hashes"][::-1]}))

    bare = await given.check(None, "--checkpoint", later)
    proven = await given.check(None, "--checkpoint", later, "--consistency", proof)
    refuted = await given.check(None, "--checkpoint", later, "--consistency", wrong)

    assert bare.code == 1 and "末尾被截去" in bare.out and f"?from={old.size}&to={new.size}" in bare.wrong
    assert proven.code == 0, proven.out
    assert refuted.code == 1 and "否则被改写" in refuted.wrong


async def test_without_the_leaves_each_entry_brings_its_own_path(given: Given) -> None:
    bare = await given.exported(with_leaves=False)
    size = Head.read(read(bare)["checkpoint.txt"].decode()).size
    kept = Head.read(given.kept.read_text()).size
    told = {"from": kept, "to": size, "hashes": encoded(await Tree(size).consistency(kept))}
    proof = written(given.zip.with_name("proof.json"), json.dumps(told))
    files = read(bare)
    a_changed_byte(files)
    mend(files)
    forged = packed(given.zip.with_name("forged.zip"), files)

    holds = await given.check(bare, "--checkpoint", given.kept, "--consistency", proof)
    broken = await given.check(forged)

    assert holds.code == 0, holds.out
    assert "不能说明无缺漏" in holds.out
    assert broken.code == 1 and "不在日志中" in broken.wrong


async def test_a_key_handed_over_is_trusted_through_the_old_one_and_a_replaced_one_is_not(given: Given) -> None:
    await rotate()
    after_hand_over = await given.check(await given.exported())
    await log_keys.replace_lost("Lost")
    after_loss = await given.check(await given.exported("lost.zip"))

    assert after_hand_over.code == 0, after_hand_over.out
    assert after_loss.code == 1 and "否则即伪造" in after_loss.wrong


async def test_an_export_without_leaves_whose_entries_bring_no_path_proves_nothing(given: Given) -> None:
    key, files = await log_keys.signing_key(), read(given.zip)
    a_forged_rest_of_the_chain(files)
    del files["leaves.bin"]
    mend(files, key)

    told = await given.check(packed(given.zip.with_name("forged.zip"), files))

    assert told.code == 1


async def test_a_key_that_handed_over_signs_no_more_exports(given: Given) -> None:
    retired, kept = await log_keys.signing_key(), await given.keep("now.txt")
    await rotate()
    new = str((await log_keys.signing_key()).public)
    again = await given.exported()
    files = read(again)
    a_forged_rest_of_the_chain(files)
    files["checkpoint.txt"] = head_of(split(files["leaves.bin"]), retired)
    mend(files, retired)
    forged = packed(given.zip.with_name("forged.zip"), files)

    honest = await verified(again, "--key", new, "--checkpoint", kept)
    found = await verified(forged, "--key", new)

    assert honest.code == 0, honest.out
    assert found.code == 1 and "否则即伪造" in found.wrong


async def test_a_personal_value_cannot_be_cut_into_its_salt(given: Given) -> None:
    named = await a_case(given.world, contact_phone="0773-0000000")
    full = given.zip.with_name("full.zip")
    await exports.export(full, await exports.of_case(named.number), with_personal=True)
    files, lines = read(full), []
    for line in files["personal.jsonl"].splitlines():
        told = json.loads(line)
        told["salt"], told["value"] = told["salt"] + told["value"][:4], told["value"][4:]
        lines.append(json.dumps(told).encode())
    files["personal.jsonl"] = b"\n".join(lines)
    mend(files, await log_keys.signing_key())

    told = await given.check(packed(given.zip.with_name("forged.zip"), files))

    assert told.code == 1 and "个人信息" in told.wrong


async def test_whatever_is_put_in_the_place_of_what_belongs_there_is_said_and_no_fault(given: Given) -> None:
    before = read(given.zip)

    for name in (entries_in(before), "keys.json", "manifest.txt"):
        for other in (b"", b"[" * 100_000, b'{"entry": 1, "index": 0}', b'{"entry": "[]", "index": []}', b"\xff"):
            told = await given.check(packed(given.zip.with_name("forged.zip"), {**before, name: other}))
            assert told.code == 1, f"{name}: {other[:30]!r}"


@pytest.mark.parametrize("seed", range(2))
async def test_an_export_with_any_byte_changed_holds_only_if_its_files_are_the_same(given: Given, seed: int) -> None:
    chance, whole = random.Random(seed), given.zip.read_bytes()
    forged = given.zip.with_name("forged.zip")

    for _ in range(10):
        at = chance.randrange(len(whole))
        forged.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << chance.randrange(8)]) + whole[at + 1 :])
        told = await given.check(forged)
        assert told.code or read(forged) == read(given.zip), at


async def test_personal_values_come_along_only_when_asked_and_open_their_commitments(given: Given) -> None:
    named = await a_case(given.world, contact_name="示例联系人", contact_phone="0773-0000000")
    scope = await exports.of_case(named.number)
    plain, full = given.zip.with_name("plain.zip"), given.zip.with_name("full.zip")
    await exports.export(plain, scope)
    await exports.export(full, scope, with_personal=True)
    files = read(full)
    files["personal.jsonl"] = files["personal.jsonl"].replace("示例联系人".encode(), "某联系人".encode())
    mend(files)
    forged = packed(given.zip.with_name("forged.zip"), files)

    assert "示例联系人".encode() not in b"".join(read(plain).values())
    assert "示例联系人".encode() in read(full)["personal.jsonl"]
    assert "示例联系人" in page_of(full, "zh") and "示例联系人" not in page_of(plain, "zh")
    assert (await given.check(full)).code == 0
    told = await given.check(forged)
    assert told.code == 1 and "个人信息" in told.wrong


async def test_pages_are_read_in_two_languages_and_run_nothing(given: Given) -> None:
    await a_case(given.world, title="<script>alert(1)</script>")
    out = given.zip.with_name("zone.zip")
    await exports.export(out, await exports.of_zone(given.world.zone, None, None))

    pages = {name: text.decode() for name, text in read(out).items() if name.startswith("pages/")}

    assert {"pages/index.zh.html", "pages/index.en.html"} <= pages.keys()
    assert not any("<script" in text or "javascript:" in text for text in pages.values())
    assert any("&lt;script&gt;" in text for text in pages.values())
    assert "销号" in page_of(given.zip, "zh") and "Clear" in page_of(given.zip, "en")
    assert given.case.number in page_of(given.zip, "en")


async def test_ten_thousand_entries_are_exported_and_verified_at_once(sqlite_url: str, tmp_path: Path) -> None:
    async with storage.opened(sqlite_url):
        key = str(await log_keys.create_key())
        known = await Entry.all().count()
        await many_entries(10_000, chain=25)
        out = tmp_path / "all.zip"

        entries, subjects, last = await exports.export(out, await exports.of_zone(None, None, None))

    assert (entries, subjects, last.size) == (10_000 + known, 400 + known, 10_000 + known)
    told = await verified(out, "--key", key)
    assert told.code == 0 and str(10_000 + known) in told.out, told.out


async def test_an_export_at_the_command_line(sqlite_url: str, tmp_path: Path, log_key: Path) -> None:
    async def exported(*arguments: str) -> tuple[int, str]:
        out = tmp_path / "out.zip"
        ended = await qiban("audit", "export", "--out", out, *arguments, url=sqlite_url, QIBAN_LOG_KEY=str(log_key))
        return ended.code, ended.err

    async with storage.opened(sqlite_url):
        key = str(await log_keys.create_key())
        case = await a_case(await a_world())

    code, said = await exported("--case", case.number.lower())

    assert code == 0 and "1 份办理记录共 2 条" in said, said
    assert (await verified(tmp_path / "out.zip", "--key", key)).code == 0
    assert (await exported("--zone", "GL", "--from", "2020-01-01"))[0] == 0
    assert "没有编号为" in (await exported("--case", "XX-1"))[1]
    assert "请用 --case" in (await exported("--case", case.number, "--zone", "GL"))[1]
    assert "可核验的导出" in (await exported("--format", "xes", "--case", case.number))[1]


async def test_nothing_is_exported_that_cannot_be_signed(database: str, tmp_path: Path) -> None:
    world = await a_world()
    case = await a_case(world)

    with refused("NO_SUCH_CASE"):
        await exports.of_case("XX-2026-000001")
    with refused("NO_LOG_KEY"):
        await exports.export(tmp_path / "out.zip", await exports.of_case(case.number))

    assert names_in(tmp_path) <= {"qiban.sqlite3", "qiban.sqlite3-wal", "qiban.sqlite3-shm"}


def read(export: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(export) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(out: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out


def mend(files: dict[str, bytes], key: PrivateKey | None = None) -> None:
    """A manifest that fits, signed if one has the key; so that what else is wrong shows."""
    about = files.pop("manifest.txt").decode().split("\n\n")[0]
    lines = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items()))
    text = f"{about}\n\n{lines}"
    files["manifest.txt"] = (signed(text, key) if key else text).encode()


def entries_in(files: dict[str, bytes]) -> str:
    return next(name for name in files if name.startswith("entries/case-"))


def page_of(export: Path, language: str) -> str:
    return next(text.decode() for name, text in read(export).items() if name.startswith(f"pages/{language}/case-"))


def head_of(leaves: list[bytes], key: PrivateKey) -> bytes:
    return signed(str(Head(key.name, len(leaves), by_definition(leaves))), key).encode()


def split(leaves: bytes) -> list[bytes]:
    return [leaves[start : start + 48] for start in range(0, len(leaves), 48)]


def encoded(hashes: list[bytes]) -> list[str]:
    return [b64encode(each).decode() for each in hashes]


def written(file: Path, text: str) -> Path:
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    return file


def names_in(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}
