"""Several processes that answer at one address: started by one parent, and started again when they die.

They share the socket the parent listens at, so that no connection is lost with a process that has not taken it yet.
What the parent holds beside that is one end of a pipe: when it dies, they leave.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
import time
from asyncio.subprocess import Process
from contextlib import suppress

from api import metrics

NEVER_STARTED = 3
"""What uvicorn ends with when the application did not start."""
SETTLED_SECONDS = 10.0
LONGEST_PAUSE = 10.0
PATIENCE_SECONDS = 90.0
"""More than a process takes at most to drain, to finish its answers and its duties."""
log = logging.getLogger("qiban.processes")


class Crew:
    """So many processes; only the first of them does the worker's duties, if any does."""

    def __init__(self, listening: socket.socket, size: int, *, worker: bool, access_log: bool) -> None:
        self.listening, self.size = listening, size
        self.flags = [["access-log"] * access_log + ["worker"] * (worker and place == 0) for place in range(size)]
        self.processes: dict[int, Process] = {}
        self.stopping = asyncio.Event()
        self.failed = False
        self.lifeline, self._held = os.pipe()
        metrics.share()
        metrics.publish()

    async def run(self) -> bool:
        """Keep them running until told to stop; whether they could be started."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._stop, signal.SIGTERM)
        loop.add_signal_handler(signal.SIGINT, self._stop, signal.SIGINT)
        keeping = [asyncio.create_task(self._keep(place)) for place in range(self.size)]
        await self.stopping.wait()
        _, late = await asyncio.wait(keeping, timeout=PATIENCE_SECONDS)
        for process in self.processes.values() if late else ():
            process.kill()
        await asyncio.gather(*keeping)
        return not self.failed

    async def _keep(self, place: int) -> None:
        deaths = 0
        while not self.stopping.is_set():
            began = time.monotonic()
            code = await self._live(place)
            if self.stopping.is_set():
                return
            if code == NEVER_STARTED and not deaths:
                self.failed = True
                self._stop(signal.SIGTERM)
                return
            deaths = 1 if time.monotonic() - began > SETTLED_SECONDS else deaths + 1
            log.error("server process %d ended by itself (%d); another takes its place", place + 1, code)
            await self._pause(min(0.1 * 2**deaths, LONGEST_PAUSE) if deaths > 1 else 0.0)

    async def _live(self, place: int) -> int:
        numbers = self.listening.fileno(), self.lifeline
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "api.server", *map(str, numbers), *self.flags[place], pass_fds=numbers
        )
        self.processes[place] = process
        if self.stopping.is_set():
            process.terminate()
        code = await process.wait()
        metrics.forget(process.pid)
        return code

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), seconds)

    def _stop(self, number: signal.Signals) -> None:
        self.stopping.set()
        for process in self.processes.values():
            with suppress(ProcessLookupError):
                process.send_signal(number)
