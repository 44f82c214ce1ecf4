"""DKIM keys of a domain (RFC 6376, 8301, 8463): there, not revoked, long enough to be believed."""

from __future__ import annotations

import base64
import binascii
import re

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from liquor_app.providers.sender_check.dns_lookups import Questions, Said
from liquor_app.providers.sender_check.findings import WHY, Finding, Topic, Verdict, good, not_known

LEAST_BITS = 1024
"""Receivers must not believe a shorter key (RFC 8301 § 3.2)."""
WISE_BITS = 2048
ED25519_BYTES = 32
DKIM = Topic.DKIM


def tags_of(record: str) -> dict[str, str] | None:
    """Return a tag list's tags by name (RFC 6376 § 3.2); None where it is none, or one stands twice."""
    read: dict[str, str] = {}
    for one in record.split(";"):
        if not one.strip():
            continue
        name, sign, value = one.partition("=")
        name = name.strip()
        if not sign or re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,30}", name) is None or name in read:
            return None
        read[name] = value.strip()
    return read


async def check_dkim(ask: Questions, domain: str, selectors: list[str], told: bool, where: str) -> tuple[
    list[Finding], bool | None
]:  # fmt: skip
    """Judge the keys of a domain.

    Args:
        selectors: names to look under; `told` where somebody said them, else they are those the provider uses as a
            rule, and finding none proves nothing.
        where: where the provider shows the record to publish.

    Returns:
        What was found, and whether a signature can pass: None where nobody knows.
    """
    found: list[Finding] = []
    passes, unsure = False, not selectors
    for selector in selectors:
        name = f"{selector}._domainkey.{domain}"
        answer = await ask(name)
        if answer.said is Said.FAILED:
            unsure = True
            found.append(not_known(DKIM, f"The DNS did not answer for {name}."))
        elif answer.said is Said.FOUND and not answer.records:
            unsure = True
            found.append(not_known(DKIM, f"{name} holds more than anybody reads."))
        elif answer.said is Said.FOUND:
            judged = _judged(name, answer.records)
            passes |= judged.verdict is not Verdict.WRONG
            found.append(judged)
        elif told:
            words = f"There is no key at {name}. Publish the one {where} shows for it."
            found.append(Finding(DKIM, Verdict.WRONG, words, WHY, name, "TXT or CNAME"))
    if passes:
        return [one for one in found if one.verdict is not Verdict.UNKNOWN], True
    if any(one.verdict is Verdict.WRONG for one in found):
        return found, None if unsure else False
    if found:
        return found, None
    return [not_known(DKIM, f"Tell us the selector your provider signs {domain} with: {where} shows it. Without it"
                            " nobody can ask for the key.")], None  # fmt: skip


def _judged(name: str, records: tuple[str, ...]) -> Finding:
    def wrong(words: str) -> Finding:
        return Finding(DKIM, Verdict.WRONG, words, WHY, name, "TXT", "")

    if len(records) > 1:
        return wrong(f"{name} has {len(records)} records; which of them counts is anybody's guess. Keep one.")
    tags = tags_of(records[0])
    if tags is None or "p" not in tags or ("v" in tags and tags["v"] != "DKIM1"):
        return wrong(f"What stands at {name} is no DKIM key. Copy your provider's record whole.")
    key = re.sub(r"\s", "", tags["p"])
    if not key:
        return wrong(f"The key at {name} is revoked (p= is empty): no signature made with it passes.")
    if "sha256" not in tags.get("h", "sha256").lower().replace(" ", "").split(":"):
        return wrong(f"The key at {name} does not allow SHA-256, the only digest receivers accept (RFC 8301).")
    if not {"*", "email"} & set(tags.get("s", "*").replace(" ", "").split(":")):
        return wrong(f"The key at {name} is not for e-mail (s={tags['s'][:40]}).")
    try:
        raw = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        return wrong(f"The key at {name} was cut or mistyped: it is no base64. Copy it whole.")
    if tags.get("k", "rsa") == "ed25519":
        if len(raw) != ED25519_BYTES:
            return wrong(f"The key at {name} is no Ed25519 key: it has {len(raw)} bytes instead of {ED25519_BYTES}.")
        words = f"The key at {name} is Ed25519, which large mailboxes do not check. Sign with an RSA key as well."
        return Finding(DKIM, Verdict.BETTER, words)
    if tags.get("k", "rsa") != "rsa":
        return wrong(f"The key at {name} is of a kind nobody knows (k={tags['k'][:40]}).")
    return _by_length(name, raw, is_test="y" in tags.get("t", "").split(":"))


def _by_length(name: str, raw: bytes, *, is_test: bool) -> Finding:
    try:
        key = load_der_public_key(raw)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, rsa.RSAPublicKey):
        return Finding(DKIM, Verdict.WRONG, f"The key at {name} was cut or mistyped: it is no RSA key. Copy it whole.",
                       WHY, name, "TXT")  # fmt: skip
    if key.key_size < LEAST_BITS:
        words = f"The key at {name} has {key.key_size} bits; receivers believe {LEAST_BITS} or more (RFC 8301)."
        return Finding(DKIM, Verdict.WRONG, f"{words} Have your provider make one of {WISE_BITS}.", WHY, name, "TXT")
    if is_test:
        words = f"The key at {name} is marked as a test (t=y): some receivers treat what it signs as unsigned."
        return Finding(DKIM, Verdict.BETTER, words)
    if key.key_size < WISE_BITS:
        words = f"The key at {name} has {key.key_size} bits. It passes; {WISE_BITS} is what mailboxes recommend."
        return Finding(DKIM, Verdict.BETTER, words)
    return good(DKIM, f"A key of {key.key_size} bits at {name}.")
