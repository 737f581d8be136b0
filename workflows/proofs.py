"""Proofs out of the log: its root at any size, that a leaf is in it, that one head is the beginning of another."""

from __future__ import annotations

from base64 import b64encode
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from uuid import UUID

from domain import trees
from domain.database import reads
from domain.refusals import BAD_INPUT, Refusal, Refused
from domain.seals import Checkpoint, Leaf, latest, tile
from domain.trees import Place, Range

MOST_TILES = 64
NOT_SEALED = Refusal(
    "NOT_SEALED", "这条记录尚未存证，请稍后再试。", "This entry is not in the log yet; try again shortly."
)
NO_CHECKPOINT = Refusal("NO_CHECKPOINT", "尚无签名的检查点。", "There is no signed checkpoint yet.")


class Tree:
    """The log as a tree of `size` leaves, its tiles read as they are needed and kept while it is used."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._tiles: OrderedDict[Place, list[bytes]] = OrderedDict()

    async def root(self, size: int | None = None) -> bytes:
        return (await self.hashes([(0, self.size if size is None else size)]))[0]

    async def inclusion(self, index: int) -> list[bytes]:
        return await self.hashes(trees.inclusion(index, self.size))

    async def consistency(self, old: int) -> list[bytes]:
        return await self.hashes(trees.consistency(old, self.size))

    async def hashes(self, ranges: Sequence[Range]) -> list[bytes]:
        wanted = {node.place for span in ranges for node in trees.nodes(span)}
        held = await self._hold(wanted)
        return [trees.range_hash(span, lambda node: node.within(held[node.place])) for span in ranges]

    async def _hold(self, wanted: Iterable[Place]) -> dict[Place, list[bytes]]:
        held = {}
        for place in wanted:
            if place not in self._tiles:
                self._tiles[place] = await tile(place, place.width(self.size))
            self._tiles.move_to_end(place)
            held[place] = self._tiles[place]
        while len(self._tiles) > MOST_TILES:
            self._tiles.popitem(last=False)
        return held


async def checkpoint() -> Checkpoint:
    """The last one. Raises `Refused` before there is any."""
    last = await latest()
    if last is None:
        raise Refused(NO_CHECKPOINT)
    return last


async def index_of(entry_id: UUID, size: int) -> int:
    """Where an entry stands among the first `size` leaves."""
    leaf = await Leaf.filter(entry_id=entry_id, id__lt=size).using_db(reads()).first()
    if leaf is None:
        raise Refused(NOT_SEALED)
    return leaf.id


async def inclusion_of(entry_id: UUID) -> tuple[Checkpoint, int, list[bytes]]:
    """The last checkpoint, the entry's index, and the path from its leaf to the root."""
    last = await checkpoint()
    index = await index_of(entry_id, last.size)
    return last, index, await Tree(last.size).inclusion(index)


async def consistency_between(old: int, new: int) -> list[bytes]:
    """That the log's first `old` leaves are the beginning of its first `new`; both at most what was last signed."""
    size = (await checkpoint()).size
    if not 0 < old <= new <= size:
        raise Refused(
            BAD_INPUT.about(
                problem_zh=f"应为 0 < from ≤ to ≤ {size}", problem_en=f"it must be 0 < from ≤ to ≤ {size}"
            )
        )
    return await Tree(new).consistency(old)


def proof_text(note: str, index: int, path: Sequence[bytes]) -> str:
    """A proof that needs nothing but the log's key to be checked: C2SP tlog-proof."""
    lines = ["c2sp.org/tlog-proof@v1", f"index {index}", *(b64encode(each).decode() for each in path)]
    return "\n".join(lines) + f"\n\n{note}"
