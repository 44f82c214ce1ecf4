"""Cells that say yes or no, in anybody's words. Pure."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache

from liquor_app.customers.visible_text import visible
from liquor_app.imports.cleaning.cells import REMEMBERED, Rejected, clean_word

YES = frozenset({
    "yes", "y", "true", "t", "1", "x", "given", "granted", "agreed", "opt in", "optin", "opted in", "double opt in",
    "single opt in", "confirmed opt in", "subscribed", "subscriber", "accepts marketing", "si", "sí", "active", "on",
    "enabled", "allowed", "accepted", "consented", "consent given", "express", "explicit", "express consent",
    "explicit consent", "activo", "activa", "suscrito", "suscrita", "ja", "oui", "angemeldet", "abonniert", "abonné",
    "abonnée", "inscrit", "inscrite", "sim", "sì", "iscritto", "iscritta",
    "subscribe", "confirmed", "resubscribed", "re subscribed", "start", "unstop", "double opt in confirmed",
    "freely given consent",
    "accepts", "accept", "agree", "agrees", "i agree", "ok", "okay", "checked", "ticked", "✓", "✔", "☑", "✅",
})  # fmt: skip
NO = frozenset({
    "no", "n", "false", "f", "0", "withdrawn", "revoked", "opt out", "optout", "opted out", "unsubscribed",
    "unsubscribe", "stop", "stopped", "declined", "denied", "refused", "removed", "do not contact", "do not email",
    "do not text", "dnc", "complained", "complaint", "spam", "spam complaint", "marked as spam", "abuse", "rejected",
    "baja", "de baja", "dado de baja", "dada de baja", "desuscrito", "desuscrita", "cancelado", "cancelada",
    "disagree", "disagrees", "disagreed", "i disagree", "nope", "arret", "arrêt", "left", "left list", "left the list",
    "quit", "cancel", "cancelled", "canceled", "end", "stopall", "stop all", "never", "nein", "non", "não", "nao",
    "nicht kontaktieren", "keine einwilligung", "ne pas contacter", "unchecked", "unticked", "✗", "✘", "❌", "☒",
})  # fmt: skip
SILENT = frozenset({
    "never subscribed", "not subscribed", "non subscribed", "nonsubscribed", "unknown", "not set", "not given",
    "pending", "unconfirmed", "awaiting confirmation", "inactive", "inactivo", "inactiva",
    "transactional", "redacted", "archived", "implied",
    "nicht angemeldet", "nicht abonniert", "nicht bestätigt", "non abonné", "non inscrit", "en attente",
    "non subscriber", "nonsubscriber", "not a subscriber", "not opted in",
    "pending confirmation", "confirmation pending",
    "implicit", "implicit consent", "temp hold", "temporary hold", "vacation/autoreply", "not specified", "unspecified",
    "not applicable", "none selected", "not yet", "invited", "no status", "no data", "no information", "no record",
    "no history", "collected", "legitimate interest", "mailbox full",
    "implied consent", "soft bounce", "soft bounced", "no answer", "no response", "no reply", "no preference",
})  # fmt: skip
"""Neither yes nor no: nobody was asked, or nobody has answered yet."""
DEAD = frozenset({
    "undelivered", "nonexistent", "non existent", "dropped", "failed", "failure", "unreachable", "quarantined",
    "cleaned", "bounced", "bounce", "hard bounce", "hard bounced", "undeliverable", "invalid", "suppressed", "blocked",
})  # fmt: skip
"""What another system says of an address it no longer writes to."""


_REMARK = re.compile(r"(?<!\s)\s*+\([^()]*\)$")
_REFUSES = re.compile(
    r"\b(?:no|un ?sub(?:s|bed|scri\w+)?|opt(?:ed|s|ing)? ?out|do not|don'?t"
    r"|never (?:contact|e ?mail|text|mail|call|send)"
    r"|not (?:allowed|permitted|accepted|wanted|consented|interested)|refus\w+|declin\w+|revok\w+|withdr\w+"
    r"|denie[ds]|stop(?:all)?|off|disabled|removed?|deleted|erased|deceased|passed away|eliminad[oa]"
    r"|junk|spam|complain\w*|dnc|dne"
    r"|reject\w*|(?:black|block) ?list\w*|exclu(?:de[ds]?|sion)|banned|muted|halted|terminated|discontinued|prohibited"
    r"|forbidden|withheld|disallow\w*|disagree\w*|object(?:s|ed|ions?)|opposed|dnd|cancell?ed"
    r"|(?:lost|expired|lapsed) (?:consent|permission|opt ?in)|(?:ex|former) subscribers?"
    r"|manual(?:ly)? (?:suppress\w*|deactivated)|suppress\w* (?:by|manual\w*)"
    r"|abgemeldet|abbestellt|ausgetragen|widerruf\w*|d[eé]s(?:abonn|inscri)\w*|refusée?s?|descadastrad\w+|disiscri\w+)\b"
)
"""What says no among other words: a no is always taken."""


@lru_cache(maxsize=REMEMBERED)
def clean_flag(cell: str, field: str) -> bool | None:
    """Return what a yes or a no says, in anybody's words."""
    word = flag_word(cell, field)
    if not word:
        return None
    if word in YES:
        return True
    if word in NO:
        return False
    raise Rejected(f"bad_{field}", field, f"{field} must be yes or no, not {cell.strip()[:40]!r}.")


