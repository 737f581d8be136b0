"""Where the house may call: public addresses over https, what the operator allows, and only what was looked at."""

from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

import pytest

from domain import clock
from domain.outgoing import MOST_ANSWER_BYTES, Unanswered, permitted, post, public
from domain.refusals import Refused
from tests.proofs import refused
from tests.receiver import receiving

PUBLIC = ("1.1.1.1", "223.5.5.5", "2606:4700:4700::1111", "2002:0808:0808::1")
INTERNAL = (
    "127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
    "224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1", "fc00::1",
    "fd12:3456::1", "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b::a00:1", "64:ff9b::808:808", "2002:7f00:1::", "2002:c0a8:101::1", "2001:0:7f00:1::", "fec0::1",
)


@pytest.mark.parametrize("address", PUBLIC)
def test_addresses_of_the_open_internet_are_public(address: str) -> None:
    assert public(ip_address(address))


@pytest.mark.parametrize("address", INTERNAL)
def test_what_only_this_machine_or_its_network_reaches_is_not_public(address: str) -> None:
    assert not public(ip_address(address))


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1",
     "169.254.169.254", "10.0.0.1", "[fe80::1]", "localhost.", "LOCALHOST", "①②⑦.⓪.⓪.①", "0", "100.100.100.200",
     "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "017700000001", "127.0.0.1.", "[::]", "[0:0:0:0:0:ffff:10.0.0.1]"],
)
async def test_no_spelling_of_an_internal_address_gets_through(host: str) -> None:
    with pytest.raises(Refused, match=r"PRIVATE_ADDRESS|BAD_ADDRESS|UNKNOWN_HOST"):
        await permitted(f"https://{host}/hook")


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://1.1.1.1/hook", "NOT_HTTPS"),
        ("ftp://1.1.1.1/hook", "BAD_ADDRESS"),
        ("file:///etc/passwd", "BAD_ADDRESS"),
        ("https://", "BAD_ADDRESS"),
        ("https://user:word@1.1.1.1/", "BAD_ADDRESS"),
        ("https://1.1.1.1/#here", "BAD_ADDRESS"),
        ("https://1.1.1.1:99999/", "BAD_ADDRESS"),
        ("hook", "BAD_ADDRESS"),
    ],
)
async def test_an_address_that_cannot_be_called_is_refused_with_its_reason(url: str, code: str) -> None:
    with refused(code):
        await permitted(url)


@pytest.mark.parametrize(
    ("allowed", "url", "may"),
    [
        ("127.0.0.1", "http://127.0.0.1:9/hook", True),
        ("127.0.0.1:9", "http://127.0.0.1:9/hook", True),
        ("127.0.0.1:9", "http://127.0.0.1:8/hook", False),
        ("127.0.0.0/8, 10.1.0.0/16", "https://10.1.2.3/hook", True),
        ("127.0.0.0/8, 10.1.0.0/16", "https://10.2.2.3/hook", False),
        ("10.1.0.0/16", "http://1.1.1.1/hook", False),
        ("localhost", "http://localhost/hook", True),
        ("localhost", "https://127.0.0.1/hook", False),
    ],
)
async def test_the_operator_lets_some_be_reached_all_the_same(
    allowed: str, url: str, may: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QIBAN_WEBHOOKS_ALLOW", allowed)

    if may:
        await permitted(url)
    else:
        with refused("NOT_HTTPS" if url.startswith("http:") else "PRIVATE_ADDRESS"):
            await permitted(url)


async def test_a_host_with_one_internal_address_among_public_ones_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, ["1.1.1.1", "10.0.0.1"])

    with refused("PRIVATE_ADDRESS"):
        await permitted("https://two-faced.example/hook")


async def test_a_host_nobody_knows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, [])

    with refused("UNKNOWN_HOST"):
        await permitted("https://no-such-host.example/hook")


async def test_a_name_is_looked_up_once_and_its_address_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that becomes another between the look and the call gets nothing."""
    async with receiving() as receiver:
        monkeypatch.setenv("QIBAN_WEBHOOKS_ALLOW", "127.0.0.0/8")
        names(monkeypatch, ["127.0.0.1"], ["127.99.99.99"])

        answer = await post(f"http://receiver.example:{receiver.port}/hook", b"{}", {})

    assert answer.status == 200
    assert receiver.requests[0].headers["host"] == f"receiver.example:{receiver.port}"


async def test_redirects_are_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QIBAN_WEBHOOKS_ALLOW", "127.0.0.1")
    async with receiving() as receiver:
        receiver.status, receiver.more = 302, f"Location: {receiver.url}/elsewhere\r\n"

        answer = await post(receiver.url, b"{}", {})

    assert answer.status == 302
    assert len(receiver.requests) == 1


async def test_no_more_of_an_answer_is_read_than_anyone_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QIBAN_WEBHOOKS_ALLOW", "127.0.0.1")
    async with receiving() as receiver:
        receiver.body = b"x" * 3_000_000

        answer = await post(receiver.url, b"{}", {})

    assert len(answer.body) == MOST_ANSWER_BYTES


async def test_what_was_packed_to_be_small_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QIBAN_WEBHOOKS_ALLOW", "127.0.0.1")
    async with receiving() as receiver:
        receiver.body, receiver.more = gzip.compress(b"x" * 3_000_000), "Content-Encoding: gzip\r\n"

        answer = await post(receiver.url, b"{}", {})

    assert receiver.requests[0].headers["accept-encoding"] == "identity"
    assert answer.body == receiver.body[:MOST_ANSWER_BYTES]


@pytest.mark.parametrize(
    ("told", "seconds"),
    [("120", 120), ("0", 0), ("Mon, 02 Mar 2026 02:02:00 GMT", 120), ("Mon, 02 Mar 2026 01:00:00 GMT", 0),
     ("soon", None), ("-5", None), ("9" * 400, 999_999_999), ("", None)],
)
async def test_how_long_a_receiver_wants_to_be_left_alone_is_told(
    told: str, seconds: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QIBAN_WEBHOOKS_ALLOW", "127.0.0.1")
    async with receiving() as receiver:
        receiver.status, receiver.more = 429, f"Retry-After: {told}\r\n"
        with clock.stopped(datetime(2026, 3, 2, 2, 0, tzinfo=UTC)):
            answer = await post(receiver.url, b"{}", {})

    assert answer.wait == (None if seconds is None else timedelta(seconds=seconds))


async def test_a_receiver_that_drips_its_answer_is_not_waited_for_longer_than_any_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("QIBAN_WEBHOOKS_ALLOW", "127.0.0.1")
    monkeypatch.setattr("domain.outgoing.CALL_SECONDS", 0.5)

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x")
            await asyncio.sleep(0.05)

    async with await asyncio.start_server(drip, "127.0.0.1", 0) as server:
        with pytest.raises(Unanswered, match="TimeoutError"):
            await post(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", b"{}", {})


def names(monkeypatch: pytest.MonkeyPatch, *answers: Sequence[str]) -> None:
    """What the names' service answers, one time after the other."""
    left = list(answers)

    async def getaddrinfo(self: object, host: str, port: int, **given: Any) -> list[Any]:
        # Whoever connects to an address looks it up too, and gets it as it is.
        found = [host] if host[0].isdigit() else left.pop(0)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in found]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
