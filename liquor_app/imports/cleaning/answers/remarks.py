"""What somebody of a shop wrote down about a customer: a tag "Do not contact", a note "asked to be taken off the list".
Only a no is read from it, and only where it is one beyond doubt; a yes is never. Pure."""

from __future__ import annotations

import re

from liquor_app.imports.cleaning.answers.dead_addresses import column_words

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
