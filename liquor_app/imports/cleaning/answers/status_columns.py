"""Columns that tell what another tool's list makes of somebody ("Status": active, unsubscribed, bounced, junk). Only a
no in them counts: who is active somewhere has agreed to nothing here. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from liquor_app.imports.cleaning.answers.answer_cells import Answer, clean_answer
from liquor_app.imports.cleaning.answers.dead_addresses import column_words, mostly
from liquor_app.imports.cleaning.answers.exclusions import names_exclusion
from liquor_app.imports.cleaning.cells import Rejected

STATUSES = {"email_status": "email", "sms_status": "sms"}
"""Field → the channel its noes are about."""
_NAME = re.compile(
    r"(?:(?:e ?mail|sms|text|marketing|e ?mail marketing|sms marketing|subscriber|subscription|subscribe|contact|member"
    r"|customer|client|account|profile"
    r"|list|mailing|newsletter|permission|consent|gdpr|double|single|opt ?(?:in|out)) )*(?:status|state)"
)
_SMS = re.compile(r"\b(?:sms|texts?|textable)\b")
_OF_LISTS = re.compile(
    r"\b(?:un ?sub\w*|subscri\w*|non ?subscri\w*|bounced?|cleaned|junk|spam|complain\w*|(?:black|block) ?list\w*"
    r"|suppress\w*|undeliverable|unconfirmed|withdrawn|revoked"
    r"|not (?:permitted|allowed|consented)|opt(?:ed)? ?(?:in|out)|enabled|deleted|erased|deceased|eliminad[oa])\b"
)
"""What a list of subscribers says, and no till: its customers are active, inactive or blocked."""
_OF_MARKETING = re.compile(r"\b(?:marketing|newsletter|mailing|subscri\w*)\b")


_OF_THE_PERSON = re.compile(
    r"\b(?:(?:do ?not|don ?t|never|no) contact|dnc|deceased|passed away"
    r"|no contactar|nicht kontaktieren|ne pas contacter|nao contatar|non contattare)\b"
)
_TO_MARKETING = re.compile(r"\b(?:(?:do ?not|don ?t|never) market|no marketing)\b")
_OF_ALL = re.compile(
    r"(?:is |be )?(?:contactable|reachable|marketable|can (?:be )?contact(?:ed)?|ok(?:ay)? to contact)"
)
"""A column that asks of no channel: a no in it is one to all."""
_CHANNEL = re.compile(r"\b(?:e ?mails?|mails?|mailings?|newsletters?|sms|texts?|mobile)\b")


def is_of_the_person(cell: str, column: str) -> bool:
    """Tell whether a no is to being written to at all, and not to the channel whose column it stands in."""
    words = column_words(cell)
    if _OF_THE_PERSON.search(words) or _OF_ALL.fullmatch(column_words(column)):
        return True
    return _TO_MARKETING.search(words) is not None and not _CHANNEL.search(column_words(column))


_TO_ALL = re.compile(r"\b(?:opt(?:ed|s)? ?out|banned|blocked|removed)\b|^stop(?:ped| ?all)?$")


def is_to_all(cell: str, column: str) -> bool:
    """Tell whether a no may be one to every channel: the column names none, and the word is no tool's of one alone."""
    return _TO_ALL.search(column_words(cell)) is not None and not _CHANNEL.search(column_words(column))


def answer_of(cell: str, field: str) -> Answer | None:
    """Return what a cell answers; None in words we do not know."""
    try:
        return clean_answer(cell, field)
    except Rejected:
        return None


def holds_answers(cells: Sequence[str], field: str = "email_status") -> bool:
    """Tell whether most filled cells of a column are answers, and one is filled."""
    filled = [cell for cell in cells if cell.strip()]
    return bool(filled) and mostly([answer_of(cell, field) is not None for cell in filled])


def list_status(column: str, cells: Sequence[str], *, of_list: bool) -> str | None:
    """Return which of `STATUSES` a column is, by its name and its cells; None for any other.

    Args:
        of_list: other columns of the file say that it is a list of subscribers. Its first thousand may all be active.
    """
    name = column_words(column)
    if not _NAME.fullmatch(name) or not holds_answers([cell for cell in cells if len(cell.strip()) > 2]):
        return None  # NO and ON are states, and answers
    if not (of_list or says_of_marketing(column) or any(_OF_LISTS.search(column_words(cell)) for cell in cells)):
        return None
    return "sms_status" if _SMS.search(name) else "email_status"


def says_of_marketing(column: str) -> bool:
    """Tell whether a status is by its name about marketing: a yes in it is one to that."""
    return _OF_MARKETING.search(column_words(column)) is not None


_ASKS_OF_OFFERS = re.compile(
    r"(?:(?:customer|client|allow(?:s|ed)?|accept(?:s|ed)?|receiv(?:e|es|ing)|sends?|wants?|gets?|agree[ds]?"
    r"|ok(?:ay)?|yes|may|can"
    r"|we|i|us|me|to|for|the|our|be|sent|opt(?:ed|s)? ?in|optin|subscribed?|enable[ds]?|permits?|permission"
    r"|consent(?:s|ed)?|is|in"
    r"|promotional|special|direct) ){0,5}"
    r"(?:marketing|promo(?:s|tions?|tional)?|offers|advertising)"
    r"(?: (?:allowed|accepted|ok(?:ay)?|permitted|enabled|wanted|agreed|approved|authori[sz]ed|opt ?in|optin"
    r"|opted ?in|consent"
    r"|permission|yes|y n|yn|flag|messages|communications?|material|info|offers)){0,3}"
)


