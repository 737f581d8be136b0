"""Reads of a SQLite file made on the spot: to hand a short one to a connection's thread and back costs more than it.

A read that turns out long, or that would have to wait, is broken off: it belongs in the thread, where nothing else
waits for it, and so it is from then on.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Sequence
from typing import Any

from domain.recent import Recent

STEPS, MOST = 5_000, 10
"""SQLite's machine is looked at every so many steps, and so many times: about 10 ms; a page of 50 cases takes two."""
MOST_LONG = 1_000


log = logging.getLogger("tortoise.db_client")  # where the other statements are


class ShortReads:
    """On a connection that may be used by several threads, of which no other is using it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._left: int | None = None
        self._long: Recent[bool] = Recent(MOST_LONG)
        connection.set_progress_handler(self._breaks_off, STEPS)

    def rows(self, query: str, values: Sequence[Any] | None) -> list[sqlite3.Row] | None:
        """What the query gives; None where it is left to the thread, which also says what is wrong with it."""
        if self._long.get(query):
            return None
        log.debug("%s: %s", query, values)
        self._left = MOST
        try:
            return self._connection.execute(query, values or ()).fetchall()
        except sqlite3.Error:
            if self._left < 0:
                self._long.put(query, True)
            return None
        finally:
            self._left = None

    def _breaks_off(self) -> bool:
        """Called now and then while anything is done on the connection."""
        if self._left is not None:
            self._left -= 1
        return self._left is not None and self._left < 0
