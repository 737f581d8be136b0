"""Audit exports: histories with all that an outsider needs to check them, in one zip that is checked offline."""

from __future__ import annotations

import json
import tempfile
import zipfile
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from domain import clock
from domain.cases import Case
from domain.database import reads
from domain.history import Entry, PersonalValue, entry_bytes
from domain.refusals import Refusal, Refused
from domain.seals import Checkpoint, Leaf, whole
from domain.signed_notes import PrivateKey, signed
from domain.zones import Zone
from workflows.exports.histories import History, Subject, Written
from workflows.exports.names import Names
from workflows.exports.pages import Pages
from workflows.log_keys import keys, signing_key
from workflows.proofs import Tree, checkpoint
from workflows.seals import seal

SUBJECTS_AT_ONCE = 100
IDS_AT_ONCE = 500
LEAVES_AT_ONCE = 10_000
NO_SUCH_CASE = Refusal("NO_SUCH_CASE", "没有编号为“{number}”的诉求。", "No case has the number “{number}”.")
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Scope:
    """What is exported: whole histories, and the words for which."""

    about: str
    subjects: Sequence[Subject]


async def of_case(number: str) -> Scope:
    case = await Case.filter(number=number.strip().upper()).using_db(reads()).first()
    if case is None:
        raise Refused(NO_SUCH_CASE.about(number=number))
    return Scope(f"case {case.number}", [("case", case.id)])


async def of_zone(zone: Zone | None, since: datetime | None, until: datetime | None) -> Scope:
    """The whole history of everything in the zone and those below that moved in the period."""
    rows = Entry.all().using_db(reads())
    if zone is not None:
        inside = await Zone.filter(path__startswith=f"{zone.path}/").values_list("id", flat=True)
        rows = rows.filter(zone_id__in=[zone.id, *inside])
    rows = rows.filter(at__gte=since) if since else rows
    rows = rows.filter(at__lt=until) if until else rows
    found = await rows.distinct().values_list("subject_kind", "subject_id")
    told = [f"{each:%Y-%m-%d}" if each else "" for each in (since, until)]
    return Scope(f"zone {zone.code if zone else '*'} {told[0]}..{told[1]}", sorted(found))


async def export(
    out: Path, scope: Scope, *, with_personal: bool = False, with_leaves: bool = True, progress: Progress | None = None
) -> tuple[int, int, Checkpoint]:
    """Write the export; how many entries of how many histories, under which checkpoint.

    Without the leaves of the whole log (48 bytes each) every entry brings a path of its own, but nothing shows that
    none was left out. Raises `Refused` without the log's key.
    """
    key = await signing_key()
    await seal()
    last = await checkpoint()
    draft = out.with_name(f".{out.name}.part")
    try:
        with zipfile.ZipFile(draft, "w") as archive, tempfile.TemporaryFile() as values:
            written, pages, entries = Written(archive), Pages(), 0
            tree = None if with_leaves else Tree(last.size)
            async for done, history, names in _histories(scope.subjects, last.size, with_personal):
                await _write_history(written, history, tree)
                pages.write(written, history, names)
                if with_personal:
                    values.writelines(_personal_line(each) for each in history.personal.values())
                entries += len(history.entries)
                if progress:
                    progress(done, len(scope.subjects))
            pages.finish(written, scope.about, last)
            if with_personal:
                written.move("personal.jsonl", values)
            if with_leaves:
                await _write_leaves(written, last.size)
            await _write_rest(written, scope, last, key)
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)
    return entries, len(scope.subjects), last


async def _histories(
    subjects: Sequence[Subject], size: int, with_personal: bool
) -> AsyncIterator[tuple[int, History, Names]]:
    for start in range(0, len(subjects), SUBJECTS_AT_ONCE):
        some = subjects[start : start + SUBJECTS_AT_ONCE]
        wanted = Entry.filter(subject_id__in=[key for _, key in some]).order_by("subject_id", "sequence")
        entries = {each.id: each for each in await wanted.using_db(reads())}
        found = {key: History((kind, key), [], {}) for kind, key in some}
        leaves = [each for part in _parts(entries) for each in await Leaf.filter(entry_id__in=part).using_db(reads())]
        index = {each.entry_id: each.id for each in leaves if each.id < size}
        for entry in entries.values():
            if entry.id in index:
                found[entry.subject_id].entries.append((index[entry.id], entry))
        for part in _parts(entries):
            for value in await PersonalValue.filter(entry_id__in=part).using_db(reads()):
                found[entries[value.entry_id].subject_id].personal[value.commitment] = value
        names = await Names.of(entries.values(), with_personal)
        for done, history in enumerate(found.values(), start + 1):
            yield done, history, names


def _parts(ids: Iterable[UUID]) -> Iterator[list[UUID]]:
    every = list(ids)
    return (every[start : start + IDS_AT_ONCE] for start in range(0, len(every), IDS_AT_ONCE))


async def _write_history(written: Written, history: History, tree: Tree | None) -> None:
    kind, key = history.subject
    with written.file(f"entries/{kind}-{key}.jsonl") as write:
        for index, entry in history.entries:
            line: dict[str, object] = {"index": index, "entry": entry_bytes(entry).decode()}
            if tree:
                line["path"] = [b64encode(each).decode() for each in await tree.inclusion(index)]
            write(f"{json.dumps(line, ensure_ascii=False)}\n".encode())


def _personal_line(value: PersonalValue) -> bytes:
    told = {"commitment": value.commitment, "salt": value.salt, "value": value.value}
    return f"{json.dumps(told, ensure_ascii=False)}\n".encode()


async def _write_leaves(written: Written, size: int) -> None:
    with written.file("leaves.bin", zipfile.ZIP_STORED) as write:
        for start in range(0, size, LEAVES_AT_ONCE):
            end = min(start + LEAVES_AT_ONCE, size)
            rows = Leaf.filter(id__gte=start, id__lt=end).order_by("id").using_db(reads())
            write(b"".join(whole("leaf", start, end - start, [each["data"] for each in await rows.values("data")])))


async def _write_rest(written: Written, scope: Scope, last: Checkpoint, key: PrivateKey) -> None:
    written.add("checkpoint.txt", last.note)
    known = [
        {"key": each.public, "since": each.at.isoformat(), "statement": each.statement, "handOver": each.note}
        for each in await keys()
    ]
    written.add("keys.json", json.dumps(known, ensure_ascii=False, indent=1))
    written.add("verify.py", Path(__file__).with_name("verify.py").read_text("utf-8"))
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(written.hashes.items()))
    text = f"qiban audit export v1\n{scope.about}\n{clock.now().isoformat()}\n\n{lines}"
    with written.zip.open("manifest.txt", "w") as file:
        file.write(signed(text, key).encode())