_NO_DOUBT = re.compile(
    r"(?:un ?subscribed?|un ?sub|opt(?:ed)? ?out|optout|stop(?: ?all)?"
    r"|do not (?:e ?mail|contact|text|mail|market|send)|dnc)"
    r"(?: (?:from|of|by|via|on|at)\b.*)?"
)
_MAY_TELL = re.compile(
    r"\b(?:status|state|subscri\w*|preferences?|choice|sms|texts?|e ?mail|marketing|newsletter|club|list)\b"
)


def tells_noes(column: str, cells: Sequence[str]) -> bool:
    """Tell whether a column about subscribing holds a no that leaves no doubt ("Subscription: Unsubscribed", "SMS
    Status: STOP"), whatever else stands in it; one with a plain "No" may be asked something else."""
    if not _MAY_TELL.search(column_words(column)):
        return False
    words = [column_words(cell) for cell in cells if cell.strip()]
    return any(map(_NO_DOUBT.fullmatch, words)) and not any(word in ("no", "n", "false", "0") for word in words)


def channel_status(column: str) -> str:
    """Return which of `STATUSES` a column is about, by its name."""
    return "sms_status" if _SMS.search(column_words(column)) else "email_status"


def asks_of_offers(column: str) -> bool:
    """Tell whether a column is by its name about being sent offers, whatever the channel ("Marketing Allowed", "Send
    Offers")."""
    return _ASKS_OF_OFFERS.fullmatch(column_words(column)) is not None


_ASKS_OF_CONSENT = re.compile(
    r"(?:(?:is|was|can|may|ok|okay|to|be|we|i|customer|client|contact|member|person|gdpr|ccpa|rgpd|lgpd|privacy|marketing"
    r"|promo(?:s|tions?|tional)?|commercial|bulk|electronic|e ?mails?|mailings?|newsletters?|sms|texts?|allow(?:s|ed)?"
    r"|accept(?:s|ed)?|receiv(?:e|es|ing)|gets?|wants?|send|permits?|agree[ds]?|opt|opted|in|by|for|via|double|single"
    r"|confirmed) ){0,5}"
    r"(?:contactable|reachable|marketable|consent(?:s|ed)?|permission|permitted|opt ?in|opted ?in|optin"
    r"|mailable|e ?mailable|textable|subscriber"
    r"|e ?mails?|mailings?|newsletters?|sms|texts?|contact|contacted|allowed)"
)
_OF_SENDING = re.compile(
    r"\b(?:contactable|reachable|marketable|consent\w*|permi\w+|opt ?(?:in|ed)\w*|optin|opted|mailable"
    r"|e ?mailable|textable|subscriber|allow\w*"
    r"|accept\w*|receiv\w*|agree\w*|bulk|(?:may|can|ok(?:ay)?|wants?|gets?) )"
)


def asks_of_consent(column: str) -> bool:
    """Tell whether a column is by its name about being written to at all ("GDPR Consent", "AllowEmail", "Is
    Subscriber", "Bulk Email"): a no in it is one, and a yes says nothing of offers."""
    words = column_words(column)
    return _ASKS_OF_CONSENT.fullmatch(words) is not None and _OF_SENDING.search(words) is not None


_OF_CONSENT = re.compile(
    r"\b(?:consen\w*|opt|opt ?(?:in|out|ed)\w*|permi[st]\w*|autori[sz]\w*|authori[sz]\w*|ac[ec]+p?t\w*|aceit\w*"
    r"|agree\w*"
    r"|accord\w*|einwillig\w*|zustimm\w*|einverst\w*|ok(?:ay)? to|(?:may|can) (?:we|i)|allow\w*"
    r"|marketing|newsletters?|promo\w*|mailings?|werb\w*|publicid\w*|publicit\w*|pubblicit\w*|boletin\w*|boletim"
    r"|informativ\w*|comuni[ck]\w*|communicat\w*|offers?|ofert\w*|offert\w*|offres?|angebote?|novidades|novedades"
    r"|un ?subscri\w*|subscri\w*|suscri\w*|abonn\w*|abbon\w*|inscri\w*|iscri\w*|anmeld\w*|assina\w*"
    r"|calls?|calling|donotcall|donotphone|do ?not phone|no phone(?: calls?)?"
    r"|contact\w*|contat\w*|kontakt\w*|gdpr|rgpd|lgpd|dsgvo|ccpa|datenschutz|privacy|privacidad\w*)\b"
)
"""Words of headings about what somebody agreed to, in the languages we read; what stands beside them may be no consent
(“Contact on file”), so a heading alone is none."""


def may_be_consent(column: str, cells: Sequence[str]) -> bool:
    """Tell whether a column that becomes nothing might say who agreed: its heading has such a word, and it holds yeses
    and noes alone."""
    filled = [cell for cell in cells if cell.strip()]
    words = column_words(column)
    if not filled or not (_OF_CONSENT.search(words) or names_exclusion(words)):
        return False
    return all(answer_of(cell, "email_consent") in (Answer.YES, Answer.NO) for cell in filled)


_LISTS = re.compile(r"\b(?:un ?sub\w*|subscri\w*|opt ?(?:in|out)|optin|confirmed at|list name)\b")


def is_list(columns: Sequence[str]) -> bool:
    """Tell whether a file's columns are those of a list of subscribers."""
    return any(_LISTS.search(column_words(one)) for one in columns) or {"uuid", "attributes"} <= set(columns)
