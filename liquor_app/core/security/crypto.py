"""Keys derived from the ring of secrets: signing links, recognising addresses, encrypting stored credentials.

The first secret of the ring signs and encrypts; every one of it verifies and decrypts, so that links in mailboxes and
stored credentials outlive a rotation. Hashes that are looked up, as those of suppressed addresses, hang on a pepper of
their own (`core.security.pepper`), which never changes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from liquor_app.core.config import Settings, get_settings
from liquor_app.core.errors import Conflict, Invalid


@lru_cache(maxsize=64)
def derive(secret: bytes, purpose: str) -> bytes:
    """32 bytes of a secret for one purpose (HKDF-SHA256); those of different purposes tell nothing about each other."""
    return HKDF(hashes.SHA256(), 32, salt=None, info=f"liquor:{purpose}".encode()).derive(secret)


_known: tuple[Settings, tuple[bytes, ...]] | None = None
"""The ring of the settings in force: read once, because every message asks for a key or two."""


def key_ring() -> tuple[bytes, ...]:
    """Return the secrets in force, the first one first."""
    global _known  # noqa: PLW0603 - a cache that ends with the settings it belongs to
    settings = get_settings()
    if _known is None or _known[0] is not settings:
        _known = (settings, settings.key_ring())
    return _known[1]


def reload_ring() -> bool:
    """Read the ring again, if somebody rotated it while this process ran; whether it changed."""
    global _known  # noqa: PLW0603
    before, settings = key_ring(), get_settings()
    _known = (settings, settings.key_ring())
    return _known[1] != before


def key(purpose: str) -> bytes:
    """32 bytes for one purpose, of the first secret: what is signed now."""
    return derive(key_ring()[0], purpose)


def keyed_hash(purpose: str, value: str) -> bytes:
    """HMAC-SHA256 of `value` under the first secret; `is_keyed_hash` recognises it after a rotation too."""
    return hmac.digest(key(purpose), value.encode(), "sha256")


def is_keyed_hash(purpose: str, value: str, given: bytes) -> bool:
    """Tell whether `given` is the beginning of a `keyed_hash` of `value` under any secret of the ring.

    Raises:
        ValueError: fewer than 8 bytes prove nothing.
    """
    if len(given) < 8:
        raise ValueError("a proof has 8 bytes or more")
    wanted = (hmac.digest(derive(secret, purpose), value.encode(), "sha256") for secret in key_ring())
    return any(hmac.compare_digest(one[: len(given)], given) for one in wanted)


def token_hash(token: str) -> str:
    """Tell what is stored of a random token (128 bits or more, so a plain hash is enough)."""
    return hashlib.sha256(token.encode()).hexdigest()


def _fernets() -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(derive(secret, "encryption"))) for secret in key_ring()])


def encrypt(plain: str) -> bytes:
    """Fernet (AES-128-CBC + HMAC) under the first secret."""
    return _fernets().encrypt(plain.encode())


def decrypt(stored: bytes) -> str:
    """Return the text `encrypt` was given, under any secret of the ring.

    Raises:
        Conflict: it was encrypted under another secret.
    """
    try:
        return _fernets().decrypt(bytes(stored)).decode()
    except InvalidToken as error:
        if reload_ring():
            return decrypt(stored)
        raise Conflict(_UNREADABLE) from error


def fingerprint(secret: bytes) -> str:
    """Return names a secret without telling anything about it."""
    return derive(secret, "fingerprint").hex()[:12]


def opens(secret: bytes, stored: bytes) -> bool:
    """Tell whether `stored` was encrypted under this secret."""
    try:
        Fernet(base64.urlsafe_b64encode(derive(secret, "encryption"))).decrypt(bytes(stored))
    except InvalidToken:
        return False
    return True


def reencrypt(stored: bytes) -> bytes:
    """Return the same under the first secret.

    Raises:
        Conflict: it was encrypted under a secret that is not in the ring.
    """
    try:
        return _fernets().rotate(bytes(stored))
    except InvalidToken as error:
        raise Conflict(_UNREADABLE) from error


_UNREADABLE = (
    "A stored secret cannot be read: the key it was encrypted with is not in LIQUOR_SECRET_KEYS. Add that key behind"
    " the first one, or enter the secret again."
)

_MAC_BYTES = 16
_compact = json.JSONEncoder(separators=(",", ":"), sort_keys=True).encode


def sign(purpose: str, payload: dict[str, Any]) -> str:
    """Return a URL-safe token holding `payload`, which does not expire; `unsign` checks it."""
    body = base64.urlsafe_b64encode(_compact(payload).encode()).rstrip(b"=")
    mac = hmac.digest(key(purpose), body, "sha256")[:_MAC_BYTES]
    return f"{body.decode()}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def unsign(purpose: str, token: str) -> dict[str, Any]:
    """Return the payload of a token made by `sign` for the same purpose.

    Raises:
        Invalid: it is not one of ours.
    """
    wrong = Invalid("This link is damaged or incomplete. Please open it again from the message.", field="token")
    if len(token) > 2048 or token.count(".") != 1:
        raise wrong
    body, mac = token.split(".")
    try:
        given = base64.urlsafe_b64decode(mac + "=" * (-len(mac) % 4))
        if len(given) != _MAC_BYTES or not is_keyed_hash(purpose, body.encode("ascii").decode(), given):
            raise wrong
        loaded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (ValueError, UnicodeEncodeError) as error:
        raise wrong from error
    return loaded
