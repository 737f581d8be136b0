"""A process that seals until it is killed; entries in any number; and what the owner of a database can do to it."""

from __future__ import annotations

import asyncio
import sys
from uuid import uuid4

from tortoise.connection import get_connection

from domain import clock, database, trees
from domain.cases import Case
from domain.history import Entry, entry_hash
from domain.records import new_id
from domain.seals import Leaf, Subtree, leaf_of
from domain.viewers import NOBODY
from workflows import seals

TABLES = ("entry", "leaf", "subtree", "checkpoint", "log_key")


def entries_of(count: int, chain: int = 1) -> list[Entry]:
    """Entries in histories of `chain` each."""
    made: list[Entry] = []
    for number in range(count):
        before = made[-1] if number % chain else None
        entry = Entry(
            id=new_id(), zone_id=before.zone_id if before else uuid4(), subject_kind="zone",
            subject_id=before.subject_id if before else uuid4(), sequence=number % chain + 1, record_kind="zone",
            record_id=uuid4(), move="found", source=None, target="kept", actor_id=NOBODY, acting_id=None,
            at=clock.now(), reason="", caused_by=None, changes="{}", previous=before.hash if before else "",
        )
        entry.hash = entry_hash(entry)
        made.append(entry)
    return made


async def without_triggers(*statements: str) -> None:
    """What the owner of the database can do: drop the triggers, and then anything."""
    client = get_connection("default")
    if database.engine() == "postgres":
        for table in TABLES:
            await client.execute_query(f'ALTER TABLE "{table}" DISABLE TRIGGER ALL')
    else:
        found = await client.execute_query_dict("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        kept = [each["name"] for each in found if not each["name"].endswith("_queued")]
        for name in kept:
            await client.execute_query(f'DROP TRIGGER "{name}"')
    for statement in statements:
        await client.execute_query(statement)
    if database.engine() == "postgres":
        for table in TABLES:
            await client.execute_query(f'ALTER TABLE "{table}" ENABLE TRIGGER ALL')


async def rewritten(case: Case) -> None:
    """Its owner alters a case's history, chains it anew, and makes the log and its checkpoints fit."""
    entries = await Entry.filter(subject_id=case.id).order_by("sequence")
    statements, previous = ["DELETE FROM checkpoint", "DELETE FROM subtree"], ""
    for entry in entries:
        entry.reason, entry.previous = "另有所图", previous
        previous = entry.hash = entry_hash(entry)
        statements += [
            f"UPDATE entry SET reason = '{entry.reason}', previous = '{entry.previous}', hash = '{entry.hash}' "
            f"WHERE id = '{entry.id}'",
            f"UPDATE leaf SET data = '{leaf_of(entry).hex()}' WHERE entry_id = '{entry.id}'",
        ]
    await without_triggers(*statements)
    leaves = [bytes.fromhex(each.data) for each in await Leaf.all().order_by("id")]
    for number in range(len(leaves) // 256):
        hashes = [trees.leaf_hash(each) for each in leaves[number * 256 : number * 256 + 256]]
        await Subtree.create(id=Subtree.key(1, number), hash=trees.complete_hash(hashes).hex())


async def work(url: str) -> None:
    seals.AT_ONCE = 50
    async with database.opened(url):
        print("sealing", flush=True)
        while True:
            await seals.seal()


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1]))
