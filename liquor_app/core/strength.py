"""Whether a given secret is one: placeholders that everybody can read, and texts anybody would try, are not. Pure."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise
from urllib.parse import parse_qs, unquote, urlsplit

PLACEHOLDERS = (
    "change-me", "changeme", "change_me", "replace-me", "replaceme", "placeholder", "not-a-secret", "not_a_secret",
    "notasecret", "example", "your-secret", "your_secret", "your-key", "yoursecret", "secret-key", "secretkey",
    "password", "passwd", "default", "insecure", "dummy-", "dummy_", "letmein", "qwerty", "1234567", "only-for-tests",
    "test-only", "randomchar", "random-char",
)  # fmt: skip
"""What no random text holds, and the world's examples do; ours in `.env.example` among them."""
KEY_CHARS, KEY_BITS = 32, 20.0
PASSWORD_CHARS, PASSWORD_BITS = 12, 8.0
"""Bits as `bits_of` counts them: far below what any random text has (the least of 60,000: 48 and 12), far above what
repeats or counts up."""
MAKE_ONE = 'make one with: python3 -c "import secrets; print(secrets.token_urlsafe(48))"'


def bits_of(text: str) -> float:
    """A low estimate of how much chance there is in a text: bits a character by how often each occurs, for as many
    characters as begin a pair that is neither a repetition of one before nor a step in the alphabet."""
    if not text:
        return 0.0
    counts = Counter(text)
    each = -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values())
    pairs = {(a, b) for a, b in pairwise(text) if abs(ord(a) - ord(b)) > 1}
    return each * len(pairs)


def weakness(secret: str, *, chars: int, bits: float) -> str | None:
    """Why a text is no secret, as the end of a sentence; None if it may be one. It is never quoted."""
    lower = secret.lower()
    if any(word in lower for word in PLACEHOLDERS):
        return "is a placeholder, which everybody knows"
    if len(secret) < chars:
        return f"is shorter than {chars} characters"
    if bits_of(secret) < bits:
        return "repeats itself or counts up: it can be guessed"
    return None


def key_weakness(key: str) -> str | None:
    """Why a text cannot be a secret key."""
    return weakness(key, chars=KEY_CHARS, bits=KEY_BITS)


def password_weakness(password: str) -> str | None:
    """Why a text cannot be the password of a server."""
    return weakness(password, chars=PASSWORD_CHARS, bits=PASSWORD_BITS)


def password_in(url: str) -> str:
    """The password a server's address carries, before the host or as a parameter; empty if none."""
    parts = urlsplit(url)
    return unquote(parts.password or "") or parse_qs(parts.query).get("password", [""])[-1]
