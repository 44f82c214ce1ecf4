"""What somebody of a shop wrote down about a customer: a tag "Do not contact", a note "asked to be taken off the list".
Only a no is read from it, and only where it is one beyond doubt; a yes is never. So of what somebody chose to be sent,
and how often ("Email Frequency": weekly, never, receipts only). Pure."""

from __future__ import annotations

import re

from liquor_app.imports.cleaning.answers.answer_cells import NO, flag_word
from liquor_app.imports.cleaning.answers.dead_addresses import column_words
from liquor_app.imports.cleaning.cells import Rejected

_NAME = re.compile(
    r"\b(?:notes?|comments?|remarks?|memos?|tags?|labels?|groups?|segments?|lists?|notas?|comentarios?|etiquetas?"
    r"|(?:contact|communication) (?:preferences?|methods?)|preferred (?:contact|communication)(?: methods?)?)\b"
)
_NOT_OF_PEOPLE = re.compile(r"\b(?:order|delivery|gift|product|item|price|count|date|at|id|url|number)\b")
_WRITTEN = (
    r"(?:e ?mail\w*|text(?:s|ed|ing)?|txt|sms|mailings?|newsletters?|promo\w*|marketing|offers?|solicit\w*|messages?)"
)
_DRIVING = r"(?:(?:while|and|n|or) )?driv(?:e|es|ing)"
_NO = re.compile(
    r"\b(?:un ?sub(?:s|bed|scribed?)?|opt(?:ed)? ?out|dnc|dne|deceased"
    r"|(?:do not|don t|dont|never) (?:contact|market|message|bother"
    rf"|(?:send )?(?:any |more )?{_WRITTEN}(?! {_DRIVING}))"
    rf"|(?:no|stop) (?:more )?{_WRITTEN}(?! (?:{_DRIVING}|address|on file|yet|given|provided|known|available|addr"
    r"|receipts?|confirmations?|orders?|invoices?))"
    r"|(?:asked|wants?|wanted|requested|asking) (?:to be |to come |being |us to be )?(?:removed|taken off|off)"
    r"|(?:remove[d]?|take[n]?|took) (?:\w+ ){0,2}(?:from|off) (?:of )?(?:\w+ ){0,2}(?<!waiting )(?<!wait )(?<!wish )"
    r"(?<!guest )(?<!allocation )(?<!raffle )(?<!bottle )(?<!hold )(?:lists?|mailings?)"
    r"|no (?:molestar|contactar|enviar|escribir|mandar)|dad[oa] de baja)\b"
)


def holds_remarks(column: str) -> bool:
    """Tell whether a column holds what was written down about people, by its name."""
    name = column_words(column)
    return _NAME.search(name) is not None and _NOT_OF_PEOPLE.search(name) is None


def remarks_no(cell: str) -> bool:
    """Tell whether a remark says that somebody is to be written to no more."""
    return _NO.search(column_words(cell[:2_000])) is not None


_CHOICE = re.compile(
    r"\b(?:e ?mail(?:s|ing)?|mailings?|newsletters?|sms|texts?|texting|marketing|promo(?:s|tions?|tional)?"
    r"|offers?|contact"
    r"|communications?|notifications?|subscriptions?|messag(?:es?|ing))(?: \w+){0,2}"
    r" (?:preferences?|prefs?|frequenc(?:y|ies)|settings?|choices?|options?|cadence|interval)$"
)
_BY_EMAIL = re.compile(r"\b(?:e ?mail(?:s|ing)?|mailings?|newsletters?)\b")
_BY_SMS = re.compile(r"\b(?:sms|texts?|texting)\b")
_WHAT_MUST = (
    r"(?:transactional|transactions?|receipts?|invoices?|orders?(?: updates?)?|service|account(?: updates?)?"
    r"|legal|essential|required|necessary)"
)
_NOT_OFFERS = re.compile(
    rf"^(?:never(?! mind)|none at all|not at all|no thanks|no thank you|off$|out$|opt(?:s|ed|ing)? ?out|optout"
    rf"|un ?sub\w*)\b"
    rf"|\b{_WHAT_MUST}(?: e ?mails?| messages?)? only\b"
    rf"|\b(?:only|just) {_WHAT_MUST}\b|^transactional(?: e ?mails?)?$"
)


def choice_channels(column: str) -> tuple[str, ...]:
    """Return the channels a column of what people chose to be sent is about, by its name; none for any other."""
    name = column_words(column)
    if not _CHOICE.search(name):
        return ()
    by_email, by_sms = _BY_EMAIL.search(name) is not None, _BY_SMS.search(name) is not None
    return tuple(one for one, is_one in (("email", by_email or not by_sms), ("sms", by_sms or not by_email)) if is_one)


_ONLY = (
    (re.compile(r"^(?:sms|texts?|text messages?)(?: messages?)? only$|^only (?:sms|texts?)$"), ("email",)),
    (re.compile(r"^(?:e ?mails?|newsletters?) only$|^only (?:e ?mails?|newsletters?)$"), ("sms",)),
    (re.compile(r"^(?:phone|calls?|post|postal|mail|letters?|in store|whatsapp) only$"), ("email", "sms")),
)


_NOTHING = re.compile(
    r"^(?:none|nothing|nada|ninguno|keine|aucune?)\b(?! (?:selected|set|given|yet|specified|on file|prefer\w*)\b)|^no$"
)
_OF_CONTACT = re.compile(r"\b(?:contact|communications?|notifications?)\b")
"""Where none may as well be no preference."""


def chosen_noes(cell: str, about: tuple[str, ...], column: str = "") -> tuple[str, ...]:
    """Return the channels on which somebody chose to be sent nothing: those a column is `about`, or those besides the
    one that is named ("SMS only")."""
    words = column_words(cell[:200])
    others = next((noes for pattern, noes in _ONLY if pattern.match(words)), None)
    if others is not None:
        return others if about else ()
    says_none = _NOTHING.search(words) is not None and (
        " " in words or not _OF_CONTACT.search(column_words(column))
    )  # fmt: skip
    return about if says_none or chooses_none(cell) else ()


def chooses_none(cell: str) -> bool:
    """Tell whether somebody chose to be sent no offers: never, nothing, or what must be sent alone."""
    try:
        word = flag_word(cell, "email_status")
    except Rejected:
        word = ""
    return word in NO or remarks_no(cell) or _NOT_OFFERS.search(column_words(cell[:200])) is not None
