"""A pooler in transaction mode, as small as one can be: each client gets a server connection for one transaction.

As strict as PgBouncer without prepared statements: no setting at the start of a connection is passed on but those
it knows, and what a client left on a server connection, a name or a setting, another client meets there.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

KNOWN = {"user", "database", "client_encoding", "application_name", "datestyle", "timezone"}
SSL_ASKED, CANCEL_ASKED = 80877103, 80877102
IDLE, GONE = b"Z\0\0\0\5I", b"X"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Pooler:
    """`size` server connections for everybody; what each new one said at its start is said to every client."""

    socket_folder: str
    size: int
    free: asyncio.Queue[Streams] = field(default_factory=asyncio.Queue)
    opened: int = 0
    transactions: int = 0
    greeting: bytes = b""
    refused: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said: asyncio.Queue[bytes] = asyncio.Queue()
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            startup = await self._startup(reader, writer)
            if startup is not None:
                if not self.greeting:
                    self.free.put_nowait(await self._take(startup))
                writer.write(self.greeting)
                listening = asyncio.create_task(_listen(reader, said))
                while (first := await said.get()) != GONE:
                    server = await self._take(startup)
                    self.transactions += 1
                    if await self._transaction(first, said, writer, server):
                        self.free.put_nowait(server)  # whoever comes next gets another one, if there is one
                    else:
                        server[1].close()
                        self.opened -= 1
                        break
                listening.cancel()
        writer.close()

    async def _startup(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes | None:
        while True:
            [length] = struct.unpack("!I", await reader.readexactly(4))
            body = await reader.readexactly(length - 4)
            [code] = struct.unpack("!I", body[:4])
            if code != SSL_ASKED:
                break
            writer.write(b"N")
        if code == CANCEL_ASKED:
            return None
        words = body[4:].rstrip(b"\0").split(b"\0")
        unknown = {each.decode().lower() for each in words[::2]} - KNOWN
        if unknown:
            self.refused += unknown
            text = b"SFATAL\0C08P01\0Munsupported startup parameter\0\0"
            writer.write(b"E" + struct.pack("!I", len(text) + 4) + text)
            return None
        return struct.pack("!I", length) + body

    async def _take(self, startup: bytes) -> Streams:
        if self.free.empty() and self.opened < self.size:
            self.opened += 1
            server = await asyncio.open_unix_connection(f"{self.socket_folder}/.s.PGSQL.5432")
            server[1].write(startup)
            greeting = b""
            while not greeting.endswith(IDLE):
                greeting += await _message(server[0])
            self.greeting = greeting
            return server
        return await self.free.get()

    async def _transaction(
        self, first: bytes, said: asyncio.Queue[bytes], client: asyncio.StreamWriter, server: Streams
    ) -> bool:
        """Until the server says that it is in no transaction; false where the client has gone before."""
        asking = asyncio.create_task(_ask(first, said, server[1]))
        try:
            while not asking.done():
                answering = asyncio.create_task(_message(server[0]))
                await asyncio.wait([asking, answering], return_when=asyncio.FIRST_COMPLETED)
                if not answering.done():
                    answering.cancel()
                    break
                client.write(answering.result())
                if answering.result() == IDLE:
                    return True
            return False
        finally:
            asking.cancel()


async def _listen(client: asyncio.StreamReader, said: asyncio.Queue[bytes]) -> None:
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        while (message := await _message(client))[:1] != GONE:
            said.put_nowait(message)
    said.put_nowait(GONE)


async def _ask(message: bytes, said: asyncio.Queue[bytes], server: asyncio.StreamWriter) -> None:
    while message != GONE:
        server.write(message)
        message = await said.get()


async def _message(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(5)
    return head + await reader.readexactly(struct.unpack("!I", head[1:])[0] - 4)


@asynccontextmanager
async def pooling(socket_folder: str, size: int = 3) -> AsyncIterator[tuple[Pooler, int]]:
    """A pooler before the server whose socket lies in a folder, and the port it listens at."""
    pooler = Pooler(socket_folder, size)
    server = await asyncio.start_server(pooler.serve, "127.0.0.1", 0)
    try:
        yield pooler, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        while not pooler.free.empty():
            pooler.free.get_nowait()[1].close()
