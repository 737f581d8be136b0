"""uvicorn as we run it: sockets cost little while they are idle, and streams end when the service stops."""

from __future__ import annotations

import socket
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from api import streams
from api.limits import MOST_BYTES

STOPPING_SECONDS = 30


class Server(uvicorn.Server):
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        streams.stop()  # uvicorn waits for what is being answered, and a stream is answered without end
        await super().shutdown(sockets)


def server(app: ASGIApp, **options: Any) -> Server:
    # Compression would keep windows of 32 kB for every socket, and events are small.
    config = uvicorn.Config(
        app, ws_max_size=MOST_BYTES, ws_per_message_deflate=False, timeout_graceful_shutdown=STOPPING_SECONDS, **options
    )
    return Server(config)
