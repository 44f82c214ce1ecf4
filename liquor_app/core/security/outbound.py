"""The one way out: connections to addresses somebody typed, to public places only.

A provider's address is a setting of an admin's, and an admin's session may be stolen; from inside, the cloud's metadata
service, Redis and the neighbours answer whoever asks. So what is connected to is judged by its number, at the moment of
connecting and not before (a name may point elsewhere a second later): it has to be globally reachable (IANA's special
purpose registries, RFC 6890), or named in `LIQUOR_OUTBOUND_ALLOW`. Answers are bounded and never unpacked.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from liquor_app.core.config import Environment, get_settings
from liquor_app.core.errors import Invalid

MOST_BYTES = 2 * 1024**2
"""Of an answer; a provider's log page has a tenth of it."""
CONNECT_SECONDS = 5.0

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NUMERIC = re.compile(r"(?:^|\.)(?:\d+|0[xX][0-9a-fA-F]*)\.?$")
"""Ends in a number, as no name does: an address in one of its older notations (WHATWG URL, "ends in a number")."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_INSIDE = tuple(
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24", "168.63.129.16/32", "64:ff9b:1::/48", "::/96", "::ffff:0:0:0/96", "fec0::/10", "3fff::/20",
        "5f00::/16",
    )
)  # fmt: skip
"""What Python's own registry does not know yet, or calls global: protocol assignments and clouds' metadata services
(RFC 6890, 8215, 9602, 9637; Azure's 168.63.129.16), forms in which IPv6 writes IPv4, site-local addresses."""


_WHO = "Whoever runs the server can allow it."
"""By `LIQUOR_OUTBOUND_ALLOW` (docs/sending.md): no word for a page."""


class BlockedAddress(OSError):
    """An address inside: nothing was sent to it."""

    def __init__(self) -> None:
        super().__init__(f"The address leads to a private network. {_WHO}")


def is_allowed(number: str) -> bool:
    """Tell whether an IP address may be connected to."""
    try:
        address = _plain(ipaddress.ip_address(number.partition("%")[0]))
    except ValueError:
        return False
    if any(address in network for network in get_settings().reachable_networks):
        return True
    return address.is_global and not address.is_multicast and not any(address in network for network in _INSIDE)


def _plain(address: Address) -> Address:
    """Return the IPv4 address that some IPv6 addresses stand for, which is where the packets go."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address.sixtofour is not None:
            return address.sixtofour
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


INSIDE = f"{{field}} leads to a private network. {_WHO}"
_PRIVATE = frozenset({"corp", "home", "internal", "intranet", "lan", "local", "localdomain", "mail", "private"})
"""Last labels of names that public DNS does not hand out, and networks use inside (RFC 6762, 8375 for home.arpa,
ICANN's .internal and names it delegates to nobody)."""
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")


def plain_host(host: str) -> str | None:
    """Return a host as it is connected to: a number, or a name in small ASCII letters, where `münchen.example` is
    `xn--mnchen-3ya.example` (IDNA 2008); None for what is neither. A name that ends in a number is none: it is an
    address in an older notation, and so is one with another alphabet's dots or digits."""
    bare = host.strip("[]")
    with suppress(ValueError):
        ipaddress.ip_address(bare)
        return bare
    try:
        named = httpx.URL(f"http://{host}").raw_host.decode().lower()
        httpx.URL(f"http://{named}").host  # noqa: B018 - asks whether what is encoded already can be read
    except (ValueError, httpx.InvalidURL):  # idna's errors are of the former
        return None
    labels = named.removesuffix(".").split(".")
    if len(named) > 253 or _NUMERIC.search(named) or not all(_LABEL.fullmatch(one) for one in labels):
        return None
    return named


def check_url(url: str, field: str) -> str:
    """Return an address with its host as it is connected to, after all that can be said of it before anybody does.

    Raises:
        Invalid: it is no web address, carries a password, leads inside by its own words, or would go in the open in
            production.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
        httpx.URL(url)
    except (ValueError, httpx.InvalidURL):
        host, parts = None, urlsplit("")
    if parts.scheme not in {"http", "https"} or not host:
        raise Invalid(f"{field} must look like https://api.example.com", field=field)
    if parts.username is not None or parts.password is not None:
        raise Invalid(f"{field} must not carry a user or a password: they have fields of their own.", field=field)
    if parts.scheme != "https" and get_settings().env is Environment.PRODUCTION:
        raise Invalid(f"{field} must begin with https://, or secrets would go in the open.", field=field)
    plain = check_host(host, field)
    return url if host == plain else url.replace(parts.netloc, _netloc(plain, parts.port), 1)


PORTS = (443, 8443)
"""Where a public address may be asked: elsewhere stand services that take a request for something else."""


def check_port(url: str, field: str) -> None:
    """Check, or raise Invalid: a public address (`check_url`) at another port than `PORTS`; outside production also
    http's own. A network of `LIQUOR_OUTBOUND_ALLOW` may be asked at any."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if port in PORTS or (parts.scheme == "http" and port == 80):
        return
    with suppress(ValueError):
        address = ipaddress.ip_address(parts.hostname or "")
        if any(address in network for network in get_settings().reachable_networks):
            return
    raise Invalid(f"{field} must be at port 443 or 8443, not {port}.", field=field)


def _netloc(host: str, port: int | None) -> str:
    bracketed = f"[{host}]" if ":" in host else host
    return bracketed if port is None else f"{bracketed}:{port}"


def check_host(host: str, field: str) -> str:
    """Return a host as it is connected to. One that leads inside by its own words is refused at once, as localhost or a
    name of one word does; one that does so by where its name points, when connecting.

    Raises:
        Invalid: it is an address or a name of a private network, or no host.
    """
    plain = plain_host(host)
    if plain is None:
        raise Invalid(f"{field} is neither a name nor an address written in full.", field=field)
    with suppress(ValueError):
        ipaddress.ip_address(plain)
        if not is_allowed(plain):
            raise Invalid(INSIDE.format(field=field), field=field)
        return plain
    if _is_known_inside(plain):
        raise Invalid(INSIDE.format(field=field), field=field)
    return plain


def _is_known_inside(name: str) -> bool:
    """Tell whether a name leads inside by what names there are: to this machine, or where no public DNS knows it. Where
    a network inside is allowed, one of the latter may be of it: it is judged when connecting."""
    labels = name.removesuffix(".").split(".")
    if labels[-1] == "localhost" or labels[-2:] == ["localhost", "localdomain"]:
        return not any(map(is_allowed, ("127.0.0.1", "::1")))
    is_private = len(labels) == 1 or labels[-1] in _PRIVATE or labels[-2:] == ["home", "arpa"]
    return is_private and not get_settings().reachable_networks


def http_client(
    base_url: str,
    *,
    connections: int,
    seconds: float,
    auth: tuple[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> httpx.AsyncClient:
    """Return a client over aiohttp's transport, which is several times faster than httpx's own pool at high
    concurrency."""
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    return httpx.AsyncClient(
        base_url=base_url,
        auth=auth,
        timeout=httpx.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS)),
        transport=_Guarded(limits=limits),
        headers={"user-agent": "liquor-marketing-agent", "accept-encoding": "identity", **(headers or {})},
        trust_env=False,
    )


async def open_socket(host: str, port: int) -> socket.socket:
    """Return a connected socket, for protocols that are not HTTP.

    Raises:
        BlockedAddress: every address of the host is inside.
        OSError: it cannot be reached.
    """
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    error: OSError = BlockedAddress()
    for family, kind, protocol, _, address in found:
        if not is_allowed(str(address[0])):
            continue
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await loop.sock_connect(made, address)
            return made
        except OSError as refused:
            made.close()
            error = refused
        except BaseException:
            made.close()
            raise
    raise error


def is_blocked(error: BaseException | None) -> bool:
    """Tell whether a call came to nothing because its address is inside."""
    while error is not None:
        if isinstance(error, BlockedAddress) or str(BlockedAddress()) in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def _checked_socket(info: Any) -> socket.socket:
    """Asked by aiohttp for each address it is about to connect to: after the name, and after any address typed."""
    family, kind, protocol, _, address = info
    if not is_allowed(str(address[0])):
        raise BlockedAddress
    return socket.socket(family, kind, protocol)


_GARBLED = "The answer cannot be understood."


class _Bounded(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = MOST_BYTES
        try:
            async for piece in self._stream:
                left -= len(piece)
                if left < 0:
                    raise httpx.ReadError("The answer is longer than any provider's.")
                yield piece
        except aiohttp.ClientError as error:
            raise httpx.ReadError(_GARBLED) from error

    async def aclose(self) -> None:
        await self._stream.aclose()


class _Guarded(AiohttpTransport):
    def get_client(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            keepalive_timeout=self.limits.keepalive_expiry,
            limit=self.limits.max_connections or 100,
            ssl=self.ssl_context,
            socket_factory=_checked_socket,
        )
        return aiohttp.ClientSession(connector=connector)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            answer = await super().handle_async_request(request)
        except aiohttp.ClientError as error:  # the transport knows some of them, and not an answer that is no HTTP
            raise httpx.RemoteProtocolError(_GARBLED, request=request) from error
        # we asked for none: what is packed all the same is meant to swell
        if answer.headers.get("content-encoding", "identity").lower() != "identity":
            await answer.aclose()
            raise httpx.DecodingError("The answer is packed, though nobody asked for that.", request=request)
        assert isinstance(answer.stream, httpx.AsyncByteStream)
        answer.stream = _Bounded(answer.stream)
        return answer
