#!/usr/bin/env python3
"""核验企伴审计导出包，离线运行，只需 Python 3.9 以上。Verify an audit export of Qiban: offline, with Python 3.9 alone.

    python verify.py [EXPORT.zip] [--key KEY]... [--checkpoint KEPT.txt]... [--consistency PROOF.json]...

--key          审计方自己保存的公钥或其文件。The public key you were given, or a file with it.
--checkpoint   审计方自己保存的检查点，较早较晚皆可。A checkpoint you kept, older or newer than the export.
--consistency  从 /log/consistency 取得的一致性证明。A proof from /log/consistency, where one is asked for.

退出码 exit code: 0 全部相符 all holds; 1 有不符 something does not; 2 无法读取 the export cannot be read.
勿用他人给您的 verify.py 判断其本人的导出包；请自公开来源取得本文件。Take this file from a source of your own.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import zipfile
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
SUBJECT = re.compile(r"entries/([a-z_]+)-([0-9a-f-]{36})\.jsonl")
SIGNATURE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+=*)")
LEAF = 48
MOST = 1 << 28  # bytes of one line, or of a file that is read whole: what is longer is no honest export
failures = 0


class Broken(Exception):
    """What was read is not what it should be."""


def say(holds: bool | None, zh: str, en: str) -> None:
    global failures
    failures += holds is False
    mark = {True: "[相符 ok]", False: "[不符 FAILED]", None: "[注意 note]"}[holds]
    print("".join(each if each.isprintable() else "?" for each in f"{mark} {zh} {en}"))


# Ed25519, RFC 8032, 5.1: points as (X, Y, Z, T).
def added(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    one, two = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    three, four = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = two - one, four - three, four + three, two + one
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(factor: int, point: tuple[int, ...]) -> tuple[int, ...]:
    total: tuple[int, ...] = (0, 1, 1, 0)
    while factor:
        if factor & 1:
            total = added(total, point)
        point, factor = added(point, point), factor >> 1
    return total


def point_of(encoded: bytes) -> tuple[int, ...]:
    y, sign = int.from_bytes(encoded, "little") & (1 << 255) - 1, encoded[31] >> 7
    if y >= P:
        raise Broken
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P or (x == 0 and sign):
        raise Broken
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


def signed(public: bytes, text: bytes, signature: bytes) -> bool:
    try:
        key, nonce, s = point_of(public), point_of(signature[:32]), int.from_bytes(signature[32:], "little")
    except Broken:
        return False
    if len(signature) != 64 or s >= L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + text).digest(), "little") % L
    base = point_of((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    left, right = times(s, base), added(nonce, times(h, key))
    return not ((left[0] * right[2] - right[0] * left[2]) % P or (left[1] * right[2] - right[1] * left[2]) % P)


# Signed notes and checkpoints: C2SP signed-note, tlog-checkpoint.
def signers(note: str, keys: set[str]) -> set[str]:
    """Which of the keys signed a note; Broken if a signature of one of them is wrong."""
    text, blank, lines = note.rpartition("\n\n")
    if not blank:
        raise Broken("没有签名 there is no signature")
    found = set()
    for match in map(SIGNATURE.fullmatch, lines.splitlines()):
        if not match:
            raise Broken("签名行残缺 a signature line is broken")
        raw = b64decode(match[2])
        for key in keys:
            name, key_id, encoded = key.split("+", 2)
            if (name, key_id) == (match[1], raw[:4].hex()):
                public = b64decode(encoded)
                digest = hashlib.sha256(name.encode() + b"\n" + public).hexdigest()
                if digest[:8] != key_id or not signed(public[1:], f"{text}\n".encode(), raw[4:]):
                    raise Broken(f"{name} 的签名不对 a wrong signature")
                found.add(key)
    return found


def head(note: str) -> tuple[str, int, bytes]:
    try:
        origin, size, root = note.split("\n")[:3]
        return origin, int(size), b64decode(root, validate=True)
    except ValueError as error:
        raise Broken("不是检查点 this is no checkpoint") from error


def trusted(given: set[str], listed: list[dict[str, str]]) -> tuple[set[str], set[str]]:
    """The keys given with those that took over from them, by notes both signed: these may sign an export. And with
    those before them: a checkpoint kept for long may be by one that signs no more."""
    now, ever = set(given), set(given)
    for _ in listed:
        for each in listed:
            old, new = [*each["handOver"].split("\n")[2:4], "", ""][:2]
            if {old, new} & ever and signers(each["handOver"], {old, new}) == {old, new}:
                ever |= {old, new}
                now |= {new} if old in now else set()
    return now, ever


# The Merkle tree: RFC 9162, 2.1.
def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def leaf_hash(leaf: bytes) -> bytes:
    return hashlib.sha256(b"\0" + leaf).digest()


class Growing:
    """The tree as leaves are added to it, from left to right."""

    def __init__(self) -> None:
        self.size, self.whole = 0, list[bytes]()

    def add(self, leaf: bytes) -> None:
        hash, size = leaf_hash(leaf), self.size
        while size & 1:
            hash, size = node(self.whole.pop(), hash), size >> 1
        self.whole.append(hash)
        self.size += 1

    def root(self) -> bytes:
        if not self.whole:
            return hashlib.sha256(b"").digest()
        *rest, root = self.whole
        for each in reversed(rest):
            root = node(each, root)
        return root


def climbed(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes | None:
    number, last, root = index, size - 1, leaf_hash(leaf)
    for each in path:
        if not last:
            return None
        if number & 1 or number == last:
            root = node(each, root)
            while number and not number & 1:
                number, last = number >> 1, last >> 1
        else:
            root = node(root, each)
        number, last = number >> 1, last >> 1
    return root if not last and 0 <= index < size else None


def consistent(old: int, first: bytes, new: int, second: bytes, path: list[bytes]) -> bool:
    steps = path if old & (old - 1) else [first, *path]
    if old == new:
        return first == second
    if not 0 < old < new or not steps:
        return False
    number, last = old - 1, new - 1
    while number & 1:
        number, last = number >> 1, last >> 1
    one = two = steps[0]
    for each in steps[1:]:
        if not last:
            return False
        if number & 1 or number == last:
            one, two = node(each, one), node(each, two)
            while number and not number & 1:
                number, last = number >> 1, last >> 1
        else:
            two = node(two, each)
        number, last = number >> 1, last >> 1
    return not last and (one, two) == (first, second)


class Export:
    """An export, as the zip or unpacked."""

    def __init__(self, place: Path) -> None:
        self.zip = None if place.is_dir() else zipfile.ZipFile(place)
        self.place = place
        if self.zip:
            self.names = [each for each in self.zip.namelist() if not each.endswith("/")]
        else:
            self.names = [each.relative_to(place).as_posix() for each in place.rglob("*") if each.is_file()]

    def open(self, name: str) -> IO[bytes]:
        if name not in self.names:
            raise Broken(f"缺少文件 {name} is missing")
        return self.zip.open(name) if self.zip else (self.place / name).open("rb")

    def text(self, name: str) -> str:
        with self.open(name) as file:
            text = file.read(MOST)
            if file.read(1):
                raise Broken(f"{name} 过大 is too large")
            return text.decode()

    def lines(self, name: str) -> Iterator[Any]:
        """A file of JSON lines."""
        with self.open(name) as file:
            while line := file.readline(MOST):
                if len(line) == MOST:
                    raise Broken(f"{name} 行过长 has a line too long")
                yield json.loads(line)

    def sha256(self, name: str) -> str:
        digest = hashlib.sha256()
        with self.open(name) as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
        return digest.hexdigest()


def check_files(export: Export, keys: set[str]) -> None:
    """manifest.txt is a note with the SHA-256 of every other file."""
    note = export.text("manifest.txt")
    listed = dict(line.split("  ", 1)[::-1] for line in note.split("\n\n")[1].splitlines())
    wrong = sorted({*listed} ^ ({*export.names} - {"manifest.txt"}))
    wrong += [name for name in sorted({*listed} & {*export.names}) if export.sha256(name) != listed[name]]
    wrong += ["manifest.txt"] if len(export.names) != len({*export.names}) else []
    for name in wrong[:20]:
        say(False, f"文件被改动、增加或删去：{name}", f"a file was altered, added or removed: {name}")
    say(not wrong, f"清单上的 {len(listed)} 个文件。", f"The {len(listed)} files of the manifest.")
    by_key = "\n— " in note and signers(note, keys)
    say(bool(by_key), "清单由密钥签名。", "The manifest is signed by the key.")


def check_chains(export: Export, size: int, root: bytes) -> tuple[dict[int, bytes], dict[bytes, int]]:
    """The leaf each entry must be, by its index; and how many entries each subject has, by its tag."""
    leaves, counts, commitments = dict[int, bytes](), dict[bytes, int](), set[str]()
    wrong, bare = list[str](), "leaves.bin" not in export.names
    for name in sorted(export.names):
        if not (match := SUBJECT.fullmatch(name)):
            continue
        tag, previous, sequence = hashlib.sha256(f"{match[1]}/{match[2]}".encode()).digest()[:16], "", 0
        for told in export.lines(name):
            text, index, sequence = told["entry"], told["index"], sequence + 1
            digest, entry = hashlib.sha256(text.encode()), json.loads(text)
            place = (entry["subject_kind"], entry["subject_id"], entry["sequence"], entry["previous"])
            leaf = tag + digest.digest()
            if place != (match[1], match[2], sequence, previous):
                wrong.append(f"{name} #{sequence}: 不接上一条 does not follow the entry before")
            if index in leaves or (bare and climbed(leaf, index, size, hashes(told)) != root):
                wrong.append(f"{name} #{sequence}: 不在日志中 is not in the log")
            commitments.update(re.findall('"commitment":"([0-9a-f]{64})"', text.replace("\\", "")))
            leaves[index], previous = leaf, digest.hexdigest()
        counts[tag] = sequence
    for each in wrong[:20]:
        say(False, "记录", each)
    say(not wrong, f"{len(counts)} 份办理记录共 {len(leaves)} 条，逐条相接。", "Every entry follows the one before.")
    if bare:
        say(not wrong, f"{len(leaves)} 条记录各有存证路径。", "Each entry has a path to the root.")
    check_personal(export, commitments)
    return leaves, counts


def check_personal(export: Export, commitments: set[str]) -> None:
    if "personal.jsonl" not in export.names:
        return
    opened = erased = wrong = 0
    for told in export.lines("personal.jsonl"):
        if told["value"] is None:
            erased += 1
            continue
        digest = hashlib.sha256((told["salt"] + told["value"]).encode()).hexdigest()
        wrong += len(told["salt"]) != 64 or digest != told["commitment"] or told["commitment"] not in commitments
        opened += 1
    say(not wrong, f"个人信息 {opened} 项与承诺相符，已删除 {erased} 项。", "Personal values are those committed to.")


def check_leaves(
    export: Export, size: int, root: bytes, found: tuple[dict[int, bytes], dict[bytes, int]], wanted: set[int]
) -> dict[int, bytes]:
    """The whole log: every entry where it says it is, none of its subjects' left out. Roots at the sizes wanted."""
    (expected, counts), tree, held, roots = found, Growing(), dict.fromkeys(found[1], 0), dict[int, bytes]()
    matched = 0
    with export.open("leaves.bin") as file:
        while leaf := file.read(LEAF):
            matched += expected.get(tree.size) == leaf
            if leaf[:16] in held:
                held[leaf[:16]] += 1
            tree.add(leaf)
            if tree.size in wanted:
                roots[tree.size] = tree.root()
    say((tree.size, tree.root()) == (size, root), f"日志全部 {size} 条的树根。", "The root over the whole log.")
    say(matched == len(expected), f"{matched} 条记录都在日志所示位置。", f"{matched} entries stand in the log as said.")
    short = [counts[tag] - held[tag] for tag in counts if counts[tag] != held[tag]]
    say(not short, "所列各份办理记录无一缺漏。", f"Nothing is left out of these histories ({len(short)} differ).")
    say(None, f"导出含日志 {size} 条中的 {len(expected)} 条。", f"{len(expected)} of the log's {size} are here.")
    return roots


