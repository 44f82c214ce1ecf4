"""What to do about the refusals that only the shop can end: carriers' and mailbox providers' codes, explained. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

TWILIO: Mapping[int, str] = {
    30007: "Carriers filter these texts. Check the campaign's registration and its words with Twilio.",
    30034: "The number is not registered for A2P 10DLC. Register brand and campaign at Twilio, then resume.",
    30456: "The registered campaign does not say that it is age-gated. Change it at Twilio to age-gated content.",
    30529: "The registration was refused for want of an age gate. Put one in front of every page texts lead to.",
    30875: "The sign-up shown to the carriers has no age gate or no consent text. Show one that has both, and register"
    " anew.",
    30956: "Refused for alcohol without an age gate, for good: this registration cannot be handed in again. Put the"
    " gate first on every page that texts lead to, then register a new campaign.",
}
"""Codes of A2P 10DLC (https://www.twilio.com/docs/api/errors): configuration, never a person's address."""

_MAIL: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"5\.7\.515\b"),
        "Microsoft takes no bulk mail of this domain without SPF, DKIM and DMARC that agree with the sender's address."
        " Publish them at whoever keeps the domain's DNS.",
    ),
    (
        re.compile(r"5\.7\.2[67]\b|4\.7\.2[67]\b|\bunauthenticated (?:e-?mail|sender)", re.IGNORECASE),
        "Gmail refuses mail of this domain that is not authenticated: SPF or DKIM must pass and agree with the sender's"
        " address, and DMARC be published, at whoever keeps the domain's DNS.",
    ),
    (
        re.compile(r"5\.7\.25\b|\bPTR record", re.IGNORECASE),
        "The sending server has no name of its own (PTR). Ask your provider, or whoever runs the server.",
    ),
)


def remedy_of(code: str | int | None, words: str | None) -> str:
    """Return what the shop can do about a refusal, in a sentence or two; empty where nothing is known to help."""
    text = f"{code or ''} {words or ''}"
    for number in re.findall(r"\b\d{5}\b", str(code or "")):
        if (told := TWILIO.get(int(number))) is not None:
            return told
    return next((told for pattern, told in _MAIL if pattern.search(text)), "")


def explained(code: str | int | None, words: str | None) -> str | None:
    """Return the provider's words with what to do about them, once; None where nothing was said and nothing helps."""
    told, said = remedy_of(code, words), (words or "").strip()
    if not told or told in said:
        return words
    return f"{said.rstrip('.')}. {told}" if said else told
