"""What the owner of the database can do behind the service's back, and by whom each of it is found."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tortoise.connection import get_connection

from domain.cases import Case
from domain.history import Entry
from domain.rebuilding import rebuild
from domain.refusals import Refused
from domain.seals import Checkpoint, Head, Leaf, LogKey, Unsealed
from domain.signed_notes import PrivateKey
from tests.proofs import moved
from tests.sealing import rewritten, without_triggers
from tests.test_exports import verified, written
from tests.test_seals import by_definition
from tests.world import World, a_case, a_world, a_zone
from workflows import exports, log_keys
from workflows.log_check import check_log
from workflows.publishing import memory
from workflows.replay import replay
from workflows.seals import seal

pytestmark = pytest.mark.usefixtures("log_key")
Attack = Callable[[World, Case], Awaitable[None]]


async def a_changed_byte(world: World, case: Case) -> None:
    await without_triggers(f"UPDATE entry SET reason = 'x' WHERE {of(case)} AND sequence = 2")


async def a_removed_entry(world: World, case: Case) -> None:
    await without_triggers(f"DELETE FROM entry WHERE {of(case)} AND sequence = 2")


async def an_inserted_entry(world: World, case: Case) -> None:
    forged = await Entry.get(subject_id=case.id, sequence=2)
    forged.id, forged.sequence = Entry().id, 3
    await without_triggers(f"UPDATE entry SET sequence = sequence + 100 WHERE {of(case)} AND sequence > 2")
    await Entry.bulk_create([forged])
    await without_triggers(
        f"UPDATE entry SET sequence = sequence - 99 WHERE {of(case)} AND sequence > 100", "DELETE FROM unsealed"
    )


async def reordered_entries(world: World, case: Case) -> None:
    await without_triggers(*(
        f"UPDATE entry SET sequence = {after} WHERE {of(case)} AND sequence = {before}"
        for before, after in ((1, 99), (2, 1), (99, 2))
    ))


async def a_cut_tail(world: World, case: Case) -> None:
    """The case's last entry is gone, and its row says so."""
    last, before = await Entry.filter(subject_id=case.id).order_by("-sequence").limit(2)
    await without_triggers(
        f"DELETE FROM entry WHERE id = '{last.id}'",
        f"UPDATE \"case\" SET sequence = {before.sequence}, head = '{before.hash}' WHERE id = '{case.id}'",
    )


async def a_log_rolled_back(world: World, case: Case) -> None:
    """All is as it was before the first checkpoint's next: an older backup is put in the database's place."""
    first = await Checkpoint.all().order_by("id").first()
    assert first
    await without_triggers(
        f"DELETE FROM entry WHERE id IN (SELECT entry_id FROM leaf WHERE id >= {first.size})",
        f"DELETE FROM leaf WHERE id >= {first.size}", f"DELETE FROM checkpoint WHERE id > {first.id}",
        "DELETE FROM zone WHERE code = 'LYG'",
    )


async def a_history_rewritten(world: World, case: Case) -> None:
    """One case's entries, their leaves and every hash over them fit each other; no checkpoint is left."""
    await rewritten(case)


async def a_history_rewritten_under_a_forged_checkpoint(world: World, case: Case) -> None:
    await rewritten(case)
    leaves = [bytes.fromhex(each.data) for each in await Leaf.all().order_by("id")]
    known = (await log_keys.public_keys())[-1]
    head = Head(known.name, len(leaves), by_definition(leaves))
    note = f"{head}\n{PrivateKey.make(known.name).line(str(head))}"
    await Checkpoint.create(size=head.size, root=head.root.hex(), at=case.created_at, note=note)


async def a_history_rewritten_with_the_key(world: World, case: Case) -> None:
    await rewritten(case)
    memory().unlink()


async def all_rewritten_with_the_key(world: World, case: Case) -> None:
    """The same, and the rows and their past are made to fit."""
    await a_history_rewritten_with_the_key(world, case)
    last = await Entry.filter(subject_id=case.id).order_by("-sequence").first()
    assert last
    await without_triggers(f"UPDATE \"case\" SET head = '{last.hash}' WHERE id = '{case.id}'")
    await rebuild()


async def a_log_under_another_key(world: World, case: Case) -> None:
    """Rewritten, and all signed anew by a key of the owner's own."""
    await rewritten(case)
    memory().unlink()
    log_keys.key_file().unlink()
    await without_triggers("DELETE FROM log_key")
    await log_keys.create_key()


async def another_key_in_the_database(world: World, case: Case) -> None:
    await LogKey.create(at=case.created_at, public=str(PrivateKey.make("qiban.local/log").public))


async def leaves_out_of_the_middle(world: World, case: Case) -> None:
    await without_triggers("DELETE FROM leaf WHERE id BETWEEN 7 AND 9", "DELETE FROM checkpoint")


