"""What a refusal says of the address itself: only an address that does not exist is never written to again. Pure.

Servers answer with three digits, an enhanced status code (RFC 3463, registry of IANA) and words. A block list, a filter
or a policy says something about us, a full mailbox something about now; neither makes an address dead.
"""

from __future__ import annotations

import re
from enum import StrEnum


class Cause(StrEnum):
    ADDRESS = "address"
    """Nobody is there, and nobody will be."""
    US = "us"
    """Our reputation, our content, their policy."""
    NOW = "now"
    """A full or busy mailbox: later it may be different."""
    UNTOLD = "untold"
    """Nothing we understand: no reason never to write again."""


_ENHANCED = re.compile(r"(?<![\d.])([45])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_OF_ADDRESS = frozenset({"1.1", "1.2", "1.3", "1.4", "1.6", "1.10", "2.1"})
"""Bad mailbox, bad system, bad syntax, ambiguous, moved, null MX, mailbox disabled."""
_OF_NOW = frozenset({"2.2", "2.3", "3.1", "3.2", "3.4", "4.1", "4.2", "4.4", "4.5", "4.7"})

_SAYS_US = re.compile(
    r"block ?list|blacklist|black list|denylist|\bblock(?:ed|ing)?\b|spam|reputation|\bpolicy\b|poor sender|\bs31\d\d\b"
    r"|\bdmarc\b|\bspf\b|\bdkim\b|unauthenticated|not authori[sz]ed to send|\bcontent\b|virus|phish|\bbanned\b"
    r"|\blisted\b|rate limit|too many|throttl|\brbl\b|\bdnsbl\b|spamhaus|barracuda|access denied",
    re.IGNORECASE,
)
_SAYS_SENDER = re.compile(
    r"\bsender(?:'s)? (?:address|domain|verif|reject|unknown|invalid|not|ip)|verification failed|verify failed"
    r"|call-?out|(?:unknown|invalid|bad) sender|return.path|mail from|envelope.from|client host|hostname|reverse dns"
    r"|\bptr\b|\bip address|\bip=|\b(?:your|sending|source) (?:ip|account|domain|host|server)\b|\b(?:helo|ehlo)\b",
    re.IGNORECASE,
)
"""Of whom it speaks: an unknown user may be our sender's, a domain not found ours."""
_SAYS_NOW = re.compile(
    r"quota|mailbox (?:is )?full|full mailbox|insufficient|out of space|storage|gr[ea]ylist|try again|too quickly"
    r"|too fast|temporar|timed? ?out|expired|\bmx info\b|\bdns\b|lookup",
    re.IGNORECASE,
)
_SAYS_ADDRESS = re.compile(
    r"(?:no such|unknown|invalid|non-?existent|bad) (?:user|recipient|mailbox|address|destination|account)"
    r"|(?:user|recipient|mailbox|address|account)\b.{0,60}?"
    r"(?:not found|unknown|does(?: not|n't) exist|not exist|disabled|deactivated|inactive|no longer)"
    r"|no mailbox|not a valid (?:recipient|mailbox|address)",
    re.IGNORECASE,
)


def cause_of(code: str | int | None, words: str | None) -> Cause:
    """Tell why a server would not take a message, as far as it says: the enhanced code first, then its words, then the
    three digits."""
    said = f"{code or ''} {words or ''}"
    if _SAYS_SENDER.search(words or ""):
        return Cause.US
    if found := _ENHANCED.search(said):
        detail = f"{found[2]}.{found[3]}"
        if found[1] == "4" or detail in _OF_NOW:
            return Cause.NOW
        if detail in _OF_ADDRESS:
            return Cause.ADDRESS
        if found[2] in {"5", "6", "7"} or detail in {"1.7", "1.8"}:  # protocol, content, policy; our own address
            return Cause.US
    for pattern, cause in ((_SAYS_US, Cause.US), (_SAYS_NOW, Cause.NOW), (_SAYS_ADDRESS, Cause.ADDRESS)):
        if pattern.search(words or ""):
            return cause
    return Cause.NOW if str(code) in {"552", "452"} else Cause.UNTOLD
