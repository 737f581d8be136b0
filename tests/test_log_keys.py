"""The log's keys: outside the database, their owner's alone, handed over in the open, replaceable when lost."""

from __future__ import annotations

import stat
from pathlib import Path

from domain.seals import Checkpoint, LogKey
from domain.signed_notes import PrivateKey, signers, text_of
from tests.proofs import refused
from tests.world import a_zone
from workflows import log_keys
from workflows.seals import rotate, seal


async def test_the_key_is_its_owners_alone_and_lies_outside_the_database(database: str, log_key: Path) -> None:
    await log_keys.create_key()
    await a_zone("GL")
    assert mode_of(log_key) == 0o600

    with refused("KEY_EXISTS"):
        await log_keys.create_key()
    opened_to_all(log_key)
    with refused("KEY_OPEN_TO_OTHERS"):
        await seal()
    lose(log_key)
    with refused("NO_LOG_KEY"):
        await seal()
    log_keys.write_key(log_key, PrivateKey.make(log_keys.ORIGIN))
    with refused("NOT_THE_KEY"):
        await seal()


async def test_a_log_has_a_name_that_notes_can_carry(database: str, log_key: Path) -> None:
    with refused("BAD_ORIGIN"):
        await log_keys.create_key("two words")

    assert not await LogKey.exists()


async def test_a_new_key_takes_over_under_the_eyes_of_the_old(database: str, log_key: Path) -> None:
    first = await log_keys.create_key()
    await a_zone("GL")
    await seal()

    await rotate("Yearly change")

    old, new = await log_keys.public_keys()
    assert old == first
    over = await Checkpoint.all().order_by("-id").first()
    assert over and signers(over.note, old, new) == [new, old]
    announced = (await log_keys.keys())[-1]
    assert signers(announced.note, old, new) == [old, new]
    assert str(new) in text_of(announced.note)
    assert text_in(log_key).strip() == str(await log_keys.signing_key())
    await a_zone("GX")
    after = await seal()
    assert after and signers(after.note, old, new) == [new]


async def test_a_hand_over_that_died_after_it_was_written_down_is_finished(database: str, log_key: Path) -> None:
    await log_keys.create_key()
    before = PrivateKey.read(text_in(log_key))
    async with log_keys.handing_over(""):
        pass
    new = PrivateKey.read(text_in(log_key))
    log_keys.write_key(log_key.with_name("log-key.next"), new)
    log_keys.write_key(log_key, before)

    assert await log_keys.signing_key() == new
    assert PrivateKey.read(text_in(log_key)) == new


async def test_a_lost_key_is_replaced_and_what_it_signed_still_holds(database: str, log_key: Path) -> None:
    with refused("NO_LOG_KEY"):
        await log_keys.replace_lost("Lost")
    await log_keys.create_key()
    await a_zone("GL")
    made = await seal()
    lose(log_key)

    await log_keys.replace_lost("The disk broke on 2 March")
    await a_zone("GX")
    after = await seal()

    lost, new = await log_keys.public_keys()
    assert made and signers(made.note, lost, new) == [lost]
    assert after and signers(after.note, lost, new) == [new]


def text_in(file: Path) -> str:
    return file.read_text()


def mode_of(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def opened_to_all(file: Path) -> None:
    file.chmod(0o644)


def lose(file: Path) -> None:
    file.unlink()
