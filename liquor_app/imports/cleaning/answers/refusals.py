"""Columns that say who refused ("Do Not Email: yes", "Unsubscribed: 2025-08-01"): a yes in them is a no. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from liquor_app.imports.cleaning.answers.answer_cells import (
    DEAD,
    NO,
    SILENT,
    YES,
    Answer,
    clean_answer,
    flag_word,
    refuses,
)
from liquor_app.imports.cleaning.answers.dead_addresses import DEAD_FIELDS, column_words, is_dead, mostly
from liquor_app.imports.cleaning.answers.exclusions import is_exclusion, names_exclusion
from liquor_app.imports.cleaning.answers.objection_columns import OBJECTIONS, objection_field
from liquor_app.imports.cleaning.cells import Rejected
from liquor_app.imports.cleaning.dates import read_date
from liquor_app.imports.cleaning.moment_cells import clean_consent_moment, is_no_day
from liquor_app.imports.profiles.tool_profile import Make

CALLS = "call_opt_out"
"""Of who refused to be called: by law a text is a call (47 CFR 64.1200), so that it is a no to texts, but of who said
yes to these, where and when."""
REFUSALS = {
    "email_opt_out": ("email",), "sms_opt_out": ("sms",), CALLS: ("sms",), "opt_out": ("email", "sms"), **OBJECTIONS,
}  # fmt: skip
"""Field → channels that who is named in it is written to on no more."""
_CALLS = re.compile(
    r"(?:(?:is|has|customer|client|contact|member|gdpr|please|national|on|the) )*"
    r"(?:(?:do ?not|don ?t|never|stop|no|refuse[sd]?|declines?|opt(?:ed)? ?out(?: of)?)"
    r" (?:allow |accept |want |make |receive |more |any |bulk |marketing |sales )?(?:phone |telephone |cold |sales )?"
    r"(?:calls?|calling|called|telemarketing)|do ?not (?:allow )?(?:phone|telephone|ring)|donotcall|donotphone|nocalls?"
    r"|(?:phone |telephone )?calls? (?:opt(?:ed)? ?out|refused|declined|blocked|unwanted))"
    r"(?: (?:list|registry|flag|status|date|at|on|yn|y n|ind|indicator|phone))*"
)
CONSENTS = ("email_consent", "sms_consent")
_NAME = re.compile(
    r"\b(?:un ?sub(?:s(?:cri\w*)?)?|opt(?:s|ed|ing)? ?out|optout|do ?not|don ?t|dnc|dne|no (?:e ?)?(?:mails?|mailings?"
    r"|sms|texts?|marketing|newsletters?|contact)|no (?:promo\w*|marketing|more|bulk|commercial|advert\w*) \w+"
    r"|(?:black|block) ?list(?:ed)?|donot(?:bulk)?e?mail|donotsendmm|donot(?:contact|text)|deleted|removed|refused"
    r"|deceased|erasure|(?:to be )?forgotten"
    r"|abgemeldet|abbestellt|ausgetragen|werbesperre|cancelad[oa]$|refus (?:e ?mails?|sms|textos?|newsletters?"
    r"|marketing)|werbewiderspruch|des(?:abonn|inscri)\w*|descadastrad\w+|disiscri\w+"
    r"|(?:nao|non|nicht|no|ne pas) (?:contat\w+|contatt\w+|kontaktieren|contactar|contacter|enviar|envoyer|inviare"
    r"|molestar|escribir))\b"
    r"|(?:^|\bdad[oa] de |\bfecha (?:de )?|\b(?:en|de) )baja$"
)
_NO_ANSWER = re.compile(
    r"\b(?:reason|campaign|link|url|token|hash|source|ip|by|comment|note|notes|id|title|other|call|calls"
    r"|sell|track|fax(?:es)?|post|postal|letters?|direct mail|do not (?:allow )?phone|count|method)\b"
)
"""… but hold why, by what or from where, or are about what we do not do."""
_OF_THINGS_TOO = frozenset({"deleted", "removed", "refused", "forgotten", "to be forgotten"})
_THINGS = re.compile(
    r"\b(?:deliver(?:y|ies)|shipments?|shipping|packages?|parcels?|orders?|carts?|items?|products?|payments?|cards?|checks?"
    r"|passwords?|pins?|logins?|service|sale|sales|entry|returns?|refunds?|substitutions?)\b"
)
"""What is refused or forgotten where it is no letter: `Refused Delivery`."""
_SMS = re.compile(r"\b(?:sms|text(?:s|ed|ing)?|txts?|mms|mobile)\b")
_BY_EMAIL = re.compile(r"\b(?:e ?mail(?:s|ed|ings?)?|newsletters?)\b")
_LETTERS = re.compile(r"\bmails?\b")
_EMAIL = re.compile(r"\b(?:e ?mail(?:s|ed|ings?)?|mails?|mailings?|newsletters?|un ?sub\w*)\b")
_SAYS_IN = frozenset({word for word in YES if "in" in word.split() or "subscri" in word or "consent" in word}) | {
    "start", "unstop", "help", "info",
}  # fmt: skip
_PLAIN_NO = frozenset({
    "no", "n", "false", "f", "0", "off", "none", "non", "nein", "não", "nao", "nee", "☐",
    "active", "allow", "allows", "allowed", "permit", "permitted",
    "include", "included", "unchecked", "unticked", "not excluded", "not blocked", "not stopped", "not restricted",
})  # fmt: skip
_CODES = frozenset({"in", "out", "i", "o", "u", "s"})
_WORDS = YES | NO | SILENT | DEAD | _PLAIN_NO


def refusal_field(column: str) -> str | None:
    """Return which of `REFUSALS` a column is by its name; None for any other column."""
    name = column_words(column)
    if (objection := objection_field(name)) is not None:
        return objection
    if _CALLS.fullmatch(name):
        return CALLS
    if is_exclusion(name):
        return _by_channel(name)
    if (found := _NAME.search(name)) is None or _OF_FANS.search(name):
        return None
    if _NO_ANSWER.search(name) and not _COUNT.fullmatch(name):
        return None
    if found[0] in _OF_THINGS_TOO and _THINGS.search(name):
        return None
    return _by_channel(name)


_OF_EMAIL_TOOLS = frozenset({"confirmed opt out date"})
"""Of tools that send e-mail alone, whose column names no channel (Constant Contact)."""


def _by_channel(name: str) -> str:
    if name in _OF_EMAIL_TOOLS:
        return "email_opt_out"
    if _SMS.search(name):
        return "opt_out" if _BY_EMAIL.search(name) else "sms_opt_out"
    return "email_opt_out" if _EMAIL.search(name) else "opt_out"


_OF_FANS = re.compile(r"\btext(?:s|ing)?(?: (?:while|and|n|or))? driv(?:e|es|ing)\b|\bfan club\b|\bfans$")
"""What somebody belongs to, whatever it is called: `No Texts While Driving Fan Club`."""
_COUNT = re.compile(
    r"(?:(?:e ?mail|sms|text|newsletter|marketing) )?(?:un ?sub\w*|opt ?outs?)(?: (?:e ?mail|sms))? counts?"
    r"|(?:number|count) of (?:(?:e ?mail|sms|text) )?(?:un ?sub\w*|opt ?outs?)"
)
"""How often somebody left: once is enough."""
_WHAT_WAS_LEFT = re.compile(
    r"(?:(?:e ?mail|sms|text|marketing) )?(?:un ?sub\w*|opt(?:ed)? ?out)(?: (?:from|of))?"
    r"(?: (?:e ?mail|sms|mailing))? (?:lists?|groups?|audiences?|topics?|newsletters?|mailings?|segments?|brands?)"
    r"|(?:lists?|groups?|audiences?|topics?) (?:un ?sub\w*|opted ?out)(?: (?:from|of))?|(?:un ?sub\w*|opted out) from"
)


def tells_of_leaving(column: str, cells: Sequence[str]) -> bool:
    """Tell whether a column says of what, or how often, somebody unsubscribed ("Unsubscribed Lists: Wine club",
    "Unsubscribe Count: 2"): whatever is filled there is a no."""
    name = column_words(column)
    if _COUNT.fullmatch(name):
        return all(cell.strip().replace(".", "", 1).isdigit() for cell in cells if cell.strip())
    return _WHAT_WAS_LEFT.fullmatch(name) is not None


def left_reason_field(column: str) -> str | None:
    """Return which of `REFUSALS` a column says why of ("Opt Out Reason"): filled only where somebody left. It counts
    where no column beside it says who did, and when."""
    name = column_words(column)
    if not _REASON.fullmatch(name):
        return None
    return "sms_opt_out" if _SMS.search(name) else "email_opt_out"


_REASON = re.compile(
    r"(?:(?:e ?mail|sms|text|marketing|newsletter) )?(?:un ?sub\w*|opt(?:ed)? ?out|optout) reasons?(?: text| other)?"
)


def says_no(column: str) -> bool:
    """Tell whether a yes in a column is no consent by its name: it is a no, be it to letters or calls, may be one, or
    is about what somebody belongs to."""
    name = column_words(column)
    return (
        objection_field(name) is not None
        or names_exclusion(name)
        or any(pattern.search(name) for pattern in (_NAME, _OF_FANS))
    )


def is_of_letters(column: str, columns: Sequence[str]) -> bool:
    """Tell whether a column is about letters: "Do Not Mail", beside another that is about e-mail."""
    name = column_words(column)
    if not _LETTERS.search(name) or _BY_EMAIL.search(name):
        return False
    return any(refusal_field(one) == "email_opt_out" and _BY_EMAIL.search(column_words(one)) for one in columns)


def holds_refusals(cells: Sequence[str]) -> bool:
    """Tell whether most filled cells of a column are answers or dates: a column of tokens or reasons is neither. One
    odd cell loses nobody's no."""

    def is_one(cell: str) -> bool:
        with suppress(Rejected):
            word = flag_word(cell, "opt_out")
            return word in _WORDS or refuses(word) or word in _CODES or read_date(cell.strip()) is not None
        return False

    return mostly([is_one(cell) for cell in cells if _is_filled(cell)])


