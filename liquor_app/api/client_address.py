"""Where a request comes from. The only place that reads it: limits, sign-in, evidence of consent, sessions and the
audit log must not disagree, and none of them may believe a header that anybody can write."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

from starlette.datastructures import Headers

from liquor_app.core.config import Network, get_settings

log = logging.getLogger(__name__)

Address = IPv4Address | IPv6Address
UNKNOWN = "unknown"
MAX_HOPS = 10
"""Proxies in front of us; what a longer header says before them is not read."""


def source_of(connection: Mapping[str, Any]) -> str:
    """Return the address a request or a socket (or its scope) comes from: the peer's, or, where the peer is one of
    `LIQUOR_TRUSTED_PROXIES`, the nearest one in `X-Forwarded-For` that is not. "unknown" where there is none, as over a
    local socket."""
    peer = connection.get("client")
    address = _parsed(peer[0]) if peer else None
    if address is None:
        return UNKNOWN
    proxies = get_settings().proxy_networks
    said = ",".join(Headers(raw=connection["headers"]).getlist("x-forwarded-for")).split(",")[-MAX_HOPS:]
    if said != [""] and not proxies and not address.is_global:
        _tell_once(str(address))
    while said and _is_among(address, proxies):
        before = _parsed(said.pop())
        if before is None:
            break
        address = before
    return str(address)


def address_of(connection: Mapping[str, Any]) -> str | None:
    """As `source_of`; None where there is none."""
    source = source_of(connection)
    return None if source == UNKNOWN else source


def tabs_address(router_data: Mapping[str, Any]) -> str | None:
    """Return the same of a page's event, of what its socket was opened with."""
    said = str(router_data.get("headers", {}).get("x-forwarded-for", "")).encode()
    headers = [(b"x-forwarded-for", said)] if said else []
    return address_of({"client": (str(router_data.get("ip", "")), 0), "headers": headers})


def source_group(source: str) -> str:
    """Tell what is counted as one: an IPv4 address, or the /64 a single customer of a provider is given."""
    address = _parsed(source)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, 64), strict=False))
    return source


def source_site(source: str) -> str:
    """Tell what is counted as one where seats are taken: an IPv4 address, or the /48 that one site is given, which
    holds 65,536 of the above."""
    address = _parsed(source)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, 48), strict=False))
    return source


def _parsed(text: str) -> Address | None:
    """Return an address, without the port or the brackets some proxies write."""
    plain = text.strip()
    if plain.startswith("["):
        plain = plain[1:].partition("]")[0]
    elif plain.count(":") == 1:
        plain = plain.partition(":")[0]
    try:
        address = ip_address(plain)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _is_among(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


@lru_cache(maxsize=4)
def _tell_once(proxy: str) -> None:
    log.warning(
        "requests come through a proxy at %s that LIQUOR_TRUSTED_PROXIES does not name: all behind it count as one",
        proxy,
    )
