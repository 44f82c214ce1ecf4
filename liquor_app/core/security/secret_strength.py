"""Whether a given secret is one: placeholders that everybody can read, and texts anybody would try, are not. Pure."""

from __future__ import annotations

import math
import re
from collections import Counter
from itertools import pairwise
from urllib.parse import parse_qs, unquote, urlsplit

PLACEHOLDERS = (
    "change-me", "changeme", "change_me", "replace-me", "replaceme", "placeholder", "not-a-secret", "not_a_secret",
    "notasecret", "example", "your-secret", "your_secret", "your-key", "yoursecret", "secret-key", "secretkey",
    "password", "passwd", "default", "insecure", "dummy-", "dummy_", "letmein", "qwerty", "only-for-tests",
    "test-only", "randomchar", "random-char", "goes-here", "goes-right-here", "-secret-", "_secret_",
)  # fmt: skip
"""What no random text holds, and the world's examples do; ours in `.env.example` among them."""
_COMMON = (
    "liquor", "postgres", "redis", "valkey", "database", "server", "production", "secret", "correct", "horse",
    "battery",
    "staple", "welcome", "admin", "root", "user", "login", "master", "dragon", "monkey", "summer", "winter", "spring",
    "autumn", "shop", "store", "wine", "whisky", "marketing", "agent", "company", "account", "access", "hello",
    "world",
    "super", "private", "public", "please", "change", "replace", "character", "random", "string", "value", "token",
    "right", "here", "your", "goes", "iloveyou", "football", "baseball", "princess", "sunshine", "pass", "word",
    "test", "asdf", "zxcv", "qazwsx", "1q2w3e", "abcdef", "1234", "2345", "3456", "4567", "5678", "6789", "4321",
    "9876",
    "0000",
)  # fmt: skip
"""Words people make passwords of, and runs of keys; a text is only as strong as what is left of it without them."""
_LEET = str.maketrans("0134578@$!", "oleastbasi")
LEFT = 6
"""Letters and digits a text must keep without its common words; of a key, a third of its least length."""
KEY_CHARS, KEY_BITS = 32, 20.0
PASSWORD_CHARS, PASSWORD_BITS = 12, 8.0
"""Bits as `bits_of` counts them: far below what any random text has (the least of 60,000: 48 and 12), far above what
repeats or counts up."""
MAKE_ONE = 'make one with: python3 -c "import secrets; print(secrets.token_urlsafe(48))"'


def bits_of(text: str) -> float:
    """Return a low estimate of how much chance there is in a text: bits a character by how often each occurs, for as
    many characters as begin a pair that is neither a repetition of one before nor a step in the alphabet."""
    if not text:
        return 0.0
    counts = Counter(text)
    each = -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values())
    pairs = {(a, b) for a, b in pairwise(text) if abs(ord(a) - ord(b)) > 1}
    return each * len(pairs)


def _without_words(text: str) -> int:
    """Tell how many letters and digits are left of a text when its common words are gone."""
    for word in sorted(_COMMON, key=len, reverse=True):
        text = text.replace(word, " ")
    return len(re.sub(r"[^a-z0-9]+", "", text))


def _repeated(text: str) -> bool:
    """Tell whether it is one stretch again and again, the last one perhaps cut short."""
    return any(text == (text[:n] * (len(text) // n + 1))[: len(text)] for n in range(1, len(text) // 2 + 1))


def weakness(secret: str, *, chars: int, bits: float) -> str | None:
    """Tell why a text is no secret, as the end of a sentence; None if it may be one. It is never quoted."""
    lower = secret.lower()
    plain = lower.translate(_LEET)
    if any(word in lower or word in plain for word in PLACEHOLDERS):
        return "is a placeholder, which everybody knows"
    if len(secret) < chars:
        return f"is shorter than {chars} characters"
    if bits_of(secret) < bits or _repeated(secret):
        return "repeats itself or counts up: it can be guessed"
    if min(_without_words(one) for one in (lower, plain)) < max(LEFT, chars // 3):
        return "is made of common words: it can be guessed"
    return None


def key_weakness(key: str) -> str | None:
    """Tell why a text cannot be a secret key."""
    return weakness(key, chars=KEY_CHARS, bits=KEY_BITS)


def password_weakness(password: str) -> str | None:
    """Tell why a text cannot be the password of a server."""
    return weakness(password, chars=PASSWORD_CHARS, bits=PASSWORD_BITS)


def is_example(url: str) -> bool:
    """Tell whether an address is one of those set aside for examples (RFC 2606)."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    return host.endswith(".example") or re.search(r"(?:^|\.)example\.(?:com|net|org)$", host) is not None


def password_in(url: str) -> str:
    """Return the password a server's address carries, before the host or as a parameter; empty if none."""
    parts = urlsplit(url)
    return unquote(parts.password or "") or parse_qs(parts.query).get("password", [""])[-1]
