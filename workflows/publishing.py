"""Where checkpoints go when they leave the database: beside the key that signs them, and where others keep them."""

from __future__ import annotations

import asyncio
import logging
import os
import re
from pathlib import Path

from domain.seals import Head
from domain.stores import reach_the_disk
from workflows.log_keys import key_file

KEPT = re.compile(r"checkpoint-\d{12}\.txt")
log = logging.getLogger("qiban.seals")


def memory() -> Path:
    """Beside the private key, the last head it signed: whoever owns the database alone cannot have another signed."""
    return key_file().with_name(f"{key_file().name}.checkpoint")


def destination() -> Path | None:
    """`QIBAN_CHECKPOINT_FILE`: a file, or a folder if it is one or ends with a slash. Best on another machine."""
    given = os.environ.get("QIBAN_CHECKPOINT_FILE")
    if not given:
        return None
    path = Path(given)
    if given.endswith(("/", os.sep)):
        path.mkdir(parents=True, exist_ok=True)
    return path


async def kept(every: bool = False) -> list[tuple[Path, str]]:
    """The last checkpoint of each place, with where it is; of a folder `every` one."""
    return await asyncio.to_thread(_kept, [memory(), destination()], every)


async def remember(note: str) -> None:
    """Keep a head beside the key, on the disk before anybody is told of it."""
    try:
        await asyncio.to_thread(_put, memory(), note)
    except OSError as error:
        log.warning("the head signed last is not kept beside the key: %s", error)


async def publish(note: str) -> None:
    """Put it where others keep it, unless it is there already."""
    if place := destination():
        await asyncio.to_thread(_put, place / _name(note) if place.is_dir() else place, note)


def _kept(places: list[Path | None], every: bool) -> list[tuple[Path, str]]:
    files = list[Path]()
    for place in places:
        if place and place.is_dir():
            found = sorted(each for each in place.iterdir() if KEPT.fullmatch(each.name))
            files += found if every else found[-1:]
        elif place and place.exists():
            files.append(place)
    return [(file, file.read_text("utf-8", errors="replace")) for file in files]


def _name(note: str) -> str:
    return f"checkpoint-{Head.read(note).size:012}.txt"


def _put(file: Path, note: str) -> None:
    if file.exists() and file.read_bytes() == note.encode():
        return
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.write_text(note, encoding="utf-8")
    reach_the_disk(draft, draft.parent)
    draft.replace(file)
    reach_the_disk(file, file.parent)
