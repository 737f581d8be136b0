"""Documents asked for by hash: those an operator trusts, and in an open installation those a client has sent before.

A request names a document as GraphQL over HTTP has it (`documentId: "sha256:…"`) or as Apollo's clients do
(`extensions.persistedQuery.sha256Hash`). With `QIBAN_DOCUMENTS=trusted` everything else is refused, on every transport.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any

from graphql import GraphQLError
from strawberry.extensions import SchemaExtension

from domain.documents import hash_of
from domain.recent import Recent
from domain.refusals import BAD_INPUT, Refusal, Refused
from workflows.documents import Registry

MOST_SENT = 1_000
LONGEST_SENT = 20_000  # characters
NOT_TRUSTED = Refusal(
    "NOT_TRUSTED", "本服务只答复已登记的查询文档。", "This installation answers registered documents only."
)
# The very codes Apollo's clients wait for before they send the text.
NOT_FOUND = Refusal("PERSISTED_QUERY_NOT_FOUND", "没有登记此查询文档。", "PersistedQueryNotFound")
MISMATCH = BAD_INPUT.about(
    "extensions.persistedQuery", problem_zh="哈希与查询文档不符", problem_en="the hash is not that of the document"
)
ABOUT_DOCUMENTS = {NOT_TRUSTED.code, NOT_FOUND.code, MISMATCH.code}
"""What is answered as an error of GraphQL and not of who is asking."""
registry = Registry()
_sent: Recent[str] = Recent(MOST_SENT)


def only_trusted() -> bool:
    return os.environ.get("QIBAN_DOCUMENTS", "open") == "trusted"


async def document_of(asked: dict[str, Any]) -> str | None:
    """The text a request is about; None where it names neither text nor hash. Raises `Refused` for a hash nobody knows
    and, in a closed installation, for a text nobody registered."""
    text, key = asked.get("query"), _hash_in(asked)
    text = text if isinstance(text, str) and text else None
    if key is None:
        if text is not None and only_trusted() and await _trusted(hash_of(text)) is None:
            raise Refused(NOT_TRUSTED)
        return text
    known = await _trusted(key) or (None if only_trusted() else _sent.get(key))
    if known is None and text is None:
        raise Refused(NOT_FOUND)
    if text is not None and hash_of(text) != key:
        raise Refused(MISMATCH)
    if known is None and only_trusted():
        raise Refused(NOT_TRUSTED)
    if known is None and text is not None and len(text) <= LONGEST_SENT:
        _sent.put(key, text)
    return known or text


async def _trusted(key: str) -> str | None:
    return await registry.text(key, time.monotonic())


def _hash_in(asked: dict[str, Any]) -> str | None:
    named = asked.get("documentId")
    if isinstance(named, str):
        return named.removeprefix("sha256:").lower()
    extensions = asked.get("extensions")
    persisted = extensions.get("persistedQuery") if isinstance(extensions, dict) else None
    key = persisted.get("sha256Hash") if isinstance(persisted, dict) else None
    return key.lower() if isinstance(key, str) else None


class TrustedOnly(SchemaExtension):
    """Refuses, in a closed installation, what nobody registered, whichever way it came."""

    def on_operation(self) -> Iterator[None]:
        context = self.execution_context
        if only_trusted() and hash_of(context.query or "") not in registry.texts:
            context.pre_execution_errors = [GraphQLError(NOT_TRUSTED.en, original_error=Refused(NOT_TRUSTED))]
        yield
