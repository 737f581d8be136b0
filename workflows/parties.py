"""Whom a move concerns one by one, beside those who oversee its zone: so that a thousand who watch cost nothing until
something of theirs moves."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from uuid import UUID

from domain.cases import Case
from domain.database import first_hand, reads
from domain.history import Entry
from domain.notices import Notice
from domain.records import subjects
from domain.responsibilities import Responsibility
from domain.supervisions import Supervision
from domain.viewers import Viewer
from workflows import announce
from workflows.announce import Note, Topic
from workflows.notices import entries_of

GIVING = ("case", "enterprise")
GIVEN = ("owner_id", "escalated_to_id", "companion_id")
"""Columns that name a person to whom a case, or an enterprise with all its cases, is given."""
log = logging.getLogger("qiban.parties")


def topics_of(viewer: Viewer) -> list[Topic]:
    """What someone listens to so as to hear of whatever concerns them."""
    return [("party", each) for each in (viewer.person_id, *viewer.departments, *viewer.enterprises)]


def inbox_of(person_id: UUID) -> Topic:
    """What someone listens to so as to hear of what they are told."""
    return ("inbox", person_id)


async def concerned(note: Note) -> set[UUID]:
    """Persons, departments and enterprises: all by whom someone may see the case, or could until this moved.

    It names at least whoever `Case.visible_to` lets in without overseeing the zone; tests/test_live.py compares.
    """
    texts = await _changes(note)
    found = _given_and_taken(note, texts)
    if note.kind == "case":
        columns = ("owner_id", "escalated_to_id", "enterprise_id", "enterprise__companion_id")
        for row in await Case.filter(id=note.subject_id).using_db(reads()).values_list(*columns):
            found |= set(row)
        duties = Responsibility.filter(case_id=note.subject_id).using_db(reads())
        for row in await duties.values_list("department_id", "person_id"):
            found |= set(row)
        if any('"supervision/' in each for each in texts):
            answers = Supervision.filter(case_id=note.subject_id).using_db(reads())
            for row in await answers.values_list("department_id", "person_id", "supervisor_id"):
                found |= set(row)
    return {each for each in found if isinstance(each, UUID)}


@asynccontextmanager
async def routing() -> AsyncIterator[None]:
    """Pass on every move of a case or an enterprise to those it concerns, and every notice to whom it is for, for as
    long as the block lasts."""
    task = asyncio.create_task(_route())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _route() -> None:
    with announce.Listener(kind.kind() for kind in subjects()) as listener:
        while True:
            missed, note = await listener.heard()
            if missed:
                announce.lost("party")
                announce.lost("inbox")
            if note is None:
                continue
            try:
                with first_hand():
                    announce.pass_on(note, await _topics(note))
            except Exception as error:
                log.error("whom a move concerns could not be read: %s", type(error).__name__)
                announce.lost("party")
                announce.lost("inbox")


async def _topics(note: Note) -> list[Topic]:
    topics: list[Topic] = []
    if note.kind in GIVING and announce.is_heard("party"):
        topics += [("party", each) for each in await concerned(note)]
    if announce.is_heard("inbox"):
        told = Notice.filter(entry_id__in=entries_of(note)).using_db(reads())
        topics += [inbox_of(each) for each in await told.values_list("person_id", flat=True)]  # type: ignore[arg-type]
    return topics


async def _changes(note: Note) -> list[str]:
    moved = Entry.filter(subject_id=note.subject_id, sequence__gte=note.first, sequence__lte=note.last)
    return await moved.using_db(reads()).values_list("changes", flat=True)  # type: ignore[return-value]


def _given_and_taken(note: Note, texts: Iterable[str]) -> set[UUID | None]:
    changes = [json.loads(each).get(f"{note.kind}/{note.subject_id}", {}) for each in texts]
    return {UUID(key) for each in changes for column in GIVEN for key in each.get(column, ()) if key}
