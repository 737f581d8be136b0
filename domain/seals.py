"""The log 存证: every entry of every history as a leaf of one Merkle tree (RFC 9162), and the signed heads of it.

A leaf is 48 bytes: the first 16 of SHA-256 over the subject's kind and key, then the entry's hash. So whoever holds
the leaves can count those of a case and knows that none was left out, but learns nothing else from them.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from domain.database import reads
from domain.history import Entry
from domain.records import new_id
from domain.refusals import Refusal, Refused
from domain.signed_notes import NotANote, text_of
from domain.trees import TILE_WIDTH, Place, leaf_hash

TAG_BYTES = 16
SEALING = 20_250_909  # any number, as long as nobody else takes an advisory lock by it
LOG_BROKEN = Refusal(
    "LOG_BROKEN", "警报：存证日志已被改动：{table} 表自 {first} 起缺行或行已损坏。",
    "Alarm: the log has been altered: rows of {table} from {first} on are missing or broken.",
)


class Unsealed(Model):
    """An entry that is not in the log yet. The database puts it here in the transaction that writes the entry, so
    none is lost that commits late; in one history their keys rise with the sequence."""

    id: int = fields.BigIntField(primary_key=True, generated=True)
    entry_id: UUID = fields.UUIDField(unique=True)

    class Meta:
        table = "unsealed"


class Leaf(Model):
    """An entry in the log; `id` is its index, from 0, and `data` its bytes in hexadecimal."""

    id: int = fields.BigIntField(primary_key=True, generated=False)
    entry_id: UUID = fields.UUIDField(unique=True)
    data = fields.CharField(max_length=96)

    class Meta:
        table = "leaf"


class Subtree(Model):
    """The hash over 256**level leaves; `id` is made of level and number, so that a tile is a run of them."""

    id: int = fields.BigIntField(primary_key=True, generated=False)
    hash = fields.CharField(max_length=64)

    class Meta:
        table = "subtree"

    @staticmethod
    def key(level: int, number: int) -> int:
        return (level << 48) + number


class Checkpoint(Model):
    """A signed head of the log, as given to the world; the last is the one of the greatest `id`."""

    id: int = fields.BigIntField(primary_key=True, generated=True)
    size = fields.BigIntField()
    root = fields.CharField(max_length=64)
    at = fields.DatetimeField()
    note = fields.TextField()

    class Meta:
        table = "checkpoint"
        indexes = (("size",),)


class LogKey(Model):
    """A key that signs from `at` on: the first, one handed over to, or one in place of a lost one.

    `note` is the hand-over, signed by the key before and by this one; empty where there was nothing to sign with.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    at = fields.DatetimeField()
    public = fields.CharField(max_length=300)
    statement = fields.TextField(default="")
    note = fields.TextField(default="")

    class Meta:
        table = "log_key"


@dataclass(frozen=True)
class Head:
    """What a checkpoint says: whose log, how many leaves, and their root."""

    origin: str
    size: int
    root: bytes

    @classmethod
    def read(cls, note: str) -> Self:
        """From a checkpoint, whoever signed it. Raises `NotANote`."""
        try:
            origin, size, root = text_of(note).split("\n")[:3]
            head = cls(origin, int(size), b64decode(root, validate=True))
        except ValueError as error:
            raise NotANote("this is no checkpoint") from error
        if not text_of(note).startswith(str(head)) or len(head.root) != 32:
            raise NotANote("this is no checkpoint")
        return head

    def __str__(self) -> str:
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


def subject_tag(kind: str, subject_id: UUID) -> bytes:
    return hashlib.sha256(f"{kind}/{subject_id}".encode()).digest()[:TAG_BYTES]


def leaf_of(entry: Entry) -> bytes:
    return subject_tag(entry.subject_kind, entry.subject_id) + bytes.fromhex(entry.hash)


async def leaves(number: int, width: int) -> list[bytes]:
    """The first `width` leaves of the `number`-th 256, as they are: an entry bundle. Raises `Refused` for a gap."""
    first = number * TILE_WIDTH
    found = await Leaf.filter(id__gte=first, id__lt=first + width).order_by("id").using_db(reads())
    return whole("leaf", first, width, [each.data for each in found])


async def tile(place: Place, width: int) -> list[bytes]:
    """The first `width` hashes of a tile. Raises `Refused` where the log does not hold them."""
    if place.level == 0:
        return [leaf_hash(leaf) for leaf in await leaves(place.number, width)]
    first = Subtree.key(place.level, place.number * TILE_WIDTH)
    found = await Subtree.filter(id__gte=first, id__lt=first + width).order_by("id").using_db(reads())
    return whole("subtree", first, width, [each.hash for each in found])


def whole(table: str, first: int, width: int, rows: Sequence[str]) -> list[bytes]:
    """What so many rows hold, from one on. Raises `Refused` when some are missing or are no hexadecimal text."""
    try:
        if len(rows) == width:
            return [bytes.fromhex(each) for each in rows]
    except ValueError:
        pass
    raise Refused(LOG_BROKEN.about(table=table, first=first))


async def latest() -> Checkpoint | None:
    return await Checkpoint.all().order_by("-id").using_db(reads()).first()