def _is_filled(cell: str) -> bool:
    """Tell whether a cell says anything: `NULL`, a dash or a day of zeros says that nobody refused."""
    with suppress(Rejected):
        return flag_word(cell, "opt_out") != "" and not is_no_day(cell)
    return True


@dataclass(frozen=True, slots=True)
class Refusal:
    """Somebody said no; `at` None where the cell does not say when."""

    at: datetime | None = None


def clean_refusal(cell: str, zone: ZoneInfo, now: datetime, order: str = "mdy") -> Refusal | None:
    """Return what a cell of such a column says; None where nobody refused. Whatever is filled and says nothing else is
    a refusal: a no is always taken."""
    with suppress(Rejected):
        word = flag_word(cell, "opt_out")
        if not word or word in _PLAIN_NO or word in SILENT or word in _SAYS_IN or is_no_day(cell, order):
            return None
        if not word.strip("0.,"):
            return None
        if word not in _WORDS:
            return Refusal(clean_consent_moment(cell, zone, now, given=False, order=order))
    return Refusal()


def noes_win(
    made: Mapping[str, Make], constants: Mapping[str, str], by_tool: Mapping[str, Make], own: Mapping[str, int]
) -> dict[str, Make]:
    """Return what makes the fields of a file, so that what somebody says of every row ("all of these agreed", "all in
    dollars") silences no row that says otherwise. Where it says no itself, it holds for all.

    Args:
        made: field → what makes its cell, with the constants.
        by_tool: field → what makes it without them.
        own: field → position of the file's own column for it.
    """
    return {
        name: _beside(make, by_tool.get(name), own.get(name))
        if name == "tags"
        else _unless_said(make, by_tool.get(name), own.get(name))
        if name in constants and not _says_no(name, constants[name])
        else make
        for name, make in made.items()
    }


