"""Columns of consent that answer in codes ("Email Opt: Out", "List Status: U"): what each code says is told by the
column's name and by the codes beside it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress

from liquor_app.imports.cleaning.answers.answer_cells import Answer, clean_answer, flag_word
from liquor_app.imports.cleaning.answers.dead_addresses import column_words, mostly
from liquor_app.imports.cleaning.cells import Rejected

Codes = Mapping[str, Answer | None]
"""A code in small letters → what it says; None for one that says nothing we know, though it does elsewhere."""

_CHANNEL = (
    r"(?:e ?mails?|mails?|mailings?|newsletters?|sms|mms|texts?|txts?|texting|mobile|phone|marketing|promo\w*|offers?)"
)
_WHOSE = (
    r"(?:is|has|customer|client|contact|member|subscriber|gdpr|list|direct|bulk|double|single|confirmed"
    rf"|{_CHANNEL})"
)
_OPT = (
    r"(?:opt(?:ed|ing)?|opt(?:ed)? ?in|opt(?:ed)? ?in(?: or)?(?: opt(?:ed)?)? ?out"
    r"|opt(?:ed)? ?out(?: or)?(?: opt(?:ed)?)? ?in)"
)
_SAYS = r"(?:status|state|flag|code|choice|value|type|option|y n|yn|ind|indicator|pref|preference|setting)"
_OPTING = re.compile(rf"(?:{_WHOSE} )*{_OPT}(?: (?:{_SAYS}|{_CHANNEL})){{0,2}}")
_BOTH = re.compile(r"opt(?:ed|ing)?(?! ?(?:in|out)\b)|in(?: or)?(?: opt(?:ed)?)? ?out|out(?: or)?(?: opt(?:ed)?)? ?in")
"""A name that asks for either: "Opt", "Opt In/Out"."""
_LIST = re.compile(
    r"(?:(?:e ?mail|sms|text|mailing|customer|member|contact|marketing|newsletter|our|on|the) )*"
    r"(?:subscri(?:bed?|ption|ber)|sub|subs|list|mailing list|newsletter|e ?mail list|e ?club|opt ?in|permission"
    r"|marketing)"
    rf"(?: {_SAYS})?|(?:e ?mail|sms|text|mail|mailing)(?: (?:list|marketing))? (?:status|state|code)"
)
"""A name that is about a list and nothing else; a bare "Status" is anybody's."""
_PREFS = re.compile(
    rf"(?:(?:customer|client|contact|member|subscriber|communication|{_CHANNEL}) )+"
    r"(?:prefs?|preferences?|permissions?|choice|flag|setting|ind|indicator)"
)
"""A name that is about how somebody is written to ("Email Pref"); a "Phone Type" is not."""
_OUT = frozenset({"i", "o", "in", "out"})
MOST_OF_CODE = 2
"""Letters of what is a code and no word."""
_SMS = re.compile(r"\b(?:sms|mms|texts?|txts?|texting|mobile)\b")
_EMAIL = re.compile(r"\b(?:e ?mails?|mails?|mailings?|newsletters?)\b")
_OF_LISTS: Codes = {
    "u": Answer.NO, "o": Answer.NO, "out": Answer.NO, "s": Answer.YES, "in": Answer.YES, "b": Answer.DEAD,
    "a": Answer.SILENT, "p": Answer.SILENT, "i": Answer.SILENT, "x": None, "t": None,
}  # fmt: skip
"""Subscribed, unsubscribed, out, bounced; active or archived, pending, inactive."""
_OF_PREFS: Codes = {"out": Answer.NO, "o": Answer.NO, "in": Answer.SILENT, "i": Answer.SILENT}
"""Where nothing but these stands in a column, out is a no; of in nobody says to what."""
_OF_OPTING: Codes = {"out": Answer.NO, "o": Answer.NO, "in": Answer.YES, "i": Answer.YES}


def is_opting(column: str) -> bool:
    """Tell whether a column asks by its name who opted in ("Email Opt", "Opt In/Out"); one of who is out does not."""
    words = column_words(column)
    return _OPTING.fullmatch(words) is not None and (_BOTH.search(words) is not None or not re.search("out", words))


