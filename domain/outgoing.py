"""Requests that leave the house: over https, to public addresses only, and to the very address that was looked at.

Whoever sets a webhook names a machine that this one will talk to. What only this machine can reach, its own services
and those of its network, must not be reached by naming it (SSRF). So a host is looked up, every address it has must be
public, and the connection goes to one of just those addresses; looked up again, a name might have become another.
`QIBAN_WEBHOOKS_ALLOW` names what an operator lets be reached all the same, http included: `host`, `host:port` or a
network such as `10.1.0.0/16`, with commas between.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from ipaddress import IPv4Address, IPv6Address
from ssl import SSLContext
from typing import TYPE_CHECKING

from domain import clock
from domain.refusals import Refusal, Refused

if TYPE_CHECKING:
    import httpx  # where it is used, it is imported: most processes call nobody, and it takes a tenth of their start

LOOK_UP_SECONDS = 3
CALL_SECONDS = 10
MOST_ANSWER_BYTES = 64 * 1024
GIVEN_OUT = ipaddress.IPv6Network("2000::/3")
"""All of IPv6 that the open internet uses: no mapped, translated, local or reserved address lies in it."""

BAD_ADDRESS = Refusal(
    "BAD_ADDRESS", "不是可用的网址：须为 https://主机[:端口]/路径，不含用户名和片段。",
    "This is no address to call: https://host[:port]/path without user or fragment.", "url",
)
NOT_HTTPS = Refusal("NOT_HTTPS", "只能使用 https 地址。", "Only https addresses are called.", "url")
UNKNOWN_HOST = Refusal("UNKNOWN_HOST", "查不到主机“{host}”。", "The host {host} cannot be found.", "url")
PRIVATE_ADDRESS = Refusal(
    "PRIVATE_ADDRESS", "“{host}”指向内部地址，未经运维人员允许不能使用。",
    "{host} lies at an internal address, which the operator has not allowed.", "url",
)
IPAddress = IPv4Address | IPv6Address
Places = Mapping[tuple[str, int], Sequence[IPAddress]]
"""Hosts and ports, and the addresses they were found at."""
NOWHERE: Places = {}


class Unanswered(Exception):
    """Nobody answered, or not as HTTP; its text is the kind of failure."""


@dataclass(frozen=True)
class Answer:
    """What came back: the status, the first 64 KiB of the body, and how long it asks to be left alone (Retry-After)."""

    status: int
    body: bytes
    wait: timedelta | None = None


async def look_ahead(url: str) -> None:
    """Look a host up before a transaction is opened that must not wait for the names' service, for `permitted` to be
    given there as what was `looked_up`. Whatever is wrong with the address is said there."""
    with suppress(Refused):
        target = _parsed(url)
        place = (target.host, _port(target))
        _ahead.set({place: await _look_up(*place)})


def looked_up() -> Places:
    """What this task has looked up ahead."""
    return _ahead.get() or {}


async def permitted(url: str, known: Places = NOWHERE) -> tuple[httpx.URL, Sequence[IPAddress]]:
    """The address, and where it may be called; a host that is `known` is not looked up. Raises `Refused` when it may
    not be called."""
    target = _parsed(url)
    host = target.host
    port = _port(target)
    if target.scheme == "http" and not _might_allow(host, port):
        raise Refused(NOT_HTTPS)
    found = known[host, port] if (host, port) in known else await _look_up(host, port)
    if not found:
        raise Refused(UNKNOWN_HOST.about(host=host))
    allowed = _allowed(host, port, found)
    if not allowed and target.scheme == "http":
        raise Refused(NOT_HTTPS)
    if not allowed and not all(map(public, found)):
        raise Refused(PRIVATE_ADDRESS.about(host=host))
    return target, found


async def post(url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """One POST. It follows no redirect, uses no proxy, and takes ten seconds at most in all. Raises `Refused` for an
    address that is not permitted, `Unanswered` where nobody answers."""
    import httpx

    target, addresses = await permitted(url)
    there = target.copy_with(host=str(addresses[0]))
    # The certificate is checked against the name, though the connection goes to the address.
    named = {"sni_hostname": target.host}
    # Nothing packed is asked for and nothing unpacked: a few bytes can be made to unpack to gigabytes.
    told = {**headers, "Host": target.netloc.decode("ascii"), "Accept-Encoding": "identity"}
    try:
        async with (
            asyncio.timeout(CALL_SECONDS),
            httpx.AsyncClient(verify=_tls(), trust_env=False, follow_redirects=False, timeout=CALL_SECONDS) as http,
            http.stream("POST", there, content=body, headers=told, extensions=named) as response,
        ):
            answer = b""
            async for some in response.aiter_raw():
                answer += some
                if len(answer) >= MOST_ANSWER_BYTES:
                    break
            wait = _wait(response.headers.get("retry-after", ""))
            return Answer(response.status_code, answer[:MOST_ANSWER_BYTES], wait)
    except (httpx.HTTPError, TimeoutError, OSError) as error:
        raise Unanswered(type(error).__name__) from error


def public(address: IPAddress) -> bool:
    """Whether an address is one of the open internet, as it stands and as the IPv4 address that it may wrap."""
    if address.is_multicast or address.is_reserved or not address.is_global:
        return False
    if isinstance(address, IPv4Address):
        return True
    wrapped = [address.sixtofour, *(address.teredo or ())]
    return address in GIVEN_OUT and all(public(each) for each in wrapped if each)


_ahead: ContextVar[Places | None] = ContextVar("looked up ahead", default=None)


def _wait(told: str) -> timedelta | None:
    """Retry-After, in seconds or as a date."""
    try:
        if told.isascii() and told.isdigit():
            return timedelta(seconds=int(told[:9]))
        return max(timedelta(), parsedate_to_datetime(told).replace(tzinfo=UTC) - clock.now())
    except (ValueError, TypeError):
        return None


def _port(target: httpx.URL) -> int:
    return target.port or {"https": 443, "http": 80}[target.scheme]


def _parsed(url: str) -> httpx.URL:
    import httpx

    try:
        target = httpx.URL(url)
        good = target.scheme in ("http", "https") and target.host and not target.userinfo and not target.fragment
        good = good and 0 < (target.port or 443) < 65536
    except (httpx.InvalidURL, ValueError, UnicodeError):
        good = False
    if not good:
        raise Refused(BAD_ADDRESS)
    return target


async def _look_up(host: str, port: int) -> list[IPAddress]:
    """The addresses of a host; none where nobody knows it."""
    try:
        async with asyncio.timeout(LOOK_UP_SECONDS):
            rows = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        found = [ipaddress.ip_address(str(row[4][0]).partition("%")[0]) for row in rows]
    except (OSError, UnicodeError, ValueError, TimeoutError):
        found = []
    return list(dict.fromkeys(found))


def _exceptions() -> list[str]:
    return [each.strip().lower() for each in os.environ.get("QIBAN_WEBHOOKS_ALLOW", "").split(",") if each.strip()]


def _might_allow(host: str, port: int) -> bool:
    """Before anything is looked up: whether there is an exception that could cover the host."""
    return any("/" in each or each in (host, f"{host}:{port}", f"[{host}]:{port}") for each in _exceptions())


def _allowed(host: str, port: int, addresses: Sequence[IPAddress]) -> bool:
    """Whether the operator lets this be called: by its name, or because every address lies in an allowed network."""
    exceptions = _exceptions()
    if any(each in (host, f"{host}:{port}", f"[{host}]:{port}") for each in exceptions):
        return True
    networks = [ipaddress.ip_network(each, strict=False) for each in exceptions if "/" in each]
    return all(any(address in network for network in networks) for address in addresses)


@cache
def _tls() -> SSLContext:
    import httpx

    return httpx.create_ssl_context()