def _says_no(name: str, value: str) -> bool:
    with suppress(Rejected):
        if name in DEAD_FIELDS:
            return is_dead(value, name)
        if name in REFUSALS:
            return flag_word(value, name) not in {"", *_PLAIN_NO, *SILENT, *_SAYS_IN}
        if name in CONSENTS:
            return clean_answer(value, name) in (Answer.NO, Answer.DEAD)
    # EUR on a row is no dollar, and a row's own word of when and where is the evidence of its yes
    return name not in {*CONSENTS, *DEAD_FIELDS, *_EVIDENCE, *_PLACES, "given_up", "currency"}


_PLACES = ("country", "store")
"""What is said of all of where is for rows that do not say."""


_EVIDENCE = (
    "consent_source", "email_consent_source", "sms_consent_source", "consent_at", "email_consent_at", "sms_consent_at",
    "consent_wording", "email_consent_wording", "sms_consent_wording",
)  # fmt: skip


def _beside(make: Make, by_tool: Make | None, place: int | None) -> Make:
    """Return what a row says, and what is said of all: tags add up."""
    own = _own(by_tool, place)
    return lambda cells: ", ".join(filter(None, (own(cells).strip(), make(cells))))


def _unless_said(make: Make, by_tool: Make | None, place: int | None) -> Make:
    own = _own(by_tool, place)
    return lambda cells: said if (said := own(cells)).strip() else make(cells)


def _own(by_tool: Make | None, place: int | None) -> Make:
    """Return what makes what a row says itself."""

    def own(cells: list[str]) -> str:
        said = cells[place] if place is not None else ""
        return said if said.strip() else by_tool(cells) if by_tool else ""

    return own
