"""Columns about ways of reaching people that are neither e-mail nor a text: letters, calls, what an app shows ("Direct
Mail Opt In"). A yes there agrees to no message of ours, and a no refuses none. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from liquor_app.imports.cleaning.answers.dead_addresses import column_words

LETTERS, CALLS, APPS = "letters", "calls", "apps"
ON_PAPER = r"(?:print|printed|paper|postal|mailed|posted|hard copy|physical)"
_PAPER_NEWS = re.compile(rf"\b{ON_PAPER} newsletters?\b")
_OURS = re.compile(
    r"\b(?:e ?(?:mail|post)\w*|electr\w+|elektr\w+|eletr\w+|elettr\w+|courriel\w*|sms|mms|texte?|text(?:s|ing)|txts?"
    r"|newsletters?)\b"
)
"""E-mail and texts: a column that names one beside another way is about both."""
_LETTERS = re.compile(
    r"\b(?:(?:direct|direkt|physical|snail|regular|paper|print|printed|us|surface|street|home|house|hard copy)"
    rf" ?(?:mail\w*|letters?)|{ON_PAPER} (?:newsletters?|ads?|advertising|offers?)|by (?:mail|post)|mailed|usps|postal"
    r"|post(?! ?(?:sale|purchase|visit|order|event)s?\b)|letters?|post ?cards?|catalog(?:ue)?s?|brochures?|flye?rs?"
    r"|leaflets?|circulars?|mailers?|(?:brief|werbe)post|postwerbung|postalisch\w*|courriers?|cartace\w*)\b"
)
_CALLS = re.compile(
    r"\b(?:calls?|calling|called|telemarketing|telesales|voice|telephone|anruf\w*|llamad\w+|chiamat\w+)\b"
)
_APPS = re.compile(
    r"\b(?:push|whats ?app|viber|telegram|messenger|we ?chat|facebook|instagram|apps?|browser|fax(?:es|ed)?)\b"
)
_MAIL, _PHONE = re.compile(r"\bmails?\b"), re.compile(r"\bphones?\b")
_EMAIL = re.compile(r"\b(?:e ?mail\w*|newsletters?|courriel\w*)\b")
_ASKED = re.compile(
    r"\b(?:opt|opted|opts|optin|optout|consent\w*|permi\w+|accept\w*|agree\w*|allow\w*|subscri\w*|un ?sub\w*|ok(?:ay)?"
    r"|can|may|marketing|receives?|wants?|send|newsletters?|preferences?|do ?not|no)\b"
)
"""Words of columns of answers; an address is none."""


def other_way(column: str, columns: Sequence[str] = ()) -> str:
    """Return which other way a column is by its name about alone: `LETTERS`, `CALLS` or `APPS`; "" for any other.

    Args:
        columns: the file's. "Mail" is letters where another of them asks about e-mail.
    """
    words = column_words(column)
    if _OURS.search(_PAPER_NEWS.sub("letters", words)):
        return ""
    for way, names in ((LETTERS, _LETTERS), (APPS, _APPS), (CALLS, _CALLS)):
        if names.search(words):
            return way
    is_beside = _MAIL.search(words) and any(_asks_of_email(one) for one in columns if one != column)
    return LETTERS if is_beside else ""


def may_be_another(column: str) -> bool:
    """Tell whether a column names mail, or the telephone, and neither e-mail nor texts ("Mail OK", "Phone Opt In"): a
    yes in it may be one to letters, or to calls."""
    words = column_words(column)
    return not _OURS.search(words) and (_MAIL.search(words) or _PHONE.search(words)) is not None


def _asks_of_email(column: str) -> bool:
    words = column_words(column)
    return _EMAIL.search(words) is not None and _ASKED.search(words) is not None


_REMARK = re.compile(r"\([^()]*\)[*:]?$")
"""What a heading says besides ("Date of birth (mm/dd/yyyy)"): of people; beside a sum it tells two apart."""


def without_remark(column: str) -> str:
    """Return a heading without what stands behind it in brackets. Of one that asks, that is what it asks for: "Opt In
    (SMS)" is "sms Opt In", and "Opt In (post)" is no "Opt In": ""."""
    name = column.strip()
    bare = _REMARK.sub("", name)
    if bare == name or not _ASKED.search(column_words(bare)):
        return bare
    remark = column_words(name[len(bare) :])
    if _OURS.search(remark):
        return f"{remark} {bare}"
    return "" if other_way(remark) or may_be_another(remark) else bare
