"""Doing a thing once: the same key and body get the same answer, whoever asks again and whatever died in between."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from domain import clock
from domain.answers import Answer
from domain.history import canonical
from domain.refusals import CONFLICT, Refusal, Refused
from domain.secret import secret
from domain.viewers import Viewer
from workflows.inputs import Words, read_text
from workflows.perform import changing
from workflows.worker import duty

KEY_REUSED = Refusal(
    "KEY_REUSED", "此幂等键已用于另一请求。", "This key was used for another request.", "idempotencyKey"
)
KEY = Words("幂等键", "Idempotency key", 200)
KEPT = timedelta(days=7)
AT_ONCE = 1_000


async def once(viewer: Viewer, key: str | None, body: object, act: Callable[[], Awaitable[str]]) -> str:
    """The id `act` gives back; from memory when the viewer has used `key` for this `body` before.

    The answer is kept in the same transaction as what was done, for seven days. A refusal is kept too and given again.
    Raises
    `Refused` with `KEY_REUSED` when the key came with another body.
    """
    if key is None:
        return await act()
    key = read_text(key, KEY, "idempotencyKey")
    # Keyed, since bodies may hold passwords.
    digest = hmac.new(secret(), canonical(body).encode(), hashlib.sha256).hexdigest()
    try:
        async with changing(viewer) as change:
            mine = Answer(person_id=viewer.person_id, key=key, digest=digest, answer={}, at=change.at)
            # On PostgreSQL this waits for another request with the same key to end.
            await Answer.bulk_create([mine], ignore_conflicts=True)
            kept = await Answer.get(person_id=viewer.person_id, key=key)
            if kept.id != mine.id:
                return _again(kept, digest)
            mine.answer = {"id": await act()}
            await Answer.filter(id=mine.id).update(answer=mine.answer)
            return str(mine.answer["id"])
    except Refused as refused:
        return await _keep(viewer, key, digest, refused)


@duty("forget answers", every=3600.0)
async def forget_answers() -> float | None:
    """Forget some of the answers kept long enough; 0 when there are more."""
    old = await Answer.filter(at__lt=clock.now() - KEPT).limit(AT_ONCE).values_list("id", flat=True)
    await Answer.filter(id__in=old).delete()
    return 0.0 if len(old) == AT_ONCE else None


def read_key(key: str | None) -> str | None:
    return None if key is None else read_text(key, KEY, "idempotencyKey")


def _again(kept: Answer, digest: str) -> str:
    if kept.digest != digest:
        raise Refused(KEY_REUSED)
    answer: dict[str, Any] = kept.answer
    if "refusals" in answer:
        raise Refused(*(Refusal(**each) for each in answer["refusals"]))
    return str(answer["id"])


async def _keep(viewer: Viewer, key: str, digest: str, refused: Refused) -> str:
    """The refusal again, once kept; or what another request with the key was told in the meantime."""
    if CONFLICT.code in {each.code for each in refused.refusals}:
        raise refused
    refusals = [asdict(each) for each in refused.refusals]
    mine = Answer(person_id=viewer.person_id, key=key, digest=digest, answer={"refusals": refusals}, at=clock.now())
    await Answer.bulk_create([mine], ignore_conflicts=True)
    return _again(await Answer.get(person_id=viewer.person_id, key=key), digest)
