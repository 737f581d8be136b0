"""The installation's secret, by which tokens and download links are signed."""

from __future__ import annotations

import os
import secrets
from functools import lru_cache
from pathlib import Path

SHORTEST = 32


@lru_cache(maxsize=1)
def secret() -> bytes:
    """From `QIBAN_SECRET` (32 characters or more), else from a file made once beside the data, readable by its owner
    alone. Several machines must share one secret: set the variable there."""
    given = os.environ.get("QIBAN_SECRET")
    if given is None:
        return _kept(Path(os.environ.get("QIBAN_SECRET_FILE", "var/secret")))
    if len(given) < SHORTEST:
        raise ValueError(f"QIBAN_SECRET must have at least {SHORTEST} characters")
    return given.encode()


def _kept(file: Path) -> bytes:
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with open(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as made:
            made.write(secrets.token_urlsafe(SHORTEST))
    except FileExistsError:
        pass
    return file.read_bytes()
