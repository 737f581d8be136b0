"""A small S3 server for the tests, as strict as S3 about who signs and how small a part may be."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from domain.stores import MB


class Kept:
    """What a store really holds, seen from behind: whole files, and the beginnings of files."""

    def files(self) -> set[str]:
        raise NotImplementedError

    def beginnings(self) -> int:
        raise NotImplementedError


class Bucket(Kept):
    """What an S3 server holds; as strict as S3 about who signs and how small a part may be."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.uploads: dict[str, dict[int, bytes]] = {}
        self.signers: set[str] = set()
        self.fails_to_complete = False
        self.completing, self.takes_parts, self.completes = Event(), Event(), Event()
        self.takes_parts.set()
        self.completes.set()

    def files(self) -> set[str]:
        return {path.removeprefix("/evidence/zone/one/") for path in self.objects}

    def beginnings(self) -> int:
        return len(self.uploads)

    def complete(self, path: str, upload: str, order: list[int]) -> None:
        self.completing.set()
        self.completes.wait(10)
        parts = [self.uploads[upload][number] for number in order]
        assert all(len(part) >= 5 * MB for part in parts[:-1]), "EntityTooSmall"
        self.objects[path] = b"".join(parts)
        del self.uploads[upload]


@contextmanager
def a_bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """A bucket that `open_store` opens for as long as the block lasts."""
    held = Bucket()
    with serving(held) as endpoint:
        monkeypatch.setenv("QIBAN_FILES_URL", "s3://evidence/zone/one")
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        monkeypatch.delenv("AWS_ENDPOINT_URL_S3", raising=False)
        monkeypatch.setenv("AWS_REGION", "cn-north-1")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDOFTHETEST")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        yield held


@contextmanager
def serving(bucket: Bucket) -> Iterator[str]:
    class Answers(S3Answers):
        held = bucket

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


class S3Answers(BaseHTTPRequestHandler):
    held: Bucket
    protocol_version = "HTTP/1.1"

    def handle(self) -> None:
        with suppress(ConnectionError):  # a cancelled upload hangs up in the middle
            super().handle()

    def do_POST(self) -> None:
        body = self._body()
        if "uploads" in self.query:
            upload = f"upload-{time.monotonic_ns()}"
            self.held.uploads[upload] = {}
            self._answer(
                200,
                f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>",
            )
        elif self.held.fails_to_complete:
            self._answer(500, "<Error><Code>InternalError</Code></Error>")
        else:
            order = [int(number) for number in re.findall(rb"<PartNumber>(\d+)<", body)]
            self.held.complete(self.place, self.query["uploadId"][0], order)
            self._answer(
                200, '<CompleteMultipartUploadResult><ETag>"whole"</ETag></CompleteMultipartUploadResult>'
            )

    def do_PUT(self) -> None:
        body = self._body()
        self.held.takes_parts.wait(10)
        parts = self.held.uploads.get(self.query["uploadId"][0])
        if parts is None:
            self._answer(404, "<Error><Code>NoSuchUpload</Code></Error>")
        else:
            parts[int(self.query["partNumber"][0])] = body
            self._answer(200)

    def do_GET(self) -> None:
        self._body()
        found = self.held.objects.get(self.place)
        if found is None:
            self._answer(404, "<Error><Code>NoSuchKey</Code></Error>")
        else:
            self._answer(200, found)

    do_HEAD = do_GET

    def do_DELETE(self) -> None:
        self._body()
        if "uploadId" in self.query:
            self.held.uploads.pop(self.query["uploadId"][0], None)
        else:
            self.held.objects.pop(self.place, None)
        self._answer(204)

    def log_message(self, *_: object) -> None:
        pass

    @property
    def place(self) -> str:
        return unquote(urlsplit(self.path).path)

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.path).query, keep_blank_values=True)

    def _body(self) -> bytes:
        signed = re.match(
            r"AWS4-HMAC-SHA256 Credential=(\w+)/\d+/cn-north-1/s3/", self.headers["Authorization"]
        )
        self.held.signers.add(signed[1] if signed else "nobody")
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _answer(self, status: int, body: bytes | str = b"") -> None:
        content = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", '"an-etag"')
        self.send_header("Last-Modified", "Fri, 20 Nov 2026 04:00:00 GMT")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
