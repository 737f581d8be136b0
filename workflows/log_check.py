"""Checking the log against the history it is of: everything computed again from the entries as they are now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from tortoise.expressions import Q, Subquery

from domain.database import reads
from domain.history import Entry, entry_hash
from domain.seals import Checkpoint, Head, Leaf, LogKey, Subtree, Unsealed, leaf_of
from domain.signed_notes import NotANote, PublicKey, signers
from domain.snapshots import snapshot
from domain.trees import TILE_WIDTH, Growing, complete_hash, leaf_hash
from workflows.log_keys import keys
from workflows.publishing import kept
from workflows.seals import believed

MOST_FINDINGS = 1_000
LOWEST = -(2**63)
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
    ahead: int = 0
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
        if leaf.id - index != self.ahead:
            self.ahead = leaf.id - index
            self.found(f"日志第 {leaf.id} 条之前有缺失或插入", f"before leaf {leaf.id} some are missing or inserted")
        self._entry(leaf, entry)
        try:
            hash = leaf_hash(bytes.fromhex(leaf.data))
        except ValueError:
            self.found(f"日志第 {leaf.id} 条已损坏", f"leaf {leaf.id} is broken")
            hash = b""
        self.tree.add(hash)
        await self._tile(0, hash)
        if self.tree.size in self.wanted:
            self.roots[self.tree.size] = self.tree.root()

    def _entry(self, leaf: Leaf, entry: Entry | None) -> None:
        index = leaf.id
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

    def head(self, head: Head | None, zh: str, en: str) -> None:
        if head is None:
            self.found(f"{zh}的检查点不是本日志密钥所签", f"the checkpoint {en} is not signed by a key of this log")
        elif self.roots.get(head.size) != head.root:
            what = f"the log is not that of the checkpoint {en} (size {head.size})"
            self.found(f"日志与{zh}的检查点（{head.size} 条）不符", what)


async def check_log(
    given: Sequence[str] = (), progress: Progress | None = None, *, published_too: bool = True
) -> tuple[int, list[Finding]]:
    """How many leaves there are, and what is wrong. `given` are checkpoints from elsewhere, beside those kept by the
    key and those published. Safe while others write."""
    outside = [("所给", "given", note) for note in given]
    async with snapshot():
        if published_too:
            outside += [(str(path), str(path), note) for path, note in await kept(every=True)]
        rows = await Checkpoint.all().order_by("id").using_db(reads())
        check = Check(set())
        known = _keys(check, await keys())
        heads = [(zh, en, believed(note, known)) for zh, en, note in outside]
        heads += [("数据库中", "in the database", _checkpoint(check, row, known)) for row in rows]
        check.wanted |= {head.size for _, _, head in heads if head}
        await _leaves(check, progress)
        for zh, en, head in heads:
            check.head(head, zh, en)
        await _rest(check)
    return check.tree.size, check.findings


def _keys(check: Check, known: Sequence[LogKey]) -> list[PublicKey]:
    """The log's keys; each took over from the one before under a note both signed, or was put in a lost one's place."""
    read = list[PublicKey]()
    for each in known:
        try:
            read.append(PublicKey.read(each.public))
            if each.note and set(signers(each.note, *read[-2:])) != {*read[-2:]}:
                raise NotANote("not signed by both")
        except NotANote:
            check.found(f"密钥 {each.public} 的交接不符", f"the hand-over to the key {each.public} is wrong")
    return read


async def _leaves(check: Check, progress: Progress | None) -> None:
    total, last = await Leaf.all().using_db(reads()).count(), LOWEST
    while leaves := await Leaf.filter(id__gt=last).order_by("id").limit(LEAVES_AT_ONCE).using_db(reads()):
        found = await Entry.filter(id__in=[each.entry_id for each in leaves]).using_db(reads())
        entries = {each.id: each for each in found}
        for leaf in leaves:
            await check.leaf(leaf, entries.get(leaf.entry_id))
        last = leaves[-1].id
        if progress:
            progress(check.tree.size, total)


def _checkpoint(check: Check, row: Checkpoint, known: Sequence[PublicKey]) -> Head | None:
    head = believed(row.note, known)
    return head if head and (head.size, head.root.hex()) == (row.size, row.root) else None


async def _rest(check: Check) -> None:
    """Every entry is in the log or waiting for it, and only one of the two."""
    leaves, waiting = (Subquery(model.all().values("entry_id")) for model in (Leaf, Unsealed))
    for lost in await Entry.exclude(Q(id__in=leaves) | Q(id__in=waiting)).limit(MOST_FINDINGS).using_db(reads()):
        check.found(f"记录 {lost.id} 不在日志中，也不待存证", f"entry {lost.id} is neither in the log nor waiting")
    for twice in await Unsealed.filter(entry_id__in=leaves).limit(MOST_FINDINGS).using_db(reads()):
        check.found(f"记录 {twice.entry_id} 已存证又待存证", f"entry {twice.entry_id} is in the log and waits too")
