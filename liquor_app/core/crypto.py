"""Keys derived from the one secret: signing links, hashing addresses, encrypting stored credentials."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from liquor_app.core.config import Settings, get_settings
from liquor_app.core.errors import Conflict, Invalid


@lru_cache(maxsize=16)
def _derive(secret: bytes, purpose: str) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt=None, info=f"liquor:{purpose}".encode()).derive(secret)


_known: tuple[Settings, bytes] | None = None
"""The secret of the settings in force: read once, because every message asks for a key or two."""


def key(purpose: str) -> bytes:
    """32 bytes for one purpose; keys of different purposes tell nothing about each other."""
    global _known  # noqa: PLW0603 - a cache that ends with the settings it belongs to
    settings = get_settings()
    if _known is None or _known[0] is not settings:
        _known = (settings, settings.signing_key())
    return _derive(_known[1], purpose)


def keyed_hash(purpose: str, value: str) -> bytes:
    """HMAC-SHA256 of `value`; recognises it again without storing it."""
    return hmac.digest(key(purpose), value.encode(), "sha256")


def token_hash(token: str) -> str:
    """What is stored of a random token (128 bits or more, so a plain hash is enough)."""
    return hashlib.sha256(token.encode()).hexdigest()


def encrypt(plain: str) -> bytes:
    """Fernet (AES-128-CBC + HMAC)."""
    return Fernet(base64.urlsafe_b64encode(key("encryption"))).encrypt(plain.encode())


def decrypt(stored: bytes) -> str:
    """The text `encrypt` was given.

    Raises:
        Conflict: it was encrypted under another secret key.
    """
    try:
        return Fernet(base64.urlsafe_b64encode(key("encryption"))).decrypt(bytes(stored)).decode()
    except InvalidToken as error:
        raise Conflict("A stored secret cannot be read: LIQUOR_SECRET_KEY has changed. Enter it again.") from error


_compact = json.JSONEncoder(separators=(",", ":"), sort_keys=True).encode


def sign(purpose: str, payload: dict[str, Any]) -> str:
    """A URL-safe token holding `payload`, which does not expire; `unsign` checks it."""
    body = base64.urlsafe_b64encode(_compact(payload).encode()).rstrip(b"=")
    mac = hmac.digest(key(purpose), body, "sha256")[:16]
    return f"{body.decode()}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def unsign(purpose: str, token: str) -> dict[str, Any]:
    """The payload of a token made by `sign` for the same purpose.

    Raises:
        Invalid: it is not one of ours.
    """
    wrong = Invalid("This link is damaged or incomplete. Please open it again from the message.", field="token")
    if len(token) > 2048 or token.count(".") != 1:
        raise wrong
    body, mac = token.split(".")
    try:
        given = base64.urlsafe_b64decode(mac + "=" * (-len(mac) % 4))
        wanted = hmac.new(key(purpose), body.encode("ascii"), hashlib.sha256).digest()[:16]
        if not hmac.compare_digest(given, wanted):
            raise wrong
        loaded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (ValueError, UnicodeEncodeError) as error:
        raise wrong from error
    return loaded