def codes_of(column: str, cells: Sequence[str]) -> Codes:
    """Return what codes say in a column; none where its name is about no list and its letters are no list's.

    U is unsubscribed; beside Y or N it is unknown, as anywhere. C is cleaned where S and U stand beside it: alone it
    may as well be confirmed.
    """
    letters = {word for word in map(_word, cells) if len(word) == 1}
    found: dict[str, Answer | None] = {}
    if {"s", "u"} <= letters or (_LIST.fullmatch(column_words(column)) and "y" not in letters):
        found |= _OF_LISTS
        if {"s", "u"} <= letters:
            found["c"] = Answer.DEAD
    if is_opting(column):
        found |= _OF_OPTING
        if "2" in letters <= {"1", "2"}:  # the categories of Brevo
            found |= {"1": Answer.YES, "2": Answer.NO}
    elif _is_in_or_out(column, cells):
        found |= _OF_PREFS
    return found


def _is_in_or_out(column: str, cells: Sequence[str]) -> bool:
    """Tell whether a column of preferences holds in and out alone, and both of them."""
    words = {word for word in map(_word, cells) if word}
    return (
        bool(words & {"o", "out"}) and bool(words & {"i", "in"}) and words <= _OUT
        and _PREFS.fullmatch(column_words(column)) is not None
    )  # fmt: skip


def read_answer(cell: str, field: str, codes: Codes | None) -> Answer:
    """Return what a cell says of somebody's consent, in the codes of its column or in words.

    Raises:
        Rejected: in words we do not know.
    """
    if codes:
        word = flag_word(cell, field)
        if (said := codes.get(word, Answer.SILENT)) is None:
            raise Rejected(f"bad_{field}", field, f"{field} must be yes or no, not {cell.strip()[:40]!r}.")
        if word in codes:
            return said
    return clean_answer(cell, field)


def says_in(cell: str, codes: Codes | None) -> bool:
    """Tell whether a cell says in the codes of its column that somebody did not leave."""
    return (codes or {}).get(_word(cell)) in {Answer.YES, Answer.SILENT}


def coded_field(column: str, cells: Sequence[str]) -> str | None:
    """Return the field of a column that answers in codes, by its name and its cells; None for any other."""
    codes = codes_of(column, cells)
    words = [word for word in map(_word, cells) if word]
    by_list = not is_opting(column) and not _is_in_or_out(column, cells)
    if not codes or not any(word in codes or (not by_list and "opt" in word) for word in words):
        return None
    if by_list and not _LIST.fullmatch(column_words(column)) and not re.search(r"\bstatus\b", column_words(column)):
        return None
    if not all(len(word) == 1 or word in codes for word in words) and not mostly(
        [_is_answer(cell, codes) for cell in cells if cell.strip()]
    ):
        return None
    name = column_words(column)
    if _SMS.search(name):
        return "sms_status"
    return "opt_out" if not by_list and _BOTH.search(name) and not _EMAIL.search(name) else "email_status"


def may_be_codes(column: str, cells: Sequence[str]) -> bool:
    """Tell whether a column of states holds letters alone, one of which is U, or numbers up to 3 (ActiveCampaign's: 2
    left, 3 bounced), or one of preferences ("Email Pref") nothing but codes: nobody can tell of what."""
    words = {word for word in map(_word, cells) if word}
    if words and _PREFS.fullmatch(column_words(column)) and all(len(word) <= MOST_OF_CODE for word in words):
        return True
    if _NUMBERED.fullmatch(column_words(column)) and words & {"2", "3"} and words <= {"0", "1", "2", "3"}:
        return True
    return (
        "u" in words
        and words <= set("abcinopstu")
        and re.search(r"\b(?:status|state|code)\b", column_words(column)) is not None
    )


_NUMBERED = re.compile(r"(?:(?:list|contact|subscriber|subscription|e ?mail|member) )*(?:status|state)")


def _is_answer(cell: str, codes: Codes) -> bool:
    with suppress(Rejected):
        read_answer(cell, "email_status", codes)
        return True
    return False


def _word(cell: str) -> str:
    with suppress(Rejected):
        return flag_word(cell, "status")
    return ""
