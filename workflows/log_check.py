"""Checking the log against the history it is of: everything computed again from the entries as they are now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from domain.database import reads
from domain.history import Entry, entry_hash
from domain.seals import Checkpoint, Head, Leaf, Subtree, Unsealed, leaf_of
from domain.signed_notes import NotANote, PublicKey, signers
from domain.snapshots import snapshot
from domain.trees import TILE_WIDTH, Growing, complete_hash, leaf_hash
from workflows.log_keys import public_keys
from workflows.publishing import published

MOST_FINDINGS = 1_000
LEAVES_AT_ONCE = 4 * TILE_WIDTH
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Finding:
    """Something that is not as the log says, in two languages."""

    zh: str
    en: str


@dataclass
class Check:
    """The log as it is read from its first leaf on."""

    wanted: set[int]
    findings: list[Finding] = field(default_factory=list)
    roots: dict[int, bytes] = field(default_factory=dict)
    tree: Growing = field(default_factory=Growing)
    tiles: list[list[bytes]] = field(default_factory=lambda: [[]])
    chains: dict[UUID, tuple[int, str]] = field(default_factory=dict)

    def found(self, zh: str, en: str) -> None:
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(Finding(zh, en))

    async def leaf(self, leaf: Leaf, entry: Entry | None) -> None:
        index = self.tree.size
        if leaf.id != index:
            self.found(f"日志缺第 {index} 条", f"leaf {index} is missing")
        self._entry(index, leaf, entry)
        hash = leaf_hash(bytes.fromhex(leaf.data))
        self.tree.add(hash)
        await self._tile(0, hash)
        if self.tree.size in self.wanted:
            self.roots[self.tree.size] = self.tree.root()

    def _entry(self, index: int, leaf: Leaf, entry: Entry | None) -> None:
        if entry is None:
            self.found(f"第 {index} 条：记录 {leaf.entry_id} 已被删除", f"leaf {index}: its entry is gone")
            return
        if entry_hash(entry) != entry.hash or leaf_of(entry).hex() != leaf.data:
            self.found(f"第 {index} 条：记录 {entry.id} 已被改动", f"leaf {index}: entry {entry.id} was altered")
        sequence, head = self.chains.get(entry.subject_id, (0, ""))
        if (entry.sequence, entry.previous) != (sequence + 1, head):
            self.found(f"第 {index} 条：记录 {entry.id} 不接上一条", f"leaf {index}: it does not follow the one before")
        self.chains[entry.subject_id] = entry.sequence, entry.hash

    async def _tile(self, level: int, hash: bytes) -> None:
        self.tiles[level].append(hash)
        if len(self.tiles[level]) < TILE_WIDTH:
            return
        whole, self.tiles[level] = complete_hash(self.tiles[level]), []
        number = self.tree.size // TILE_WIDTH ** (level + 1) - 1
        kept = await Subtree.filter(id=Subtree.key(level + 1, number)).using_db(reads()).first()
        if kept is None or kept.hash != whole.hex():
            self.found(f"第 {level} 层第 {number} 块的树值不符", f"the hash kept over tile {level}/{number} is wrong")
        if len(self.tiles) == level + 1:
            self.tiles.append([])
        await self._tile(level + 1, whole)

    def head(self, head: Head, zh: str, en: str) -> None:
        if self.roots.get(head.size) != head.root:
            what = f"the log is not that of the checkpoint {en} (size {head.size})"
            self.found(f"日志与{zh}的检查点（{head.size} 条）不符", what)


async def check_log(
    kept: Sequence[str] = (), progress: Progress | None = None, *, published_too: bool = True
) -> tuple[int, list[Finding]]:
    """How many leaves there are, and what is wrong. `kept` are checkpoints from elsewhere, beside the last one
    published. Safe while others write."""
    async with snapshot():
        rows = await Checkpoint.all().order_by("id").using_db(reads())
        outside = [(Head.read(note), "所给", "given") for note in kept]
        if published_too and (there := await published()):
            outside += [(there[1], "已公布", "published")] if there[1] else []
        check = Check({row.size for row in rows} | {head.size for head, _, _ in outside})
        await _leaves(check, progress)
        known = await public_keys()
        for row in rows:
            _checkpoint(check, row, known)
        for head, zh, en in outside:
            check.head(head, zh, en)
        await _rest(check)
    return check.tree.size, check.findings


async def _leaves(check: Check, progress: Progress | None) -> None:
    last = await Leaf.all().order_by("-id").using_db(reads()).first()
    end = last.id + 1 if last else 0
    for start in range(0, end, LEAVES_AT_ONCE):
        leaves = await Leaf.filter(id__gte=start, id__lt=start + LEAVES_AT_ONCE).order_by("id").using_db(reads())
        found = await Entry.filter(id__in=[each.entry_id for each in leaves]).using_db(reads())
        entries = {each.id: each for each in found}
        for leaf in leaves:
            await check.leaf(leaf, entries.get(leaf.entry_id))
        if progress:
            progress(min(start + LEAVES_AT_ONCE, end), end)


def _checkpoint(check: Check, row: Checkpoint, known: Sequence[PublicKey]) -> None:
    try:
        head = Head.read(row.note)
        by_key = signers(row.note, *known)
    except NotANote:
        by_key = []
    if not by_key or (head.size, head.root.hex()) != (row.size, row.root):
        check.found(f"检查点（{row.size} 条）的签名不符", f"the signature of the checkpoint of {row.size} is wrong")
    else:
        check.head(head, "数据库中", "in the database")


async def _rest(check: Check) -> None:
    """Every entry is in the log or waiting for it."""
    entries = await Entry.all().using_db(reads()).count()
    waiting = await Unsealed.all().using_db(reads()).count()
    if entries != check.tree.size + waiting:
        lost = entries - check.tree.size - waiting
        check.found(f"记录比日志与待存证之和多 {lost} 条", f"there are {lost} more entries than are sealed or waiting")