async def a_broken_leaf(world: World, case: Case) -> None:
    await without_triggers("UPDATE leaf SET data = 'no hash' WHERE id = 7")


async def an_empty_log(world: World, case: Case) -> None:
    """The tables of the log are emptied, as if it had never been."""
    await without_triggers(*(f"DELETE FROM {table}" for table in ("leaf", "subtree", "checkpoint", "unsealed")))


async def a_log_begun_anew(world: World, case: Case) -> None:
    """Emptied, rewritten, and every entry put in the queue again: the sealer is to do the rest."""
    await rewritten(case)
    await an_empty_log(world, case)
    for entry in await Entry.all().order_by("at", "sequence"):
        await Unsealed.create(entry_id=entry.id)


async def an_entry_waiting_twice(world: World, case: Case) -> None:
    entry = await Entry.get(subject_id=case.id, sequence=1)
    await Unsealed.create(entry_id=entry.id)


async def zones_swapped(world: World, case: Case) -> None:
    """What lay in one zone lies in another, in the rows alone."""
    other = await a_zone("GX")
    await get_connection("default").execute_query(f"UPDATE \"case\" SET zone_id = '{other.id}'")


async def zones_swapped_in_the_history(world: World, case: Case) -> None:
    other = await a_zone("GX")
    await without_triggers(f"UPDATE entry SET zone_id = '{other.id}' WHERE {of(case)}")


async def nothing(world: World, case: Case) -> None:
    """The log as it should be."""


SEALER, CHECK, REPLAY, EXPORT, KEY, KEPT = "seal", "check-log", "replay", "export", "--key", "--checkpoint"
HISTORY = {CHECK, REPLAY, EXPORT, KEY, KEPT}
"""Who looks at entries sees them altered; the sealer does not read again what it has sealed."""
EVERYBODY = {SEALER, CHECK, EXPORT, KEY, KEPT}
"""What the sealer refuses is not exported either."""
ATTACKS: dict[Attack, set[str]] = {
    nothing: set(),
    a_changed_byte: HISTORY, a_removed_entry: HISTORY, an_inserted_entry: HISTORY, reordered_entries: HISTORY,
    zones_swapped_in_the_history: HISTORY, a_cut_tail: HISTORY,
    zones_swapped: {REPLAY},
    a_log_rolled_back: EVERYBODY, a_history_rewritten: EVERYBODY | {REPLAY},
    a_history_rewritten_under_a_forged_checkpoint: EVERYBODY | {REPLAY}, a_log_begun_anew: EVERYBODY | {REPLAY},
    leaves_out_of_the_middle: EVERYBODY, a_broken_leaf: EVERYBODY, an_empty_log: EVERYBODY,
    an_entry_waiting_twice: EVERYBODY, another_key_in_the_database: EVERYBODY - {CHECK},
    a_log_under_another_key: {KEY, KEPT, REPLAY}, a_history_rewritten_with_the_key: {KEPT, REPLAY},
    all_rewritten_with_the_key: {KEPT},
}


@pytest.mark.parametrize(("attack", "found"), ATTACKS.items(), ids=lambda each: getattr(each, "__name__", ""))
async def test_what_the_owner_of_the_database_does_is_found_by_those_the_guide_names(
    database: str, tmp_path: Path, attack: Attack, found: set[str]
) -> None:
    key = str(await log_keys.create_key())
    world = await a_world()
    case = await a_case(world)
    await moved(world, world.companion, case, "edit", title="二期用地")
    await seal()
    await a_zone("LYG")
    await seal()
    last = await Checkpoint.all().order_by("-id").first()
    assert last
    kept = written(tmp_path / "kept.txt", last.note)

    await attack(world, case)

    assert await finders(case, tmp_path / "export.zip", key, kept) == found


async def finders(case: Case, out: Path, key: str, kept: Path) -> set[str]:
    """Who notices: check-log and the replay first, then the sealer at its next entry, then whoever gets an export."""
    told = {CHECK: bool((await check_log())[1]), REPLAY: bool([each async for each in replay()])}
    await a_zone("BB")
    try:
        await seal()
        await exports.export(out, await exports.of_case(case.number))
    except Refused:
        return {each for each in (CHECK, REPLAY) if told[each]} | {SEALER, EXPORT, KEY, KEPT}
    ways: dict[str, tuple[str | Path, ...]] = {
        EXPORT: (), KEY: ("--key", key), KEPT: ("--key", key, "--checkpoint", kept),
    }
    told |= {name: (await verified(out, *arguments)).code != 0 for name, arguments in ways.items()}
    return {each for each in told if told[each]}


def of(case: Case) -> str:
    return f"subject_id = '{case.id}'"