class Answer(StrEnum):
    """What a column of consents says of one person."""

    YES = "yes"
    NO = "no"
    SILENT = "silent"
    DEAD = "dead"


@lru_cache(maxsize=REMEMBERED)
def clean_answer(cell: str, field: str) -> Answer:
    """Return what a cell says of somebody's consent, in the words of the tools that write it.

    Raises:
        Rejected: in words we do not know.
    """
    word = flag_word(cell, field)
    for words, answer in ((YES, Answer.YES), (NO, Answer.NO), (SILENT | {""}, Answer.SILENT), (DEAD, Answer.DEAD)):
        if word in words:
            return Answer.SILENT if answer is Answer.DEAD and bounce_passes(cell) else answer
    if SOFT.search(word) and not _NOT_SOFT.search(word):
        return Answer.SILENT
    if _DEAD.search(word) and not _LIVES.search(word):
        return Answer.DEAD
    if refuses(word):
        return Answer.NO
    raise Rejected(f"bad_{field}", field, f"{field} must be yes or no, not {cell.strip()[:40]!r}.")


LONGEST_WORDING = 2_000
"""Letters of what somebody agreed to, which is kept beside each consent."""


@lru_cache(maxsize=64)
def clean_wording(cell: str) -> str | None:
    """Return the words somebody agreed to, white space single; None if blank.

    Raises:
        Rejected: too long, or not storable.
    """
    text = " ".join(visible(cell).split())
    if len(text) > LONGEST_WORDING or "\x00" in text:
        reason = f"consent_wording has {LONGEST_WORDING} letters at most."
        raise Rejected("bad_consent_wording", "consent_wording", reason)
    return text or None


def refuses(word: str) -> bool:
    """Tell whether a word as `flag_word` returns it says no among others."""
    return _REFUSES.search(word) is not None


_DEAD = re.compile(
    r"\b(?:bounc(?:e[ds]?|ing)|hard ?bounced?|undeliver(?:able|ed)"
    r"|(?:invalid|bad|wrong|unknown) (?:e ?mail|address|user)|no such (?:user|mailbox)"
    r"|(?:e ?mail|address|mailbox|user) (?:is )?(?:invalid|unknown|not found|does ?n(?:o|')t exist)"
    r"|perm(?:anent(?:ly)?)? (?:fail\w*|undeliver\w*)|(?:user|globally|admin) suppressed)\b"
)
"""How tools say among other words that an address is dead."""
_LIVES = re.compile(r"\b(?:not|no|never|un ?sub\w*|opt(?:ed)? ?out)\b(?! (?:found|exist|such|user|mailbox))")
SOFT = re.compile(
    r"\b(?:soft ?bounced?|soft|transient|temporary|temp|deferred|undetermined|auto ?reply|mailbox full|over quota)\b"
)
"""How tools name a bounce that passes."""
_NOT_SOFT = re.compile(r"\b(?:hard|permanent|not|no)\b")


def bounce_passes(cell: str) -> bool:
    """Tell whether the remark behind what a cell says of a bounce calls it soft: "Bounced (soft)"."""
    found = _REMARK.search(cell.strip())
    remark = re.sub(r"[_-]+", " ", found[0].lower()) if found else ""
    return SOFT.search(remark) is not None and _NOT_SOFT.search(remark) is None


_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")
_NUMBER = re.compile(r"^([01])\.0+$")
"""A 1 or a 0 that went through a spreadsheet."""


def flag_word(cell: str, field: str) -> str:
    """Return a cell's word as the sets above spell theirs; "" for none."""
    said = clean_word(cell, field) or ""
    text = _CAMEL.sub(" ", _NUMBER.sub(r"\1", _REMARK.sub("", said) or said).replace("’", "'"))
    return " ".join(re.sub(r"(?<!^)[_-]+|^[_-]+(?!\d)", " ", text).lower().split())
