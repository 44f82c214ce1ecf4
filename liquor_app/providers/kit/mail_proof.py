"""Whether an e-mail comes from where its From says, by what the provider found. Pure.

Only what the provider itself reports counts: what a letter says of itself (`Authentication-Results`) anybody can write.
A report that stands among the letter's headers (Mailgun, Postmark) may be the letter's own: it can fail a letter, and
proves none.
A pass counts for the domain in From alone (RFC 7489 § 3.1, relaxed): the domain of a forger passes for the forger.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from email.utils import parseaddr

_DOMAIN = re.compile(r"[a-z0-9._-]{1,253}", re.IGNORECASE)
MOST_OF_A_HEADER = 4_000
"""Of a longer one nothing is believed: cut, `d=gmail.com.evil.example` would end as somebody else's."""
_NAMES = re.compile(r"<[^<>\s]{1,250}>")
MOST_ANSWERED = 20


def is_proved(sender: str, *, spf: str, envelope: str, dkim: str, signers: Iterable[str]) -> bool | None:
    """Tell whether the author's own domain sent a letter; None where the provider said nothing.

    Args:
        sender: as in From.
        spf, dkim: "pass" or something else in any case, empty where the provider does not say.
        envelope: the address SPF was asked about.
        signers: domains whose signature is the one that passed.
    """
    if not spf and not dkim:
        return None
    domain = _domain(sender)
    signed = [one.lower().rstrip(".") for one in signers]
    by_spf = _passed(spf) and _is_aligned(_domain(envelope), domain)
    by_dkim = _passed(dkim) and any(_is_aligned(one, domain) for one in signed)
    return by_spf or by_dkim


def only_signer(signatures: Iterable[str]) -> list[str]:
    """Return the domain that `DKIM-Signature` headers name, if they name one only: of several nobody says which passed,
    and a forger adds what they like."""
    named = {_signer(one) for one in signatures}
    return list(named) if len(named) == 1 else []


def _signer(signature: str) -> str:
    """Return the domain of a signature's tag `d` (RFC 6376 § 3.2), empty in doubt. An unknown tag may hold any words,
    ` d=gmail.com` too, and verifiers pass over it."""
    if len(signature) > MOST_OF_A_HEADER:
        return ""
    tags = [tag.partition("=") for tag in signature.split(";") if tag.strip()]
    told = [value.strip() for name, _, value in tags if name.strip().lower() == "d"]
    return told[0].lower() if len(told) == 1 and _DOMAIN.fullmatch(told[0]) else ""


def worst(verdicts: Iterable[str]) -> str:
    """Return a verdict that may stand in a letter more than once, as the forger's own line beside the provider's."""
    said = [one.strip().lower() for one in verdicts]
    return next((one for one in said if one != "pass"), "pass" if said else "")


def answered(*headers: str) -> tuple[str, ...]:
    """Return the names of messages in `In-Reply-To` and `References`, the latest first, without brackets."""
    named = [name[1:-1] for header in headers for name in reversed(_NAMES.findall(header[:10_000]))]
    return tuple(dict.fromkeys(named))[:MOST_ANSWERED]


def _passed(verdict: str) -> bool:
    return verdict.strip().lower().split(" ")[0] == "pass"


def _domain(address: str) -> str:
    return parseaddr(address[:1_000])[1].rpartition("@")[2].strip().lower().rstrip(".")


def _is_aligned(one: str, other: str) -> bool:
    """The same domain, or one below the other; a top level has no dot and is nobody's."""
    if "." not in one or "." not in other:
        return False
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")
