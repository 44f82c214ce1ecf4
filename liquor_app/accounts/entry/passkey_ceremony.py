"""The two halves of an exchange with a passkey (W3C Web Authentication 3): what a device is asked to sign, and whether
that is what came back.

A challenge is good once, for minutes, for one purpose, and only in the browser that asked for it, which holds its key
in a cookie. The shop's name and origin are those of the settings, never those of a request.
"""

from __future__ import annotations

import ipaddress
import json
import secrets
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit
from uuid import UUID

from redis.exceptions import RedisError

from liquor_app.core import redis
from liquor_app.core.config import get_settings
from liquor_app.core.errors import Conflict, Unavailable
from liquor_app.core.security.crypto import token_hash

SECONDS = 300
"""A challenge is good for so long: as long as a person looks for their key."""
CHALLENGE_BYTES = 32
_KEY = "liquor:passkey:"
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Ceremony(StrEnum):
    ADD = "add"
    ENTER = "enter"
    PROVE = "prove"
    """That somebody signed in still holds one, before their sign-in is changed."""


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Whom a passkey is for: browsers hold both against the page they are on.

    Attributes:
        id: the host's name.
        origin: scheme, name and, if it is not the scheme's own, port.
    """

    id: str
    origin: str


@dataclass(frozen=True, slots=True)
class Begun:
    """What a browser holds until it answers; `cookie` is stored nowhere."""

    challenge: bytes
    cookie: str


def relying_party() -> RelyingParty | None:
    """Return whom passkeys are for; None where browsers make none: at an address without a name, or without https. A
    shop that runs on this machine alone is called localhost."""
    settings = get_settings()
    asked = urlsplit(settings.base_url)
    name = (asked.hostname or "").lower()
    if not settings.public_url and _is_loopback(name):
        name = "localhost"
    if _is_number(name) or (asked.scheme != "https" and name != "localhost"):
        return None
    port = "" if asked.port in (None, _DEFAULT_PORTS.get(asked.scheme)) else f":{asked.port}"
    return RelyingParty(name, f"{asked.scheme}://{name}{port}")


def required_party() -> RelyingParty:
    """Return whom passkeys are for.

    Raises:
        Conflict: nobody; the address must be another one.
    """
    party = relying_party()
    if party is None:
        raise Conflict("Passkeys need an address with a name and https. Whoever runs the server sets it.")
    return party


def _is_number(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return not name
    return True


def _is_loopback(name: str) -> bool:
    return _is_number(name) and bool(name) and ipaddress.ip_address(name).is_loopback


async def begin_ceremony(kind: Ceremony, user_id: UUID | None = None) -> Begun:
    """Return a new challenge for this purpose, and for this user where one is known.

    Raises:
        Unavailable: it cannot be kept now.
    """
    begun = Begun(secrets.token_bytes(CHALLENGE_BYTES), secrets.token_urlsafe(32))
    kept = json.dumps({"kind": kind.value, "user": str(user_id or ""), "challenge": begun.challenge.hex()})
    try:
        await redis.client().set(_KEY + token_hash(begun.cookie), kept, ex=SECONDS)
    except (RedisError, OSError) as error:
        raise Unavailable("Passkeys cannot be used right now. Please try again in a minute.") from error
    return begun


async def take_challenge(cookie: str | None, kind: Ceremony, user_id: UUID | None = None) -> bytes | None:
    """Return the challenge this browser was given, and use it up; None if there is none, or it was another purpose's or
    another user's.

    Raises:
        Unavailable: nobody can tell now.
    """
    if not cookie:
        return None
    try:
        kept = await redis.client().getdel(_KEY + token_hash(cookie))
    except (RedisError, OSError) as error:
        raise Unavailable("Passkeys cannot be used right now. Please try again in a minute.") from error
    told = json.loads(kept) if kept else {}
    if (told.get("kind"), told.get("user")) != (kind.value, str(user_id or "")):
        return None
    return bytes.fromhex(told["challenge"])
