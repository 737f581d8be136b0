"""Turns at writing to a SQLite file: transactions of this process that wait for the same disk end with one COMMIT.

Only one may write at a time, and what it has written is safe once the disk has it, which takes longer than all else. So
whoever has written gives the open transaction on to the next who waits, and each is answered when the COMMIT of all of
them is done. What fails is rolled back to its savepoint, and nobody else notices.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextvars import Context

Step = Callable[[], Awaitable[None]]


class Turns:
    """At most so many `together`; `lock` is held for as long as a transaction is open, also against whoever writes
    without one."""

    def __init__(self, lock: asyncio.Lock, together: int) -> None:
        self.lock, self.together = lock, together
        self._open = False
        self._taken = 0
        self._waiting: deque[asyncio.Future[bool]] = deque()
        self._done: list[asyncio.Future[None]] = []
        self._ending: asyncio.Task[None] | None = None

    async def take(self, begin: Step, commit: Step) -> bool:
        """Wait for a turn, in the transaction that is open or else in a new one; whether it is the first in that."""
        while self._open:
            turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                if await turn:
                    return False
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled() and turn.result():
                    self._pass_on(commit)
                raise
        await self.lock.acquire()
        try:
            await begin()
        except BaseException:
            self.lock.release()
            raise
        self._open, self._taken = True, 1
        return True

    def give_back(self, commit: Step) -> asyncio.Future[None]:
        """End one's turn; done when what was written is safe, or failed with all of the others' that was not."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._done.append(done)
        self._pass_on(commit)
        return done

    async def give_up(self, undo: Step, commit: Step) -> None:
        """End one's turn once nothing is left of what was done in it."""
        self._ending = asyncio.get_running_loop().create_task(self._undone(undo, commit), context=Context())
        await asyncio.shield(self._ending)

    async def _undone(self, undo: Step, commit: Step) -> None:
        try:
            await undo()
        except BaseException:
            # The whole transaction is gone: its COMMIT will say so to those before, and those who wait begin anew.
            self._taken = self.together
        self._pass_on(commit)

    def _pass_on(self, commit: Step) -> None:
        while self._waiting and self._taken < self.together:
            turn = self._waiting.popleft()
            if not turn.done():
                self._taken += 1
                turn.set_result(True)
                return
        # Not cancelled with whoever happens to be the last, and in no transaction of theirs.
        self._ending = asyncio.get_running_loop().create_task(self._end(commit), context=Context())

    async def _end(self, commit: Step) -> None:
        error: BaseException | None = None
        try:
            await commit()
        except BaseException as failed:
            error = failed
        self._open = False
        self.lock.release()
        for turn in self._waiting:
            if not turn.done():
                turn.set_result(False)
        done, self._done = self._done, []
        self._waiting.clear()
        for each in done:
            if not each.done():
                each.set_exception(error) if error else each.set_result(None)