def check_kept(own: tuple[str, int, bytes], kept: str, roots: dict[int, bytes], proofs: list[dict[str, Any]]) -> None:
    """A checkpoint kept elsewhere is of the same history: the one is the beginning of the other."""
    (origin, size, root), (name, kept_size, kept_root) = own, head(kept)
    what = f"{kept_size} → {size}"
    if origin != name:
        say(False, f"所存检查点属于另一日志 {name}。", "The checkpoint kept is of another log.")
    elif kept_size in roots:
        same = roots[kept_size] == kept_root
        say(same, f"历史与所存检查点（{what}）相合，否则即被改写。", "The history is as the checkpoint kept says.")
    else:
        (old, first), (new, second) = sorted([(size, root), (kept_size, kept_root)])
        proof = next((each for each in proofs if (each["from"], each["to"]) == (old, new)), None)
        if proof:
            same = consistent(old, first, new, second, hashes(proof))
            say(same, f"历史经证明与所存检查点（{what}）相合，否则被改写。", "The same by a proof.")
        else:
            if kept_size > size:
                cut = f"导出止于所存检查点之前 {kept_size - size} 条：导出较早，或末尾被截去。"
                say(None, cut, "The export ends before the checkpoint kept: it is older, or its tail was cut.")
            say(False, f"请以 --consistency 提供 /log/consistency?from={old}&to={new}", "is needed to compare them.")


