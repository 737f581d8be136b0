"""The Merkle tree of RFC 9162 as arithmetic: which subtrees make a root or a proof, and how they are combined.

A proof is a list of ranges of leaves; a range is combined from complete subtrees, each of which stands in one tile
of 256 hashes (C2SP tlog-tiles), so that any proof over n leaves looks at a handful of tiles. No I/O happens here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
Range = tuple[int, int]
"""Leaves from the first to before the second."""


@dataclass(frozen=True, order=True)
class Place:
    """A tile: its level, and its number within the level."""

    level: int
    number: int

    def width(self, size: int) -> int:
        """How many hashes it holds in a tree of `size` leaves."""
        return max(0, min(TILE_WIDTH, (size >> TILE_HEIGHT * self.level) - self.number * TILE_WIDTH))


@dataclass(frozen=True)
class Node:
    """A complete subtree: of 2**height leaves, the `index`-th of its kind."""

    height: int
    index: int

    @property
    def place(self) -> Place:
        return Place(self.height // TILE_HEIGHT, self.index >> TILE_HEIGHT - self.height % TILE_HEIGHT)

    def within(self, tile: Sequence[bytes]) -> bytes:
        """Its hash, from the hashes of its tile."""
        inner = self.height % TILE_HEIGHT
        start = (self.index << inner) % TILE_WIDTH
        return complete_hash(tile[start : start + (1 << inner)])


def leaf_hash(leaf: bytes) -> bytes:
    return hashlib.sha256(b"\0" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def complete_hash(hashes: Sequence[bytes]) -> bytes:
    """The root over a power of two of hashes."""
    while len(hashes) > 1:
        hashes = [node_hash(hashes[n], hashes[n + 1]) for n in range(0, len(hashes), 2)]
    return hashes[0]


def inclusion(index: int, size: int) -> list[Range]:
    """RFC 9162, 2.1.3.1: what stands beside the way from a leaf up to the root."""
    ranges, low, high = list[Range](), 0, size
    while high - low > 1:
        middle = _split(low, high)
        if index < middle:
            ranges.append((middle, high))
            high = middle
        else:
            ranges.append((low, middle))
            low = middle
    return ranges[::-1]


def consistency(old: int, size: int) -> list[Range]:
    """RFC 9162, 2.1.4.1: what shows that the tree of `old` leaves is the beginning of the one of `size`."""
    if old == 0:
        return []
    ranges, low, high = list[Range](), 0, size
    while old != high:
        middle = _split(low, high)
        if old <= middle:
            ranges.append((middle, high))
            high = middle
        else:
            ranges.append((low, middle))
            low = middle
    return [*([(low, high)] if low else []), *ranges[::-1]]


def nodes(span: Range) -> list[Node]:
    """The complete subtrees of a range, from left to right; the range begins where its first subtree may."""
    found, (low, high) = list[Node](), span
    while low < high:
        height = (high - low).bit_length() - 1
        found.append(Node(height, low >> height))
        low += 1 << height
    return found


def range_hash(span: Range, hash_of: Callable[[Node], bytes]) -> bytes:
    """The hash over a range; over none at all that of nothing."""
    hashes = [hash_of(node) for node in nodes(span)]
    if not hashes:
        return hashlib.sha256(b"").digest()
    return reduce(lambda right, left: node_hash(left, right), reversed(hashes))


class Growing:
    """A tree as hashes of leaves are added to it from left to right; only its complete subtrees are kept."""

    def __init__(self) -> None:
        self.size = 0
        self._whole: list[bytes] = []

    def add(self, hash: bytes) -> None:
        number = self.size
        while number & 1:
            hash, number = node_hash(self._whole.pop(), hash), number >> 1
        self._whole.append(hash)
        self.size += 1

    def root(self) -> bytes:
        return reduce(lambda right, left: node_hash(left, right), reversed(self._whole))


def _split(low: int, high: int) -> int:
    """Where a tree over a range divides: after the largest power of two that is smaller."""
    return low + (1 << (high - low - 1).bit_length() - 1)
