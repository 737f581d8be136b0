"""uvicorn as we run it: sockets cost little while they are idle, and it leaves without anybody's answer being lost.

Asked to stop by SIGTERM it first says that it is not ready (api/health.py), so that a proxy sends nothing more; then it
takes no more connections, ends streams with word to come again, and finishes what is being answered.

`python -m api.server` is one of the processes of `qiban serve --workers` (api/processes.py).
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import sys
from contextlib import suppress
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api import health, logs, metrics, streams
from api.limits import MOST_BYTES

STOPPING_SECONDS = 30
LONGEST_HEAD = 64 * 1024


class Protocol(HttpToolsProtocol):
    """HTTP read by httptools, which would take in the head of a request without end."""

    head: int | None = 0
    """How much has come of a head that is not complete."""

    def on_message_begin(self) -> None:
        self.head = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self.head = None
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.head is not None:
            self.head += len(data)
            if self.head > LONGEST_HEAD and not self.transport.is_closing():
                self.send_400_response("The head of a request is at most 64 KiB.")


class Server(uvicorn.Server):
    """`lifeline` is a pipe whose other end the parent holds: when that is gone, so is the reason to go on."""

    lifeline: int | None = None
    leaves = False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.leaves = sig == signal.SIGTERM  # whoever presses Ctrl-C waits for it to be over
        super().handle_exit(sig, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        if self.lifeline is not None:
            asyncio.get_running_loop().add_reader(self.lifeline, self._orphaned, self.lifeline)
        await super().startup(sockets)
        gc.freeze()  # what is there now stays: it is not looked through again
        gc.enable()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self.leaves:
            await health.leave()
        streams.stop()  # uvicorn waits for what is being answered, and a stream is answered without end
        await super().shutdown(sockets)

    def _orphaned(self, lifeline: int) -> None:
        asyncio.get_running_loop().remove_reader(lifeline)
        self.should_exit = True


def server(app: ASGIApp, **options: Any) -> Server:
    # Compression would keep windows of 32 kB for every socket, and events are small.
    config = uvicorn.Config(
        app, http=Protocol, ws_max_size=MOST_BYTES, ws_per_message_deflate=False,
        timeout_graceful_shutdown=STOPPING_SECONDS, **options,
    )
    return Server(config)


def serve(listening: socket.socket, *, worker: bool, access_log: bool, lifeline: int | None = None) -> bool:
    """Serve until told to stop; whether it ever began."""
    gc.disable()  # while it is put together next to nothing becomes waste, and looking for it takes a fifth of the time
    from api.app import application

    options: dict[str, Any] = {"access_log": access_log}
    if logs.as_json():
        logs.configure(requests=access_log)
        options = {"access_log": False, "log_config": None}
    # Only a proxy on this machine is believed when it says for whom it asks, unless told of others.
    believed = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1,::1")
    serving = server(application(with_worker=worker), forwarded_allow_ips=believed, **options)
    serving.lifeline = lifeline
    if lifeline is None:
        metrics.publish()
    with suppress(KeyboardInterrupt):
        serving.run(sockets=[listening])
    return serving.started


if __name__ == "__main__":
    socket_number, pipe_number, *flags = sys.argv[1:]
    serve(
        socket.socket(fileno=int(socket_number)), worker="worker" in flags, access_log="access-log" in flags,
        lifeline=int(pipe_number),
    )
