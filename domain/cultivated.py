"""Entries that an application or a recognition concerns: those of the enterprise, inside libraries for that kind."""

from __future__ import annotations

from uuid import UUID

from domain.kinds import RecognitionKind
from domain.library_entries import LibraryEntry, LibraryEntryState


async def cultivated(enterprise_id: UUID, kind: RecognitionKind, title: str) -> list[LibraryEntry]:
    """A project is known by its title, an enterprise by itself."""
    inside = LibraryEntry.filter(enterprise_id=enterprise_id, state=LibraryEntryState.INSIDE)
    if not await inside.exists():  # as of most: one short look instead of a join
        return []
    return await inside.filter(library__recognised_as=kind, title__in=["", title]).order_by("id")
