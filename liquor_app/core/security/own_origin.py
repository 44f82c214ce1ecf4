"""Whether a page was served by us: what a browser says of where a request comes from, against where we are.

`Host` is the word of whoever asks. A name of somebody else's may be made to lead to this machine (DNS rebinding), and
their page then says both that name and its origin. So a page is ours by the public address of the settings, or by a
name that nobody can make lead here: an address in numbers, or a name no registrar gives out.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from liquor_app.core.config import get_settings

NOBODYS = frozenset({"localhost", "local", "internal", "test", "invalid", "example", "arpa", "lan", "home", "corp"})
"""Last labels that no name of the public DNS has: RFC 6761, 6762, 8375; ICANN's for private use, and those it delegates
to nobody."""


def is_own_origin(origin: str | None, host: str | None) -> bool:
    """Tell whether a browser's page at `origin` was served by us, who are called `host`."""
    try:
        said = urlsplit(origin or "")
        name = (said.hostname or "").lower()
    except ValueError:
        return False  # `http://[bad` is nobody's address
    if said.scheme not in {"http", "https"} or not name:
        return False
    if public := get_settings().public_url:
        own = urlsplit(public)
        if (said.scheme, said.netloc.lower()) == (own.scheme, own.netloc.lower()):
            return True
    return said.netloc == host and _is_nobodys(name)


def _is_nobodys(name: str) -> bool:
    """Tell whether nobody else can make a name lead here."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        labels = name.rstrip(".").split(".")
        return len(labels) == 1 or labels[-1] in NOBODYS
    return True