def hashes(told: dict[str, Any]) -> list[bytes]:
    return [b64decode(each) for each in told["path" if "entry" in told else "hashes"]]


def check(export: Export, given: set[str], kept: list[str], proofs: list[dict[str, Any]]) -> None:
    listed = json.loads(export.text("keys.json"))
    keys, ever = trusted(given or {each["key"] for each in listed}, listed)
    if not given:
        say(None, "未给公钥，用包内所列，不能识破伪造。", "No key given: those inside are used, which prove little.")
    note = export.text("checkpoint.txt")
    origin, size, root = head(note)
    by_key = bool(signers(note, keys))
    say(by_key, f"检查点（{origin}，{size} 条）由密钥签名，否则即伪造。", "The checkpoint is signed by the key.")
    check_files(export, keys)
    found, roots = check_chains(export, size, root), {size: root}
    if "leaves.bin" in export.names:
        roots |= check_leaves(export, size, root, found, {head(each)[1] for each in kept})
    else:
        say(None, "包内无日志全部叶子，不能说明无缺漏。", "Without leaves.bin nothing shows that none was left out.")
    for each in kept:
        known = bool(signers(each, ever))
        say(known, "所存检查点由密钥签名。", "The checkpoint kept is signed by the key.")
        check_kept((origin, size, root), each, roots, proofs)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("export", nargs="?", type=Path, default=Path(__file__).parent)
    for name in ("--key", "--checkpoint", "--consistency"):
        parser.add_argument(name, action="append", default=[])
    asked = parser.parse_args()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    try:
        given = {(Path(each).read_text("utf-8") if Path(each).is_file() else each).strip() for each in asked.key}
        kept = [Path(each).read_text("utf-8") for each in asked.checkpoint]
        proofs = [json.loads(Path(each).read_text("utf-8")) for each in asked.consistency]
        export = Export(asked.export)
    except Exception as error:  # a zip may be broken in more ways than zipfile has names for
        print(f"无法读取 cannot be read: {error}", file=sys.stderr)
        return 2
    try:
        check(export, given, kept, proofs)
    except Exception as error:  # whatever a forger may have put where something else belongs
        say(False, "导出包残缺或被改动：", f"the export is broken or was altered: {error!r}")
    if failures:
        print(f"结论：有 {failures} 项不符。Result: {failures} checks failed.")
        return 1
    print("结论：全部相符。Result: all holds.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
