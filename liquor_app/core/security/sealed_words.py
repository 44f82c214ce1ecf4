"""Words that travel in the address of a page of ours, and are shown only if we wrote them: otherwise whoever makes
somebody follow a link writes what our sign-in page says, a telephone number to call for one."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode

from liquor_app.core.security.crypto import is_keyed_hash, keyed_hash

PURPOSE = "words in an address"
SEAL_BYTES = 16


def seal_of(words: str) -> str:
    """Return the proof that we wrote these words, to stand beside them."""
    return urlsafe_b64encode(keyed_hash(PURPOSE, words)[:SEAL_BYTES]).rstrip(b"=").decode()


def if_ours(words: str, seal: str) -> str:
    """Return the words, or nothing where the seal beside them is not ours."""
    try:
        given = urlsafe_b64decode(seal.encode("ascii") + b"=" * (-len(seal) % 4))
    except ValueError:
        return ""
    return words if len(given) == SEAL_BYTES and is_keyed_hash(PURPOSE, words, given) else ""
