"""How trusted documents are registered, listed and forgotten; and kept at hand by every process."""

from __future__ import annotations

from collections.abc import Mapping

from domain import clock
from domain.database import reads, transaction
from domain.documents import TrustedDocument, hash_of

READ_AGAIN_SECONDS = 1.0  # for one that is not known
FRESH_SECONDS = 30.0  # until one that was forgotten is answered no longer


async def trust(documents: Mapping[str, str]) -> int:
    """Register documents, texts by name; how many were new."""
    at = clock.now()
    rows = {hash_of(text): TrustedDocument(hash=hash_of(text), name=name, text=text, added_at=at)
            for name, text in documents.items()}
    async with transaction():
        known = {each.hash for each in await TrustedDocument.filter(hash__in=list(rows))}
        new = [row for key, row in rows.items() if key not in known]
        await TrustedDocument.bulk_create(new, ignore_conflicts=True)
    return len(new)


async def forget(hashes: list[str]) -> int:
    """No longer trust documents; how many there were."""
    return await TrustedDocument.filter(hash__in=hashes).delete()


class Registry:
    """The trusted texts by hash, as last read; read again when one is asked for that is not among them."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.read_at = float("-inf")

    async def text(self, key: str, at: float) -> str | None:
        """The text of a hash; `at` is a clock's reading in seconds."""
        age = at - self.read_at
        if age >= (FRESH_SECONDS if key in self.texts else READ_AGAIN_SECONDS):
            await self.refresh(at)
        return self.texts.get(key)

    async def refresh(self, at: float) -> None:
        rows = await TrustedDocument.all().using_db(reads())
        self.texts, self.read_at = {row.hash: row.text for row in rows}, at
