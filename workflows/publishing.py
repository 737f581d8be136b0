"""Where checkpoints go when they leave the database: a file that is replaced, or a folder that keeps each."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

from domain.seals import Checkpoint, Head
from domain.signed_notes import NotANote
from domain.stores import reach_the_disk

KEPT = re.compile(r"checkpoint-\d{12}\.txt")


def destination() -> Path | None:
    """`QIBAN_CHECKPOINT_FILE`: a file, or a folder if it is one or ends with a slash. Best on another machine."""
    given = os.environ.get("QIBAN_CHECKPOINT_FILE")
    if not given:
        return None
    path = Path(given)
    if given.endswith(("/", os.sep)):
        path.mkdir(parents=True, exist_ok=True)
    return path


async def published() -> tuple[Path, Head | None] | None:
    """The last checkpoint there, and where; its head is None when it cannot be read."""
    place = destination()
    return await asyncio.to_thread(_last, place) if place else None


async def publish(checkpoint: Checkpoint) -> None:
    """Put it there, unless it is there already."""
    if place := destination():
        await asyncio.to_thread(_put, place, checkpoint)


def _last(place: Path) -> tuple[Path, Head | None] | None:
    if place.is_dir():
        kept = sorted(each for each in place.iterdir() if KEPT.fullmatch(each.name))
        if not kept:
            return None
        place = kept[-1]
    elif not place.exists():
        return None
    try:
        return place, Head.read(place.read_text(encoding="utf-8"))
    except (NotANote, UnicodeDecodeError):
        return place, None


def _put(place: Path, checkpoint: Checkpoint) -> None:
    file = place / f"checkpoint-{checkpoint.size:012}.txt" if place.is_dir() else place
    if file.exists() and file.read_text(encoding="utf-8") == checkpoint.note:
        return
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.write_text(checkpoint.note, encoding="utf-8")
    draft.replace(file)
    reach_the_disk(file, file.parent)
