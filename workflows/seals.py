"""The sealer: puts every new entry into the log, signs its head, and gives the head away where others keep it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cache

from domain import clock
from domain.database import alone
from domain.history import Entry, entry_hash
from domain.refusals import Refusal, Refused
from domain.seals import LOG_BROKEN, SEALING, Checkpoint, Head, Leaf, Subtree, Unsealed, latest, leaf_of, tile
from domain.signed_notes import NotANote, PrivateKey, PublicKey, signed, signers
from domain.trees import TILE_HEIGHT, TILE_WIDTH, Place, complete_hash
from workflows import log_keys
from workflows.deliveries import promise_checkpoint
from workflows.log_keys import handing_over, signing_key
from workflows.proofs import Tree
from workflows.publishing import destination, kept, publish, remember
from workflows.worker import duty

AT_ONCE = 500
EVERY_SECONDS = 10.0
ENTRY_ALTERED = Refusal(
    "ENTRY_ALTERED", "警报：办理记录 {id} 已被改动或删除，未予存证。",
    "Alarm: the entry {id} has been altered or removed; it is not put into the log.",
)
LOG_REWRITTEN = Refusal(
    "LOG_REWRITTEN", "警报：存证日志与第 {size} 条时的检查点（{where}）不符，不再签名。",
    "Alarm: the log does not begin as the checkpoint of size {size} ({where_en}) says; nothing more is signed.",
)
log = logging.getLogger("qiban.seals")


async def seal() -> Checkpoint | None:
    """Bring the log up to the last committed entry; the new checkpoint, or None when nothing is new.

    Any number of processes may seal at once, and each may die at any point: a batch is in the log whole or not at
    all, and a head is remembered beside the key before it is given away. Raises `Refused` when an entry or the log is
    not what it was, and when there is no key to sign with.
    """
    while await _append():
        pass
    made = await _sign()
    await _give_away()
    return made


@duty("seal", every=EVERY_SECONDS)
async def keep_sealing() -> None:
    """Without a key there is no log to be kept: qiban key create begins it."""
    try:
        if await log_keys.keys():
            await seal()
        else:
            _no_key_yet()
    except Refused as refused:
        log.critical("nothing more is sealed: %s", refused)
        raise


@cache
def _no_key_yet() -> None:
    log.warning("histories are kept but not sealed: no key signs them yet; qiban key create makes one")


async def rotate(statement: str = "") -> None:
    """A new key takes over; the checkpoint of that moment is signed by both."""
    await seal()
    async with handing_over(statement) as (old, new):
        await _make_checkpoint(await _unchanged(), new, old)
    await _give_away()


async def _append() -> int:
    """The next entries into the log, those of one history in their order; how many."""
    async with alone(SEALING):
        waiting = await Unsealed.all().order_by("id").limit(AT_ONCE)
        if not waiting:
            return 0
        await signing_key()
        found = {each.id: each for each in await Entry.filter(id__in=[each.entry_id for each in waiting])}
        size = (await _unchanged()).size
        fresh = [Leaf(id=size + n, entry_id=each.entry_id, data=_checked(found.get(each.entry_id), each).hex())
                 for n, each in enumerate(waiting)]
        await _refuse_known(fresh)
        await Leaf.bulk_create(fresh)
        await _grow(size, size + len(fresh))
        await Unsealed.filter(id__in=[each.id for each in waiting]).delete()
        return len(fresh)


async def _refuse_known(fresh: list[Leaf]) -> None:
    """What is in the log already waits again only if somebody put it there."""
    again = await Leaf.filter(entry_id__in=[each.entry_id for each in fresh]).first()
    if again:
        raise Refused(LOG_BROKEN.about(table="unsealed", first=again.entry_id))


def _checked(entry: Entry | None, waiting: Unsealed) -> bytes:
    if entry is None or entry_hash(entry) != entry.hash:
        raise Refused(ENTRY_ALTERED.about(id=waiting.entry_id))
    return leaf_of(entry)


async def _grow(old: int, new: int) -> None:
    """The hashes over 256, 65,536 … leaves that have become complete."""
    level = 1
    while new >> TILE_HEIGHT * level:
        first, end = old >> TILE_HEIGHT * level, new >> TILE_HEIGHT * level
        made = [
            Subtree(
                id=Subtree.key(level, number),
                hash=complete_hash(await tile(Place(level - 1, number), TILE_WIDTH)).hex(),
            )
            for number in range(first, end)
        ]
        if made:
            await Subtree.bulk_create(made)
        level += 1


async def _sign() -> Checkpoint | None:
    async with alone(SEALING):
        key, last, tree = await signing_key(), await latest(), await _unchanged()
        if tree.size == 0 or (last and last.size == tree.size and signers(last.note, key.public)):
            return None
        return await _make_checkpoint(tree, key)


async def _make_checkpoint(tree: Tree, *signing: PrivateKey) -> Checkpoint:
    head = Head(signing[0].name, tree.size, await tree.root())
    note = signed(str(head), *signing)
    await remember(note)
    made = await Checkpoint.create(size=head.size, root=head.root.hex(), at=clock.now(), note=note)
    await promise_checkpoint(made)
    return made


async def _give_away() -> None:
    """The last head to where others keep it: one process at a time, so that no smaller one comes after a larger."""
    if destination():
        async with alone(SEALING):
            if last := await latest():
                await publish(last.note)


async def _unchanged() -> Tree:
    """The log as a tree, if it still begins as the heads signed before say: the last one in the database, the one
    remembered beside the key and the one published. Raises `Refused` when it does not."""
    tree, last, known = Tree(await _size()), await latest(), await log_keys.public_keys()
    if last:
        await require(tree, believed(last.note, known), "数据库", "the database")
    for path, note in await kept():
        await require(tree, believed(note, known), str(path), str(path))
    return tree


def believed(note: str, known: Sequence[PublicKey]) -> Head | None:
    """What a checkpoint says, if it is one of this log: signed by a key of it, under its name."""
    try:
        head = Head.read(note)
        return head if [key for key in signers(note, *known) if key.name == head.origin] else None
    except NotANote:
        return None


async def require(tree: Tree, head: Head | None, where: str, where_en: str) -> None:
    """Raises `Refused` unless the log begins with what `head` says."""
    if head is None or head.size > tree.size or await tree.root(head.size) != head.root:
        raise Refused(LOG_REWRITTEN.about(size=head.size if head else "?", where=where, where_en=where_en))


async def _size() -> int:
    last = await Leaf.all().order_by("-id").first()
    return last.id + 1 if last else 0
