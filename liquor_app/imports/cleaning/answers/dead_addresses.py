"""Columns that say that an address is written to no more ("Bounced: yes", "Spam complaint", "Suppressed"): each puts it
onto the suppression list. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from liquor_app.customers.models import SuppressionReason
from liquor_app.imports.cleaning.answers.answer_cells import DEAD, SILENT, SOFT, YES, bounce_passes, flag_word
from liquor_app.imports.cleaning.cells import Rejected
from liquor_app.imports.cleaning.dates import read_date
from liquor_app.imports.cleaning.moment_cells import is_no_day


@dataclass(frozen=True, slots=True)
class Dead:
    """What a column says of whose address: on which channels it is written to no more, and why."""

    channels: tuple[str, ...]
    reason: SuppressionReason
    by_no: bool = False
    """It is a no that says so: `Email valid`."""


DEAD_FIELDS = {
    "complained": Dead(("email",), SuppressionReason.COMPLAINED),
    "email_bounced": Dead(("email",), SuppressionReason.BOUNCED),
    "sms_bounced": Dead(("sms",), SuppressionReason.BOUNCED),
    "email_valid": Dead(("email",), SuppressionReason.BOUNCED, by_no=True),
    "sms_valid": Dead(("sms",), SuppressionReason.BOUNCED, by_no=True),
    "email_suppressed": Dead(("email",), SuppressionReason.MANUAL),
    "sms_suppressed": Dead(("sms",), SuppressionReason.MANUAL),
    "suppressed": Dead(("email", "sms"), SuppressionReason.MANUAL),
}
"""Field → what a yes (or a no) in it means; the gravest first, whose reason stands where a row names several."""

_COMPLAINED = re.compile(r"\b(?:complained|complainer|complaint|spam|junk|abuse)\b|\be ?mail complaints\b")
"""`Complaints` alone are as often about a bottle."""
_NO_COMPLAINT = re.compile(r"\b(?:score|filter|folder|trap|risk)\b")
_SUPPRESSED = re.compile(r"\bsuppress(?:ed|ion)?\b|^(?:is )?(?:e ?mail |contact |customer )?blocked(?: at| on| date)?$")
_BOUNCED = re.compile(r"\b(?:bounce[sd]?|undeliverable|cleaned|dead|invalid|bad|wrong)\b")
_NEEDS_ADDRESS = frozenset({"invalid", "bad", "wrong", "dead", "cleaned"})
"""Words that are about an address only where one is named beside them."""
_EMAIL = re.compile(r"\be ?mails?\b")
_SMS = re.compile(r"\b(?:phones?|mobiles?|sms|texts?|mms)\b")
_PHONE = re.compile(r"\b(?:phones?|mobiles?|cells?|sms|texts?|mms|numbers?)\b")
_POST = re.compile(r"\b(?:address|mail|mailing|postal|post|street|zip)\b")
_NO_ANSWER = re.compile(
    r"\b(?:reason|message|description|campaign|link|url|token|hash|source|ip|by|comments?|notes?|id|title|code|rate"
    r"|percent|counts?|total|soft|transient|temporary|debt|cheques?|checks?|payments?|tax|cards?|orders?)\b"
)
"""… but hold why, by what or how often, are about bounces that pass, or about money."""
_HARD_COUNT = re.compile(r"(?:number of )?(?:e ?mail )?(?:hard ?bounces?|(?:spam|abuse) complaints?)(?: count| total)?")
_HARD_REASON = re.compile(
    r"(?:e ?mail )?hard ?bounced? (?:reason|message|description|type)s?|(?:is )?e ?mail bounced reasons?"
)
"""Filled only where an address bounced for good (HubSpot, Salesforce)."""
_VALID = re.compile(
    r"(?:is )?e ?mail (?:address )?(?:is )?(?:valid|deliverable)|(?:valid|deliverable) e ?mail(?: address)?"
)
_VALID_PHONE = re.compile(
    r"(?:is )?(?:phone|mobile|cell|sms)(?: number)? (?:is )?valid|valid (?:phone|mobile|cell|sms)(?: number)?"
)
_STATUS = re.compile(
    r"(?:e ?mail|phone|mobile|sms)(?: address| number)?"
    r" (?:status|state|validity|deliverability|verification|quality|health|result)"
)

_SAYS_YES = frozenset({"yes", "y", "true", "t", "1", "-1", "x", "si", "sí", "checked", "✓", "✔", "☑", "✅"})
_YES = _SAYS_YES | DEAD | {"hard", "permanent", "perm", "failed", "failure", "dead", "h"}
_LIVES = frozenset({
    "valid", "ok", "okay", "good", "deliverable", "delivered", "verified", "clean", "alive", "live", "accept all",
    "catch all", "risky", "not checked", "not bounced", "active", "role", "role based", "role account",
})  # fmt: skip
_PLAIN_NO = frozenset({"no", "n", "false", "f", "0"})
_NO = _LIVES | _PLAIN_NO | {
    "off", "none", "never", "nein", "non", "unchecked", "not suppressed", "no complaint", "no bounce",
    "✗", "✘", "❌", "☒",
}  # fmt: skip
_HARD_CELL = re.compile(
    r"\b(?:hard|permanent|bounced?|undeliverable|invalid|suppress(?:ed|ion)?|does ?not exist|no such (?:user|mailbox)"
    r"|unknown user|user unknown|complain\w*|spam|spam ?traps?|abuse|toxic|disposable|do not (?:e ?)?mail|dead"
    r"|junk|unsub\w*|block(?:ed)?|manual\w*)\b|^5\d\d\b"
)
_WHOLE = re.compile(r"\d{1,9}(?:\.0+)?")


def dead_field(column: str) -> str | None:
    """Return which of `DEAD_FIELDS` a column is by its name; None for any other column."""
    name = column_words(column)
    if _HARD_REASON.fullmatch(name):
        return "email_bounced"
    if _NO_ANSWER.search(name) and not _HARD_COUNT.fullmatch(name):
        return None
    if _VALID.fullmatch(name):
        return "email_valid"
    if _VALID_PHONE.fullmatch(name):
        return "sms_valid"
    is_email, is_sms = _EMAIL.search(name) is not None, _SMS.search(name) is not None
    if _COMPLAINED.search(name):
        if _NO_COMPLAINT.search(name):
            return None
        return "sms_suppressed" if is_sms and not is_email else "complained"
    if _SUPPRESSED.search(name):
        return "suppressed" if is_email is is_sms else "email_suppressed" if is_email else "sms_suppressed"
    if (found := _BOUNCED.search(name)) is None or (found[0] == "bounces" and "hard" not in name):
        return None
    is_phone = _PHONE.search(name) is not None
    if (found[0] in _NEEDS_ADDRESS and not (is_phone or is_email)) or (_POST.search(name) and not is_email):
        return None
    return "sms_bounced" if is_phone else "email_bounced"


def status_field(column: str) -> str | None:
    """Return the field of a column that tells what an address is, by its name ("Email Status": valid, bounced)."""
    name = column_words(column)
    if not _STATUS.fullmatch(name):
        return None
    return "sms_bounced" if _PHONE.search(name) else "email_bounced"


def holds_dead(cells: Sequence[str]) -> bool:
    """Tell whether most filled cells of a column say yes, no, when or how: a column of anything else is none, and one
    odd cell costs itself, not the column."""
    return mostly([_says(cell, word) is not None for cell in cells if (word := _word(cell))])


def mostly(found: Sequence[bool]) -> bool:
    """Tell whether more than half are so; of none, all are."""
    return not found or sum(found) * 2 > len(found)


def tells_of_life(cells: Sequence[str]) -> bool:
    """Tell whether what a status holds is about whether addresses live: most filled cells, and one is filled. A word
    we do not know costs itself, not the column."""
    words = [word for cell in cells if (word := _word(cell))]
    told = _LIVES | (_YES - _SAYS_YES) | SILENT
    return bool(words) and mostly(
        [word in told or any(one.search(word) for one in (SOFT, _HARD_CELL)) for word in words]
    )


def counts_all(column: str, columns: Sequence[str]) -> bool:
    """Tell whether a column counts bounces of every kind, beside another that counts the hard ones."""
    if not _ALL_COUNT.fullmatch(column_words(column)):
        return False
    return any(_HARD_COUNT.fullmatch(words) and "hard" in words for words in map(column_words, columns))


_ALL_COUNT = re.compile(r"bounced e ?mails|e ?mails bounced")


def tells_why(column: str) -> bool:
    """Tell whether a column says why an address bounced for good: whatever is filled there says that it did."""
    return _HARD_REASON.fullmatch(column_words(column)) is not None


def is_of_any_bounce(column: str) -> bool:
    """Tell whether a column is of bounces, soft ones with the hard: `Bounce Date` beside `Bounce Type`."""
    return _ANY_BOUNCE.search(column_words(column)) is not None


_ANY_BOUNCE = re.compile(r"^(?!.*\bhard)(?=.*\bbounce[sd]?\b)")


def is_soft(cell: str) -> bool:
    """Tell whether a cell says that a bounce passes."""
    return SOFT.search(_word(cell)) is not None or bounce_passes(cell)


def is_bare(cell: str) -> bool:
    """Tell whether a cell says no more than that, when or how often something bounced."""
    word = _word(cell)
    return word in _SAYS_YES or word == "bounced" or _WHOLE.fullmatch(word) is not None or _is_date(cell)


def _is_date(cell: str) -> bool:
    return read_date(cell.strip()) is not None


def is_dead(cell: str, field: str, *, why: bool = False) -> bool:
    """Tell whether a cell of such a column says that the address is written to no more.

    A soft bounce passes and says nothing; a date says since when, a number how often.

    Args:
        why: the column says why, and is filled for nobody else (`tells_why`).

    Raises:
        Rejected: in words we do not know, of a bounce. Of a complaint or a suppression whatever is filled and says
            nothing else is one: a no is always taken.
    """
    word = flag_word(cell, field)
    if DEAD_FIELDS[field].reason is SuppressionReason.BOUNCED and bounce_passes(cell):
        return False
    if DEAD_FIELDS[field].by_no:
        return word in _PLAIN_NO or (word not in SILENT and _HARD_CELL.search(word) is not None)
    said = _says(cell, word)
    if said is None and not why and DEAD_FIELDS[field].reason is SuppressionReason.BOUNCED:
        raise Rejected(f"bad_{field}", field, f"{field} must be yes or no, not {cell.strip()[:40]!r}.")
    return said is not False


def _says(cell: str, word: str) -> bool | None:
    """Return what a cell says, None in words we do not know."""
    if not word or word in _NO or word in SILENT or SOFT.search(word) or is_no_day(cell):
        return False
    if _WHOLE.fullmatch(word):
        return float(word) > 0
    if word in _YES or _HARD_CELL.search(word) or read_date(cell.strip()) is not None:
        return True
    return False if word in YES else None  # "subscribed": whoever says so is written to


def _word(cell: str) -> str:
    try:
        return flag_word(cell, "status")
    except Rejected:
        return cell[:40]


def column_words(column: str) -> str:
    """Return a column's name in small words, without accents: `HasBounced` is "has bounced"."""
    small = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column).lower()
    if not small.isascii():  # "Envío" is "envio", not "env o"
        small = _ACCENTS.sub("", unicodedata.normalize("NFKD", small))
    return " ".join(re.sub(r"[^a-z0-9]+", " ", small).split())


_ACCENTS = re.compile("[\u0300-\u036f]")
